//! The exact form of what is written.

use super::{request, response};
use crate::protocol::request::Os;
use crate::protocol::response::DayStart;
use crate::protocol::{
    AppStatus, ErrorCode, EventResult, EventType, Request, Response, UpdateStatus,
};

#[test]
fn a_response_has_the_form_of_go_omaha() {
    let mut response = Response {
        server: "go-omaha".to_owned(),
        day_start: Some(DayStart::default()),
        ..Response::default()
    };
    let app = response.add_app("{app}", AppStatus::Ok);
    app.add_event();
    app.add_ping();
    let check = app.add_update_check(UpdateStatus::Ok);
    check.add_url("http://127.0.0.1:8000/packages/");
    let manifest = check.add_manifest("2.0.0");
    let action = manifest.add_action("postinstall");
    action.disable_payload_backoff = true;
    action.sha256 =
        Some("bce0aff19cf5aa6a7469a30d61d04e4376e4bbf6381052ee9e7f33925c954d52".parse().unwrap());
    let package = manifest.add_package("update.gz", 100);
    package.sha1 = Some("HmY0v668A0gpgQWSPQ8m5HqjP/U=".parse().unwrap());
    package.sha256 = Some("vOCv8Zz1qmp0aaMNYdBOQ3bku/Y4EFLunn8zklyVTVI=".parse().unwrap());
    package.required = false;
    let package = manifest.add_package("oem-ec2.gz", 7);
    package.add_metadata(" {\"a\":\n1} ", "application/json");
    let app = response.add_app("{other}", AppStatus::Ok);
    app.add_update_check(UpdateStatus::NoUpdate).poll_interval = Some(3600);
    response.add_app("{third}", AppStatus::Ok);

    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<response protocol="3.0" server="go-omaha">
	<daystart elapsed_seconds="0"></daystart>
	<app appid="{app}" status="ok">
		<ping status="ok"></ping>
		<updatecheck status="ok">
			<urls>
				<url codebase="http://127.0.0.1:8000/packages/"></url>
			</urls>
			<manifest version="2.0.0">
				<packages>
					<package name="update.gz" hash="HmY0v668A0gpgQWSPQ8m5HqjP/U=" hash_sha256="bce0aff19cf5aa6a7469a30d61d04e4376e4bbf6381052ee9e7f33925c954d52" size="100" required="false"></package>
					<package name="oem-ec2.gz" size="7" required="true">
						<metadata content-type="application/json"> {"a":
1} </metadata>
					</package>
				</packages>
				<actions>
					<action event="postinstall" sha256="vOCv8Zz1qmp0aaMNYdBOQ3bku/Y4EFLunn8zklyVTVI=" DisablePayloadBackoff="true"></action>
				</actions>
			</manifest>
		</updatecheck>
		<event status="ok"></event>
	</app>
	<app appid="{other}" status="ok">
		<updatecheck status="noupdate" PollInterval="3600">
			<urls></urls>
		</updatecheck>
	</app>
	<app appid="{third}" status="ok"></app>
</response>"#;
    assert_eq!(response.to_xml(), expected);
    assert_eq!(super::response(expected), response);
}

#[test]
fn every_attribute_of_an_action_has_its_place() {
    let document = r#"<?xml version="1.0" encoding="UTF-8"?>
<response protocol="3.0">
	<app appid="" status="ok">
		<updatecheck status="ok">
			<urls></urls>
			<manifest version="1" is_floor="true" floor_reason="why" is_target="true">
				<packages></packages>
				<actions>
					<action event="postinstall" DisplayVersion="v" sha256="vOCv8Zz1qmp0aaMNYdBOQ3bku/Y4EFLunn8zklyVTVI=" needsadmin="true" IsDeltaPayload="true" DisablePayloadBackoff="true" MaxFailureCountPerUrl="1" MetadataSignatureRsa="s" MetadataSize="2" deadline="now" MoreInfo="m" Prompt="true"></action>
				</actions>
			</manifest>
		</updatecheck>
	</app>
</response>"#;
    assert_eq!(response(document).to_xml(), document);
}

#[test]
fn a_request_has_its_form() {
    let mut request = Request {
        version: "update_engine-0.4.10".to_owned(),
        is_machine: true,
        os: Some(Os { platform: "CoreOS".to_owned(), ..Os::default() }),
        ..Request::default()
    };
    let app = request.add_app("{app}", "1.0.0");
    app.track = "stable".to_owned();
    app.machine_alias = "Tom & \"Jerry\"\n".to_owned();
    app.install_age = Some(-1);
    let event = app.add_event(EventType::new(3), EventResult::new(0));
    event.error_code = Some(ErrorCode::new(9));
    app.add_update_check();
    app.add_ping().last_report_days = Some(3);
    request.add_app("", "");

    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<request protocol="3.0" version="update_engine-0.4.10" ismachine="1">
	<os platform="CoreOS"></os>
	<app appid="{app}" version="1.0.0" installage="-1" track="stable" machinealias="Tom &amp; &quot;Jerry&quot;&#10;">
		<ping active="1" r="3"></ping>
		<updatecheck></updatecheck>
		<event eventtype="3" eventresult="0" errorcode="9"></event>
	</app>
	<app appid=""></app>
</request>"#;
    assert_eq!(request.to_xml(), expected);
    assert_eq!(super::request(expected), request);
}

#[test]
fn every_attribute_of_a_request_has_its_place() {
    let document = r#"<?xml version="1.0" encoding="UTF-8"?>
<request protocol="3.0" version="v" updaterversion="u" installsource="i" ismachine="1" requestid="r" sessionid="s" userid="u" testsource="t">
	<os platform="p" version="v" sp="s" arch="a"></os>
	<app appid="a" version="1" nextversion="2" lang="l" client="c" installage="3" track="t" from_track="f" board="b" hardware_class="h" delta_okay="true" bootid="b" machineid="m" machinealias="a" oem="o" oemversion="4" alephversion="5" multi_manifest_ok="true">
		<ping active="1" a="6" r="7"></ping>
		<updatecheck targetversionprefix="8" updatedisabled="true"></updatecheck>
		<event eventtype="1" eventresult="2" errorcode="3" nextversion="4" previousversion="5"></event>
	</app>
</request>"#;
    assert_eq!(request(document).to_xml(), document);
}

#[test]
fn a_sink_gets_the_same_and_its_failure_is_passed_on() {
    let mut sink = Vec::new();
    let mut response = Response::default();
    response.add_app("a", AppStatus::Ok);
    response.write(&mut sink).unwrap();
    assert_eq!(sink, response.to_xml().as_bytes());
    let mut request = Request::default();
    request.add_app("a", "1");
    request.write(&mut &mut [0; 10][..]).unwrap_err();
}
