//! A pretended machine: a folder that stands for `/`, and stand-ins for the
//! programs that a real one has.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use crate::common::payload::{Directory, GOOD_KEY};
use crate::common::server::binary;
use crate::common::{EXTENSION, UPDATE};

const STAND_INS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/update/stand-ins");

/// Where an operator writes settings.
pub const CONF: &str = "etc/flatcar/update.conf";

pub const RELEASE: &str = "FLATCAR_RELEASE_VERSION=4081.2.0\nFLATCAR_RELEASE_BOARD=amd64-usr\n";

pub struct Machine {
    directory: Directory,
}

impl Machine {
    /// A Flatcar machine whose OEM has the extension of the fixtures.
    pub fn new() -> Self {
        let machine = Self::bare();
        machine.write("usr/share/flatcar/release", RELEASE);
        machine.write(
            "usr/share/flatcar/update.conf",
            "SERVER=https://public.example/v1/update/\nGROUP=stable\n",
        );
        machine.write("etc/oem-release", "ID=fixture\n");
        machine.write("usr/share/flatcar/oems/fixture", "");
        let key = fs::read_to_string(GOOD_KEY).unwrap();
        machine.write("usr/share/update_engine/update-payload-key.pub.pem", &key);
        machine
    }

    /// One without any files of Flatcar's.
    pub fn bare() -> Self {
        let machine = Self { directory: Directory::new() };
        for folder in ["root/etc/flatcar", "root/var", "root/run", "state"] {
            fs::create_dir_all(machine.directory.join(folder)).unwrap();
        }
        symlink(binary(), machine.directory.join("serve-package")).unwrap();
        machine
    }

    /// A file of the machine.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(&format!("root/{name}"))
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }

    /// Tells the stand-ins something.
    pub fn set(&self, name: &str, text: &str) {
        fs::write(self.directory.join("state").join(name), text).unwrap();
    }

    pub fn unset(&self, name: &str) {
        fs::remove_file(self.directory.join("state").join(name)).unwrap();
    }

    /// What the stand-ins have noted.
    pub fn state(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.directory.join("state").join(name)).ok()
    }

    /// The calls of the stand-ins that change something.
    pub fn calls(&self) -> Vec<String> {
        let calls = self.state("calls").unwrap_or_default();
        let reads = ["systemctl show ", "update_engine_client -status", "journalctl "];
        let changes = |call: &&str| !reads.iter().any(|read| call.starts_with(read));
        calls.lines().filter(changes).map(str::to_owned).collect()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.directory.join("serve-package"));
        command
            .arg("update")
            .args(arguments)
            .env("PATH", format!("{STAND_INS}:{}", std::env::var("PATH").unwrap()))
            .env("SERVE_PACKAGE_ROOT", self.directory.join("root"))
            .env("STATE", self.directory.join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs `update` with these flags to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        Ended::from(self.command(arguments).output().unwrap())
    }

    /// Updates the machine with what it needs, and these flags.
    pub fn update(&self, more: &[&str]) -> Ended {
        self.run(&[&ALL, more].concat())
    }

    /// The same, to be run by the test.
    pub fn command_all(&self, more: &[&str]) -> Command {
        self.command(&[&ALL, more].concat())
    }

    /// The same in the background.
    pub fn start(&self, more: &[&str]) -> Child {
        self.command_all(more).spawn().unwrap()
    }
}

/// What a machine with the fixture's OEM needs.
pub const ALL: [&str; 6] =
    ["--package-file", UPDATE, "--package-version", "4152.2.0", "--extension", EXTENSION];

/// A run that has ended.
#[derive(Debug)]
pub struct Ended {
    pub output: String,
    pub error: String,
    pub status: Option<i32>,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let status = output.status.code();
        Self { output: text(&output.stdout), error: text(&output.stderr), status }
    }
}

impl Ended {
    /// Expects an exit status, and that something was said.
    #[track_caller]
    pub fn expect(&self, status: i32, said: &[&str]) {
        assert_eq!(self.status, Some(status), "{self:#?}");
        for text in said {
            let both = format!("{}{}", self.output, self.error);
            assert!(both.contains(text), "{text}: {self:#?}");
        }
    }
}
