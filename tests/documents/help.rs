//! A help text, taken apart.

use std::process::Command;

use crate::common::server::binary;

/// What `serve-package help COMMAND` prints.
pub struct Help {
    /// The paragraphs before the first list.
    pub description: String,
    /// The lines that say how it is called.
    pub usage: Vec<String>,
    /// The lists, each with its heading, which may be empty.
    pub groups: Vec<(String, Vec<Entry>)>,
    /// The paragraphs after the lists.
    pub notes: Vec<String>,
}

/// A line of a list, with those that continue it.
pub struct Entry {
    /// What it is about, such as `--key PEM`.
    pub term: String,
    pub text: String,
}

impl Entry {
    /// The options that it is about, each with its value's name.
    pub fn terms(&self) -> Vec<String> {
        self.term.split(", ").map(str::to_owned).collect()
    }

    /// The default value that it names: `(default: …)`, or with a condition.
    pub fn default(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once("(default: ")?;
        rest.split([',', ')', ';']).next()
    }
}

impl Help {
    pub fn of(command: &str) -> Self {
        let mut help = Command::new(binary());
        help.arg("help");
        if !command.is_empty() {
            help.arg(command);
        }
        let output = help.output().unwrap();
        assert!(output.status.success(), "{command}");
        Self::parse(&String::from_utf8(output.stdout).unwrap())
    }

    fn parse(text: &str) -> Self {
        let mut help =
            Self { description: String::new(), usage: vec![], groups: vec![], notes: vec![] };
        let mut paragraph = String::new();
        for line in text.lines().chain([""]) {
            let indent = line.len() - line.trim_start().len();
            let line = line.trim();
            if let Some(usage) = line.strip_prefix("Usage: ") {
                help.usage.push(usage.to_owned());
            } else if line.is_empty() {
                help.end_paragraph(&mut paragraph);
            } else if indent == 0 && line.ends_with(':') {
                help.end_paragraph(&mut paragraph);
                help.groups.push((line.trim_end_matches(':').to_owned(), vec![]));
            } else if indent == 2 {
                let (term, text) = line.split_once("  ").unwrap_or((line, ""));
                let entry = Entry { term: term.to_owned(), text: text.trim().to_owned() };
                if help.groups.is_empty() {
                    help.groups.push((String::new(), vec![]));
                }
                help.groups.last_mut().unwrap().1.push(entry);
            } else if indent > 0 && help.groups.is_empty() {
                // Another form, or the continuation of one.
                match line.strip_prefix("serve-package") {
                    Some(_) => help.usage.push(line.to_owned()),
                    None => append(help.usage.last_mut().unwrap(), line),
                }
            } else if indent > 0 {
                let (_, entries) = help.groups.last_mut().unwrap();
                append(&mut entries.last_mut().unwrap().text, line);
            } else {
                append(&mut paragraph, line);
            }
        }
        help
    }

    fn end_paragraph(&mut self, paragraph: &mut String) {
        let text = std::mem::take(paragraph);
        if text.is_empty() {
        } else if self.usage.is_empty() && self.groups.is_empty() {
            append(&mut self.description, &text);
        } else {
            self.notes.push(text);
        }
    }

    /// The commands that the help of serving lists, without serving.
    pub fn commands(&self) -> Vec<(String, String)> {
        let (_, entries) = self.groups.iter().find(|(heading, _)| heading == "Commands").unwrap();
        let named = entries.iter().filter_map(|entry| {
            let words: Vec<_> = entry.term.split(' ').collect();
            let name = words[1];
            (!name.starts_with('-')).then(|| (name.to_owned(), entry.text.clone()))
        });
        named.collect()
    }

    /// All entries about options.
    pub fn options(&self) -> impl Iterator<Item = &Entry> {
        let entries = self.groups.iter().flat_map(|(_, entries)| entries);
        entries.filter(|entry| entry.term.starts_with("--"))
    }

    /// How it is called.
    pub fn usages(&self) -> Vec<String> {
        if !self.usage.is_empty() {
            return self.usage.clone();
        }
        let (_, entries) = self.groups.iter().find(|(heading, _)| heading == "Commands").unwrap();
        entries.iter().map(|entry| entry.term.clone()).collect()
    }
}

fn append(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(line);
}
