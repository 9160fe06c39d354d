//! Leaving: all of it, interrupted anywhere, raced, and nothing of anybody else's.

use std::collections::BTreeSet;
use std::sync::Mutex;

use issuer_discovery::{PublishChange, Publisher as _, Replaces};
use issuer_plan::{Destination, DestroyFacts, DestroyRequest, DestroyRunner, Event, Plan, PlanError};
use issuer_registrar::RoleName;
use issuer_sandbox::Fault;

use crate::world::{ISSUER, OTHER, World, request, site};

fn refuse() -> Fault {
    Fault::Refuse { status: 403, code: "AccessDenied".to_owned(), message: "as the test has it".to_owned() }
}

#[tokio::test]
async fn nothing_is_left_and_a_second_run_has_nothing_to_do() {
    let world = World::start().await;
    world.make(ISSUER, &["one", "two", "three"]).await;
    let plan = world.plan(ISSUER).await;
    let steps: Vec<String> = plan.steps().map(ToString::to_string).collect();
    let events = Mutex::new(Vec::new());
    let (request, targets) = (request(ISSUER), world.targets(ISSUER));
    let runner = DestroyRunner {
        request: &request,
        targets: &targets,
        events: &|event| events.lock().unwrap().push(event),
    };
    let outcome = runner.apply(plan).await;
    assert!(outcome.error.is_none(), "{outcome:?}");
    assert_eq!((outcome.done, outcome.left), (steps.clone(), Vec::new()));
    let events = events.into_inner().unwrap();
    let done = events.iter().filter(|event| matches!(event, Event::Done(_))).count();
    assert_eq!(done, steps.len());
    world.assert_gone().await;
    world.sandbox.stop().await;
}

