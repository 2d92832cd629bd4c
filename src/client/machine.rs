//! Which machine this is.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The identity of a machine and of its present boot, as a client that serves
/// the whole machine reports them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Machine {
    /// 32 digits of hex, without hyphens (`machine-id(5)`).
    pub id: String,
    /// A UUID, with hyphens (`random(4)`).
    pub boot_id: String,
}

impl Machine {
    /// Where systemd keeps a machine's identity.
    pub const ID_PATH: &str = "/etc/machine-id";

    /// Where the kernel tells the identity of a boot.
    pub const BOOT_ID_PATH: &str = "/proc/sys/kernel/random/boot_id";

    /// A machine with this identity, in its present boot.
    pub fn new(id: impl Into<String>, boot_id: impl Into<String>) -> Self {
        Self { id: id.into(), boot_id: boot_id.into() }
    }

    /// This machine.
    ///
    /// # Errors
    ///
    /// When one of the two files cannot be read, or does not hold what it
    /// should: `/etc/machine-id` is empty in an image, and holds
    /// `uninitialized` early in the first boot.
    pub fn local() -> Result<Self, MachineError> {
        Self::read(Self::ID_PATH.as_ref(), Self::BOOT_ID_PATH.as_ref())
    }

    /// The machine whose identity is in these files.
    ///
    /// # Errors
    ///
    /// As for [`local`](Self::local).
    pub fn read(id: &Path, boot_id: &Path) -> Result<Self, MachineError> {
        Ok(Self {
            id: read(id, "32 digits of hex", |text| is_hex(text, &[32]))?,
            boot_id: read(boot_id, "a UUID with hyphens", |text| is_hex(text, &[8, 4, 4, 4, 12]))?,
        })
    }
}

fn read(
    path: &Path,
    expected: &'static str,
    is_right: impl Fn(&str) -> bool,
) -> Result<String, MachineError> {
    let fail = |problem| MachineError { path: path.to_owned(), problem };
    let bytes = fs::read(path).map_err(|error| fail(Problem::Io(error)))?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim();
    if is_right(text) {
        Ok(text.to_owned())
    } else {
        let found = text.chars().take(MachineError::SHOWN).collect();
        Err(fail(Problem::Malformed { found, expected }))
    }
}

/// Groups of hex digits with hyphens between them.
fn is_hex(text: &str, lengths: &[usize]) -> bool {
    let groups = text.split('-');
    let is_hex = |group: &str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.clone().all(is_hex) && groups.map(str::len).eq(lengths.iter().copied())
}

/// Why the machine's identity is not known.
#[derive(Debug)]
pub struct MachineError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Io(io::Error),
    Malformed { found: String, expected: &'static str },
}

impl MachineError {
    /// How much of a wrong content the message shows, in characters.
    const SHOWN: usize = 80;

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for MachineError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::Io(_) => write!(formatter, "cannot read {:?}", self.path),
            Problem::Malformed { found, expected } => {
                write!(formatter, "{:?} holds {found:?}, but should hold {expected}", self.path)
            }
        }
    }
}

impl std::error::Error for MachineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Io(error) => Some(error),
            Problem::Malformed { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789ABCDEF";
    const BOOT_ID: &str = "01234567-89ab-cdef-0123-456789abcdef";

    fn read(id: &str, boot_id: &str) -> Result<Machine, MachineError> {
        let directory = std::env::temp_dir().join(format!(
            "omaha-machine-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        fs::create_dir_all(&directory).unwrap();
        let paths = [directory.join("machine-id"), directory.join("boot_id")];
        fs::write(&paths[0], id).unwrap();
        fs::write(&paths[1], boot_id).unwrap();
        let result = Machine::read(&paths[0], &paths[1]);
        fs::remove_dir_all(&directory).unwrap();
        result
    }

    #[test]
    fn a_machine() {
        let machine = read(&format!("{ID}\n"), &format!("{BOOT_ID}\n")).unwrap();
        assert_eq!(machine, Machine::new(ID, BOOT_ID));
    }

    #[test]
    fn what_is_not_one() {
        for (id, boot_id, what) in [
            ("", BOOT_ID, " holds \"\", but should hold 32 digits of hex"),
            ("uninitialized\n", BOOT_ID, " holds \"uninitialized\""),
            (&ID[1..], BOOT_ID, "should hold 32 digits of hex"),
            (BOOT_ID, BOOT_ID, "should hold 32 digits of hex"),
            (ID, ID, "should hold a UUID with hyphens"),
            (ID, "", "should hold a UUID with hyphens"),
        ] {
            let error = read(id, boot_id).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Machine::read("/nonexistent/id".as_ref(), "/x".as_ref()).unwrap_err();
        let chain = crate::Chain(&error).to_string();
        assert!(chain.starts_with("cannot read \"/nonexistent/id\": No such file"), "{chain}");
    }
}
