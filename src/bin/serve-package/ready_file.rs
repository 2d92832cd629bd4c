//! Tells scripts where the server answers.

use std::fmt;
use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::background;
use crate::format::Plain;

/// Longer than any address.
const LONGEST: u64 = 100;

/// Removes what an earlier run has left, so that its address is not taken for
/// this one's, and sees whether there can be another one. A file that cannot be
/// removed, because it is mounted, or that is behind a symbolic link, is emptied.
/// A device or pipe holds nothing.
///
/// # Errors
///
/// When it is something else than an address, can be neither removed nor
/// emptied, or its directory cannot be written to.
pub fn prepare(path: &Path) -> Result<(), ReadyFileError> {
    let fail = |source| ReadyFileError { path: path.to_owned(), source };
    match fs::metadata(path) {
        Ok(target) if target.is_dir() => return Err(fail(io::ErrorKind::IsADirectory.into())),
        Ok(target) if target.is_file() => clear(path).map_err(fail)?,
        _ => {}
    }
    if fs::symlink_metadata(path).is_err() {
        let beside = beside(path);
        fs::write(&beside, "").and_then(|()| fs::remove_file(&beside)).map_err(fail)?;
    }
    Ok(())
}

fn clear(path: &Path) -> io::Result<()> {
    let mut text = String::new();
    let read = File::open(path)?.take(LONGEST).read_to_string(&mut text);
    let is_ours =
        read.is_ok() && (text.is_empty() || text.trim_end().parse::<SocketAddr>().is_ok());
    if !is_ours {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    if fs::symlink_metadata(path)?.is_file() && fs::remove_file(path).is_ok() {
        return Ok(());
    }
    OpenOptions::new().write(true).truncate(true).open(path).map(drop)
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

fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    PathBuf::from(beside)
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = beside(path);
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
            io::ErrorKind::NotFound => "its directory does not exist".to_owned(),
            io::ErrorKind::IsADirectory => "it is a directory; name a file".to_owned(),
            io::ErrorKind::AlreadyExists => {
                "it is not a file that serve-package wrote; name another".to_owned()
            }
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
        prepare(&path).unwrap();
        for left in ["", "[::1]:80\n", ADDRESS] {
            fs::write(&path, left).unwrap();
            prepare(&path).unwrap();
            assert!(!path.exists());
        }
        for _ in 0..2 {
            write(&path);
            assert_eq!(fs::read_to_string(&path).unwrap(), ADDRESS);
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_this_program_did_not_write_is_kept() {
        let folder = folder("ready-foreign");
        let (path, link) = (folder.join("file"), folder.join("link"));
        symlink(&path, &link).unwrap();
        for content in [&b"node-1\n"[..], b"\x1f\x8b\xff", b"\n", &[b'1'; 200]] {
            fs::write(&path, content).unwrap();
            for path in [&path, &link] {
                let error = prepare(path).unwrap_err().to_string();
                assert!(error.contains("not a file that serve-package wrote; name"), "{error}");
            }
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_symbolic_link() {
        let folder = folder("ready-link");
        let (path, target) = (folder.join("ready"), folder.join("target"));
        symlink(&target, &path).unwrap();
        prepare(&path).unwrap();
        // The target may not be there yet.
        write(&path);
        assert_eq!(fs::read_to_string(&target).unwrap(), ADDRESS);
        prepare(&path).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "");
        write(&path);
        assert_eq!(fs::read_to_string(&target).unwrap(), ADDRESS);
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_device() {
        let path = Path::new("/dev/null");
        prepare(path).unwrap();
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
            prepare(&path).unwrap();
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
        let path = Path::new("/nowhere/at/all");
        for error in [prepare(path), super::write(path, address)] {
            assert_eq!(
                error.unwrap_err().to_string(),
                "cannot write --ready-file \"/nowhere/at/all\": its directory does not exist"
            );
        }
        let error = prepare(Path::new("/tmp")).unwrap_err().to_string();
        assert_eq!(error, "cannot write --ready-file \"/tmp\": it is a directory; name a file");
    }
}
