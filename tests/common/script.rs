//! A server that does what a test says, for everything that a good one never does.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method and target.
    pub line: String,
    pub head: String,
    pub body: String,
}

impl Asked {
    pub fn is_post(&self) -> bool {
        self.line.starts_with("POST ")
    }

    /// Where the range that is asked for begins.
    pub fn range(&self) -> Option<usize> {
        let line = self.head.lines().find_map(|line| line.strip_prefix("range: bytes="))?;
        line.trim_end_matches('-').parse().ok()
    }
}

/// A server on a free port of 127.0.0.1. Its thread ends with the test process.
pub struct Scripted {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    /// Answers every request with the bytes that `answer` returns, and closes
    /// the connection.
    pub fn start(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, all) = (Arc::new(answer), Arc::clone(&asked));
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (answer, all) = (Arc::clone(&answer), Arc::clone(&all));
                // A client that gives up is what some tests are about.
                thread::spawn(move || drop(serve(socket.unwrap(), &*answer, &all)));
            }
        });
        Self { address, asked }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The requests that hold this text.
    pub fn asked_with(&self, text: &str) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.body.contains(text)).collect()
    }
}

fn serve(
    mut socket: TcpStream,
    answer: &(dyn Fn(&Asked) -> Vec<u8> + Send + Sync),
    all: &Mutex<Vec<Asked>>,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    socket.read_exact(&mut body)?;
    let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    let asked = Asked { line, head, body: String::from_utf8(body).unwrap() };
    all.lock().unwrap().push(asked.clone());
    socket.write_all(&answer(&asked))?;
    // So that what was written arrives, and is followed by an end.
    socket.shutdown(Shutdown::Write)?;
    socket.read_to_end(&mut Vec::new())?;
    Ok(())
}

/// An answer with its length.
pub fn answer(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        bytes.push_str(header);
        bytes.push_str("\r\n");
    }
    bytes.push_str("\r\n");
    let mut bytes = bytes.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// An Omaha document.
pub fn document(text: &str) -> Vec<u8> {
    answer("200 OK", &["Content-Type: text/xml; charset=utf-8"], text.as_bytes())
}
