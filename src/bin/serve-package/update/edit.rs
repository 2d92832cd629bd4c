//! `update.conf`, edited: `SERVER=` and nothing else.

const KEY: &[u8] = b"SERVER=";

/// The settings with another `SERVER=`. Every line that has one gets it, so that
/// it does not matter which counts; where there is none, it is added at the end.
/// The other bytes stay, and so does a missing final line end.
pub fn with_server(original: &[u8], server: &str) -> Vec<u8> {
    let line = [KEY, server.as_bytes()].concat();
    let mut lines = lines(original);
    let mut is_there = false;
    for old in lines.iter_mut().filter(|line| line.starts_with(KEY)) {
        *old = &line;
        is_there = true;
    }
    if !is_there {
        // What follows the last line end is empty, or a line without one.
        let place = lines.len() - usize::from(lines.last().is_some_and(|last| last.is_empty()));
        lines.insert(place, &line);
    }
    lines.join(&b'\n')
}

/// Settings that were changed meanwhile, with the original `SERVER=` instead of
/// the other one.
pub fn without_server(current: &[u8], original: &[u8], server: &str) -> Vec<u8> {
    let line = [KEY, server.as_bytes()].concat();
    let mut before: Vec<_> =
        lines(original).into_iter().filter(|line| line.starts_with(KEY)).collect();
    let mut result = Vec::new();
    for current in lines(current) {
        if current.strip_suffix(b"\r").unwrap_or(current) == line {
            result.append(&mut before);
        } else {
            result.push(current);
        }
    }
    result.join(&b'\n')
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split(|byte| *byte == b'\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_server_is_changed() {
        for (before, after) in [
            ("", "SERVER=u\n"),
            ("GROUP=a\n", "GROUP=a\nSERVER=u\n"),
            ("GROUP=a", "GROUP=a\nSERVER=u"),
            ("SERVER=", "SERVER=u"),
            ("SERVER=x\nGROUP=a", "SERVER=u\nGROUP=a"),
            ("SERVER=x\r\nGROUP=a\r\n", "SERVER=u\nGROUP=a\r\n"),
            ("SERVER=x\n\nSERVER=y\n#SERVER=z\n", "SERVER=u\n\nSERVER=u\n#SERVER=z\n"),
            (" SERVER=x\n", " SERVER=x\nSERVER=u\n"),
        ] {
            let changed = with_server(before.as_bytes(), "u");
            assert_eq!(String::from_utf8(changed).unwrap(), after, "{before:?}");
        }
        assert_eq!(with_server(b"\xff\n", "u"), b"\xff\nSERVER=u\n");
    }

    #[test]
    fn what_others_have_changed_stays() {
        for (current, original, after) in [
            ("SERVER=u\nNEW=1\n", "SERVER=x\n", "SERVER=x\nNEW=1\n"),
            ("SERVER=u\nNEW=1\n", "", "NEW=1\n"),
            ("SERVER=other\n", "SERVER=x\n", "SERVER=other\n"),
            ("A=1\nSERVER=u\nSERVER=u\n", "SERVER=x\nSERVER=y\n", "A=1\nSERVER=x\nSERVER=y\n"),
        ] {
            let result = without_server(current.as_bytes(), original.as_bytes(), "u");
            assert_eq!(String::from_utf8(result).unwrap(), after, "{current:?}");
        }
    }
}
