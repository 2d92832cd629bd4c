//! Where the machine's files are.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Names a folder that stands for `/`: for tests, which pretend a machine.
const VARIABLE: &str = "SERVE_PACKAGE_ROOT";

/// For tests: how long a pretended machine may take to ask, such as `2s`.
const ASK_WITHIN_VARIABLE: &str = "SERVE_PACKAGE_ASK_WITHIN";

/// How long a machine may take to ask after a check was triggered. A real one
/// takes less than a second.
const ASK_WITHIN: Duration = Duration::from_secs(60);

/// The folder that all paths of the machine are in: `/`, unless a test pretends
/// a machine.
#[derive(Clone, Debug)]
pub struct Root {
    folder: PathBuf,
    is_pretended: bool,
    /// How long the machine may take to ask.
    pub ask_within: Duration,
}

impl Root {
    /// The machine's, or the one that the environment names.
    pub fn from_environment() -> Self {
        let Some(folder) = env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) else {
            return Self { folder: "/".into(), is_pretended: false, ask_within: ASK_WITHIN };
        };
        let ask_within = env::var(ASK_WITHIN_VARIABLE).ok();
        let ask_within = ask_within.and_then(|text| humantime::parse_duration(&text).ok());
        let ask_within = ask_within.unwrap_or(ASK_WITHIN);
        Self { folder: folder.into(), is_pretended: true, ask_within }
    }

    /// One for a unit test.
    #[cfg(test)]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), is_pretended: true, ask_within: ASK_WITHIN }
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
}
