use proptest::prelude::*;

use super::*;

#[test]
fn parts() {
    let url: HttpUrl = "HTTPS://[::1]:8443/a/b?c=d".parse().unwrap();
    assert_eq!((url.host(), url.port(), url.is_https()), ("::1", 8443, true));
    assert_eq!(url.path_and_query(), "/a/b?c=d");
    assert_eq!(url.as_str(), "https://[::1]:8443/a/b?c=d");
    let url: HttpUrl = "http://host?x".parse().unwrap();
    assert_eq!((url.as_str(), url.port()), ("http://host/?x", 80));
}

#[test]
fn users() {
    let url: HttpUrl = "http://me:p%40ss@host:81/x".parse().unwrap();
    assert_eq!((url.user_info(), url.host(), url.port()), (Some("me:p%40ss"), "host", 81));
    assert_eq!((url.as_str(), url.path_and_query()), ("http://me:p%40ss@host:81/x", "/x"));
    assert_eq!(url.authority().as_str(), "host:81");
    // Another host's business is none of theirs.
    assert_eq!(url.resolve("http://other/").unwrap().user_info(), None);
    assert_eq!(url.resolve("/y").unwrap().user_info(), Some("me:p%40ss"));
}

#[test]
fn zones() {
    for (text, zone, authority) in [
        ("http://[fe80::1%eth0]:8000/x", "eth0", "[fe80::1]:8000"),
        ("http://[fe80::1%25eth0]/", "eth0", "[fe80::1]"),
        ("http://[fe80::1%25]/", "25", "[fe80::1]"),
        ("http://u@[fe80::1%br-a.1_b]", "br-a.1_b", "[fe80::1]"),
    ] {
        let url: HttpUrl = text.parse().unwrap();
        assert_eq!((url.zone(), url.host()), (Some(zone), "fe80::1"), "{text}");
        assert_eq!(url.authority().as_str(), authority, "{text}");
        assert!(url.as_str().starts_with(text), "{url}");
    }
    for text in ["http://[fe80::1%]/", "http://[fe80::1%a/", "http://[fe80::1%a%b]/"] {
        assert_eq!(text.parse::<HttpUrl>(), Err(ParseUrlError::Zone), "{text}");
    }
}

#[test]
fn a_server_without_a_path_gains_one() {
    for (text, expected) in [
        ("http://a", "http://a/v1/update/"),
        ("http://a:8000/", "http://a:8000/v1/update/"),
        ("http://a?x=1", "http://a/v1/update/?x=1"),
        ("http://a/v1/update", "http://a/v1/update"),
        ("http://a//", "http://a//"),
    ] {
        let url: HttpUrl = text.parse().unwrap();
        let has_path = url.has_path();
        assert_eq!(has_path, url.as_str() == expected, "{text}");
        let url = url.or_update_path();
        assert_eq!((url.to_string().as_str(), url.has_path()), (expected, true));
        assert_eq!(expected.parse(), Ok(url));
    }
}

#[test]
fn refused() {
    for (text, error) in [
        ("", ParseUrlError::Scheme),
        ("localhost:8000", ParseUrlError::Scheme),
        ("ftp://a", ParseUrlError::Scheme),
        ("http:/a", ParseUrlError::Scheme),
        ("http://", ParseUrlError::Authority(ParseAuthorityError::Host)),
        ("http:///x", ParseUrlError::Authority(ParseAuthorityError::Host)),
        ("http://a:x", ParseUrlError::Authority(ParseAuthorityError::Port)),
        ("http://user:secret@", ParseUrlError::Authority(ParseAuthorityError::Host)),
        ("http://a%eth0/", ParseUrlError::Authority(ParseAuthorityError::Host)),
        ("http://a/b c", ParseUrlError::Character(' ')),
        ("http://a/#x", ParseUrlError::Character('#')),
        ("http://a/\r\nX: y", ParseUrlError::Character('\r')),
        ("http://é", ParseUrlError::Character('é')),
    ] {
        assert_eq!(text.parse::<HttpUrl>(), Err(error), "{text:?}");
    }
}

#[test]
fn packages() {
    for codebase in ["http://a/p", "http://a/p/"] {
        let url = HttpUrl::of_package(codebase, "update.gz").unwrap();
        assert_eq!(url.as_str(), "http://a/p/update.gz");
    }
    let url = HttpUrl::of_package("10.0.0.1:8000/p", "update.gz").unwrap();
    assert_eq!(url.as_str(), "http://10.0.0.1:8000/p/update.gz");
    assert!(HttpUrl::of_package("", "update.gz").is_err());
    assert!(HttpUrl::of_package("/packages/", "update.gz").is_err());
    assert!(HttpUrl::of_package("ftp://a/", "update.gz").is_err());
    assert!(HttpUrl::of_package("http://a/", "up date").is_err());
}

#[test]
fn redirects() {
    let url: HttpUrl = "http://a:1/x/y?z".parse().unwrap();
    for (location, expected) in [
        ("https://b/c", "https://b/c"),
        ("//b/c", "http://b/c"),
        ("/c?d", "http://a:1/c?d"),
        ("c", "http://a:1/x/c"),
        ("?d", "http://a:1/x/y?d"),
        ("/c#e", "http://a:1/c"),
        ("/c?u=http://q/", "http://a:1/c?u=http://q/"),
    ] {
        assert_eq!(url.resolve(location).unwrap().as_str(), expected, "{location}");
    }
    assert_eq!(url.resolve("ftp://b/"), Err(ParseUrlError::Scheme));
}

proptest! {
    #[test]
    fn what_is_a_url_stays_one(
        text in "(https?://)?([a-z:%@]{0,4}@)?(\\[?[a-f0-9:.%]{0,8}\\]?)(:[0-9]{0,5})?[/?#%a-zé]{0,6}",
        location in "([a-z]{0,5}:?//)?[/?#.:%@a-z]{0,8}",
    ) {
        if let Ok(url) = text.parse::<HttpUrl>() {
            prop_assert_eq!(url.as_str().parse::<HttpUrl>(), Ok(url.clone()));
            prop_assert!(url.path_and_query().starts_with('/'));
            if let Ok(target) = url.resolve(&location) {
                prop_assert_eq!(target.as_str().parse::<HttpUrl>(), Ok(target));
            }
            let asked = url.or_update_path();
            prop_assert!(asked.has_path());
            prop_assert_eq!(asked.as_str().parse::<HttpUrl>(), Ok(asked));
        }
    }
}
