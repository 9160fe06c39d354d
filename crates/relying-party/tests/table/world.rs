//! Rows 7 to 13: what the account, the documents, the time and the role refuse.

use super::*;

#[test]
fn row_7_there_is_no_provider() {
    let mut scene = Scene::new();
    let message = format!("No OpenIDConnect provider found in your account for {ISSUER}");
    scene.providers[0].url = "issuer.example.test/cluster-2".to_owned();
    let register = format!("issuerctl register --issuer {ISSUER} --audience sts.amazonaws.com");
    check(
        &refused(&scene, &token()),
        "provider",
        "InvalidIdentityToken",
        &message,
        "has no OpenID Connect provider",
        &register,
    );
    for near in
        ["issuer.example.test/cluster-1/", "Issuer.example.test/cluster-1", "issuer.example.test/Cluster-1"]
    {
        scene.providers[0].url = near.to_owned();
        let words = format!("has a provider for https://{near}, and the token's issuer is {ISSUER:?}");
        check(&refused(&scene, &token()), "provider", "InvalidIdentityToken", &message, &words, &register);
    }
    // The cluster's own slash cannot be registered: the cluster has to change.
    let slash = refused(&Scene::new(), &good_with("iss", json!(format!("{ISSUER}/"))));
    check(
        &slash,
        "provider",
        "InvalidIdentityToken",
        &format!("{message}/"),
        "byte for byte",
        "--service-account-issuer",
    );
    assert!(slash.hint.contains("ends with a slash"), "{}", slash.hint);
}

#[test]
fn row_8_the_audience_is_none_of_the_providers() {
    let mut scene = Scene::new();
    scene.providers[0].client_ids = vec!["other".to_owned()];
    let message = "Incorrect token audience";
    check(
        &refused(&scene, &token()),
        "audience",
        "InvalidIdentityToken",
        message,
        "\"sts.amazonaws.com\"; the provider knows \"other\"",
        "kubectl create token NAME --audience other",
    );
    let kubernetes = good_with("aud", json!([ISSUER]));
    check(
        &refused(&scene, &kubernetes),
        "audience",
        "InvalidIdentityToken",
        message,
        ISSUER,
        "--audience other",
    );
    scene.providers[0].client_ids.clear();
    let hint = format!("register --issuer {ISSUER} --audience sts.amazonaws.com");
    check(
        &refused(&scene, &token()),
        "audience",
        "InvalidIdentityToken",
        message,
        "the provider has no client id",
        &hint,
    );
}

