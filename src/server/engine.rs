//! The HTTP engine, which parses every request and never meets a client.
//!
//! `tiny_http` reads from a connection, waits for what has not come, and reads
//! what it does not need. So it gets a connection inside the process, on which
//! there is never anything but whole heads that [`head`](crate::http::head) has
//! framed: it waits for nothing, and there is nothing to read ahead. What it
//! would write is thrown away.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tiny_http::Request;

/// The engine, with a connection to it.
pub(super) struct Engine {
    connection: UnixStream,
    requests: Requests,
}

/// The engine's side of the connection. Its own error type has no name.
type Requests = Box<dyn Iterator<Item = Result<Request, String>> + Send>;

impl Engine {
    /// An engine that has not parsed anything yet.
    ///
    /// # Errors
    ///
    /// When no connection inside the process can be had.
    pub fn new() -> io::Result<Self> {
        // The engine's public face accepts connections of a listener, and takes
        // none that exists: so for a moment there is a listener, in the abstract
        // namespace, under a random name.
        let name = format!("serve-package-{:016x}{:016x}", random(), random());
        let address = SocketAddr::from_abstract_name(name)?;
        let listener = UnixListener::bind_addr(&address)?;
        let connection = UnixStream::connect_addr(&address)?;
        let plain = tiny_http::SslContextWrap::build_ssl_capabilities(None)
            .map_err(|error| io::Error::other(error.to_string()))?;
        let listener = tiny_http::Listener::from(listener);
        let accepted = tiny_http::Server::accept_connection(&listener, &plain)?;
        drop(listener);
        // If another process's connection was accepted, ours was still queued, and
        // was closed together with the listener.
        let mut events = [PollFd::new(&connection, PollFlags::IN)];
        poll(&mut events, Some(&Timespec::default()))?;
        let accepted = accepted.filter(|_| events[0].revents().is_empty());
        let requests = accepted
            .ok_or_else(|| io::Error::other("another process took the connection to the engine"))?;
        let requests = requests.map(|request| request.map_err(|error| error.to_string()));
        Ok(Self { connection, requests: Box::new(requests) })
    }

    /// Parses the head of a request in the form that
    /// [`RequestHead::for_engine`](crate::http::head::RequestHead::for_engine) has.
    ///
    /// # Errors
    ///
    /// When the engine does not take it, which is a fault of this program, or
    /// its connection is broken.
    pub fn parse(&mut self, head: &[u8]) -> io::Result<Request> {
        let parsed = match self.connection.write_all(head) {
            Ok(()) => self.requests.next().unwrap_or_else(|| Err("it has ended".to_owned())),
            Err(error) => Err(error.to_string()),
        };
        parsed.map_err(|error| {
            // After a refusal it parses nothing more. If there is no other
            // engine, the next request is refused as well, and tries again.
            if let Ok(engine) = Self::new() {
                *self = engine;
            }
            io::Error::other(error)
        })
    }
}

/// A random number that cannot be guessed.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::head::{MAX_HEAD, RequestHead, Scan, Scanned};
    use proptest::prelude::*;

    #[test]
    fn requests_one_after_another() {
        let mut engine = Engine::new().unwrap();
        for number in 0..100 {
            let head = format!("BREW /{number} HTTP/1.1\r\nHost: a\r\n\r\n");
            let request = engine.parse(head.as_bytes()).unwrap();
            assert_eq!(request.url(), format!("/{number}"));
            assert_eq!(request.method().as_str(), "BREW");
            assert_eq!(request.headers().get("host").unwrap().as_str(), "a");
            drop(request.into_writer());
        }
    }

    #[test]
    fn it_goes_on_after_a_refusal() {
        let mut engine = Engine::new().unwrap();
        assert!(engine.parse(b"GET\r\n\r\n").is_err());
        drop(engine.parse(b"GET / HTTP/1.1\r\n\r\n").unwrap().into_writer());
    }

    #[test]
    fn the_longest_head_fits() {
        let mut engine = Engine::new().unwrap();
        let head = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(MAX_HEAD));
        assert_eq!(engine.parse(head.as_bytes()).unwrap().url().len(), MAX_HEAD + 1);
    }

    proptest! {
        /// What is framed is taken, whatever the client's bytes are.
        #[test]
        fn every_head_is_taken(
            method in "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,9}",
            target in "[!-~]{1,20}",
            fields in proptest::collection::vec(
                "(Host|Range|If-Match|if-range|[a-z!.*]{1,5}):[ \t]{0,2}[ -~\t\u{80}-\u{fff}]{0,20}", 0..4
            ),
        ) {
            let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
            let bytes = format!("{method} {target} HTTP/1.1\r\n{fields}\r\n").into_bytes();
            prop_assert_eq!(Scan::default().look(&bytes), Scanned::Complete(bytes.len()));
            if let Ok(head) = RequestHead::read(&bytes) {
                let request = Engine::new().unwrap().parse(&head.for_engine).unwrap();
                prop_assert_eq!(request.url(), target);
                prop_assert_eq!(request.method().as_str(), method);
            }
        }
    }
}
