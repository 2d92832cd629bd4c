//! The README and the manual as text, and lines that are printed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

/// The README or a file of the manual.
pub struct Document {
    /// Its path in the project.
    pub name: String,
    pub text: String,
}

/// The README, and then the manual's files in the order of their names.
pub fn documents() -> &'static [Document] {
    static DOCUMENTS: LazyLock<Vec<Document>> = LazyLock::new(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let manual = std::fs::read_dir(here.join(MANUAL)).unwrap();
        let names = manual.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.ends_with(".md")).collect();
        names.sort();
        let names = names.into_iter().map(|name| format!("{MANUAL}{name}"));
        let read = |name: String| {
            let text = std::fs::read_to_string(here.join(&name)).unwrap();
            Document { name, text }
        };
        std::iter::once("README.md".to_owned()).chain(names).map(read).collect()
    });
    &DOCUMENTS
}

/// Where the manual is.
pub const MANUAL: &str = "dist/manual/";

/// A file of the manual.
pub fn manual(name: &str) -> &'static Document {
    let name = format!("{MANUAL}{name}.md");
    documents().iter().find(|document| document.name == name).expect(&name)
}

/// A fenced block of commands or of Rust.
pub struct Block {
    /// The document and the line.
    pub place: String,
    /// What follows the fence: `sh` or `rust`, and for `sh` how it is run.
    ///
    /// - nothing: in a copy of this project (its Makefile and fixtures);
    /// - `machine`: on a pretended machine, a folder that takes the place of `/`;
    /// - `server`: the last command runs until the next server is started;
    /// - `ends`: that command ends by itself when a machine was updated;
    /// - `script`: a file; `tests/scripted` runs it;
    /// - `exit-N`: it ends with this status, and not 0;
    /// - `service`: on a machine with systemd, which tests/boot.sh boots;
    /// - `follow`: there, until they are stopped.
    pub words: Vec<&'static str>,
    pub text: String,
    /// What the commands print: a block `text` after them.
    pub printed: Option<String>,
    /// What the server logs afterwards: a block `text log` after them.
    pub logged: Option<String>,
}

impl Block {
    pub fn is(&self, word: &str) -> bool {
        self.words.contains(&word)
    }

    pub fn exit_status(&self) -> i32 {
        let status = self.words.iter().find_map(|word| word.strip_prefix("exit-"));
        status.map_or(0, |status| status.parse().unwrap())
    }
}

impl Document {
    /// All blocks of commands and of Rust. One that nothing here knows is an error, so that none is
    /// passed over.
    pub fn blocks(&'static self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut lines = self.text.lines().zip(1..);
        while let Some((fence, line)) = lines.next() {
            let Some(words) = fence.trim_start().strip_prefix("```") else { continue };
            let words: Vec<_> = words.split(' ').collect();
            let place = format!("{}:{line}", self.name);
            let text = lines.by_ref().map(|(line, _)| line).take_while(|line| *line != "```");
            let text = text.collect::<Vec<_>>().join("\n");
            let is_known =
                words[1..].iter().all(|word| {
                    matches!(
                        (words[0], *word),
                        ("sh", "machine" | "server" | "ends" | "script" | "update")
                            | ("text", "log" | "picture")
                    ) || words[0] == "sh" && word.starts_with("exit-")
                }) || matches!(words[..], ["sh", "service"] | ["sh", "service", "follow"]);
            assert!(is_known, "{place}: nobody knows what {fence:?} is");
            let earlier = match words[..] {
                ["text", "picture"] => continue,
                ["sh", ..] | ["rust"] => {
                    blocks.push(Block { place, words, text, printed: None, logged: None });
                    continue;
                }
                ["text"] => &mut blocks.last_mut().unwrap().printed,
                ["text", "log"] => &mut blocks.last_mut().unwrap().logged,
                _ => panic!("{place}: nobody knows what {fence:?} is"),
            };
            assert!(earlier.replace(text).is_none(), "{place}: a second {fence}");
        }
        blocks
    }

