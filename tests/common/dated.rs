//! A package with a known date, for everything that is said about packages.

use std::fs::File;
use std::time::{Duration, UNIX_EPOCH};

use omaha::Digests;

use super::http::Answer;
use super::payload::{Directory, bytes};
use super::server::Server;

/// Where it is.
pub const PACKAGE: &str = "/packages/update.gz";

/// How long it is.
pub const SIZE: usize = 100_000;

/// When the package was last modified, and a second before and after.
pub const MODIFIED: &str = "Tue, 05 Nov 2024 06:07:08 GMT";
pub const BEFORE: &str = "Tue, 05 Nov 2024 06:07:07 GMT";
pub const AFTER: &str = "Tue, 05 Nov 2024 06:07:09 GMT";
const MODIFIED_SECONDS: u64 = 1_730_786_828;

/// Serves [`SIZE`] bytes that were last modified at [`MODIFIED`].
pub fn serve() -> (Server, Vec<u8>, Directory) {
    let (directory, payload) = (Directory::new(), bytes(SIZE));
    let path = directory.write("payload.bin", &payload);
    // The fraction of a second has no place in an HTTP date.
    let time = UNIX_EPOCH + Duration::from_millis(MODIFIED_SECONDS * 1000 + 700);
    File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    (Server::of_file(path), payload, directory)
}

/// What every answer about the package says of it.
pub fn expect_validators(answer: &Answer, etag: &str) {
    assert_eq!(answer.header("Accept-Ranges"), Some("bytes"), "{answer:?}");
    assert_eq!(answer.header("Cache-Control"), Some("no-cache"), "{answer:?}");
    assert_eq!(answer.header("Last-Modified"), Some(MODIFIED), "{answer:?}");
    assert_eq!(answer.header("ETag"), Some(etag), "{answer:?}");
}

/// The entity tag that a package must have.
pub fn etag_of(payload: &[u8]) -> String {
    format!("\"{}\"", Digests::from_reader(payload).unwrap().sha256.to_hex())
}
