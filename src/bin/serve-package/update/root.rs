//! Where the machine's files are.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

/// Names a folder that stands for `/`: for tests, which pretend a machine.
const VARIABLE: &str = "SERVE_PACKAGE_ROOT";

/// For tests: the longest that anything is waited for, such as `2s`.
const WAIT_VARIABLE: &str = "SERVE_PACKAGE_WAIT";

/// For tests: what becomes of this process at a step, such as `kill changed`,
/// `panic changed` or `hang changed`.
const STEP_VARIABLE: &str = "SERVE_PACKAGE_STEP";

/// The folder that all paths of the machine are in: `/`, unless a test pretends
/// a machine.
#[derive(Clone, Debug)]
pub struct Root {
    folder: PathBuf,
    is_pretended: bool,
}

impl Root {
    /// The machine's, or the one that the environment names.
    pub fn from_environment() -> Self {
        match env::var_os(VARIABLE) {
            Some(folder) => Self { folder: folder.into(), is_pretended: true },
            None => Self { folder: "/".into(), is_pretended: false },
        }
    }

    /// One for a unit test.
    #[cfg(test)]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), is_pretended: true }
    }

    /// Whether this process may change the machine: as root, unless a test
    /// pretends it.
    pub fn is_permitted(&self) -> bool {
        self.is_pretended || rustix::process::geteuid().is_root()
    }

    /// Where a file of the machine, named by its absolute path, really is.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path.trim_start_matches('/'))
    }

    /// What the machine calls a file.
    pub fn shown(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.folder).unwrap_or(path);
        Path::new("/").join(inside).display().to_string()
    }

    /// Ends the process here, or has it go no further, if a test wants that.
    pub fn step(&self, name: &str) {
        match for_tests(STEP_VARIABLE).as_deref().and_then(|text| text.split_once(' ')) {
            Some(("kill", step)) if step == name => {
                let _ = kill_process(getpid(), Signal::KILL);
            }
            Some(("hang", step)) if step == name => {
                let _ = fs::write(self.path("/run/step"), name);
                loop {
                    thread::park();
                }
            }
            Some(("panic", step)) if step == name && !thread::panicking() => {
                panic!("a test wants it at {step:?}")
            }
            _ => {}
        }
    }
}

/// A variable that counts on a pretended machine only.
fn for_tests(variable: &str) -> Option<String> {
    env::var_os(VARIABLE).and_then(|_| env::var(variable).ok())
}

/// How long something is waited for.
pub fn at_most(time: Duration) -> Duration {
    let shorter = for_tests(WAIT_VARIABLE).and_then(|text| humantime::parse_duration(&text).ok());
    shorter.map_or(time, |shorter| shorter.min(time))
}
