//! What is understood, and what is ignored.

use super::{request, response, with};
use crate::protocol::response::Metadata;
use crate::protocol::{
    AckStatus, AppStatus, ErrorCode, EventResult, EventType, UpdateStatus, VersionText,
};

#[test]
fn a_request_of_update_engine() {
    let request = request(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<request protocol="3.0" version="update_engine-0.4.10" updaterversion="update_engine-0.4.11" installsource="ondemandupdate" ismachine="1">
    <os version="Chateau" platform="CoreOS" sp="4152.2.0_x86_64"></os>
    <app appid="{e96281a6-d1af-4bde-9a0a-97b76e56dc57}" version="4152.2.0" track="stable" bootid="{b}" oem="ec2" oemversion="1.2.3" alephversion="4000.0.0" machineid="m" machinealias="Tom &amp; Jerry&apos;s" lang="en-US" board="amd64-usr" hardware_class="" delta_okay="false" >
        <ping active="1"></ping>
        <updatecheck targetversionprefix="4"></updatecheck>
        <event eventtype="3" eventresult="2" previousversion="0.0.0.0"></event>
        <event eventtype="3" eventresult="0" errorcode="-2147483639" nextversion="4152.2.1"/>
    </app>
</request>
"#,
    );
    assert_eq!(request.version, "update_engine-0.4.10");
    assert_eq!(request.updater_version, "update_engine-0.4.11");
    assert_eq!(request.install_source, "ondemandupdate");
    assert!(request.is_machine);
    let os = request.os.as_ref().unwrap();
    assert_eq!(
        (&*os.platform, &*os.version, &*os.service_pack),
        ("CoreOS", "Chateau", "4152.2.0_x86_64")
    );
    let [app] = &request.apps[..] else { panic!("{request:?}") };
    assert_eq!(app.id, "{e96281a6-d1af-4bde-9a0a-97b76e56dc57}");
    assert_eq!(app.version, VersionText::from("4152.2.0"));
    assert_eq!(app.machine_alias, "Tom & Jerry's");
    assert_eq!((&*app.track, &*app.oem, &*app.board), ("stable", "ec2", "amd64-usr"));
    assert!(!app.delta_okay);
    assert!(app.ping.as_ref().unwrap().active);
    assert_eq!(app.update_check.as_ref().unwrap().target_version_prefix, "4");
    let [first, second] = &app.events[..] else { panic!("{app:?}") };
    assert_eq!(first.event_type, EventType::new(3));
    assert_eq!(first.result, EventResult::new(2));
    assert_eq!(first.error_code, None);
    assert_eq!(first.previous_version.as_str(), "0.0.0.0");
    assert_eq!(second.error_code, Some(ErrorCode::new(-2147483639)));
    assert_eq!(second.next_version.as_str(), "4152.2.1");
}

#[test]
fn a_response_with_everything() {
    let response = response(
        r#"<response protocol="3.0" server="nebraska">
  <daystart elapsed_seconds=" 3661 "/>
  <app appid="a" status="error-unknownApplication"/>
  <app appid="b" status="ok">
    <event status="ok"/><event status="odd"/><ping/>
    <updatecheck status="ok" PollInterval="2700">
      <manifest version="2.0.0" is_floor="true" floor_reason="because" is_target="1">
        <actions><action event="postinstall" DisplayVersion="two" sha256="vOCv8Zz1qmp0aaMNYdBOQ3bku/Y4EFLunn8zklyVTVI=" needsadmin="t" IsDeltaPayload="false" DisablePayloadBackoff="true" MaxFailureCountPerUrl="3" MetadataSignatureRsa="c2ln" MetadataSize="5" deadline="now" MoreInfo="http://x/?a&amp;b" Prompt="1"/></actions>
        <packages>
          <package name="a.gz" hash="1e6634bfaebc0348298105923d0f26e47aa33ff5" hash_sha256="bce0aff19cf5aa6a7469a30d61d04e4376e4bbf6381052ee9e7f33925c954d52" size="100" required="true">
            <metadata content-type="text/plain"> a<![CDATA[<b>&amp;]]>c<!-- d -->&lt;<e>f</e>
</metadata>
          </package>
          <package hash="" hash_sha256="" size="" required=""/>
        </packages>
      </manifest>
      <urls><url codebase="http://a/"/></urls><urls><url codebase="http://b/"/><url/></urls>
    </updatecheck>
  </app>
</response>"#,
    );
    assert_eq!(response.server, "nebraska");
    assert_eq!(response.day_start.unwrap().elapsed_seconds, 3661);
    let [first, second] = &response.apps[..] else { panic!("{response:?}") };
    assert_eq!(first.status, AppStatus::from("error-unknownApplication"));
    assert_eq!(second.events, [AckStatus::Ok, AckStatus::from("odd")]);
    assert_eq!(second.ping, Some(AckStatus::default()));
    let check = second.update_check.as_ref().unwrap();
    assert_eq!(check.status, UpdateStatus::Ok);
    assert_eq!(check.poll_interval, Some(2700));
    let urls: Vec<_> = check.urls.iter().map(|url| &*url.codebase).collect();
    assert_eq!(urls, ["http://a/", "http://b/", ""]);
    let [manifest] = &check.manifests[..] else { panic!("{check:?}") };
    assert!(manifest.is_floor && manifest.is_target);
    assert_eq!(manifest.floor_reason, "because");
    let [package, empty] = &manifest.packages[..] else { panic!("{manifest:?}") };
    let sha256 = "bce0aff19cf5aa6a7469a30d61d04e4376e4bbf6381052ee9e7f33925c954d52";
    assert_eq!(package.sha1.as_ref().unwrap().to_base64(), "HmY0v668A0gpgQWSPQ8m5HqjP/U=");
    assert_eq!(package.sha256.as_ref().unwrap().to_hex(), sha256);
    assert_eq!((package.size, package.required), (100, true));
    assert_eq!(
        package.metadata,
        Some(Metadata {
            content_type: "text/plain".to_owned(),
            content: " a<b>&amp;c<\n".to_owned(),
        })
    );
    assert_eq!(empty, &crate::protocol::response::Package::default());
    let [action] = &manifest.actions[..] else { panic!("{manifest:?}") };
    assert_eq!(action.sha256.as_ref().unwrap().to_hex(), sha256);
    assert!(action.needs_admin && action.disable_payload_backoff && action.prompt);
    assert!(!action.is_delta_payload);
    assert_eq!(action.max_failure_count_per_url, Some(3));
    assert_eq!(action.metadata_size, Some(5));
    assert_eq!((&*action.deadline, &*action.more_info), ("now", "http://x/?a&b"));
}

