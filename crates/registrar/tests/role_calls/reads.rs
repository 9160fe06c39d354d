//! What is read, and how much of it.

use std::collections::BTreeMap;

use issuer_policy::Document;
use issuer_registrar::{PolicyName, RoleChange, RoleSpec};

use crate::support::*;

#[tokio::test]
async fn a_role_is_read_whole_in_all_pages_and_only_inline_policies_of_ours_are_opened() {
    let iam = Scripted::start(|action, call, before| match action {
        "GetRole" => {
            let boundary = "<PermissionsBoundary><PermissionsBoundaryArn>arn:b</PermissionsBoundaryArn></PermissionsBoundary>";
            done(action, &format!("<Role>{}{OURS}{boundary}</Role>", role("/x/", TRUST)))
        }
        "ListAttachedRolePolicies" if before == 0 => done(
            action,
            "<AttachedPolicies><member><PolicyArn>arn:1</PolicyArn></member></AttachedPolicies>\
            <IsTruncated>true</IsTruncated><Marker>m</Marker>",
        ),
        "ListAttachedRolePolicies" => {
            assert!(call.contains("Marker=m"), "{call}");
            done(action, "<AttachedPolicies><member><PolicyArn>arn:2</PolicyArn></member></AttachedPolicies>")
        }
        "ListRolePolicies" => done(
            action,
            "<PolicyNames><member>theirs</member><member>issuerctl-x</member><member>issuerctl-gone</member></PolicyNames>",
        ),
        "GetRolePolicy" if call.contains("issuerctl-gone") => error(404, "NoSuchEntity", "no"),
        "GetRolePolicy" => done(
            action,
            &format!(
                "<RoleName>app</RoleName><PolicyName>x</PolicyName><PolicyDocument>{}</PolicyDocument>",
                encoded(POLICY)
            ),
        ),
        other => panic!("{other}"),
    });
    let role = iam.client.role(&app()).await.unwrap().unwrap();
    assert_eq!((role.arn.as_str(), role.path.as_str()), ("arn:aws:iam::123456789012:role/x/app", "/x/"));
    assert_eq!(role.trust_policy, document(TRUST));
    assert_eq!(role.boundary.as_deref(), Some("arn:b"));
    assert!(role.is_made_by_us());
    assert_eq!(role.attached.into_iter().collect::<Vec<_>>(), ["arn:1", "arn:2"]);
    let inline =
        BTreeMap::from([("theirs".to_owned(), None), ("issuerctl-x".to_owned(), Some(document(POLICY)))]);
    assert_eq!(role.inline, inline);
    assert_eq!(iam.actions().iter().filter(|action| *action == "GetRolePolicy").count(), 2);
}

#[tokio::test]
async fn each_read_that_is_refused_names_its_action() {
    for refused in [
        "GetRole",
        "ListAttachedRolePolicies",
        "ListRolePolicies",
        "GetRolePolicy",
        "GetPolicy",
        "GetPolicyVersion",
        "ListPolicyVersions",
    ] {
        let iam = Scripted::start(move |action, _, _| match action {
            _ if action == refused => error(403, "AccessDenied", "no"),
            "GetRole" => done(action, &format!("<Role>{}{OURS}</Role>", role("/x/", TRUST))),
            "ListRolePolicies" => done(action, "<PolicyNames><member>issuerctl-x</member></PolicyNames>"),
            "GetPolicy" => policy("<DefaultVersionId>v1</DefaultVersionId>"),
            "GetPolicyVersion" => done(
                action,
                &format!("<PolicyVersion><Document>{}</Document></PolicyVersion>", encoded(POLICY)),
            ),
            "GetRolePolicy" => done(
                action,
                &format!(
                    "<RoleName>app</RoleName><PolicyName>x</PolicyName><PolicyDocument>{}</PolicyDocument>",
                    encoded(POLICY)
                ),
            ),
            _ => done(action, ""),
        });
        let spec = wanted(BTreeMap::from([("own".parse().unwrap(), document(POLICY))]));
        let text = iam.client.read(&spec).await.unwrap_err().to_string();
        assert!(text.contains(&format!("iam:{refused} on arn:aws:iam::123456789012:")), "{text}");
    }
}

/// The least privilege ends at our path; that a role is somebody else's is said, and not that it cannot be read.
#[tokio::test]
async fn a_role_of_somebody_else_need_not_be_read_whole() {
    for refused in ["ListAttachedRolePolicies", "ListRolePolicies"] {
        let iam = Scripted::start(move |action, _, _| match action {
            _ if action == refused => error(403, "AccessDenied", "no"),
            "GetRole" => done(action, &format!("<Role>{}</Role>", role("/theirs/", TRUST))),
            _ => done(action, ""),
        });
        let facts = iam.client.read(&wanted(BTreeMap::new())).await.unwrap();
        assert!(!facts.role.unwrap().is_ours());
        // Whoever asks for all of it is told what is missing.
        assert!(iam.client.role(&app()).await.unwrap_err().to_string().contains(refused));
    }
}

const OURS: &str = "<Tags><member><Key>issuerctl:managed</Key><Value>created</Value></member></Tags>";

fn wanted(create: BTreeMap<PolicyName, Document>) -> RoleSpec {
    RoleSpec {
        name: app(),
        path: None,
        subjects: Default::default(),
        audience: "a".parse().unwrap(),
        attach: Default::default(),
        inline: BTreeMap::new(),
        create,
        boundary: None,
        max_session: None,
        tags: BTreeMap::new(),
    }
}

