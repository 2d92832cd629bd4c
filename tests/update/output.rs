//! What is written, and to whom.

use crate::common::payload::Directory;
use crate::machine::{Ended, RELEASE};
use crate::outcomes::{expect_as_before, machine};

/// On a terminal one line changes, and the others stay.
#[test]
fn on_a_terminal() {
    let machine = machine();
    let update = machine.command_all(&[]);
    let line = [update.get_program()].into_iter().chain(update.get_args());
    let line: Vec<_> = line.map(|word| word.to_str().unwrap()).collect();
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &line.join(" "), "/dev/null"]).env("TERM", "xterm");
    for (name, value) in update.get_envs() {
        command.env(name, value.unwrap());
    }
    let ended = Ended::from(command.stdin(std::process::Stdio::null()).output().unwrap());
    // The terminal's own line ends are CR LF.
    let text = ended.output.replace("\r\n", "\n");
    assert_eq!(ended.status, Some(0), "{ended:#?}");
    for part in [
        "\rdownloading update.gz: 0 of 0 MB, 100 %\x1b[K",
        "\r\x1b[Kthe settings are restored\n",
        "\nsystemctl reboot\n",
    ] {
        assert!(text.contains(part), "{part:?}: {text:?}");
    }
    expect_as_before(&machine);
}

#[test]
fn events() {
    let machine = machine();
    let ended = machine.update(&["--events", "json"]);
    ended.expect(0, &[]);
    assert!(ended.output.lines().all(|line| line.starts_with("{\"time\":")), "{ended:#?}");
    for event in [
        "\"event\":\"check\"",
        "\"event\":\"download-finished\"",
        "\"event\":\"update-ended\",\"outcome\":\"installed\",\"text\":",
    ] {
        assert!(ended.output.contains(event), "{event}: {ended:#?}");
    }
    assert!(ended.error.contains("the settings are restored"), "{ended:#?}");

    // Whatever becomes of it, there is an end.
    for (mode, outcome) in [("error", "failed"), ("refused", "failed")] {
        machine.set("mode", mode);
        machine.set("operation", "UPDATE_STATUS_IDLE");
        let ended = machine.update(&["--events", "json"]);
        let end = format!("\"event\":\"update-ended\",\"outcome\":\"{outcome}\",");
        assert!(
            ended.output.lines().last().unwrap_or_default().contains(&end),
            "{mode}: {ended:#?}"
        );
    }
    let ended = machine.update(&["--events", "json", "--dry-run", "--no-oem"]);
    let end = "\"event\":\"update-ended\",\"outcome\":\"ready\",\"text\":";
    assert!(ended.output.lines().count() == 1 && ended.output.contains(end), "{ended:#?}");
    machine.write("usr/share/flatcar/release", &RELEASE.replace("4081.2.0", "4152.2.0"));
    let ended = machine.update(&["--events", "json"]);
    assert!(ended.output.contains("\"outcome\":\"current\""), "{ended:#?}");
}

/// The program says what it says to a terminal that is not read.
#[test]
fn nobody_reads() {
    let machine = machine();
    let directory = Directory::new();
    let closed = std::fs::File::open(directory.write("x", b"")).unwrap();
    let status = machine.command_all(&[]).stdout(closed).status().unwrap();
    assert_eq!(status.code(), Some(0));
    expect_as_before(&machine);
}
