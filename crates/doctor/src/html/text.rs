//! What others wrote, as text that only stands there.
//!
//! The template engine escapes what HTML would obey, and [`inert`] what a reader's eyes would obey (marks of direction)
//! and what no HTML page may hold: controls and noncharacters
//! ([HTML, 13.2.3.5](https://html.spec.whatwg.org/multipage/parsing.html#preprocessing-the-input-stream)).

use std::fmt;

use crate::plain::inert;

/// No value that helps is longer: a trust policy has 2048 characters at most, an issuer 255.
const LONGEST: usize = 2048;
/// What begins a command in a hint.
const PROGRAMS: [&str; 6] = ["aws ", "chmod ", "curl ", "issuerctl ", "kubectl ", "openssl "];

/// A text with nothing in it that is obeyed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Text(String);

impl Text {
    /// All of it, up to a length that no page can do without.
    pub(super) fn whole(text: &str) -> Self {
        let left = text.chars().count().saturating_sub(LONGEST);
        if left == 0 {
            return Self(inert(text).into_owned());
        }
        let begin: String = text.chars().take(LONGEST).collect();
        Self(format!("{} … and {left} more characters", inert(&begin)))
    }

    /// Its beginning, for a place that has room for a line or two.
    pub(super) fn begin(text: &str, most: usize) -> Self {
        if text.chars().nth(most).is_none() {
            return Self(inert(text).into_owned());
        }
        let begin: String = text.chars().take(most).collect();
        Self(format!("{}…", inert(&begin)))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A part of a hint.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Something to read.
    Words(Text),
    /// Something to run.
    Command(Text),
}

/// Tells commands from words: a command stands between backticks, or is the hint from a program's name at its
/// beginning, or after a colon, to its end. What is too long to be run is words.
pub(super) fn pieces(hint: &str) -> Vec<Piece> {
    if hint.chars().nth(LONGEST).is_some() {
        return vec![Piece::Words(Text::whole(hint))];
    }
    let quoted: Vec<&str> = hint.split('`').collect();
    // A backtick that is not closed quotes nothing.
    let parts = if quoted.len() % 2 == 1 { quoted } else { vec![hint] };
    let mut pieces = Vec::new();
    for (nth, part) in parts.iter().enumerate() {
        let from = match nth {
            nth if nth % 2 == 1 => 0,
            nth if nth + 1 == parts.len() => command(part, nth == 0).unwrap_or(part.len()),
            _ => part.len(),
        };
        let (words, command) = part.split_at(from);
        if !words.is_empty() {
            pieces.push(Piece::Words(Text::whole(words)));
        }
        if !command.is_empty() {
            pieces.push(Piece::Command(Text::whole(command)));
        }
    }
    pieces
}

/// Finds where a command begins that goes on to the end.
fn command(text: &str, at_beginning: bool) -> Option<usize> {
    let after_colons = text.match_indices(": ").map(|(at, colon)| at + colon.len());
    let mut starts = at_beginning.then_some(0).into_iter().chain(after_colons);
    starts.find(|start| PROGRAMS.iter().any(|program| text[*start..].starts_with(program)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters_and_say_so() {
        let cut = Text::whole(&"é".repeat(LONGEST + 7)).to_string();
        assert_eq!(cut, format!("{} … and 7 more characters", "é".repeat(LONGEST)));
        assert_eq!(Text::whole(&"é".repeat(LONGEST)).to_string(), "é".repeat(LONGEST));
        assert_eq!(Text::begin("éééé", 3).to_string(), "ééé…");
        assert_eq!(Text::begin("ééé", 3).to_string(), "ééé");
    }

    #[test]
    fn a_hint_that_never_ends_is_cut_as_any_text() {
        let endless = "`a` ".repeat(30_000);
        assert_eq!(pieces(&endless), vec![Piece::Words(Text::whole(&endless))]);
    }

    #[test]
    fn commands_are_told_from_words() {
        let words = |text: &str| Piece::Words(Text(text.to_owned()));
        let command = |text: &str| Piece::Command(Text(text.to_owned()));
        for (hint, wanted) in [
            ("issuerctl publish --bucket b", vec![command("issuerctl publish --bucket b")]),
            ("run `issuerctl jwks` again", vec![words("run "), command("issuerctl jwks"), words(" again")]),
            (
                "publish it: issuerctl publish: b",
                vec![words("publish it: "), command("issuerctl publish: b")],
            ),
            (
                "ask whoever owns it: they know aws well",
                vec![words("ask whoever owns it: they know aws well")],
            ),
            (
                "see `a b`, or: aws iam x",
                vec![words("see "), command("a b"), words(", or: "), command("aws iam x")],
            ),
            ("`a`aws does it", vec![command("a"), words("aws does it")]),
            ("one ` alone", vec![words("one ` alone")]),
            ("``", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(pieces(hint), wanted, "{hint}");
        }
    }
}
