//! Packages as files: serving one, and verifying one that was fetched.

mod extension;
#[cfg(feature = "server")]
mod file;
#[cfg(feature = "server")]
mod name;
#[cfg(feature = "server")]
mod remembered;
#[cfg(feature = "server")]
mod stamp;
mod verify;

pub use extension::is_extension_name;
#[cfg(all(feature = "server", feature = "payload"))]
pub use file::PayloadFile;
#[cfg(feature = "server")]
pub use file::{PackageError, PackageFile};
#[cfg(feature = "server")]
pub use name::{PackageName, ParsePackageNameError};
#[cfg(feature = "client")]
pub(crate) use verify::is_plain;
pub use verify::{VerifyError, VerifyErrorKind};
