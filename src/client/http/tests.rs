use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::HttpTransport;
use crate::client::{HttpAnswer, HttpRequest, HttpUrl, Transport, TransportError};

/// A server for one connection, and what it was sent.
fn serve(talk: impl FnOnce(&mut TcpStream) + Send + 'static) -> (HttpUrl, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/path?query", listener.local_addr().unwrap()).parse().unwrap();
    let (requests, received) = channel();
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.windows(4).any(|window| window == b"\r\n\r\n") {
            let mut byte = [0];
            socket.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        let text = String::from_utf8(request).unwrap();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        socket.read_exact(&mut body).unwrap();
        let _ = requests.send(text + &String::from_utf8(body).unwrap());
        talk(&mut socket);
        // So that the client sees all that was written.
        let _ = socket.shutdown(Shutdown::Write);
        let _ = socket.read(&mut [0]);
    });
    (url, received)
}

fn send(url: &HttpUrl, body: Option<&[u8]>) -> Result<HttpAnswer, TransportError> {
    let headers = &[("range", "bytes=3-")];
    let request = body.map_or_else(|| HttpRequest::get(url), |body| HttpRequest::post(url, body));
    HttpTransport::new().send(&request.with_headers(headers))
}

/// The body of an answer that is written as it is.
fn body(bytes: &'static [u8]) -> io::Result<Vec<u8>> {
    let (url, _) = serve(move |socket| socket.write_all(bytes).unwrap());
    let mut body = Vec::new();
    send(&url, None).unwrap().body.read_to_end(&mut body).map(|_| body)
}

#[test]
fn a_request_has_what_it_needs() {
    let (url, received) = serve(|socket| {
        socket.write_all(b"HTTP/1.1 201 Fine\r\nETag: \"x\"\r\nX: \xFF\r\n\r\n").unwrap();
    });
    let answer = send(&url, Some(b"hello")).unwrap();
    assert_eq!(
        (answer.status, answer.header("etag"), answer.header("x")),
        (201, Some("\"x\""), Some("\u{fffd}"))
    );
    let request = received.recv().unwrap();
    assert!(request.starts_with("POST /path?query HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\nhello"), "{request}");
    for header in ["accept: */*", "connection: close", "content-length: 5", "range: bytes=3-"] {
        assert!(request.contains(&format!("\r\n{header}\r\n")), "{request}");
    }
    assert!(request.contains(&format!("\r\nhost: 127.0.0.1:{}\r\n", url.port())), "{request}");
}

#[test]
fn a_get_has_no_body() {
    let (url, received) = serve(|socket| {
        socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    });
    send(&url, None).unwrap();
    let request = received.recv().unwrap();
    assert!(request.starts_with("GET /path?query HTTP/1.1\r\n"), "{request}");
    assert!(!request.contains("content-length"), "{request}");
}

#[test]
fn bodies_end_where_they_should() {
    for (answer, expected) in [
        (&b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more"[..], "hello"),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", "to the end"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "hello"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
        (b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok"),
    ] {
        assert_eq!(body(answer).unwrap(), expected.as_bytes(), "{}", answer.escape_ascii());
    }
}

#[test]
fn bodies_that_were_cut_are_told_from_whole_ones() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        let error = body(answer).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{}", answer.escape_ascii());
    }
    let noise = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello";
    assert_eq!(body(noise).unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[test]
fn what_is_not_http_is_said() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(70_000));
    for answer in [&b"SSH-2.0-OpenSSH_9.2\r\n"[..], b"HTTP/1.1 2x0 OK\r\n\r\n", long.as_bytes()] {
        let answer = answer.to_owned();
        let (url, _) = serve(move |socket| drop(socket.write_all(&answer)));
        let error = send(&url, None).unwrap_err();
        assert!(matches!(error, TransportError::Protocol(_)), "{error}");
        assert!(!error.is_temporary());
    }
    for answer in [&b""[..], b"HTTP/1.1 200 OK\r\nX: y\r\n"] {
        let (url, _) = serve(move |socket| socket.write_all(answer).unwrap());
        let error = send(&url, None).unwrap_err();
        assert!(matches!(error, TransportError::Closed), "{error}");
    }
}

