//! The printed policies: with them the work is done, and without any one of their actions it is not.

use std::collections::BTreeMap;

use issuer_discovery::{OWNER_TAG, PublishChange, Publisher as _, WithdrawChange};
use issuer_plan::{
    Destination, DestroyFacts, DestroyRequest, DestroyRunner, DestroyTargets, Permissions, PermissionsScope,
    Plan,
};
use issuer_policy::{Document, Statement};
use issuer_registrar::ISSUER_TAG;

use crate::world::{ACCOUNT, ISSUER, OTHER, POLICY, World, request};

fn scope(targets: &DestroyTargets) -> PermissionsScope {
    let Some(Destination::Bucket(bucket)) = &targets.destination else { panic!("it is a bucket") };
    let (place, issuing) = (bucket.place(), targets.roles.issuing());
    PermissionsScope {
        issuer: issuing.issuer.clone(),
        account: issuing.account.clone(),
        bucket: Some((place.bucket.clone(), Some(place.prefix.clone()))),
        jwks_path: place.jwks_path.clone(),
        region: place.region.clone(),
        role_path: None,
        boundary: None,
    }
}

/// What bucket there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bucket {
    /// Ours.
    Made,
    /// Ours, and an interrupted run has closed it: nobody may read there whom nothing else allows it.
    Closed,
    /// Somebody else's, with a statement of their own.
    Adopted,
}

/// Roles that speak of us where the permissions do not reach: copied by somebody, and adopted by us.
const BEYOND: [&str; 2] = ["copied", "elsewhere"];

const BUCKETS: [Bucket; 3] = [Bucket::Made, Bucket::Closed, Bucket::Adopted];

