//! Text from outside, made fit to be shown: on one line, bounded, nothing that a terminal obeys.

use std::error::Error;

/// As many characters of a text from outside as are shown.
const SHOWN: usize = 300;

/// Shows a text from outside.
pub(crate) fn plain(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .flat_map(|c| {
            // Escaped where it would break the line, steer the terminal or turn the direction of writing.
            let hidden = c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
                || matches!(c, '\u{2066}'..='\u{2069}' | '\u{feff}');
            let (kept, escaped) = if hidden { (None, Some(c.escape_unicode())) } else { (Some(c), None) };
            kept.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// Says an error with all that is behind it.
pub(crate) fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(behind) = source {
        let more = behind.to_string();
        // Some say already what is behind them.
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = behind.source();
    }
    plain(&text)
}

/// As many texts of a list from outside as are shown.
const LISTED: usize = 20;

/// Shows texts from outside, with commas between; `none` where there are none.
pub(crate) fn plain_list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let mut texts = texts.into_iter();
    let shown: Vec<String> = texts.by_ref().take(LISTED).map(|text| plain(text.as_ref())).collect();
    match (shown.is_empty(), texts.count()) {
        (true, _) => "none".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_steers_no_terminal_and_has_an_end() {
        assert_eq!(plain("issuer é"), "issuer é");
        assert_eq!(plain("a\x1b[2Jb\nc\u{202e}"), "a\\u{1b}[2Jb\\u{a}c\\u{202e}");
        assert_eq!(plain(&"x".repeat(1000)).chars().count(), SHOWN + 1);
        assert_eq!(plain_list(["a", "b"]), "a, b");
        assert_eq!(plain_list::<&str>([]), "none");
        assert!(plain_list(["x"; 1000]).ends_with("x, x and 980 more"));
    }
}
