//! The cluster's keys beside those that are published.
//!
//! kube-apiserver serves the keys of its key files in their order and does not say which one signs: a token
//! says it, and without one the first is taken for it, as kubeadm and `issuerctl keygen` write their files.

use issuer_discovery::{Jwk, Jwks};
use issuer_relying_party::Step;

use super::facts::ClusterFacts;
use crate::facts::Facts;
use crate::plain::{plain, plain_list, whole};
use crate::report::Finding;

pub(super) fn jwks(facts: &Facts) -> Finding {
    facts.cluster.look(|cluster| match &cluster.jwks {
        Ok(jwks) if jwks.is_empty() => Finding::fail(
            "a key at least",
            "the cluster's JWKS is empty",
            "look at --service-account-key-file: kube-apiserver serves RSA and P-256, P-384 and P-521 keys \
             alone",
        ),
        Ok(jwks) => Finding::pass(format!("{} (in this order)", plain_list(jwks.keys().iter().map(kid)))),
        Err(gap) => gap.fail("the cluster's /openid/v1/jwks"),
    })
}

pub(super) fn signing_key(facts: &Facts) -> Finding {
    compare(facts, |cluster, own, public| {
        let (signer, whence) = signer(cluster, own);
        let place = match own.find(signer) {
            Some(key) => place(key, public),
            None if public.find(signer).is_some() => Place::Published,
            None => Place::Absent,
        };
        let signer = plain(signer);
        match place {
            Place::Published => Finding::pass(format!("{signer} ({whence})")),
            Place::Absent => Finding::fail(
                format!("{signer} ({whence}) in the published JWKS"),
                format!("published are {}", plain_list(public.keys().iter().map(kid))),
                "was the key rotated, or the JWKS overwritten? Put the entry that `issuerctl jwks --public-key \
                 FILE` writes for the node's public keys (--service-account-key-file) beside the published \
                 ones, by hand; or put the published key on every control-plane node",
            )
            .at(Step::Keys),
            Place::Another => Finding::fail(
                format!("{signer} ({whence}) in the published JWKS"),
                "another key is published under this kid",
                "publish the cluster's own key again; somebody changed the JWKS by hand",
            )
            .at(Step::Signature),
        }
    })
}

pub(super) fn verifying_keys(facts: &Facts) -> Finding {
    compare(facts, |cluster, own, public| {
        let (signer, _) = signer(cluster, own);
        let others: Vec<&Jwk> = own.keys().iter().filter(|key| kid(key) != signer).collect();
        let missing: Vec<&str> = others
            .iter()
            .filter(|key| !matches!(place(key, public), Place::Published))
            .map(|key| kid(key))
            .collect();
        if missing.is_empty() {
            return Finding::pass(match others.len() {
                0 => "there is no other".to_owned(),
                keys => format!("{keys} more"),
            });
        }
        Finding::warn(
            "every key that the cluster accepts in the published JWKS",
            format!("not published: {}", plain_list(missing)),
            "AWS refuses tokens that such a key signed. Publish it beside the one that signs (`issuerctl publish` \
             takes every key of its key directory or of --public-key), unless it has been retired and its \
             tokens have run out",
        )
    })
}

/// Tells which key signs, and how that is known.
fn signer<'a>(cluster: &'a ClusterFacts, own: &'a Jwks) -> (&'a str, &'static str) {
    match &cluster.minted {
        Ok(minted) => (&minted.kid, "which signed a token"),
        Err(_) => (
            own.keys().first().map_or("", kid),
            "the first key of the cluster's JWKS, taken for the one that signs",
        ),
    }
}

enum Place {
    Published,
    Another,
    Absent,
}

fn place(key: &Jwk, public: &Jwks) -> Place {
    match key.kid().and_then(|kid| public.find(kid)) {
        Some(published) if published.same_key(key) => Place::Published,
        Some(_) => Place::Another,
        None => Place::Absent,
    }
}

fn compare(facts: &Facts, look: impl FnOnce(&ClusterFacts, &Jwks, &Jwks) -> Finding) -> Finding {
    facts.cluster.look(|cluster| {
        let own = match &cluster.jwks {
            Ok(own) => own,
            Err(gap) => return gap.waits("cluster/jwks"),
        };
        match facts.documents.jwks.as_ref() {
            Some(Ok(fetched)) if fetched.status == 200 => match Jwks::parse(&fetched.body) {
                Ok(public) => look(cluster, own, &public),
                Err(error) => Finding::skip(format!("waits for the published JWKS: {}", whole(&error))),
            },
            Some(Ok(fetched)) => {
                Finding::skip(format!("waits for the published JWKS: status {}", fetched.status))
            }
            Some(Err(error)) => Finding::skip(format!("waits for the published JWKS: {}", whole(error))),
            None => Finding::skip("waits for the published JWKS"),
        }
    })
}

fn kid(key: &Jwk) -> &str {
    key.kid().unwrap_or("a key without kid")
}
