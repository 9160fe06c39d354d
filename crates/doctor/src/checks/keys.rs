//! The keys that tokens are signed with: they can be read, belong together, are strong, and are this issuer's.

use std::path::Path;

use issuer_keygen::{KeyDirError, KeyDirWarning, Weakness};
use issuer_relying_party::{Step, shell_word};

use crate::check::{Check, Group};
use crate::facts::{Facts, KeyFacts, LoadedKeys};
use crate::plain::{plain, plain_list, whole};
use crate::report::Finding;

pub(crate) const CHECKS: &[Check] = &[
    Check::new(Group::Keys, "keys/readable", "the keys can be read", &[], readable),
    Check::new(
        Group::Keys,
        "keys/pair",
        "the first public key is that of the private key",
        &["keys/readable"],
        pair,
    ),
    Check::new(
        Group::Keys,
        "keys/names",
        "each key has the key id that kube-apiserver gives it",
        &["keys/readable", "keys/pair"],
        names,
    ),
    Check::new(
        Group::Keys,
        "keys/modes",
        "nobody else can read or replace the private keys",
        &["keys/readable", "keys/pair", "keys/names"],
        modes,
    ),
    Check::new(
        Group::Keys,
        "keys/strength",
        "the keys are strong enough for STS",
        &["keys/readable", "keys/pair", "keys/names"],
        strength,
    ),
    Check::new(
        Group::Keys,
        "keys/issuer",
        "the keys are this issuer's alone",
        &["keys/readable", "keys/pair", "keys/names"],
        issuer,
    ),
];

/// Hands the loaded keys to a check; the checks before it say what is wrong where there are none.
fn with(facts: &Facts, look: impl FnOnce(&KeyFacts, &LoadedKeys) -> Finding) -> Finding {
    match facts.keys.known() {
        Some(keys) => match &keys.loaded {
            Ok(loaded) => look(keys, loaded),
            Err(error) => Finding::skip(whole(error)),
        },
        None => unseen(facts),
    }
}

fn unseen(facts: &Facts) -> Finding {
    Finding::skip(facts.keys.why().unwrap_or_default())
}

fn readable(facts: &Facts) -> Finding {
    let Some(keys) = facts.keys.known() else { return unseen(facts) };
    let loaded = match &keys.loaded {
        // Told by the checks that are about them.
        Err(KeyDirError::Mismatch { .. } | KeyDirError::Misnamed { .. }) => {
            return Finding::pass("every file is a key");
        }
        Err(error) => {
            return Finding::fail(
                "a key directory as `issuerctl keygen` makes it",
                whole(error),
                "mend or replace that file, or name another directory with --keys DIR",
            );
        }
        Ok(loaded) => loaded,
    };
    let odd: Vec<String> = loaded
        .warnings
        .iter()
        .filter(|warning| matches!(warning, KeyDirWarning::Skipped { .. } | KeyDirWarning::Unusual { .. }))
        .map(ToString::to_string)
        .collect();
    if !odd.is_empty() {
        return Finding::warn(
            "public keys alone, each as PUBLIC KEY",
            plain_list(&odd),
            "take those blocks out of the file, or write them as SubjectPublicKeyInfo: openssl pkey -pubin -pubout",
        );
    }
    let others = loaded.ring.published().len() - 1;
    let place = match &keys.directory {
        Some(path) => plain(&path.display().to_string()),
        None => "public keys".to_owned(),
    };
    Finding::pass(match others {
        0 => format!("{place}: one key"),
        more => format!("{place}: the signing key and {more} more"),
    })
}

fn pair(facts: &Facts) -> Finding {
    if let Some(KeyFacts {
        loaded: Err(KeyDirError::Mismatch { private_path, private_kid, public_path, public_kid }),
        ..
    }) = facts.keys.known()
    {
        return Finding::fail(
            format!("the first key of {} is {private_kid}", plain(&public_path.display().to_string())),
            format!("it is {public_kid}"),
            format!(
                "put the file back that belongs to the key that the control plane signs with, or write it anew: \
                 openssl pkey -in {} -pubout",
                word(private_path)
            ),
        )
        .at(Step::Keys);
    }
    // A misnamed key is found only after the pair was compared.
    match facts.keys.known().map(|keys| &keys.loaded) {
        Some(Ok(loaded)) if !loaded.private => {
            Finding::pass("public keys alone: there is no private key to compare")
        }
        _ => Finding::pass("they belong together"),
    }
}

