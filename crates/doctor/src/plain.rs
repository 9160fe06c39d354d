//! Text from outside, made fit to be shown: nothing in it that a terminal or a reader's eyes obey; in a report on one
//! line, and bounded.

use std::borrow::Cow;
use std::error::Error;

/// As many characters of a text from outside as a report shows.
const SHOWN: usize = 300;

/// Tells what no text that is shown may hold: controls, the separators of lines and paragraphs, the marks of direction
/// ([UAX #9](https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters)), what has no width at all (one
/// in an issuer is a fault that nobody sees), and noncharacters
/// ([Unicode, 23.7](https://www.unicode.org/versions/latest/core-spec/chapter-23/#G12612)).
#[must_use]
pub fn obeyed(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
        || matches!(character, '\u{fdd0}'..='\u{fdef}')
        || u32::from(character) & 0xfffe == 0xfffe
}

/// Returns one line of text that only stands there: what is [obeyed] is written as an escape.
#[must_use]
pub fn inert(text: &str) -> Cow<'_, str> {
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if obeyed(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Says an error with all that is behind it.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(behind) = cause {
        let more = behind.to_string();
        // Some libraries repeat their cause in their own text.
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = behind.source();
    }
    text
}

/// Shows a text from outside.
pub(crate) fn plain(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => inert(text).into_owned(),
        Some((end, _)) => format!("{}…", inert(&text[..end])),
    }
}

/// Shows an error with all that is behind it.
pub(crate) fn whole(error: &dyn Error) -> String {
    plain(&with_causes(error))
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
    fn what_eyes_terminals_and_parsers_would_obey_is_escaped() {
        let text = "a\u{0}\u{1b}[2J\r\n\u{9b}\u{61c}\u{202e}\u{2066}\u{7f}\u{200b}\u{feff}\u{fffe}\u{1ffff}\u{fdd0}é";
        assert_eq!(
            inert(text),
            "a\\u{0}\\u{1b}[2J\\r\\n\\u{9b}\\u{61c}\\u{202e}\\u{2066}\\u{7f}\\u{200b}\\u{feff}\\u{fffe}\\u{1ffff}\\u{fdd0}é"
        );
        assert!(matches!(inert("é ok"), Cow::Borrowed("é ok")));
    }

    #[test]
    fn what_a_report_shows_has_an_end() {
        assert_eq!(plain("issuer é"), "issuer é");
        assert_eq!(plain("a\x1b[2Jb\nc\u{202e}"), "a\\u{1b}[2Jb\\nc\\u{202e}");
        assert_eq!(plain(&"é".repeat(SHOWN)), "é".repeat(SHOWN));
        assert_eq!(plain(&"é".repeat(1000)), format!("{}…", "é".repeat(SHOWN)));
        assert_eq!(plain_list(["a", "b"]), "a, b");
        assert_eq!(plain_list::<&str>([]), "none");
        assert!(plain_list(["x"; 1000]).ends_with("x, x and 980 more"));
    }
}
