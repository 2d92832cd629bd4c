//! The body of an answer.

use std::io::{self, Read};

use ureq_proto::BodyMode;
use ureq_proto::client::Call;
use ureq_proto::client::state::RecvBody;

use super::wire::Wire;

/// Reads a body up to the end that its head announced.
pub struct Body {
    wire: Wire,
    call: Call<RecvBody>,
    /// The end of the connection is the end of the body.
    ends_with_connection: bool,
}

impl Body {
    pub fn new(wire: Wire, call: Call<RecvBody>) -> Self {
        let ends_with_connection = call.body_mode() == BodyMode::CloseDelimited;
        Self { wire, call, ends_with_connection }
    }
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            let (used, length) = self
                .call
                .read(self.wire.received(), into)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            self.wire.consume(used);
            if length > 0 {
                return Ok(length);
            }
            if !self.ends_with_connection && self.call.can_proceed() {
                return Ok(0);
            }
            // A part of a chunk's frame may have been used up.
            if used == 0 && !self.wire.read()? {
                if self.ends_with_connection || self.call.is_ended_chunked() {
                    return Ok(0);
                }
                let reason = "the connection was closed before the end";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason));
            }
        }
    }
}
