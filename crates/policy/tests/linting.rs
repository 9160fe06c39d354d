//! What the linter says of whole trust policies.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use issuer_policy::{Document, Finding, Lint, ProviderMismatch, Severity, TrustTarget};

const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/c1";
const WEB: &str = r#""sts:AssumeRoleWithWebIdentity""#;
const GOOD: &str = r#"{"StringEquals":{"oidc.example.com/c1:aud":"sts.amazonaws.com",
    "oidc.example.com/c1:sub":"system:serviceaccount:a:b"}}"#;

fn lint(statements: &str) -> Vec<Lint> {
    let document = Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#));
    document.unwrap().lint_trust(&TrustTarget {
        provider_arn: PROVIDER,
        issuer: "oidc.example.com/c1",
        audience: "sts.amazonaws.com",
    })
}

fn statement(principal: &str, action: &str, condition: &str) -> String {
    format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":{action},"Condition":{condition}}}"#)
}

fn federated(arn: &str) -> String {
    format!(r#"{{"Federated":"{arn}"}}"#)
}

/// The findings, as `error` or `warning`, the statement, and the name of the finding.
fn words(lints: &[Lint]) -> Vec<String> {
    let word = |lint: &Lint| {
        assert!(!lint.to_string().is_empty() && !lint.hint().is_empty());
        let severity = if lint.severity == Severity::Error { "error" } else { "warning" };
        let finding = format!("{:?}", lint.finding);
        let name = finding.split([' ', '{']).next().unwrap();
        match lint.statement {
            Some(statement) => format!("{severity} {statement} {name}"),
            None => format!("{severity} {name}"),
        }
    };
    lints.iter().map(word).collect()
}

#[test]
fn a_good_policy_has_no_finding() {
    for condition in [
        GOOD,
        r#"{"StringEquals":{"OIDC.example.com/c1:AUD":["x","sts.amazonaws.com"]},
            "StringLike":{"oidc.example.com/c1:sub":["system:serviceaccount:a:b","system:serviceaccount:c:d"]}}"#,
        r#"{"ForAnyValue:StringEquals":{"oidc.example.com/c1:aud":"sts.amazonaws.com"},
            "StringEqualsIgnoreCase":{"oidc.example.com/c1:sub":"system:serviceaccount:a:b"},
            "StringNotEquals":{"oidc.example.com/c1:sub":"system:serviceaccount:a:c"},
            "Null":{"oidc.example.com/c1:sub":"false"},
            "StringLike":{"sts:RoleSessionName":"*","oidc.example.com/c1:amr":"*"}}"#,
    ] {
        assert_eq!(words(&lint(&statement(&federated(PROVIDER), WEB, condition))), [""; 0], "{condition}");
    }
    let list = format!(r#"["sts:TagSession",{WEB}]"#);
    assert_eq!(words(&lint(&statement(&federated(PROVIDER), &list, GOOD))), [""; 0]);
}

