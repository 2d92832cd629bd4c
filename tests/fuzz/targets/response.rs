//! Whatever can be read as a response is read again from what is written of it,
//! and an error or a finding is one short line that is safe to print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omaha::client::lint;
use omaha::protocol::Response;

fuzz_target!(|document: &[u8]| {
    match Response::read(document) {
        Ok(response) => {
            let written = response.to_xml();
            let again = Response::read(written.as_bytes()).expect("what we write is legal");
            assert_eq!(again, response);
        }
        Err(error) => expect_safe(&error.to_string()),
    }
    for finding in lint::document(document) {
        expect_safe(&finding.to_string());
    }
});

fn expect_safe(message: &str) {
    assert!(message.len() < 4000 && !message.contains(char::is_control), "{message:?}");
}
