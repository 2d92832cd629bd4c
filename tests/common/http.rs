//! A small HTTP client that sends exactly the bytes it is given, so that
//! odd requests can be sent, and that notices what a library would forgive.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use omaha::protocol::Response;
use omaha::protocol::response::{Manifest, UpdateCheck};

use super::PATIENCE;

/// A connection.
pub struct Client {
    stream: TcpStream,
    /// Received, but not yet asked for.
    ahead: Vec<u8>,
}

/// An answer with its whole body.
#[derive(Debug)]
pub struct Answer {
    pub head: Head,
    pub body: Vec<u8>,
}

/// The status line and the headers of an answer.
#[derive(Debug)]
pub struct Head {
    pub status: u16,
    pub headers: Vec<(String, String)>,
}

/// Writes a request with a `Host` and, for a body, its length.
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: update.test:8000\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    let mut request = (request + "\r\n").into_bytes();
    request.extend_from_slice(body);
    request
}

/// An update request as `update_engine` sends it.
pub fn update_request(document: &[u8]) -> Vec<u8> {
    request("POST", "/v1/update/", &[("Accept", "*/*"), ("Content-Type", "text/xml")], document)
}

/// Asks on a connection of its own, which the server is to close.
pub fn ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut client = Client::connect(address);
    client.send(request(method, target, &[headers, &[("Connection", "close")]].concat(), body));
    let answer = client.read_answer(method);
    client.expect_end();
    answer
}

/// Fetches something.
pub fn get(address: SocketAddr, target: &str, headers: &[(&str, &str)]) -> Answer {
    ask(address, "GET", target, headers, b"")
}

/// Sends an update request and reads the answer.
pub fn update(address: SocketAddr, document: &[u8]) -> Answer {
    ask(address, "POST", "/v1/update/", &[("Content-Type", "text/xml")], document)
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, ahead: Vec::new() }
    }

    /// A client whose system takes little ahead of it, so that a server that
    /// sends [`MORE_THAN_BUFFERS`](super::payload::MORE_THAN_BUFFERS) waits for
    /// it to read. (Less than some segments, of 64 KiB on the loopback
    /// interface, and the two would wait for each other's timers.)
    pub fn slow(address: SocketAddr) -> Self {
        let client = Self::connect(address);
        rustix::net::sockopt::set_socket_recv_buffer_size(&client.stream, 256 * 1024).unwrap();
        client
    }

    /// Breaks the connection, as a machine does that is switched off and on.
    pub fn reset(self) {
        rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO)).unwrap();
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends, where the server may already have refused to hear more.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Says that nothing more will be sent, and keeps reading.
    pub fn finish_sending(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Reads an answer to a request with this method.
    pub fn read_answer(&mut self, method: &str) -> Answer {
        let head = self.read_head();
        let has_body = method != "HEAD" && head.status != 304 && head.status >= 200;
        let body = if has_body { self.read(head.content_length()) } else { Vec::new() };
        Answer { head, body }
    }

    /// Reads up to the empty line.
    pub fn read_head(&mut self) -> Head {
        let end = loop {
            if let Some(end) = self.ahead.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            let ahead = String::from_utf8_lossy(&self.ahead).into_owned();
            assert!(
                self.read_more() > 0,
                "the connection ends in the head of an answer: {ahead:?}"
            );
        };
        let head: Vec<u8> = self.ahead.drain(..end + 4).collect();
        Head::parse(std::str::from_utf8(&head).unwrap())
    }

    /// Reads exactly so many bytes.
    pub fn read(&mut self, length: usize) -> Vec<u8> {
        while self.ahead.len() < length {
            let so_far = self.ahead.len();
            assert!(self.read_more() > 0, "the connection ends after {so_far} of {length} bytes");
        }
        self.ahead.drain(..length).collect()
    }

    /// Reads whatever comes until the server closes the connection, or breaks
    /// it.
    pub fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.ahead);
        match self.stream.read_to_end(&mut bytes) {
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => panic!("{error}"),
            _ => bytes,
        }
    }

    /// The server must have nothing more to say, and close the connection.
    pub fn expect_end(&mut self) {
        let rest = self.read_to_end();
        assert!(rest.is_empty(), "after the answer: {:?}", String::from_utf8_lossy(&rest));
    }

    fn read_more(&mut self) -> usize {
        let mut buffer = [0; 64 * 1024];
        let read = self.stream.read(&mut buffer).unwrap();
        self.ahead.extend_from_slice(&buffer[..read]);
        read
    }
}

impl Head {
    fn parse(text: &str) -> Self {
        let mut lines = text.trim_end_matches("\r\n").split("\r\n");
        let status_line = lines.next().unwrap();
        let mut words = status_line.splitn(3, ' ');
        assert_eq!(words.next(), Some("HTTP/1.1"), "{status_line}");
        let status = words.next().unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?}"));
            (name.to_ascii_lowercase(), value.to_owned())
        };
        Self { status, headers: lines.map(header).collect() }
    }

    /// The value of a header, which must not be there twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let name = name.to_ascii_lowercase();
        let mut values = self.headers.iter().filter(|header| header.0 == name);
        let value = values.next().map(|header| header.1.as_str());
        assert!(values.next().is_none(), "two headers {name} in {self:?}");
        value
    }

    /// The announced length; nothing else may frame a body.
    pub fn content_length(&self) -> usize {
        assert_eq!(self.header("Transfer-Encoding"), None, "{self:?}");
        let length = self.header("Content-Length");
        length.unwrap_or_else(|| panic!("no Content-Length in {self:?}")).parse().unwrap()
    }
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.status
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as the Omaha document that it must be.
    pub fn response(&self) -> Response {
        assert_eq!(self.header("Content-Type"), Some("text/xml; charset=utf-8"), "{self:?}");
        Response::read(&self.body[..]).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The answer to the update check of the only application.
    pub fn update_check(&self) -> UpdateCheck {
        assert_eq!(self.status(), 200, "{}", self.text());
        let mut apps = self.response().apps;
        assert_eq!(apps.len(), 1, "{}", self.text());
        apps.remove(0).update_check.unwrap()
    }

    /// The only manifest of the only application: an update was offered.
    pub fn manifest(&self) -> Manifest {
        let mut check = self.update_check();
        assert_eq!(check.manifests.len(), 1, "{}", self.text());
        check.manifests.remove(0)
    }

    /// The only place to fetch packages from.
    pub fn codebase(&self) -> String {
        let mut urls = self.update_check().urls;
        assert_eq!(urls.len(), 1, "{}", self.text());
        urls.remove(0).codebase
    }

    /// Whether an update is offered; it must be clearly so or clearly not.
    pub fn offers(&self) -> bool {
        use omaha::protocol::UpdateStatus;
        let check = self.update_check();
        match check.status {
            UpdateStatus::Ok => {
                assert_eq!((check.urls.len(), check.manifests.len()), (1, 1), "{}", self.text());
                true
            }
            UpdateStatus::NoUpdate => {
                assert_eq!((check.urls.len(), check.manifests.len()), (0, 0), "{}", self.text());
                false
            }
            status => panic!("the update check has status {status}"),
        }
    }

    /// A refusal: this status, and one line of text that says why.
    pub fn expect_refusal(&self, status: u16, why: &str) {
        assert_eq!(self.status(), status, "{self:?}");
        assert_eq!(self.header("Content-Type"), Some("text/plain; charset=utf-8"));
        let text = self.text();
        assert!(text.ends_with('\n') && text.lines().count() == 1, "{text:?}");
        assert!(text.contains(why), "{why:?} is not in {text:?}");
    }
}
