//! An error together with what caused it, on one line.

use std::error::Error;
use std::fmt;

/// Shows an error and all its [sources](Error::source), from the outermost to
/// the innermost, with a colon between two of them. The errors of this crate's
/// client do not repeat their sources, so this is how to print one:
///
/// ```
/// use omaha::Chain;
///
/// let error = std::io::Error::other("the disk is full");
/// assert_eq!(Chain(&error).to_string(), "the disk is full");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(formatter, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(Option<Box<Outer>>);

    impl fmt::Display for Outer {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(if self.0.is_some() { "outer" } else { "inner" })
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.0.as_deref().map(|error| error as _)
        }
    }

    #[test]
    fn from_the_outermost_to_the_innermost() {
        let error = Outer(Some(Box::new(Outer(Some(Box::new(Outer(None)))))));
        assert_eq!(Chain(&error).to_string(), "outer: outer: inner");
    }
}
