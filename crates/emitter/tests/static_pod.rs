//! Merging into manifests as they are found on nodes.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use issuer_emitter::{Component, ControlPlane, Emission, EmitError, Inputs, Settings, Target, Warning, emit};

const APISERVER: &str = include_str!("manifests/kube-apiserver.yaml");
const CONTROLLER_MANAGER: &str = include_str!("manifests/kube-controller-manager.yaml");
const KUBEADM: &str = "https://kubernetes.default.svc.cluster.local";

fn settings() -> Settings {
    let mut settings = Settings::new("https://new.example", "https://new.example/openid/v1/jwks");
    settings.keep_issuers = vec![KUBEADM.to_owned()];
    settings
}

fn merge(settings: Settings, manifests: &[&str]) -> Result<Emission, EmitError> {
    let inputs = Inputs {
        manifests: manifests.iter().map(|text| (*text).to_owned()).collect(),
        kubernetes_version: None,
    };
    emit(Target::StaticPod, &ControlPlane::new(settings).unwrap(), &inputs)
}

/// Merges one manifest, twice: the second time changes nothing.
fn merged(settings: Settings, manifest: &str) -> String {
    let contents = merge(settings.clone(), &[manifest]).unwrap().artifacts.remove(0).contents;
    assert_eq!(merge(settings, &[&contents]).unwrap().artifacts.remove(0).contents, contents, "merged twice");
    contents
}

/// Lines that only one of both has, those of the first with a minus.
fn difference(before: &str, after: &str) -> Vec<String> {
    let (mut before, mut after): (Vec<&str>, Vec<&str>) =
        (before.split('\n').collect(), after.split('\n').collect());
    before.retain(|line| match after.iter().position(|other| other == line) {
        Some(index) => {
            after.remove(index);
            false
        }
        None => true,
    });
    let minus = before.iter().map(|line| format!("-{}", line.trim_start()));
    minus.chain(after.iter().map(|line| format!("+{}", line.trim_start()))).collect()
}