#[tokio::test]
async fn listings_are_read_in_all_pages_and_managed_policies_with_versions_and_tags() {
    let list = |item: &str, marker: Option<&str>| {
        let more = marker.map(|marker| format!("<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>"));
        format!("{item}{}", more.unwrap_or_default())
    };
    let iam = Scripted::start(move |action, call, before| match action {
        "ListRoles" => {
            assert!(call.contains("PathPrefix=/issuerctl/") && call.contains("MaxItems=1000"), "{call}");
            let trust = if before == 0 { TRUST } else { "nonsense" };
            let member = format!("<Roles><member>{}</member></Roles>", role("/issuerctl/x/", trust));
            done(action, &list(&member, (before == 0).then_some("next")))
        }
        "ListPolicies" => {
            assert!(call.contains("Scope=Local"), "{call}");
            let arn = |n| format!("<member><Arn>arn:aws:iam::123456789012:policy/{n}</Arn></member>");
            let page = (0..20).map(|n| arn(before * 20 + n)).collect::<String>();
            done(action, &list(&format!("<Policies>{page}</Policies>"), (before == 0).then_some("next")))
        }
        "GetPolicy" => policy(
            "<DefaultVersionId>v10</DefaultVersionId><AttachmentCount>2</AttachmentCount>\
            <Tags><member><Key>k</Key><Value>v</Value></member></Tags>",
        ),
        "GetPolicyVersion" => {
            assert!(call.contains("VersionId=v10"), "{call}");
            done(action, &format!("<PolicyVersion><Document>{}</Document></PolicyVersion>", encoded(POLICY)))
        }
        "ListPolicyVersions" => done(
            action,
            "<Versions><member><VersionId>v10</VersionId></member><member><VersionId>v9</VersionId></member>\
            <member><VersionId>v2</VersionId></member></Versions>",
        ),
        other => panic!("{other}"),
    });
    let roles = iam.client.list("/issuerctl/").await.unwrap();
    let trusts: Vec<bool> = roles.iter().map(|role| role.trust_policy.is_some()).collect();
    assert_eq!(trusts, [true, false], "one that cannot be read is listed all the same");
    assert_eq!(roles[0].path.as_str(), "/issuerctl/x/");
    let policies = iam.client.policies().await.unwrap();
    assert_eq!(policies.len(), 40);
    assert!(policies.windows(2).all(|pair| pair[0].arn < pair[1].arn));
    let one = &policies[0];
    assert_eq!(one.versions, ["v2", "v9", "v10"], "the oldest first");
    assert_eq!(one.old_versions().collect::<Vec<_>>(), ["v2", "v9"]);
    assert_eq!((one.attachments, one.tags["k"].as_str()), (2, "v"));
    // Seen once, a role is called by its ARN.
    let iam = Scripted::start(|action, _, _| match action {
        "ListRoles" => done(action, &format!("<Roles><member>{}</member></Roles>", role("/y/", TRUST))),
        _ => error(403, "AccessDenied", "no"),
    });
    let _ = iam.client.list("/").await.unwrap();
    let text = iam.apply(&RoleChange::Delete).await.unwrap_err().to_string();
    assert!(text.contains("iam:DeleteRole on arn:aws:iam::123456789012:role/y/app"), "{text}");
}

#[tokio::test]
async fn what_says_the_same_as_the_wish_is_kept_once_for_all_roles() {
    let iam = Scripted::start(|action, call, _| match action {
        "GetRole" => done(action, &format!("<Role>{}{OURS}</Role>", role("/x/", TRUST))),
        "ListRolePolicies" => done(
            action,
            "<PolicyNames><member>issuerctl-x</member><member>issuerctl-y</member></PolicyNames>",
        ),
        "GetRolePolicy" => {
            let text =
                if call.contains("issuerctl-x") { POLICY.to_owned() } else { POLICY.replace("Get", "Put") };
            let document = format!("<PolicyDocument>{}</PolicyDocument>", encoded(&text));
            done(action, &format!("<RoleName>app</RoleName><PolicyName>x</PolicyName>{document}"))
        }
        "GetPolicy" => policy("<DefaultVersionId>v1</DefaultVersionId>"),
        "GetPolicyVersion" => {
            done(action, &format!("<PolicyVersion><Document>{}</Document></PolicyVersion>", encoded(POLICY)))
        }
        _ => done(action, ""),
    });
    let mut spec = wanted(BTreeMap::from([("own".parse().unwrap(), document(POLICY))]));
    spec.inline = BTreeMap::from([("x".parse().unwrap(), document(POLICY))]);
    let facts = iam.client.read(&spec).await.unwrap();
    let place = |document: &Document| document.statements().as_ptr();
    let role = facts.role.unwrap();
    let live = |name: &str| role.inline[name].as_ref().unwrap();
    assert_eq!(place(live("issuerctl-x")), place(&spec.inline.values().next().unwrap().clone()));
    assert_eq!(*live("issuerctl-y"), document(&POLICY.replace("Get", "Put")));
    let (own, wish) = (facts.policies.values().next().unwrap(), spec.create.values().next().unwrap());
    assert_eq!(place(&own.document), place(wish));
}
