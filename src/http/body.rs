//! The body of a request, as it arrives.

use super::head::BodyLength;
use super::response::{Refusal, Status};

/// Longest body. Real ones have 600 to 1100 bytes; Nebraska has the same limit.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// Most bytes of a body in chunks, with everything around them. A body of the
/// greatest length in chunks of a byte each has 6 bytes for each.
const MAX_ENCODED: usize = 8 * MAX_BODY;

/// Longest line that announces a chunk, with its extensions.
const MAX_CHUNK_LINE: usize = 1024;

/// Most bytes of the trailer section, which is thrown away.
const MAX_TRAILERS: usize = 16 * 1024;

/// A body of which not everything may have come.
#[derive(Debug)]
pub(crate) enum Body {
    /// So many bytes.
    Known(usize),
    Chunked(Chunks),
}

impl Body {
    /// A body that is announced so.
    ///
    /// # Errors
    ///
    /// When it is longer than [`MAX_BODY`].
    pub fn new(length: BodyLength) -> Result<Self, Refusal> {
        match length {
            BodyLength::Chunked => Ok(Self::Chunked(Chunks::default())),
            BodyLength::Known(length) => match usize::try_from(length) {
                Ok(length) if length <= MAX_BODY => Ok(Self::Known(length)),
                _ => Err(too_large()),
            },
        }
    }

    /// Whether there is no body.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Known(0))
    }

    /// Takes what has come of the body from `unread`. All of it once it is
    /// complete, and what follows stays in `unread`.
    ///
    /// # Errors
    ///
    /// When it is malformed or too long.
    pub fn take(&mut self, unread: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Refusal> {
        match self {
            Self::Known(length) if unread.len() < *length => Ok(None),
            Self::Known(length) => {
                let rest = unread.split_off(*length);
                Ok(Some(std::mem::replace(unread, rest)))
            }
            Self::Chunked(chunks) => {
                let used = chunks.decode(unread)?;
                unread.drain(..used);
                Ok(chunks.is_complete().then(|| std::mem::take(&mut chunks.decoded)))
            }
        }
    }

    /// What is said when the client sends nothing more before its end.
    pub fn ends_early(&self) -> Refusal {
        Refusal::bad_request(match self {
            Self::Known(_) => "the body is shorter than its Content-Length",
            Self::Chunked(_) => "the body ends before its last chunk",
        })
    }
}

fn too_large() -> Refusal {
    let reason = format!("the body is longer than {MAX_BODY} bytes");
    Refusal::new(Status::ContentTooLarge, reason)
}

/// A body in chunks (RFC 9112, section 7.1), decoded as it arrives.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    decoded: Vec<u8>,
    /// Bytes taken in all.
    encoded: usize,
    /// Bytes of the trailer section.
    trailers: usize,
    next: Part,
}

/// What comes next in a body in chunks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    /// The line that announces a chunk.
    #[default]
    Size,
    /// So many bytes of a chunk.
    Data(usize),
    /// The line end behind a chunk.
    DataEnd,
    /// A line of the trailer section.
    Trailer,
    /// Nothing: the body is complete.
    Nothing,
}

impl Chunks {
    fn is_complete(&self) -> bool {
        self.next == Part::Nothing
    }

    /// Decodes what is there. How many bytes that took.
    fn decode(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let mut used = 0;
        while let Some(taken) = self.step(&bytes[used..])? {
            used += taken;
        }
        self.encoded += used;
        if self.encoded > MAX_ENCODED {
            return Err(too_large());
        }
        Ok(used)
    }

