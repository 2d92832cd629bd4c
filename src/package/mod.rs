//! Packages as files: serving one, and verifying one that was fetched.

#[cfg(feature = "server")]
mod file;
#[cfg(feature = "server")]
mod name;
mod verify;

#[cfg(feature = "server")]
pub use file::{PackageError, PackageFile};
#[cfg(feature = "server")]
pub use name::{PackageName, ParsePackageNameError};
pub use verify::{VerifyError, VerifyErrorKind};
