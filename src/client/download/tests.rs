use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Download, DownloadError, Progress};
use crate::Chain;
use crate::client::Retry;
use crate::client::TransportError;
use crate::client::testing::{Clock, Script, Step, answer};
use crate::digest::{Digests, Sha256};
use crate::protocol::ErrorCode;
use crate::protocol::response::Package;

const CONTENT: &[u8] = b"The quick brown fox jumps over the lazy dog";

fn package() -> Package {
    let digests = Digests::from_reader(CONTENT).unwrap();
    Package {
        name: "update.gz".to_owned(),
        sha1: Some(digests.sha1),
        sha256: Some(digests.sha256),
        size: digests.size,
        ..Package::default()
    }
}

fn whole() -> Step {
    answer(200, &[("Content-Length", "43"), ("ETag", "\"a\"")], CONTENT)
}

/// The beginning, and then nothing more.
fn beginning(length: usize) -> Step {
    let headers = [("Content-Length", "43"), ("ETag", "\"a\"")];
    answer(200, &headers, &CONTENT[..length]).cut(io::ErrorKind::UnexpectedEof)
}

fn rest(at: usize) -> Step {
    let range = format!("bytes {at}-42/43");
    answer(206, &[("Content-Range", &range), ("ETag", "\"a\"")], &CONTENT[at..])
}

struct Run {
    result: Result<(), DownloadError>,
    content: Vec<u8>,
    script: Arc<Script>,
    clock: Arc<Clock>,
    cuts: Vec<u64>,
}

impl Run {
    /// The header `Range` of each request, and `If-Range`.
    fn ranges(&self) -> Vec<(Option<String>, Option<String>)> {
        let header =
            |name: &str, sent: &crate::client::testing::Sent| sent.header(name).map(str::to_owned);
        let sent = self.script.sent();
        sent.iter().map(|sent| (header("range", sent), header("if-range", sent))).collect()
    }
}

fn run(package: &Package, steps: impl IntoIterator<Item = Step>) -> Run {
    run_with(package, steps, |download| download)
}

fn run_with(
    package: &Package,
    steps: impl IntoIterator<Item = Step>,
    change: impl Fn(Download) -> Download,
) -> Run {
    let (script, clock) = (Script::new(steps), Clock::new());
    let url = "http://server/packages/update.gz".parse().unwrap();
    let download = Download::new(url, package)
        .with_transport(Arc::clone(&script))
        .with_environment(Arc::clone(&clock));
    let (mut content, mut cuts) = (Vec::new(), Vec::new());
    let result = change(download).to_writer(&mut content, &mut |progress| {
        if let Progress::Cut { at, .. } = progress {
            cuts.push(at);
        }
    });
    Run { result, content, script, clock, cuts }
}

#[test]
fn in_one_piece() {
    let run = run(&package(), [whole()]);
    run.result.as_ref().unwrap();
    assert_eq!(run.content, CONTENT);
    assert_eq!(run.ranges(), [(None, None)]);
    assert_eq!(run.script.sent()[0].header("accept-encoding"), Some("identity"));
}

#[test]
fn a_cut_download_is_continued() {
    let failed = Step::Fail(TransportError::Closed);
    let run = run(&package(), [beginning(10), failed, rest(10)]);
    run.result.as_ref().unwrap();
    assert_eq!(run.content, CONTENT);
    let range = (Some("bytes=10-".to_owned()), Some("\"a\"".to_owned()));
    assert_eq!(run.ranges(), [(None, None), range.clone(), range]);
    assert_eq!((run.cuts, run.clock.slept()), (vec![10, 10], vec![1, 2]));
}

#[test]
fn a_weak_tag_does_not_guard_a_range() {
    let first = answer(200, &[("ETag", "W/\"a\"")], &CONTENT[..9]);
    let range = [("Content-Range", "bytes 9-42/43"), ("ETag", "W/\"a\"")];
    let run = run(&package(), [first, answer(206, &range, &CONTENT[9..])]);
    run.result.as_ref().unwrap();
    assert_eq!(run.ranges()[1], (Some("bytes=9-".to_owned()), None));
}

#[test]
fn without_ranges_what_is_known_is_skipped() {
    let run = run(&package(), [beginning(20), beginning(30), whole()]);
    run.result.unwrap();
    assert_eq!(run.content, CONTENT);
    assert_eq!(run.cuts, [20, 30]);
}

#[test]
fn progress_renews_the_tries() {
    // More cuts than there are tries, each after one more byte.
    let pieces = (0..42).map(|at| if at == 0 { beginning(1) } else { rest(at).cut_short() });
    let run = run(&package(), pieces.chain([rest(42)]));
    run.result.unwrap();
    assert_eq!((run.content.as_slice(), run.script.sent().len()), (CONTENT, 43));
    assert!(run.clock.slept().iter().all(|seconds| *seconds == 1), "{:?}", run.clock.slept());
}

