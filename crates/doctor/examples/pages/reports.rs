//! Made-up reports: a chain that holds, one to look at, a broken one, and one whose every text is hostile.

use issuer_doctor::{Finding, Group, Made, Report, Reported};

const ISSUER: &str = "https://prod-oidc-0f3a.s3.eu-central-1.amazonaws.com/clusters/blue";
const MADE: Made<'static> = Made { when: "2026-11-26T01:40:00Z", version: "0.1.0" };

/// Every report, by name.
pub(crate) fn all() -> [(&'static str, Report, Made<'static>); 4] {
    let attack = Made { when: "\"><script>hacked = 1</script>", version: "<img src=x onerror=hacked=1>" };
    [
        ("healthy", healthy(), MADE),
        ("warned", warned(), MADE),
        ("broken", broken(), MADE),
        ("hostile", hostile(), attack),
    ]
}

/// Every link was looked at, and holds.
pub(crate) fn healthy() -> Report {
    use Group::{Bucket, Cluster, Documents, Keys, Provider, Role, Sts, Token, Webhook};
    let kid = "nUHaL2tiBIKSxBdW4JHiXL42CgBhnM3SsrzXmNOMM8Q";
    let checks = [
        (Keys, "keys/pair", "the private key and the published key are one pair", kid),
        (Keys, "keys/modes", "nobody but the owner reads the private key", "keys/sa.key is 0600"),
        (Keys, "keys/strength", "the key is strong enough", "rsa-2048"),
        (Documents, "documents/dns", "the issuer's host has an address", "52.219.170.10, 52.219.171.42"),
        (
            Documents,
            "documents/tls",
            "the certificate is good for a while",
            "until 2027-06-02T23:59:59Z, 188 days",
        ),
        (Documents, "documents/status", "the discovery document is answered with 200", "200"),
        (Documents, "documents/issuer", "the document names the issuer byte for byte", ISSUER),
        (Documents, "documents/jwks", "the JWKS is well formed", "2 keys"),
        (
            Documents,
            "documents/kid",
            "the JWKS has the key that signs",
            "nUHaL2tiBIKSxBdW4JHiXL42CgBhnM3SsrzXmNOMM8Q",
        ),
        (Bucket, "bucket/ours", "the bucket is there, and ours", "prod-oidc-0f3a in 111122223333"),
        (Bucket, "bucket/access-block", "no access block hides the documents", "BlockPublicPolicy is off"),
        (Bucket, "bucket/policy", "anybody may read the two documents and nothing else", "2 objects"),
        (Provider, "provider/there", "the account has the provider", PROVIDER),
        (Provider, "provider/url", "its Url is the issuer without the scheme", &ISSUER[8..]),
        (Provider, "provider/audience", "its client ids hold the audience", "sts.amazonaws.com"),
        (
            Role,
            "role/trust",
            "the trust policy lets the service account in",
            "system:serviceaccount:shop:cart",
        ),
        (
            Role,
            "role/lint",
            "the trust policy lets nobody else in",
            "aud and sub are both equal to one value",
        ),
        (
            Token,
            "token/signature",
            "STS would accept the token",
            "RS256 by nUHaL2tiBIKSxBdW4JHiXL42CgBhnM3SsrzXmNOMM8Q",
        ),
        (Token, "token/times", "the token is valid now", "until 2026-11-26T02:36:07Z, in 56 minutes"),
        (Cluster, "cluster/issuer", "the cluster names the same issuer", ISSUER),
        (Cluster, "cluster/keys", "every key that the cluster signs with is published", "1 of 1"),
        (
            Webhook,
            "webhook/certificate",
            "the webhook's certificate is good for a while",
            "until 2036-11-23T09:12:44Z",
        ),
        (
            Webhook,
            "webhook/pod",
            "a pod gets the token and the role",
            "a dry run has both variables and the volume",
        ),
        (
            Sts,
            "sts/accepts",
            "STS gives credentials for the token",
            "arn:aws:sts::111122223333:assumed-role/shop-cart/doctor",
        ),
    ];
    let passed = |(group, name, title, actual)| reported(group, name, title, Finding::pass(actual));
    Report { issuer: ISSUER.to_owned(), checks: checks.into_iter().map(passed).collect() }
}

/// It holds; two things want a look, and what needs a cluster was not asked for.
pub(crate) fn warned() -> Report {
    let mut report = healthy();
    for check in &mut report.checks {
        check.finding = match (check.group, check.name) {
            (_, "documents/tls") => Finding::warn(
                "at least 14 days left",
                "until 2026-12-02T23:59:59Z, 6 days",
                "renew the certificate of prod-oidc-0f3a.s3.eu-central-1.amazonaws.com, or its CDN's",
            ),
            (_, "provider/audience") => Finding::warn(
                "sts.amazonaws.com alone",
                "sts.amazonaws.com, https://kubernetes.default.svc",
                "tokens for the API server would be accepted by AWS too; take it out: `issuerctl register --issuer https://prod-oidc-0f3a.s3.eu-central-1.amazonaws.com/clusters/blue --audience sts.amazonaws.com`",
            ),
            (Group::Cluster, _) => Finding::skip("not asked for: give --cluster"),
            (Group::Webhook, _) => Finding::skip("not asked for: give --cluster"),
            (Group::Sts, _) => Finding::skip("not asked for: give --assume-role"),
            _ => continue,
        };
    }
    report
}

