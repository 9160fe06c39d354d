//! From facts to plans: what goes, in which order, and what stays.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use issuer_discovery::{
    BucketPlace, DirectoryPublisher, JwksPath, LeavingBucket, LeavingDirectory, LiveDocuments, LiveObject,
    MergeError, OWNER_ADOPTED, OWNER_CREATED, OWNER_TAG,
};
use issuer_policy::Document;
use issuer_registrar::{Account, ISSUER_TAG, Issuing, LeavingRole, LivePolicy, LiveRole, Provider};

use super::{DestroyFacts, DestroyRequest, LeavingPlace};
use crate::error::PlanError;
use crate::step::Plan;

const ISSUER: &str = "https://oidc.example.com/c1";

fn issuing() -> Issuing {
    let account = Account::of_caller("123456789012", "arn:aws:iam::123456789012:root").unwrap();
    Issuing { issuer: ISSUER.parse().unwrap(), account }
}

fn tags(owner: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(OWNER_TAG.to_owned(), owner.to_owned()), (ISSUER_TAG.to_owned(), issuing().id())])
}

fn policy_arn() -> String {
    format!("arn:aws:iam::123456789012:policy{}s3", issuing().path())
}

/// A role that trusts this issuer by a statement of this Sid, with our policy on it.
fn role(name: &str, sid: &str, owner: Option<&str>) -> LeavingRole {
    let path = issuing().path();
    let trust = format!(
        r#"{{"Statement":[{{"Sid":"{sid}","Effect":"Allow","Principal":{{"Federated":"{}"}},"Action":"sts:AssumeRoleWithWebIdentity"}}]}}"#,
        issuing().provider_arn()
    );
    let role = LiveRole {
        arn: format!("arn:aws:iam::123456789012:role{path}{name}").parse().unwrap(),
        path,
        trust_policy: Document::parse(&trust).unwrap(),
        max_session_duration: Duration::from_secs(3600),
        boundary: None,
        tags: owner.map(tags).unwrap_or_default(),
        attached: BTreeSet::from([policy_arn()]),
        inline: BTreeMap::new(),
    };
    LeavingRole { role, instance_profiles: Vec::new(), unread: false }
}

fn policy(attachments: u32) -> LivePolicy {
    LivePolicy {
        arn: policy_arn(),
        document: Document::empty(),
        default_version: "v2".to_owned(),
        versions: vec!["v1".to_owned(), "v2".to_owned()],
        attachments,
        bounds: 0,
        tags: tags(OWNER_CREATED),
    }
}

