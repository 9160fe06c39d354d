//! The edit itself, on the text's syntax tree, so that comments, quotes and line ends stay.
//!
//! Nothing here is trusted: manifest.rs reads the result again and compares.

use std::str::FromStr;

use serde_json::{Map, Value};
use yaml_edit::{MappingBuilder, Sequence, YamlFile, YamlNode};

use super::arguments::{Changes, List};
use super::manifest::Mount;

/// Changes words of a container's command and args and adds mounts; none when the text has not the shape for it.
pub(super) fn apply(text: &str, container: usize, changes: &Changes, mounts: &[Mount]) -> Option<String> {
    let file = YamlFile::from_str(text).ok()?;
    let spec = file.document()?.get("spec")?;
    let container = spec.get("containers")?.get_item(container)?;
    for (list, member) in [(List::Command, "command"), (List::Args, "args")] {
        // From the end, so that places stay what they were.
        let changes: Vec<_> = changes.iter().rev().filter(|((in_list, _), _)| *in_list == list).collect();
        if changes.is_empty() {
            continue;
        }
        let sequence = sequence(&container, member)?;
        for ((_, index), words) in changes {
            replace(&sequence, *index, words)?;
        }
    }
    for mount in mounts {
        push(&sequence(&container, "volumeMounts")?, &mount.volume_mount());
        push(&sequence(&spec, "volumes")?, &mount.volume());
    }
    Some(file.to_string())
}

fn sequence(node: &YamlNode, member: &str) -> Option<Sequence> {
    node.get(member)?.as_sequence().cloned()
}

/// Puts words in the place of one; its comment stays with the first.
fn replace(sequence: &Sequence, index: usize, words: &[String]) -> Option<()> {
    let Some((first, more)) = words.split_first() else {
        return sequence.remove(index).map(|_| ());
    };
    if sequence.get(index)?.as_scalar()?.as_string() != *first {
        sequence.set(index, first.as_str()).then_some(())?;
        unquote(sequence, index, first)?;
    }
    for (word, index) in more.iter().zip(index + 1..) {
        sequence.insert(index, word.as_str());
        unquote(sequence, index, word)?;
    }
    Some(())
}

/// The editor quotes whatever begins with a dash: takes the quotes away where it is certainly the same word without,
/// as kubeadm and people write it.
fn unquote(sequence: &Sequence, index: usize, word: &str) -> Option<()> {
    let plain = !sequence.is_flow_style()
        && word.starts_with("--")
        && !word.starts_with("---")
        && !word.ends_with(':')
        && word
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "-_./:=,@+%~".contains(character));
    if plain {
        sequence.get(index)?.as_scalar()?.set_value(word);
    }
    Some(())
}

fn push(sequence: &Sequence, entry: &Map<String, Value>) {
    if let Some(mapping) = members(MappingBuilder::new(), entry).build_document().as_mapping() {
        sequence.push(mapping);
    }
}

fn members(builder: MappingBuilder, entry: &Map<String, Value>) -> MappingBuilder {
    entry.iter().fold(builder, |builder, (name, value)| match value {
        Value::Object(inner) => builder.mapping(name.as_str(), |builder| members(builder, inner)),
        Value::Bool(flag) => builder.pair(name.as_str(), *flag),
        other => builder.pair(name.as_str(), other.as_str().unwrap_or_default()),
    })
}
