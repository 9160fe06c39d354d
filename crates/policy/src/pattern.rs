//! Text with wildcards and policy variables, as Action, Resource and the Like operators use them.
//!
//! `*` is any run of characters, `?` is one; `${*}`, `${?}` and `${$}` are the characters themselves. Any other
//! `${...}` stands for a value of the request, which this crate does not substitute: it is reported instead.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

/// A pattern ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Token>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Run,
    One,
    Char(char),
}

/// A policy variable, such as `${aws:username}`, for which there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable(pub(crate) String);

impl Pattern {
    /// Reads a pattern; `variables` says whether `${` is special.
    pub(crate) fn parse(text: &str, variables: bool) -> Result<Self, Variable> {
        Self::tokens(text, variables, true)
    }

    /// Reads text in which `*` and `?` are themselves, as in StringEquals.
    pub(crate) fn literal(text: &str, variables: bool) -> Result<Self, Variable> {
        Self::tokens(text, variables, false)
    }

    fn tokens(text: &str, variables: bool, wildcards: bool) -> Result<Self, Variable> {
        let mut tokens = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if variables && rest.starts_with("${") {
                let end = rest.find('}').map_or(rest.len(), |end| end + 1);
                let (variable, after) = rest.split_at(end);
                match variable {
                    "${*}" => tokens.push(Token::Char('*')),
                    "${?}" => tokens.push(Token::Char('?')),
                    "${$}" => tokens.push(Token::Char('$')),
                    other => return Err(Variable(other.to_owned())),
                }
                rest = after;
                continue;
            }
            tokens.push(match character {
                '*' if wildcards => Token::Run,
                '?' if wildcards => Token::One,
                other => Token::Char(other),
            });
            rest = &rest[character.len_utf8()..];
        }
        Ok(Self(tokens))
    }

    /// Whether the whole text fits.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.fits(text, |a, b| a == b)
    }

    /// Whether the whole text fits, ASCII upper and lower case being one.
    pub(crate) fn matches_ignoring_case(&self, text: &str) -> bool {
        self.fits(text, |a, b| a.eq_ignore_ascii_case(&b))
    }

    /// The greedy walk with one point of return: linear in memory, at worst pattern times text in time.
    fn fits(&self, text: &str, same: impl Fn(char, char) -> bool) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut token, mut position) = (0, 0);
        let mut last_run: Option<(usize, usize)> = None;
        while position < text.len() {
            match self.0.get(token) {
                Some(Token::Run) => {
                    last_run = Some((token, position));
                    token += 1;
                    continue;
                }
                Some(Token::One) => {
                    token += 1;
                    position += 1;
                    continue;
                }
                Some(Token::Char(character)) if same(*character, text[position]) => {
                    token += 1;
                    position += 1;
                    continue;
                }
                _ => {}
            }
            let Some((run, from)) = last_run else { return false };
            last_run = Some((run, from + 1));
            token = run + 1;
            position = from + 1;
        }
        self.0[token..].iter().all(|token| *token == Token::Run)
    }
}

/// Whether text stands for itself under every reading: then it need not be taken apart to be compared.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.bytes().any(|byte| matches!(byte, b'*' | b'?' | b'$'))
}

/// Whether text holds a wildcard or a policy variable, so that it is no fixed value.
pub(crate) fn is_fixed(text: &str) -> bool {
    !text.contains(['*', '?']) && !text.contains("${")
}

#[cfg(test)]
mod tests {
    use super::{Pattern, Variable};

    #[test]
    fn wildcards() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("s3:Get*", "s3:GetObject", true),
            ("s3:Get*", "s3:Put", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "aéc", true),
            ("*a*b", "xxaxxaxb", true),
            ("*a*b", "xxaxxax", false),
            ("arn:aws:s3:::b/*/keys", "arn:aws:s3:::b/x/y/keys", true),
            ("a**", "a", true),
            ("a${*}", "a*", true),
            ("a${*}", "ab", false),
            ("${$}{x}", "${x}", true),
        ] {
            assert_eq!(Pattern::parse(pattern, true).unwrap().matches(text), fits, "{pattern} {text}");
        }
        assert!(Pattern::parse("S3:get*", true).unwrap().matches_ignoring_case("s3:GetObject"));
        assert!(!Pattern::literal("a*", true).unwrap().matches("ab"));
    }

    #[test]
    fn variables_are_reported_where_the_version_has_them() {
        assert_eq!(Pattern::parse("b/${aws:username}/*", true), Err(Variable("${aws:username}".to_owned())));
        assert!(Pattern::parse("b/${aws:username}", false).unwrap().matches("b/${aws:username}"));
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let text = "a".repeat(2000);
        assert!(!Pattern::parse(&"*a".repeat(200), true).unwrap().matches(&format!("{text}b")));
    }
}
