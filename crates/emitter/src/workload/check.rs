//! What the user gives, checked before any of it is written: names as Kubernetes takes them, ARNs, images, networks.

use std::net::IpAddr;

use crate::dns;
use crate::error::EmitError;

const LABEL: &str =
    "a name of at most 63 lower-case letters, digits and dashes, with a letter or digit at both ends";
const NAME: &str = "a name of at most 253 lower-case letters, digits, dashes and dots, with a letter or digit around each of them";

fn refuse(what: &'static str, text: &str, wanted: &'static str) -> EmitError {
    EmitError::Value { what, text: text.to_owned(), wanted }
}

fn ensure(holds: bool, what: &'static str, text: &str, wanted: &'static str) -> Result<(), EmitError> {
    if holds { Ok(()) } else { Err(refuse(what, text, wanted)) }
}

/// Checks a namespace, or another name that is one DNS label.
///
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names>
pub(super) fn label(what: &'static str, text: &str) -> Result<(), EmitError> {
    ensure(dns::is_label(text), what, text, LABEL)
}

/// Checks the name of a Service, which begins with a letter.
pub(super) fn service(what: &'static str, text: &str) -> Result<(), EmitError> {
    let letter = text.starts_with(|first: char| first.is_ascii_lowercase());
    // The names that are made of it are labels too.
    let fits = dns::is_label(text) && text.len() <= 50 && letter;
    ensure(
        fits,
        what,
        text,
        "a name of at most 50 lower-case letters, digits and dashes that begins with a letter",
    )
}

/// Checks a name that may have dots.
pub(super) fn name(what: &'static str, text: &str) -> Result<(), EmitError> {
    ensure(dns::is_name(text), what, text, NAME)
}

/// Checks a service account and its namespace.
pub(super) fn service_account(namespace: &str, account: &str) -> Result<(), EmitError> {
    label("the namespace", namespace)?;
    name("the service account", account)
}

/// Checks a label's key and value.
///
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>
pub(super) fn kubernetes_label(key: &str, value: &str) -> Result<(), EmitError> {
    let word = |text: &str| {
        text.len() <= 63
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.ends_with(|last: char| last.is_ascii_alphanumeric())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let (prefix, own) = key.split_once('/').map_or((None, key), |(prefix, own)| (Some(prefix), own));
    ensure(
        word(own) && prefix.is_none_or(dns::is_name),
        "the label",
        key,
        "a label's key, such as example.org/irsa",
    )?;
    ensure(value.is_empty() || word(value), "the label's value", value, "a label's value")
}

/// Checks the ARN of a role, as far as anything is written from it.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns>
pub(super) fn role(text: &str) -> Result<(), EmitError> {
    session_prefix(text).map(|_| ())
}

/// Returns what the ARN of every session of this role begins with: its path is left out there.
pub(super) fn session_prefix(role: &str) -> Result<String, EmitError> {
    let wanted = "the ARN of a role: arn:PARTITION:iam::ACCOUNT:role/NAME";
    let read = || {
        let mut parts = role.splitn(6, ':');
        let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let name = resource.strip_prefix("role/")?;
        let word = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&byte);
        let last = name.rsplit('/').next().filter(|last| !last.is_empty())?;
        let fits = arn == "arn"
            && (partition == "aws" || partition.starts_with("aws-"))
            && dns::is_label(partition)
            && service == "iam"
            && region.is_empty()
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && name.bytes().all(word)
            && role.len() <= 2048;
        fits.then(|| format!("arn:{partition}:sts::{account}:assumed-role/{last}/"))
    };
    read().ok_or_else(|| refuse("the role", role, wanted))
}

/// Checks a region's name: plausible, for new ones come.
pub(super) fn region(text: &str) -> Result<(), EmitError> {
    let fits = dns::is_label(text) && text.len() <= 32 && text.contains('-');
    ensure(fits, "the region", text, "the name of a region, such as eu-central-1")
}

/// Checks an audience: it stands in a container's arguments, where Kubernetes reads `$(NAME)`.
pub(super) fn audience(text: &str) -> Result<(), EmitError> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!&=+,;%".contains(&byte);
    let fits = (1..=255).contains(&text.len()) && text.bytes().all(safe);
    ensure(fits, "the audience", text, "an audience of at most 255 characters that may stand in a URL")
}

