//! What holds for a merge into any manifest that people write.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use issuer_emitter::{ControlPlane, EmitError, Inputs, Settings, Target, emit};
use proptest::prelude::*;
use yaml_rust2::YamlLoader;

const OURS: [&str; 5] = [
    "service-account-issuer",
    "service-account-signing-key-file",
    "service-account-key-file",
    "service-account-jwks-uri",
    "api-audiences",
];

/// A word and how it stands in the file: quotes, a comment after it, a comment line or an empty line before it.
#[derive(Debug, Clone)]
struct Word {
    text: String,
    quote: &'static str,
    after: &'static str,
    before: &'static str,
}

fn word() -> impl Strategy<Value = Word> {
    let text = prop_oneof![
        3 => "--[a-z]{1,6}(-[a-z]{1,6}){0,2}=[a-zA-Z0-9:/.,]{1,10}[a-z]",
        2 => (prop::sample::select(&OURS[..]), "[a-z]{1,2}").prop_map(|(name, value)| format!("--{name}=/{value}")),
        1 => Just("--feature=a: b #c".to_owned()),
    ];
    let quotes = prop::sample::select(vec!["", "'", "\""]);
    let after = prop::sample::select(vec!["", " # why", "   "]);
    let before = prop::sample::select(vec!["", "# note\n", "\n", "\n# a\n# b\n"]);
    (text, quotes, after, before).prop_map(|(text, quote, after, before)| {
        let quote = if quote.is_empty() && text.contains(' ') { "'" } else { quote };
        Word { text, quote, after, before }
    })
}

fn list(words: &[Word], indent: &str, flow: bool) -> String {
    if flow {
        let words: Vec<String> = words.iter().map(|word| format!("\"{}\"", word.text)).collect();
        return format!(" [{}]\n", words.join(", "));
    }
    let mut text = "\n".to_owned();
    for Word { text: word, quote, after, before } in words {
        for line in before.split_inclusive('\n') {
            text.push_str(if line == "\n" { "" } else { indent });
            text.push_str(line);
        }
        text.push_str(&format!("{indent}- {quote}{word}{quote}{after}\n"));
    }
    text
}

prop_compose! {
    /// A manifest, and its words.
    fn manifest()(
        command in prop::collection::vec(word(), 0..6),
        args in prop::collection::vec(word(), 0..6),
        wide in any::<bool>(),
        flow in any::<bool>(),
        crlf in any::<bool>(),
        last_line in any::<bool>(),
    ) -> (String, Vec<String>) {
        let indent = if wide { "      " } else { "    " };
        let program = Word { text: "kube-apiserver".to_owned(), quote: "", after: "", before: "" };
        let command: Vec<Word> = std::iter::once(program).chain(command).collect();
        let mut text = format!(
            "# of node 1\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: x\n    volumeMounts:\n    - {{name: r, mountPath: /}}\n    command:{}",
            list(&command, indent, flow)
        );
        if !args.is_empty() {
            text.push_str(&format!("    args:{}", list(&args, indent, false)));
        }
        text.push_str("    # end of container\n  volumes: [{name: r, hostPath: {path: /}}]");
        if last_line {
            text.push('\n');
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        (text, command.into_iter().chain(args).map(|word| word.text).collect())
    }
}

fn words(manifest: &str) -> Vec<String> {
    let document = YamlLoader::load_from_str(manifest).unwrap().remove(0);
    let container = &document["spec"]["containers"][0];
    let lists = ["command", "args"].map(|list| container[list].as_vec().cloned().unwrap_or_default());
    lists.concat().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

fn name(word: &str) -> Option<&str> {
    let name = word.strip_prefix("--")?.split('=').next()?;
    OURS.contains(&name).then_some(name)
}

proptest! {
    #[test]
    fn ours_are_right_and_the_rest_is_untouched((manifest, before) in manifest()) {
        let mut settings = Settings::new("https://new.example", "https://new.example/openid/v1/jwks");
        settings.keep_issuers = vec!["https://old.example".to_owned()];
        settings.api_audiences = Some(vec!["a".to_owned(), "b".to_owned()]);
        let control_plane = ControlPlane::new(settings).unwrap();
        let merge = |manifest: &str| {
            let inputs = Inputs { manifests: vec![manifest.to_owned()], kubernetes_version: None };
            Ok::<_, EmitError>(emit(Target::StaticPod, &control_plane, &inputs)?.artifacts.remove(0).contents)
        };
        prop_assert_eq!(words(&manifest), before.clone());
        let merged = merge(&manifest).unwrap();
        let after = words(&merged);

        let others = |words: &[String]| words.iter().filter(|word| name(word).is_none()).cloned().collect::<Vec<_>>();
        prop_assert_eq!(others(&after), others(&before));
        for flag in OURS {
            let values = |words: &[String]| {
                words.iter().filter(|word| name(word) == Some(flag)).map(|word| word[flag.len() + 3..].to_owned()).collect::<Vec<_>>()
            };
            let mut expected: Vec<String> = control_plane
                .flags(issuer_emitter::Component::KubeApiserver, Target::StaticPod)
                .iter().filter(|wanted| wanted.name() == flag).map(|wanted| wanted.value().to_owned()).collect();
            if flag == "service-account-key-file" {
                for path in values(&before) {
                    if !expected.contains(&path) {
                        expected.push(path);
                    }
                }
            }
            prop_assert_eq!(values(&after), expected, "{}", merged);
        }
        // Comment lines and line ends stay.
        let notes = |text: &str| text.lines().map(str::trim).filter(|line| line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(notes(&merged), notes(&manifest));
        prop_assert_eq!(merged.contains('\r'), manifest.contains('\r'));
        prop_assert_eq!(merge(&merged).unwrap(), merged);
    }
}
