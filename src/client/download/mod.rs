//! Fetching a package.

mod error;
mod fetch;
mod partial;

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use error::DownloadError;
pub(super) use fetch::is_rest;

use super::{Environment, HttpTransport, HttpUrl, Retry, SystemEnvironment, Transport};
use crate::digest::Sha256;
use crate::package::is_plain;
use crate::protocol::response::Package;
use fetch::Fetch;
use partial::Partial;

/// The download of one package: resumed where it was cut, and verified against
/// the package's size and digests.
///
/// A download that breaks off is continued with a range request, guarded by
/// the server's entity tag where there is one. A server that does not serve
/// ranges is asked for everything again, and what is known already is skipped.
#[derive(Clone, Debug)]
pub struct Download {
    url: HttpUrl,
    package: Package,
    /// What the `postinstall` action says of the first package.
    sha256: Option<Sha256>,
    transport: Arc<dyn Transport>,
    environment: Arc<dyn Environment>,
    start: Retry,
    resume: Retry,
}

/// What happens during a download.
#[non_exhaustive]
pub enum Progress<'a> {
    /// A file was created for what comes. It is gone when the download ends,
    /// one way or the other; only a process that is killed leaves it behind.
    Created(&'a Path),
    /// Another piece came.
    #[non_exhaustive]
    Bytes {
        /// Bytes so far.
        done: u64,
        /// Bytes in all, as the package says.
        total: u64,
    },
    /// It broke off, and will be continued.
    #[non_exhaustive]
    Cut {
        /// Bytes so far.
        at: u64,
        /// Why.
        error: &'a DownloadError,
        /// How long to wait before.
        delay: Duration,
    },
}

impl fmt::Debug for Progress<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created(path) => write!(formatter, "Created({path:?})"),
            Self::Bytes { done, total } => write!(formatter, "Bytes({done} of {total})"),
            Self::Cut { at, error, delay } => {
                write!(formatter, "Cut(at {at}: {error}; {delay:?})")
            }
        }
    }
}

impl Download {
    /// A download of this package from this URL. [`OfferedPackage::downloads`]
    /// makes those of an answer, with every digest that it has.
    ///
    /// [`OfferedPackage::downloads`]: super::OfferedPackage::downloads
    pub fn new(url: HttpUrl, package: &Package) -> Self {
        Self {
            url,
            package: package.clone(),
            sha256: None,
            transport: Arc::new(HttpTransport::new()),
            environment: Arc::new(SystemEnvironment),
            start: Retry::REQUEST,
            resume: Retry::DOWNLOAD,
        }
    }

    /// Where it is fetched from.
    pub fn url(&self) -> &HttpUrl {
        &self.url
    }

    /// Another SHA-256 that the content must have, besides the package's own:
    /// the one of the `postinstall` action, which is about the first package.
    #[must_use]
    pub fn with_sha256(mut self, sha256: Option<Sha256>) -> Self {
        self.sha256 = sha256;
        self
    }

    /// Another way to the server than [`HttpTransport`].
    #[must_use]
    pub fn with_transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Arc::new(transport);
        self
    }

    /// Another clock and another source of chance than the system's.
    #[must_use]
    pub fn with_environment(mut self, environment: impl Environment + 'static) -> Self {
        self.environment = Arc::new(environment);
        self
    }

    /// How often to try to begin, while nothing has arrived yet
    /// (default: [`Retry::REQUEST`]).
    #[must_use]
    pub fn with_start_retry(mut self, retry: Retry) -> Self {
        self.start = retry;
        self
    }

    /// How often to try to resume, once something has arrived: progress resets
    /// the count (default: [`Retry::DOWNLOAD`]).
    #[must_use]
    pub fn with_resume_retry(mut self, retry: Retry) -> Self {
        self.resume = retry;
        self
    }

    /// Downloads to a writer. What is written is verified only when this
    /// returns: until then, and after an error, it is not to be trusted.
    ///
    /// # Errors
    ///
    /// When the content cannot be had, is not the package's, or cannot be
    /// written.
    pub fn to_writer(
        &self,
        sink: &mut dyn Write,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), DownloadError> {
        Fetch::new(self, sink, progress).run()
    }

    /// Downloads to the file of the package's name in a directory, as
    /// [`to_file`](Self::to_file) does, and returns its path. The name comes
    /// from a server: only a plain file name is taken, which cannot lead out
    /// of the directory.
    ///
    /// # Errors
    ///
    /// As for [`to_file`](Self::to_file), and when the name is not plain.
    pub fn to_directory(
        &self,
        directory: &Path,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<PathBuf, DownloadError> {
        let name = &self.package.name;
        if !is_plain(name) {
            return Err(DownloadError::Name(name.clone()));
        }
        let path = directory.join(name);
        self.to_file(&path, progress).map(|()| path)
    }

    /// Downloads to a file. It appears under its path, in place of what was
    /// there, when it is complete, verified and on the disk, and not before.
    ///
    /// # Errors
    ///
    /// As for [`to_writer`](Self::to_writer). Then nothing is left of it, and
    /// what was under the path before is still there.
    pub fn to_file(
        &self,
        path: &Path,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), DownloadError> {
        let mut partial = Partial::create(path)?;
        progress(Progress::Created(partial.path()));
        Fetch::new(self, partial.file(), progress).run()?;
        partial.publish(path)
    }
}

#[cfg(test)]
mod tests;