#[test]
fn without_progress_it_is_continued_twenty_times_and_no_more() {
    let stuck = || rest(10).emptied();
    let steps = [beginning(9), rest(9).cut_short()].into_iter().chain((0..40).map(|_| stuck()));
    let run = run(&package(), steps);
    assert!(
        matches!(run.result, Err(DownloadError::Cut { at: 10, total: 43, .. })),
        "{:?}",
        run.result
    );
    // The two that brought something, and twenty more.
    assert_eq!(run.script.sent().len(), 22);
}

#[test]
fn to_begin_is_tried_less_often() {
    let down = || Step::Fail(TransportError::Closed);
    let failed = run(&package(), (0..40).map(|_| down()));
    assert_eq!((failed.script.sent().len(), failed.cuts), (7, vec![0; 6]));
    let run =
        run_with(&package(), [down(), whole()], |download| download.with_start_retry(Retry::NEVER));
    assert_eq!((run.result.is_err(), run.script.sent().len()), (true, 1));
}

#[test]
fn what_it_took_to_begin_does_not_count() {
    let down = || Step::Fail(TransportError::Closed);
    let steps = (0..6).map(|_| down()).chain([beginning(10)]).chain((0..19).map(|_| down()));
    let run = run(&package(), steps.chain([rest(10)]));
    run.result.unwrap();
    assert_eq!(run.content, CONTENT);
    assert_eq!(run.clock.slept()[6..9], [1, 2, 4]);
}

impl Step {
    /// Nothing of it.
    fn emptied(mut self) -> Self {
        if let Self::Answer { body, .. } = &mut self {
            body.clear();
        }
        self.cut(io::ErrorKind::ConnectionReset)
    }

    /// One byte only.
    fn cut_short(mut self) -> Self {
        if let Self::Answer { body, .. } = &mut self {
            body.truncate(1);
        }
        self.cut(io::ErrorKind::ConnectionReset)
    }
}

#[test]
fn what_is_not_temporary_ends_it() {
    for (what, step, code) in [
        ("gone", answer(404, &[], ""), 9),
        ("forbidden", answer(403, &[], ""), 9),
        ("no TLS", Step::Fail(TransportError::NoTls), 9),
        ("encoded", answer(200, &[("Content-Encoding", "gzip")], CONTENT), 9),
        ("longer", answer(200, &[("Content-Length", "44")], CONTENT), 11),
        ("shorter", answer(200, &[("Content-Length", "42")], CONTENT), 11),
        ("more than announced", answer(200, &[], [CONTENT, b"!"].concat()), 11),
        ("other content", answer(200, &[], CONTENT.to_ascii_uppercase()), 10),
        ("a range unasked", rest(0), 9),
        ("not HTTP", beginning(3).cut(io::ErrorKind::InvalidData), 9),
    ] {
        let run = run(&package(), [step, whole()]);
        let error = run.result.unwrap_err();
        assert_eq!(error.error_code(), ErrorCode::new(code), "{what}: {error}");
        assert_eq!(run.script.sent().len(), 1, "{what}: {error}");
    }
}

#[test]
fn a_part_must_be_the_one_asked_for() {
    let with = |headers: &[(&str, &str)]| answer(206, headers, &CONTENT[10..]);
    for wrong in [
        with(&[]),
        with(&[("Content-Range", "bytes 0-42/43")]),
        with(&[("Content-Range", "bytes 11-42/43")]),
        with(&[("Content-Range", "bytes 10-42/99")]),
        with(&[("Content-Range", "bytes 10-43/43")]),
        with(&[("Content-Range", "bytes */43")]),
        with(&[("Content-Range", "10-42/43")]),
    ] {
        let run = run(&package(), [beginning(10), wrong, rest(10)]);
        assert!(matches!(run.result, Err(DownloadError::Range { at: 10, .. })), "{:?}", run.result);
        assert_eq!(run.content, &CONTENT[..10]);
    }
    let unknown_size = with(&[("Content-Range", "bytes 10-42/*")]);
    run(&package(), [beginning(10), unknown_size]).result.unwrap();
}

#[test]
fn a_package_that_changes_meanwhile_is_noticed() {
    let other = answer(200, &[("ETag", "\"b\""), ("Content-Length", "43")], CONTENT);
    let run = run(&package(), [beginning(10), other]);
    let error = run.result.unwrap_err().to_string();
    assert!(error.contains("was \"\\\"a\\\"\" and is \"\\\"b\\\"\""), "{error}");
}

#[test]
fn the_action_has_a_word_too() {
    let right = package().sha256;
    let bare = Package { sha1: None, sha256: None, ..package() };
    run_with(&bare, [whole()], |download| download.with_sha256(right)).result.unwrap();
    let wrong = Some(Sha256::from_bytes([7; 32]));
    let run = run_with(&package(), [whole()], |download| download.with_sha256(wrong));
    assert_eq!(run.result.unwrap_err().error_code(), ErrorCode::PAYLOAD_HASH_MISMATCH);
}

#[test]
fn a_package_without_size_is_not_fetched() {
    let run = run(&Package { size: 0, ..package() }, [whole()]);
    assert!(matches!(run.result, Err(DownloadError::NoSize)));
    assert!(run.script.sent().is_empty());
}

