//! The documents as JSON, with the feature `serde`.

#![cfg(feature = "serde")]

use std::fs;
use std::path::Path;

use omaha::protocol::{Request, Response};
use serde_json::{Value, json};

const RESPONSE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<response protocol="3.0" server="update.example">
 <daystart elapsed_seconds="7"/>
 <app appid="{e96281a6-d1af-4bde-9a0a-97b76e56dc57}" status="error-of-tomorrow">
  <ping status="ok"/>
  <updatecheck status="ok" PollInterval="2700">
   <urls><url codebase="http://a/"/><url codebase="http://b/"/></urls>
   <manifest version="4152.2.0" is_floor="true" floor_reason="keys">
    <packages>
     <package name="update.gz" hash="+LXvjiaPkeYDLHoNKlf9qbJwvnk=" size="67546213" required="true">
      <metadata content-type="application/json">{"a": 1}</metadata>
     </package>
    </packages>
    <actions>
     <action event="postinstall" sha256="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" DisablePayloadBackoff="true" MaxFailureCountPerUrl="3"/>
    </actions>
   </manifest>
  </updatecheck>
  <event status="ok"/>
 </app>
</response>"#;

#[test]
fn requests_survive() {
    let mut read = 0;
    for entry in fs::read_dir(Path::new("fixtures/requests")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(request) = Request::read(&*fs::read(&path).unwrap()) else { continue };
        let text = serde_json::to_string(&request).unwrap();
        let again: Request = serde_json::from_str(&text).unwrap();
        assert_eq!(again, request, "{path:?}");
        // Versions that are equal may be written differently.
        assert_eq!(again.to_xml(), request.to_xml(), "{path:?}");
        read += 1;
    }
    assert!(read > 10, "{read}");
}

#[test]
fn responses_survive() {
    let response = Response::read(RESPONSE.as_bytes()).unwrap();
    let value = serde_json::to_value(&response).unwrap();
    assert_eq!(value["protocol"], "3.0");
    let app = &value["apps"][0];
    assert_eq!(app["status"], "error-of-tomorrow");
    let package = &app["update_check"]["manifests"][0]["packages"][0];
    assert_eq!(package["sha1"], "f8b5ef8e268f91e6032c7a0d2a57fda9b270be79");
    assert_eq!(package["size"], 67_546_213);
    let again: Response = serde_json::from_value(value).unwrap();
    assert_eq!(again, response);
    assert_eq!(again.to_xml(), response.to_xml());
}

#[test]
fn what_is_absent_has_its_default_and_what_is_unknown_is_ignored() {
    let value = json!({
        "apps": [{"id": "{app}", "version": "1.3.23.0", "events": [{"event_type": 13}], "new": 1}],
    });
    let request: Request = serde_json::from_value(value).unwrap();
    let mut expected = Request::default();
    expected.add_app("{app}", "1.3.23.0").add_event(
        omaha::protocol::EventType::UPDATE_DOWNLOAD_STARTED,
        omaha::protocol::EventResult::ERROR,
    );
    assert_eq!(request, expected);
}

#[test]
fn what_is_wrong_is_refused() {
    for value in [
        json!({"protocol": "2.0"}),
        json!({"apps": [{"update_check": {"manifests": [{"packages": [{"sha1": "x"}]}]}}]}),
        json!({"apps": [{"update_check": {"manifests": [{"packages": [{"size": -1}]}]}}]}),
    ] {
        assert!(serde_json::from_value::<Response>(value.clone()).is_err(), "{value}");
    }
    assert!(serde_json::from_value::<Request>(Value::Null).is_err());
}
