//! The head of a request: where it ends, and what it says about the body.
//!
//! Framing is decided here and nowhere else, strictly (RFC 9112): two programs
//! that disagree about where a request ends can be played off against each
//! other. What the engine gets to parse is written here too, from the fields
//! that have a meaning for this server; see [`RequestHead::for_engine`].

use super::response::{Refusal, Status};

use crate::number::saturating_decimal;

/// Longest head: request line and fields. Real ones have less than 1 KiB.
pub(crate) const MAX_HEAD: usize = 16 * 1024;

/// Most lines of a head.
const MAX_LINES: usize = 100;

/// A complete head.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RequestHead {
    /// The request line and the fields that this server knows, in a form that
    /// the engine takes: HTTP/1.1, one line for each field, printable ASCII.
    /// Nothing of it says that a body follows.
    pub for_engine: Vec<u8>,
    pub body: BodyLength,
    /// Whether the connection may be used again after the response (RFC 9112,
    /// section 9.3).
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
}

/// How the length of the body is announced (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyLength {
    /// So many bytes; 0 where the head says nothing.
    Known(u64),
    /// In chunks.
    Chunked,
}

/// How far the beginning of a request has been looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scan {
    position: usize,
    line_start: usize,
    lines: usize,
}

/// What a look at a head has come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Scanned {
    /// More bytes are needed.
    Partial,
    /// The head ends before this byte.
    Complete(usize),
    Refused(Refusal),
}

impl Scan {
    /// Goes on in a head of which these bytes, from its beginning, are known.
    /// Each byte is looked at once, however the head arrives in pieces.
    pub fn look(&mut self, bytes: &[u8]) -> Scanned {
        let mut before = self.position.checked_sub(1).map(|before| bytes[before]);
        while let Some(&byte) = bytes.get(self.position) {
            if self.position == MAX_HEAD {
                let reason = format!("the head of the request is longer than {MAX_HEAD} bytes");
                return Scanned::Refused(Refusal::new(Status::HeaderTooLarge, reason));
            }
            self.position += 1;
            match (before.replace(byte), byte) {
                (Some(b'\r'), b'\n') => {
                    let line = &bytes[self.line_start..self.position - 2];
                    if line.is_empty() && self.lines > 0 {
                        return Scanned::Complete(self.position);
                    }
                    if let Err(refusal) = self.check_line(line) {
                        return Scanned::Refused(refusal);
                    }
                    self.line_start = self.position;
                }
                (Some(b'\r'), _) | (_, b'\n') => {
                    return bad("a line of the request does not end in CR LF");
                }
                (None, 0x16) => {
                    return bad("this is TLS; write http:// instead of https:// in SERVER=");
                }
                (None, byte) if byte != b'\r' && !is_token_character(byte) => {
                    return Scanned::Refused(not_http());
                }
                (_, b'\r' | b'\t' | b' '..=b'~' | 0x80..) => {}
                _ => return bad("a control character in the head of the request"),
            }
        }
        Scanned::Partial
    }

    fn check_line(&mut self, line: &[u8]) -> Result<(), Refusal> {
        if line.is_empty() {
            // One empty line before a request is ignored (RFC 9112, section 2.2).
            if self.line_start > 0 {
                return Err(Refusal::bad_request(
                    "two empty lines before a request; if a proxy sends the PROXY protocol \
                     (version 2), switch that off",
                ));
            }
            return Ok(());
        }
        if self.lines == 0 {
            RequestLine::read(line)?;
        }
        self.lines += 1;
        if self.lines > MAX_LINES {
            let reason = format!("the head of the request has more than {MAX_LINES} lines");
            return Err(Refusal::new(Status::HeaderTooLarge, reason));
        }
        Ok(())
    }
}

fn bad(reason: &'static str) -> Scanned {
    Scanned::Refused(Refusal::bad_request(reason))
}

fn not_http() -> Refusal {
    Refusal::bad_request("this is not HTTP/1.1 or HTTP/1.0")
}

/// `METHOD TARGET HTTP/1.x`.
struct RequestLine<'a> {
    method: &'a [u8],
    target: &'a [u8],
    is_http_1_0: bool,
}

