//! When what is renewed, and what a bundle holds meanwhile.

use std::thread;

use issuer_keygen::{WEBHOOK_RENEWAL_WINDOW, WebhookPlan, WebhookRenewal};

use super::*;

#[test]
fn what_is_far_from_its_end_is_kept_and_nothing_is_written() {
    let bench = Bench::new();
    let directory = directory(&bench);
    assert_eq!(directory.plan(&names(), NOW).unwrap(), WebhookPlan::Make);
    assert!(!bench.path("keys").exists(), "a plan makes nothing");
    let made = directory.ready(&names(), NOW).unwrap();
    let files_before = files(&directory);
    let mut shuffled = names();
    shuffled.reverse();
    shuffled.push(NAME.to_owned());
    for wanted in [names(), shuffled] {
        assert_eq!(directory.plan(&wanted, after(334)).unwrap(), WebhookPlan::Keep);
        let again = directory.ready(&wanted, after(334)).unwrap();
        assert_eq!(again.certificate_pem, made.certificate_pem);
        assert_eq!(again.private_key_pem, made.private_key_pem);
        assert_eq!(again.ca_bundle_pem, made.ca_bundle_pem);
    }
    assert_eq!(files(&directory), files_before);
}

#[test]
fn each_is_renewed_in_time() {
    // What it shows; the days of the runs before; the day; the names; what is wanted then.
    type Row = (&'static str, &'static [i64], i64, Vec<String>, WebhookPlan);
    let more = || [names(), vec!["other.eks.svc".to_owned()]].concat();
    let fewer = || vec![NAME.to_owned()];
    let other = || vec!["pod-identity-webhook.other.svc".to_owned()];
    let renew = WebhookPlan::Renew(WebhookRenewal::Due);
    let renew_authority = WebhookPlan::RenewAuthority(WebhookRenewal::Due);
    let rename = WebhookPlan::Renew(WebhookRenewal::OtherNames);
    let rename_late = WebhookPlan::RenewAuthority(WebhookRenewal::OtherNames);
    let table: [Row; 14] = [
        ("31 days to go", &[0], 334, names(), WebhookPlan::Keep),
        ("30 days to go", &[0], 335, names(), renew),
        ("it has ended", &[0], 400, names(), renew),
        ("a name more", &[0], 1, more(), rename),
        ("names less", &[0], 1, fewer(), rename),
        ("the name of another webhook", &[0], 1, other(), rename),
        ("other names, and 30 days to go", &[0], 335, other(), rename),
        ("other names, and it has ended", &[0], 400, other(), rename),
        ("other names, and the authority ends before a new certificate", &[0], 3288, other(), rename_late),
        ("the authority lives as long as a new certificate", &[0], 3287, names(), renew),
        ("it ends a day before", &[0], 3288, names(), renew_authority),
        ("a certificate far from its end needs no authority", &[0, 3287], 3288, names(), WebhookPlan::Keep),
        ("the authority has ended", &[0], 4000, names(), renew_authority),
        // Made with a clock that ran ahead: neither counts yet.
        ("they begin tomorrow", &[0], -1, names(), renew_authority),
    ];
    for (case, runs, day, wanted, plan) in table {
        let bench = Bench::new();
        let directory = directory(&bench);
        for run in runs {
            directory.ready(&names(), after(*run)).unwrap();
        }
        let before = files(&directory);
        assert_eq!(directory.plan(&wanted, after(day)).unwrap(), plan, "{case}");
        assert_eq!(files(&directory), before, "{case}: a plan changes nothing");

        let made = directory.ready(&wanted, after(day)).unwrap();
        let now = files(&directory);
        let changed = |name: &str| before[name] != now[name];
        let (serving, authority) =
            (plan != WebhookPlan::Keep, matches!(plan, WebhookPlan::RenewAuthority(_)));
        assert_eq!((changed("tls.crt"), changed("tls.key")), (serving, serving), "{case}");
        assert_eq!((changed("ca.crt"), changed("ca.key")), (authority, authority), "{case}");
        for name in &wanted {
            verify(&made.ca_bundle_pem, &made.certificate_pem, name, after(day)).unwrap();
        }
        assert!(made.not_after - after(day) > WEBHOOK_RENEWAL_WINDOW, "{case}");
        assert_eq!(directory.plan(&wanted, after(day)).unwrap(), WebhookPlan::Keep, "{case}");
    }
}

#[test]
fn the_bundle_holds_the_old_authority_until_it_has_ended() {
    let bench = Bench::new();
    let directory = directory(&bench);
    directory.ready(&names(), NOW).unwrap();
    let old = directory.ready(&names(), after(3280)).unwrap();
    let new = directory.ready(&names(), after(3280 + 340)).unwrap();
    assert_eq!(certificates(&old.ca_bundle_pem).len(), 1);
    assert_eq!(certificates(&new.ca_bundle_pem).len(), 2);
    assert_eq!(
        certificates(&new.ca_bundle_pem)[1],
        certificates(&old.ca_bundle_pem)[0],
        "the new one is first"
    );

    // For a minute a pod serves the old certificate under the new bundle.
    let at = after(3280 + 340);
    for served in [&old, &new] {
        verify(&new.ca_bundle_pem, &served.certificate_pem, NAME, at).unwrap();
        bench.write("bundle", &new.ca_bundle_pem);
        bench.write("served", &served.certificate_pem);
        let at = at.unix_timestamp();
        bench.openssl(&format!("verify -x509_strict -purpose sslserver -attime {at} -CAfile bundle served"));
    }
    // The other way round there is no trust: the order in which a cluster learns of both matters.
    assert!(verify(&old.ca_bundle_pem, &new.certificate_pem, NAME, at).is_err());

    let kept = |day: i64| certificates(&directory.ready(&names(), after(day)).unwrap().ca_bundle_pem).len();
    assert_eq!(kept(3652), 2, "its last day");
    assert_eq!(kept(3653), 1, "it has ended");
    assert_eq!(
        certificates(&bench.read("keys/webhook/ca.crt")).len(),
        2,
        "nothing is written for that alone"
    );
    let due = WebhookPlan::RenewAuthority(WebhookRenewal::Due);
    assert_eq!(directory.plan(&names(), after(3620 + 3300)).unwrap(), due);
    assert_eq!(kept(3620 + 3300), 2);
    assert_eq!(certificates(&bench.read("keys/webhook/ca.crt")).len(), 2, "the first one went then");
}

#[test]
fn of_runs_at_once_one_makes_and_all_have_the_same() {
    let bench = Bench::new();
    let directory = directory(&bench);
    let all: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| directory.ready(&names(), NOW).unwrap())).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for made in &all {
        assert_whole(made, NOW);
        assert_eq!(made.certificate_pem, all[0].certificate_pem);
        assert_eq!(made.ca_bundle_pem, all[0].ca_bundle_pem);
    }
}
