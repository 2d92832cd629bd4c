use super::testing::arguments;
use super::*;

fn message(line: &str) -> String {
    parse(arguments(line)).unwrap_err().error.to_string()
}

#[test]
fn every_help_fits_a_page() {
    for (name, help, flags) in [
        ("", serve::HELP, &serve::FLAGS),
        ("check", check::HELP, &check::FLAGS),
        ("inspect", inspect::HELP, &inspect::FLAGS),
        ("update", update::HELP, &update::FLAGS),
        ("status", status::HELP, &status::FLAGS),
    ] {
        for line in [format!("{name} --help --nonsense"), format!("help {name}")] {
            assert_eq!(parse(arguments(&line)).unwrap(), Command::Help(help), "{line}");
        }
        assert!(help.lines().count() <= 50, "{name}: {} lines", help.lines().count());
        assert!(help.lines().all(|line| line.len() <= 80), "{name}");
        for flag in flags.valued.iter().chain(flags.switches) {
            assert!(help.contains(flag), "{name}: {flag}");
        }
    }
}

#[test]
fn serving_has_help_by_its_name_too() {
    assert_eq!(parse(arguments("help serve")).unwrap(), Command::Help(serve::HELP));
}

#[test]
fn misspelled_commands() {
    for (word, meant) in [
        ("chek", "check"),
        ("Update", "update"),
        ("updates", "update"),
        ("inspct", "inspect"),
        ("stauts", "status"),
    ] {
        let expected = format!("there is no command {word:?}; did you mean {meant}?");
        assert_eq!(message(&format!("{word} http://a --json")), expected);
        assert_eq!(message(&format!("help {word}")), expected);
    }
    assert_eq!(message("help nonsense"), "there is no command \"nonsense\"");
    assert_eq!(message("update.gz"), "unexpected argument \"update.gz\"");
    // Only where a command may stand, and a flag is none.
    assert_eq!(message("--statu"), "there is no flag \"--statu\"; did you mean --status?");
    assert_eq!(message("--force chek"), "unexpected argument \"chek\"");
}