fn names(facts: &Facts) -> Finding {
    if let Some(KeyFacts { loaded: Err(KeyDirError::Misnamed { path, named, found }), .. }) =
        facts.keys.known()
    {
        return Finding::fail(
            format!("{} holds the key {named}", plain(&path.display().to_string())),
            format!("it holds {found}"),
            "give the file the name of its key, or put the right key there",
        );
    }
    with(facts, |_, loaded| Finding::pass(format!("tokens name {}", loaded.ring.signer().kid())))
}

fn modes(facts: &Facts) -> Finding {
    with(facts, |keys, loaded| {
        if keys.directory.is_none() {
            return Finding::pass("there is no private key here");
        }
        let open = |warning: &&KeyDirWarning| {
            matches!(warning, KeyDirWarning::Exposed { .. } | KeyDirWarning::Writable { .. })
        };
        let commands: Vec<String> = loaded
            .warnings
            .iter()
            .filter_map(|warning| match warning {
                KeyDirWarning::Exposed { path, .. } => Some(format!("chmod 600 {}", word(path))),
                KeyDirWarning::Writable { path, .. } => Some(format!("chmod go-w {}", word(path))),
                _ => None,
            })
            .collect();
        if commands.is_empty() {
            return Finding::pass("private keys are the owner's alone");
        }
        let found = loaded.warnings.iter().filter(open).map(|warning| match warning {
            KeyDirWarning::Exposed { path, mode } => format!("{} has mode {mode:04o}", path.display()),
            KeyDirWarning::Writable { path, mode } => {
                format!("{} can be written to by others (mode {mode:04o})", path.display())
            }
            other => other.to_string(),
        });
        Finding::warn(
            "private keys of mode 0600 in a directory that the owner alone writes to",
            plain_list(found),
            commands.join(" && "),
        )
    })
}

fn word(path: &Path) -> String {
    shell_word(&path.display().to_string())
}

fn strength(facts: &Facts) -> Finding {
    with(facts, |_, loaded| {
        let signer = loaded.ring.signer();
        let weak: Vec<_> = loaded.ring.published().filter_map(|key| Some((key, key.weakness()?))).collect();
        let listed = || plain_list(weak.iter().map(|(key, weakness)| format!("{}: {weakness}", key.kid())));
        let refused = weak
            .iter()
            .any(|(key, weakness)| *key == signer && matches!(weakness, Weakness::ShortModulus { .. }));
        let hint = "make a new key in a directory of its own (issuerctl keygen --keys NEW), publish it beside the old \
                    one, and let the control plane sign with it an hour later";
        match weak.as_slice() {
            [] => Finding::pass(format!("the signing key is {}", signer.describe())),
            _ if refused => {
                Finding::fail("an RSA key of 2048 bits or more, or an EC key", listed(), hint).at(Step::Keys)
            }
            _ => Finding::warn("RSA keys of 2048 bits or more with the exponent 65537", listed(), hint),
        }
    })
}

fn issuer(facts: &Facts) -> Finding {
    let asked = facts.issuer.as_str();
    with(facts, |_, loaded| match loaded.ring.of_another_issuer(asked) {
        Some((kid, recorded)) => {
            let same_but_for_form =
                recorded.trim_end_matches('/').eq_ignore_ascii_case(asked.trim_end_matches('/'));
            let hint = if same_but_for_form {
                "give --issuer as it is recorded, if that is how the cluster has it: every byte counts"
            } else {
                "name this issuer's own key directory with --keys DIR: whoever holds a key of two issuers can be every \
                 service account of both"
            };
            Finding::fail(
                format!("keys of {}", plain(asked)),
                format!("{kid} is recorded for {}", plain(recorded)),
                hint,
            )
        }
        None => Finding::pass("no key is recorded for another issuer"),
    })
}
