//! Reads flags from a container's command line.
//!
//! As [pflag](https://pkg.go.dev/github.com/spf13/pflag#hdr-Command_line_flag_syntax) and kube-apiserver read
//! them: `--name=value` or `--name value`, underscores as hyphens, repeated in order, nothing behind `--`.

use serde_json::Value;

use super::gap::texts;

/// The command and arguments of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine(Vec<String>);

impl CommandLine {
    /// Takes the words.
    #[must_use]
    pub fn new(words: Vec<String>) -> Self {
        Self(words)
    }

    /// Takes them from a container as Kubernetes writes it.
    pub(crate) fn of_container(container: &Value) -> Self {
        let mut words = texts(container, "/command");
        words.extend(texts(container, "/args"));
        Self(words)
    }

    /// Returns every value of a flag, in order; `name` is written without its hyphens.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<&str> {
        let mut values = Vec::new();
        let mut words = self.0.iter().map(String::as_str).take_while(|word| *word != "--");
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--") else { continue };
            match flag.split_once('=') {
                Some((flag, value)) if same(flag, name) => values.push(value),
                None if same(flag, name) => values.extend(words.next()),
                _ => {}
            }
        }
        values
    }

    /// Returns what a flag is set to: where it is repeated, the last counts.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values(name).pop()
    }

    /// Returns what a flag that is true or false is set to: such a one takes no word after it.
    #[must_use]
    pub fn switch(&self, name: &str) -> Option<bool> {
        let flags = self.0.iter().filter_map(|word| word.strip_prefix("--"));
        flags
            .filter_map(|flag| match flag.split_once('=') {
                Some((flag, value)) if same(flag, name) => {
                    Some(!matches!(value, "false" | "False" | "FALSE" | "f" | "F" | "0"))
                }
                None if same(flag, name) => Some(true),
                _ => None,
            })
            .next_back()
    }
}

fn same(flag: &str, name: &str) -> bool {
    flag.len() == name.len() && flag.chars().zip(name.chars()).all(|(a, b)| a == b || (a == '_' && b == '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> CommandLine {
        CommandLine::new(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn both_forms_are_read_and_the_order_is_kept() {
        let line = line(&[
            "kube-apiserver",
            "--service-account-issuer=https://a",
            "--v",
            "2",
            "--service-account-issuer",
            "https://b=c",
            "--service_account_issuer=d",
            "--service-account-issuer-not=x",
            "--",
            "--service-account-issuer=e",
        ]);
        assert_eq!(line.values("service-account-issuer"), ["https://a", "https://b=c", "d"]);
        assert_eq!(line.value("v"), Some("2"));
        assert_eq!(line.value("absent"), None);
    }

    #[test]
    fn a_switch_takes_no_word_after_it() {
        let line = line(&["/webhook", "--in-cluster", "--namespace=eks", "--other=false"]);
        assert_eq!(line.switch("in-cluster"), Some(true));
        assert_eq!(line.switch("other"), Some(false));
        assert_eq!(line.switch("absent"), None);
    }
}
