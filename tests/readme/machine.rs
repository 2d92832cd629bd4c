//! What a machine says to the server.

use std::io::{Read, Write};
use std::net::TcpStream;

use omaha::protocol::request::App;
use omaha::protocol::{ErrorCode, EventResult, EventType, Request, Response};

use crate::server::{PATIENCE, Server};

#[derive(Clone, Copy)]
pub struct Machine {
    pub port: u16,
    pub version: &'static str,
}

impl Machine {
    /// A whole update, in the order of Flatcar's `update_engine`.
    pub fn update(self, server: &mut Server) {
        let response = self.ask();
        let check = response.apps[0].update_check.as_ref().unwrap();
        let codebase = format!("http://localhost:{}/packages/", self.port);
        assert_eq!(check.urls[0].codebase, codebase);
        let (payload, extensions) = check.manifests[0].packages.split_first().unwrap();

        self.report(EventType::UPDATE_DOWNLOAD_STARTED, EventResult::SUCCESS);
        let mut fetch = |package: &omaha::protocol::response::Package| {
            let content = self.get(&format!("/packages/{}", package.name), "");
            package.verify(&content[..]).unwrap();
            server.await_line(" finished: ");
        };
        fetch(payload);
        self.report(EventType::UPDATE_DOWNLOAD_FINISHED, EventResult::SUCCESS);
        extensions.iter().for_each(fetch);
        self.report(EventType::UPDATE_COMPLETE, EventResult::SUCCESS);
        server.await_line("update complete: success, it waits for its reboot");
    }

    /// Asks for an update.
    pub fn ask(self) -> Response {
        self.send(|app| {
            app.add_ping();
            app.add_update_check();
            let event = app.add_event(EventType::UPDATE_COMPLETE, EventResult::SUCCESS_REBOOT);
            event.previous_version = "0.0.0.0".into();
        })
    }

    pub fn report(self, event: EventType, result: EventResult) {
        self.send(|app| {
            app.add_event(event, result);
        });
    }

    pub fn report_failure(self, code: ErrorCode) {
        self.send(|app| {
            let event = app.add_event(EventType::UPDATE_COMPLETE, EventResult::ERROR);
            event.error_code = Some(code);
        });
    }

    pub fn send(self, fill: impl FnOnce(&mut App)) -> Response {
        let mut request = Request::new();
        let app = request.add_app("{e96281a6-d1af-4bde-9a0a-97b76e56dc57}", self.version);
        app.machine_id = "6b8c1e0d5f8a4c0fb2c4a1c8f6a0d3e2".to_owned();
        fill(app);
        let body = request.to_xml();
        let headers = format!("Content-Type: text/xml\r\nContent-Length: {}\r\n", body.len());
        let answer = self.http("POST /v1/update/", &headers, &body);
        Response::read(&answer[..]).unwrap()
    }

    pub fn get(self, path: &str, headers: &str) -> Vec<u8> {
        self.http(&format!("GET {path}"), headers, "")
    }

    /// The answer's body, whatever its status.
    fn http(self, line: &str, headers: &str, body: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = format!("localhost:{}", self.port);
        let request =
            format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n{body}");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        answer.split_off(head + 4)
    }
}
