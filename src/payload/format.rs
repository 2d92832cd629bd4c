//! What a file is that is not a payload, as far as its beginning tells.

use std::fmt;

/// What a file is, as far as its beginning tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Nothing at all.
    Empty,
    /// An HTML page, as mirrors and proxies answer with.
    Html,
    /// The answer of an Omaha server.
    OmahaResponse,
    /// Some other XML document.
    Xml,
    /// A JSON document.
    Json,
    /// A file compressed with gzip.
    Gzip,
    /// A file compressed with bzip2, such as a disk image for download.
    Bzip2,
    /// A file compressed with xz.
    Xz,
    /// A file compressed with Zstandard.
    Zstd,
    /// A zip archive.
    Zip,
    /// A squashfs image: a raw system extension.
    Squashfs,
    /// An EROFS image: a raw system extension.
    Erofs,
    /// An ext2, ext3 or ext4 image.
    Ext,
    /// A btrfs image.
    Btrfs,
    /// A disk image with a partition table.
    Disk,
    /// A qcow2 image of a virtual disk.
    Qcow2,
    /// An ELF program.
    Elf,
    /// Lines of some text.
    Text,
    /// Something else.
    Unknown,
}

/// Where a magic is, and what it is the magic of.
const MAGICS: &[(usize, &[u8], Format)] = &[
    (0, b"\x1f\x8b", Format::Gzip),
    (0, b"BZh", Format::Bzip2),
    (0, b"\xfd7zXZ\0", Format::Xz),
    (0, b"\x28\xb5\x2f\xfd", Format::Zstd),
    (0, b"PK\x03\x04", Format::Zip),
    (0, b"hsqs", Format::Squashfs),
    (0, b"QFI\xfb", Format::Qcow2),
    (0, b"\x7fELF", Format::Elf),
    // A file system without a partition table may have a boot sector as well.
    (0x438, b"\x53\xef", Format::Ext),
    (0x400, b"\xe2\xe1\xf5\xe0", Format::Erofs),
    (0x1_0040, b"_BHRfS_M", Format::Btrfs),
    // GPT with blocks of 512 bytes, of 4096 bytes, and the boot sector's mark.
    (512, b"EFI PART", Format::Disk),
    (4096, b"EFI PART", Format::Disk),
    (510, b"\x55\xaa", Format::Disk),
];

impl Format {
    /// Bytes of the beginning that are looked at.
    pub const LOOKED_AT: usize = 0x1_0048;

    /// What a file is that begins so. A payload is [`Format::Unknown`].
    pub fn of(beginning: &[u8]) -> Self {
        if beginning.is_empty() {
            return Self::Empty;
        }
        let has =
            |at: usize, magic| beginning.get(at..).is_some_and(|rest| rest.starts_with(magic));
        let magic = MAGICS.iter().find(|(at, magic, _)| has(*at, *magic));
        magic.map_or_else(|| Self::of_text(beginning), |(_, _, format)| *format)
    }

    fn of_text(beginning: &[u8]) -> Self {
        /// What decides stands near the beginning.
        const LOOKED_AT: usize = 1024;
        let beginning = &beginning[..beginning.len().min(LOOKED_AT)];
        let beginning = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
        // The last character may be cut.
        let text = match std::str::from_utf8(beginning) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() => {
                std::str::from_utf8(&beginning[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => return Self::Unknown,
        };
        if text.contains(|character: char| character.is_control() && !character.is_whitespace()) {
            return Self::Unknown;
        }
        let text = text.trim_start().to_ascii_lowercase();
        let is_xml = text.starts_with("<?xml") || text.starts_with('<');
        if text.starts_with("<!doctype html") || text.contains("<html") {
            Self::Html
        } else if is_xml && text.contains("<response") && text.contains("protocol=") {
            Self::OmahaResponse
        } else if is_xml {
            Self::Xml
        } else if text.starts_with('{') || text.starts_with('[') {
            Self::Json
        } else {
            Self::Text
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "an empty file",
            Self::Html => "an HTML page",
            Self::OmahaResponse => "the answer of an Omaha server",
            Self::Xml => "an XML document",
            Self::Json => "a JSON document",
            Self::Gzip => "a file compressed with gzip",
            Self::Bzip2 => "a file compressed with bzip2",
            Self::Xz => "a file compressed with xz",
            Self::Zstd => "a file compressed with Zstandard",
            Self::Zip => "a zip archive",
            Self::Squashfs => "a squashfs image (a raw system extension)",
            Self::Erofs => "an EROFS image (a raw system extension)",
            Self::Ext => "an ext2, ext3 or ext4 image",
            Self::Btrfs => "a btrfs image",
            Self::Disk => "a disk image",
            Self::Qcow2 => "a qcow2 disk image",
            Self::Elf => "an ELF program",
            Self::Text => "a text",
            Self::Unknown => "a file of unknown content",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (text, format) in [
            ("", Format::Empty),
            ("<!DOCTYPE html>\n<html>", Format::Html),
            ("\u{feff}\n<HTML><head>", Format::Html),
            ("<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC ><html xmlns=", Format::Html),
            ("<?xml version=\"1.0\"?>\n<response protocol=\"3.0\">", Format::OmahaResponse),
            ("<?xml version=\"1.0\"?><Error><Code>NoSuchKey", Format::Xml),
            ("{\"error\":404}", Format::Json),
            ("404 page not found\n", Format::Text),
            ("é", Format::Text),
            ("CrAU\0\0", Format::Unknown),
        ] {
            assert_eq!(Format::of(text.as_bytes()), format, "{text:?}");
        }
        let mut cut = "é".repeat(600).into_bytes();
        cut.insert(0, b'a');
        assert_eq!(Format::of(&cut), Format::Text);
        assert_eq!(Format::of(b"\xff\xfe"), Format::Unknown);
    }

    #[test]
    fn magics() {
        for (at, magic, format) in MAGICS {
            let mut file = vec![0; *at];
            file.extend_from_slice(magic);
            assert_eq!(Format::of(&file), *format);
            assert!(file.len() <= Format::LOOKED_AT);
            file.pop();
            assert_ne!(Format::of(&file), *format);
        }
    }
}
