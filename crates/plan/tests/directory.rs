//! The straight way on a directory: nothing is made twice, nothing of anybody's is lost.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use issuer_discovery::{Additions, Adoption, DirectoryPublisher, Jwks, JwksPath, MergeError, Patience};
use issuer_keygen::{Algorithm, KeyDir, KeyRecord, SigningKey};
use issuer_plan::{
    Destination, Event, Facts, KeySource, Outcome, OutputFile, Plan, PlanError, PublishRequest, Request,
    Runner,
};
use time::OffsetDateTime;
use time::macros::datetime;

const ISSUER: &str = "https://oidc.example.com";
const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

fn request(keys: &Path, make: Option<Algorithm>) -> Request {
    Request {
        issuer: ISSUER.parse().unwrap(),
        publish: Some(PublishRequest {
            keys: KeySource::Directory { directory: KeyDir::new(keys.to_owned()), make },
            jwks_path: JwksPath::default(),
            tags: BTreeMap::new(),
            adoption: Adoption::Refuse,
            additions: Additions::Leave,
            read_back: false,
        }),
        provider: None,
        output: Vec::new(),
    }
}

fn destination(web: &Path) -> Destination {
    Destination::Directory(DirectoryPublisher::new(web.to_owned(), JwksPath::default()))
}

async fn plan(request: &Request, destination: &Destination) -> Result<(Plan, Facts), PlanError> {
    let facts = Facts::read(request, Some(destination), None).await?;
    Ok((Plan::build(request, &facts, Some(destination))?, facts))
}

async fn apply(
    request: &Request,
    destination: &Destination,
    plan: Plan,
    facts: Facts,
    events: &(dyn Fn(Event) + Send + Sync),
) -> Result<Outcome, PlanError> {
    let runner = Runner {
        request,
        destination: Some(destination),
        provider: None,
        fetch: None,
        patience: Patience::default(),
        now: &|| NOW,
        events,
    };
    runner.apply(plan, facts).await
}

fn kinds(plan: &Plan) -> Vec<&'static str> {
    plan.steps().map(issuer_plan::Step::kind).collect()
}

fn make_keys(path: &Path, issuer: Option<&str>) -> SigningKey {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let record = KeyRecord { issuer: issuer.map(str::to_owned), ..KeyRecord::default() };
    KeyDir::new(path.to_owned()).create(&key, record).unwrap();
    key
}

#[tokio::test]
async fn from_nothing_to_documents_and_then_to_no_changes() {
    let temporary = tempfile::tempdir().unwrap();
    let (keys, web) = (temporary.path().join("keys"), temporary.path().join("web"));
    let mut request = request(&keys, Some(Algorithm::Es256));
    let settings = temporary.path().join("out/flags.txt");
    request.output =
        vec![OutputFile { path: settings.clone(), contents: "--flag\n".to_owned(), secret: false }];
    let destination = destination(&web);

    let (first, facts) = plan(&request, &destination).await.unwrap();
    assert_eq!(kinds(&first), ["make-key", "create-directory", "object", "object", "output"]);
    assert!(!keys.exists() && !web.exists(), "a plan makes nothing");

    let seen = Mutex::new(Vec::new());
    let events = |event| seen.lock().unwrap().push(event);
    let outcome = apply(&request, &destination, first, facts, &events).await.unwrap();
    let ring = outcome.ring.unwrap();
    let record = ring.record(ring.signer().kid()).unwrap();
    assert_eq!((record.issuer.as_deref(), record.made), (Some(ISSUER), Some(NOW)));
    let published = fs::read(web.join("openid/v1/jwks")).unwrap();
    assert_eq!(published, Jwks::of([ring.signer()]).to_json().as_bytes());
    assert_eq!(fs::read_to_string(&settings).unwrap(), "--flag\n");
    assert!(
        matches!(seen.lock().unwrap().first(), Some(Event::Started(step)) if step.contains("new es256 key"))
    );

    let (second, _) = plan(&request, &destination).await.unwrap();
    assert!(!second.has_changes(), "{second:?}");
}

#[tokio::test]
async fn an_interrupted_run_is_finished_by_the_same_request() {
    let temporary = tempfile::tempdir().unwrap();
    let (keys, web) = (temporary.path().join("keys"), temporary.path().join("web"));
    let request = request(&keys, Some(Algorithm::Es256));
    let destination = destination(&web);
    // The key was made, and the run ended: no second one is made.
    let key = make_keys(&keys, Some(ISSUER));
    fs::remove_file(keys.join("sa.pub")).unwrap();
    let (resumed, facts) = plan(&request, &destination).await.unwrap();
    assert_eq!(kinds(&resumed), ["save-keys", "create-directory", "object", "object"]);
    let outcome = apply(&request, &destination, resumed, facts, &|_| {}).await.unwrap();
    assert_eq!(outcome.ring.unwrap().signer(), key.public_key());
    // The discovery document was lost alone.
    fs::remove_file(web.join(".well-known/openid-configuration")).unwrap();
    let (mended, _) = plan(&request, &destination).await.unwrap();
    assert_eq!(kinds(&mended), ["object"]);
}

