//! No text makes it panic, and none that our key did not sign is accepted.

mod support;

use proptest::prelude::*;
use support::{Scene, encode};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}",
        // JSON-shaped parts, mostly broken.
        (json(), json(), any::<Vec<u8>>()).prop_map(|(header, claims, signature)| format!(
            "{}.{}.{}",
            encode(header),
            encode(claims),
            encode(signature)
        )),
    ]
}

fn json() -> impl Strategy<Value = String> {
    let names =
        prop::sample::select(vec!["alg", "kid", "iss", "sub", "aud", "iat", "exp", "nbf", "azp", "crit"]);
    let values = prop_oneof![
        Just(r#""RS256""#.to_owned()),
        Just(r#""k1""#.to_owned()),
        Just(r#""https://issuer.example.test/cluster-1""#.to_owned()),
        Just(r#"["sts.amazonaws.com"]"#.to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        "[\\[\\]{}\",:0-9a-z]{0,12}",
    ];
    prop::collection::vec((names, values), 0..8).prop_map(|members| {
        let members: Vec<String> =
            members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #[test]
    fn any_text_is_refused_without_panic(token in text()) {
        let step = Scene::with_keys(&[]).step(&token);
        prop_assert!(!matches!(step, "accepted" | "incomplete"), "{}", step);
    }

    #[test]
    fn any_documents_are_refused_without_panic(discovery in any::<Vec<u8>>(), jwks in any::<Vec<u8>>(), keys in json()) {
        let token = support::token();
        let mut scene = Scene::new();
        scene.documents.jwks = Some(support::answer(200, jwks));
        prop_assert_eq!(scene.step(&token), "keys");
        scene.documents.jwks = Some(support::answer(200, format!("{{\"keys\":[{keys}]}}")));
        prop_assert_eq!(scene.step(&token), "keys");
        let mut scene = Scene::new();
        scene.documents.discovery = support::answer(200, discovery);
        prop_assert_eq!(scene.step(&token), "keys");
    }
}
