//! Values that are not of the right kind.

use super::{Findings, Node, Rule};
use crate::quoted::Quoted;

/// The attributes that are numbers, and those that are truths, by the element
/// that they stand on.
const NUMBERS: &[(&str, &str)] = &[
    ("daystart", "elapsed_seconds"),
    ("updatecheck", "PollInterval"),
    ("package", "size"),
    ("action", "MaxFailureCountPerUrl"),
    ("action", "MetadataSize"),
];
const TRUTHS: &[(&str, &str)] = &[
    ("manifest", "is_floor"),
    ("manifest", "is_target"),
    ("package", "required"),
    ("action", "needsadmin"),
    ("action", "IsDeltaPayload"),
    ("action", "DisablePayloadBackoff"),
    ("action", "Prompt"),
];

/// Finds what Go's `encoding/xml`, and so go-omaha, does not read.
/// `update_engine` takes all of it for absent.
pub(super) fn check_all(response: &Node, findings: &mut Findings) {
    response.walk(&mut |node| {
        let mut check = |attributes: &[(&str, &str)], kind, is_right: fn(&str) -> bool| {
            let own = attributes.iter().filter(|(element, _)| *element == node.name);
            for (_, name) in own {
                let value = node.get(name).unwrap_or_default().trim();
                if !value.is_empty() && !is_right(value) {
                    let found =
                        format!("{name} {} of <{}> is not {kind}", Quoted(value), node.name);
                    findings.add(Rule::ValueForm, node, found);
                }
            }
        };
        check(NUMBERS, "a number", |value| value.parse::<u64>().is_ok());
        check(TRUTHS, "true or false", |value| {
            const BOOLEANS: [&str; 12] =
                ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"];
            BOOLEANS.contains(&value)
        });
    });
}
