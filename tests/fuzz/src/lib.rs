//! What the targets share.

use std::error::Error;

/// Holds an error to what every error of the libraries promises: its text and its causes are short, and no
/// character of it does anything to a terminal but stand there.
pub fn check_error(error: &dyn Error) {
    let mut cause = Some(error);
    while let Some(current) = cause {
        check_text(&current.to_string());
        cause = current.source();
    }
}

/// As [`check_error`], for a text that is shown.
pub fn check_text(text: &str) {
    assert!(text.chars().all(is_harmless), "{text:?}");
    assert!(text.len() < 4096, "{} bytes: {text}", text.len());
}

/// Tells whether a terminal only shows the character: no control, and none that turns the direction of what follows.
pub fn is_harmless(character: char) -> bool {
    let turns = matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !character.is_control() && !turns
}
