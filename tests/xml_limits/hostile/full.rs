//! Documents that come as close to the limits as they can.

use super::{CHECK, CHECK_END, Document, REQUEST, REQUEST_END, fill};
use crate::DOCUMENT_SIZE;

/// Documents that come as close to all limits as they can.
pub fn within_limits() -> Vec<Document> {
    // One more than where the parser's buffer doubles, so half of it is wasted.
    let waste = "x".repeat(20 * 32 + 1);
    let escaped = "&lt;".repeat(2 * 1024 - 1);
    let comment = format!("<!--{}--><a/>", "c".repeat(63 * 1024));
    let apps = format!("<app appid=\"{waste}\" track=\"{}\"/>", "x".repeat(321));
    let attributes: String = (0..8).map(|count| format!(" a{count}=\"\"")).collect();
    vec![
        ("1,000 apps with text", fill_times(REQUEST, &apps, 1000, REQUEST_END)),
        (
            "1,000 apps with attributes",
            fill_times(REQUEST, &format!("<app{attributes}/>"), 1000, REQUEST_END),
        ),
        ("1,000 manifests", fill_times(CHECK, "<manifest/>", 1000, CHECK_END)),
        ("1,000 packages", {
            let before = format!("{CHECK}<manifest><packages>");
            let after = format!("</packages></manifest>{CHECK_END}");
            let package = format!("<package name=\"{waste}\" size=\"1\"/>");
            fill_times(&before, &package, 1000, &after)
        }),
        ("entities in attributes", fill(REQUEST, &format!("<a b=\"{escaped}\"/>"), REQUEST_END)),
        ("comments between elements", fill(REQUEST, &comment, REQUEST_END)),
        (
            "blanks between elements",
            fill(REQUEST, &format!("{}<a/>", " ".repeat(65_000)), REQUEST_END),
        ),
        (
            "brackets between elements",
            fill(REQUEST, &format!("{}<a/>", "]".repeat(65_000)), REQUEST_END),
        ),
        ("metadata", {
            let before = format!("{CHECK}<manifest><packages>");
            let after = format!("</packages></manifest>{CHECK_END}");
            let text = "x".repeat(20 * 1024 + 1);
            let package = format!("<package><metadata>{text}</metadata></package>");
            fill(&before, &package, &after)
        }),
    ]
}

/// `before`, so many `unit`s if they fit, and `after`.
pub fn fill_times(before: &str, unit: &str, count: usize, after: &str) -> Vec<u8> {
    let room = (DOCUMENT_SIZE - before.len() - after.len()) / unit.len();
    [before, &unit.repeat(count.min(room)), after].concat().into_bytes()
}