fn bucket(owner: Option<&str>) -> LeavingPlace {
    let place = BucketPlace {
        bucket: "my-bucket".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        prefix: "c1".parse().unwrap(),
        jwks_path: JwksPath::default(),
    };
    let mut policy = Document::empty();
    let _ = policy.merge(place.statement());
    let object = |text: String| {
        Some(LiveObject { bytes: text.into_bytes(), etag: Some("e".to_owned()), ..LiveObject::default() })
    };
    let discovery = format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{ISSUER}/openid/v1/jwks"}}"#);
    let live = LeavingBucket {
        exists: true,
        tags: owner.map(tags).unwrap_or_default(),
        policy: Some(policy),
        documents: LiveDocuments { discovery: object(discovery), jwks: object(r#"{"keys":[]}"#.to_owned()) },
        ..LeavingBucket::default()
    };
    LeavingPlace::Bucket { place, live: Box::new(live) }
}

fn provider(owner: Option<&str>) -> Provider {
    Provider { tags: owner.map(tags).unwrap_or_default(), ..Provider::default() }
}

/// All that this program makes for an issuer.
fn whole() -> DestroyFacts {
    DestroyFacts {
        issuing: issuing(),
        roles: vec![role("app", &issuing().sid(), Some(OWNER_CREATED))],
        unreadable: BTreeMap::new(),
        trusting: Vec::new(),
        unknown: Vec::new(),
        policies: vec![policy(1)],
        provider: Some(provider(Some(OWNER_CREATED))),
        place: Some(bucket(Some(OWNER_CREATED))),
    }
}

fn build(facts: &DestroyFacts, delete_bucket: bool) -> Result<Plan, PlanError> {
    let request = DestroyRequest { issuer: ISSUER.parse().unwrap(), delete_bucket };
    Plan::build_destroy(&request, facts)
}

fn steps(plan: &Plan) -> Vec<(&'static str, &'static str)> {
    plan.stages.iter().flat_map(|stage| stage.steps.iter().map(|step| (stage.name, step.kind()))).collect()
}

#[test]
fn iam_stops_trusting_before_anything_that_it_trusted_is_given_up() {
    let plan = build(&whole(), true).unwrap();
    assert_eq!(
        steps(&plan),
        [
            ("roles", "detach-policy"),
            ("roles", "delete-role"),
            ("roles", "delete-policy"),
            ("provider", "delete-provider"),
            ("documents", "delete-object"),
            ("documents", "delete-object"),
            ("bucket", "remove-statement"),
            ("bucket", "delete-bucket"),
        ]
    );
    let stages: Vec<usize> = plan.stages.iter().map(|stage| stage.steps.len()).collect();
    assert_eq!(stages, [2, 1, 1, 1, 1, 1, 1], "what needs the other is in a stage of its own");
    let notes = plan.notes.join("\n");
    assert!(notes.contains("anyone can take its name") && notes.contains("shred its private key"), "{notes}");

    let kept = build(&whole(), false).unwrap();
    assert_eq!(steps(&kept).last(), Some(&("bucket", "remove-statement")));
}

#[test]
fn what_was_destroyed_needs_nothing_more() {
    let mut facts = whole();
    facts.roles.clear();
    facts.policies.clear();
    facts.provider = None;
    for place in [None, Some(bucket(None))] {
        facts.place = place;
        let plan = build(&facts, false).unwrap();
        assert!(!plan.has_changes(), "{plan:?}");
        assert!(!plan.notes.join("\n").contains("shred"), "{:?}", plan.notes);
    }
    let Some(LeavingPlace::Bucket { live, .. }) = &mut facts.place else { panic!("it is a bucket") };
    **live = LeavingBucket::default();
    assert!(!build(&facts, true).unwrap().has_changes(), "the bucket is gone");
}

type Change = fn(&mut DestroyFacts);

#[test]
fn what_is_somebody_elses_stays_and_is_told() {
    let table: [(Change, &str, &str); 9] = [
        (|facts| facts.provider = Some(provider(None)), "delete-provider", "did not make it"),
        (|facts| facts.provider = Some(provider(Some(OWNER_ADOPTED))), "delete-provider", "did not make it"),
        (|facts| facts.policies[0].tags.clear(), "delete-policy", "it is not ours"),
        (|facts| facts.policies[0].tags = tags("somebody"), "delete-policy", "it is not ours"),
        (|facts| facts.place = Some(bucket(None)), "delete-object", "nothing in bucket my-bucket is touched"),
        (
            |facts| facts.trusting = vec!["arn:aws:iam::123456789012:role/theirs".to_owned()],
            "nothing",
            "role/theirs is somebody else's and trusts this issuer",
        ),
        (
            |facts| facts.policies[0].bounds = 1,
            "delete-policy",
            "s3 stays: it is somebody's permissions boundary",
        ),
        (
            |facts| facts.policies = vec![policy(2)],
            "delete-policy",
            "s3 stays: it is attached elsewhere (aws iam list-entities-for-policy --policy-arn arn:aws:iam::",
        ),
        (
            |facts| facts.unknown = vec!["arn:aws:iam::123456789012:role/odd".to_owned()],
            "nothing",
            "trust policy of arn:aws:iam::123456789012:role/odd cannot be read",
        ),
    ];
    for (change, kind, said) in table {
        let mut facts = whole();
        change(&mut facts);
        let plan = build(&facts, false).unwrap();
        assert!(!steps(&plan).iter().any(|step| step.1 == kind), "{said}: {plan:?}");
        let notes = plan.notes.join("\n");
        assert!(notes.contains(said), "{notes}");
        assert_eq!(plan.left, Vec::<String>::new(), "nothing of ours is left");
    }
}

#[test]
fn what_is_ours_and_stays_is_left_with_what_to_do_and_everything_else_goes() {
    let table: [(Change, &str, &str, &str); 4] = [
        (
            |facts| facts.roles = vec![role("app", &issuing().sid(), Some(OWNER_ADOPTED))],
            "delete-role",
            "app was not made by us",
            "aws iam update-assume-role-policy",
        ),
        (
            |facts| facts.roles[0].instance_profiles = vec!["nodes".to_owned()],
            "delete-role",
            "app is in instance profiles (nodes)",
            "aws iam remove-role-from-instance-profile",
        ),
        (
            |facts| facts.roles[0].unread = true,
            "delete-role",
            "app trusts this issuer",
            "iam:ListAttachedRolePolicies",
        ),
        (
            |facts| {
                facts.roles.clear();
                let arn = "arn:aws:iam::123456789012:role/odd".to_owned();
                facts.unreadable = BTreeMap::from([(arn, "it cannot be read: look at it".to_owned())]);
            },
            "delete-role",
            "the role arn:aws:iam::123456789012:role/odd stays: it cannot",
            "look at it",
        ),
    ];
    for (change, kind, said, advice) in table {
        let mut facts = whole();
        change(&mut facts);
        let plan = build(&facts, true).unwrap();
        let left = plan.left.join("\n");
        assert!(left.contains(said) && left.contains(advice), "{left}");
        assert!(!plan.notes.iter().any(|note| left.contains(note)), "{:?}", plan.notes);
        let steps = steps(&plan);
        assert!(!steps.iter().any(|step| step.1 == kind), "{said}: {steps:?}");
        assert_eq!(steps.last(), Some(&("bucket", "delete-bucket")), "{said}");
        assert!(steps.contains(&("provider", "delete-provider")), "{said}");
    }
    assert_eq!(build(&whole(), true).unwrap().left, Vec::<String>::new());
}

#[test]
fn roles_that_cannot_be_left_are_refused_as_a_whole_and_shared_policies_are_in_order() {
    let cannot: [Change; 3] = [
        |facts| facts.roles[0].instance_profiles = vec!["nodes".to_owned()],
        |facts| facts.roles[0].unread = true,
        |facts| facts.roles[0] = role("app", &issuing().sid(), Some(OWNER_ADOPTED)),
    ];
    for change in cannot {
        let mut facts = whole();
        facts.roles.push(role("other", &issuing().sid(), Some(OWNER_CREATED)));
        change(&mut facts);
        let refused = Plan::build_role_removals(&facts).unwrap_err();
        assert!(matches!(refused, PlanError::RoleStays { .. }), "{refused}");
    }
    let mut facts = whole();
    facts.policies = vec![policy(2)];
    let plan = Plan::build_role_removals(&facts).unwrap();
    assert_eq!(steps(&plan), [("roles", "detach-policy"), ("roles", "delete-role")]);
    assert!(plan.notes.join("\n").contains("attached elsewhere"), "{:?}", plan.notes);
    assert_eq!(plan.left, Vec::<String>::new(), "another role has it");
}

#[test]
fn a_role_below_our_path_that_is_not_ours_is_told_apart() {
    let mut facts = whole();
    facts.roles = vec![role("theirs", "Theirs", None)];
    let plan = build(&facts, false).unwrap();
    let notes = plan.notes.join("\n");
    // Somebody else's words trust our provider: they stop working, or a person has to look.
    assert!(notes.contains("theirs"), "{notes}");
    assert!(!steps(&plan).iter().any(|step| step.1 == "delete-role"), "{plan:?}");
}

#[test]
fn what_cannot_be_done_safely_is_refused_as_a_whole() {
    let mut facts = whole();
    facts.provider = Some(provider(None));
    let refused = build(&facts, true).unwrap_err();
    assert!(matches!(refused, PlanError::StillTrusted { .. }), "{refused}");

    for owner in [None, Some(OWNER_ADOPTED)] {
        let mut facts = whole();
        facts.place = Some(bucket(owner));
        assert!(matches!(build(&facts, true).unwrap_err(), PlanError::Leave(_)), "{owner:?}");
    }
    let mut facts = whole();
    let Some(LeavingPlace::Bucket { live, .. }) = &mut facts.place else { panic!("it is a bucket") };
    live.others.push("c2/keys.json".to_owned());
    let refused = build(&facts, true).unwrap_err().to_string();
    assert!(refused.contains("c2/keys.json"), "{refused}");

    // The keys are at another path: the caller has to say so, as when publishing.
    let mut facts = whole();
    let Some(LeavingPlace::Bucket { place, .. }) = &mut facts.place else { panic!("it is a bucket") };
    place.jwks_path = "keys.json".parse().unwrap();
    let refused = build(&facts, false).unwrap_err();
    let PlanError::Merge(MergeError::OtherJwksUri { live_path, .. }) = refused else { panic!("{refused}") };
    assert_eq!(live_path.as_deref(), Some("openid/v1/jwks"));

    let mut facts = whole();
    facts.place = None;
    assert!(matches!(build(&facts, true).unwrap_err(), PlanError::OtherDestination));
}

#[test]
fn a_directory_loses_its_two_files() {
    let mut facts = whole();
    let Some(LeavingPlace::Bucket { live, .. }) = facts.place else { panic!("it is a bucket") };
    let live = LeavingDirectory { documents: live.documents, links: Vec::new() };
    let publisher = DirectoryPublisher::new("/srv/www".into(), JwksPath::default());
    facts.place = Some(LeavingPlace::Directory { publisher, live: Box::new(live) });
    let plan = build(&facts, false).unwrap();
    let texts: Vec<String> = plan.steps().map(ToString::to_string).collect();
    assert_eq!(
        texts[4..],
        ["delete /srv/www/openid/v1/jwks", "delete /srv/www/.well-known/openid-configuration"]
    );
}
