//! The gate: however the head of a request comes in pieces, it is judged as if
//! it came at once, and what is let through ends where the engine will end it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omaha::fuzzing::scan;

fuzz_target!(|input: (Vec<u8>, u8)| {
    let (head, step) = input;
    let whole = scan(&head, head.len().max(1));
    assert_eq!(whole, scan(&head, usize::from(step).max(1)));
    if let Ok(Some(length)) = whole {
        let end = b"\r\n\r\n";
        assert!(head[..length].ends_with(end));
        assert!(!head[..length - 1].windows(end.len()).any(|four| four == end));
        assert!(!head[..length].contains(&0));
    }
});
