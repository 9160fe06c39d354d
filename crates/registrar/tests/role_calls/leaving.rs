//! What is read of a role that is to be left, and of policies that may go.

use issuer_registrar::RoleError;

use crate::support::*;

const LISTS: [&str; 3] = ["ListAttachedRolePolicies", "ListRolePolicies", "ListInstanceProfilesForRole"];

fn tagged(owner: &str) -> String {
    format!("<Tags><member><Key>issuerctl:managed</Key><Value>{owner}</Value></member></Tags>")
}

/// A role under this path, with these tags; of its lists `refused` may not be read.
fn iam(path: String, tags: String, refused: &'static str) -> Scripted {
    Scripted::start(move |action, call, before| match action {
        _ if action == refused => error(403, "AccessDenied", "no"),
        "GetRole" => done(action, &format!("<Role>{}{tags}</Role>", role(&path, TRUST))),
        "ListAttachedRolePolicies" => {
            done(action, "<AttachedPolicies><member><PolicyArn>arn:1</PolicyArn></member></AttachedPolicies>")
        }
        "ListRolePolicies" => {
            done(action, "<PolicyNames><member>theirs</member><member>issuerctl-x</member></PolicyNames>")
        }
        "ListInstanceProfilesForRole" => {
            assert_eq!(call.contains("Marker=m"), before > 0, "{call}");
            let more = if before == 0 { "<IsTruncated>true</IsTruncated><Marker>m</Marker>" } else { "" };
            let profile = format!(
                "<Path>/</Path><InstanceProfileName>p{before}</InstanceProfileName><InstanceProfileId>A</InstanceProfileId>\
                <Arn>arn:aws:iam::123456789012:instance-profile/p</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><Roles/>"
            );
            done(action, &format!("<InstanceProfiles><member>{profile}</member></InstanceProfiles>{more}"))
        }
        other => panic!("{other}"),
    })
}

#[tokio::test]
async fn leaving_needs_names_of_policies_and_of_instance_profiles_and_no_documents() {
    let found = iam("/x/".to_owned(), tagged("created"), "").client.role_for_leaving(&app()).await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.instance_profiles, ["p0", "p1"], "all pages");
    assert!(!found.unread && found.role.is_made_by_us());
    assert_eq!(found.role.trust_policy, document(TRUST));
    assert!(found.role.attached.contains("arn:1"));
    let inline: Vec<_> = found.role.inline.iter().map(|(name, text)| (&**name, text.is_some())).collect();
    assert_eq!(inline, [("issuerctl-x", false), ("theirs", false)]);
    // What we did not make is not deleted, wherever it is in.
    for tags in [tagged("adopted"), String::new()] {
        let iam = iam("/x/".to_owned(), tags, "");
        assert_eq!(iam.client.role_for_leaving(&app()).await.unwrap().unwrap().instance_profiles, [""; 0]);
        assert!(!iam.actions().contains(&"ListInstanceProfilesForRole".to_owned()));
    }
    let gone = Scripted::always(error(404, "NoSuchEntity", "no"));
    assert_eq!(gone.client.role_for_leaving(&app()).await.unwrap(), None);
}

#[tokio::test]
async fn what_may_not_be_read_is_told_of_ours_and_marked_of_others() {
    for refused in LISTS {
        let ours = iam("/x/".to_owned(), tagged("created"), refused);
        let text = ours.client.role_for_leaving(&app()).await.unwrap_err().to_string();
        assert!(text.contains(&format!("iam:{refused} on arn:aws:iam::123456789012:role/x/app")), "{text}");
    }
    for refused in &LISTS[..2] {
        let by_path = iam(issuing().path().to_string(), String::new(), refused);
        assert!(matches!(by_path.client.role_for_leaving(&app()).await, Err(RoleError::Call(_))));
        let theirs = iam("/x/".to_owned(), String::new(), refused);
        let theirs = theirs.client.role_for_leaving(&app()).await.unwrap().unwrap();
        assert!(theirs.unread && theirs.role.attached.is_empty() && theirs.role.inline.is_empty());
        assert_eq!(theirs.role.trust_policy, document(TRUST));
    }
}

#[tokio::test]
async fn only_policies_that_are_kept_are_read_whole() {
    let iam = Scripted::start(|action, call, _| match action {
        "ListPolicies" => {
            let one = |n: u32| {
                format!(
                    "<member><Arn>arn:aws:iam::123456789012:policy/{n}</Arn><AttachmentCount>{n}</AttachmentCount></member>"
                )
            };
            done(action, &format!("<Policies>{}</Policies>", (0..4).map(one).collect::<String>()))
        }
        "GetPolicy" => policy("<DefaultVersionId>v1</DefaultVersionId>"),
        "GetPolicyVersion" => {
            done(action, &format!("<PolicyVersion><Document>{}</Document></PolicyVersion>", encoded(POLICY)))
        }
        "ListPolicyVersions" => {
            assert!(call.contains("policy/0") || call.contains("policy/3"), "{call}");
            done(action, "<Versions><member><VersionId>v1</VersionId></member></Versions>")
        }
        other => panic!("{other}"),
    });
    let kept = |arn: &str, attachments: u32| attachments == 0 || arn.ends_with("/3");
    let found = iam.client.policies_of(kept).await.unwrap();
    let arns: Vec<&str> = found.iter().map(|policy| policy.arn.rsplit('/').next().unwrap()).collect();
    assert_eq!(arns, ["0", "3"]);
    assert_eq!(iam.actions().iter().filter(|action| *action == "GetPolicy").count(), 2);
}
