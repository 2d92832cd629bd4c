//! The README as text, and lines that are printed.

use std::collections::BTreeSet;

pub const README: &str = include_str!("../../README.md");

/// A fenced block of commands or of Rust.
pub struct Block {
    pub line: usize,
    /// What follows the fence: `sh` or `rust`, and for `sh` how it is run.
    ///
    /// - nothing: in a copy of this project (its Makefile and fixtures);
    /// - `machine`: on a pretended machine, a folder that takes the place of `/`;
    /// - `server`: the last command goes on until the next server is started;
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

/// All blocks. One that nothing here knows is an error, so that none is
/// passed over.
pub fn blocks() -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = README.lines().zip(1..);
    while let Some((fence, line)) = lines.next() {
        let Some(words) = fence.trim_start().strip_prefix("```") else { continue };
        let words: Vec<_> = words.split(' ').collect();
        let text = lines.by_ref().map(|(line, _)| line).take_while(|line| *line != "```");
        let text = text.collect::<Vec<_>>().join("\n");
        let is_known = words[1..].iter().all(|word| {
            matches!(
                (words[0], *word),
                ("sh", "machine" | "server" | "ends" | "script" | "update") | ("text", "log")
            ) || words[0] == "sh" && word.starts_with("exit-")
        }) || matches!(words[..], ["sh", "service"] | ["sh", "service", "follow"]);
        assert!(is_known, "README.md:{line}: nobody knows what {fence:?} is");
        let earlier = match words[..] {
            ["sh", ..] | ["rust"] => {
                blocks.push(Block { line, words, text, printed: None, logged: None });
                continue;
            }
            ["text"] => &mut blocks.last_mut().unwrap().printed,
            ["text", "log"] => &mut blocks.last_mut().unwrap().logged,
            _ => panic!("README.md:{line}: nobody knows what {fence:?} is"),
        };
        assert!(earlier.replace(text).is_none(), "README.md:{line}: a second {fence}");
    }
    blocks
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
    let spans = README.split('`').skip(1).step_by(2).filter(|span| !span.contains('\n'));
    spans
        .filter(|span| span.split(' ').next().is_some_and(|word| PROGRAMS.contains(&word)))
        .collect()
}

/// The rows of the first table below a heading, without its head, and without
/// the backquotes around a whole cell.
pub fn table(heading: &str) -> Vec<Vec<String>> {
    let (_, section) = README.split_once(&format!("\n{heading}\n")).expect(heading);
    let rows = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    let cell = |cell: &str| cell.trim().trim_matches('`').to_owned();
    rows.map(|row| row.trim_matches('|').split('|').map(cell).collect()).collect()
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

/// Whether a line is like a pattern, in which `…` stands for anything.
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
