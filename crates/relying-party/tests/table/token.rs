//! Rows 1 to 6: what the request and the token alone are refused for.

use super::*;

#[test]
fn row_1_a_parameter_is_out_of_bounds() {
    let validation = |name: &str, value: &str, constraint: &str| {
        format!(
            "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"
        )
    };
    let long = validation("webIdentityToken", "***", "Member must have length less than or equal to 20000");
    let words = "has 20001 characters";
    check(
        &refused(&Scene::new(), &"a".repeat(20_001)),
        "parameters",
        "ValidationError",
        &long,
        words,
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    );
    for (name, constraint) in [
        ("a", "Member must have length greater than or equal to 2"),
        ("a b", "Member must satisfy regular expression pattern: [\\w+=,.@-]*"),
        ("é-é", "Member must satisfy regular expression pattern: [\\w+=,.@-]*"),
    ] {
        let mut scene = Scene::new();
        scene.session_name = name.to_owned();
        let message = validation("roleSessionName", name, constraint);
        check(
            &refused(&scene, &token()),
            "parameters",
            "ValidationError",
            &message,
            "session name",
            "RoleSessionName",
        );
    }
    for (name, step) in [
        ("ab", "accepted"),
        ("a_+=,.@-Z9", "accepted"),
        (&"a".repeat(64), "accepted"),
        (&"a".repeat(65), "parameters"),
    ] {
        let mut scene = Scene::new();
        scene.session_name = name.to_owned();
        assert_eq!(scene.step(&token()), step, "{name}");
    }
    for (seconds, step) in
        [(899, "parameters"), (900, "accepted"), (43_200, "duration"), (43_201, "parameters")]
    {
        let mut scene = Scene::new();
        scene.duration_seconds = Some(seconds);
        assert_eq!(scene.step(&token()), step, "{seconds}");
    }
}

#[test]
fn row_2_the_session_is_longer_than_the_role_allows() {
    let mut scene = Scene::new();
    scene.duration_seconds = Some(3601);
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    check(
        &refused(&scene, &token()),
        "duration",
        "ValidationError",
        message,
        "allows 3600",
        "--max-session-duration 3601",
    );
    scene.role.as_mut().unwrap().max_session_duration = Duration::from_secs(7200);
    scene.duration_seconds = Some(7200);
    assert_eq!(scene.step(&token()), "accepted");
}

#[test]
fn row_3_it_is_no_jwt() {
    let scene = Scene::new();
    check(
        &refused(&scene, "an-access-token"),
        "token",
        "InvalidIdentityToken",
        NOT_A_JWT,
        "has 1 parts",
        "issuerctl token",
    );
    let newline = format!("{}\n", token());
    check(&refused(&scene, &newline), "token", "InvalidIdentityToken", NOT_A_JWT, "line break", "tr -d");
    let hs256 = Key::rsa().token(&json!({"alg": "HS256", "kid": "k1"}), &support::claims());
    check(
        &refused(&scene, &hs256),
        "token",
        "InvalidIdentityToken",
        NOT_A_JWT,
        "\"HS256\"; STS takes RS256",
        "issuerctl",
    );
}

#[test]
fn row_4_the_issuer_is_no_url() {
    let token = good_with("iss", json!("kubernetes/serviceaccount"));
    let message = "Issuer must be a valid URL";
    check(
        &refused(&Scene::new(), &token),
        "issuer",
        "InvalidIdentityToken",
        message,
        "kubernetes/serviceaccount",
        "Secret",
    );
}

#[test]
fn row_5_a_claim_is_missing() {
    for claim in ["iss", "sub", "aud", "iat", "exp"] {
        let message = format!("Missing a required claim: {claim}");
        let refused = refused(&Scene::new(), &good_with(claim, Value::Null));
        check(&refused, "claims", "InvalidIdentityToken", &message, claim, "kubectl create token");
    }
    let text = refused(&Scene::new(), &good_with("exp", json!("1800000000")));
    check(
        &text,
        "claims",
        "InvalidIdentityToken",
        NOT_A_JWT,
        "has to be a number of seconds, and is the text \"1800000000\"",
        "kube",
    );
}

#[test]
fn row_6_there_are_several_audiences() {
    let token = good_with("aud", json!(["sts.amazonaws.com", "b"]));
    let message = "Token audience contains more than one audience while authorized party is not present";
    check(
        &refused(&Scene::new(), &token),
        "authorized-party",
        "InvalidIdentityToken",
        message,
        "\"sts.amazonaws.com\", \"b\"",
        "one audience",
    );
}
