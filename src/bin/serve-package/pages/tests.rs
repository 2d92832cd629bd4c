use super::*;
use crate::exit_condition::ExitCondition;
use crate::log::Log;
use crate::machine_tracker::{Expected, MachineTracker, Offered, Rules};
use std::sync::Mutex;

fn watch() -> Arc<Watch> {
    let names = ["update.gz".to_owned()];
    let tracker = MachineTracker::new(
        Offered::Version("2.0.0".parse().unwrap()),
        names,
        Rules::default(),
        Expected::read("a\n<b># c\n"),
        0,
    );
    let exit_condition = ExitCondition::default();
    Arc::new(Watch::new(
        Log::new(),
        exit_condition,
        false,
        Arc::new(Mutex::new(tracker)),
        Instant::now(),
    ))
}

#[test]
fn the_assets_ask_nothing_of_others() {
    for asset in [STYLE, SCRIPT] {
        assert!(!asset.contains("//") || !asset.contains("http"), "{asset}");
        for inline in ["innerHTML", "eval(", "url(", "@import"] {
            assert!(!asset.contains(inline), "{inline}");
        }
    }
}

#[test]
fn hostile_names_are_text() {
    let page = html::page(&watch());
    assert!(page.contains("2 missing, never heard: &lt;b&gt;, a"), "{page}");
}

#[test]
fn an_empty_server_has_metrics() {
    let page = metrics::page(&watch());
    assert!(page.contains("serve_package_machines{state=\"failed\"} 0\n"), "{page}");
    assert!(page.ends_with('\n'));
}