#[test]
fn row_9_the_documents_give_no_key() {
    let url = || format!("{ISSUER}/.well-known/openid-configuration");
    let redirect = || {
        let fetched = answer(301, "").unwrap();
        Ok(Fetched { location: Some("https://elsewhere.example/".to_owned()), ..fetched })
    };
    let discovery = |text: &str| answer(200, text);
    let uri = format!("{ISSUER}/openid/v1/jwks");
    let other_issuer = json!({"issuer": format!("{ISSUER}/"), "jwks_uri": uri}).to_string();
    let plain = json!({"issuer": ISSUER, "jwks_uri": uri.replace("https", "http")}).to_string();
    let twice = format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{uri}","x":1,"x":2}}"#);
    let tls = || io::Error::new(io::ErrorKind::UnexpectedEof, "it broke off");
    for (words, hint, answer) in [
        ("HTTP 403", "make the documents public", answer(403, "")),
        ("HTTP 404", "issuerctl publish", answer(404, "")),
        ("HTTP 500", "mend the host", answer(500, "")),
        ("HTTP 204", "issuerctl publish", answer(204, "")),
        ("redirects (HTTP 301) to \"https://elsewhere.example/\"", "issuerctl publish", redirect()),
        (
            "did not answer within 5 s",
            "slow",
            Err(FetchError::Timeout { url: url(), limit: Duration::from_secs(5) }),
        ),
        ("more than", "there away first", Err(FetchError::TooLarge { url: url() })),
        ("it broke off", "certificate", Err(FetchError::Broken { url: url(), source: tls().into() })),
        ("cannot be read", "there away first", discovery("<html>")),
        ("it is not an object", "there away first", discovery("[]")),
        ("has no `jwks_uri`", "there away first", discovery(&json!({"issuer": ISSUER}).to_string())),
        ("appears twice", "there away first", discovery(&twice)),
        ("They have to be equal byte for byte", "there away first", discovery(&other_issuer)),
        ("STS needs https://", "there away first", discovery(&plain)),
    ] {
        let mut scene = Scene::new();
        scene.documents.discovery = answer;
        check(&refused(&scene, &token()), "keys", "InvalidIdentityToken", NO_KEY, words, hint);
    }
    let rsa = Key::rsa().jwk("k1");
    let many = |count: usize, kind: &str| {
        let keys: Vec<Value> =
            (0..count).map(|number| json!({"kty": kind, "kid": number.to_string()})).collect();
        json!({"keys": keys}).to_string()
    };
    for (words, hint, answer) in [
        ("HTTP 403", "make the documents public", answer(403, "")),
        (
            "did not answer",
            "slow",
            Err(FetchError::Timeout { url: uri.clone(), limit: Duration::from_secs(5) }),
        ),
        ("not JSON", "there away first", answer(200, "<html>")),
        ("no list `keys`", "there away first", answer(200, "{}")),
        ("no list `keys`", "there away first", answer(200, r#"{"keys":{}}"#)),
        ("Entry 2", "there away first", answer(200, json!({"keys": [rsa, 1]}).to_string())),
        ("no RSA key and no EC key", "issuerctl publish", answer(200, r#"{"keys":[]}"#)),
        (
            "Key 2 of the JWKS has no `kid`",
            "this entry out of the JWKS first",
            answer(200, json!({"keys": [rsa, {"kty": "RSA"}]}).to_string()),
        ),
        ("appears twice", "there away first", answer(200, r#"{"keys":[],"keys":[]}"#)),
        ("101 RSA keys", "run out", answer(200, many(101, "RSA"))),
        (
            "its modulus has 24 bits; 2048 to 8192 are taken",
            "this entry out of the JWKS first",
            answer(200, json!({"keys": [{"kty": "RSA", "kid": "k1", "n": "____", "e": "AQAB"}]}).to_string()),
        ),
        ("101 EC keys", "run out", answer(200, many(101, "EC"))),
        (
            "signed by the key \"k1\"; the JWKS has \"0\", \"1\"",
            "issuerctl jwks",
            answer(200, many(2, "RSA")),
        ),
    ] {
        let mut scene = Scene::new();
        scene.documents.jwks = Some(answer);
        check(&refused(&scene, &token()), "keys", "InvalidIdentityToken", NO_KEY, words, hint);
    }
    // As many as are read.
    let mut keys: Vec<Value> =
        (0..99).map(|number| json!({"kty": "RSA", "kid": number.to_string()})).collect();
    keys.extend((0..100).map(|number| json!({"kty": "EC", "kid": format!("e{number}")})));
    keys.push(rsa);
    assert_eq!(Scene::with_keys(&keys).step(&token()), "accepted");
}

#[test]
fn row_9_is_also_the_answer_to_a_wrong_signature() {
    let scene = Scene::with_keys(&[Key::new_rsa().jwk("k1")]);
    check(
        &refused(&scene, &token()),
        "signature",
        "InvalidIdentityToken",
        NO_KEY,
        "not that of the key \"k1\"",
        "token again",
    );
}

#[test]
fn row_10_the_thumbprint_is_stale() {
    let thumbprint = "0123456789abcdef0123456789abcdef01234567";
    let message = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint";
    let mut scene = Scene::new();
    scene.documents.authority = Authority::Private { thumbprint: thumbprint.parse().unwrap() };
    let hint = format!("issuerctl register --issuer {ISSUER} --thumbprint {thumbprint}");
    check(
        &refused(&scene, &token()),
        "thumbprint",
        "InvalidIdentityToken",
        message,
        "has no thumbprint",
        &hint,
    );
    scene.providers[0].thumbprints = vec!["a".repeat(40), "x".repeat(40)];
    check(&refused(&scene, &token()), "thumbprint", "InvalidIdentityToken", message, &"a".repeat(40), &hint);
    scene.providers[0].thumbprints.push(thumbprint.to_uppercase());
    assert_eq!(scene.step(&token()), "accepted");
    // A public authority makes them void, whatever they are.
    scene.providers[0].thumbprints = vec!["x".repeat(40)];
    scene.documents.authority = Authority::Public;
    assert_eq!(scene.step(&token()), "accepted");
}

#[test]
fn row_11_the_token_has_run_out() {
    let mut scene = Scene::new();
    scene.now = at(NOW + 3900);
    let message = format!(
        "Token expired: current date/time {} must be before the expiration date/time{}",
        NOW + 3900,
        NOW + 3600
    );
    check(
        &refused(&scene, &token()),
        "expiry",
        "ExpiredTokenException",
        &message,
        "2027-01-15T09:00:00Z",
        "fresh token",
    );
    scene.now = at(NOW - 301);
    let message = format!("The ID Token's iat {NOW} is later than the current date/time {}", NOW - 301);
    check(&refused(&scene, &token()), "expiry", "InvalidIdentityToken", &message, "in the future", "clock");
}

#[test]
fn row_12_the_role_does_not_trust_it() {
    let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
    let mut scene = Scene::new();
    let sub = good_with("sub", json!("system:serviceaccount:default:other"));
    let words = "Statement 1 (Pod) of the trust policy of arn:aws:iam::123456789012:role/demo does not allow it: StringEquals \
                 wants issuer.example.test/cluster-1:sub to be \"system:serviceaccount:default:demo\", and it is \
                 \"system:serviceaccount:default:other\".";
    check(
        &refused(&scene, &sub),
        "trust",
        "AccessDenied",
        message,
        words,
        "`issuerctl role apply --issuer https://issuer.example.test/cluster-1 --name demo --service-account \
         default/other`, with all else that the role is to have (and with --adopt where something else made it), or \
         `aws iam update-assume-role-policy --role-name demo",
    );
    // What is no service account is let in by hand.
    let stranger = refused(&scene, &good_with("sub", json!("system:node:cp-1")));
    assert!(!stranger.hint.contains("role apply"), "{}", stranger.hint);
    assert!(
        stranger.hint.contains("aws iam update-assume-role-policy --role-name demo"),
        "{}",
        stranger.hint
    );
    scene.role = None;
    check(
        &refused(&scene, &token()),
        "trust",
        "AccessDenied",
        message,
        "no role of this name",
        "AWS_ROLE_ARN",
    );
    scene.role = Some(role(&json!({"BinaryEquals": {"a:b": "eA=="}})));
    check(
        &refused(&scene, &token()),
        "trust",
        "AccessDenied",
        message,
        "operator \"BinaryEquals\" is not known",
        "look yourself",
    );
}

#[test]
fn row_13_nobody_was_there() {
    let url = || format!("{ISSUER}/x");
    let message = "The request could not be fulfilled because the identity provider (IDP) that was asked to verify the \
                   incoming identity token could not be reached. This is often a transient error caused by network \
                   conditions. Retry the request a limited number of times so that you don't exceed the request rate. \
                   If the error persists, the identity provider might be down or not responding.";
    let broken = || {
        Err(FetchError::Broken {
            url: url(),
            source: io::Error::from(io::ErrorKind::ConnectionRefused).into(),
        })
    };
    let mut scene = Scene::new();
    scene.documents.jwks = Some(broken());
    check(
        &refused(&scene, &token()),
        "reachable",
        "IDPCommunicationError",
        message,
        "connection refused",
        "443",
    );
    let mut scene = Scene::new();
    scene.documents.discovery = broken();
    scene.documents.jwks = None;
    check(
        &refused(&scene, &token()),
        "reachable",
        "IDPCommunicationError",
        message,
        "connection refused",
        "443",
    );
}
