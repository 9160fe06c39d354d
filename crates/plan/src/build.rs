//! From what is wanted and what is there to what is to be done: pure, apart from a look at files to write.

use issuer_discovery::{
    AccountBlock, IssuerUrl, Jwks, Merged, PublishChange, Site, check_document, merge, published_keys,
};
use issuer_keygen::{Algorithm, KeyId, KeyRing};
use issuer_registrar::diff;

use crate::destination::{Destination, LivePlace};
use crate::error::PlanError;
use crate::facts::Facts;
use crate::output;
use crate::request::{KeySource, PublishRequest, Request};
use crate::step::{Plan, Step};

impl Plan {
    /// Says what to do.
    ///
    /// # Errors
    /// When the keys, the published documents, the bucket or the provider forbid it.
    pub fn build(
        request: &Request,
        facts: &Facts,
        destination: Option<&Destination>,
    ) -> Result<Self, PlanError> {
        let mut plan = Self::default();
        if let (Some(publish), Some(destination), Some(place)) = (&request.publish, destination, &facts.place)
        {
            match decide_keys(request, publish, facts, place)? {
                Keys::Ours(ring) => plan.with_ring(request, publish, destination, place, &ring, facts)?,
                Keys::New(algorithm) => plan.with_new_key(request, publish, destination, place, algorithm)?,
            }
            plan.notes.extend(place_notes(place));
        }
        if let Some(want) = &request.provider {
            let changes = diff(facts.provider.as_ref(), want)?;
            plan.stage("register", changes.into_iter().map(Step::Register).collect());
        }
        plan.stage("emit", output::steps(&request.output));
        Ok(plan)
    }

    fn with_ring(
        &mut self,
        request: &Request,
        publish: &PublishRequest,
        destination: &Destination,
        place: &LivePlace,
        ring: &KeyRing,
        facts: &Facts,
    ) -> Result<(), PlanError> {
        let published = place.documents().published();
        let merged = merge(&request.issuer, &publish.jwks_path, published, ring, publish.additions)?;
        let changes = destination.diff(place, &merged.site, &publish.tags, publish.adoption)?;
        if let KeySource::Directory { directory, .. } = &publish.keys {
            let unfinished = facts.ring.as_ref() != Some(ring) || !directory.public_keys_path().exists();
            if unfinished {
                let directory = directory.path().to_owned();
                self.stage("keys", vec![Step::SaveKeys { directory, ring: ring.clone() }]);
            }
        }
        self.stage_changes(
            changes.into_iter().map(|change| (change.stage(), Step::Publish(change))).collect(),
        );
        self.stage_read_back(request, publish, Some(&merged.site));
        if let (KeySource::Directory { directory, .. }, true) = (&publish.keys, publish.read_back) {
            let unrecorded =
                |kid: &KeyId| ring.record(kid).is_none_or(|record| record.first_published.is_none());
            let kids: Vec<_> = ring
                .published()
                .map(|key| key.kid().clone())
                .filter(|kid| unrecorded(kid) && !merged.left_out.contains(kid))
                .collect();
            if !kids.is_empty() {
                let directory = directory.path().to_owned();
                self.stage("keys", vec![Step::RecordPublished { kids, directory }]);
            }
        }
        self.notes.extend(key_notes(&merged));
        Ok(())
    }

    /// The documents cannot be written before the key is made, so they stand for themselves.
    fn with_new_key(
        &mut self,
        request: &Request,
        publish: &PublishRequest,
        destination: &Destination,
        place: &LivePlace,
        algorithm: Algorithm,
    ) -> Result<(), PlanError> {
        let draft = Site::build(&request.issuer, &publish.jwks_path, &Jwks::default());
        let changes = destination.diff(place, &draft, &publish.tags, publish.adoption)?;
        if let KeySource::Directory { directory, .. } = &publish.keys {
            let directory = directory.path().to_owned();
            self.stage("keys", vec![Step::MakeKey { algorithm, directory }]);
        }
        let step = |change: PublishChange| match change {
            PublishChange::Object { object, .. } => Step::PublishNew { path: object.path },
            other => Step::Publish(other),
        };
        self.stage_changes(changes.into_iter().map(|change| (change.stage(), step(change))).collect());
        self.stage_read_back(request, publish, None);
        Ok(())
    }

