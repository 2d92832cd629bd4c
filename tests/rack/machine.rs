//! A machine that is simulated: it has an address of its own, and speaks as
//! `update_engine` does.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};

use omaha::protocol::request::App;
use omaha::protocol::{ErrorCode, EventResult, EventType, Request, Response, UpdateStatus};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use crate::common::PATIENCE;
use crate::common::http::{request, update_request};

/// The version that machines have at first.
pub const OLD: &str = "4081.2.0";

#[derive(Clone, Debug)]
pub struct Machine {
    pub name: String,
    pub id: String,
    pub address: Ipv4Addr,
    pub version: String,
    pub board: String,
    pub oem: String,
}

impl Machine {
    /// The machine with this number, at 127.0.1.NUMBER.
    pub fn new(number: u8) -> Self {
        Self {
            name: format!("node-{number:02}"),
            id: format!("{number:032x}"),
            address: Ipv4Addr::new(127, 0, 1, number),
            version: OLD.to_owned(),
            board: "amd64-usr".to_owned(),
            oem: String::new(),
        }
    }

    pub fn with_version(self, version: &str) -> Self {
        Self { version: version.to_owned(), ..self }
    }

    pub fn connect(&self, server: SocketAddr) -> TcpStream {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&socket, &SocketAddrV4::new(self.address, 0)).unwrap();
        connect(&socket, &server).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn send(&self, server: SocketAddr, fill: impl FnOnce(&mut App)) -> Response {
        let mut document = Request::new();
        let app = document.add_app("{e96281a6-d1af-4bde-9a0a-97b76e56dc57}", &*self.version);
        app.machine_id.clone_from(&self.id);
        app.machine_alias.clone_from(&self.name);
        app.board.clone_from(&self.board);
        app.oem.clone_from(&self.oem);
        app.track = "stable".to_owned();
        fill(app);
        let mut stream = self.connect(server);
        stream.write_all(&update_request(document.to_xml().as_bytes())).unwrap();
        let body = read_answer(&mut stream);
        Response::read(&body[..]).unwrap()
    }

    /// Asks for an update: whether it is offered.
    pub fn check(&self, server: SocketAddr) -> bool {
        let response = self.send(server, |app| {
            app.add_ping();
            app.add_update_check();
            app.add_event(EventType::UPDATE_COMPLETE, EventResult::SUCCESS_REBOOT);
        });
        response.apps[0].update_check.as_ref().unwrap().status == UpdateStatus::Ok
    }

    /// Asks, and says that an earlier update was rolled back.
    pub fn check_after_rollback(&self, server: SocketAddr) {
        self.send(server, |app| {
            app.add_update_check();
            let event = app.add_event(EventType::UPDATE_COMPLETE, EventResult::ERROR);
            event.error_code = Some(ErrorCode::ROLLBACK);
        });
    }

    pub fn report(&self, server: SocketAddr, kind: EventType) {
        self.send(server, |app| {
            app.add_event(kind, EventResult::SUCCESS);
        });
    }

    pub fn fail(&self, server: SocketAddr, code: ErrorCode) {
        self.send(server, |app| {
            let event = app.add_event(EventType::UPDATE_COMPLETE, EventResult::ERROR);
            event.error_code = Some(code);
        });
    }

    /// Fetches the payload.
    pub fn download(&self, server: SocketAddr) {
        let mut stream = self.connect(server);
        stream.write_all(&request("GET", "/packages/update.gz", &[], b"")).unwrap();
        read_answer(&mut stream);
    }

    /// Begins to fetch the payload, and reads only the head of the answer.
    pub fn begin_download(&self, server: SocketAddr) -> TcpStream {
        let mut stream = self.connect(server);
        stream.write_all(&request("GET", "/packages/update.gz", &[], b"")).unwrap();
        let mut head = [0; 15];
        stream.read_exact(&mut head).unwrap();
        assert!(head.starts_with(b"HTTP/1.1 200"));
        stream
    }

    /// From the check to the payload that is there and verified.
    pub fn fetch(&self, server: SocketAddr) {
        assert!(self.check(server), "{self:?}");
        self.report(server, EventType::UPDATE_DOWNLOAD_STARTED);
        self.download(server);
        self.report(server, EventType::UPDATE_DOWNLOAD_FINISHED);
    }

    /// From the check to the report that it waits for its reboot.
    pub fn install(&self, server: SocketAddr) {
        self.fetch(server);
        self.report(server, EventType::UPDATE_COMPLETE);
    }
}

/// The body of an answer with the status 200.
fn read_answer(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let length = head.split("Content-Length: ").nth(1).unwrap();
    let mut body = vec![0; length.split('\r').next().unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    body
}