#[tokio::test]
async fn whatever_is_refused_nothing_after_it_goes_and_another_run_finishes() {
    // A call that is refused, the action that it is, and what must still be there then.
    let (jwks, discovery) = ("c1/openid/v1/jwks", "c1/.well-known/openid-configuration");
    for (call, action, first_left) in [
        ("iam DetachRolePolicy".to_owned(), "iam:DetachRolePolicy", "role one"),
        ("iam DeleteRolePolicy".to_owned(), "iam:DeleteRolePolicy", "role one"),
        ("iam DeleteRole".to_owned(), "iam:DeleteRole on", "role one"),
        ("iam DeletePolicy".to_owned(), "iam:DeletePolicy on", "delete the managed policy"),
        (
            "iam DeleteOpenIDConnectProvider".to_owned(),
            "iam:DeleteOpenIDConnectProvider",
            "delete the IAM provider",
        ),
        (format!("s3 DELETE oidc-bucket/{jwks}"), "s3:DeleteObject on", "delete the object c1/openid"),
        (format!("s3 DELETE oidc-bucket/{discovery}"), "s3:DeleteObject on", "delete the object c1/.well"),
        ("s3 DELETE oidc-bucket?policy".to_owned(), "s3:DeleteBucketPolicy", "take the statement"),
        (format!("s3 DELETE oidc-bucket/{jwks}?versionId"), "s3:DeleteObjectVersion", "delete bucket"),
        ("s3 GET oidc-bucket?versions&prefix".to_owned(), "s3:ListBucketVersions", "delete bucket"),
        ("s3 DELETE oidc-bucket".to_owned(), "s3:DeleteBucket on", "delete bucket oidc-bucket"),
    ] {
        let world = World::start().await;
        world.make(ISSUER, &["one"]).await;
        let plan = world.plan(ISSUER).await;
        let all: Vec<String> = plan.steps().map(ToString::to_string).collect();
        let refused = call.clone();
        world.disturb(move |arrived| if arrived == refused { refuse() } else { Fault::None });
        let outcome = world.apply(ISSUER, plan).await;
        let error = outcome.error.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(error.contains(action), "{call}: {error}");
        assert!(outcome.left[0].contains(first_left), "{call}: {:?}", outcome.left);
        assert_eq!([outcome.done.as_slice(), outcome.left.as_slice()].concat(), all, "{call}");
        world.calm();
        let again = world.apply(ISSUER, world.plan(ISSUER).await).await;
        assert!(again.error.is_none(), "{call}: {again:?}");
        world.assert_gone().await;
        world.sandbox.stop().await;
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_no_reason_to_stop() {
    let world = World::start().await;
    world.make(ISSUER, &["one", "two"]).await;
    let plan = world.plan(ISSUER).await;
    let seen = Mutex::new(BTreeSet::new());
    // The first of each kind is carried out, and nobody hears of it.
    world.disturb(move |call| {
        let takes = ["Delete", "Detach", "Update", "DELETE"].iter().any(|verb| call.contains(verb));
        if takes && seen.lock().unwrap().insert(call.to_owned()) { Fault::CutAfter } else { Fault::None }
    });
    let outcome = world.apply(ISSUER, plan).await;
    assert!(outcome.error.is_none(), "{outcome:?}");
    world.calm();
    world.assert_gone().await;
    world.sandbox.stop().await;
}

#[tokio::test]
async fn a_role_that_another_issuer_uses_loses_our_statement_alone() {
    let world = World::start().await;
    world.make(ISSUER, &["app", "own"]).await;
    world.make(OTHER, &[]).await;
    // The bucket holds both, so it cannot go.
    world.roles(&world.targets(OTHER), &["app"]).await;
    let request = DestroyRequest { delete_bucket: false, ..request(ISSUER) };
    let targets = world.targets(ISSUER);
    let refused = DestroyRequest { delete_bucket: true, ..request.clone() };
    let facts = DestroyFacts::read(&refused, &targets).await.unwrap();
    let error = Plan::build_destroy(&refused, &facts).unwrap_err().to_string();
    assert!(error.contains("c2/openid/v1/jwks"), "{error}");

    let facts = DestroyFacts::read(&request, &targets).await.unwrap();
    let plan = Plan::build_destroy(&request, &facts).unwrap();
    let outcome = DestroyRunner { request: &request, targets: &targets, events: &|_| {} }.apply(plan).await;
    assert!(outcome.error.is_none(), "{outcome:?}");
    let listed = targets.roles.list("/").await.unwrap();
    let names: Vec<&str> = listed.iter().map(|role| role.arn.name()).collect();
    assert_eq!(names, ["app"]);
    let trust = listed[0].trust_policy.as_ref().unwrap();
    assert!(trust.statement(&targets.roles.issuing().sid()).is_none());
    assert!(trust.statement(&world.targets(OTHER).roles.issuing().sid()).is_some());
    assert_eq!(targets.provider.read().await.unwrap(), None);
    assert!(world.targets(OTHER).provider.read().await.unwrap().is_some());
    let facts = DestroyFacts::read(&request, &targets).await.unwrap();
    assert!(!Plan::build_destroy(&request, &facts).unwrap().has_changes());
    world.sandbox.stop().await;
}

#[tokio::test]
async fn what_somebody_else_has_changed_since_the_plan_stays() {
    let world = World::start().await;
    world.make(ISSUER, &["app"]).await;
    let plan = world.plan(ISSUER).await;
    // Another issuer joins the role that was to be deleted: it stays, and so does all that comes later.
    world.roles(&world.targets(OTHER), &["app"]).await;
    let outcome = world.apply(ISSUER, plan.clone()).await;
    assert!(matches!(outcome.error, Some(PlanError::PlanChanged { .. })), "{outcome:?}");
    assert_eq!(outcome.done, Vec::<String>::new());
    let targets = world.targets(ISSUER);
    let name: RoleName = "app".parse().unwrap();
    assert!(targets.roles.role(&name).await.unwrap().is_some());
    assert!(targets.provider.read().await.unwrap().is_some());
    world.sandbox.stop().await;

    let world = World::start().await;
    world.make(ISSUER, &["app"]).await;
    let plan = world.plan(ISSUER).await;
    // Somebody publishes other keys for this issuer.
    let targets = world.targets(ISSUER);
    let Some(Destination::Bucket(bucket)) = &targets.destination else { panic!("it is a bucket") };
    let live = bucket.leaving(false).await.unwrap().documents.jwks.unwrap();
    let mut object = site(ISSUER).jwks().clone();
    object.bytes = br#"{"keys":[{"kid":"b"}]}"#.to_vec();
    let change = PublishChange::Object { object, replaces: Replaces::ETag(live.etag.unwrap()) };
    bucket.apply(&change, &|_| {}).await.unwrap();
    let outcome = world.apply(ISSUER, plan).await;
    assert!(outcome.error.as_ref().is_some_and(|error| error.again().is_some()), "{outcome:?}");
    assert!(outcome.left[0].contains("c1/openid/v1/jwks"), "{:?}", outcome.left);
    assert!(bucket.leaving(false).await.unwrap().documents.jwks.is_some());
    world.sandbox.stop().await;
}
