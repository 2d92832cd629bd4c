//! Framing: however the head of a request comes in pieces, it is judged as if it
//! came at once, and what the engine gets is one whole head of printable ASCII.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omaha::fuzzing;

const END: &[u8] = b"\r\n\r\n";

fn is_one_head(bytes: &[u8]) -> bool {
    bytes.ends_with(END) && bytes.windows(END.len()).filter(|four| *four == END).count() == 1
}

fuzz_target!(|input: (Vec<u8>, u8)| {
    let (head, step) = input;
    let whole = fuzzing::head(&head, head.len().max(1));
    assert_eq!(whole, fuzzing::head(&head, usize::from(step).max(1)));
    if let Ok(Some((length, for_engine))) = whole {
        assert!(is_one_head(&head[..length]) && !head[..length].contains(&0));
        assert!(is_one_head(&for_engine));
        let is_plain = |byte: &u8| matches!(byte, b'\r' | b'\n' | b' '..=b'~');
        assert!(for_engine.iter().all(is_plain));
    }
});
