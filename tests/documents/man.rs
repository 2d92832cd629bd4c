//! Man pages, in the macros of man(7).

use std::fmt::Write;

use crate::help::Help;
use crate::manual::{Manual, cells};

/// The page of this name.
pub fn page(
    name: &str,
    help: &Help,
    manual: Option<&Manual>,
    commands: &[(String, String)],
) -> String {
    let mut page = Page(String::new());
    let version = env!("CARGO_PKG_VERSION");
    page.line(r#".\" Made from the help and the manual by tests/documents: do not edit."#);
    let title = name.to_uppercase();
    page.line(&format!(r#".TH {title} 8 "" "serve-package {version}" "System Administration""#));

    page.section("NAME");
    let mut first = help.description.split([':', ';']).next().unwrap().to_owned();
    if let Some(end) = first.find(". ") {
        first.truncate(end);
    }
    let mut first = first.trim_end_matches('.').to_owned();
    first[..1].make_ascii_lowercase();
    page.line(&format!("{} \\- {}", escape(name), escape(&first)));

    page.section("SYNOPSIS");
    for usage in help.usages() {
        page.line(".nf");
        page.line(&format!("\\fB{}\\fR", escape(&usage)));
        page.line(".fi");
    }

    page.section("DESCRIPTION");
    page.text(&help.description);
    if name == "serve-package" {
        for (command, text) in commands {
            page.line(".TP");
            page.line(&format!("\\fBserve-package {command}\\fR(8)"));
            page.text(text);
        }
    }
    let is_status = |note: &&String| note.starts_with("Exit status: ");
    for note in help.notes.iter().filter(|note| !is_status(note)) {
        page.line(".PP");
        page.text(note);
    }

    page.section("OPTIONS");
    let described = manual.map(Manual::options).unwrap_or_default();
    if described.is_empty() {
        for entry in help.groups.iter().flat_map(|(_, entries)| entries) {
            page.item(&entry.term, &entry.text);
        }
    } else {
        // Operands first.
        let entries = help.groups.iter().flat_map(|(_, entries)| entries);
        let is_operand = |term: &str| term.chars().all(|c| c.is_ascii_uppercase());
        for entry in entries.filter(|entry| is_operand(&entry.term)) {
            page.item(&entry.term, &entry.text);
        }
        for option in described {
            page.item(&option.term, &option.text);
        }
    }

    page.section("EXIT STATUS");
    let scripts = Manual::read("scripts.md");
    match help.notes.iter().find(is_status) {
        Some(note) => page.text(note.trim_start_matches("Exit status: ")),
        None => page.markdown(scripts.as_ref().unwrap().section("Exit status").unwrap()),
    }
    for heading in ["Signals", "Files"] {
        if let Some(section) = manual.and_then(|manual| manual.section(heading)) {
            page.section(&heading.to_uppercase());
            page.markdown(section);
        }
    }
    let command = if name == "serve-package" { name } else { &name.replacen('-', " ", 2) };
    let command = command.replace("serve package", "serve-package");
    if let Some(example) = manual.and_then(|manual| manual.example(&command)) {
        page.section("EXAMPLE");
        page.line(".nf");
        // The page is about an installed program.
        let example = example.replace("./serve-package", "serve-package");
        // A line that begins with a point would be a macro.
        example.lines().for_each(|line| page.line(&format!("\\&{}", escape(line))));
        page.line(".fi");
    }

    page.section("SEE ALSO");
    let all = std::iter::once("serve-package".to_owned())
        .chain(commands.iter().map(|(command, _)| format!("serve-package-{command}")));
    let others: Vec<_> = all
        .filter(|other| other != name)
        .map(|other| format!("\\fB{}\\fR(8)", escape(&other)))
        .collect();
    page.line(&others.join(",\n"));
    page.line(".PP");
    page.text("The manual, in the directory `manual` of the release archive, has everything else.");
    page.0
}

struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}");
    }

    fn section(&mut self, name: &str) {
        self.line(&format!(".SH {name}"));
    }

    /// Begins a paragraph. After a heading, one has begun.
    fn paragraph(&mut self) {
        if !self.0.lines().last().is_some_and(|line| line.starts_with(".SH")) {
            self.line(".PP");
        }
    }

    /// An entry of a list.
    fn item(&mut self, term: &str, text: &str) {
        self.line(".TP");
        self.line(&format!("\\fB{}\\fR", escape(term)));
        self.text(text);
    }

    /// A text in Markdown without blocks.
    fn text(&mut self, text: &str) {
        let text = inline(text);
        // A line that begins with a point or a quote would be a macro.
        let guard = if text.starts_with(['.', '\'']) { "\\&" } else { "" };
        self.line(&format!("{guard}{text}"));
    }

    /// A text in Markdown: paragraphs and tables. Blocks of commands are left out.
    fn markdown(&mut self, text: &str) {
        let mut paragraph = String::new();
        let mut is_code = false;
        for line in text.lines().chain([""]) {
            if line.starts_with("```") {
                is_code = !is_code;
            } else if is_code {
            } else if line.starts_with('|') {
                let cells = cells(line);
                // Neither the head nor the rule below it.
                if cells[0].starts_with(|c: char| c == '`' || c.is_ascii_digit()) {
                    self.item(&cells[0].replace('`', ""), &cells[1]);
                }
            } else if !line.is_empty() {
                paragraph.push_str(line);
                paragraph.push(' ');
            } else if !paragraph.is_empty() {
                // What introduces a block says nothing without it.
                let text = std::mem::take(&mut paragraph);
                if !text.trim().ends_with(':') {
                    self.paragraph();
                    self.text(text.trim());
                }
            }
        }
    }
}

/// Code becomes bold, and links say where they lead.
fn inline(text: &str) -> String {
    let mut result = String::new();
    for (number, span) in without_links(text).split('`').enumerate() {
        if number % 2 == 1 {
            let _ = write!(result, "\\fB{}\\fR", escape(span));
        } else {
            result.push_str(&escape(span));
        }
    }
    result
}

/// A page cannot be clicked, so each link to a file of the manual names it.
fn without_links(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let (before, words) = before.rsplit_once('[').unwrap();
        let (target, after) = after.split_once(')').unwrap();
        let file = target.split('#').next().unwrap();
        result.push_str(before);
        if file.is_empty() {
            result.push_str(words);
        } else if before.ends_with("see ") || before.ends_with("See ") {
            let _ = write!(result, "{file} in the manual");
        } else {
            let _ = write!(result, "{words} ({file} in the manual)");
        }
        rest = after;
    }
    result + rest
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('…', "...")
}
