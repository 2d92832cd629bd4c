//! The start: which packages and addresses are refused with exit status 1, and
//! what is said when it succeeds.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::{IpAddr, TcpListener};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use common::http::{get, update};
use common::payload::Directory;
use common::server::{Server, binary, free_port, run, run_command};
use common::tool::has;
use common::{EXTENSION, OFFERED, UPDATE, fixture};

const GOOD: [&str; 4] = ["--package-file", UPDATE, "--package-version", OFFERED];

/// With a start that fails, after arguments that would do.
fn expect_start_error(more: &[&OsStr], texts: &[&str]) {
    let arguments = GOOD.iter().map(OsStr::new).chain(more.iter().copied());
    let outcome =
        run(["--listen-address", "127.0.0.1:0"].map(OsStr::new).into_iter().chain(arguments));
    outcome.expect_failure(1, texts);
    assert!(!outcome.stderr.contains("listening"), "{outcome:?}");
}

/// With a package file that cannot be served.
fn expect_bad_package(path: &OsStr, texts: &[&str]) {
    let version = ["--package-version", OFFERED, "--listen-address", "127.0.0.1:0"];
    let arguments = version.map(OsStr::new).into_iter().chain([OsStr::new("--package-file"), path]);
    let outcome = run(arguments);
    outcome.expect_failure(1, texts);
    outcome.expect_failure(1, &["error: ", &path.to_string_lossy()]);
    assert!(!outcome.stderr.contains("os error"), "{outcome:?}");
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
}

#[test]
fn packages_that_cannot_be_served() {
    let directory = Directory::new();
    let fifo = directory.join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo (coreutils)").success());
    let circle = directory.join("circle");
    std::os::unix::fs::symlink(&circle, &circle).unwrap();
    let below = directory.write("file", b"x").join("below");

    let missing = directory.join("missing.gz");
    expect_bad_package(
        missing.as_ref(),
        &["cannot read --package-file ", "missing.gz\": no such file"],
    );
    expect_bad_package(directory.path().as_ref(), &["a directory"]);
    expect_bad_package(directory.write("empty", b"").as_ref(), &["it is empty"]);
    expect_bad_package(fifo.as_ref(), &["a named pipe"]);
    expect_bad_package("/dev/null".as_ref(), &["a device"]);
    expect_bad_package(circle.as_ref(), &["its symbolic links form a loop"]);
    expect_bad_package(below.as_ref(), &["a part of the path is not a directory"]);
    // A name that is no text is shown as well as it can be.
    let odd = directory.path().join(OsStr::from_bytes(b"odd\xff"));
    let outcome = run(["--package-version", OFFERED, "--package-file"]
        .map(OsStr::new)
        .into_iter()
        .chain([odd.as_os_str()]));
    outcome.expect_failure(1, &["odd\\xFF", "no such file"]);
}

#[test]
fn a_package_that_may_not_be_read() {
    // Root may read everything, so root runs the binary as another user: a
    // copy of it, because that one may not reach the directory it lies in.
    let directory = Directory::new();
    fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let copy = directory.join("serve-package");
    // By another process: a file that is open for writing cannot be executed,
    // and what other tests start just now would inherit ours.
    assert!(Command::new("cp").arg(binary()).arg(&copy).status().unwrap().success());
    fs::set_permissions(&copy, PermissionsExt::from_mode(0o755)).unwrap();
    let secret = directory.write("secret", b"x");
    fs::set_permissions(&secret, PermissionsExt::from_mode(0o000)).unwrap();

    let mut command = Command::new(&copy);
    command.arg("--package-file").arg(&secret).args(["--package-version", OFFERED]);
    if fs::metadata(&secret).unwrap().uid() == 0 {
        command.uid(65534).gid(65534);
    }
    run_command(command).expect_failure(1, &["secret\": permission denied"]);
}

