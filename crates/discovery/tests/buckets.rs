//! What has to change in a bucket, and what must not be changed: the pure diff.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::collections::BTreeMap;

use issuer_discovery::{
    AccessBlock, AccountBlock, Adoption, BucketPlace, BucketRefusal, Jwks, JwksPath, LiveBucket,
    LiveDocuments, LiveObject, OWNER_CREATED, OWNER_TAG, Object, PublishChange, Replaces, Site, diff_bucket,
};
use issuer_policy::Document;

fn place(prefix: &str) -> BucketPlace {
    BucketPlace {
        bucket: "my-bucket".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        prefix: prefix.parse().unwrap(),
        jwks_path: JwksPath::default(),
    }
}

fn site() -> Site {
    let issuer = "https://my-bucket.s3.eu-west-1.amazonaws.com".parse().unwrap();
    Site::build(&issuer, &JwksPath::default(), &Jwks::parse(br#"{"keys":[{"kid":"a"}]}"#).unwrap())
}

fn served(object: &Object) -> LiveObject {
    LiveObject {
        bytes: object.bytes.clone(),
        etag: Some("\"e\"".to_owned()),
        content_type: Some(object.content_type.to_owned()),
        cache_control: Some(object.cache_control.to_owned()),
        encryption: Some("AES256".to_owned()),
    }
}

/// A bucket of ours in which everything is as it should be.
fn whole() -> LiveBucket {
    let mut policy = Document::empty();
    let _ = policy.merge(place("").statement());
    LiveBucket {
        exists: true,
        block: AccessBlock::POLICY_ONLY,
        account_block: AccountBlock::default(),
        policy: Some(policy),
        tags: BTreeMap::from([(OWNER_TAG.to_owned(), OWNER_CREATED.to_owned())]),
        versioned: true,
        documents: LiveDocuments {
            discovery: Some(served(site().discovery())),
            jwks: Some(served(site().jwks())),
        },
    }
}

fn kinds(live: &LiveBucket, adoption: Adoption) -> Result<Vec<&'static str>, BucketRefusal> {
    let changes = diff_bucket(&place(""), live, &site(), &BTreeMap::new(), adoption)?;
    Ok(changes.iter().map(PublishChange::kind).collect())
}

#[test]
fn a_missing_bucket_is_made_step_by_step_and_opened_last() {
    let changes =
        diff_bucket(&place(""), &LiveBucket::default(), &site(), &BTreeMap::new(), Adoption::Refuse);
    let changes = changes.unwrap();
    let kinds: Vec<_> = changes.iter().map(|change| (change.stage(), change.kind())).collect();
    assert_eq!(
        kinds,
        [
            (0, "create-bucket"),
            (1, "versioning"),
            (1, "tags"),
            (1, "access-block"),
            (1, "object"),
            (1, "object"),
            (2, "policy"),
        ]
    );
    // A new bucket has all four blocks on, though there is nothing to read yet.
    assert!(changes.iter().any(|change| matches!(
        change,
        PublishChange::AccessBlock { from: AccessBlock::ALL, to: AccessBlock::POLICY_ONLY, .. }
    )));
}

#[test]
fn a_whole_bucket_is_left_alone() {
    assert_eq!(kinds(&whole(), Adoption::Refuse).unwrap(), Vec::<&str>::new());
}

/// What one part of a bucket was changed to, and what mends it.
type Damage = (fn(&mut LiveBucket), &'static [&'static str]);

#[test]
fn each_part_of_ours_is_mended_by_itself() {
    let table: [Damage; 9] = [
        (|live| live.policy = None, &["policy"]),
        (|live| live.versioned = false, &["versioning"]),
        (|live| live.block = AccessBlock::ALL, &["access-block"]),
        (|live| live.block = AccessBlock::default(), &["access-block"]),
        (|live| live.documents.jwks = None, &["object"]),
        (|live| live.documents.discovery.as_mut().unwrap().bytes.push(b' '), &["object"]),
        (|live| live.documents.jwks.as_mut().unwrap().content_type = Some("text/plain".into()), &["object"]),
        (|live| live.documents.jwks.as_mut().unwrap().cache_control = None, &["object"]),
        (|live| live.documents.jwks.as_mut().unwrap().encryption = Some("aws:kms".into()), &["object"]),
    ];
    for (damage, mended_by) in table {
        let mut live = whole();
        damage(&mut live);
        assert_eq!(kinds(&live, Adoption::Refuse).unwrap(), mended_by);
    }
}

#[test]
fn a_document_replaces_exactly_what_was_read() {
    let mut live = whole();
    live.documents.jwks.as_mut().unwrap().bytes.push(b' ');
    live.documents.discovery = None;
    let changes = diff_bucket(&place(""), &live, &site(), &BTreeMap::new(), Adoption::Refuse).unwrap();
    let replaces: Vec<_> = changes
        .iter()
        .map(|change| match change {
            PublishChange::Object { replaces, .. } => replaces.clone(),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(replaces, [Replaces::ETag("\"e\"".to_owned()), Replaces::Nothing]);
}

#[test]
fn somebody_elses_bucket_is_not_opened() {
    let theirs = Document::parse(
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Allow","Principal":"*",
            "Action":"s3:GetObject","Resource":"arn:aws:s3:::my-bucket/secret/*"}]}"#,
    )
    .unwrap();
    let live = LiveBucket {
        block: AccessBlock::ALL,
        policy: Some(theirs),
        tags: BTreeMap::from([("team".to_owned(), "x".to_owned())]),
        ..whole()
    };
    let refusal = kinds(&live, Adoption::Refuse).unwrap_err();
    let BucketRefusal::NotOurs { needed, exposes, .. } = refusal else { panic!("{refusal}") };
    assert_eq!(needed.len(), 2);
    assert_eq!(exposes, ["Theirs: s3:GetObject on arn:aws:s3:::my-bucket/secret/*"]);
    assert_eq!(kinds(&live, Adoption::Adopt).unwrap(), ["tags", "access-block", "policy"]);
}

