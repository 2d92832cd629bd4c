use super::*;
use crate::args::testing::arguments;

fn settings(line: &str) -> Settings {
    match parse(arguments(line)) {
        Ok(Command::Serve(settings)) => *settings,
        other => panic!("{line}: {other:?}"),
    }
}

fn package(line: &str) -> PackageSource {
    match settings(line).source {
        Source::Package(source) => source,
        other @ Source::Updates(_) => panic!("{line}: {other:?}"),
    }
}

const BOTH: &str = "--package-file f --package-version 1.2.3 ";

#[test]
fn all_forms_of_go_omaha() {
    let expected = settings("--package-file f --package-version 1.2.3 --listen-address :80");
    assert!(matches!(&expected.source, Source::Package(source) if *source.file == *"f"));
    for line in [
        "-package-file f -package-version 1.2.3 -listen-address :80",
        "--package-file=f --package-version=1.2.3 --listen-address=:80",
        "-package-file=f -listen-address=:80 -package-version=1.2.3",
    ] {
        assert_eq!(settings(line), expected, "{line}");
    }
}

#[test]
fn defaults() {
    let (source, settings) = (package(BOTH), settings(BOTH));
    assert_eq!(settings.listen_address, None);
    assert_eq!((source.extensions.len(), settings.force), (0, false));
    assert_eq!(settings.package_url, None);
    assert_eq!(source.name.as_str(), "update.gz");
}

#[test]
fn the_rest() {
    let line = format!("{BOTH}--extension a.gz --force --extension=b.gz --package-url http://m/x");
    let (source, settings) = (package(&line), settings(&line));
    assert_eq!(source.extensions, [PathBuf::from("a.gz"), PathBuf::from("b.gz")]);
    assert_eq!(settings.package_url.unwrap().as_str(), "http://m/x/");
    assert!(settings.force);
}

#[test]
fn payloads() {
    let line = format!("{BOTH}--key k.pem --previous-version=1.2.2");
    let (source, checked) = (package(&line), settings(&line));
    assert_eq!(checked.key, Some(PathBuf::from("k.pem")));
    assert_eq!(source.previous_version.unwrap().as_str(), "1.2.2");
    package(&format!("{BOTH}--force --previous-version 1.2.4"));
    assert!(!checked.skip_payload_check);
    assert!(settings(&format!("{BOTH}--skip-payload-check")).skip_payload_check);
}

#[test]
fn scripted_runs() {
    let line = format!(
        "{BOTH}--until-updated 2 --deadline 1h30m --fail-fast --events json --ready-file r \
         --max-connections 5 --idle-timeout 10s --min-rate 0"
    );
    let settings = settings(&line);
    assert_eq!((settings.until_updated, settings.fail_fast), (Some(Until::Number(2)), true));
    assert_eq!(settings.deadline, Some(Duration::from_secs(5400)));
    assert_eq!((settings.events, settings.ready_file), (true, Some("r".into())));
    let idle_timeout = Duration::from_secs(10);
    let limits =
        Limits::default().with_max_connections(5).with_idle_timeout(idle_timeout).with_min_rate(0);
    assert_eq!(settings.limits, limits);
}

