//! An update as a file.

use std::error::Error;
use std::fmt;
use std::io::Read;

use super::{Codebase, ParseCodebaseError, Update};
use crate::protocol::xml::UpdateFile;
use crate::protocol::{ReadError, VersionText};

impl Update {
    /// Reads an update from a document, in the form that go-omaha's `Update`
    /// has: an `<update>` with `appid`, `version`, `previousversion` and
    /// `respect_delta_okay`, and in it `<urls>`, `<packages>` and `<actions>`,
    /// the last two perhaps in a `<manifest>`.
    ///
    /// An empty `appid` is any application. A codebase that is neither a URL
    /// nor an absolute path is a path from the root of the server, and without
    /// one it is [`Codebase::PACKAGES`].
    ///
    /// ```
    /// use omaha::Update;
    ///
    /// let document = br#"<update appid="{87efface}" version="9999.0.0">
    ///     <urls><url codebase="packages/9999.0.0"/></urls>
    ///     <packages><package name="update.gz" size="67546213" required="true"/></packages>
    /// </update>"#;
    /// let update = Update::read(&document[..])?;
    /// assert_eq!(update.codebase.as_str(), "/packages/9999.0.0/");
    /// assert_eq!(Update::read(update.to_xml().as_bytes())?, update);
    /// # Ok::<(), omaha::ReadUpdateError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When it is not a well-formed `<update>` within the
    /// [limits](crate::protocol::limits), a version is missing or none, or the
    /// codebase is none.
    pub fn read(source: impl Read) -> Result<Self, ReadUpdateError> {
        let file = UpdateFile::read(source)?;
        let VersionText::Version(version) = file.manifest.version.clone() else {
            return Err(ReadUpdateError::Version(file.manifest.version));
        };
        let previous_version = match file.previous_version {
            VersionText::Empty => None,
            VersionText::Version(version) => Some(version),
            other => return Err(ReadUpdateError::PreviousVersion(other)),
        };
        Ok(Self {
            app_id: Some(file.app_id).filter(|id| !id.is_empty()),
            previous_version,
            version,
            codebase: codebase(&file.codebase).map_err(ReadUpdateError::Codebase)?,
            manifest: file.manifest,
            respect_delta_okay: file.respect_delta_okay,
        })
    }

    /// The update as such a document, in UTF-8, indented.
    pub fn to_xml(&self) -> String {
        let file = UpdateFile {
            app_id: self.app_id.clone().unwrap_or_default(),
            previous_version: self.previous_version.clone().map(Into::into).unwrap_or_default(),
            codebase: self.codebase.to_string(),
            respect_delta_okay: self.respect_delta_okay,
            manifest: self.manifest.clone().with_version(self.version.clone()),
        };
        file.to_xml()
    }
}

fn codebase(text: &str) -> Result<Codebase, ParseCodebaseError> {
    if text.is_empty() {
        Ok(Codebase::default())
    } else if text.starts_with('/') || text.contains("://") {
        text.parse()
    } else {
        format!("/{text}").parse()
    }
}

/// Why a document is not an [`Update`].
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadUpdateError {
    /// It cannot be read.
    Document(ReadError),
    /// The version is missing, or none.
    Version(VersionText),
    /// The version that the update is for is none.
    PreviousVersion(VersionText),
    /// The codebase is none.
    Codebase(ParseCodebaseError),
}

impl From<ReadError> for ReadUpdateError {
    fn from(error: ReadError) -> Self {
        Self::Document(error)
    }
}

impl fmt::Display for ReadUpdateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(_) => formatter.write_str("the update cannot be read"),
            Self::Version(VersionText::Empty) => formatter.write_str("the update has no version"),
            Self::Version(text) => {
                write!(formatter, "the update's version, {:?}, is not a version", text.as_str())
            }
            Self::PreviousVersion(text) => {
                write!(formatter, "previousversion, {:?}, is not a version", text.as_str())
            }
            Self::Codebase(_) => formatter.write_str("the update's codebase cannot be used"),
        }
    }
}

impl Error for ReadUpdateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Document(error) => Some(error),
            Self::Codebase(error) => Some(error),
            Self::Version(_) | Self::PreviousVersion(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Chain;
    use crate::digest::Digests;
    use crate::protocol::response::Package;

    #[test]
    fn what_is_written_is_read() {
        let content = Digests::from_reader(&b"content"[..]).unwrap();
        let packages = ["update.gz", "oem-azure.gz"].map(|name| Package::new(name, &content));
        let version = "4152.2.0".parse().unwrap();
        let update = Update::from_packages(version, Codebase::default(), packages);
        assert_eq!(Update::read(update.to_xml().as_bytes()).unwrap(), update);
        let mut update = update
            .with_app_id("{a<b}")
            .with_previous_version("4081.2.0".parse().unwrap())
            .with_respect_delta_okay(true);
        update.codebase = "https://mirror.example/os/".parse().unwrap();
        update.manifest.is_floor = true;
        update.manifest.floor_reason = "keys".to_owned();
        assert_eq!(Update::read(update.to_xml().as_bytes()).unwrap(), update);
    }

    /// The sample in go-omaha's `update_test.go`, with the end of its
    /// `<manifest>`, which is missing there.
    #[test]
    fn the_sample_of_go_omaha() {
        let sample = r#"<?xml version="1.0" encoding="UTF-8"?>
<update appid="{87efface-864d-49a5-9bb3-4b050a7c227a}" version="9999.0.0">
 <urls>
  <url codebase="packages/9999.0.0"></url>
 </urls>
 <manifest version="9999.0.0">
  <packages>
   <package name="update.gz" hash="+LXvjiaPkeYDLHoNKlf9qbJwvnk=" size="67546213" required="true"></package>
  </packages>
 </manifest>
</update>
"#;
        let update = Update::read(sample.as_bytes()).unwrap();
        assert_eq!(update.app_id.as_deref(), Some("{87efface-864d-49a5-9bb3-4b050a7c227a}"));
        assert_eq!(update.manifest.packages[0].size, 67_546_213);
        let urls = update.urls(["http://localhost"]);
        assert_eq!(urls[0].codebase, "http://localhost/packages/9999.0.0/");
    }

    #[test]
    fn refusals() {
        for (document, message) in [
            ("<update/>", "the update has no version"),
            ("<update version='x'/>", "the update's version, \"x\", is not a version"),
            (
                "<update version='1.0.0' previousversion='x'/>",
                "previousversion, \"x\", is not a version",
            ),
            (
                "<update version='1.0.0'><urls><url codebase='ftp://a/'/></urls></update>",
                "the update's codebase cannot be used: it must begin with http:// or https://",
            ),
            (
                "<response protocol='3.0'/>",
                "the update cannot be read: line 1, column 1: the root element is <response>, not \
                 <update>",
            ),
        ] {
            let error = Update::read(document.as_bytes()).unwrap_err();
            assert_eq!(Chain(&error).to_string(), message);
        }
    }
}