#[test]
fn a_kubeadm_node_changes_only_what_is_ours() {
    let after = merged(settings(), APISERVER);
    assert_eq!(
        difference(APISERVER, &after),
        [
            "-- --service-account-issuer=https://kubernetes.default.svc.cluster.local # kubeadm's",
            "+- --service-account-issuer=https://new.example # kubeadm's",
            "+- --service-account-issuer=https://kubernetes.default.svc.cluster.local",
            "+- --service-account-jwks-uri=https://new.example/openid/v1/jwks",
            "+- --api-audiences=https://kubernetes.default.svc.cluster.local,https://new.example",
        ]
    );
    // In order, and the untouched lines in theirs.
    let issuers: Vec<&str> =
        after.lines().filter(|line| line.contains("account-issuer")).map(str::trim).collect();
    assert_eq!(
        issuers,
        [
            "- --service-account-issuer=https://new.example # kubeadm's",
            "- --service-account-issuer=https://kubernetes.default.svc.cluster.local",
        ]
    );
    let kept = |text: &str| {
        text.lines()
            .filter(|line| !line.contains("- --service-account") && !line.contains("api-aud"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(kept(&after), kept(APISERVER));
}

#[test]
fn a_controller_manager_that_is_right_is_returned_byte_for_byte() {
    let emission = merge(settings(), &[CONTROLLER_MANAGER, APISERVER]).unwrap();
    assert_eq!(emission.warnings, []);
    let paths: Vec<&str> = emission.artifacts.iter().map(|artifact| artifact.path.as_str()).collect();
    assert_eq!(paths, ["kube-apiserver.yaml", "kube-controller-manager.yaml"]);
    assert_eq!(emission.artifacts[1].contents, CONTROLLER_MANAGER);
}

#[test]
fn line_ends_of_the_other_kind_stay() {
    let crlf = APISERVER.replace('\n', "\r\n");
    let after = merged(settings(), &crlf);
    assert_eq!(after.replace("\r\n", "\n"), merged(settings(), APISERVER));
    assert!(!after.replace("\r\n", "").contains(['\r', '\n']), "{after:?}");
}

#[test]
fn keys_elsewhere_are_mounted_and_the_old_ones_stay() {
    let mut settings = settings();
    settings.signing_key_file = "/srv/issuer/sa.key".to_owned();
    settings.key_files = vec!["/srv/issuer/sa.pub".to_owned()];
    let after = merged(settings.clone(), APISERVER);
    let added = difference(APISERVER, &after);
    for line in [
        "+- --service-account-key-file=/srv/issuer/sa.pub",
        "+- --service-account-signing-key-file=/srv/issuer/sa.key",
        "-- --service-account-signing-key-file=/etc/kubernetes/pki/sa.key",
        "+- mountPath: /srv/issuer/sa.key",
        "+- mountPath: /srv/issuer/sa.pub",
        "+name: service-account-key-0",
        "+name: service-account-key-1",
        "+path: /srv/issuer/sa.key",
        "+path: /srv/issuer/sa.pub",
    ] {
        assert!(added.iter().any(|added| added == line), "{line} is not in {added:#?}");
    }
    assert!(after.contains("    - --service-account-key-file=/etc/kubernetes/pki/sa.pub\n"));
    let controller_manager = merged(settings.clone(), CONTROLLER_MANAGER);
    assert_eq!(controller_manager.matches("/srv/issuer/sa.key").count(), 3, "{controller_manager}");

    let unmounted = &APISERVER[..APISERVER.find("    volumeMounts:").unwrap()];
    assert_eq!(
        merge(settings, &[unmounted]).unwrap_err().to_string(),
        "the manifest mounts nothing, so that the key files cannot be read; give it volumes and volumeMounts first"
    );
}

#[test]
fn flags_in_args_doubled_and_in_two_words() {
    let manifest = "\
# edited by hand
apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, namespace: kube-system}
spec:
  containers:
    - name: sidecar
      image: example.com/audit:1
    - name: kube-apiserver
      command: [/usr/local/bin/kube-apiserver]
      args:
        # issuers, in order
        - --service-account-issuer
        - https://kubernetes.default.svc.cluster.local
        - '--v=2'
        - --service-account-issuer=https://new.example
        - --service-account-issuer=https://new.example # again, by mistake
        - --service_account_key_file=/etc/kubernetes/pki/sa.pub
        - --api-audiences=https://kubernetes.default.svc.cluster.local
        - --api-audiences=vault

      # the node's own directory
      volumeMounts:
        - {mountPath: /etc/kubernetes, name: kubernetes}
  volumes:
    - {name: kubernetes, hostPath: {path: /etc/kubernetes}}
";
    let after = merged(settings(), manifest);
    assert_eq!(
        after,
        "\
# edited by hand
apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, namespace: kube-system}
spec:
  containers:
    - name: sidecar
      image: example.com/audit:1
    - name: kube-apiserver
      command: [/usr/local/bin/kube-apiserver]
      args:
        # issuers, in order
        - --service-account-issuer=https://new.example
        - '--v=2'
        - --service-account-issuer=https://kubernetes.default.svc.cluster.local
        - --service_account_key_file=/etc/kubernetes/pki/sa.pub
        - --api-audiences=https://kubernetes.default.svc.cluster.local,vault,https://new.example
        - --service-account-signing-key-file=/etc/kubernetes/pki/sa.key
        - --service-account-jwks-uri=https://new.example/openid/v1/jwks

      # the node's own directory
      volumeMounts:
        - {mountPath: /etc/kubernetes, name: kubernetes}
  volumes:
    - {name: kubernetes, hostPath: {path: /etc/kubernetes}}
"
    );
}

#[test]
fn flow_style_and_json() {
    let manifest = "{apiVersion: v1, kind: Pod, spec: {containers: [{command: [kube-controller-manager, --v=2]}], volumes: []}}\n";
    let mut settings = settings();
    let error = merge(settings.clone(), &[manifest]).unwrap_err();
    assert!(matches!(error, EmitError::Manifest { .. }), "{error}");
    settings.signing_key_file = "/pki/a,b key".replace(',', "-");
    let manifest = r#"{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"command":["kube-controller-manager","--v=2"],
        "volumeMounts":[{"mountPath":"/","name":"root"}]}],"volumes":[{"name":"root","hostPath":{"path":"/"}}]}}"#;
    let after = merged(settings, manifest);
    assert!(after.contains("--service-account-private-key-file=/pki/a-b key"), "{after}");
    assert!(after.starts_with(r#"{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"command":["kube-controller-manager","--v=2""#));
}

#[test]
fn audiences_in_force_stay_unless_others_are_given() {
    let with = |line: &str| {
        APISERVER.replace("    - --secure-port=6443\n", &format!("    - --secure-port=6443\n{line}"))
    };
    let audiences = |settings: Settings, manifest: &str| {
        let after = merged(settings, manifest);
        after.lines().find_map(|line| line.trim().strip_prefix("- --api-audiences=")).unwrap().to_owned()
    };
    assert_eq!(audiences(settings(), &with("    - --api-audiences=x,y\n")), "x,y,https://new.example");
    let given = Settings { api_audiences: Some(vec!["only".to_owned()]), ..settings() };
    assert_eq!(audiences(given, &with("    - --api-audiences=x,y\n")), "only");

    assert_eq!(
        audiences(settings(), &with("    - --api-audiences=\n")),
        format!("{KUBEADM},https://new.example")
    );
    assert_eq!(
        merge(settings(), &[&with("    - '--api-audiences=\"a,b\"'\n")]).unwrap_err().to_string(),
        "the manifest's --api-audiences cannot be taken over, since an audience in force holds a comma or a quote: \
         give the audiences"
    );

    let sts = with("    - --api-audiences=sts.amazonaws.com\n");
    assert!(matches!(merge(settings(), &[&sts]).unwrap_err(), EmitError::StsAudience { .. }));
    let allowed = Settings { allow_sts_api_audience: true, ..settings() };
    let warnings = merge(allowed, &[&sts]).unwrap().warnings;
    assert!(
        warnings.contains(&Warning::StsAudience { audience: "sts.amazonaws.com".to_owned() }),
        "{warnings:?}"
    );
}

#[test]
fn what_would_be_lost_is_said() {
    let settings = Settings { keep_issuers: vec![], ..settings() };
    let emission = merge(settings, &[APISERVER]).unwrap();
    let [Warning::IssuerDropped { issuer }, Warning::ManifestNotGiven { component, flags }] =
        &emission.warnings[..]
    else {
        panic!("{:?}", emission.warnings)
    };
    assert_eq!((issuer.as_str(), *component), (KUBEADM, Component::KubeControllerManager));
    assert_eq!(flags[0].to_string(), "--service-account-private-key-file=/etc/kubernetes/pki/sa.key");
}

#[test]
fn refusals_say_why() {
    let etcd = APISERVER.replace("    - kube-apiserver\n", "    - etcd\n");
    let shell =
        APISERVER.replace("    - kube-apiserver\n", "    - /bin/sh\n    - -c\n    - exec kube-apiserver\n");
    let no_command = APISERVER.replace("  - command:\n    - kube-apiserver\n", "  - args:\n");
    let program =
        "the manifest has no container whose command begins with kube-apiserver or kube-controller-manager";
    let twice = format!("{APISERVER}---\n{CONTROLLER_MANAGER}");
    let both = CONTROLLER_MANAGER.replace("  hostNetwork", "  - command: [kube-apiserver]\n  hostNetwork");
    for (text, sentence) in [
        ("", "the manifest is empty"),
        ("a: [", "the manifest cannot be read as YAML"),
        ("kind: Pod\nkind: Pod\n", "the manifest cannot be read as YAML"),
        (
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n",
            "the manifest is not of kind Pod, apiVersion v1",
        ),
        ("apiVersion: v1\nkind: Pod\n", program),
        (&etcd, program),
        (&shell, program),
        (&no_command, program),
        (&twice, "the manifest holds several documents; kubelet reads one pod from a file"),
        (&both, "the manifest has more than one container of the control plane"),
        (
            &APISERVER.replace("- --secure-port=6443", "- 6443"),
            "the manifest has a word in command or args that is not a string",
        ),
        (
            &APISERVER.replace("- --secure-port=6443", "- --service-account-jwks-uri\n    - --"),
            "the manifest's --service-account-jwks-uri has no value",
        ),
    ] {
        assert_eq!(merge(settings(), &[text]).unwrap_err().to_string(), sentence, "{text}");
    }
    assert_eq!(
        merge(settings(), &[APISERVER, APISERVER]).unwrap_err().to_string(),
        "two manifests of kube-apiserver are given; merge those of one node at a time"
    );
    let aliased = APISERVER
        .replace("  containers:\n  - command:\n", "  containers:\n  - args: *words\n    command:\n")
        .replace("metadata:\n", "x-words: &words [--v=2]\nmetadata:\n");
    assert!(matches!(merge(settings(), &[&aliased]).unwrap_err(), EmitError::MergeUnsafe { .. }));
}