/// Checks how long a token lives.
///
/// <https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/>
pub(super) fn expiration(seconds: u64) -> Result<(), EmitError> {
    if (600..=1 << 32).contains(&seconds) { Ok(()) } else { Err(EmitError::TokenExpiration { seconds }) }
}

/// Checks an image: with a tag or a digest, for what runs should not change by itself.
///
/// <https://github.com/distribution/reference/blob/main/reference.go>
pub(super) fn image(text: &str) -> Result<(), EmitError> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:@".contains(&byte);
    let last = text.rsplit('/').next().unwrap_or_default();
    let (name, version) = last.split_once([':', '@']).unwrap_or((last, ""));
    let fits = text.len() <= 512
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(safe)
        && !text.contains("//")
        && !name.is_empty()
        && version.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && version.ends_with(|last: char| last.is_ascii_alphanumeric() || "_.-".contains(last));
    ensure(fits, "the image", text, "an image with a tag or a digest, such as registry.example/name:v1.2.3")
}

/// Checks the name of a bucket.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
pub(super) fn bucket(text: &str) -> Result<(), EmitError> {
    ensure(dns::is_name(text) && (3..=63).contains(&text.len()), "the bucket", text, "the name of a bucket")
}

/// Checks what the key of an object begins with: characters that stand for themselves in a shell, in YAML and in a
/// policy's resource, and names between slashes that no client takes for a way up.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
pub(super) fn key_prefix(text: &str) -> Result<(), EmitError> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=".contains(&byte);
    let mut folders: Vec<&str> = text.split('/').collect();
    // What stands behind the last slash is the beginning of a name.
    folders.pop();
    let fits = text.len() <= 512
        && text.bytes().all(safe)
        // It is the value of a flag.
        && !text.starts_with('-')
        && folders.iter().all(|folder| !folder.bytes().all(|byte| byte == b'.'));
    let wanted = "the beginning of a key, such as checks/irsa/: at most 512 letters, digits and -_.=/, no dash first, \
                  and a name before each slash";
    ensure(fits, "the key prefix", text, wanted)
}

/// Reads a network in CIDR notation; tells whether it is one of IPv4.
pub(super) fn network(text: &str) -> Result<bool, EmitError> {
    let wanted = "a network in CIDR notation, such as 10.244.0.0/16";
    let read = || {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let digits =
            length.bytes().all(|byte| byte.is_ascii_digit()) && !length.starts_with("0") || length == "0";
        let length: u8 = length.parse().ok().filter(|_| digits)?;
        (length <= if address.is_ipv4() { 32 } else { 128 }).then_some(address.is_ipv4())
    };
    read().ok_or_else(|| refuse("the pods' network", text, wanted))
}

