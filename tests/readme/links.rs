//! Links within the documents lead somewhere, here and in the release archive.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::text::{Document, documents};

#[test]
fn every_link_leads_somewhere() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut number = 0;
    for document in documents() {
        let folder = Path::new(&document.name).parent().unwrap();
        for target in targets(document).filter(|target| !target.contains("://")) {
            number += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() {
                PathBuf::from(&document.name)
            } else {
                normal(&folder.join(file))
            };
            let name = file.to_str().unwrap();
            assert!(here.join(&file).exists(), "{} links to {target}", document.name);
            assert!(
                ["README.md", "LICENSE", "NOTICE"].contains(&name)
                    || name.starts_with("dist/manual/"),
                "{} links to {target}, which is not in the archive",
                document.name
            );
            if !anchor.is_empty() {
                let linked = documents().iter().find(|document| document.name == name).unwrap();
                let anchors = anchors(linked);
                let is_there = anchors.iter().any(|known| known == anchor);
                assert!(is_there, "{} links to {target}; there are {anchors:?}", document.name);
            }
        }
    }
    assert!(number > 20);
}

/// Whoever reads the manual from its contents finds all of it.
#[test]
fn the_contents_name_every_file() {
    let contents = crate::text::manual("README");
    for document in documents().iter().filter(|document| document.name.starts_with("dist/")) {
        let name = document.name.trim_start_matches("dist/manual/");
        let is_linked = targets(contents).any(|target| target == name);
        assert!(name == "README.md" || is_linked, "the manual's contents do not name {name}");
    }
}

#[test]
fn the_readme_is_short() {
    assert!(documents()[0].text.lines().count() <= 280);
}

/// The parentheses after a text in brackets, outside of code.
fn targets(document: &'static Document) -> impl Iterator<Item = &'static str> {
    let mut is_code = false;
    let prose = document.text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    // A span of code may hold brackets, and a link's text a span of code.
    prose.flat_map(|line| line.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)))
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(document: &Document) -> Vec<String> {
    let mut seen = BTreeMap::new();
    let mut is_code = false;
    let headings = document.text.lines().filter(|line| {
        is_code ^= line.starts_with("```");
        !is_code && line.starts_with('#')
    });
    let anchor = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let text = text.replace(' ', "-");
        let text: String =
            text.chars().filter(|c| c.is_alphanumeric() || ['-', '_'].contains(c)).collect();
        let times = seen.entry(text.clone()).or_insert(0);
        *times += 1;
        if *times == 1 { text } else { format!("{text}-{}", *times - 1) }
    };
    headings.map(anchor).collect()
}

/// A path without `..` in it.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        if component == Component::ParentDir {
            assert!(normal.pop(), "{}", path.display());
        } else {
            normal.push(component);
        }
    }
    normal
}