impl<'a> RequestLine<'a> {
    fn read(line: &'a [u8]) -> Result<Self, Refusal> {
        if line.starts_with(b"PROXY ") {
            return Err(Refusal::bad_request(
                "this is the PROXY protocol (version 1), which is not supported; switch it off in \
                 the proxy",
            ));
        }
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(not_http());
        };
        let is_http_1_0 = match version {
            b"HTTP/1.0" => true,
            b"HTTP/1.1" => false,
            _ => return Err(not_http()),
        };
        if !is_token(method) || target.is_empty() {
            return Err(not_http());
        }
        if !target.iter().all(u8::is_ascii_graphic) {
            return Err(Refusal::bad_request(
                "the request target holds a character that must be percent-encoded",
            ));
        }
        Ok(Self { method, target, is_http_1_0 })
    }
}

/// Method and target of the request that begins so, for the operator. Empty
/// where they cannot be read.
pub(crate) fn method_and_target(bytes: &[u8]) -> &str {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let mut lines = lines.filter_map(|line| line.strip_suffix(b"\r\n"));
    let Some(line) = lines.find(|line| !line.is_empty()) else { return "" };
    match RequestLine::read(line) {
        Ok(read) => {
            let length = read.method.len() + 1 + read.target.len();
            str::from_utf8(&line[..length]).unwrap_or_default()
        }
        Err(_) => "",
    }
}

/// The fields that the handler asks the engine for.
const KNOWN: [&[u8]; 8] = [
    b"Host",
    b"Content-Type",
    b"Range",
    b"If-Match",
    b"If-None-Match",
    b"If-Modified-Since",
    b"If-Unmodified-Since",
    b"If-Range",
];

/// What the fields of a head say about its framing.
#[derive(Default)]
struct Fields<'a> {
    host: Option<&'a [u8]>,
    content_length: Option<&'a [u8]>,
    transfer_encoding: Option<&'a [u8]>,
    /// Several lines of one of these are one list (RFC 9110, section 5.3).
    connection: Vec<&'a [u8]>,
    expect: Vec<&'a [u8]>,
    known: Vec<(&'static [u8], &'a [u8])>,
}

impl<'a> Fields<'a> {
    fn add(&mut self, line: &'a [u8]) -> Result<(), Refusal> {
        let malformed = Refusal::bad_request("malformed header name");
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return Err(malformed);
        };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        // A folded line (RFC 9112, section 5.2) or a space before the colon
        // (section 5.1) has no name either.
        if !is_token(name) {
            return Err(malformed);
        }
        let value = value.trim_ascii();
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        let once = match name.len() {
            14 if is(b"Content-Length") => &mut self.content_length,
            17 if is(b"Transfer-Encoding") => &mut self.transfer_encoding,
            10 if is(b"Connection") => {
                self.connection.push(value);
                return Ok(());
            }
            6 if is(b"Expect") => {
                self.expect.push(value);
                return Ok(());
            }
            length => {
                let known = KNOWN.iter().find(|known| known.len() == length && is(known));
                let Some(known) = known else { return Ok(()) };
                self.known.push((known, value));
                if *known != b"Host" {
                    return Ok(());
                }
                &mut self.host
            }
        };
        if once.replace(value).is_some() {
            return Err(Refusal::bad_request(
                "duplicate Host, Content-Length or Transfer-Encoding",
            ));
        }
        Ok(())
    }

    fn body_length(&self, is_http_1_0: bool) -> Result<BodyLength, Refusal> {
        match (self.content_length, self.transfer_encoding) {
            (None, None) => Ok(BodyLength::Known(0)),
            (Some(length), None) => content_length(length).map(BodyLength::Known),
            (None, Some(_)) if is_http_1_0 => {
                Err(Refusal::bad_request("HTTP/1.0 has no Transfer-Encoding"))
            }
            (None, Some(codings)) => check_codings(codings).map(|()| BodyLength::Chunked),
            (Some(_), Some(_)) => {
                Err(Refusal::bad_request("both Content-Length and Transfer-Encoding"))
            }
        }
    }
}

