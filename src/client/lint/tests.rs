use std::collections::HashSet;

use super::{Finding, Rule, Severity, answer, document, download};
use crate::client::testing::{self, Script};
use crate::client::{Answer, HttpUrl, lenient};
use crate::protocol::response::Package;
use crate::protocol::{Response, limits};

const ID: &str = "{e96281a6-d1af-4bde-9a0a-97b76e56dc57}";

/// What `serve-package` answers, with an extension.
const GOOD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<response protocol="3.0" server="omaha-0.1.0">
    <daystart elapsed_seconds="0"></daystart>
    <app appid="{e96281a6-d1af-4bde-9a0a-97b76e56dc57}" status="ok">
        <ping status="ok"></ping>
        <updatecheck status="ok" PollInterval="2700">
            <urls><url codebase="http://localhost:8000/packages/"></url></urls>
            <manifest version="4152.2.0">
                <packages>
                    <package name="update.gz" hash="L9ThxnotKPzthJ7hu3bnORuT6xI=" size="3" required="true"></package>
                    <package name="oem-azure.gz" hash="L9ThxnotKPzthJ7hu3bnORuT6xI=" hash_sha256="b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c" size="5" required="false"></package>
                </packages>
                <actions>
                    <action event="postinstall" sha256="tbudgBSg+bHWHiHnlteNzN8TUvI80ygS9IULh4rklEw=" DisablePayloadBackoff="true"></action>
                </actions>
            </manifest>
        </updatecheck>
        <event status="ok"></event>
    </app>
</response>"#;

fn rules(findings: &[Finding]) -> Vec<Rule> {
    findings.iter().map(Finding::rule).collect()
}

fn check(text: &str) -> Vec<Finding> {
    let read = lenient::read(text.as_bytes());
    assert!(read.is_ok(), "{:?}: {text}", read.unwrap_err().to_string());
    document(text.as_bytes())
}

#[test]
fn a_good_answer_has_no_findings() {
    assert_eq!(check(GOOD), []);
    assert_eq!(check(&format!("\u{feff}{GOOD}")), []);
    let no_update = r#"<response protocol="3.0"><app appid="{x}" status="ok">
        <updatecheck status="noupdate"/></app></response>"#;
    assert_eq!(check(no_update), []);
    let event =
        r#"<response protocol="3.0"><app appid="{x}" status="ok"><event/></app></response>"#;
    assert_eq!(check(event), []);
}

