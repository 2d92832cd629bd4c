//! Each request of a machine is answered by another server, as behind a load
//! balancer.

use std::io::{self, Read};
use std::sync::Mutex;
use std::time::Duration;

use omaha::Digests;
use omaha::client::{
    Download, HttpAnswer, HttpRequest, HttpTransport, HttpUrl, Progress, Retry, Transport,
    TransportError,
};
use omaha::protocol::response::Package;
use omaha::protocol::{ErrorCode, EventType};
use rustix::process::Signal;

use crate::common::dated::{PACKAGE, etag_of};
use crate::common::fixture;
use crate::common::http::{Client, ask, get, request, update};
use crate::common::payload::{Directory, MORE_THAN_BUFFERS, bytes};
use crate::common::server::Server;
use crate::machine::Machine;
use crate::servers;

const SIZE: usize = 1_000_003;

/// All that an answer says of the update is the same, byte by byte: where the
/// machine is sent, for what, and with which digests.
#[test]
fn every_server_gives_the_same_answer() {
    let directory = Directory::new();
    let servers = servers(&directory, &bytes(SIZE), 3, &[]);
    for request in ["check-older", "check-equal"] {
        // The seconds of the day, and no more, may be others.
        let answer = |server: &Server| {
            let mut response = update(server.address(), &fixture(request)).response();
            response.day_start = None;
            response.to_xml()
        };
        let answers: Vec<_> = servers.iter().map(answer).collect();
        // With the same `Host`, which a balancer passes on.
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    }
}

/// Where a machine fetches one range after the other, each from another server,
/// the parts fit together and none is refused.
#[test]
fn ranges_of_several_servers_fit_together() {
    let directory = Directory::new();
    let content = bytes(SIZE);
    let servers = servers(&directory, &content, 3, &[]);
    let etag = etag_of(&content);
    for server in &servers {
        let head = ask(server.address(), "HEAD", PACKAGE, &[], b"");
        assert_eq!((head.status(), head.header("ETag")), (200, Some(&*etag)));
        assert_eq!(head.header("Content-Length"), Some("1000003"));
        let same = get(server.address(), PACKAGE, &[("If-None-Match", &etag)]);
        assert_eq!(same.status(), 304);
    }
    let mut fetched = Vec::new();
    for (number, part) in content.chunks(123_457).enumerate() {
        let server = &servers[number % servers.len()];
        let (first, last) = (fetched.len(), fetched.len() + part.len() - 1);
        let range = format!("bytes={first}-{last}");
        let headers = [("Range", &*range), ("If-Range", &*etag)];
        // `update_engine` sends no `If-Range`, other clients do.
        let headers = if number % 2 == 0 { &headers[..] } else { &headers[..1] };
        let answer = get(server.address(), PACKAGE, headers);
        assert_eq!((answer.status(), answer.header("ETag")), (206, Some(&*etag)));
        let expected = format!("bytes {first}-{last}/{SIZE}");
        assert_eq!(answer.header("Content-Range"), Some(&*expected));
        fetched.extend(answer.body);
    }
    assert!(fetched == content);
}

/// Where a server has another file under the name, no parts of both are mixed:
/// a client that asks with the tag gets the whole other file, and notices.
#[test]
fn a_server_with_another_file_is_noticed() {
    let directory = Directory::new();
    let [right, wrong] = [bytes(SIZE), vec![7; SIZE]];
    let one = servers(&directory, &right, 1, &[]);
    let other = {
        let path = directory.write("other.gz", &wrong);
        Server::of_file(path)
    };
    let etag = etag_of(&right);
    let headers = [("Range", "bytes=500000-"), ("If-Range", &*etag)];
    assert_eq!(get(one[0].address(), PACKAGE, &headers).status(), 206);
    let answer = get(other.address(), PACKAGE, &headers);
    assert_eq!((answer.status(), answer.body.len()), (200, SIZE));
    assert_ne!(answer.header("ETag"), Some(&*etag));
    // Dates are another matter: copies that are not made with their times
    // (`cp -p`, `rsync -t`) have others, and the whole file comes again.
    let date = get(one[0].address(), PACKAGE, &[]).header("Last-Modified").unwrap().to_owned();
    let headers = [("Range", "bytes=500000-"), ("If-Range", &*date)];
    assert_eq!(get(one[0].address(), PACKAGE, &headers).status(), 206);
    assert_eq!(get(other.address(), PACKAGE, &headers).status(), 200);
}