impl RequestHead {
    /// Reads a head that [`Scan`] has found to be complete.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and the status that says so.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut lines =
            bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
        let request_line = RequestLine::read(line)?;
        let mut fields = Fields::default();
        for line in lines.take_while(|line| !line.is_empty()) {
            fields.add(line)?;
        }
        let is_http_1_0 = request_line.is_http_1_0;
        Ok(Self {
            for_engine: for_engine(&request_line, &fields.known),
            body: fields.body_length(is_http_1_0)?,
            keep_alive: keeps_alive(&fields.connection, is_http_1_0),
            // An HTTP/1.0 client does not wait for it (RFC 9110, section 10.1.1).
            expects_continue: !is_http_1_0 && expects_continue(&fields.expect)?,
        })
    }
}

/// One that is too large to be true is still a number.
fn content_length(value: &[u8]) -> Result<u64, Refusal> {
    let length = str::from_utf8(value).ok().and_then(saturating_decimal);
    length.ok_or_else(|| Refusal::bad_request("the Content-Length is not a number"))
}

/// The elements of a list in a field's value.
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
}

/// Only `chunked` is implemented, in whatever case it is written (RFC 9112,
/// section 7).
fn check_codings(value: &[u8]) -> Result<(), Refusal> {
    let is_chunked = |coding: &&[u8]| coding.eq_ignore_ascii_case(b"chunked");
    let codings = elements(value);
    if let Some(coding) = codings.clone().find(|coding| !is_chunked(coding)) {
        // If chunked is there and not last, the end of the body is unknown.
        if codings.clone().any(|coding| is_chunked(&coding))
            && !codings.last().is_some_and(|coding| is_chunked(&coding))
        {
            return Err(Refusal::bad_request("chunked must be the last transfer coding"));
        }
        let coding = coding.escape_ascii();
        let reason =
            format!("the transfer coding \"{coding}\" is not implemented; only chunked is");
        return Err(Refusal::new(Status::NotImplemented, reason));
    }
    match codings.count() {
        1 => Ok(()),
        0 => Err(Refusal::bad_request("the Transfer-Encoding is empty")),
        _ => Err(Refusal::bad_request("chunked more than once")),
    }
}

fn expects_continue(expectations: &[&[u8]]) -> Result<bool, Refusal> {
    let mut expects = false;
    for expectation in expectations.iter().flat_map(|value| elements(value)) {
        if !expectation.eq_ignore_ascii_case(b"100-continue") {
            let expectation = expectation.escape_ascii();
            let reason = format!("the expectation \"{expectation}\" cannot be met");
            return Err(Refusal::new(Status::ExpectationFailed, reason));
        }
        expects = true;
    }
    Ok(expects)
}

fn keeps_alive(connection: &[&[u8]], is_http_1_0: bool) -> bool {
    let has = |option: &[u8]| {
        let mut options = connection.iter().flat_map(|value| elements(value));
        options.any(|found| found.eq_ignore_ascii_case(option))
    };
    // There is nothing to upgrade to. A client that asked for it may go on in
    // the other protocol all the same.
    let ends = has(b"close") || has(b"upgrade");
    !ends && (!is_http_1_0 || has(b"keep-alive"))
}

/// The engine refuses what is legal in fields of no interest (octets from 0x80,
/// tabs, some characters of names), and takes the first of several lines for
/// the only one. So it gets the known fields alone, each on one line, with a
/// space for a tab and a question mark for an octet that is not ASCII: no value
/// that this server takes has any of these.
fn for_engine(line: &RequestLine<'_>, known: &[(&'static [u8], &[u8])]) -> Vec<u8> {
    let mut head = Vec::with_capacity(256);
    head.extend_from_slice(line.method);
    head.push(b' ');
    head.extend_from_slice(line.target);
    head.extend_from_slice(b" HTTP/1.1\r\n");
    for (position, (name, value)) in known.iter().enumerate() {
        if known[..position].iter().any(|(earlier, _)| earlier == name) {
            continue;
        }
        head.extend_from_slice(name);
        head.extend_from_slice(b": ");
        extend_printable(&mut head, value);
        for (_, more) in known[position + 1..].iter().filter(|(later, _)| later == name) {
            head.extend_from_slice(b", ");
            extend_printable(&mut head, more);
        }
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn extend_printable(head: &mut Vec<u8>, value: &[u8]) {
    head.extend(value.iter().map(|byte| match byte {
        b'\t' => b' ',
        b' '..=b'~' => *byte,
        _ => b'?',
    }));
}

fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| is_token_character(*byte))
}

/// RFC 9110, section 5.6.2.
fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests;