/// Checks that a text is PEM of this kind; the text itself is never told.
pub(super) fn pem(what: &'static str, text: &str, kind: &str) -> Result<(), EmitError> {
    let begins = text.trim_start().strip_prefix("-----BEGIN ").and_then(|rest| rest.split_once("-----"));
    match begins {
        Some((label, body)) if label.ends_with(kind) && body.contains(&format!("-----END {label}-----")) => {
            Ok(())
        }
        _ => Err(EmitError::NotPem { what }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_refused_or_misread_is_refused() {
        type Check = fn(&str) -> Result<(), EmitError>;
        let table: [(Check, &[&str], &[&str]); 9] = [
            (
                |text| label("the namespace", text),
                &["a", "kube-system", "1"],
                &["", "A", "a.b", "-a", "a-", "a\nb", "a b", "é"],
            ),
            (|text| name("the service account", text), &["a", "a.b-c"], &["", "a..b", ".a", "a_b", "a: b"]),
            (|text| service("the name", text), &["pod-identity-webhook"], &["1a", "a.b", "", "A"]),
            (
                role,
                &["arn:aws:iam::123456789012:role/a", "arn:aws-cn:iam::123456789012:role/a/b/c+=,.@_-"],
                &[
                    "",
                    "arn:aws:iam::123456789012:role/",
                    "arn:aws:iam::123456789012:role/a/",
                    "arn:aws:iam::12345678901:role/a",
                    "arn:aws:iam::123456789012:user/a",
                    "arn:azure:iam::123456789012:role/a",
                    "arn:aws:iam::123456789012:role/a'b",
                    "arn:aws:iam::123456789012:role/a\nb",
                    "arn:aws:iam::123456789012:role/$(HOME)",
                ],
            ),
            (region, &["eu-central-1", "us-gov-west-1"], &["", "eu", "EU-1", "eu-1'", "eu-1 "]),
            (
                audience,
                &["sts.amazonaws.com", "https://a.example/x?y=1"],
                &["", "a b", "$(X)", "a'b", "a\"b", "a\\b"],
            ),
            (
                image,
                &["a:1", "r.example:5000/a/b:v1", "a@sha256:0f", "r/a:v1@sha256:0f"],
                &[
                    "",
                    "a",
                    "r.example:5000/a",
                    "a:",
                    "a:-",
                    "a b:1",
                    "/a:1",
                    "r//a:1",
                    "a:1\nx",
                    ":1",
                    "a:1$(X)",
                ],
            ),
            (bucket, &["abc", "my.bucket"], &["ab", "A-bucket", "a_b", "a..b", "a/b"]),
            (
                |text| network(text).map(|_| ()),
                &["10.0.0.0/8", "0.0.0.0/0", "fd00::/8", "10.0.0.1/32"],
                &[
                    "",
                    "10.0.0.0",
                    "10.0.0.0/33",
                    "10.0.0/8",
                    "fd00::/129",
                    "10.0.0.0/+8",
                    "10.0.0.0/08",
                    "a/8",
                ],
            ),
        ];
        for (check, good, bad) in table {
            for text in good {
                assert!(check(text).is_ok(), "{text}");
            }
            for text in bad {
                let sentence = check(text).unwrap_err().to_string();
                assert!(sentence.contains(&format!("{text:?}")), "{sentence}");
            }
        }
    }

    #[test]
    fn the_beginning_of_a_key_means_nothing_else_in_a_shell_yaml_or_policy() {
        let long = "a".repeat(512);
        for good in ["", "a", "issuerctl-verify/", "a/b=c/d_e.f-", "...", &long] {
            assert!(key_prefix(good).is_ok(), "{good}");
        }
        let longer = "a".repeat(513);
        let others = " '\"`$\\:#*?;&|<>(){}[]!~%@,^+\t\n\u{7f}é".chars().map(|other| format!("a{other}b/"));
        let bad = ["-a", "/", "/a", "a//", "../", "a/./", "a/../b", &longer].map(str::to_owned);
        for bad in others.chain(bad) {
            let sentence = key_prefix(&bad).unwrap_err().to_string();
            assert!(sentence.contains(&format!("{bad:?}")), "{sentence}");
        }
    }

    #[test]
    fn a_session_has_no_path() {
        let role = "arn:aws-us-gov:iam::123456789012:role/issuerctl/0a/web";
        assert_eq!(session_prefix(role).unwrap(), "arn:aws-us-gov:sts::123456789012:assumed-role/web/");
    }

    #[test]
    fn labels_are_keys_with_or_without_a_prefix() {
        assert!(kubernetes_label("example.org/irsa", "enabled").is_ok());
        assert!(kubernetes_label("irsa", "").is_ok());
        for (key, value) in [("", "a"), ("a/b/c", "a"), ("/a", "a"), ("a", "a b"), ("A_/b", "a"), ("a", "-")]
        {
            assert!(kubernetes_label(key, value).is_err(), "{key}={value}");
        }
    }

    #[test]
    fn tokens_live_between_ten_minutes_and_what_kubernetes_counts() {
        assert!(expiration(600).is_ok() && expiration(1 << 32).is_ok());
        assert_eq!(
            expiration(599).unwrap_err().to_string(),
            "a token cannot live 599 seconds: Kubernetes takes 600 to 4294967296"
        );
        assert!(expiration((1 << 32) + 1).is_err());
    }

    #[test]
    fn a_text_that_is_not_pem_is_not_told() {
        let told = pem("the private key", "secret words", "PRIVATE KEY").unwrap_err().to_string();
        assert_eq!(told, "the private key is not PEM");
        assert!(
            pem(
                "the certificate",
                "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
                "CERTIFICATE"
            )
            .is_ok()
        );
        assert!(pem("the certificate", "-----BEGIN CERTIFICATE-----\nAA==", "CERTIFICATE").is_err());
    }
}
