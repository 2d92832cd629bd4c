//! Completions for three shells.

use std::fmt::Write;

use crate::help::{Entry, Help};

const MADE: &str = "made from its help by tests/documents: do not edit";

/// An option: its name, what its value is, and what it does.
struct Opt<'a> {
    flag: String,
    value: Option<String>,
    entry: &'a Entry,
}

/// What a value is.
enum Value<'a> {
    None,
    File,
    Folder,
    /// One of these, or something else.
    Words(Vec<&'a str>),
}

impl Opt<'_> {
    fn value(&self) -> Value<'_> {
        let Some(name) = &self.value else { return Value::None };
        match &**name {
            "FILE" | "PEM" => Value::File,
            "DIR" => Value::Folder,
            "BOARD" => Value::Words(vec!["amd64-usr", "arm64-usr"]),
            name => {
                let is_literal = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase());
                Value::Words(name.split('|').filter(is_literal).collect())
            }
        }
    }

    fn is_repeatable(&self) -> bool {
        self.entry.text.contains("repeatable")
    }

    /// What it does, in a few words.
    fn summary(&self) -> String {
        summary(&self.entry.text)
    }
}

/// The first words of a text, without what shells would have to quote.
fn summary(text: &str) -> String {
    let end = [" (", "; ", ": ", ", such", ". "].iter().filter_map(|end| text.find(end)).min();
    text[..end.unwrap_or(text.len())].replace('\'', "’").trim_end_matches('.').to_owned()
}

fn options(help: &Help) -> Vec<Opt<'_>> {
    let options = help.options().flat_map(|entry| {
        entry.terms().into_iter().map(move |term| {
            let (flag, value) = match term.split_once(' ') {
                Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
                None => (term, None),
            };
            Opt { flag, value, entry }
        })
    });
    options.collect()
}

/// Whether a command takes files beside its options.
fn takes_files(help: &Help) -> bool {
    help.usages().iter().any(|usage| usage.contains(" FILE..."))
}

pub fn bash(commands: &[(String, String)], helps: &[(&str, Help)]) -> String {
    let names: Vec<_> = commands.iter().map(|(name, _)| &**name).collect();
    let mut text = format!(
        "# Completion of serve-package for bash, {MADE}.\n\
         _serve_package() {{\n\
         \x20   local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command= options=\n\
         \x20   # bash takes --option=value for three words.\n\
         \x20   if [ \"$word\" = = ]; then\n\
         \x20       word=\n\
         \x20   elif [ \"$before\" = = ]; then\n\
         \x20       before=${{COMP_WORDS[COMP_CWORD-2]}}\n\
         \x20   fi\n\
         \x20   if [ \"$COMP_CWORD\" -gt 1 ]; then\n\
         \x20       case ${{COMP_WORDS[1]}} in {}|help) command=${{COMP_WORDS[1]}} ;; esac\n\
         \x20   fi\n\
         \x20   case $command:$before in\n",
        names.join("|")
    );
    let mut kinds: [Vec<String>; 3] = Default::default();
    let mut words = Vec::new();
    for (command, help) in helps {
        for option in options(help) {
            let pattern = format!("{command}:{}", option.flag);
            match option.value() {
                Value::None => {}
                Value::File => kinds[0].push(pattern),
                Value::Folder => kinds[1].push(pattern),
                Value::Words(known) if known.is_empty() => kinds[2].push(pattern),
                Value::Words(known) => words.push((pattern, known.join(" "))),
            }
        }
    }
    let [files, folders, others] = kinds.map(|patterns| patterns.join("|"));
    for (patterns, action) in [(files, "-f"), (folders, "-d")] {
        let _ = writeln!(
            text,
            "    {patterns})\n        compopt -o filenames 2>/dev/null\n        \
             mapfile -t COMPREPLY < <(compgen {action} -- \"$word\")\n        return ;;"
        );
    }
    for (pattern, words) in words {
        let _ = writeln!(
            text,
            "    {pattern}) mapfile -t COMPREPLY < <(compgen -W '{words}' -- \"$word\"); return ;;"
        );
    }
    let _ = writeln!(text, "    {others}) return ;;\n    esac\n    case $command in");
    for (command, help) in helps {
        let flags: Vec<_> = options(help).into_iter().map(|option| option.flag).collect();
        let command = if command.is_empty() { "''" } else { command };
        let _ = writeln!(text, "    {command}) options='{}' ;;", flags.join(" "));
    }
    let with_files: Vec<_> = helps.iter().filter(|(_, help)| takes_files(help)).collect();
    let with_files: Vec<_> = with_files.iter().map(|(command, _)| *command).collect();
    let _ = write!(
        text,
        "    esac\n    case $command:$word in\n    \
         help:*) mapfile -t COMPREPLY < <(compgen -W '{names}' -- \"$word\") ;;\n    \
         *:-*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\") ;;\n    \
         {files}:*)\n        compopt -o filenames 2>/dev/null\n        \
         mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n    \
         :*) [ \"$COMP_CWORD\" != 1 ] || mapfile -t COMPREPLY < <(compgen -W '{names} help' -- \"$word\") ;;\n    \
         esac\n}}\ncomplete -F _serve_package serve-package\n",
        names = names.join(" "),
        files = with_files.join("|"),
    );
    text
}

