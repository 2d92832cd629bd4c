//! What a payload updates.

use std::fmt;

/// What a payload updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The operating system: the manifest has a procedure for the kernel.
    OperatingSystem,
    /// An extension (OEM or sysext): the manifest has no procedure for a kernel.
    Extension,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::OperatingSystem => "an operating system",
            Self::Extension => "an extension",
        })
    }
}