    /// The rows of the first table below a heading, without its head, and without
    /// the backquotes around a whole cell.
    pub fn table(&self, heading: &str) -> Vec<Vec<String>> {
        let text = format!("\n{}", self.text);
        let place = format!("{}: {heading}", self.name);
        let (_, section) = text.split_once(&format!("\n{heading}\n")).expect(&place);
        let rows = section.lines().skip_while(|line| !line.starts_with('|'));
        let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
        let cell = |cell: &str| cell.trim().trim_matches('`').replace('\0', "|");
        // A cell's own bars are escaped.
        let rows = rows.map(|row| row.replace("\\|", "\0"));
        rows.map(|row| row.trim_matches('|').split('|').map(cell).collect()).collect()
    }
}

/// Blocks of all documents.
pub fn blocks() -> impl Iterator<Item = Block> {
    documents().iter().flat_map(Document::blocks)
}

/// Commands between two backquotes.
pub fn commands_in_sentences() -> BTreeSet<&'static str> {
    const PROGRAMS: [&str; 11] = [
        ".ci/run",
        "butane",
        "cargo",
        "cat",
        "journalctl",
        "make",
        "rustup",
        "serve-package",
        "sudo",
        "systemctl",
        "update_engine_client",
    ];
    // Blocks have three backquotes on either side, so they are among the odd pieces, too.
    let spans = documents().iter().flat_map(|document| document.text.split('`').skip(1).step_by(2));
    spans
        .filter(|span| !span.contains('\n'))
        .filter(|span| span.split(' ').next().is_some_and(|word| PROGRAMS.contains(&word)))
        .collect()
}

/// The names of the members of a JSON object without objects and lists in it,
/// and the value of its `event`.
pub fn members(object: &str) -> (String, Vec<&str>) {
    let mut names = Vec::new();
    let mut event = String::new();
    let mut rest = object.strip_prefix('{').unwrap();
    while let Some(start) = rest.strip_prefix(['"', ',']) {
        let (name, value) = start.trim_start_matches('"').split_once("\":").unwrap();
        let quoted = value.strip_prefix('"');
        let end = match quoted {
            None => value.find([',', '}']).unwrap(),
            Some(text) => {
                let mut escaped = false;
                let is_end = |c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                };
                text.find(is_end).unwrap() + 2
            }
        };
        if name == "event" {
            value[..end].trim_matches('"').clone_into(&mut event);
        }
        names.push(name);
        rest = &value[end..];
    }
    assert_eq!(rest, "}", "{object}");
    (event, names)
}

/// The long flags in a text.
pub fn flags(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_lowercase() && c != '-');
    words.filter(|word| word.starts_with("--") && word.len() > 2).map(str::to_owned).collect()
}

/// A line of the log without its time.
pub fn untimed(line: &str) -> &str {
    match line.split_once(' ') {
        Some((time, rest)) if is_time(time) => rest,
        _ => line,
    }
}

fn is_time(word: &str) -> bool {
    let shape: String = word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00Z"
}

/// A line with what differs from run to run replaced: times, durations, rates,
/// and the version of this crate.
pub fn constant(line: &str) -> String {
    if let Some((name @ ("Date" | "Last-Modified"), _)) = line.split_once(": ") {
        return format!("{name}: TIME");
    }
    let words: Vec<_> = line.split(' ').collect();
    let constant = |(place, word): (usize, &&str)| {
        let before = place.checked_sub(1).map(|place| words[place]);
        match words.get(place + 1) {
            Some(&("s," | "MB/s" | "MB/s,")) if word.parse::<f64>().is_ok() => "NUMBER".to_owned(),
            _ if is_time(word) => "TIME".to_owned(),
            _ if before == Some("serve-package") && word.ends_with(':') => "VERSION:".to_owned(),
            _ => (*word).to_owned(),
        }
    };
    words.iter().enumerate().map(constant).collect::<Vec<_>>().join(" ")
}

/// Whether lines are those that are shown, where a line `…` means any number of
/// lines.
pub fn are_like(lines: &[String], shown: &[String]) -> bool {
    match shown {
        [] => lines.is_empty(),
        [elided, rest @ ..] if elided == "…" => {
            (0..=lines.len()).any(|left_out| are_like(&lines[left_out..], rest))
        }
        [first, rest @ ..] => lines.first() == Some(first) && are_like(&lines[1..], rest),
    }
}

/// Whether a line is like a pattern, in which `…` matches anything.
pub fn matches(line: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap()) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
