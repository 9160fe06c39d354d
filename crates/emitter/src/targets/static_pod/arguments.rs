//! The flags in a container's command and args, and the least change that makes them what they should be.
//!
//! The process sees command and args as one list, so a flag may repeat across both; the order of its values is the
//! order of that list. Flags are read as kube-apiserver reads them (pflag): `--name=value`, or `--name` and the value as
//! the next word, with `_` for `-` allowed in the name, up to a bare `--`.

use std::collections::BTreeMap;

use crate::error::EmitError;
use crate::flag::{Component, Flag};

/// Which of a container's two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum List {
    Command,
    Args,
}

/// Where the words stand: in which list, and at which place of it.
type Place = (List, usize);

/// New words for the words at some places; none takes the word away.
pub(super) type Changes = BTreeMap<Place, Vec<String>>;

/// The flags of ours that are there.
#[derive(Debug)]
pub(super) struct Arguments {
    present: Vec<Present>,
    /// After which word flags that are not there yet are added.
    last: (Place, String),
}

#[derive(Debug)]
struct Present {
    name: &'static str,
    value: String,
    /// The word, or the two words of `--name value`.
    places: Vec<Place>,
    words: Vec<String>,
}

impl Arguments {
    /// Reads a container's command, its first word being the program, and args.
    pub(super) fn parse(
        component: Component,
        command: &[String],
        args: &[String],
    ) -> Result<Self, EmitError> {
        let in_list = |list, words: &[String]| {
            words
                .iter()
                .cloned()
                .enumerate()
                .map(move |(index, word)| ((list, index), word))
                .collect::<Vec<_>>()
        };
        let words: Vec<(Place, String)> =
            in_list(List::Command, command).into_iter().chain(in_list(List::Args, args)).collect();
        let end = words.iter().position(|(_, word)| word == "--").unwrap_or(words.len());
        let mut present = Vec::new();
        let mut rest = words[..end].iter().skip(1);
        while let Some((place, word)) = rest.next() {
            let Some((name, value)) = ours(component, word) else { continue };
            let mut found =
                Present { name, value: String::new(), places: vec![*place], words: vec![word.clone()] };
            match value {
                Some(value) => found.value = value.to_owned(),
                None => {
                    let Some((place, value)) = rest.next() else {
                        return Err(EmitError::ManifestFlag { flag: name, problem: "has no value" });
                    };
                    found.value.clone_from(value);
                    found.places.push(*place);
                    found.words.push(value.clone());
                }
            }
            present.push(found);
        }
        // There is a program's name at least.
        let last = words[..end].last().cloned().unwrap_or(((List::Command, 0), String::new()));
        Ok(Self { present, last })
    }

    /// The values of one flag, in order.
    pub(super) fn values(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.present.iter().filter(move |present| present.name == name).map(|present| present.value.as_str())
    }

    /// What has to change so that each flag that is wanted has the wanted values in the wanted order, and no other:
    /// values that are there are replaced where they stand, further ones follow them, and flags that are not there are
    /// added at the end.
    pub(super) fn changes(&self, wanted: &[Flag]) -> Changes {
        let mut changes = Changes::new();
        let mut missing = Vec::new();
        let mut names: Vec<&'static str> = wanted.iter().map(Flag::name).collect();
        names.dedup();
        for name in names {
            let wanted: Vec<&Flag> = wanted.iter().filter(|flag| flag.name() == name).collect();
            if self.values(name).eq(wanted.iter().map(|flag| flag.value())) {
                continue;
            }
            let present: Vec<&Present> = self.present.iter().filter(|present| present.name == name).collect();
            let mut wanted = wanted.into_iter();
            for (index, old) in present.iter().enumerate() {
                let new: Vec<&Flag> = if index + 1 == present.len() {
                    wanted.by_ref().collect()
                } else {
                    wanted.next().into_iter().collect()
                };
                // A value that stays stays as it is written.
                let (kept, added) = match new.split_first() {
                    Some((first, added)) if first.value() == old.value => (old.words.clone(), added),
                    _ => (Vec::new(), new.as_slice()),
                };
                let mut words = kept;
                words.extend(added.iter().map(ToString::to_string));
                // One word for each place but the last, which takes the rest, or none.
                let mut words = words.into_iter();
                for (number, place) in old.places.iter().enumerate() {
                    let last = number + 1 == old.places.len();
                    let taken = if last { usize::MAX } else { 1 };
                    changes.insert(*place, words.by_ref().take(taken).collect());
                }
            }
            missing.extend(wanted.map(Flag::to_string));
        }
        if !missing.is_empty() {
            let (place, word) = &self.last;
            changes.entry(*place).or_insert_with(|| vec![word.clone()]).extend(missing);
        }
        changes
    }
}