#[test]
fn what_becomes_public_besides_is_listed_in_every_plan_that_opens_a_bucket() {
    let mut live = whole();
    let theirs = r#"{"Sid":"Payroll","Effect":"Allow","Principal":"*","Action":"s3:GetObject",
        "Resource":"arn:aws:s3:::my-bucket/payroll/*"}"#;
    let _ = live.policy.as_mut().unwrap().merge(issuer_policy::Statement::parse(theirs).unwrap());
    live.block = AccessBlock::ALL;
    let changes = diff_bucket(&place(""), &live, &site(), &BTreeMap::new(), Adoption::Refuse).unwrap();
    assert!(
        changes[0].to_string().contains("Payroll: s3:GetObject on arn:aws:s3:::my-bucket/payroll/*"),
        "{}",
        changes[0]
    );
    // Our own two objects are what it is opened for.
    assert!(!changes[0].to_string().contains("IssuerctlPublicRead"), "{}", changes[0]);
}

#[test]
fn a_bucket_that_was_handed_over_keeps_its_settings_for_acls() {
    let open = AccessBlock::default();
    let theirs = LiveBucket { block: open, tags: BTreeMap::new(), policy: None, ..whole() };
    assert_eq!(kinds(&theirs, Adoption::Adopt).unwrap(), ["tags", "policy"]);
    let tags = BTreeMap::from([(OWNER_TAG.to_owned(), "adopted".to_owned())]);
    let adopted = LiveBucket { block: open, tags: tags.clone(), ..whole() };
    assert!(kinds(&adopted, Adoption::Refuse).unwrap().is_empty());
    let closed = LiveBucket { block: AccessBlock { block_public_policy: true, ..open }, tags, ..whole() };
    let changes = diff_bucket(&place(""), &closed, &site(), &BTreeMap::new(), Adoption::Refuse).unwrap();
    assert!(matches!(&changes[..], [PublishChange::AccessBlock { to, .. }] if *to == open));
}

#[test]
fn somebody_elses_bucket_that_is_open_for_us_already_takes_the_documents() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},
        "Action":"s3:Get*","Resource":"arn:aws:s3:::my-bucket/*"}]}"#;
    let live = LiveBucket {
        block: AccessBlock::default(),
        policy: Some(Document::parse(policy).unwrap()),
        tags: BTreeMap::new(),
        versioned: false,
        documents: LiveDocuments::default(),
        ..whole()
    };
    assert_eq!(kinds(&live, Adoption::Refuse).unwrap(), ["object", "object"]);
}

#[test]
fn the_accounts_block_wins_over_everything() {
    let block = AccessBlock { restrict_public_buckets: true, ..AccessBlock::default() };
    for live in [LiveBucket::default(), whole()] {
        let live = LiveBucket { account_block: AccountBlock::Known(block), ..live };
        let refusal = kinds(&live, Adoption::Adopt).unwrap_err();
        assert!(
            matches!(&refusal, BucketRefusal::AccountBlock { settings, .. } if settings == &["RestrictPublicBuckets"]),
            "{refusal}"
        );
    }
    // ACLs are not what an issuer needs.
    let harmless =
        AccessBlock { block_public_acls: true, ignore_public_acls: true, ..AccessBlock::default() };
    let live = LiveBucket { account_block: AccountBlock::Known(harmless), ..whole() };
    assert!(kinds(&live, Adoption::Refuse).unwrap().is_empty());
}

#[test]
fn a_policy_that_denies_everyone_is_named() {
    let mut policy = whole().policy.unwrap();
    let deny = r#"{"Sid":"NoReading","Effect":"Deny","Principal":"*","Action":"s3:GetObject",
        "Resource":"arn:aws:s3:::my-bucket/openid/*"}"#;
    let _ = policy.merge(issuer_policy::Statement::parse(deny).unwrap());
    let live = LiveBucket { policy: Some(policy), ..whole() };
    let refusal = kinds(&live, Adoption::Refuse).unwrap_err();
    assert!(matches!(&refusal, BucketRefusal::Denied { sid, .. } if sid == "NoReading"), "{refusal}");
}

#[test]
fn a_full_policy_is_known_before_any_call() {
    let mut policy = Document::empty();
    for number in 0..90 {
        let _ = policy.merge(place(&format!("cluster-number-{number}/of-many")).statement());
    }
    let live = LiveBucket { policy: Some(policy), ..whole() };
    let refusal = diff_bucket(&place("one-more"), &live, &site(), &BTreeMap::new(), Adoption::Refuse);
    assert!(matches!(refusal, Err(BucketRefusal::PolicyTooLarge { size, .. }) if size > 20 * 1024));
}

#[test]
fn issuers_in_one_bucket_do_not_take_each_others_statement() {
    let sids: Vec<_> = ["", "a", "b", "a/b"].iter().map(|prefix| place(prefix).sid()).collect();
    for sid in &sids {
        assert!(sid.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{sid}");
        assert_eq!(sids.iter().filter(|other| *other == sid).count(), 1);
    }
    let china = BucketPlace { region: "cn-north-1".parse().unwrap(), ..place("p") };
    assert_eq!(
        china.statement().resource(),
        [
            "arn:aws-cn:s3:::my-bucket/p/.well-known/openid-configuration",
            "arn:aws-cn:s3:::my-bucket/p/openid/v1/jwks"
        ]
    );
}
