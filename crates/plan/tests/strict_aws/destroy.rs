//! Leaving: all of it, interrupted anywhere, raced, and nothing of anybody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use issuer_discovery::{OWNER_TAG, PublishChange, Publisher as _, Replaces};
use issuer_plan::{Destination, DestroyFacts, DestroyRequest, DestroyRunner, Event, Plan, PlanError, Step};
use issuer_policy::Document;
use issuer_registrar::{ISSUER_TAG, RoleChange, RoleName};
use issuer_sandbox::Fault;

use crate::world::{ISSUER, OTHER, POLICY, World, request, site};

/// Somebody else's.
const THEIRS: &str = r#"{"Statement":[{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}"#;

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

    // What versioning keeps of the first issuer's documents is told apart from what can be read.
    let last = DestroyRequest { delete_bucket: true, ..self::request(OTHER) };
    let facts = DestroyFacts::read(&last, &world.targets(OTHER)).await.unwrap();
    let error = Plan::build_destroy(&last, &facts).unwrap_err().to_string();
    let old =
        "old versions of c1/.well-known/openid-configuration, c1/openid/v1/jwks, which versioning keeps,";
    assert!(error.contains(old) && !error.contains("objects such as"), "{error}");
    world.sandbox.stop().await;
}

#[tokio::test]
async fn what_became_of_a_change_that_nobody_heard_of_is_looked_at() {
    let world = World::start().await;
    world.make(ISSUER, &["app"]).await;
    world.make(OTHER, &[]).await;
    world.roles(&world.targets(OTHER), &["app"]).await;
    let request = DestroyRequest { delete_bucket: false, ..request(ISSUER) };
    let targets = world.targets(ISSUER);
    let facts = DestroyFacts::read(&request, &targets).await.unwrap();
    let plan = Plan::build_destroy(&request, &facts).unwrap();
    let steps: Vec<String> = plan.steps().map(ToString::to_string).collect();
    let lost = Mutex::new(false);
    // The last change of the role is carried out: then it is not ours any more, as it should be.
    world.disturb(move |call| {
        let first =
            call == "iam UpdateAssumeRolePolicy" && !std::mem::replace(&mut *lost.lock().unwrap(), true);
        if first { Fault::CutAfter } else { Fault::None }
    });
    let outcome = DestroyRunner { request: &request, targets: &targets, events: &|_| {} }.apply(plan).await;
    assert!(outcome.error.is_none(), "{outcome:?}");
    assert_eq!(outcome.done, steps);
    world.sandbox.stop().await;
}

#[tokio::test]
async fn a_role_that_is_not_ours_any_more_is_not_done() {
    let world = World::start().await;
    world.make(ISSUER, &["app"]).await;
    let mut plan = world.plan(ISSUER).await;
    plan.left.push("see to it by hand".to_owned());
    let steps: Vec<String> = plan.steps().map(ToString::to_string).collect();
    let iam = aws_sdk_iam::Client::new(&world.config);
    let untag = iam.untag_role().role_name("app").tag_keys(OWNER_TAG).tag_keys(ISSUER_TAG);
    untag.send().await.unwrap();
    let update = iam.update_assume_role_policy().role_name("app").policy_document(THEIRS);
    update.send().await.unwrap();
    let outcome = world.apply(ISSUER, plan).await;
    assert!(matches!(outcome.error, Some(PlanError::PlanChanged { .. })), "{outcome:?}");
    assert_eq!(outcome.done, Vec::<String>::new());
    assert_eq!(outcome.left, [steps, vec!["see to it by hand".to_owned()]].concat());
    world.sandbox.stop().await;

    // One that is gone is.
    let world = World::start().await;
    world.make(ISSUER, &["app"]).await;
    let plan = world.plan(ISSUER).await;
    let steps: Vec<String> = plan.steps().map(ToString::to_string).collect();
    let roles = steps.iter().filter(|step| step.starts_with("role app")).count();
    let targets = world.targets(ISSUER);
    let name = "app".parse().unwrap();
    for stage in &plan.stages {
        for step in &stage.steps {
            let Step::Role { change, .. } = step else { continue };
            targets.roles.apply(&name, change, &|_: &_| {}).await.unwrap();
        }
    }
    let events = Mutex::new(Vec::new());
    let outcome = DestroyRunner {
        request: &request(ISSUER),
        targets: &targets,
        events: &|event| events.lock().unwrap().push(event),
    };
    let outcome = outcome.apply(plan).await;
    assert!(outcome.error.is_none(), "{outcome:?}");
    assert_eq!(outcome.done, steps);
    let begun = |event: &Event| matches!(event, Event::Started(step) if step.starts_with("role app"));
    assert!(roles > 1 && !events.lock().unwrap().iter().any(begun), "nothing was sent");
    world.assert_gone().await;
    world.sandbox.stop().await;
}

