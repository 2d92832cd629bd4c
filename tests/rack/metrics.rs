//! Reads the text format of Prometheus, strictly.

use std::collections::{BTreeMap, BTreeSet};

/// The values by their names and labels.
pub fn read(text: &str) -> BTreeMap<String, String> {
    assert!(text.ends_with('\n'));
    let (mut values, mut types) = (BTreeMap::new(), BTreeSet::new());
    let mut current = String::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(!words.is_empty() && types.insert(name.to_owned()), "{line}");
            current = name.to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, current, "{line}");
            assert!(matches!(kind, "gauge" | "counter"), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let (bare, labels) = name.split_once('{').unwrap_or((name, "}"));
            assert_eq!(bare, current, "{line}");
            assert!(bare.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{line}");
            assert!(labels.ends_with('}') && labels.matches('"').count() % 2 == 0, "{line}");
            value.parse::<f64>().unwrap();
            assert!(values.insert(name.to_owned(), value.to_owned()).is_none(), "{line}");
        }
    }
    values
}
