//! Texts that are shown: policies, tokens and documents are written by strangers.

/// A sentence about a policy has no more bytes, about.
pub(crate) const SENTENCE: usize = 1000;

/// Escapes what a terminal would obey, and ends a text that has more than so many bytes.
#[must_use]
pub fn bounded(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most));
    for character in text.chars() {
        if shown.len() > most {
            shown.push_str("...");
            break;
        }
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    shown
}

/// Quotes what a stranger wrote: escaped, and cut where it is long.
#[must_use]
pub fn quoted(text: &str) -> String {
    const MOST: usize = 160;
    // A backquote would begin or end a command in a hint.
    let quoted = format!("{text:?}").replace('`', "\\u{60}");
    match quoted.char_indices().nth(MOST) {
        None => quoted,
        Some((end, _)) => format!("{}...\"", &quoted[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::{bounded, quoted};

    #[test]
    fn what_could_harm_is_escaped_and_what_is_long_is_cut() {
        assert_eq!(bounded("it's \"a\\b\", é\u{1b}\u{202e}", 1000), "it's \"a\\b\", é\\u{1b}\\u{202e}");
        for most in [1000, 2000] {
            assert!((most..most + 100).contains(&bounded(&"\u{202e}".repeat(9000), most).len()));
        }
        assert_eq!(quoted("a\n\u{202e}"), r#""a\n\u{202e}""#);
        assert_eq!(quoted(&"a".repeat(9000)), format!("\"{}...\"", "a".repeat(159)));
        assert_eq!(quoted("`id`"), r#""\u{60}id\u{60}""#);
    }
}