#[tokio::test]
async fn a_role_that_somebody_begins_to_use_is_not_deleted_at_the_last_moment() {
    for what in ["joined", "adopted", "attached"] {
        let world = World::start().await;
        world.make(ISSUER, &["app"]).await;
        world.make(OTHER, &[]).await;
        let (request, targets) =
            (DestroyRequest { delete_bucket: false, ..request(ISSUER) }, world.targets(ISSUER));
        let facts = DestroyFacts::read(&request, &targets).await.unwrap();
        let plan = Plan::build_destroy(&request, &facts).unwrap();
        let iam = aws_sdk_iam::Client::new(&world.config);
        // All that hangs on it is gone, and it is looked at for the second time: then it would go.
        let roles = targets.roles.clone();
        world.meanwhile("iam GetRole", 1, async move {
            let name: RoleName = "app".parse().unwrap();
            match what {
                "joined" => {
                    let mut trust = roles.role(&name).await.unwrap().unwrap().trust_policy;
                    let theirs = Document::parse(THEIRS).unwrap();
                    let _ = trust.merge(theirs.statements()[0].clone());
                    let update = iam.update_assume_role_policy().role_name("app");
                    update.policy_document(trust.to_json()).send().await.unwrap();
                }
                "adopted" => {
                    let tags = BTreeMap::from([(OWNER_TAG.to_owned(), "adopted".to_owned())]);
                    roles.apply(&name, &RoleChange::Tag(tags), &|_: &_| {}).await.unwrap();
                }
                _ => {
                    let arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess".to_owned();
                    roles.apply(&name, &RoleChange::Attach(arn), &|_: &_| {}).await.unwrap();
                }
            }
        });
        let outcome =
            DestroyRunner { request: &request, targets: &targets, events: &|_| {} }.apply(plan).await;
        assert!(matches!(outcome.error, Some(PlanError::PlanChanged { .. })), "{what}: {outcome:?}");
        assert_eq!((outcome.done.len(), outcome.left[0].as_str()), (2, "role app: delete"), "{what}");
        assert!(targets.roles.role(&"app".parse().unwrap()).await.unwrap().is_some(), "{what}");
        assert!(targets.provider.read().await.unwrap().is_some(), "{what}");
        world.sandbox.stop().await;
    }
}

#[tokio::test]
async fn to_leave_one_role_only_the_policies_that_may_go_with_it_are_read() {
    let world = World::start().await;
    world.make(ISSUER, &["one", "two"]).await;
    let (targets, iam) = (world.targets(ISSUER), aws_sdk_iam::Client::new(&world.config));
    let path = targets.roles.issuing().path();
    for (name, attached) in [("beside", true), ("alone", false)] {
        let create = iam.create_policy().policy_name(name).path(path.as_str()).policy_document(POLICY);
        let arn = create.send().await.unwrap().policy.unwrap().arn.unwrap();
        if attached {
            iam.attach_role_policy().role_name("two").policy_arn(arn).send().await.unwrap();
        }
    }
    let read = Arc::new(Mutex::new(0));
    let reads = Arc::clone(&read);
    world.disturb(move |call| {
        *reads.lock().unwrap() += usize::from(call == "iam GetPolicy");
        Fault::None
    });
    let facts = DestroyFacts::of_roles(&["one".parse().unwrap()], &targets).await.unwrap();
    let names: Vec<&str> = facts.policies.iter().filter_map(|policy| policy.arn.rsplit('/').next()).collect();
    assert_eq!(names, ["alone", "shared-c1"]);
    assert_eq!(*read.lock().unwrap(), 2);
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
