//! What may stand before the root element, looked through for a document
//! type declaration.

/// Finds a document type declaration before the parser does.
///
/// The parser would read the whole declaration before it returned, and expand
/// entities meanwhile, at a cost without useful bounds. So the bytes are
/// looked through beforehand. That takes little: before the root element
/// there can only be white space, comments and processing instructions, and
/// after its beginning the parser itself refuses a declaration at once.
/// Anything irregular ends the search, for the parser refuses that as well.
#[derive(Debug, Default)]
pub(super) struct Prolog {
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// Between comments and instructions.
    #[default]
    Outside,
    /// After `<`.
    Markup,
    /// After `<!`.
    Declaration,
    /// After `<!-`.
    CommentStart,
    /// In a comment, after this many `-` in a row; no more than two are counted.
    Comment(u8),
    /// In a processing instruction; whether the last byte was `?`.
    Instruction(bool),
    /// The root element has begun.
    Over,
}

impl Prolog {
    /// Whether the root element has begun, so that there is nothing to look for.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Looks through the next bytes of the document. Returns where the name
    /// `DOCTYPE` begins, if it does.
    pub(super) fn find_doctype(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            self.state = match (self.state, byte) {
                (State::Outside, b'<') => State::Markup,
                (State::Outside, _) => State::Outside,
                (State::Markup, b'!') => State::Declaration,
                (State::Markup, b'?') => State::Instruction(false),
                (State::Declaration, b'-') => State::CommentStart,
                (State::Declaration, b'D') => return Some(index),
                (State::CommentStart, b'-') => State::Comment(0),
                (State::Comment(0), b'-') => State::Comment(1),
                (State::Comment(_), b'-') => State::Comment(2),
                (State::Comment(2), b'>') => State::Outside,
                (State::Comment(_), _) => State::Comment(0),
                (State::Instruction(true), b'>') => State::Outside,
                (State::Instruction(_), byte) => State::Instruction(*byte == b'?'),
                (State::Markup | State::Declaration | State::CommentStart | State::Over, _) => {
                    State::Over
                }
            };
            if self.is_over() {
                return None;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Prolog;

    /// Looks through a document given in pieces of every size.
    fn find(document: &str) -> Option<usize> {
        let whole = Prolog::default().find_doctype(document.as_bytes());
        for size in 1..document.len() {
            let mut prolog = Prolog::default();
            let found = document
                .as_bytes()
                .chunks(size)
                .enumerate()
                .find_map(|(number, chunk)| Some(number * size + prolog.find_doctype(chunk)?));
            assert_eq!(found, whole, "{document} in pieces of {size}");
        }
        whole
    }

    #[test]
    fn a_declaration_is_found_wherever_it_may_stand() {
        for before in [
            "",
            "\n",
            "<?xml version=\"1.0\"?>",
            "<?xml version=\"1.0\"?>\n<!-- > -- - -->\n<?a?>",
            "<?a ??><?b >?>",
            "<!----><!-- <a> -->",
        ] {
            let document = format!("{before}<!DOCTYPE request>");
            assert_eq!(find(&document), Some(before.len() + 2), "{document}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_left_alone() {
        for document in [
            "<!-- <!DOCTYPE request> --><request/>",
            "<!--> <!DOCTYPE request> --><request/>",
            "<!---> <!DOCTYPE request> --><request/>",
            "<?a <!DOCTYPE request> ?><request/>",
            "<request><!DOCTYPE request></request>",
            "<request><![CDATA[<!DOCTYPE request>]]></request>",
            "<!doctype request>",
            "<!-<!DOCTYPE request>",
            "< <!DOCTYPE request>",
            "<!",
        ] {
            assert_eq!(find(document), None, "{document}");
        }
    }
}