/// Each change of the good answer, and all that is found then.
#[test]
fn every_rule_of_a_document() {
    const ACTION: &str = "tbudgBSg+bHWHiHnlteNzN8TUvI80ygS9IULh4rklEw=";
    const HEX: &str = "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c";
    let extension = GOOD.lines().find(|line| line.contains("oem-azure.gz")).unwrap();
    let main = GOOD.lines().find(|line| line.contains("update.gz")).unwrap();
    let action = GOOD.lines().find(|line| line.contains("<action ")).unwrap();
    let check = r#"<updatecheck status="ok" PollInterval="2700">"#;
    let slash = "<url codebase=\"http://localhost:8000/packages/\"></url>";
    let swapped = format!("{extension}\n{main}");
    let both = format!("{main}\n{extension}");
    let changes: &[(&str, &str, &[Rule])] = &[
        ("protocol=", r#"xmlns="urn:x" protocol="#, &[Rule::Namespace]),
        ("urls>", "URLs>", &[Rule::NameCase, Rule::Codebase, Rule::AppIncomplete]),
        ("sha256=\"t", "SHA256=\"t", &[Rule::NameCase, Rule::ActionDigest]),
        (check, "<updatecheck>", &[Rule::StatusMissing]),
        ("PollInterval=\"2700\"", "PollInterval=\"60\"", &[Rule::PollInterval]),
        (
            "status=\"ok\">\n        <ping",
            "status=\"restricted\">\n        <ping",
            &[Rule::AppStatus],
        ),
        ("{e96281a6-d1af-4bde-9a0a-97b76e56dc57}", "io.example", &[Rule::AppIdForm]),
        ("{e96281a6-", "{g96281a6-", &[Rule::AppIdForm]),
        (" status=\"ok\">\n        <ping", ">\n        <ping", &[Rule::AppIncomplete]),
        (
            "</app>",
            "</app><app appid=\"{e96281a6-d1af-4bde-9a0a-97b76e56dc57}\" status=\"ok\"/>",
            &[Rule::AppIncomplete],
        ),
        (
            "</app>",
            "<updatecheck status=\"ok\"><manifest><packages/></manifest></updatecheck></app>",
            &[Rule::UpdateChecks, Rule::ManifestVersion, Rule::AppIncomplete],
        ),
        (slash, "", &[Rule::Codebase]),
        ("http://localhost:8000/packages/", "", &[Rule::Codebase]),
        ("http://localhost:8000/packages/", "ftp://localhost/", &[Rule::CodebaseUrl]),
        ("http://localhost:8000/packages/", "/packages/", &[Rule::CodebaseUrl]),
        (
            "http://localhost:8000/packages/",
            "http://localhost:8000/packages",
            &[Rule::CodebaseSlash],
        ),
        (
            "</manifest>",
            "</manifest><manifest version=\"1\"><packages/><actions/></manifest>",
            &[Rule::Manifests],
        ),
        ("http://localhost", "http://me:secret@localhost", &[Rule::CodebaseUser]),
        ("http://localhost", "localhost", &[Rule::CodebaseScheme]),
        ("http://localhost:8000", "10.0.0.1", &[Rule::CodebaseScheme]),
        ("http://localhost:8000/packages/", "packages/", &[Rule::CodebaseUrl]),
        ("http://localhost:8000/packages/", "https:/packages/", &[Rule::CodebaseUrl]),
        (" version=\"4152.2.0\"", "", &[Rule::ManifestVersion]),
        (&both, "", &[Rule::Package]),
        (&both, &swapped, &[Rule::ExtensionFirst, Rule::ExtensionName]),
        ("update.gz", "", &[Rule::PackageName]),
        ("update.gz", "up date.gz", &[Rule::PackageNameForm]),
        ("update.gz", "../update.gz", &[Rule::PackageNameForm]),
        ("update.gz", "a?b", &[Rule::PackageNameForm]),
        (extension, &[extension, extension].concat(), &[Rule::PackageTwice]),
        ("size=\"3\"", "size=\"0\"", &[Rule::PackageSize]),
        ("size=\"3\"", "", &[Rule::PackageSize, Rule::PackageIncomplete]),
        ("size=\"5\"", "", &[Rule::PackageIncomplete]),
        ("size=\"3\"", "size=\"0029\"", &[Rule::SizeOctal]),
        // The same number either way, and one that only update_engine reads.
        ("size=\"3\"", "size=\"03\"", &[]),
        ("size=\"3\"", "size=\"0x3\"", &[Rule::ValueForm]),
        ("size=\"3\"", "size=\"abc\"", &[Rule::ValueForm, Rule::PackageSize]),
        ("size=\"5\"", "size=\"0029\"", &[]),
        ("size=\"5\"", "size=\"abc\"", &[Rule::ValueForm]),
        ("protocol=\"3.0\"", "protocol=\"2.0\"", &[Rule::Protocol]),
        ("protocol=\"3.0\"", "", &[Rule::Protocol]),
        ("PollInterval=\"2700\"", "PollInterval=\"soon\"", &[Rule::ValueForm]),
        (
            "DisablePayloadBackoff",
            "MaxFailureCountPerUrl=\"abc\" DisablePayloadBackoff",
            &[Rule::ValueForm],
        ),
        ("elapsed_seconds=\"0\"", "elapsed_seconds=\"x\"", &[Rule::ValueForm]),
        ("required=\"false\"", "required=\"maybe\"", &[Rule::ValueForm]),
        ("required=\"false\"", "", &[Rule::PackageIncomplete]),
        ("oem-azure.gz", "azure.raw", &[Rule::ExtensionName]),
        // As Nebraska calls what it hosts, and as nightlies are called.
        ("oem-azure.gz", "extrafile-amd64-3760.1.1-oem-azure.gz", &[]),
        ("oem-azure.gz", "flatcar_test_update-oem-azure.gz", &[]),
        ("update.gz", "flatcar-amd64-3760.1.1.gz", &[]),
        ("update.gz", "flatcar_production_update.gz", &[]),
        ("update.gz", "flatcar-podman.gz", &[Rule::ExtensionFirst]),
        ("hash=\"L9ThxnotKPzthJ7hu3bnORuT6xI=\" size", "hash=\"\" size", &[Rule::DigestEmpty]),
        (HEX, "", &[Rule::DigestEmpty]),
        (
            "hash=\"L9ThxnotKPzthJ7hu3bnORuT6xI=\" size",
            "hash=\"2fd4e1c67a2d28fced849ee1bb76e7391b93eb12\" size",
            &[Rule::HashForm],
        ),
        (HEX, ACTION, &[Rule::Sha256Form]),
        // The form of go-omaha's serve-package.
        ("size=\"3\"", &format!("hash_sha256=\"{ACTION}\" size=\"3\""), &[Rule::Sha256Form]),
        (
            &extension[extension.find("hash=").unwrap()..extension.find("size=").unwrap()],
            "",
            &[Rule::ExtensionDigest],
        ),
        (action, "", &[Rule::Action]),
        ("event=\"postinstall\"", "event=\"postboot\"", &[Rule::Action, Rule::ActionEvent]),
        ("<actions>", "<actions><action event=\"update\"/>", &[Rule::OtherActionDigest]),
        (ACTION, "", &[Rule::ActionDigest]),
        (ACTION, HEX, &[Rule::ActionDigestForm]),
        (" DisablePayloadBackoff=\"true\"", "", &[Rule::Backoff]),
        ("DisablePayloadBackoff=\"true\"", "DisablePayloadBackoff=\"1\"", &[Rule::Backoff]),
        ("DisablePayloadBackoff=\"true\"", "DisablePayloadBackoff=\"false\"", &[Rule::Backoff]),
    ];
    let mut seen = HashSet::new();
    for (from, to, expected) in changes {
        assert!(GOOD.contains(from), "{from}");
        let findings = self::check(&GOOD.replace(from, to));
        assert_eq!(rules(&findings), *expected, "{from} → {to}: {findings:#?}");
        seen.extend(rules(&findings));
    }
    // These are not about the document.
    let others = [
        Rule::ServerPath,
        Rule::Redirected,
        Rule::ContentType,
        Rule::AppId,
        Rule::CodebaseFails,
        Rule::ContentLength,
        Rule::Ranges,
        Rule::Event,
    ];
    seen.extend(others);
    let unseen: Vec<_> = Rule::ALL.iter().filter(|rule| !seen.contains(*rule)).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

#[test]
fn a_finding_names_the_line_and_the_value() {
    let findings = check(&GOOD.replace(
        "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
        "tbudgBSg+bHWHiHnlteNzN8TUvI80ygS9IULh4rklEw=",
    ));
    assert_eq!(
        findings[0].to_string(),
        "line 11: hash_sha256 \"tbudgBSg+bHWHiHnlteNzN8TUvI80ygS9IULh4rklEw=\" of package \
         \"oem-azure.gz\" is not hex: download_sysext rejects the whole answer"
    );
    assert_eq!(findings[0].severity(), Severity::Warning);
}

#[test]
fn codes_are_distinct() {
    let codes: HashSet<_> = Rule::ALL.iter().map(|rule| rule.code()).collect();
    assert_eq!(codes.len(), Rule::ALL.len());
    let is_plain = |code: &str| code.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    assert!(codes.into_iter().all(is_plain));
}

#[test]
fn how_the_answer_came() {
    let asked: HttpUrl = "http://a/v1/update/".parse().unwrap();
    let good = Answer {
        response: Response::read(GOOD.as_bytes()).unwrap(),
        document: GOOD.as_bytes().to_owned(),
        status: 200,
        content_type: Some("text/xml".to_owned()),
        url: asked.clone(),
    };
    assert_eq!(answer(&good, &asked, ID), []);
    let none = Answer { content_type: None, ..good.clone() };
    assert_eq!(answer(&none, &asked, ID), []);
    let moved = Answer { url: "https://b/".parse().unwrap(), ..good.clone() };
    assert_eq!(rules(&answer(&moved, &asked, ID)), [Rule::Redirected]);
    let text = Answer { content_type: Some("text/plain".to_owned()), ..good.clone() };
    assert_eq!(rules(&answer(&text, &asked, ID)), [Rule::ContentType]);
    assert_eq!(rules(&answer(&good, &asked, "{other}")), [Rule::AppId]);
    let server = "http://a".parse().unwrap();
    let findings = answer(&good, &server, ID);
    assert_eq!(rules(&findings), [Rule::ServerPath]);
    assert!(findings[0].to_string().contains("its path must be /v1/update/"), "{}", findings[0]);
}

#[test]
fn how_packages_are_served() {
    let package = Package { name: "update.gz".to_owned(), size: 3, ..Package::default() };
    let url = "http://a/update.gz".parse().unwrap();
    let ask = |steps| {
        let script = Script::new(steps);
        let findings = rules(&download(&*script, &url, &package));
        assert_eq!(script.sent()[0].header("range"), Some("bytes=2-"));
        findings
    };
    let part = ("Content-Range", "bytes 2-2/3");
    let length = ("Content-Length", "1");
    assert_eq!(ask(vec![testing::answer(206, &[length, part], "o")]), []);
    assert_eq!(
        ask(vec![testing::answer(206, &[length, ("Content-Range", "bytes 2-2/*")], "o")]),
        []
    );
    assert_eq!(ask(vec![testing::answer(206, &[part], "o")]), [Rule::ContentLength]);
    assert_eq!(ask(vec![testing::answer(200, &[length], "foo")]), [Rule::Ranges]);
    let moved = testing::answer(302, &[("Location", "/there")], "");
    assert_eq!(
        ask(vec![moved, testing::answer(200, &[], "foo")]),
        [Rule::Ranges, Rule::ContentLength]
    );
    for status in [404, 416, 503] {
        assert_eq!(ask(vec![testing::answer(status, &[length], "")]), [Rule::Ranges]);
    }
    for range in ["bytes 1-1/3", "bytes 0-0/3", "bytes 2-2/4", "bytes 2-3/3", "2-2/3"] {
        let answer = testing::answer(206, &[length, ("Content-Range", range)], "o");
        assert_eq!(ask(vec![answer]), [Rule::Ranges], "{range}");
    }
    assert_eq!(ask(vec![testing::answer(206, &[length], "o")]), [Rule::Ranges]);
    assert_eq!(ask(vec![]), []);
}

#[test]
fn other_documents_are_passed_over() {
    let after = format!("{GOOD}x");
    for text in ["", "<", "<response", "<a></b>", "<a/>", &after] {
        assert_eq!(document(text.as_bytes()), []);
    }
}

#[test]
fn what_is_beyond_the_limits_is_passed_over() {
    let deep = format!(
        "<response protocol=\"3.0\">{}{}</response>",
        "<a>".repeat(20_000),
        "</a>".repeat(20_000)
    );
    // A value that is not read does not hide what comes after it.
    let hidden = deep.replacen("<a>", "<daystart elapsed_seconds=\"x\"/><a>", 1);
    let many = GOOD.replace("<app ", &("<app/>".repeat(limits::ELEMENTS) + "<app "));
    let entities = GOOD.replacen("<response", "<!DOCTYPE a [<!ENTITY b \"c\">]><response", 1);
    for text in [deep, hidden, many, entities] {
        assert_eq!(document(text.as_bytes()), []);
    }
}