/// As after a rotation by hand: keys.json overwritten, a trailing slash, a trust policy without aud.
pub(crate) fn broken() -> Report {
    let mut report = healthy();
    for check in &mut report.checks {
        check.finding = match (check.group, check.name) {
            (_, "keys/modes") => Finding::warn("0600", "keys/sa.key is 0644", "chmod 0600 keys/sa.key"),
            (_, "documents/issuer") => Finding {
                step: Some("issuer"),
                ..Finding::fail(
                    ISSUER,
                    format!("{ISSUER}/"),
                    format!(
                        "publish the document again: issuerctl publish --bucket prod-oidc-0f3a --prefix clusters/blue --issuer {ISSUER}"
                    ),
                )
            },
            (_, "documents/kid") => Finding {
                step: Some("keys"),
                ..Finding::fail(
                    "nUHaL2tiBIKSxBdW4JHiXL42CgBhnM3SsrzXmNOMM8Q in the JWKS",
                    "7d3uUo3GnPLb5eCS0lQ1NRg0KiwBWV7Rg1kPzQ4DPzE, x1Vd7aGm0LyL1CJrYjPmSxHRGWdDjmVvH9fpyqT2cVA",
                    "issuerctl rotate start --issuer https://prod-oidc-0f3a.s3.eu-central-1.amazonaws.com/clusters/blue",
                )
            },
            (Group::Token, "token/signature") => Finding {
                step: Some("keys"),
                ..Finding::fail(
                    "accepted",
                    "InvalidIdentityToken (400): Couldn't retrieve verification key from your identity provider",
                    "the key of the token is not published: mend documents/kid first",
                )
            },
            (Group::Role, "role/lint") => Finding::fail(
                "a condition on prod-oidc-0f3a.s3.eu-central-1.amazonaws.com/clusters/blue:aud",
                "no condition on aud: any audience of the provider is let in",
                "issuerctl role trust --role-arn arn:aws:iam::111122223333:role/platform/shop/shop-cart --service-account shop/cart",
            ),
            (_, "documents/jwks") => Finding::warn(
                "our 1 key",
                "2 keys, 2 of them foreign",
                "look whose they are before anything is taken out",
            ),
            (Group::Webhook, "webhook/pod") => Finding::skip("waits for webhook/certificate"),
            (Group::Webhook, _) => Finding::warn(
                "30 days left",
                "until 2026-12-08T09:12:44Z, 12 days",
                "kubectl -n kube-system delete secret pod-identity-webhook-cert",
            ),
            (Group::Sts, _) => Finding::skip("waits for token/signature"),
            _ => continue,
        };
    }
    report
}

/// Texts that break out of where they stand, run, hide, turn around or never end; groups missing and out of order.
pub(crate) fn hostile() -> Report {
    let long = "A".repeat(100_000);
    let tags = "</code></dd></dl></details><script>hacked = 1</script><img src=x onerror=\"hacked = 1\">"
        .repeat(1_200);
    let turned =
        "\u{202e}moc.live\u{2066}\u{0}\u{1b}[2J\r\n\u{fffe}\u{200b}<!-- ]]> --> &amp; &#x3c; {{ 7*7 }}";
    let token = format!("ey{}.{}.{}", "Jh".repeat(60), "Zm9v".repeat(200), "-_x9".repeat(80));
    let arn = format!("arn:aws:iam::111122223333:role/{}", "very-long-path/".repeat(30));
    let checks = vec![
        reported(
            Group::Cluster,
            "cluster/<b>",
            "'><svg onload=hacked=1>",
            Finding::warn(turned, turned, turned),
        ),
        reported(
            Group::Keys,
            "x\" onclick=\"hacked=1",
            "<script>hacked = 1</script>",
            Finding::fail(long.clone(), tags, "`<b>` ".repeat(20_000)),
        ),
        reported(
            Group::Documents,
            "documents/tls",
            "שלום עולם / مرحبا",
            Finding::fail(
                "",
                "javascript:hacked=1",
                "`issuerctl <script>hacked=1</script>` and `kubectl \"' --x`",
            ),
        ),
        reported(Group::Bucket, "documents/tls", "the same name twice", Finding::skip(long)),
        reported(Group::Role, "role/long", "a long ARN wraps", Finding::pass(arn)),
        reported(
            Group::Keys,
            "keys/token",
            "a long token wraps",
            Finding { step: Some("<i>"), ..Finding::fail(token.clone(), token, "aws iam \u{2069}") },
        ),
    ];
    Report {
        issuer: format!("https://a\"'><script>hacked=1</script>.{}.example", "long-".repeat(400)),
        checks,
    }
}

const PROVIDER: &str =
    "arn:aws:iam::111122223333:oidc-provider/prod-oidc-0f3a.s3.eu-central-1.amazonaws.com/clusters/blue";

fn reported(group: Group, name: &'static str, title: &'static str, finding: Finding) -> Reported {
    Reported { name, group, title, finding }
}