#[test]
fn extensions_that_cannot_be_offered() {
    let directory = Directory::new();
    let extension = |path: &OsStr, texts: &[&str]| {
        expect_start_error(&["--extension".as_ref(), path], texts);
    };
    extension(
        directory.join("missing.gz").as_ref(),
        &["cannot read --extension ", "missing.gz\": no such file"],
    );
    extension(directory.path().as_ref(), &["a directory"]);
    extension(directory.write("empty.gz", b"").as_ref(), &["empty.gz", "it is empty"]);
    for (name, text) in [
        ("with space.gz", "\"with space.gz\" cannot be the name of a package: ' '"),
        ("per%cent.gz", "'%' is not allowed"),
        ("caf\u{e9}.gz", "is not allowed"),
        ("a+b.gz", "'+' is not allowed"),
        ("a\"b.gz", "is not allowed"),
        (".hidden.gz", "begins with a dot"),
    ] {
        extension(directory.write(name, b"x").as_ref(), &[text]);
    }
    extension("..".as_ref(), &["needs a file name"]);

    let other = Directory::new();
    let twin = other.write("oem-fixture.gz", b"another one");
    let flag = OsStr::new("--extension");
    let same = "two packages would be called oem-fixture.gz";
    expect_start_error(&[flag, EXTENSION.as_ref(), flag, twin.as_ref()], &[same]);
    let update = other.write("update.gz", b"x");
    expect_start_error(&[flag, update.as_ref()], &["two packages would be called update.gz"]);
}

#[test]
fn addresses_that_cannot_be_had() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (address, why) in [
        (address.as_str(), "another program listens there; try --listen-address 127.0.0.1:"),
        // Reserved for documentation (RFC 5737): no machine has it.
        ("192.0.2.1:8000", "not an address of this machine\n"),
        ("[fe80::1]:0", "it needs its interface, as in [fe80::1%eth0]:0\n"),
        (
            "[fe80::1%nope]:0",
            "there is no network interface nope, or it cannot have this address\n",
        ),
        ("nohost.invalid:80", "no address is known for nohost.invalid\n"),
    ] {
        let outcome = run([&GOOD[..], &["--listen-address", address]].concat());
        let message = format!("error: cannot listen on {address}: ");
        outcome.expect_failure(1, &[&message, why]);
    }
}

#[test]
fn addresses_of_every_kind() {
    let ipv6 = TcpListener::bind("[::1]:0").is_ok();
    for (given, shown) in [
        ("localhost:0", "127.0.0.1:"),
        ("127.0.0.1:0", "127.0.0.1:"),
        ("127.0.0.2:0", "127.0.0.2:"),
        (":0", if ipv6 { "[::]:" } else { "0.0.0.0:" }),
    ] {
        let server = Server::start([&GOOD[..], &["--listen-address", given]].concat());
        let line = server.wait_for_line("listening on ");
        assert!(line.contains(&format!("listening on {shown}")), "{given}: {line}");
        if given == ":0" {
            // All interfaces, IPv4 and IPv6.
            let loopbacks = if ipv6 { &["127.0.0.1", "::1"][..] } else { &["127.0.0.1"] };
            for loopback in loopbacks {
                let address = (loopback.parse::<IpAddr>().unwrap(), server.port()).into();
                assert_eq!(get(address, "/packages/update.gz", &[]).status(), 200, "{loopback}");
            }
            // An IPv4 client is logged with its IPv4 address.
            server.wait_for_line("client 127.0.0.1: download");
        } else {
            assert_eq!(get(server.address(), "/packages/update.gz", &[]).status(), 200, "{given}");
        }
    }
    let on_ipv6 = [&GOOD[..], &["--listen-address", "[::1]:0"]].concat();
    if ipv6 {
        let server = Server::start(on_ipv6);
        assert_eq!(get(server.address(), "/packages/update.gz", &[]).status(), 200);
        server.wait_for_line(&format!("SERVER=http://[::1]:{}/v1/update/", server.port()));
    } else {
        run(on_ipv6).expect_failure(1, &["cannot listen on [::1]:0: "]);
    }
}

#[test]
fn what_is_served_is_said_at_the_start() {
    let server = Server::start([&GOOD[..], &["--extension", EXTENSION, "--force"]].concat());
    let payload = fs::read(UPDATE).unwrap();
    let sha256 = omaha::Digests::from_reader(&payload[..]).unwrap().sha256.to_hex();
    let package =
        format!("package update.gz from {UPDATE:?}: {} bytes, SHA-256 {sha256}", payload.len());
    server.wait_for_line(&package);
    server.wait_for_line("package oem-fixture.gz from ");
    server.wait_for_line("offering version 4152.2.0 to every machine that has another");
    server.wait_for_line(&format!("SERVER=http://127.0.0.1:{}/v1/update/", server.port()));
    server.wait_for_line("update_engine_client -check_for_update");
    for line in server.lines() {
        let (time, _) = line.split_once(' ').unwrap();
        // 2024-11-05T06:07:08Z
        assert!(time.len() == 20 && time.ends_with('Z') && time.contains('T'), "{line}");
    }
}