/// Makes all that destroying has calls for: roles of ours alone, shared with another issuer, and adopted; beyond our
/// path one with a copy of our statement and an adopted one; a policy with two versions that hangs on nothing; and such a
/// bucket.
async fn make_every_kind(world: &World, kind: Bucket) {
    world.make(ISSUER, &["own", "shared", "adopted"]).await;
    let (targets, others) = (world.targets(ISSUER), world.targets(OTHER));
    let (issuing, other) = (targets.roles.issuing(), others.roles.issuing());
    world.register(OTHER).await;
    let iam = aws_sdk_iam::Client::new(&world.config);
    let theirs = (
        r#"{"AWS":"arn:aws:iam::ACCOUNT:root"}"#.replace("ACCOUNT", ACCOUNT),
        "sts:AssumeRole",
        "Theirs".to_owned(),
    );
    let federated = format!(r#"{{"Federated":"{}"}}"#, other.provider_arn());
    let trust = targets.roles.role(&"own".parse().unwrap()).await.unwrap().unwrap().trust_policy;
    for role in BEYOND {
        let create = iam.create_role().role_name(role).assume_role_policy_document(trust.to_json());
        create.send().await.unwrap();
    }
    for (name, (principal, action, sid)) in
        [("shared", (federated, "sts:AssumeRoleWithWebIdentity", other.sid())), ("adopted", theirs)]
    {
        let statement =
            format!(r#"{{"Sid":"{sid}","Effect":"Allow","Principal":{principal},"Action":"{action}"}}"#);
        let mut trust = trust.clone();
        let _ = trust.merge(Statement::parse(&statement).unwrap());
        let update = iam.update_assume_role_policy().role_name(name).policy_document(trust.to_json());
        update.send().await.unwrap();
    }
    let tags = |owner: &str| {
        let tag = |(key, value): (&str, &str)| {
            aws_sdk_iam::types::Tag::builder().key(key).value(value).build().unwrap()
        };
        Some([(OWNER_TAG, owner), (ISSUER_TAG, &issuing.id())].map(tag).to_vec())
    };
    for role in ["adopted", BEYOND[1]] {
        iam.tag_role().role_name(role).set_tags(tags("adopted")).send().await.unwrap();
    }
    // The others' roles keep what they share: this one hangs on nothing.
    let create =
        iam.create_policy().policy_name("alone").path(issuing.path().as_str()).policy_document(POLICY);
    let arn = create.set_tags(tags("created")).send().await.unwrap().policy.unwrap().arn.unwrap();
    iam.create_policy_version().policy_arn(arn).policy_document(POLICY).send().await.unwrap();
    let Some(Destination::Bucket(bucket)) = &targets.destination else { panic!("it is a bucket") };
    match kind {
        Bucket::Made => {}
        Bucket::Closed => {
            let (bucket_name, sid) = (bucket.place().bucket.clone(), bucket.place().sid());
            bucket.withdraw(&WithdrawChange::Statement { bucket: bucket_name, sid }).await.unwrap();
        }
        Bucket::Adopted => {
            let add = BTreeMap::from([(OWNER_TAG.to_owned(), "adopted".to_owned())]);
            bucket.apply(&PublishChange::Tags { add }, &|_| {}).await.unwrap();
            let statement = r#"{"Sid":"Theirs","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::oidc-bucket/logs/*"}"#;
            let statement = Statement::parse(statement).unwrap();
            bucket.apply(&PublishChange::Policy { statement, replaces: false }, &|_| {}).await.unwrap();
        }
    }
}

/// Destroys under this policy; what is left when it ends well, else all that was said of it.
async fn destroy_under(policy: &Document, kind: Bucket) -> Result<Vec<String>, String> {
    let mut world = World::under(Some(policy)).await;
    make_every_kind(&world, kind).await;
    world.limit();
    let request = DestroyRequest { delete_bucket: kind != Bucket::Adopted, ..request(ISSUER) };
    let targets = world.targets(ISSUER);
    let result = async {
        let facts = DestroyFacts::read(&request, &targets).await.map_err(|error| error.to_string())?;
        let plan = Plan::build_destroy(&request, &facts).map_err(|error| error.to_string())?;
        let runner = DestroyRunner { request: &request, targets: &targets, events: &|_| {} };
        let outcome = runner.apply(plan).await;
        outcome.error.map_or(Ok(outcome.left), |error| Err(error.to_string()))
    };
    let result = result.await;
    world.sandbox.stop().await;
    result
}

/// A policy without one of its actions.
fn without(policy: &Document, action: &str) -> Document {
    let text = policy.to_json().replace(&format!("\"{action}\""), "\"s3:ListAllMyBuckets\"");
    Document::parse(&text).unwrap()
}

#[tokio::test]
async fn destroying_runs_under_exactly_its_permissions_and_names_the_one_that_is_missing() {
    let world = World::start().await;
    let policy = Permissions::policy(&[Permissions::Destroy], &scope(&world.targets(ISSUER)));
    world.sandbox.stop().await;
    for kind in BUCKETS {
        let left = destroy_under(&policy, kind).await.unwrap();
        // All goes but what is out of reach, which is said.
        for role in BEYOND {
            let said = left.iter().find(|left| left.contains(&format!("role/{role}")));
            assert!(said.is_some_and(|said| said.contains("iam:List")), "{kind:?}: {role}: {left:?}");
        }
        assert_eq!(left.len(), BEYOND.len(), "{kind:?}: {left:?}");
    }
    let actions = policy.statements().iter().flat_map(|statement| statement.action().to_vec());
    for action in actions {
        let policy = without(&policy, &action);
        let mut ends = Vec::new();
        for kind in BUCKETS {
            ends.push(destroy_under(&policy, kind).await);
            if ends.iter().any(Result::is_err) {
                break;
            }
        }
        let named = ends.last().is_some_and(|end| end.as_ref().is_err_and(|error| error.contains(&action)));
        assert!(named, "{action}: {ends:?}");
    }
}

#[tokio::test]
async fn an_issuer_comes_and_goes_under_the_permissions_of_all_parts() {
    let world = World::start().await;
    let policy = Permissions::policy(Permissions::ALL, &scope(&world.targets(ISSUER)));
    world.sandbox.stop().await;
    let mut world = World::under(Some(&policy)).await;
    world.limit();
    world.make(ISSUER, &["one", "two"]).await;
    // What is there is looked at, and nothing is done.
    world.roles(&world.targets(ISSUER), &["one", "two"]).await;
    let outcome = world.apply(ISSUER, world.plan(ISSUER).await).await;
    assert!(outcome.error.is_none(), "{outcome:?}");
    world.assert_gone().await;
    world.sandbox.stop().await;
}
