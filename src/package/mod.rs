//! Packages as files: serving one, and verifying one that was fetched.

mod file;
mod name;
mod verify;

pub use file::{PackageError, PackageFile};
pub use name::{PackageName, ParsePackageNameError};
pub use verify::{VerifyError, VerifyErrorKind};
