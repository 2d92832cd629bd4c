//! A pretended machine: a folder in the place of `/`, and stand-ins for the
//! programs that a real one has.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use crate::common::payload::{Directory, GOOD_KEY};
use crate::common::server::binary;
use crate::common::{EXTENSION, UPDATE, until};

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

    /// One that still has Container Linux.
    pub fn container_linux() -> Self {
        let machine = Self::bare();
        machine.write("usr/share/coreos/release", &RELEASE.replace("FLATCAR_", "COREOS_"));
        machine.write("usr/share/coreos/update.conf", "GROUP=stable\n");
        fs::remove_dir(machine.path("etc/flatcar")).unwrap();
        fs::create_dir(machine.path("etc/coreos")).unwrap();
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

    /// Has its unit masked, and not running.
    pub fn mask(&self, mask: &str) {
        self.set("update-engine.service.load", "masked\n");
        self.set("update-engine.service.file", &format!("{mask}\n"));
        self.set("update-engine.service.active", "inactive\n");
    }

    /// The state of its unit: how it is loaded, its file, and whether it runs.
    pub fn unit(&self) -> String {
        let state = |name| self.state(&format!("update-engine.service.{name}"));
        ["load", "file", "active"].map(|name| state(name).unwrap_or_default()).concat()
    }

    /// The `PATH` of a machine without one of its programs.
    pub fn path_without(&self, program: &str) -> PathBuf {
        let folder = self.directory.join("bin");
        fs::create_dir(&folder).unwrap();
        for name in ["systemctl", "journalctl", "update_engine_client"] {
            if name != program {
                symlink(format!("{STAND_INS}/{name}"), folder.join(name)).unwrap();
            }
        }
        let path = std::env::var_os("PATH").unwrap();
        for name in ["bash", "cat", "cp", "curl", "grep", "mv", "sed", "sleep", "tail"] {
            let found = std::env::split_paths(&path).map(|folder| folder.join(name));
            let found = found.into_iter().find(|path| path.exists()).unwrap();
            symlink(found, folder.join(name)).unwrap();
        }
        folder
    }

    /// Waits until its daemon does this.
    pub fn await_operation(&self, operation: &str) {
        until(operation, || self.state("operation").filter(|now| now.contains(operation)));
    }

    /// Waits until the program hangs at a step.
    pub fn await_step(&self, step: &str) {
        let path = self.path("run/step");
        until(step, || fs::read_to_string(&path).ok().filter(|now| now == step));
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

    /// Runs a script with file systems of its own, which has the command as its
    /// arguments. None where that is not possible.
    pub fn in_namespace(&self, script: &str, arguments: &[&str]) -> Option<Ended> {
        let mounts = ["-m", "sh", "-ec", "mount -t tmpfs x /mnt"];
        let can = Command::new("unshare").args(mounts).output();
        if !can.is_ok_and(|output| output.status.success()) {
            println!("NOT SHOWN: nothing can be mounted here, which takes root");
            return None;
        }
        let update = self.command(arguments);
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-ec", script, "sh"]).arg(update.get_program());
        command.args(update.get_args()).stdin(Stdio::null());
        for (name, value) in update.get_envs() {
            command.env(name, value.unwrap());
        }
        Some(Ended::from(command.output().unwrap()))
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
