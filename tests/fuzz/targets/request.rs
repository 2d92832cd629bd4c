//! Whatever can be read as a request is read again from what is written of it,
//! and an error is one short line that is safe to print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omaha::protocol::Request;

fuzz_target!(|document: &[u8]| match Request::read(document) {
    Ok(request) => {
        let written = request.to_xml();
        assert_eq!(Request::read(written.as_bytes()).expect("what we write is legal"), request);
    }
    Err(error) => {
        let message = error.to_string();
        assert!(message.len() < 4000 && !message.contains(char::is_control), "{message:?}");
    }
});
