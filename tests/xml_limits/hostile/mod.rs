//! Documents made to hurt.

mod full;
mod markup;
mod text;

use crate::DOCUMENT_SIZE;

/// A document of [`DOCUMENT_SIZE`] bytes at most, with a name.
pub type Document = (&'static str, Vec<u8>);

/// `before`, as many `unit`s as fit, and `after`.
fn fill(before: &str, unit: &str, after: &str) -> Vec<u8> {
    let count = (DOCUMENT_SIZE - before.len() - after.len()) / unit.len();
    [before, &unit.repeat(count), after].concat().into_bytes()
}

/// `before`, as many numbered units as fit, and `after`.
fn number(before: &str, unit: impl Fn(usize) -> String, after: &str) -> Vec<u8> {
    let mut document = before.to_owned();
    for count in 0.. {
        let unit = unit(count);
        if document.len() + unit.len() + after.len() > DOCUMENT_SIZE {
            break;
        }
        document.push_str(&unit);
    }
    document.push_str(after);
    document.into_bytes()
}

/// The document in UTF-16.
fn utf16(document: &[u8], mark: &[u8], unit: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    let half = document.get(..DOCUMENT_SIZE / 2 - 2).unwrap_or(document);
    let units = half.iter().flat_map(|byte| unit(u16::from(*byte)));
    mark.iter().copied().chain(units).collect()
}

const REQUEST: &str = r#"<request protocol="3.0">"#;
const REQUEST_END: &str = "</request>";
const METADATA: &str =
    r#"<response protocol="3.0"><app><updatecheck><manifest><packages><package><metadata>"#;
const METADATA_END: &str =
    "</metadata></package></packages></manifest></updatecheck></app></response>";
const CHECK: &str = r#"<response protocol="3.0"><app><updatecheck>"#;
const CHECK_END: &str = "</updatecheck></app></response>";

/// Every kind of hostility known.
pub fn documents() -> Vec<Document> {
    let mut all = markup::declarations();
    all.extend(markup::elements());
    all.extend(markup::attributes());
    all.extend(markup::namespaces());
    all.extend(text::texts());
    all.extend(text::unclosed());
    all.extend(text::encodings());
    all.extend(full::within_limits());
    all
}