    fn stage_changes(&mut self, changes: Vec<(u8, Step)>) {
        for number in 0..=2 {
            let steps = changes.iter().filter(|(stage, _)| *stage == number).map(|(_, step)| step.clone());
            self.stage("publish", steps.collect());
        }
    }

    /// What was changed without a condition is looked at again, at the same time as the public URL.
    fn stage_read_back(&mut self, request: &Request, publish: &PublishRequest, site: Option<&Site>) {
        let unconditional: Vec<PublishChange> = self
            .steps()
            .filter_map(|step| match step {
                Step::Publish(change @ (PublishChange::Policy { .. } | PublishChange::Tags { .. })) => {
                    Some(change.clone())
                }
                _ => None,
            })
            .collect();
        let mut steps = Vec::new();
        if !unconditional.is_empty() {
            steps.push(Step::Confirm(unconditional));
        }
        if publish.read_back {
            let site = site.map(|site| Box::new(site.clone()));
            steps.push(Step::ReadBack { site, url: request.issuer.discovery_url() });
        }
        self.stage("read-back", steps);
    }
}

enum Keys {
    Ours(KeyRing),
    New(Algorithm),
}

fn decide_keys(
    request: &Request,
    publish: &PublishRequest,
    facts: &Facts,
    place: &LivePlace,
) -> Result<Keys, PlanError> {
    if let Some(ring) = &facts.ring {
        check_issuer(ring, &request.issuer)?;
        let signer = ring.signer().kid().clone();
        let mut ring = ring.clone();
        ring.update_record(&signer, |record| record.issuer = Some(request.issuer.to_string()));
        return Ok(Keys::Ours(ring));
    }
    let KeySource::Directory { directory, make } = &publish.keys else {
        return Err(PlanError::NoKey { path: std::path::PathBuf::new() });
    };
    let path = directory.path().to_owned();
    let published = place.documents().published();
    let live = published_keys(published.jwks)?;
    if !live.is_empty() {
        let published = live.keys().iter().map(|key| key.kid().unwrap_or("-").to_owned()).collect();
        return Err(PlanError::LiveElsewhere { published, path });
    }
    // Only the discovery document may be there: it has to be ours.
    check_document(&request.issuer, &publish.jwks_path, published.discovery)?;
    make.map(Keys::New).ok_or(PlanError::NoKey { path })
}

/// Checks that no key of a ring is recorded for another issuer.
///
/// # Errors
/// When one is.
pub fn check_issuer(ring: &KeyRing, issuer: &IssuerUrl) -> Result<(), PlanError> {
    match ring.of_another_issuer(issuer.as_str()) {
        Some((kid, recorded)) => Err(PlanError::OtherIssuer {
            kid: kid.clone(),
            recorded: recorded.to_owned(),
            asked: issuer.clone(),
        }),
        None => Ok(()),
    }
}

fn key_notes(merged: &Merged) -> Vec<String> {
    let mut notes = Vec::new();
    if !merged.foreign.is_empty() {
        notes.push(format!("published keys that are not ours are kept: {}", merged.foreign.join(", ")));
    }
    for kid in &merged.left_out {
        notes.push(format!("key {kid} is ours and not published; bootstrap adds no key to a live JWKS, `issuerctl publish` does"));
    }
    notes
}

fn place_notes(place: &LivePlace) -> Vec<String> {
    match place {
        LivePlace::Bucket(live) => match &live.account_block {
            AccountBlock::Unknown(reason) => vec![format!(
                "whether the account blocks public access could not be read ({reason}); if it does, the read-back will tell"
            )],
            AccountBlock::Known(_) => Vec::new(),
        },
        LivePlace::Directory(_) => Vec::new(),
    }
}