/// From the check to the new version, with a server for each thing that it
/// says.
#[test]
fn an_update_over_three_servers() {
    let directory = Directory::new();
    let servers = servers(&directory, &bytes(SIZE), 3, &[]);
    let at = |number: usize| servers[number % servers.len()].address();
    let machine = Machine::new(1);
    assert!(machine.check(at(0)));
    machine.report(at(1), EventType::UPDATE_DOWNLOAD_STARTED);
    machine.download(at(2));
    machine.report(at(0), EventType::UPDATE_DOWNLOAD_FINISHED);
    machine.fail(at(1), ErrorCode::POSTINSTALL_RUNNER_ERROR);
    assert!(machine.check(at(2)), "a failure that another server was told of");
    machine.report(at(0), EventType::UPDATE_COMPLETE);
    assert!(!machine.with_version(crate::common::OFFERED).check(at(1)));
}

/// A server is killed while it sends: what it had not sent comes from another.
#[test]
fn a_download_goes_on_at_another_server() {
    let directory = Directory::new();
    let content = bytes(MORE_THAN_BUFFERS);
    let mut servers = servers(&directory, &content, 2, &[]);
    let dying = servers.remove(0);
    let mut client = Client::slow(dying.address());
    client.send(request("GET", PACKAGE, &[], b""));
    assert_eq!(client.read_head().status, 200);
    let mut fetched = client.read(1_000_000);
    dying.signal(Signal::KILL);
    dying.wait();
    fetched.extend(client.read_to_end());
    assert!(fetched.len() < content.len());
    let range = format!("bytes={}-", fetched.len());
    let answer = get(servers[0].address(), PACKAGE, &[("Range", &range)]);
    assert_eq!(answer.status(), 206);
    fetched.extend(answer.body);
    assert!(fetched == content);
}

/// Sends each request to another server, and cuts each answer.
#[derive(Debug)]
struct Balancer {
    transport: HttpTransport,
    servers: Vec<HttpUrl>,
    asked: Mutex<usize>,
}

impl Transport for Balancer {
    fn send(&self, request: &HttpRequest<'_>) -> Result<HttpAnswer, TransportError> {
        let number = {
            let mut asked = self.asked.lock().unwrap();
            *asked += 1;
            *asked
        };
        let server = &self.servers[number % self.servers.len()];
        let url = server.resolve(request.url.path_and_query()).unwrap();
        let mut request = *request;
        request.url = &url;
        let answer = self.transport.send(&request)?;
        let (status, headers) = (answer.status, answer.headers);
        Ok(HttpAnswer::new(status, headers, Cut(answer.body.take(100_000))))
    }
}

/// A body that breaks off.
struct Cut(io::Take<Box<dyn Read + Send>>);

impl Read for Cut {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 if self.0.limit() == 0 => Err(io::ErrorKind::ConnectionReset.into()),
            length => Ok(length),
        }
    }
}

/// The library's own client, whose downloads are guarded by the entity tag.
#[test]
fn the_client_continues_at_whichever_server() {
    let directory = Directory::new();
    let content = bytes(SIZE);
    let servers = servers(&directory, &content, 3, &[]);
    let url = |server: &Server| format!("http://{}", server.address()).parse().unwrap();
    let balancer = Balancer {
        transport: HttpTransport::new(),
        servers: servers.iter().map(url).collect(),
        asked: Mutex::new(0),
    };
    let package = Package::new("update.gz", &Digests::from_reader(&content[..]).unwrap());
    let url: HttpUrl = format!("http://balancer{PACKAGE}").parse().unwrap();
    let at_once = Retry::new(3, Duration::ZERO, Duration::ZERO);
    let (mut fetched, mut cuts) = (Vec::new(), 0);
    Download::new(url, &package)
        .with_transport(balancer)
        .with_resume_retry(at_once)
        .to_writer(&mut fetched, &mut |progress| cuts += usize::from(is_cut(&progress)))
        .unwrap();
    assert!(fetched == content);
    assert_eq!(cuts, SIZE / 100_000);
}

fn is_cut(progress: &Progress<'_>) -> bool {
    matches!(progress, Progress::Cut { .. })
}
