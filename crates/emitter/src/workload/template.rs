//! Text templates: values go in as YAML or CEL of one word or as whole indented blocks, never as raw text of a user's.

/// Writes a template's `@name@` as the value of that name; every other `@` stays. Values are not looked at again.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('@') {
        filled.push_str(before);
        let named = after.split_once('@').and_then(|(name, after)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value, after))
        });
        match named {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push('@');
                rest = after;
            }
        }
    }
    filled + rest
}

/// Indents every line that has text by this many spaces, and takes the last line end away.
pub(super) fn indented(text: &str, spaces: usize) -> String {
    let lines = text.trim_end_matches('\n').split('\n');
    let lines: Vec<String> = lines
        .map(|line| if line.is_empty() { String::new() } else { format!("{:spaces$}{line}", "") })
        .collect();
    lines.join("\n")
}

/// Writes a text as one scalar of YAML that every reader takes for that text, quoted where it has to be.
///
/// Plain is what begins with a letter, a slash or two dashes and holds nothing that YAML 1.1 or 1.2 reads otherwise;
/// quoted text is JSON's, which YAML reads the same (<https://yaml.org/spec/1.2.2/#12-introduction-to-yaml>).
pub(super) fn scalar(text: &str) -> String {
    let start = text.strip_prefix("--").unwrap_or(text);
    let begins = start.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/');
    let safe = |character: char| character.is_ascii_alphanumeric() || "-_./:=".contains(character);
    let word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    if begins && text.chars().all(safe) && !text.ends_with(':') && !word {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use yaml_rust2::YamlLoader;

    use super::{fill, indented, scalar};

    #[test]
    fn only_known_names_are_filled_and_values_are_not_looked_at_again() {
        let values = [("a", "@b@"), ("b", "2")];
        assert_eq!(fill("@a@ \"$@\" x@y @b@@c@ @", &values), "@b@ \"$@\" x@y 2@c@ @");
    }

    #[test]
    fn empty_lines_stay_empty() {
        assert_eq!(indented("a\n\n  b\n", 2), "  a\n\n    b");
    }

    #[test]
    fn what_looks_like_another_type_is_quoted() {
        for text in
            ["true", "Off", "null", "1", "1e3", "0x1f", "12-3", "", "-", "a:", "a b", "a,b", "~", "=", "--"]
        {
            assert!(scalar(text).starts_with('"'), "{text}");
        }
        for text in ["web", "eu-central-1", "/x", "--flag=a:b", "arn:aws:iam::1:role/x"] {
            assert_eq!(scalar(text), text);
        }
    }

    proptest! {
        #[test]
        fn scalars_read_back(text in "[ -~\u{e9}\t\n]{0,20}|[a-z0-9-]{1,6}") {
            let read = YamlLoader::load_from_str(&format!("key: {}\n", scalar(&text))).unwrap();
            prop_assert_eq!(read[0]["key"].as_str(), Some(text.as_str()));
        }
    }
}