#[test]
fn conditions() {
    let aud = r#""oidc.example.com/c1:aud":"sts.amazonaws.com""#;
    let sub = r#""oidc.example.com/c1:sub":"system:serviceaccount:a:b""#;
    for (expected, condition) in [
        (&["error 1 NoSubject"][..], format!(r#"{{"StringEquals":{{{aud}}}}}"#)),
        (&["error 1 NoAudience"], format!(r#"{{"StringEquals":{{{sub}}}}}"#)),
        (&["error 1 NoSubject", "error 1 NoAudience"], "{}".to_owned()),
        (
            &["error 1 LiteralWildcard"],
            format!(r#"{{"StringEquals":{{{aud},"oidc.example.com/c1:sub":"system:serviceaccount:a:*"}}}}"#),
        ),
        (
            &["error 1 LiteralWildcard", "error 1 LiteralWildcard"],
            format!(
                r#"{{"StringEquals":{{{aud},"oidc.example.com/c1:sub":["system:serviceaccount:a:b?","system:serviceaccount:a:b","*"]}}}}"#
            ),
        ),
        (
            &["error 1 AnyNamespace"],
            format!(
                r#"{{"StringEquals":{{{aud}}},"StringLike":{{"oidc.example.com/c1:sub":"system:serviceaccount:*"}}}}"#
            ),
        ),
        (
            &["warning 1 AnyName"],
            format!(
                r#"{{"StringEquals":{{{aud}}},"StringLike":{{"oidc.example.com/c1:sub":"system:serviceaccount:a:*"}}}}"#
            ),
        ),
        (
            &["warning 1 SomeNamespaces"],
            format!(
                r#"{{"StringEquals":{{{aud}}},"StringLike":{{"oidc.example.com/c1:sub":"system:serviceaccount:a-*:b"}}}}"#
            ),
        ),
        (
            &["warning 1 NotAServiceAccount"],
            format!(r#"{{"StringEquals":{{{aud},"oidc.example.com/c1:sub":"a:b"}}}}"#),
        ),
        (
            &["error 1 ForAllValues"],
            format!(r#"{{"ForAllValues:StringEquals":{{{sub}}},"StringEquals":{{{aud}}}}}"#),
        ),
        (&["error 1 IfExists"], format!(r#"{{"StringEqualsIfExists":{{{aud}}},"StringEquals":{{{sub}}}}}"#)),
        (&["error 1 OnlyNegated"], format!(r#"{{"StringNotEquals":{{{sub}}},"StringEquals":{{{aud}}}}}"#)),
        (
            &["error 1 NoSubject"],
            format!(r#"{{"Null":{{"oidc.example.com/c1:sub":"false"}},"StringEquals":{{{aud}}}}}"#),
        ),
        (
            &["error 1 KeyWithScheme"],
            format!(
                r#"{{"StringEquals":{{{aud},"https://oidc.example.com/c1:sub":"system:serviceaccount:a:b"}}}}"#
            ),
        ),
        (
            &["error 1 KeyWithSlash"],
            format!(r#"{{"StringEquals":{{{sub},"oidc.example.com/c1/:aud":"sts.amazonaws.com"}}}}"#),
        ),
        (
            &["error 1 KeyOfAnotherIssuer"],
            format!(r#"{{"StringEquals":{{{aud},"oidc.example.com/c2:sub":"system:serviceaccount:a:b"}}}}"#),
        ),
        (
            &["error 1 UnknownClaim"],
            format!(r#"{{"StringEquals":{{{aud},{sub},"oidc.example.com/c1:kubernetes.io":"a"}}}}"#),
        ),
        (
            &["warning 1 KeyNotJudged"],
            format!(r#"{{"StringEquals":{{{aud},{sub},"aws:SourceVpc":"vpc-1"}}}}"#),
        ),
        (&["error 1 UnknownOperator"], format!(r#"{{"StringEquals":{{{aud}}},"stringequals":{{{sub}}}}}"#)),
        (
            &["warning 1 OperatorNotJudged", "warning 1 KeyNotJudged"],
            format!(r#"{{"StringEquals":{{{aud},{sub}}},"BinaryEquals":{{"aws:PrincipalTag/k":"eA=="}}}}"#),
        ),
        (
            &["error 1 OtherAudience"],
            format!(r#"{{"StringEquals":{{{sub},"oidc.example.com/c1:aud":"kubernetes"}}}}"#),
        ),
        (
            &["error 1 AnyAudience"],
            format!(r#"{{"StringEquals":{{{sub}}},"StringLike":{{"oidc.example.com/c1:aud":"*"}}}}"#),
        ),
    ] {
        assert_eq!(words(&lint(&statement(&federated(PROVIDER), WEB, &condition))), expected, "{condition}");
    }
}

#[test]
fn principals_and_actions() {
    for (expected, principal, action) in [
        (&["error 1 AnyPrincipal"][..], r#""*""#.to_owned(), WEB),
        (&["error 1 AnyPrincipal"], r#"{"AWS":"*"}"#.to_owned(), r#""sts:*""#),
        (&["error 1 AwsPrincipal"], r#"{"AWS":"arn:aws:iam::123456789012:root"}"#.to_owned(), WEB),
        (
            &["error NotTrusted"],
            r#"{"AWS":"arn:aws:iam::123456789012:root"}"#.to_owned(),
            r#""sts:AssumeRole""#,
        ),
        (&["error NotTrusted"], r#"{"Service":"ec2.amazonaws.com"}"#.to_owned(), r#""sts:AssumeRole""#),
        (&["error 1 Action"], federated(PROVIDER), r#""sts:AssumeRole""#),
        (&["error 1 Action"], federated(PROVIDER), r#""sts:TagSession""#),
        (&["warning 1 WideAction"], federated(PROVIDER), r#""sts:Assume*""#),
        (&["error NotTrusted"], federated("accounts.google.com"), WEB),
        (
            &["error 1 NotATrustPolicy", "error 1 Action"],
            federated(PROVIDER),
            r#""AssumeRoleWithWebIdentity""#,
        ),
    ] {
        assert_eq!(words(&lint(&statement(&principal, action, GOOD))), expected, "{principal} {action}");
    }
    let not = format!(r#"{{"Effect":"Allow","NotPrincipal":{{"AWS":"1"}},"Action":{WEB}}}"#);
    assert_eq!(words(&lint(&not)), ["error 1 NotPrincipal"]);
    // Nobody's token, but everyone of AWS beside.
    let beside = not.replace(WEB, r#""sts:AssumeRole""#);
    let good = statement(&federated(PROVIDER), WEB, GOOD);
    assert_eq!(words(&lint(&format!("{good},{beside}"))), ["error 2 NotPrincipal"]);
    let not_action =
        good.replace(r#""Action":"sts:AssumeRoleWithWebIdentity""#, r#""NotAction":"sts:TagSession""#);
    assert_eq!(words(&lint(&not_action)), ["warning 1 NotAction"]);
}

#[test]
fn what_is_known_of_every_call_is_left_to_the_call() {
    let condition = GOOD.replacen(
        '{',
        r#"{"Bool":{"aws:SecureTransport":"true"},"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"},
            "NumericGreaterThan":{"aws:EpochTime":1},"StringLike":{"aws:RequestedRegion":"eu-*"},"#,
        1,
    );
    assert_eq!(words(&lint(&statement(&federated(PROVIDER), WEB, &condition))), [""; 0]);
}

#[test]
fn audience_patterns_take_more_than_the_audience() {
    for (expected, pattern) in [
        (&["error 1 AnyAudience"][..], "*.*"),
        (&["error 1 AnyAudience"], "*s*"),
        (&["warning 1 SomeAudiences"], "s*"),
        (&["error 1 AnyAudience", "error 1 OtherAudience"], "https://*"),
    ] {
        let condition = format!(
            r#"{{"StringEquals":{{"oidc.example.com/c1:sub":"system:serviceaccount:a:b"}},
                "StringLike":{{"oidc.example.com/c1:aud":"{pattern}"}}}}"#
        );
        assert_eq!(words(&lint(&statement(&federated(PROVIDER), WEB, &condition))), expected, "{pattern}");
    }
}

#[test]
fn the_tests_of_a_statement_are_judged_together() {
    let and = |more: &str| {
        let condition = GOOD.replacen('{', &format!("{{{more},"), 1);
        words(&lint(&statement(&federated(PROVIDER), WEB, &condition)))
    };
    for more in [
        r#""StringLike":{"oidc.example.com/c1:sub":"system:serviceaccount:*","oidc.example.com/c1:aud":"*"}"#,
        r#""StringLikeIfExists":{"oidc.example.com/c1:sub":"*"}"#,
        r#""ForAllValues:StringEquals":{"oidc.example.com/c1:sub":"system:serviceaccount:a:b"}"#,
    ] {
        assert_eq!(and(more), [""; 0], "{more}");
    }
    // Of two patterns the narrower one counts, and an audience has to fit every test.
    let patterns = r#"{"StringLike":{"oidc.example.com/c1:sub":"system:serviceaccount:*"},
        "ForAnyValue:StringLike":{"oidc.example.com/c1:sub":"system:serviceaccount:a:*"},
        "StringEquals":{"oidc.example.com/c1:aud":"sts.amazonaws.com"}}"#;
    assert_eq!(words(&lint(&statement(&federated(PROVIDER), WEB, patterns))), ["warning 1 AnyName"]);
    let other = r#""StringLike":{"oidc.example.com/c1:aud":"kubernetes"}"#;
    assert_eq!(and(other), ["error 1 OtherAudience"]);
}

#[test]
fn a_statement_that_lets_nobody_in_is_an_error_only_where_no_other_lets_in() {
    let dead = GOOD.replace("system:serviceaccount:a:b", "system:serviceaccount:a:*");
    let [good, dead] = [GOOD, &dead].map(|text| statement(&federated(PROVIDER), WEB, text));
    assert_eq!(words(&lint(&dead)), ["error 1 LiteralWildcard"]);
    assert_eq!(
        words(&lint(&format!("{dead},{dead}"))),
        ["error 1 LiteralWildcard", "error 2 LiteralWildcard"]
    );
    assert_eq!(words(&lint(&format!("{good},{dead}"))), ["warning 2 LiteralWildcard"]);
    // One for another audience is not alive, nor one that asks for what never exists.
    let misspelt = good.replace("oidc.example.com/c1:sub", "https://oidc.example.com/c1:sub");
    assert_eq!(
        words(&lint(&format!("{misspelt},{dead}"))),
        ["error 1 KeyWithScheme", "error 2 LiteralWildcard"]
    );
    let other = good.replace("sts.amazonaws.com", "kubernetes");
    assert_eq!(
        words(&lint(&format!("{other},{dead}"))),
        ["error 1 OtherAudience", "error 2 LiteralWildcard"]
    );
}

#[test]
fn one_sentence_is_said_once() {
    let condition = r#"{"StringEqual":{"oidc.example.com/c1:aud":"sts.amazonaws.com",
        "oidc.example.com/c1:sub":"system:serviceaccount:a:b"}}"#;
    assert_eq!(words(&lint(&statement(&federated(PROVIDER), WEB, condition))), ["error 1 UnknownOperator"]);
}

#[test]
fn nearly_the_right_provider_is_named_with_its_difference() {
    for (mismatch, arn) in [
        (ProviderMismatch::Account, PROVIDER.replace("123456789012", "210987654321")),
        (ProviderMismatch::Partition, PROVIDER.replace("arn:aws:", "arn:aws-cn:")),
        (ProviderMismatch::TrailingSlash, format!("{PROVIDER}/")),
        (ProviderMismatch::Case, PROVIDER.replace("c1", "C1")),
        (ProviderMismatch::Scheme, PROVIDER.replace("oidc.", "https://oidc.")),
        (ProviderMismatch::NotAnArn, "oidc.example.com/c1".to_owned()),
    ] {
        let finding = Finding::Provider { found: arn.clone(), expected: PROVIDER.to_owned(), mismatch };
        let lints = lint(&statement(&federated(&arn), WEB, GOOD));
        let expected = Lint { severity: Severity::Error, statement: Some(1), finding };
        assert_eq!(lints, std::slice::from_ref(&expected), "{arn}");
        // Beside one that fits it is dead weight.
        let both = format!(
            "{},{}",
            statement(&federated(PROVIDER), WEB, GOOD),
            statement(&federated(&arn), WEB, GOOD)
        );
        assert_eq!(lint(&both), [Lint { severity: Severity::Warning, statement: Some(2), ..expected }]);
    }
}

#[test]
fn statements_of_other_clusters_are_no_errors() {
    let other = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/c2";
    let theirs = |condition: &str| statement(&federated(other), WEB, &condition.replace("/c1:", "/c2:"));
    let ours = statement(&federated(PROVIDER), WEB, GOOD);
    assert_eq!(words(&lint(&format!("{},{ours}", theirs(GOOD)))), [""; 0]);
    assert_eq!(words(&lint(&theirs(GOOD))), ["error NotTrusted"]);
    let open = r#"{"StringLike":{"oidc.example.com/c1:sub":"system:serviceaccount:*"}}"#;
    assert_eq!(
        words(&lint(&format!("{},{ours}", theirs(open)))),
        ["warning 1 AnyNamespace", "warning 1 NoAudience"]
    );
    // One statement that lists both providers holds the keys of one issuer: the other's tokens do not have them.
    let list = format!(r#"{{"Federated":["{other}","{PROVIDER}"]}}"#);
    assert_eq!(words(&lint(&statement(&list, WEB, GOOD))), [""; 0]);
    // People may assume the role beside, and sessions be tagged.
    let beside = [
        statement(r#"{"AWS":"123456789012"}"#, r#""sts:AssumeRole""#, "{}"),
        statement(&federated(PROVIDER), r#""sts:TagSession""#, "{}"),
        statement(&federated("cognito-identity.amazonaws.com"), WEB, "{}"),
        ours,
    ];
    assert_eq!(words(&lint(&beside.join(","))), [""; 0]);
}

#[test]
fn two_statements_for_two_audiences_are_no_errors() {
    let kubernetes = GOOD.replace("sts.amazonaws.com", "kubernetes");
    let [ours, theirs] = [GOOD, &kubernetes].map(|text| statement(&federated(PROVIDER), WEB, text));
    assert_eq!(words(&lint(&format!("{ours},{theirs}"))), [""; 0]);
    assert_eq!(
        words(&lint(&format!("{theirs},{theirs}"))),
        ["error 1 OtherAudience", "error 2 OtherAudience"]
    );
}

#[test]
fn each_statement_is_judged_since_one_open_door_is_enough() {
    let [good, open] = [GOOD, "{}"].map(|text| statement(&federated(PROVIDER), WEB, text));
    assert_eq!(words(&lint(&format!("{good},{open}"))), ["error 2 NoSubject", "error 2 NoAudience"]);
}

#[test]
fn denies_are_read_for_operators_alone() {
    let deny = |operator: &str| {
        format!(
            r#"{},{{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{{"{operator}":{{"aws:SourceIp":"1"}}}}}}"#,
            statement(&federated(PROVIDER), WEB, GOOD)
        )
    };
    assert_eq!(words(&lint(&deny("NotIpAddress"))), [""; 0]);
    assert_eq!(words(&lint(&deny("NotIPAddress"))), ["error 2 UnknownOperator"]);
}

#[test]
fn sizes_are_held_against_the_quota() {
    let policy = |count: usize| {
        let subjects =
            (0..count).map(|number| format!(r#""system:serviceaccount:a:b{number:04}""#)).collect::<Vec<_>>();
        let condition = GOOD.replace(r#""system:serviceaccount:a:b""#, &format!("[{}]", subjects.join(",")));
        words(&lint(&statement(&federated(PROVIDER), WEB, &condition)))
    };
    assert_eq!(policy(40), [""; 0]);
    assert_eq!(policy(50), ["warning NearlyTooLarge"]);
    assert_eq!(policy(70), ["error TooLarge"]);
}