#[tokio::test]
async fn a_key_without_a_recorded_issuer_is_bound_to_this_one() {
    let temporary = tempfile::tempdir().unwrap();
    let (keys, web) = (temporary.path().join("keys"), temporary.path().join("web"));
    make_keys(&keys, None);
    let request = request(&keys, None);
    let destination = destination(&web);
    let (first, facts) = plan(&request, &destination).await.unwrap();
    assert_eq!(kinds(&first)[0], "save-keys");
    apply(&request, &destination, first, facts, &|_| {}).await.unwrap();
    let mut other = request.clone();
    other.issuer = "https://other.example.com".parse().unwrap();
    let refused = plan(&other, &destination).await.unwrap_err();
    assert!(matches!(&refused, PlanError::OtherIssuer { recorded, .. } if recorded == ISSUER), "{refused}");
}

#[tokio::test]
async fn a_live_issuer_gets_no_key_that_it_does_not_know() {
    let temporary = tempfile::tempdir().unwrap();
    let (keys, web) = (temporary.path().join("keys"), temporary.path().join("web"));
    fs::create_dir_all(web.join("openid/v1")).unwrap();
    let theirs = SigningKey::generate(Algorithm::Es256).unwrap();
    let live = Jwks::of([theirs.public_key()]).to_json();
    fs::write(web.join("openid/v1/jwks"), &live).unwrap();
    let refused = plan(&request(&keys, Some(Algorithm::Es256)), &destination(&web)).await.unwrap_err();
    assert!(matches!(refused, PlanError::LiveElsewhere { .. }), "{refused}");
    make_keys(&keys, None);
    let refused = plan(&request(&keys, None), &destination(&web)).await.unwrap_err();
    assert!(matches!(refused, PlanError::Merge(MergeError::NotOurs { .. })), "{refused}");
    assert_eq!(fs::read_to_string(web.join("openid/v1/jwks")).unwrap(), live);
}

#[tokio::test]
async fn no_key_is_made_where_none_may_be() {
    let temporary = tempfile::tempdir().unwrap();
    let keys = temporary.path().join("keys");
    let refused = plan(&request(&keys, None), &destination(temporary.path())).await.unwrap_err();
    assert!(matches!(refused, PlanError::NoKey { .. }));
}

#[tokio::test]
async fn who_loses_a_race_with_another_key_is_told_and_nothing_is_lost() {
    let temporary = tempfile::tempdir().unwrap();
    let (keys, web) = (temporary.path().join("keys"), temporary.path().join("web"));
    make_keys(&keys, Some(ISSUER));
    let request = request(&keys, None);
    let destination = destination(&web);
    let (stale, facts) = plan(&request, &destination).await.unwrap();
    // Between the look and the write somebody else publishes.
    let theirs = SigningKey::generate(Algorithm::Es256).unwrap();
    let live = Jwks::of([theirs.public_key()]).to_json();
    fs::create_dir_all(web.join("openid/v1")).unwrap();
    fs::write(web.join("openid/v1/jwks"), &live).unwrap();
    let again = Mutex::new(0);
    let count = |event| {
        if matches!(event, Event::Again { .. }) {
            *again.lock().unwrap() += 1;
        }
    };
    let refused = apply(&request, &destination, stale, facts, &count).await.unwrap_err();
    assert!(matches!(refused, PlanError::Merge(MergeError::NotOurs { .. })), "{refused}");
    assert_eq!(*again.lock().unwrap(), 1);
    assert_eq!(fs::read_to_string(web.join("openid/v1/jwks")).unwrap(), live);
}

#[tokio::test]
async fn who_loses_a_race_with_the_same_key_is_done() {
    let temporary = tempfile::tempdir().unwrap();
    let (keys, web) = (temporary.path().join("keys"), temporary.path().join("web"));
    make_keys(&keys, Some(ISSUER));
    let request = request(&keys, None);
    let destination = destination(&web);
    let (stale, stale_facts) = plan(&request, &destination).await.unwrap();
    let (winner, facts) = plan(&request, &destination).await.unwrap();
    apply(&request, &destination, winner, facts, &|_| {}).await.unwrap();
    apply(&request, &destination, stale, stale_facts, &|_| {}).await.unwrap();
    assert!(!plan(&request, &destination).await.unwrap().0.has_changes());
}
