//! No error of the library says what its source says, so that a chain of them
//! is read once.

#![cfg(all(feature = "server", feature = "client"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error;
use std::io::{self, Read};

use omaha::client::{HttpUrl, Machine};
use omaha::protocol::response::Package;
use omaha::protocol::{Request, Response};
use omaha::server::{ActivationError, ListenAddress, ServeError, Server};
use omaha::{Chain, Codebase, Decision, PackageFile, Reason, UpdaterError};

/// A source of bytes that breaks.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(broken())
    }
}

fn broken() -> io::Error {
    io::Error::other("the cable is out")
}

struct Never;

impl omaha::Updater for Never {
    fn check_update(
        &mut self,
        _: &Request,
        _: &omaha::protocol::request::App,
    ) -> Result<Decision, UpdaterError> {
        Ok(Decision::none(Reason::UpToDate))
    }
}

/// One error of each kind that can have a source.
fn errors() -> Vec<Box<dyn Error>> {
    let missing = "/nonexistent/update.gz".as_ref();
    let name = || "update.gz".parse().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken: ListenAddress = listener.local_addr().unwrap().to_string().parse().unwrap();
    let nowhere: ListenAddress = "name.invalid:80".parse().unwrap();
    vec![
        Box::new(Request::read(Broken).unwrap_err()),
        Box::new(Response::parse(None, Broken).unwrap_err()),
        Box::new(Package::default().with_size(1_u64).verify(Broken).unwrap_err()),
        Box::new(Package::default().with_name("x").verify_in(missing).unwrap_err()),
        Box::new(PackageFile::open(missing, name()).unwrap_err()),
        Box::new(Server::bind(&taken, Never).unwrap_err()),
        Box::new(Server::bind(&nowhere, Never).unwrap_err()),
        Box::new(ServeError::EventLoop(broken())),
        Box::new(ServeError::Engine(broken())),
        Box::new(ServeError::Thread(broken())),
        Box::new(ActivationError::Environment(broken())),
        Box::new(UpdaterError::Internal(broken().into())),
        Box::new(UpdaterError::Internal(Box::new(ServeError::Engine(broken())))),
        Box::new("http://a b".parse::<Codebase>().unwrap_err()),
        Box::new("http://a:x/".parse::<Codebase>().unwrap_err()),
        Box::new("http://a:x/".parse::<HttpUrl>().unwrap_err()),
        Box::new(Machine::read(missing, missing).unwrap_err()),
    ]
}

#[test]
fn a_chain_says_everything_once() {
    let mut with_source = 0;
    for error in errors() {
        let mut outer: &dyn Error = &*error;
        while let Some(source) = outer.source() {
            with_source += 1;
            let (said, behind) = (outer.to_string(), source.to_string());
            assert!(!said.contains(&behind), "{said:?} repeats {behind:?}");
            outer = source;
        }
    }
    assert!(with_source > 10, "{with_source}");
}

#[test]
fn chains_in_words() {
    let chain = |error: &(dyn Error + 'static)| Chain(error).to_string();
    let missing = PackageFile::open("/nonexistent/a".as_ref(), "a".parse().unwrap()).unwrap_err();
    assert_eq!(
        chain(&missing),
        "\"/nonexistent/a\": it cannot be read: No such file or directory (os error 2)"
    );
    assert_eq!(
        chain(&"http://a:x/".parse::<Codebase>().unwrap_err()),
        "the host or the port is malformed: the port is not a number from 0 to 65535"
    );
    assert_eq!(chain(&UpdaterError::Internal(broken().into())), "the cable is out");
}