    /// Takes the next part. None when more bytes are needed, or none.
    fn step(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refusal> {
        match self.next {
            Part::Size => {
                let Some(line) = line(bytes, MAX_CHUNK_LINE)? else { return Ok(None) };
                let size = chunk_size(line)?;
                if size > MAX_BODY - self.decoded.len() {
                    return Err(too_large());
                }
                self.next = if size == 0 { Part::Trailer } else { Part::Data(size) };
                Ok(Some(line.len() + 2))
            }
            Part::Data(left) => {
                let taken = left.min(bytes.len());
                if taken == 0 {
                    return Ok(None);
                }
                self.decoded.extend_from_slice(&bytes[..taken]);
                self.next = if taken == left { Part::DataEnd } else { Part::Data(left - taken) };
                Ok(Some(taken))
            }
            Part::DataEnd => match line(bytes, 0)? {
                None => Ok(None),
                Some(_) => {
                    self.next = Part::Size;
                    Ok(Some(2))
                }
            },
            Part::Trailer => {
                let Some(line) = line(bytes, MAX_TRAILERS - self.trailers)? else {
                    return Ok(None);
                };
                self.trailers += line.len();
                if line.is_empty() {
                    self.next = Part::Nothing;
                }
                Ok(Some(line.len() + 2))
            }
            Part::Nothing => Ok(None),
        }
    }
}

fn malformed() -> Refusal {
    Refusal::bad_request("the chunks of the body are malformed")
}

/// The first line of at most this many bytes, without its end, once that is there.
fn line(bytes: &[u8], longest: usize) -> Result<Option<&[u8]>, Refusal> {
    let seen = &bytes[..bytes.len().min(longest + 2)];
    match seen.iter().position(|byte| *byte == b'\n') {
        Some(end) => match seen[..end].strip_suffix(b"\r") {
            Some(line) if !line.contains(&b'\r') => Ok(Some(line)),
            _ => Err(malformed()),
        },
        None if seen.len() == longest + 2 => Err(malformed()),
        None => Ok(None),
    }
}

/// Hexadecimal digits, and extensions, which are ignored.
fn chunk_size(line: &[u8]) -> Result<usize, Refusal> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(malformed());
    }
    let text = str::from_utf8(digits).unwrap_or_default();
    // One that overflows is too large as well.
    usize::from_str_radix(text, 16).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A body, and what follows on it.
    type Split = (Vec<u8>, Vec<u8>);

    /// Everything that becomes of a chunked body which comes in such pieces.
    fn decode(encoded: &[u8], step: usize) -> Result<Option<Split>, Refusal> {
        let (mut body, mut unread) = (Body::Chunked(Chunks::default()), Vec::new());
        let mut pieces = encoded.chunks(step);
        loop {
            if let Some(decoded) = body.take(&mut unread)? {
                unread.extend(pieces.flatten());
                return Ok(Some((decoded, unread)));
            }
            match pieces.next() {
                Some(piece) => unread.extend_from_slice(piece),
                None => return Ok(None),
            }
        }
    }

    #[test]
    fn chunks() {
        for (encoded, decoded, rest) in [
            ("5\r\nhello\r\n0\r\n\r\n", "hello", ""),
            ("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\nGET /", "hello!", "GET /"),
            ("005;name=value\r\nhello\r\n0;x\r\nTrailer: 1\r\nOther: 2\r\n\r\n", "hello", ""),
            ("A \r\n0123456789\r\n0\r\n\r\n", "0123456789", ""),
            ("0\r\n\r\n", "", ""),
        ] {
            let expected = Ok(Some((decoded.into(), rest.into())));
            for step in 1..encoded.len() {
                assert_eq!(decode(encoded.as_bytes(), step), expected, "{encoded:?} by {step}");
            }
        }
    }

    #[test]
    fn chunks_that_are_none() {
        for encoded in [
            "xyz\r\nhello\r\n0\r\n\r\n",
            "5\r\nhelloXX0\r\n\r\n",
            "-1\r\n\r\n",
            "+5\r\nhello\r\n0\r\n\r\n",
            "\r\n",
            "5\nhello\r\n0\r\n\r\n",
            "5\rx\r\nhello",
            "10000000000000000\r\n",
        ] {
            for step in 1..encoded.len() {
                assert_eq!(decode(encoded.as_bytes(), step), Err(malformed()), "{encoded:?}");
            }
        }
        let long = format!("5;{}", "x".repeat(MAX_CHUNK_LINE + 2));
        assert_eq!(decode(long.as_bytes(), 99), Err(malformed()));
        let long = format!("0\r\n{}", "X: y\r\n".repeat(MAX_TRAILERS));
        assert_eq!(decode(long.as_bytes(), 99), Err(malformed()));
    }

    #[test]
    fn limits() {
        let whole = |length: usize| {
            format!("{length:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(length)).into_bytes()
        };
        assert!(matches!(decode(&whole(MAX_BODY), 999), Ok(Some(_))));
        assert_eq!(decode(&whole(MAX_BODY + 1), 999), Err(too_large()));
        assert!(matches!(decode(&b"1\r\nx\r\n".repeat(MAX_BODY), 999), Ok(None)));
        assert_eq!(decode(&b"1\r\nx\r\n".repeat(MAX_BODY + 1), 999), Err(too_large()));
        let padded = format!("1;{}\r\nx\r\n", "y".repeat(900)).repeat(600);
        assert_eq!(decode(padded.as_bytes(), 999), Err(too_large()));
    }

    #[test]
    fn a_known_length() {
        let mut unread = b"helloGET /".to_vec();
        let mut body = Body::new(BodyLength::Known(5)).unwrap();
        assert_eq!(body.take(&mut unread), Ok(Some(b"hello".to_vec())));
        assert_eq!(unread, b"GET /");
        assert_eq!(Body::new(BodyLength::Known(9)).unwrap().take(&mut unread), Ok(None));
        assert!(Body::new(BodyLength::Known(u64::MAX)).is_err());
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(encoded in "([0-9a-f]{1,2}\r\n[a-c]{0,9}(\r\n)?){0,4}(0\r\n\r\n)?", step in 1usize..20) {
            prop_assert_eq!(decode(encoded.as_bytes(), step), decode(encoded.as_bytes(), usize::MAX));
        }
    }
}