#[test]
fn what_stands_still_is_given_up() {
    // The server waits for the client to give up: it reads until the end.
    let wait = |socket: &mut TcpStream| drop(socket.read_to_end(&mut Vec::new()));
    let impatient = HttpTransport::new().with_idle_timeout(Duration::from_millis(50));
    let (url, _) = serve(wait);
    let error = impatient.send(&HttpRequest::get(&url)).unwrap_err();
    assert_eq!(error.to_string(), "gave up waiting for the answer after 0.1 s");
    assert!(error.is_temporary());

    let (url, _) = serve(wait);
    let request = HttpRequest::get(&url).with_timeout(Duration::from_millis(60));
    let error = HttpTransport::new().send(&request).unwrap_err();
    assert!(matches!(error, TransportError::Timeout { .. }), "{error}");

    let (url, _) = serve(move |socket| {
        socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe").unwrap();
        wait(socket);
    });
    let request = HttpRequest::get(&url);
    let mut body = impatient.send(&request).unwrap().body;
    let error = body.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[test]
fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let error = send(&url, None).unwrap_err();
    assert!(matches!(error, TransportError::Connect { .. }), "{error}");
    assert!(error.to_string().contains("127.0.0.1:"), "{error}");
    assert!(error.is_temporary());
}

#[cfg(not(feature = "tls"))]
#[test]
fn https_is_refused_with_a_reason() {
    let error = send(&"https://127.0.0.1:1/".parse().unwrap(), None).unwrap_err();
    assert!(error.to_string().contains("built without TLS"), "{error}");
    assert!(!error.is_temporary());
}

#[cfg(feature = "tls")]
#[test]
fn a_server_without_tls_is_not_trusted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.write_all(b"HTTP/1.1 400 This is plain HTTP\r\n\r\n").unwrap();
        let _ = socket.read_to_end(&mut Vec::new());
    });
    let error = send(&url, None).unwrap_err();
    assert!(matches!(error, TransportError::Tls(_)), "{error}");
}

#[test]
fn headers_that_would_break_the_request_are_refused() {
    let url = "http://127.0.0.1:1/".parse().unwrap();
    let headers = &[("if-range", "a\r\nX: y")];
    let request = HttpRequest::get(&url).with_headers(headers);
    let error = HttpTransport::new().send(&request).unwrap_err();
    assert!(matches!(error, TransportError::Request(_)), "{error}");
}

#[test]
fn folded_headers_are_unfolded() {
    for head in [
        "HTTP/1.1 200 OK\r\nX: a,\r\n b,\r\n\tc\r\nContent-Length: 5\r\n\r\n\r\n he",
        "HTTP/1.1 200 OK\nX: a,\n b,\n\tc\nContent-Length: 5\n\n\r\n he",
        "HTTP/1.1 103 Hints\r\nY: z\r\n z\r\n\r\nHTTP/1.1 200 OK\r\nX: a,\r\n b,\r\n\tc\r\n\
         Content-Length: 5\r\n\r\n\r\n he",
    ] {
        let (url, _) = serve(move |socket| {
            // Whatever the pieces are in which it comes.
            for byte in head.as_bytes() {
                socket.write_all(&[*byte]).unwrap();
            }
        });
        let mut answer = send(&url, None).unwrap();
        let words: Vec<_> = answer.header("x").unwrap().split_whitespace().collect();
        assert_eq!(words, ["a,", "b,", "c"], "{head}");
        let mut body = String::new();
        answer.body.read_to_string(&mut body).unwrap();
        assert_eq!(body, "\r\n he", "{head}");
    }
}

#[test]
fn a_user_in_the_url_is_sent_as_libcurl_does() {
    for (user, expected) in
        [("me:p%40ss%zz", "bWU6cEBzcyV6eg=="), ("me", "bWU6"), ("a:b:c", "YTpiOmM=")]
    {
        let (url, received) =
            serve(|socket| drop(socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")));
        let url: HttpUrl = url.as_str().replace("://", &format!("://{user}@")).parse().unwrap();
        send(&url, None).unwrap();
        let request = received.recv().unwrap();
        let header = format!("\r\nauthorization: Basic {expected}\r\n");
        assert!(request.starts_with("GET /path?query HTTP/1.1\r\n"), "{request}");
        assert!(request.contains(&header), "{request}");
        assert!(request.contains(&format!("\r\nhost: {}\r\n", url.authority())), "{request}");
    }
}
