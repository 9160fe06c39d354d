//! Words of strangers in commands: an issuer, an audience or a role's name is written by somebody else, and a hint's
//! command is there to be pasted into a shell. This is the one place that quotes for it.
//!
//! Single quotes keep every character as it is, but a single quote itself
//! ([POSIX, Quoting](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02)).

/// As many bytes of a word as are written: nothing that AWS takes as an issuer, audience or name is longer.
const MOST: usize = 300;

/// Writes a stranger's text as one word for a POSIX shell: as it is where it needs no quoting, else in single quotes.
///
/// What a terminal obeys, what turns the direction of writing and a backquote (which would end the command in a
/// hint) are escaped as in Rust, and what is very long is cut: nothing of the kind is an issuer, an audience or a
/// name that AWS takes, so the command then mends nothing, and does no harm either.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:=@%+,-".contains(&byte);
    // zsh reads a word that begins with = as the path of a command.
    let as_it_is = matches!(text.len(), 1..=MOST) && text.bytes().all(bare) && !text.starts_with('=');
    if as_it_is {
        return text.to_owned();
    }
    let mut word = String::with_capacity(text.len().min(MOST) + 2);
    word.push('\'');
    for character in text.chars() {
        if word.len() > MOST {
            word.push_str("...");
            break;
        }
        match character {
            '\'' => word.push_str(r"'\''"),
            '`' => word.extend(character.escape_unicode()),
            '"' | '\\' => word.push(character),
            other => word.extend(other.escape_debug()),
        }
    }
    word.push('\'');
    word
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::shell_word;

    /// What a shell makes of a command's last words.
    fn read_by_a_shell(words: &str) -> Vec<String> {
        let script = format!("printf '%s\\0' {words}");
        let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{words}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.strip_suffix('\0').unwrap().split('\0').map(str::to_owned).collect()
    }

    #[test]
    fn a_word_is_bare_where_it_may_be_and_else_quoted() {
        for (text, word) in [
            ("https://a.example/b", "https://a.example/b"),
            ("a_b=c@d%e+f,g-h", "a_b=c@d%e+f,g-h"),
            ("", "''"),
            ("=ls", "'=ls'"),
            ("a; b", "'a; b'"),
            ("$(id)", "'$(id)'"),
            ("~", "'~'"),
            ("a'b", r"'a'\''b'"),
            ("é", "'é'"),
            ("a`b`", r"'a\u{60}b\u{60}'"),
            ("a\nb\u{1b}[2J\u{202e}\u{200b}", r"'a\nb\u{1b}[2J\u{202e}\u{200b}'"),
        ] {
            assert_eq!(shell_word(text), word);
        }
        for long in ["a", "'", "\u{202e}", "é"] {
            let word = shell_word(&long.repeat(9000));
            assert!(word.len() < 320 && word.ends_with("...'"), "{word}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_one_word_that_executes_nothing(text in "[a-zé'\"$()`;&|<>\\\\ \n*?~#!{}=-]{0,20}") {
            let shown: String = text.chars().map(|character| match character {
                '\n' => r"\n".to_owned(),
                '`' => r"\u{60}".to_owned(),
                other => other.to_string(),
            }).collect();
            prop_assert_eq!(read_by_a_shell(&format!("{} end", shell_word(&text))), [shown, "end".to_owned()]);
        }
    }
}