pub fn zsh(commands: &[(String, String)], helps: &[(&str, Help)]) -> String {
    let mut text = format!(
        "#compdef serve-package\n# Completion of serve-package for zsh, {MADE}.\n\
         local -a commands=(\n"
    );
    for (name, about) in commands {
        let _ = writeln!(text, "    '{name}:{}'", summary(about));
    }
    text.push_str("    'help:show the options of a command'\n)\n");
    text.push_str(
        "if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n    \
         _describe command commands\n    return\nfi\ncase $words[2] in\n\
         help) _describe command commands ;;\n",
    );
    // Serving comes last, because it is everything else.
    for (command, help) in helps.iter().skip(1).chain(helps.first()) {
        let pattern = if command.is_empty() {
            "*)\n".to_owned()
        } else {
            format!("{command})\n    shift words\n    (( CURRENT-- ))\n")
        };
        let _ = write!(text, "{pattern}    _arguments");
        for option in options(help) {
            let repeatable = if option.is_repeatable() { "*" } else { "" };
            let summary = option.summary().replace(':', "\\:").replace(['[', ']'], "");
            let summary = if summary.is_empty() { String::new() } else { format!("[{summary}]") };
            let value = option.value.as_deref().unwrap_or_default();
            let action = match option.value() {
                Value::None => {
                    let _ = write!(text, " \\\n        '{}{summary}'", option.flag);
                    continue;
                }
                Value::File => "_files".to_owned(),
                Value::Folder => "_files -/".to_owned(),
                Value::Words(words) if words.is_empty() => " ".to_owned(),
                Value::Words(words) => format!("({})", words.join(" ")),
            };
            let _ = write!(
                text,
                " \\\n        '{repeatable}{}={summary}:{value}:{action}'",
                option.flag
            );
        }
        if takes_files(help) {
            text.push_str(" \\\n        '*:FILE:_files'");
        }
        text.push_str("\n    ;;\n");
    }
    text.push_str("esac\n");
    text
}

pub fn fish(commands: &[(String, String)], helps: &[(&str, Help)]) -> String {
    let mut text =
        format!("# Completion of serve-package for fish, {MADE}.\ncomplete -c serve-package -f\n");
    let names: Vec<_> = commands.iter().map(|(name, _)| &**name).collect();
    for (name, about) in commands {
        let _ = writeln!(
            text,
            "complete -c serve-package -n __fish_use_subcommand -a {name} -d '{}'",
            summary(about)
        );
    }
    let _ = writeln!(
        text,
        "complete -c serve-package -n __fish_use_subcommand -a help -d 'show the options of a command'\n\
         complete -c serve-package -n '__fish_seen_subcommand_from help' -a '{}'",
        names.join(" ")
    );
    for (command, help) in helps {
        let condition = if command.is_empty() {
            format!("not __fish_seen_subcommand_from {} help", names.join(" "))
        } else {
            format!("__fish_seen_subcommand_from {command}")
        };
        let start = format!("complete -c serve-package -n '{condition}'");
        for option in options(help) {
            let value = match option.value() {
                Value::None => String::new(),
                Value::File => " -r -F".to_owned(),
                Value::Folder => " -x -a '(__fish_complete_directories)'".to_owned(),
                Value::Words(words) if words.is_empty() => " -x".to_owned(),
                Value::Words(words) => format!(" -x -a '{}'", words.join(" ")),
            };
            let summary = option.summary();
            let about = if summary.is_empty() { summary } else { format!(" -d '{summary}'") };
            let _ =
                writeln!(text, "{start} -l {}{value}{about}", option.flag.trim_start_matches('-'));
        }
        if takes_files(help) {
            let _ = writeln!(text, "{start} -F");
        }
    }
    text
}
