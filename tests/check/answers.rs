//! Answers as update_engine reads them.

use super::*;

#[test]
fn names_that_nebraska_gives_are_right() {
    const EXTENSION: &str = "<package name=\"extrafile-amd64-3760.1.1-oem-packet.gz\" \
         hash=\"L9ThxnotKPzthJ7hu3bnORuT6xI=\" size=\"43\" required=\"false\"/></packages>";
    const FOX: &[u8] = b"The quick brown fox jumps over the lazy dog";
    let change = |text: String| {
        text.replace("update.gz", "flatcar-amd64-3760.1.1.gz").replace("</packages>", EXTENSION)
    };
    // No ranges either: an extension is not resumed, so only the first counts.
    let server = offering(CONTENT, change, |asked| match asked.line.contains("extrafile") {
        true => answer("200 OK", &[], FOX),
        false => part(CONTENT, asked),
    });
    let directory = Directory::new();
    let into = directory.path().to_str().unwrap();
    let outcome = check(&server.url(), &["--skip-payload-check", "--download", into, "--strict"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    let expected = ["extrafile-amd64-3760.1.1-oem-packet.gz", "flatcar-amd64-3760.1.1.gz"];
    assert_eq!(names(&directory), expected);
    assert_eq!(server.asked_with("eventtype=\"3\" eventresult=\"1\"").len(), 1);
}

#[test]
fn the_status_of_the_application_is_the_reason() {
    let server = Scripted::start(|_| {
        let mut response = Response::new();
        let app = response.add_app(APP, "error-maxUpdatesPerPeriodLimitReached".into());
        app.add_update_check(UpdateStatus::Internal);
        document(&response.to_xml())
    });
    let outcome = check(&server.url(), &[]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let error = outcome.stderr.lines().find(|line| line.starts_with("error: ")).unwrap();
    assert!(error.contains("with status \"error-maxUpdatesPerPeriodLimitReached\""), "{error}");
    assert!(error.contains("(the group has had as many updates in this period"), "{error}");
    let outcome = check(&server.url(), &["--json"]);
    assert_eq!(codes(&outcome.stdout), ["app-status"], "{outcome:?}");
    assert!(member(&outcome.stdout, "reason").contains("refuses application"), "{outcome:?}");
}

#[test]
fn what_follows_the_document_is_an_error() {
    for after in ["OK", "<script src=\"/x.js\"></script>", "<response protocol=\"3.0\"/>"] {
        let change = move |text: String| text + after;
        let server = offering(CONTENT, change, |asked| part(CONTENT, asked));
        let outcome = check(&server.url(), &["--json"]);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        assert!(outcome.stdout.contains("\"code\":31}"), "{outcome:?}");
    }
    let server = offering(CONTENT, |text| text + "<!-- 3 ms -->\n", |asked| part(CONTENT, asked));
    assert_eq!(check(&server.url(), &["--strict"]).code, Some(0));
}

/// `ParseResponse` in omaha_request_action.cc takes the first `<updatecheck>` of the
/// document.
#[test]
fn the_first_update_check_counts_whatever_its_application() {
    let foreign = |inner: &str| {
        format!(
            "<app appid=\"{{aaaaaaaa-d1af-4bde-9a0a-97b76e56dc57}}\" status=\"ok\">{inner}</app>"
        )
    };
    let none = foreign("<updatecheck status=\"noupdate\"/>");
    let change = move |text: String| text.replacen("<app ", &format!("{none}<app "), 1);
    let server = offering(CONTENT, change, |asked| part(CONTENT, asked));
    let outcome = check(&server.url(), &["--json"]);
    assert_eq!((outcome.code, codes(&outcome.stdout)), (Some(3), vec!["several-update-checks"]));

    let other = foreign(
        "<updatecheck status=\"ok\"><urls><url codebase=\"http://a/\"/></urls><manifest \
         version=\"1\"><packages><package name=\"oem-x.gz\" hash=\"L9ThxnotKPzthJ7hu3bnORuT6xI=\" \
         size=\"3\" required=\"true\"/></packages><actions/></manifest></updatecheck>",
    );
    let change = move |text: String| text.replace("</app>", &format!("</app>{other}"));
    let server = offering(CONTENT, change, |asked| part(CONTENT, asked));
    let outcome = check(&server.url(), &["--json"]);
    assert_eq!((outcome.code, codes(&outcome.stdout)), (Some(0), vec!["several-update-checks"]));
    assert_eq!(member(&outcome.stdout, "name"), "update.gz");
}

/// What update_engine does not mind, and what others say to it.
#[test]
fn what_update_engine_does_not_read_is_a_warning() {
    for (from, to, code) in [
        (" DisablePayload", " MaxFailureCountPerUrl=\"abc\" DisablePayload", "value-form"),
        ("required=\"true\"", "required=\"perhaps\"", "value-form"),
        ("codebase=\"http://", "codebase=\"http://me:secret@", "codebase-user"),
        ("codebase=\"http://", "codebase=\"", "codebase-scheme"),
        ("protocol=\"3.0\"", "protocol=\"2.0\"", "protocol"),
        ("hash=\"", "hash=\"?", "hash-not-base64"),
    ] {
        let change = move |text: String| {
            assert!(text.contains(from), "{from}: {text}");
            text.replace(from, to)
        };
        let server = offering(CONTENT, change, |asked| part(CONTENT, asked));
        let directory = Directory::new();
        let into = directory.path().to_str().unwrap();
        let outcome = check(&server.url(), &["--skip-payload-check", "--download", into, "--json"]);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert_eq!(codes(&outcome.stdout), [code], "{outcome:?}");
        assert_eq!(names(&directory), ["update.gz"]);
        let secret = server.asked().iter().any(|asked| asked.head.contains("bWU6c2VjcmV0"));
        assert_eq!(secret, code == "codebase-user");
    }
}

#[test]
fn a_size_is_read_as_update_engine_reads_it() {
    let octal = |size: &'static str| {
        move |text: String| text.replace(&format!("size=\"{}\"", CONTENT.len()), size)
    };
    // 45 in decimal for all others, and no number at all for update_engine's 8.
    let server = offering(CONTENT, octal("size=\"0045\""), |asked| part(CONTENT, asked));
    let outcome = check(&server.url(), &["--json"]);
    assert_eq!((outcome.code, codes(&outcome.stdout)), (Some(1), vec!["size-octal"]));
    assert_eq!(member(&outcome.stdout, "size"), "37");
    // 45 for update_engine.
    let server = offering(CONTENT, octal("size=\"0x2d\""), |asked| part(CONTENT, asked));
    let outcome = check(&server.url(), &["--json"]);
    assert_eq!((outcome.code, codes(&outcome.stdout)), (Some(0), vec!["value-form"]));
    assert_eq!(member(&outcome.stdout, "size"), "45");
}

#[test]
fn a_folded_header_is_unfolded() {
    let server = Scripted::start(|_| {
        let mut response = Response::new();
        response.add_app(APP, AppStatus::Ok).add_update_check(UpdateStatus::NoUpdate);
        let headers = ["X-Powered-By: a,\r\n b", "Content-Type: text/xml;\r\n\tcharset=utf-8"];
        answer("200 OK", &headers, response.to_xml().as_bytes())
    });
    let outcome = check(&server.url(), &["--strict"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
}
