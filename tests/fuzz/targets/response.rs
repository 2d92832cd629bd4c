//! Whatever can be read as a response is read again from what is written of it,
//! and an error is one short line that is safe to print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omaha::protocol::Response;

fuzz_target!(|document: &[u8]| match Response::read(document) {
    Ok(response) => {
        let written = response.to_xml();
        assert_eq!(Response::read(written.as_bytes()).expect("what we write is legal"), response);
    }
    Err(error) => {
        let message = error.to_string();
        assert!(message.len() < 4000 && !message.contains(char::is_control), "{message:?}");
    }
});