/// systemd hides what lies there from the service, and says only "no such file".
#[test]
fn a_payload_that_the_sandbox_hides_is_explained() {
    for (path, hint) in [("/tmp/no-such-payload.gz", true), ("/nowhere/payload.gz", false)] {
        let mut command = Command::new(binary());
        command.args(["--package-file", path, "--package-version", OFFERED]);
        command.env("INVOCATION_ID", "0123456789abcdef0123456789abcdef");
        let outcome = run_command(command);
        outcome.expect_failure(1, &["no such file"]);
        let explained = outcome.stderr.contains("put it into /var/lib/serve-package");
        assert_eq!(explained, hint, "{outcome:?}");
    }
}

/// Starts the binary with a listening socket, as systemd does.
fn start_with_socket(listener: &TcpListener, flags: &[&str]) -> Server {
    let mut command = Command::new("sh");
    // The socket must be descriptor 3, and the process id the one that stays.
    let script = "exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$0\" \"$@\"";
    command.args(["-c", script]).arg(binary()).args(GOOD).args(flags);
    Server::spawn_with_input(command, listener.as_fd().try_clone_to_owned().unwrap().into())
}

#[test]
fn a_socket_of_systemd() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Where packages are is compared with the socket's address.
    let url = format!("http://localhost:{}/packages/", address.port());
    let flags = ["--package-url", &url, "--listen-address", ":8000"];
    let server = start_with_socket(&listener, &flags);
    assert_eq!(server.address(), address);
    assert_eq!(get(address, "/packages/update.gz", &[]).status(), 200);
    let line = server.wait_for_line("--listen-address :8000 is not used: ");
    assert!(line.contains(&format!("listens on {address}")), "{line}");
    drop(server);

    // The port of the flag is not that of the socket: these are elsewhere.
    let flags = ["--package-url", "http://localhost:8000/packages/"];
    let server = start_with_socket(&listener, &flags);
    server.wait_for_line("update_engine_client -check_for_update");
    assert_eq!(get(address, "/packages/update.gz", &[]).status(), 404);
    drop(server);

    // What says the same as the socket is not worth a line.
    let server = start_with_socket(&listener, &["--listen-address", &address.to_string()]);
    server.wait_for_line("update_engine_client -check_for_update");
    assert_eq!(get(address, "/packages/update.gz", &[]).status(), 200);
    let lines = server.lines();
    assert!(!lines.iter().any(|line| line.contains("is not used")), "{lines:?}");
}

/// Machines are behind a reverse proxy, which alone can reach this server.
#[test]
fn the_line_for_machines_behind_a_front() {
    let flags = ["--package-url", "https://update.example:8443/flatcar/"];
    let server = Server::start([&GOOD[..], &flags].concat());
    server.wait_for_line("SERVER=https://update.example:8443/v1/update/");
    let passed = format!("must forward /v1/update/ to {}", server.address());
    server.wait_for_line(&passed);
    // Another web server may have the packages without being in front.
    let server = Server::start([&GOOD[..], &["--package-url", "http://mirror.example/"]].concat());
    server.wait_for_line(&format!("SERVER=http://{}/v1/update/", server.address()));
}

