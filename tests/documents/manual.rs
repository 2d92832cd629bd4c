//! What the man pages take from the manual.

use std::fs;
use std::path::Path;

/// A file of the manual.
pub struct Manual(String);

/// An option in the manual's table.
pub struct Described {
    /// As in the help, such as `--key PEM`; a row may be about several.
    pub term: String,
    /// Markdown.
    pub text: String,
}

impl Described {
    pub fn terms(&self) -> Vec<String> {
        self.term.split(", ").map(str::to_owned).collect()
    }
}

impl Manual {
    /// None where there is no such file.
    pub fn read(name: &str) -> Option<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/manual").join(name);
        fs::read_to_string(path).ok().map(Self)
    }

    /// The rows of the first table of options.
    pub fn options(&self) -> Vec<Described> {
        let rows = self.0.lines().skip_while(|line| !line.starts_with("| `--"));
        let rows = rows.take_while(|line| line.starts_with("| `"));
        // Operands stand in the table, too.
        let rows = rows.map(cells).filter(|cells| cells[0].starts_with("`--"));
        let described = |cells: Vec<String>| {
            let mut text = cells[1].clone();
            if let Some(default) = cells.get(2).filter(|default| !default.is_empty()) {
                text = format!("{} (default: {default})", text.trim_end_matches('.'));
            }
            Described { term: cells[0].replace('`', ""), text }
        };
        rows.map(described).collect()
    }

    /// The text under a heading, to the next one.
    pub fn section(&self, heading: &str) -> Option<&str> {
        let (_, section) = self.0.split_once(&format!("\n## {heading}\n"))?;
        Some(section.split("\n## ").next().unwrap_or(section).trim())
    }

    /// The commands of the first block that calls this command.
    pub fn example(&self, command: &str) -> Option<&str> {
        let blocks = self.0.split("```sh").skip(1).filter_map(|block| {
            let (_, block) = block.split_once('\n')?;
            block.split("\n```").next()
        });
        blocks.into_iter().find(|block| block.contains(command))
    }
}

/// The cells of a table's row.
pub fn cells(row: &str) -> Vec<String> {
    let row = row.replace("\\|", "\0");
    let cells = row.trim_matches('|').split('|');
    cells.map(|cell| cell.trim().replace('\0', "|")).collect()
}