#[test]
fn wrong_values() {
    const NUMBER: &str = "must be a whole number, at least 1";
    const OR_ALL: &str = "must be a whole number, at least 1, or all";
    const PREVIOUS: &str = "must be older than --package-version, or newer with --force";
    const UNIT: &str = "needs a unit, such as 5s, 30m or 2h";
    const TIME: &str = "must be a time, such as 5s, 30m or 2h";
    const BYTES: &str = "must be a whole number of bytes, such as 1000";
    const SCHEME: &str = "it must begin with http:// or https://";
    const URL: &str = "this is a URL; download the payload first, and name the file";
    for (flag, value, reason) in [
        ("--until-updated", "0", OR_ALL),
        ("--until-updated", "-1", OR_ALL),
        ("--until-updated", "all", "name the machines with --expect FILE"),
        ("--at-once", "0", NUMBER),
        ("--stop-after-failures", "none", NUMBER),
        ("--silent-after", "1", UNIT),
        ("--board", "amd64-usr,arm64-usr", "repeat --board for each"),
        ("--previous-version", "1.2.3.0", PREVIOUS),
        ("--previous-version", "1.2.4", PREVIOUS),
        ("--previous-version", "foo", "not a version, such as 4152.2.0"),
        ("--deadline", "5", UNIT),
        ("--deadline", "0s", "must be greater than zero"),
        ("--deadline", "soon", TIME),
        ("--events", "xml", "the only format is json"),
        ("--max-connections", "0", NUMBER),
        ("--idle-timeout", "1", UNIT),
        ("--min-rate", "1k", BYTES),
        ("--min-rate", "-1", BYTES),
        ("--extension", "https://a/b.gz", URL),
        ("--package-url", "ftp://x", SCHEME),
        ("--package-url", "/packages/", SCHEME),
        ("--listen-address", "http://localhost:8000", "write HOST:PORT, without http://"),
        (
            "--listen-address",
            "8000",
            "the port is missing; write HOST:PORT, such as localhost:8000",
        ),
    ] {
        let error = parse(arguments(&format!("{BOTH}{flag} {value}"))).unwrap_err().to_string();
        assert_eq!(error, format!("{flag} {value:?}: {reason}"));
    }
    let error =
        parse(arguments("--package-file f --package-version latest")).unwrap_err().to_string();
    assert_eq!(error, "--package-version \"latest\": not a version, such as 4152.2.0");
    let error = parse(arguments(&format!("{BOTH}--package-url http://u:p@h/x"))).unwrap_err();
    assert!(error.to_string().contains("a user and a password cannot stand in it"), "{error}");
    let error =
        parse(arguments("--package-file HTTP://a/b --package-version 1")).unwrap_err().to_string();
    assert_eq!(error, format!("--package-file \"HTTP://a/b\": {URL}"));
    let error = parse(arguments(&format!("{BOTH}--package-name a:b"))).unwrap_err().to_string();
    assert!(
        error.starts_with("--package-name: \"a:b\" cannot be the name of a package: "),
        "{error}"
    );
}

#[test]
fn help_goes_before_everything() {
    assert_eq!(parse(arguments("--help")), Ok(Command::Help(HELP)));
    assert_eq!(parse(arguments("--nonsense -h")), Ok(Command::Help(HELP)));
    assert_eq!(parse(arguments("--version")), Ok(Command::Version));
}

#[test]
fn a_value_may_look_like_a_flag() {
    let line = "--package-file=--version --package-version 1 --extension=--help --force";
    let source = package(line);
    assert_eq!(source.file, PathBuf::from("--version"));
    assert_eq!(source.extensions, [PathBuf::from("--help")]);
}

#[test]
fn a_directory_goes_without_what_is_about_one_update() {
    let settings = settings("--updates dir --force --board amd64-usr --key k");
    assert_eq!(settings.source, Source::Updates(PathBuf::from("dir")));
    for flag in [PACKAGE_FILE, PACKAGE_NAME, PACKAGE_VERSION, EXTENSION, PREVIOUS_VERSION] {
        let error = parse(arguments(&format!("--updates dir {flag} 1"))).unwrap_err();
        assert_eq!(error.to_string(), format!("--updates and {flag} exclude each other"));
    }
}

#[test]
fn messages() {
    for (more, message) in [
        ("--package-file", "--package-file needs a value"),
        ("--package-file --package-version 1", "--package-file needs a value"),
        ("--package-file -package-version 1", "--package-file needs a value"),
        ("--package-file= --package-version 1", "--package-file needs a value"),
        ("--extension= ", "--extension needs a value"),
        ("--package-file g", "--package-file is given more than once"),
        ("-package-file=g", "--package-file is given more than once"),
        ("--force --force", "--force is given more than once"),
        ("--force=yes", "--force takes no value"),
        ("--verbose", "there is no flag \"--verbose\""),
        ("-extension x", "there is no flag \"-extension\"; write --extension"),
        ("--extention x", "there is no flag \"--extention\"; did you mean --extension?"),
        ("--port=80", "there is no flag \"--port=80\"; did you mean --listen-address?"),
        ("--Package-File x", "there is no flag \"--Package-File\"; did you mean --package-file?"),
        ("more", "unexpected argument \"more\""),
        ("help", "unexpected argument \"help\"; did you mean --help?"),
        ("--extension a.gz b.gz", "unexpected argument \"b.gz\"; repeat --extension for each file"),
    ] {
        assert_eq!(parse(arguments(&format!("{BOTH}{more}"))).unwrap_err().to_string(), message);
    }
    for (line, message) in [
        ("", "--package-file or --updates is required"),
        ("--package-file f", "--package-version is required"),
        ("help", "unexpected argument \"help\"; did you mean --help?"),
        (
            &format!("{BOTH}--key k --skip-payload-check"),
            "--key and --skip-payload-check exclude each other",
        ),
    ] {
        assert_eq!(parse(arguments(line)).unwrap_err().to_string(), message, "{line}");
    }
}
