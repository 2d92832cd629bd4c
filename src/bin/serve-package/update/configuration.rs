//! The settings of `update_engine`: three files, of which the first that has a
//! key wins.

use std::fs;

use super::edit;
use super::key_value;
use super::record::Record;
use super::root::Root;
use super::system::System;

/// The files, as they are now.
#[derive(Debug)]
pub struct Configuration {
    /// The file's name on the machine, and its text.
    files: Vec<(String, String)>,
    /// Files that are there and cannot be read, and why.
    pub unreadable: Vec<String>,
}

/// A setting in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting<'a> {
    pub value: &'a str,
    pub file: &'a str,
}

impl Configuration {
    /// The file that an operator writes.
    pub fn path(system: System) -> String {
        format!("/etc/{}/update.conf", system.folder())
    }

    /// Reads all files, as they are once what a record names is put back.
    pub fn read(root: &Root, system: System, record: Option<&Record>) -> Self {
        let folder = system.folder();
        let (mut files, mut unreadable) = (Vec::new(), Vec::new());
        for path in [
            Self::path(system),
            format!("/usr/share/{folder}/update.conf"),
            format!("/usr/share/{folder}/release"),
        ] {
            match fs::read(root.path(&path)) {
                Ok(mut bytes) => {
                    if let Some(record) = record {
                        let original = fs::read(record.backup()).unwrap_or_default();
                        bytes = edit::without_server(&bytes, &original, &record.server);
                    }
                    files.push((path, String::from_utf8_lossy(&bytes).into_owned()));
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => unreadable.push(format!("{path} cannot be read: {error}")),
            }
        }
        Self { files, unreadable }
    }

    /// A setting, from the first file that has it. A pair of quotes around it does
    /// not count: `ParseString` in today's `simple_key_value_store.cc` removes it, and
    /// so does systemd for `locksmithd`.
    pub fn get(&self, key: &str) -> Option<Setting<'_>> {
        self.files.iter().find_map(|(file, text)| {
            let value = key_value::last(text, key)?.trim_end_matches('\r');
            let within = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
            Some(Setting { value: within('"').or_else(|| within('\'')).unwrap_or(value), file })
        })
    }

    /// The files whose lines end in CR LF. `update_engine` takes the CR for a
    /// part of the value.
    pub fn with_carriage_returns(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter(|(_, text)| text.contains("\r\n")).map(|(file, _)| &**file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_file_that_has_it_wins() {
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let other = "GROUP=y\nSERVER=z\nQUOTED=\"a b\"\nODD=\"\n";
        let files = vec![file("a", "GROUP=x\r\n"), file("b", other)];
        let configuration = Configuration { files, unreadable: Vec::new() };
        assert_eq!(configuration.get("GROUP"), Some(Setting { value: "x", file: "a" }));
        assert_eq!(configuration.get("SERVER"), Some(Setting { value: "z", file: "b" }));
        assert_eq!(configuration.get("QUOTED"), Some(Setting { value: "a b", file: "b" }));
        assert_eq!(configuration.get("ODD"), Some(Setting { value: "\"", file: "b" }));
        assert_eq!(configuration.get("REBOOT_STRATEGY"), None);
        assert_eq!(configuration.with_carriage_returns().collect::<Vec<_>>(), ["a"]);
    }
}