/// The flag of ours that a word is, and the value if it is in the same word.
fn ours(component: Component, word: &str) -> Option<(&'static str, Option<&str>)> {
    let names: &[&'static str] = match component {
        Component::KubeApiserver => {
            &[Flag::ISSUER, Flag::SIGNING_KEY_FILE, Flag::KEY_FILE, Flag::JWKS_URI, Flag::API_AUDIENCES]
        }
        Component::KubeControllerManager => &[Flag::PRIVATE_KEY_FILE],
    };
    let word = word.strip_prefix("--")?;
    let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    let name = name.replace('_', "-");
    names.iter().find(|known| **known == name).map(|known| (*known, value))
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Changes, List};
    use crate::flag::{Component, Flag};

    /// Reads, changes and shows both lists.
    fn merged(
        command: &[&str],
        args: &[&str],
        wanted: &[(&'static str, &str)],
    ) -> (Vec<String>, Vec<String>) {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let (command, args) = (owned(command), owned(args));
        let arguments = Arguments::parse(Component::KubeApiserver, &command, &args).unwrap();
        let wanted: Vec<Flag> = wanted.iter().map(|(name, value)| Flag::new(name, *value)).collect();
        let changes = arguments.changes(&wanted);
        let result = (apply(&command, List::Command, &changes), apply(&args, List::Args, &changes));
        let again = Arguments::parse(Component::KubeApiserver, &result.0, &result.1).unwrap();
        assert_eq!(again.changes(&wanted), Changes::new(), "a second merge changes nothing");
        result
    }

    fn apply(words: &[String], list: List, changes: &Changes) -> Vec<String> {
        let word = |(index, word): (usize, &String)| {
            changes.get(&(list, index)).cloned().unwrap_or(vec![word.clone()])
        };
        words.iter().enumerate().flat_map(word).collect()
    }

    const TWO: &[(&str, &str)] = &[(Flag::ISSUER, "new"), (Flag::ISSUER, "old")];

    #[test]
    fn values_are_replaced_in_place_and_more_follow() {
        for (command, expected) in [
            (
                &["k", "--a=b"][..],
                &["k", "--a=b", "--service-account-issuer=new", "--service-account-issuer=old"][..],
            ),
            (
                &["k", "--service-account-issuer=old", "--a=b"],
                &["k", "--service-account-issuer=new", "--service-account-issuer=old", "--a=b"],
            ),
            (
                &["k", "--service_account_issuer=new", "--a=b"],
                &["k", "--service_account_issuer=new", "--service-account-issuer=old", "--a=b"],
            ),
            (
                &["k", "--service-account-issuer", "new", "--a=b"],
                &["k", "--service-account-issuer", "new", "--service-account-issuer=old", "--a=b"],
            ),
            (
                &["k", "--service-account-issuer", "x", "--a=b"],
                &["k", "--service-account-issuer=new", "--service-account-issuer=old", "--a=b"],
            ),
            (
                &[
                    "k",
                    "--service-account-issuer=old",
                    "--a=b",
                    "--service-account-issuer",
                    "new",
                    "--service-account-issuer=old",
                ],
                &["k", "--service-account-issuer=new", "--a=b", "--service-account-issuer=old"],
            ),
            (
                &["k", "--service-account-issuer=new", "--a=b", "--service-account-issuer=old"],
                &["k", "--service-account-issuer=new", "--a=b", "--service-account-issuer=old"],
            ),
            (
                &["k", "--", "--service-account-issuer=new"],
                &[
                    "k",
                    "--service-account-issuer=new",
                    "--service-account-issuer=old",
                    "--",
                    "--service-account-issuer=new",
                ],
            ),
        ] {
            assert_eq!(merged(command, &[], TWO).0, expected, "{command:?}");
        }
    }

    #[test]
    fn command_and_args_are_one_list() {
        let (command, args) =
            merged(&["k", "--service-account-issuer=old"], &["--service-account-issuer=x", "--a"], TWO);
        assert_eq!(command, ["k", "--service-account-issuer=new"]);
        assert_eq!(args, ["--service-account-issuer=old", "--a"]);
        let (command, args) = merged(&["k", "--service-account-issuer"], &["x", "--a"], &TWO[..1]);
        assert_eq!(
            (command, args),
            (vec!["k".to_owned(), "--service-account-issuer=new".to_owned()], vec!["--a".to_owned()])
        );
        let (command, args) = merged(&["k"], &["--a"], &TWO[..1]);
        assert_eq!(
            (command.len(), args),
            (1, vec!["--a".to_owned(), "--service-account-issuer=new".to_owned()])
        );
    }

    #[test]
    fn a_flag_without_a_value_is_refused() {
        let command = ["k".to_owned(), "--api-audiences".to_owned()];
        let error = Arguments::parse(Component::KubeApiserver, &command, &[]).unwrap_err();
        assert_eq!(error.to_string(), "the manifest's --api-audiences has no value");
    }
}
