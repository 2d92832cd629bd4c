//! Tells scripts where the server answers.

use std::fmt;
use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::background;
use crate::format::Plain;

/// Removes what an earlier run has left, so that its address is not taken for
/// this one's. A file that cannot be removed, because it is mounted, or that is
/// behind a symbolic link, is emptied. A device or pipe holds nothing.
///
/// # Errors
///
/// When it can be neither removed nor emptied, or is a folder.
pub fn remove(path: &Path) -> Result<(), ReadyFileError> {
    let fail = |source| ReadyFileError { path: path.to_owned(), source };
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    if metadata.is_file() && fs::remove_file(path).is_ok() {
        return Ok(());
    }
    match fs::metadata(path) {
        Ok(target) if target.is_file() => {
            OpenOptions::new().write(true).truncate(true).open(path).map_err(fail).map(drop)
        }
        Ok(target) if target.is_dir() => Err(fail(io::ErrorKind::IsADirectory.into())),
        _ => Ok(()),
    }
}

/// Writes the address, such as `127.0.0.1:8000`, and a line break into a file.
///
/// A regular file is written beside and renamed, so that a reader sees all of
/// it or nothing. What can not be replaced so, or should not, is written to as
/// it is: a file behind a symbolic link, a mounted file, a device, a pipe. A
/// pipe without a reader is written to when it has one.
///
/// # Errors
///
/// When it cannot be written.
pub fn write(path: &Path, address: SocketAddr) -> Result<(), ReadyFileError> {
    let text = format!("{address}\n");
    let written = match fs::symlink_metadata(path).map(|metadata| metadata.file_type()) {
        Ok(kind) if kind.is_file() => replace(path, &text).or_else(|_| write_to(path, &text, kind)),
        Ok(kind) if kind.is_symlink() => {
            // What it leads to may not be there yet.
            let kind = fs::metadata(path).map_or(kind, |target| target.file_type());
            write_to(path, &text, kind)
        }
        Ok(kind) => write_to(path, &text, kind),
        Err(_) => replace(path, &text),
    };
    written.map_err(|source| ReadyFileError { path: path.to_owned(), source })
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let replaced = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    if replaced.is_err() {
        // Nothing half-made is left; the first error is the one to tell.
        let _ = fs::remove_file(&beside);
    }
    replaced
}

fn write_to(path: &Path, text: &str, kind: FileType) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true);
    if kind.is_fifo() {
        return write_to_pipe(path, options, text.to_owned());
    }
    if kind.is_file() || kind.is_symlink() {
        options.create(true).truncate(true);
    }
    // A terminal must not become the one whose Ctrl-C ends this process.
    options.custom_flags(OFlags::NOCTTY.bits().cast_signed());
    options.open(path)?.write_all(text.as_bytes())
}

/// Does not wait for a reader.
fn write_to_pipe(path: &Path, options: OpenOptions, text: String) -> io::Result<()> {
    let mut at_once = options.clone();
    at_once.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    match at_once.open(path) {
        // A line fits into any pipe.
        Ok(mut pipe) => pipe.write_all(text.as_bytes()),
        Err(error) if Errno::from_io_error(&error) == Some(Errno::NXIO) => {
            let path = path.to_owned();
            let wait = move || {
                let written =
                    options.open(path).and_then(|mut pipe: File| pipe.write_all(text.as_bytes()));
                // Whoever read it has gone again.
                drop(written);
            };
            background::start("ready-file", wait)
        }
        Err(error) => Err(error),
    }
}

/// Why the file cannot be written.
#[derive(Debug)]
pub struct ReadyFileError {
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for ReadyFileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.source.kind() {
            io::ErrorKind::NotFound => "its folder does not exist".to_owned(),
            io::ErrorKind::IsADirectory => "it is a folder; name a file".to_owned(),
            _ => Plain(&self.source).to_string(),
        };
        write!(formatter, "cannot write --ready-file {:?}: {reason}", self.path)
    }
}

/// Its message says everything that the source does.
impl std::error::Error for ReadyFileError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    const ADDRESS: &str = "127.0.0.1:8000\n";

    fn write(path: &Path) {
        super::write(path, ADDRESS.trim().parse().unwrap()).unwrap();
    }

    #[test]
    fn a_regular_file() {
        let folder = folder("ready-regular");
        let path = folder.join("ready");
        remove(&path).unwrap();
        fs::write(&path, "an earlier run").unwrap();
        remove(&path).unwrap();
        assert!(!path.exists());
        for _ in 0..2 {
            write(&path);
            assert_eq!(fs::read_to_string(&path).unwrap(), ADDRESS);
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_symbolic_link() {
        let folder = folder("ready-link");
        let (path, target) = (folder.join("ready"), folder.join("target"));
        symlink(&target, &path).unwrap();
        remove(&path).unwrap();
        // The target may not be there yet.
        write(&path);
        assert_eq!(fs::read_to_string(&target).unwrap(), ADDRESS);
        remove(&path).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "");
        write(&path);
        assert_eq!(fs::read_to_string(&target).unwrap(), ADDRESS);
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_device() {
        let path = Path::new("/dev/null");
        remove(path).unwrap();
        write(path);
        assert!(fs::metadata(path).unwrap().file_type().is_char_device());
    }

    #[test]
    fn a_pipe_whose_reader_comes_before_or_after() {
        use rustix::fs::{CWD, Mode, mkfifoat};
        let folder = folder("ready-pipe");
        for reader_first in [true, false] {
            let path = folder.join(format!("pipe-{reader_first}"));
            mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
            remove(&path).unwrap();
            let mut options = OpenOptions::new();
            options.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
            let mut early = reader_first.then(|| options.open(&path).unwrap());
            write(&path);
            let mut text = String::new();
            match &mut early {
                Some(pipe) => pipe.read_to_string(&mut text).unwrap(),
                None => File::open(&path).unwrap().read_to_string(&mut text).unwrap(),
            };
            assert_eq!(text, ADDRESS);
            assert!(fs::symlink_metadata(&path).unwrap().file_type().is_fifo());
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_cannot_be_written() {
        let address = ADDRESS.trim().parse().unwrap();
        let error = super::write(Path::new("/nowhere/at/all"), address).unwrap_err().to_string();
        assert_eq!(
            error,
            "cannot write --ready-file \"/nowhere/at/all\": its folder does not exist"
        );
        let error = remove(Path::new("/tmp")).unwrap_err().to_string();
        assert_eq!(error, "cannot write --ready-file \"/tmp\": it is a folder; name a file");
    }
}
