//! What can be read as an address to listen on, as the part of a URL that names
//! a server, as a URL, or as a codebase can be read again and holds nothing that would
//! need to be escaped in XML or in a log.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omaha::client::HttpUrl;
use omaha::server::ListenAddress;
use omaha::{Authority, Codebase, PackageName};

fuzz_target!(|text: &str| {
    if let Ok(address) = text.parse::<ListenAddress>() {
        assert_eq!(address.to_string(), text);
        assert!(address.host().len() < text.len());
        expect_plain(text);
    }
    if let Ok(authority) = text.parse::<Authority>() {
        assert_eq!(authority.as_str().parse().as_ref(), Ok(&authority));
        assert!(authority.host().len() <= authority.as_str().len());
        expect_plain(authority.as_str());
    }
    if let Ok(codebase) = text.parse::<Codebase>() {
        assert_eq!(codebase.to_string().parse::<Codebase>().as_ref(), Ok(&codebase));
        expect_plain(&codebase.to_string());
    }
    if let Ok(url) = text.parse::<HttpUrl>() {
        assert_eq!(url.as_str().parse().as_ref(), Ok(&url));
        assert!(url.path_and_query().starts_with('/'));
        assert!(url.clone().or_update_path().has_path());
        if let Ok(other) = url.resolve(text) {
            assert_eq!(other, url);
        }
        expect_plain(url.as_str());
    }
    if let Ok(name) = text.parse::<PackageName>() {
        assert_eq!(name.as_str(), text);
        assert!(!text.contains('/'));
        expect_plain(text);
    }
});

fn expect_plain(text: &str) {
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"');
    assert!(text.chars().all(is_plain), "{text:?}");
}
