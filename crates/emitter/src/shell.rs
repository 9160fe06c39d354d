//! Words as a POSIX shell and systemd read them.

/// Characters that no shell, systemd included, gives a meaning inside a word.
fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_./:=,@%+".contains(character)
}

/// Quotes one word for a POSIX shell, if it needs it.
///
/// <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02>
pub(crate) fn word(text: &str) -> String {
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Writes words as the value of one variable in an EnvironmentFile, from which `$NAME` in a unit makes the words again.
///
/// Two readers in a row: the file's takes `\"`, `\\`, `\$` and `` \` `` out of double quotes, as a shell does; then
/// the unit's splits at white space, takes quotes away and a backslash before any character. `$` and `%` are not
/// looked at again after that.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#EnvironmentFile=>,
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Command%20lines>
pub(crate) fn environment_value(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| unit_word(word)).collect();
    format!("\"{}\"", escaped(&words.join(" "), "\"\\$`"))
}

fn unit_word(text: &str) -> String {
    if !text.is_empty() && text.chars().all(|character| is_plain(character) || "$`".contains(character)) {
        return text.to_owned();
    }
    format!("'{}'", escaped(text, r"\'"))
}

fn escaped(text: &str, special: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        if special.contains(character) {
            result.push('\\');
        }
        result.push(character);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{environment_value, word};

    #[test]
    fn words() {
        for (text, quoted) in [
            (
                "--service-account-issuer=https://a.example/x%20y",
                "--service-account-issuer=https://a.example/x%20y",
            ),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
        ] {
            assert_eq!(word(text), quoted);
        }
    }

    #[test]
    fn environment_values() {
        for (words, value) in [
            (&["--a=b", "--c=d,e"][..], r#""--a=b --c=d,e""#),
            (&["--a=b c"], r#""'--a=b c'""#),
            (&["--a=$HOME%n`x`"], r#""--a=\$HOME%n\`x\`""#),
            (&[r#"it's "x" \n"#], r#""'it\\'s \"x\" \\\\n'""#),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(environment_value(&words), value);
        }
    }
}
