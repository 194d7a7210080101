//! Paths as errors print them.

use std::fmt::{self, Write};
use std::path::Path;

/// A path as text in which a terminal finds nothing to act on: control characters, and those that turn the direction
/// of what follows, are escaped. The rest stays as it is, spaces and backslashes included.
pub(crate) struct Shown<'a>(pub(crate) &'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.to_string_lossy().chars() {
            match is_harmless(char) {
                true => f.write_char(char)?,
                false => write!(f, "{}", char.escape_debug())?,
            }
        }
        Ok(())
    }
}

fn is_harmless(char: char) -> bool {
    !char.is_control()
        && !matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_terminal_acts_on_is_escaped() {
        for (path, expected) in [
            (
                "größe 1 'a' \"b\" \u{65e5}\u{672c}\u{301}.pv",
                "größe 1 'a' \"b\" \u{65e5}\u{672c}\u{301}.pv",
            ),
            (r"C:\ticks.pv", r"C:\ticks.pv"),
            ("a\u{1b}[31m\n\t\u{9b}b", r"a\u{1b}[31m\n\t\u{9b}b"),
            (
                "\u{202e}vp.\u{2066}\u{61c}\u{200f}\u{2029}",
                r"\u{202e}vp.\u{2066}\u{61c}\u{200f}\u{2029}",
            ),
        ] {
            assert_eq!(Shown(Path::new(path)).to_string(), expected);
        }
    }
}
