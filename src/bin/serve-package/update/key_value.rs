//! Files of lines `KEY=VALUE`, as `update_engine` reads them.

/// The value of a key. Of several lines the last counts, as in
/// `simple_key_value_store.cc`; blanks and quotes are part of the value.
pub fn last<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let value = |line: &'a str| line.strip_prefix(key)?.strip_prefix('=');
    text.split('\n').filter_map(value).next_back()
}

#[cfg(test)]
mod tests {
    use super::last;

    #[test]
    fn values() {
        let text = "GROUP=a\n#SERVER=b\nSERVER=c\n SERVER=d\nSERVER=e=f\r\nGROUPS=x\nEMPTY=";
        assert_eq!(last(text, "GROUP"), Some("a"));
        assert_eq!(last(text, "SERVER"), Some("e=f\r"));
        assert_eq!(last(text, "EMPTY"), Some(""));
        assert_eq!(last(text, "NONE"), None);
    }
}
