//! Where the commands are run: a copy of the project, a pretended
//! machine, and stand-ins on the path for what only a real machine or the
//! internet has.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::binary;
use crate::machine::Machine;
use crate::server::Server;
use crate::text::{Block, Document, are_like, constant};

/// The address in the documents of a server on another computer.
const ELSEWHERE: &str = "10.0.0.2";

/// The pretended machine's `update.conf` before anything is done.
const CONFIGURATION: &str = "GROUP=stable\nSERVER=https://updates.example/v1/update/\n";

/// Where the release server of the pretended internet has the payloads.
const FLATCAR: &str = "update.release.flatcar-linux.net/amd64-usr/4152.2.0";

/// The folder of the programs that take the places of others.
const STAND_INS: &str = "tests/readme/stand-ins";

pub struct Sandbox {
    project: PathBuf,
    /// The pretended machine's `/`, and the home folder of its user.
    root: PathBuf,
    home: PathBuf,
    internet: PathBuf,
    /// How the stand-ins were called.
    calls: PathBuf,
    server: Option<Server>,
    /// The port of the server that was started last.
    port: u16,
}

/// An empty folder of this run.
pub fn scratch(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("readme-{name}"));
    if dir.exists() {
        fs::remove_dir_all(&dir).unwrap();
    }
    fs::create_dir_all(&dir).unwrap();
    dir
}

