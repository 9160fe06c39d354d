//! Reading, merging and writing whole policies, strangers' ones from AWS's guides among them.

use issuer_policy::{Document, Effect, Merge, Principal, Statement};

/// From the S3 guide's examples of bucket policies, white space and all.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html>
const FOREIGN: &str = r#"{
    "Version": "2012-10-17",
    "Id": "PolicyForCloudFrontPrivateContent",
    "Statement": [
        {
            "Effect": "Allow",
            "Sid": "AllowCloudFrontServicePrincipal",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::amzn-s3-demo-bucket/*",
            "Condition": {"StringEquals": {"AWS:SourceArn": "arn:aws:cloudfront::111122223333:distribution/E1"}}
        },
        {
            "Sid": "RestrictToTLSRequestsOnly",
            "Action": "s3:*",
            "Effect": "Deny",
            "Resource": ["arn:aws:s3:::amzn-s3-demo-bucket", "arn:aws:s3:::amzn-s3-demo-bucket/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}, "NumericLessThan": {"s3:TlsVersion": 12}},
            "Principal": "*"
        }
    ]
}"#;

fn ours(path: &str) -> Statement {
    let objects = [".well-known/openid-configuration", path]
        .map(|key| format!("arn:aws:s3:::amzn-s3-demo-bucket/{key}"));
    Statement::allow_anonymous_read("Issuer", objects)
}

#[test]
fn a_merge_adds_then_does_nothing_then_replaces_and_never_touches_others() {
    let mut document = Document::parse(FOREIGN).unwrap();
    let untouched = document.to_json();
    assert_eq!(
        untouched.split_whitespace().collect::<String>(),
        FOREIGN.split_whitespace().collect::<String>()
    );

    assert_eq!(document.merge(ours("openid/v1/jwks")), Merge::Added);
    let added = document.to_json();
    assert_eq!(added, untouched.replace("]}", &format!(",{}]}}", ours("openid/v1/jwks").to_json())));
    assert_eq!(document.merge(ours("openid/v1/jwks")), Merge::Unchanged);
    assert_eq!(document.to_json(), added);

    assert_eq!(document.merge(ours("keys.json")), Merge::Replaced);
    assert_eq!(document.to_json(), added.replace("openid/v1/jwks", "keys.json"));
    assert!(document.remove("Issuer"));
    assert!(!document.remove("Issuer"));
    assert_eq!(document.to_json(), untouched);
}

#[test]
fn a_clone_does_not_change_with_what_it_was_cloned_from() {
    let first = Document::parse(FOREIGN).unwrap();
    let mut second = first.clone();
    assert!(!second.remove("Nobody"));
    assert_eq!((second.merge(ours("a")), second == first), (Merge::Added, false));
    let mut third = second.clone();
    assert!(third.remove("Issuer"));
    assert_eq!(third, first);
    assert_eq!(first.to_json(), Document::parse(FOREIGN).unwrap().to_json());
    assert!(second.statement("Issuer").is_some());
}

#[test]
fn members_have_no_order_and_lists_do() {
    let first = r#"{"Version":"2012-10-17","Id":"i","Statement":{"Effect":"Allow","Action":["a:b","a:c"],"Resource":"*"}}"#;
    let document = Document::parse(first).unwrap();
    for (same, text) in [
        (
            true,
            r#"{"Statement":{"Resource":"*","Action":["a:b","a:c"],"Effect":"Allow"},"Id":"i","Version":"2012-10-17"}"#,
        ),
        (false, &*first.replace(r#""a:b","a:c""#, r#""a:c","a:b""#)),
        (false, &*first.replace(r#""*""#, r#"["*"]"#)),
        (false, &*first.replace(r#""Id":"i""#, r#""Id":"j""#)),
        (false, &*first.replace("{\"Effect", "[{\"Effect").replace("}}", "}]}")),
    ] {
        let other = Document::parse(text).unwrap();
        assert_eq!(other == document, same, "{text}");
        assert_eq!(other.to_json(), text, "each is written as it was read");
    }
}

#[test]
fn what_says_the_same_in_other_words_is_left_as_it_is() {
    let text = r#"{"Statement":[{"Resource":["arn:aws:s3:::amzn-s3-demo-bucket/openid/v1/jwks","arn:aws:s3:::amzn-s3-demo-bucket/.well-known/openid-configuration"],"Sid":"Issuer","Principal":{"AWS":["*"]},"Action":["s3:GetObject"],"Effect":"Allow"}],"Version":"2012-10-17"}"#;
    let mut document = Document::parse(text).unwrap();
    assert_eq!(document.merge(ours("openid/v1/jwks")), Merge::Unchanged);
    assert_eq!(document.to_json(), text);
}

#[test]
fn a_single_statement_stays_an_object_until_there_are_two() {
    let text = r#"{"Version":"2008-10-17","Statement":{"Sid":"A b","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}"#;
    let mut document = Document::parse(text).unwrap();
    assert_eq!(document.to_json(), text);
    assert_eq!(document.merge(Statement::allow_anonymous_read("A b", ["r".to_owned()])), Merge::Replaced);
    assert!(document.to_json().contains(r#""Statement":{"Sid":"A b","Effect":"Allow""#));
    assert_eq!(document.merge(ours("x")), Merge::Added);
    assert!(document.to_json().contains(r#""Statement":[{"Sid":"A b""#));
}

#[test]
fn a_statement_without_a_sid_never_replaces_one() {
    let unnamed =
        Statement::parse(r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"a"}"#).unwrap();
    let other =
        Statement::parse(r#"{"Sid":"","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"b"}"#)
            .unwrap();
    let mut document = Document::empty();
    assert_eq!(document.merge(unnamed.clone()), Merge::Added);
    assert_eq!(document.merge(other), Merge::Added);
    assert_eq!(document.merge(unnamed), Merge::Unchanged);
    assert_eq!(document.statements().len(), 2);
    assert!(!document.remove(""));
}

#[test]
fn an_empty_document_reads_back() {
    let document = Document::empty();
    assert_eq!(document.to_json(), r#"{"Version":"2012-10-17","Statement":[]}"#);
    assert!(document.is_empty());
    assert_eq!(Document::parse(&document.to_json()).unwrap(), document);
}

#[test]
fn the_trust_policy_of_a_service_account() {
    // https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":
        "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id"},"Action":"sts:AssumeRoleWithWebIdentity",
        "Condition":{"StringEquals":{"oidc.example.com/id:sub":"system:serviceaccount:default:my-service-account",
        "oidc.example.com/id:aud":"sts.amazonaws.com"}}}]}"#;
    let document = Document::parse(text).unwrap();
    let statement = &document.statements()[0];
    assert_eq!(statement.effect(), Effect::Allow);
    let Some(Principal::Map(kinds)) = statement.principal() else { panic!("{statement:?}") };
    assert_eq!(kinds.keys().collect::<Vec<_>>(), ["Federated"]);
    assert_eq!(statement.action(), ["sts:AssumeRoleWithWebIdentity"]);
    assert!(statement.resource().is_empty());
    assert_eq!(statement.condition().tests().count(), 2);
}

#[test]
fn refusals_say_what_and_where() {
    let good = r#"{"Sid":"A","Effect":"Allow","Principal":"*","Action":"a:b","Resource":"*"}"#;
    for (text, sentence) in [
        ("", "the policy cannot be read"),
        ("[]", "the policy has to be a JSON object"),
        (r#"{"Version":"2012-10-17"}"#, "the policy needs a Statement: one object or a list of objects"),
        (r#"{"Statement":"x"}"#, "the policy needs a Statement: one object or a list of objects"),
        (
            r#"{"Statement":[],"Version":"2020-01-01"}"#,
            "the policy's Version has to be \"2012-10-17\" or \"2008-10-17\"",
        ),
        (r#"{"Statement":[],"Id":1}"#, "the policy's Id has to be a string"),
        (
            r#"{"Statement":[],"statement":[]}"#,
            "the policy has the member \"statement\"; only Version, Id and Statement are known",
        ),
        (&format!(r#"{{"Statement":[{good},7]}}"#), "statement 2 is not a JSON object"),
        (
            &format!(r#"{{"Statement":[{good},{{}},{good}]}}"#),
            "statement 2: Effect has to be \"Allow\" or \"Deny\", in exactly this spelling",
        ),
        (
            &format!(r#"{{"Statement":[{good},{},{good}]}}"#, good.replace("\"A\"", "\"B\"")),
            "statements 1 and 3 have the same Sid \"A\"; a Sid has to be unique in its policy",
        ),
        (
            &format!(r#"{{"Statement":{}}}"#, good.replace("Effect", "effect")),
            "statement 1 has the member \"effect\", which the policy language does not know",
        ),
        (
            &format!(r#"{{"Statement":{}}}"#, good.replace("\"A\"", "1")),
            "statement 1: Sid has to be a string",
        ),
        (
            &format!(r#"{{"Statement":{}}}"#, good.replace("Allow", "allow")),
            "statement 1: Effect has to be \"Allow\" or \"Deny\", in exactly this spelling",
        ),
        (
            &format!(r#"{{"Statement":{}}}"#, good.replace("\"a:b\"", "[]")),
            "statement 1: Action has to be a string or a list of strings, at least one",
        ),
        (r#"{"Statement":{"Effect":"Deny"}}"#, "statement 1: Action or NotAction is missing"),
        (
            &format!(r#"{{"Statement":{}}}"#, good.replace("\"Sid\":\"A\"", "\"NotAction\":\"c:d\"")),
            "statement 1: Action and NotAction exclude each other",
        ),
        (
            &format!(r#"{{"Statement":{}}}"#, good.replace("\"Principal\":\"*\"", "\"Principal\":\"me\"")),
            "statement 1: Principal has to be \"*\" or an object such as {\"AWS\": \"*\"}",
        ),
        (
            &format!(r#"{{"Statement":{}}}"#, good.replace("\"Sid\":\"A\"", "\"Condition\":[]")),
            "statement 1: Condition has to be an object of operators",
        ),
    ] {
        assert_eq!(Document::parse(text).unwrap_err().to_string(), sentence, "{text}");
    }
    let twice = Document::parse(r#"{"Statement":[],"Statement":[]}"#).unwrap_err();
    let source = std::error::Error::source(&twice).unwrap().to_string();
    assert_eq!(source, "the member \"Statement\" appears twice in one object at line 1 column 27");
}
