//! What single targets refuse, warn of and survive.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::process::Command;

use issuer_emitter::{ControlPlane, EmitError, Inputs, Settings, Target, Warning, emit};
use yaml_rust2::YamlLoader;

fn control_plane(change: impl FnOnce(&mut Settings)) -> ControlPlane {
    let mut settings = Settings::new("https://new.example", "https://new.example/openid/v1/jwks");
    change(&mut settings);
    ControlPlane::new(settings).unwrap()
}

#[test]
fn words_of_every_kind_come_through_the_shell_and_systemd_files() {
    let nasty = [
        "two words",
        "it's",
        "\"quoted\"",
        r"back\slash\\",
        "$HOME ${HOME} $$",
        "%n %%",
        "`id`",
        "#;&|<>*?[x]~",
        "é",
    ];
    let control_plane = control_plane(|settings| settings.keep_issuers = nasty.map(str::to_owned).into());
    let wanted: Vec<String> = nasty.iter().map(|text| format!("--service-account-issuer={text}")).collect();

    let emission = emit(Target::Flags, &control_plane, &Inputs::default()).unwrap();
    let flags = emission.artifacts[0].contents.split("# kube-controller-manager").next().unwrap().to_owned();
    let words: Vec<&str> = flags.lines().filter(|line| !line.starts_with('#')).collect();
    let output =
        Command::new("sh").args(["-c", &format!("printf '%s\\0' {}", words.join(" "))]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.split('\0').skip(1).take(nasty.len()).collect::<Vec<_>>(), wanted);

    // A shell stands for systemd's first reader, the quoting of EnvironmentFile; the second is systemd's own.
    let emission = emit(Target::Systemd, &control_plane, &Inputs::default()).unwrap();
    let script = format!("{}\nprintf %s \"$KUBE_APISERVER_ISSUER_FLAGS\"", emission.artifacts[0].contents);
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let words = unit_words(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(words[1..=nasty.len()], wanted);
}

#[test]
fn words_of_every_kind_come_through_yaml() {
    let nasty = [
        "a: b",
        "#x",
        "x #y",
        "- x",
        "*a",
        "&a",
        "!t",
        "%d",
        "@x",
        "`x`",
        "{x}",
        "[x]",
        "'",
        "\"",
        "yes",
        "0x1",
        "~",
        "a\u{feff}b",
    ];
    let control_plane = control_plane(|settings| settings.keep_issuers = nasty.map(str::to_owned).into());
    let kubeadm =
        emit(Target::Kubeadm, &control_plane, &Inputs::default()).unwrap().artifacts.remove(0).contents;
    let yaml = YamlLoader::load_from_str(&kubeadm).unwrap().remove(0);
    let arguments = yaml["apiServer"]["extraArgs"].as_vec().unwrap().iter().skip(1);
    let values: Vec<&str> =
        arguments.map(|argument| argument["value"].as_str().unwrap()).take(nasty.len()).collect();
    assert_eq!(values, nasty);

    let text = include_str!("manifests/kube-apiserver.yaml");
    for manifest in
        [text.to_owned(), text.replace("    - --secure-port", "    - --api-audiences=a\n    - --secure-port")]
    {
        let inputs = Inputs { manifests: vec![manifest], kubernetes_version: None };
        let merged = emit(Target::StaticPod, &control_plane, &inputs).unwrap().artifacts.remove(0).contents;
        let yaml = YamlLoader::load_from_str(&merged).unwrap().remove(0);
        let words = yaml["spec"]["containers"][0]["command"].as_vec().unwrap().iter();
        let issuers =
            words.filter_map(|word| word.as_str().unwrap().strip_prefix("--service-account-issuer="));
        assert_eq!(issuers.skip(1).collect::<Vec<_>>(), nasty);
    }
}

/// Splits as systemd's extract_first_word does with EXTRACT_UNQUOTE: quotes go, a backslash takes the next character
/// as it is, inside of quotes too.
fn unit_words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            (' ', None) => words.extend(word.take()),
            ('\\', _) => word.get_or_insert_default().push(characters.next().unwrap()),
            ('\'' | '"', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (character, Some(open)) if character == open => quote = None,
            (character, _) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[test]
fn kubeadm_warns_when_another_issuer_would_sign() {
    let warned = |issuer: &str, kept: &[&str], version: Option<&str>| {
        let control_plane = control_plane(|settings| {
            settings.issuer = issuer.to_owned();
            settings.keep_issuers = kept.iter().map(|kept| (*kept).to_owned()).collect();
            settings.api_audiences = Some(vec!["a".to_owned()]);
        });
        let inputs =
            Inputs { manifests: vec![], kubernetes_version: version.map(|text| text.parse().unwrap()) };
        emit(Target::Kubeadm, &control_plane, &inputs).unwrap().warnings
    };
    let trap = |signing: &str, first: &str| {
        vec![Warning::OrderTrap { signing: signing.to_owned(), first: first.to_owned() }]
    };
    assert_eq!(
        warned("https://z", &["https://kubernetes.default.svc.cluster.local"], None),
        trap("https://z", "https://kubernetes.default.svc.cluster.local")
    );
    assert_eq!(warned("https://z", &["https://a"], Some("1.34.3")), trap("https://z", "https://a"));
    assert_eq!(warned("https://z", &["https://a"], Some("1.34.4")), []);
    assert_eq!(warned("https://a", &["https://z"], None), []);
    assert_eq!(warned("https://z", &[], None), []);
}

#[test]
fn kubeadm_warns_of_keys_that_it_does_not_carry() {
    let control_plane =
        control_plane(|settings| settings.key_files.push("/etc/kubernetes/pki/sa-old.pub".to_owned()));
    let warnings = emit(Target::Kubeadm, &control_plane, &Inputs::default()).unwrap().warnings;
    assert_eq!(
        warnings,
        [Warning::KeysNotUploaded { paths: vec!["/etc/kubernetes/pki/sa-old.pub".to_owned()] }]
    );
}

#[test]
fn kubeadm_below_1_31_has_no_such_list() {
    let inputs = Inputs { manifests: vec![], kubernetes_version: Some("v1.30.4".parse().unwrap()) };
    let error = emit(Target::Kubeadm, &control_plane(|_| {}), &inputs).unwrap_err();
    assert_eq!(error.to_string(), "the target kubeadm needs Kubernetes 1.31 or later, not 1.30.4");
}

#[test]
fn manifests_go_where_they_are_merged() {
    let none = emit(Target::StaticPod, &control_plane(|_| {}), &Inputs::default()).unwrap_err();
    assert!(matches!(none, EmitError::ManifestMissing { target: Target::StaticPod }), "{none}");
    let inputs = Inputs { manifests: vec![String::new()], kubernetes_version: None };
    for target in [Target::Flags, Target::Systemd, Target::Kubeadm] {
        let error = emit(target, &control_plane(|_| {}), &inputs).unwrap_err().to_string();
        assert_eq!(error, format!("the target {target} writes whole files and has no use for a manifest"));
    }
}

#[test]
fn an_allowed_sts_audience_is_warned_of_everywhere() {
    let control_plane = control_plane(|settings| {
        settings.api_audiences = Some(vec!["sts.amazonaws.com".to_owned()]);
        settings.allow_sts_api_audience = true;
    });
    for target in [Target::Flags, Target::Systemd, Target::Kubeadm, Target::StaticPod] {
        let manifests = if target == Target::StaticPod {
            vec![include_str!("manifests/kube-apiserver.yaml").to_owned()]
        } else {
            vec![]
        };
        let emission = emit(target, &control_plane, &Inputs { manifests, kubernetes_version: None }).unwrap();
        let warning = Warning::StsAudience { audience: "sts.amazonaws.com".to_owned() };
        assert!(emission.warnings.contains(&warning), "{target}");
        assert!(warning.to_string().contains("also logs in to kube-apiserver"));
    }
}