#[test]
fn redirects_are_followed() {
    let moved = || answer(302, &[("Location", "/mirror/update.gz")], "");
    let run = run(&package(), [moved(), beginning(10), moved(), rest(10)]);
    run.result.as_ref().unwrap();
    let urls: Vec<_> = run.script.sent().into_iter().map(|sent| sent.url).collect();
    let (first, second) = ("http://server/packages/update.gz", "http://server/mirror/update.gz");
    assert_eq!(urls, [first, second, first, second]);
}

#[test]
fn redirects_in_a_circle_are_not() {
    let around = (0..99).map(|_| answer(301, &[("Location", "/around")], ""));
    let run = run(&package(), around);
    assert!(matches!(run.result, Err(DownloadError::Redirect(_))), "{:?}", run.result);
    assert_eq!(run.script.sent().len(), 11);
    let away = answer(301, &[("Location", "ftp://a/")], "");
    let error = run_with(&package(), [away], |download| download).result.unwrap_err();
    assert!(Chain(&error).to_string().contains("\"ftp://a/\""), "{error}");
}

struct Full;

impl io::Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_said() {
    let script = Script::new([whole()]);
    let download = Download::new("http://server/u".parse().unwrap(), &package());
    let download = download.with_transport(script);
    let error = download.to_writer(&mut Full, &mut |_| {}).unwrap_err();
    assert_eq!(error.error_code(), ErrorCode::DOWNLOAD_WRITE_ERROR);
}

/// A directory of its own for each test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("omaha-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn to_file(
    directory: &Directory,
    steps: impl IntoIterator<Item = Step>,
) -> Result<(), DownloadError> {
    let target = directory.0.join("update.gz");
    let download = Download::new("http://server/u".parse().unwrap(), &package())
        .with_transport(Script::new(steps))
        .with_resume_retry(Retry::NEVER);
    let mut names = Vec::new();
    let result = download.to_file(&target, &mut |progress| {
        if let Progress::Bytes { .. } = progress {
            names = directory.names();
        }
    });
    assert!(names.iter().any(|name| name.ends_with(".part")), "{names:?}");
    result
}

#[test]
fn a_file_appears_when_it_is_right() {
    let directory = Directory::new("right");
    to_file(&directory, [whole()]).unwrap();
    assert_eq!(directory.names(), ["update.gz"]);
    assert_eq!(fs::read(directory.0.join("update.gz")).unwrap(), CONTENT);
}

#[test]
fn nothing_is_left_of_a_wrong_one() {
    let directory = Directory::new("wrong");
    to_file(&directory, [beginning(10)]).unwrap_err();
    assert!(directory.names().is_empty());
    fs::write(directory.0.join("update.gz"), "before").unwrap();
    to_file(&directory, [answer(200, &[], CONTENT.to_ascii_uppercase())]).unwrap_err();
    assert_eq!(directory.names(), ["update.gz"]);
    assert_eq!(fs::read(directory.0.join("update.gz")).unwrap(), b"before");
}

#[test]
fn a_file_that_was_left_behind_is_no_obstacle() {
    let directory = Directory::new("left");
    let left = directory.0.join(format!(".update.gz.{}.part", std::process::id()));
    fs::write(&left, "left").unwrap();
    to_file(&directory, [whole()]).unwrap();
    assert_eq!(fs::read(left).unwrap(), b"left");
}

#[test]
fn a_missing_directory_is_named() {
    let download = Download::new("http://server/u".parse().unwrap(), &package());
    let download = download.with_transport(Script::new([]));
    for path in ["/nonexistent/update.gz", "/"] {
        let error = download.to_file(path.as_ref(), &mut |_| {}).unwrap_err();
        let said = format!("cannot write \"{}", &path[..1]);
        assert!(error.to_string().starts_with(&said), "{error}");
    }
}

#[test]
fn a_name_cannot_lead_out_of_the_directory() {
    let directory = Directory::new("names");
    for name in ["", ".", "..", "../x", "/etc/x", "a/b"] {
        let package = Package { name: name.to_owned(), ..package() };
        let download = Download::new("http://server/u".parse().unwrap(), &package);
        let download = download.with_transport(Script::new([whole()]));
        let error = download.to_directory(&directory.0, &mut |_| {}).unwrap_err();
        assert!(matches!(error, DownloadError::Name(_)), "{name}: {error}");
    }
    let download = Download::new("http://server/u".parse().unwrap(), &package());
    let download = download.with_transport(Script::new([whole()]));
    let path = download.to_directory(&directory.0, &mut |_| {}).unwrap();
    assert_eq!(path, directory.0.join("update.gz"));
}

#[test]
fn the_longest_name_is_a_file() {
    let directory = Directory::new("long");
    for length in [230, 250, 255] {
        let name = "é".repeat(length / 2) + &"x".repeat(length % 2);
        let package = Package { name: name.clone(), ..package() };
        let download = Download::new("http://server/u".parse().unwrap(), &package);
        let download = download.with_transport(Script::new([whole()]));
        download.to_directory(&directory.0, &mut |_| {}).unwrap();
        assert_eq!(directory.names(), std::slice::from_ref(&name));
        fs::remove_file(directory.0.join(name)).unwrap();
    }
}