#[test]
fn what_is_unknown_is_ignored() {
    let request = request(&with(
        r#"text<hw physmemory="4"/><![CDATA[x]]><?a b?><app appid="a" brand="x" delta="y"><data index="x"/><a><ping/><app appid="c"/></a></app><x><app appid="b"/></x>"#,
    ));
    let [app] = &request.apps[..] else { panic!("{request:?}") };
    assert_eq!(app.id, "a");
    assert_eq!(app.ping, None);
}

#[test]
fn namespaces_are_ignored() {
    let request = request(
        r#"<o:request xmlns:o="urn:o" xmlns="urn:d" o:protocol="3.0"><app o:appid="a"/><o:app appid="b"/></o:request>"#,
    );
    let ids: Vec<_> = request.apps.iter().map(|app| &*app.id).collect();
    assert_eq!(ids, ["a", "b"]);
}

#[test]
fn the_last_of_several_counts() {
    let request = request(&with(
        r#"<os platform="a" sp="x"/><app appid="a"><ping active="1" a="5"/><updatecheck targetversionprefix="1"/><ping r="6"/><updatecheck/></app><os platform="b"/>"#,
    ));
    let os = request.os.unwrap();
    assert_eq!((&*os.platform, &*os.service_pack), ("b", ""));
    let [app] = &request.apps[..] else { panic!() };
    let ping = app.ping.as_ref().unwrap();
    assert_eq!(
        (ping.active, ping.last_active_report_days, ping.last_report_days),
        (false, None, Some(6))
    );
    assert_eq!(app.update_check.as_ref().unwrap().target_version_prefix, "");
}

#[test]
fn numbers() {
    for (text, number) in [
        ("", None),
        (" ", None),
        ("-1", Some(-1)),
        ("+1", Some(1)),
        (" 007\t", Some(7)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
    ] {
        let request = request(&with(&format!("<app installage=\"{text}\"/>")));
        assert_eq!(request.apps[0].install_age, number, "{text}");
    }
    let response = response(
        "<response protocol=\"3.0\"><app><updatecheck PollInterval=\"18446744073709551615\"/></app></response>",
    );
    assert_eq!(response.apps[0].update_check.as_ref().unwrap().poll_interval, Some(u64::MAX));
}

#[test]
fn truths() {
    for text in ["1", "t", "T", "TRUE", "true", "True", " true "] {
        assert!(request(&with(&format!("<app delta_okay=\"{text}\"/>"))).apps[0].delta_okay);
    }
    for text in ["0", "f", "F", "FALSE", "false", "False", "", " "] {
        assert!(!request(&with(&format!("<app delta_okay=\"{text}\"/>"))).apps[0].delta_okay);
    }
    for (text, truth) in [
        ("1", true),
        ("-1", true),
        ("2", true),
        ("true", true),
        ("T", true),
        ("0", false),
        ("+0", false),
        ("", false),
        ("f", false),
    ] {
        let document = format!("<request protocol=\"3.0\" ismachine=\"{text}\"/>");
        assert_eq!(request(&document).is_machine, truth, "{text}");
    }
}

#[test]
fn text_is_decoded() {
    let request =
        request(&with("<app appid='&lt;&gt;&amp;&apos;&quot;&#65;&#x42;&#x1F600;ü\t\r\n&#10;'/>"));
    // White space that is not written as a reference becomes blanks.
    assert_eq!(request.apps[0].id, "<>&'\"AB\u{1F600}ü  \n");
}

#[test]
fn what_may_stand_before_the_root() {
    for before in [
        "\u{FEFF}",
        "\u{FEFF}<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n",
        "<?xml version=\"1.0\" encoding=\"UTF8\"?>",
        "<?xml version=\"1.0\"?>",
        " \r\n\t",
        "<?a?><?b c?><!-- <!DOCTYPE request> -->",
    ] {
        let document = before.to_owned() + &with("<app/>");
        assert_eq!(request(&document).apps.len(), 1, "{before}");
    }
}