/// A package that takes some seconds to read: systemd gets the progress.
#[test]
fn how_far_the_start_is() {
    let directory = Directory::new();
    let (large, path) = (4 << 30, directory.join("notify"));
    let file = directory.write_sparse("large.bin", large, b"the end");
    let notify = UnixDatagram::bind(&path).unwrap();
    notify.set_read_timeout(Some(common::START_PATIENCE)).unwrap();
    let mut command = Command::new(binary());
    command.arg("--package-file").arg(file).args(["--package-version", OFFERED]);
    command.args(["--skip-payload-check", "--listen-address", "127.0.0.1:0"]);
    let mut child = command.env("NOTIFY_SOCKET", &path).stderr(Stdio::piped()).spawn().unwrap();
    let next = || {
        let mut buffer = [0; 4096];
        let length = notify.recv(&mut buffer).expect("a word to systemd");
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    assert_eq!(next().trim_end(), "STATUS=reading the packages");
    let words = next();
    child.kill().unwrap();
    child.wait().unwrap();
    let (percent, rest) =
        words.strip_prefix("STATUS=reading the packages: ").unwrap().split_once(" % of ").unwrap();
    assert!(percent.parse::<u8>().unwrap() < 100, "{words}");
    assert_eq!(rest.trim_end(), format!("{} bytes", large + 7));
}

/// Why it cannot serve is told to systemd, also where the command line is wrong.
#[test]
fn what_is_wrong_is_the_status_of_the_unit() {
    let directory = Directory::new();
    let path = directory.join("notify");
    let notify = UnixDatagram::bind(&path).unwrap();
    notify.set_read_timeout(Some(common::START_PATIENCE)).unwrap();
    for (file, code, status) in [
        ("nothing", 1, "STATUS=cannot read --package-file \"nothing\": no such file"),
        ("http://a/b", 2, "STATUS=--package-file \"http://a/b\": this is a URL; "),
    ] {
        let mut command = Command::new(binary());
        command.args(["--package-version", OFFERED, "--package-file", file]);
        command.env("NOTIFY_SOCKET", &path);
        assert_eq!(run_command(command).code, Some(code));
        let next = || {
            let mut buffer = [0; 4096];
            let length = notify.recv(&mut buffer).expect("a word to systemd");
            String::from_utf8(buffer[..length].to_vec()).unwrap().trim_end().to_owned()
        };
        let said = std::iter::repeat_with(next).find(|said| said != "STATUS=reading the packages");
        assert!(said.unwrap().starts_with(status));
    }
}

/// The same on a terminal, where there is a bar, and nothing of it is left.
#[test]
fn how_far_the_start_is_on_a_terminal() {
    if !has("script", "bsdutils") {
        return;
    }
    let directory = Directory::new();
    let file = directory.write_sparse("large.bin", 2 << 30, b"the end");
    let mut command = Command::new("script");
    let server = "\"$SERVER\" --package-file \"$FILE\" --package-version 1.2.3 \
                  --skip-payload-check --listen-address 127.0.0.1:0 --deadline 1s";
    command.args(["--quiet", "--return", "--command", server, "/dev/null"]);
    command.env("TERM", "xterm").env("SERVER", binary()).env("FILE", file);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    let (bars, lines) = text.split_once("\r\u{1b}[K20").expect("the bar goes before a line");
    assert!(bars.contains("\rupdate.gz [="), "{text:?}");
    assert!(lines.contains("listening on ") && !lines.contains("\u{1b}"), "{text:?}");
}

#[test]
fn lines_for_the_journal_carry_their_priority() {
    let directory = Directory::new();
    let journal = directory.join("journal");
    let stderr = File::create(&journal).unwrap();
    let stat = stderr.metadata().unwrap();
    let mut command = Command::new(binary());
    command.args(GOOD).args(["--listen-address", "192.0.2.1:1"]);
    command.env("JOURNAL_STREAM", format!("{}:{}", stat.dev(), stat.ino()));
    assert_eq!(command.stderr(stderr).status().unwrap().code(), Some(1));
    let line = fs::read_to_string(&journal).unwrap();
    assert!(line.starts_with("<3>error: cannot listen on 192.0.2.1:1: "), "{line}");

    // Somebody has redirected standard error since systemd set it up.
    let stderr = File::create(&journal).unwrap();
    let mut command = Command::new(binary());
    command.args(GOOD).args(["--listen-address", "192.0.2.1:1"]);
    command.env("JOURNAL_STREAM", "1:1");
    assert_eq!(command.stderr(stderr).status().unwrap().code(), Some(1));
    let line = fs::read_to_string(&journal).unwrap();
    assert!(line.contains("Z error: cannot listen"), "{line}");
}

#[test]
fn standard_streams_that_are_closed() {
    let port = free_port();
    let mut command = Command::new("sh");
    let script = "exec \"$0\" \"$@\" <&- >&- 2>&-";
    command.args(["-c", script]).arg(binary()).args(GOOD);
    command.args(["--listen-address", &format!("127.0.0.1:{port}")]);
    let mut child = command.spawn().unwrap();
    let address = ([127, 0, 0, 1], port).into();
    common::until("a server without standard streams", || {
        assert_eq!(child.try_wait().unwrap(), None, "it ended");
        std::net::TcpStream::connect(address).ok()
    });
    let answer = update(address, &fixture("check-older"));
    // What was said meanwhile did not end up in the answers, or in the file.
    let content = get(address, "/packages/update.gz", &[]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answer.offers());
    assert!(content.body == fs::read(UPDATE).unwrap());
}
