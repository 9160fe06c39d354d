//! What whole policies say to requests.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::collections::BTreeMap;

use issuer_policy::{Decision, Document, Request, RequestPrincipal, Statement, Unknown};

fn policy(statements: &str) -> Document {
    Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

fn read(key: &str) -> Request {
    Request::anonymous("s3:GetObject", format!("arn:aws:s3:::b/{key}"))
}

fn with(mut request: Request, key: &str, values: &[&str]) -> Request {
    request.context.insert(key.to_owned(), values.iter().map(|value| (*value).to_owned()).collect());
    request
}

fn allow(sid: &str) -> Decision {
    Decision::Allow { sid: Some(sid.to_owned()) }
}

fn nothing() -> Decision {
    Decision::NoMatch { unknown: Vec::new() }
}

#[test]
fn anonymous_reads_are_of_exactly_the_two_objects() {
    let objects = ["arn:aws:s3:::b/.well-known/openid-configuration", "arn:aws:s3:::b/*/openid/v1/jwks"];
    let mut document = Document::empty();
    let _ = document.merge(Statement::allow_anonymous_read("Issuer", objects.map(str::to_owned)));
    for (request, expected) in [
        (read(".well-known/openid-configuration"), allow("Issuer")),
        (read("cluster/openid/v1/jwks"), allow("Issuer")),
        (read("a/b/openid/v1/jwks"), allow("Issuer")),
        (read("cluster/openid/v1/JWKS"), nothing()),
        (read("openid/v1/jwks"), nothing()),
        (
            Request::anonymous("S3:getobject", "arn:aws:s3:::b/.well-known/openid-configuration"),
            allow("Issuer"),
        ),
        (Request::anonymous("s3:PutObject", "arn:aws:s3:::b/.well-known/openid-configuration"), nothing()),
    ] {
        assert_eq!(document.evaluate(&request), expected, "{request:?}");
    }
    assert!(document.evaluate(&read(".well-known/openid-configuration")).is_allow());
}

#[test]
fn a_deny_wins_wherever_it_stands() {
    let allow = r#"{"Sid":"A","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}"#;
    let deny = r#"{"Sid":"D","Effect":"Deny","Principal":"*","NotAction":"s3:Get*","NotResource":"arn:aws:s3:::b/x*"}"#;
    for document in [policy(&format!("{allow},{deny}")), policy(&format!("{deny},{allow}"))] {
        let put = |key: &str| {
            document.evaluate(&Request::anonymous("s3:PutObject", format!("arn:aws:s3:::b/{key}")))
        };
        assert_eq!(put("y"), Decision::Deny { sid: Some("D".to_owned()), unknown: Vec::new() });
        assert!(put("x1").is_allow());
        assert!(document.evaluate(&read("y")).is_allow());
    }
}

#[test]
fn what_is_not_known_never_allows_and_always_denies() {
    let statement = |effect, condition| {
        policy(&format!(
            r#"{{"Sid":"O","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/open"}},
               {{"Sid":"S","Effect":"{effect}","Principal":"*","Action":"s3:*","Resource":"*","Condition":{condition}}}"#
        ))
    };
    let binary = r#"{"BinaryEquals":{"a:b":"QmluYXJ5"}}"#;
    let unknown = vec![Unknown::Operator("BinaryEquals".to_owned())];
    assert_eq!(
        statement("Allow", binary).evaluate(&read("x")),
        Decision::NoMatch { unknown: unknown.clone() }
    );
    assert_eq!(
        statement("Deny", binary).evaluate(&read("open")),
        Decision::Deny { sid: Some("S".to_owned()), unknown }
    );
    assert_eq!(statement("Allow", binary).evaluate(&read("open")), allow("O"));

    let tls = r#"{"Bool":{"aws:SecureTransport":"false"}}"#;
    let key = vec![Unknown::Key("aws:securetransport".to_owned())];
    let deny = |unknown| Decision::Deny { sid: Some("S".to_owned()), unknown };
    assert_eq!(statement("Deny", tls).evaluate(&read("open")), deny(key));
    assert_eq!(
        statement("Deny", tls).evaluate(&with(read("open"), "aws:SecureTransport", &["true"])),
        allow("O")
    );
    assert_eq!(
        statement("Deny", tls).evaluate(&with(read("open"), "aws:SecureTransport", &["false"])),
        deny(vec![])
    );

    // One test that is known not to hold settles the statement.
    let both = r#"{"BinaryEquals":{"aws:CurrentTime":"x"},"Bool":{"aws:SecureTransport":"false"}}"#;
    assert_eq!(
        statement("Deny", both).evaluate(&with(read("open"), "aws:SecureTransport", &["true"])),
        allow("O")
    );
}

#[test]
fn numbers_and_dates_are_compared_where_the_request_has_them() {
    let deny = |condition: &str| {
        policy(&format!(
            r#"{{"Sid":"O","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}},
               {{"Sid":"S","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{condition}}}"#
        ))
    };
    for (condition, key, value, allowed) in [
        (r#"{"NumericLessThan":{"s3:TlsVersion":1.2}}"#, "s3:TlsVersion", "1.1", false),
        (r#"{"NumericLessThan":{"s3:TlsVersion":1.2}}"#, "s3:TlsVersion", "1.2", true),
        (r#"{"NumericLessThan":{"s3:TlsVersion":"1.2"}}"#, "s3:TlsVersion", "1.3", true),
        (r#"{"StringEquals":{"s3:TlsVersion":1.2}}"#, "s3:TlsVersion", "1.2", false),
        (r#"{"NumericGreaterThan":{"s3:max-keys":10}}"#, "s3:max-keys", "100", false),
        (
            r#"{"DateGreaterThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}"#,
            "aws:CurrentTime",
            "2029-12-31T23:59:59Z",
            true,
        ),
        (r#"{"DateGreaterThan":{"aws:EpochTime":1800000000}}"#, "aws:EpochTime", "1800000001", false),
    ] {
        let decision = deny(condition).evaluate(&with(read("x"), key, &[value]));
        assert_eq!(decision.is_allow(), allowed, "{condition} {value}");
    }
}

#[test]
fn principals() {
    let document = |principal: &str| {
        policy(&format!(r#"{{"Effect":"Allow",{principal},"Action":"s3:*","Resource":"*"}}"#))
    };
    let account = RequestPrincipal::Account("111122223333".to_owned());
    let arn = |text: &str| RequestPrincipal::Arn(text.to_owned());
    let user = || arn("arn:aws:iam::111122223333:user/dev/ann");
    let session = || arn("arn:aws:sts::111122223333:assumed-role/ci/run-1");
    for (principal, caller, allowed) in [
        (r#""Principal":{"AWS":"*"}"#, RequestPrincipal::Anonymous, true),
        (r#""Principal":{"AWS":"111122223333"}"#, RequestPrincipal::Anonymous, false),
        (r#""Principal":{"AWS":"111122223333"}"#, account.clone(), true),
        (r#""Principal":{"AWS":"arn:aws-cn:iam::111122223333:root"}"#, account.clone(), true),
        (r#""Principal":{"AWS":"444455556666"}"#, account.clone(), false),
        (r#""Principal":{"AWS":"arn:aws:iam::111122223333:root"}"#, user(), true),
        (r#""Principal":{"AWS":"arn:aws:iam::111122223333:user/dev/ann"}"#, user(), true),
        (r#""Principal":{"AWS":"arn:aws:iam::111122223333:user/ann"}"#, user(), false),
        (r#""Principal":{"AWS":["444455556666","arn:aws:iam::111122223333:role/path/ci"]}"#, session(), true),
        (r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/cd"}"#, session(), false),
        (r#""Principal":{"AWS":"arn:aws:iam::444455556666:role/ci"}"#, session(), false),
        (
            r#""Principal":{"Service":"cloudfront.amazonaws.com"}"#,
            RequestPrincipal::Service("cloudfront.amazonaws.com".to_owned()),
            true,
        ),
        (r#""Principal":{"Service":"cloudfront.amazonaws.com"}"#, user(), false),
        (
            r#""Principal":{"Federated":"arn:aws:iam::1:oidc-provider/x"}"#,
            RequestPrincipal::Federated("arn:aws:iam::1:oidc-provider/x".to_owned()),
            true,
        ),
        (r#""NotPrincipal":{"AWS":"111122223333"}"#, user(), false),
        (r#""NotPrincipal":{"AWS":"111122223333"}"#, RequestPrincipal::Anonymous, true),
    ] {
        let request = Request::by(caller, "s3:GetObject", "arn:aws:s3:::b/x");
        assert_eq!(document(principal).evaluate(&request).is_allow(), allowed, "{principal} {request:?}");
    }
    let canonical =
        document(r#""Principal":{"CanonicalUser":"79a5"}"#).evaluate(&Request::by(user(), "s3:a", "r"));
    assert_eq!(
        canonical,
        Decision::NoMatch { unknown: vec![Unknown::Principal("CanonicalUser".to_owned())] }
    );
}

#[test]
fn variables_count_only_in_the_version_that_has_them() {
    let text = |version: &str| {
        let text = format!(
            r#"{{{version}"Statement":[{{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/${{aws:username}}"}}]}}"#
        );
        Document::parse(&text).unwrap().evaluate(&read("${aws:username}"))
    };
    assert!(text("").is_allow());
    assert!(text(r#""Version":"2008-10-17","#).is_allow());
    let unknown = vec![Unknown::Variable("${aws:username}".to_owned())];
    assert_eq!(text(r#""Version":"2012-10-17","#), Decision::NoMatch { unknown });
}

#[test]
fn a_service_account_is_trusted_by_audience_and_subject() {
    let document = policy(
        r#"{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/i"},
            "Action":"sts:AssumeRoleWithWebIdentity","Condition":{
                "StringEquals":{"i:aud":"sts.amazonaws.com"},
                "StringLike":{"i:sub":["system:serviceaccount:a:*","system:serviceaccount:b:c"]}}}"#,
    );
    let ask = |sub: &str, aud: &str| {
        let provider = RequestPrincipal::Federated("arn:aws:iam::111122223333:oidc-provider/i".to_owned());
        let request = Request {
            context: BTreeMap::from([
                ("i:sub".to_owned(), vec![sub.to_owned()]),
                ("i:aud".to_owned(), vec![aud.to_owned()]),
            ]),
            ..Request::by(provider, "sts:AssumeRoleWithWebIdentity", "")
        };
        document.evaluate(&request).is_allow()
    };
    assert!(ask("system:serviceaccount:a:x", "sts.amazonaws.com"));
    assert!(ask("system:serviceaccount:b:c", "sts.amazonaws.com"));
    assert!(!ask("system:serviceaccount:b:d", "sts.amazonaws.com"));
    assert!(!ask("system:serviceaccount:a:x", "kubernetes"));
}

#[test]
fn a_provider_is_trusted_by_its_name_alone() {
    let provider = "arn:aws:iam::111122223333:oidc-provider/i";
    let ask = |statements: &str| {
        let caller = RequestPrincipal::Federated(provider.to_owned());
        policy(statements).evaluate(&Request::by(caller, "sts:AssumeRoleWithWebIdentity", ""))
    };
    let statement = |effect, who: &str| {
        format!(r#"{{"Effect":"{effect}",{who},"Action":"sts:AssumeRoleWithWebIdentity"}}"#)
    };
    for (who, allowed) in [
        (r#""Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/i"}"#, true),
        (r#""Principal":{"Federated":["x","arn:aws:iam::111122223333:oidc-provider/i"]}"#, true),
        (r#""Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/I"}"#, false),
        (r#""Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/*"}"#, false),
        (r#""Principal":{"Federated":"*"}"#, false),
        (r#""Principal":"*""#, false),
        (r#""Principal":{"AWS":"*"}"#, false),
        (r#""Principal":{"AWS":"*","Service":"x"}"#, false),
        (r#""Principal":{"AWS":"111122223333"}"#, false),
        (r#""NotPrincipal":{"AWS":"111122223333"}"#, false),
    ] {
        assert_eq!(ask(&statement("Allow", who)).is_allow(), allowed, "{who}");
    }
    let allow =
        statement("Allow", r#""Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/i"}"#);
    for who in [r#""Principal":"*""#, r#""NotPrincipal":{"AWS":"111122223333"}"#] {
        let denied = ask(&format!("{allow},{}", statement("Deny", who)));
        assert_eq!(denied, Decision::Deny { sid: None, unknown: Vec::new() }, "{who}");
    }
}

#[test]
fn each_statement_says_what_keeps_it_from_counting() {
    let document = policy(
        r#"{"Effect":"Allow","Principal":{"Federated":"p"},"Action":"sts:AssumeRoleWithWebIdentity",
            "Condition":{"StringEquals":{"I:sub":["a","b"],"i:aud":"x"},"Bool":{"i:gone":"true"},"Odd":{"k":"v"}}},
           {"Effect":"Deny","Principal":{"Federated":"q"},"Action":"sts:TagSession","Resource":"r"},
           {"Effect":"Deny","Principal":"*","Action":"*"}"#,
    );
    let request =
        Request::by(RequestPrincipal::Federated("p".to_owned()), "sts:AssumeRoleWithWebIdentity", "");
    let request = with(with(with(request, "i:sub", &["c"]), "i:aud", &["x"]), "i:gone", &[]);
    let said: Vec<(usize, Vec<String>)> = document
        .explain(&request)
        .into_iter()
        .map(|explanation| {
            (explanation.index, explanation.mismatches.iter().map(ToString::to_string).collect())
        })
        .collect();
    let first = [
        "Bool wants i:gone to be \"true\", and the request has no such key",
        "the condition operator \"Odd\" is not known, so it counts as not met",
        "StringEquals wants i:sub to be \"a\" or \"b\", and it is \"c\"",
    ];
    let second = [
        "it does not name the caller as its Principal",
        "it is not about this action",
        "it is not about this resource",
    ];
    assert_eq!(
        said,
        [(1, first.map(str::to_owned).to_vec()), (2, second.map(str::to_owned).to_vec()), (3, Vec::new())]
    );
}
