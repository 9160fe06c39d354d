//! Texts that are shown: policies are written by strangers, too.

/// Whatever a policy holds, a sentence about it does nothing to a terminal, and ends.
pub(crate) fn bounded(text: &str) -> String {
    const MOST: usize = 1000;
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if shown.len() > MOST {
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

#[cfg(test)]
mod tests {
    use super::bounded;

    #[test]
    fn what_could_harm_is_escaped_and_what_is_long_is_cut() {
        assert_eq!(bounded("it's \"a\\b\", é\u{1b}\u{202e}"), "it's \"a\\b\", é\\u{1b}\\u{202e}");
        assert!(bounded(&"\u{202e}".repeat(9000)).len() < 1100);
    }
}