fn write(path: PathBuf, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

impl Sandbox {
    /// For a document that gets the payloads and copies them and the program to the
    /// machine, where they are not yet; for another one, with everything.
    pub fn new(document: &Document) -> Self {
        let name = document.name.replace(['/', '.'], "-");
        let is_complete = document.text.contains("curl -fLO ");
        if is_complete { Self::bare(&name) } else { Self::with_everything(&name) }
    }

    /// With the program and the payloads in the project and on the machine.
    pub fn with_everything(name: &str) -> Self {
        let sandbox = Self::bare(name);
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(STAND_INS).join("serve-package");
        for path in [
            sandbox.home.join("serve-package"),
            sandbox.project.join("serve-package"),
            sandbox.project.join("target/release/serve-package"),
        ] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(&program, path).unwrap();
        }
        let flatcar = sandbox.internet.join(FLATCAR);
        for entry in fs::read_dir(flatcar).unwrap().map(Result::unwrap) {
            fs::copy(entry.path(), sandbox.home.join(entry.file_name())).unwrap();
            fs::copy(entry.path(), sandbox.project.join(entry.file_name())).unwrap();
        }
        sandbox
    }

    fn bare(name: &str) -> Self {
        let dir = scratch(name);
        let sandbox = Self {
            project: dir.join("project"),
            root: dir.join("machine"),
            home: dir.join("machine/home/core"),
            internet: dir.join("internet"),
            calls: dir.join("calls"),
            server: None,
            port: 0,
        };
        fs::create_dir_all(&sandbox.home).unwrap();
        sandbox.furnish();
        sandbox
    }

    fn furnish(&self) {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let payload = fs::read(here.join("fixtures/update.gz")).unwrap();
        let extension = fs::read(here.join("fixtures/oem-fixture.gz")).unwrap();
        for request in fs::read_dir(here.join("fixtures/requests")).unwrap().map(Result::unwrap) {
            let content = fs::read(request.path()).unwrap();
            write(self.project.join("fixtures/requests").join(request.file_name()), content);
        }
        write(self.project.join("Makefile"), fs::read(here.join("Makefile")).unwrap());
        write(self.project.join("fixtures/update.gz"), &payload);
        let key = "fixtures/payloads/key.pem";
        write(self.project.join(key), fs::read(here.join(key)).unwrap());
        for script in [
            "dist/static.sh",
            "dist/archive.sh",
            "dist/reproducible.sh",
            "tests/bench/bench.py",
            "tests/boot.sh",
            "tests/static.sh",
        ] {
            let link = self.project.join(script);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(here.join(STAND_INS).join("script"), link).unwrap();
        }

        let core_os = self.internet.join("update.release.core-os.net/amd64-usr/1576.4.0");
        write(core_os.join("update.gz"), &payload);
        let flatcar = self.internet.join(FLATCAR);
        for (name, content) in [
            ("flatcar_production_update.gz", &payload[..]),
            ("oem-azure.gz", &extension),
            ("flatcar-podman.gz", &extension),
        ] {
            write(flatcar.join(name), content);
            let sum = omaha::Digests::from_reader(content).unwrap().sha256.to_hex();
            write(flatcar.join(format!("{name}.sha256")), format!("{sum}  {name}\n"));
        }

        for (path, content) in [
            (
                "usr/share/flatcar/release",
                "FLATCAR_RELEASE_VERSION=4081.2.0\nFLATCAR_RELEASE_BOARD=amd64-usr\n\
                 FLATCAR_RELEASE_APPID={e96281a6-d1af-4bde-9a0a-97b76e56dc57}\n",
            ),
            ("usr/share/flatcar/enabled-sysext.conf", "zfs # by default\n"),
            ("usr/share/oem/oem-release", "ID=azure\nNAME=\"Microsoft Azure\"\n"),
            ("etc/flatcar/enabled-sysext.conf", "# ours\npodman\n-zfs\n"),
            ("etc/flatcar/update.conf", CONFIGURATION),
            ("etc/coreos/update.conf", CONFIGURATION),
        ] {
            write(self.root.join(path), content);
        }
    }

    /// Runs a block, compares what it prints, and tells how it was run.
    pub fn run(&mut self, block: &Block) -> String {
        let place = &block.place;
        if block.is("server") {
            self.stop_server();
        }
        let script = self.transpose(block);
        if block.is("script") {
            return "a file; tests/scripted runs it".to_owned();
        }
        if block.is("update") {
            return "of a real machine; tests/update runs it on a pretended one".to_owned();
        }
        let mut command = self.shell(&script, block.is("machine"));
        let where_run = if block.is("machine") { "on the pretended machine" } else { "in a copy" };
        let mut how = if block.is("server") {
            let mut server = Server::start(&mut command);
            self.port = server.await_port();
            server.await_line("then: ");
            self.compare(place, block.printed.as_deref(), &server.seen.join("\n"));
            self.server = Some(server);
            if block.is("ends") {
                let logged = self.update_machine_to_the_end(block.exit_status());
                self.compare(place, block.logged.as_deref(), &logged);
                format!("{where_run}, until the pretended machine is updated")
            } else {
                format!("{where_run}, goes on at port {}", self.port)
            }
        } else {
            let output = command.output().unwrap();
            let printed = String::from_utf8(output.stdout).unwrap();
            let status = output.status.code();
            assert_eq!(status, Some(block.exit_status()), "{place} printed:\n{printed}");
            self.compare(place, block.printed.as_deref(), &printed);
            format!("{where_run}, exit status {}", block.exit_status())
        };

        let calls = fs::read_to_string(&self.calls).unwrap();
        if calls.contains("update_engine_client -check_for_update") {
            let system = if script.contains("/etc/coreos/") { "coreos" } else { "flatcar" };
            let logged = self.update_machine(system);
            self.compare(place, block.logged.as_deref(), &logged);
            how += ", then the pretended machine's update";
        }
        if script.contains("update.conf.before /") {
            for system in ["flatcar", "coreos"] {
                let now = fs::read_to_string(self.configuration(system)).unwrap();
                assert_eq!(now, CONFIGURATION, "{place} restores it");
            }
        }
        let stand_ins: BTreeSet<_> =
            calls.lines().filter_map(|call| call.split(' ').next()).collect();
        if !stand_ins.is_empty() {
            how += &format!(", with stand-ins for {}", Vec::from_iter(stand_ins).join(", "));
        }
        how
    }

    /// Runs one command that is expected to succeed.
    pub fn run_alone(&self, command: &str) {
        let output = self.shell(&self.on_root(command), false).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stdout));
    }

    /// A block's commands with the ports, addresses and folders of this test.
    fn transpose(&self, block: &Block) -> String {
        let script = if block.is("server") {
            let here = block.text.replace(&format!("{ELSEWHERE}:8000"), "127.0.0.1:0");
            here.replace("localhost:8001", "localhost:0")
        } else {
            let here = block.text.replace(&format!("//{ELSEWHERE}"), "//127.0.0.1");
            here.replace(":8000", &format!(":{}", self.port))
        };
        if block.is("machine") { self.on_root(&script) } else { script }
    }

    fn on_root(&self, script: &str) -> String {
        let root = self.root.display();
        let folders = ["/etc/", "/usr/share/"];
        let on_root = |script: String, folder| script.replace(folder, &format!("{root}{folder}"));
        folders.into_iter().fold(script.to_owned(), on_root)
    }

    /// A shell that stops at the first command that fails, both of its streams
    /// in one.
    fn shell(&self, script: &str, on_machine: bool) -> Command {
        let stand_ins = Path::new(env!("CARGO_MANIFEST_DIR")).join(STAND_INS);
        let path = format!("{}:{}", stand_ins.display(), std::env::var("PATH").unwrap());
        fs::write(&self.calls, "").unwrap();
        let mut command = Command::new("bash");
        command.args(["-e", "-c", &format!("exec 2>&1\n{script}")]).stdin(Stdio::null());
        command.current_dir(if on_machine { &self.home } else { &self.project });
        command.env("PATH", path).env("ADDRESS", "localhost:0");
        command.env("README_BINARY", binary()).env("README_CALLS", &self.calls);
        command
            .env("README_STAND_INS", &stand_ins)
            .env("README_VERSION", env!("CARGO_PKG_VERSION"));
        command.env("README_HOME", &self.home).env("README_INTERNET", &self.internet);
        // These may be set where the test runs.
        for name in [
            "APT_INSTALL",
            "ARCH",
            "ARCHES",
            "CARGO_TARGET_DIR",
            "JOURNAL_STREAM",
            "MAKEFLAGS",
            "MAKELEVEL",
            "PACKAGE",
            "UPDATE",
            "VERSION",
        ] {
            command.env_remove(name);
        }
        command
    }

    fn compare(&self, place: &str, shown: Option<&str>, printed: &str) {
        let Some(shown) = shown else { return };
        let mut readable = printed
            .replace(&self.root.display().to_string(), "")
            .replace("'localhost:0'", "'localhost:8000'");
        // Before the first server there is no port, and `:0` is in every time.
        if self.port != 0 {
            readable = readable.replace(&format!(":{}", self.port), ":8000");
        }
        // What the Makefile says about Cargo is left out in the documents.
        let is_shown =
            |line: &&str| !line.starts_with("cargo ") && !line.starts_with("The binary is ");
        let expected: Vec<_> = shown.lines().map(constant).collect();
        let actual: Vec<_> = readable.lines().filter(is_shown).map(constant).collect();
        let is_same = are_like(&actual, &expected);
        let (expected, actual) = (expected.join("\n"), actual.join("\n"));
        assert!(is_same, "{place} shows:\n{expected}\n\nit printed:\n{actual}");
    }

    fn configuration(&self, system: &str) -> PathBuf {
        self.root.join("etc").join(system).join("update.conf")
    }

    /// Does what `update_engine` does after a check was triggered, and gives
    /// the lines that the server logs meanwhile.
    fn update_machine(&mut self, system: &str) -> String {
        let configuration = fs::read_to_string(self.configuration(system)).unwrap();
        // The last line wins, as with `update_engine`.
        let url = configuration.lines().rev().find_map(|line| line.strip_prefix("SERVER="));
        let known = ["localhost", "127.0.0.1"];
        let known = known.map(|host| format!("http://{host}:{}/v1/update/", self.port));
        assert!(known.iter().any(|known| Some(&**known) == url), "{url:?}");

        let version = if system == "coreos" { "1520.8.0" } else { "4081.2.0" };
        let server = self.server.as_mut().unwrap();
        let before = server.seen.len();
        Machine { port: self.port, version }.update(server);
        server.seen[before..].join("\n")
    }

    /// Lets a machine update, upon which the server ends; gives the lines
    /// after the machine's last one.
    fn update_machine_to_the_end(&mut self, status: i32) -> String {
        let mut server = self.server.take().unwrap();
        Machine { port: self.port, version: "4081.2.0" }.update(&mut server);
        let before = server.seen.len();
        assert_eq!(server.await_end(), status);
        server.seen[before..].join("\n")
    }

    pub fn stop_server(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.stop();
        }
    }
}
