//! What the policies say, asked as AWS would ask them.

use std::collections::BTreeMap;

use issuer_policy::{Kind, Request, RequestPrincipal};
use issuer_registrar::Issuing;

use super::*;

const ISSUER: &str = "https://oidc.example.com/c1";

fn scope() -> PermissionsScope {
    PermissionsScope {
        issuer: ISSUER.parse().unwrap(),
        account: Account::of_caller("123456789012", "arn:aws-cn:iam::123456789012:root").unwrap(),
        bucket: Some(("my-bucket".parse().unwrap(), Some("c1".parse().unwrap()))),
        jwks_path: "keys.json".parse().unwrap(),
        region: "cn-north-1".parse().unwrap(),
        role_path: None,
        boundary: None,
    }
}

fn id() -> String {
    Issuing { issuer: scope().issuer, account: scope().account }.id()
}

fn iam(rest: &str) -> String {
    format!("arn:aws-cn:iam::123456789012:{}", rest.replace("ID", &id()))
}

/// Asks with a boundary in the request, or known to have none.
fn allows(policy: &Document, action: &str, resource: &str, boundary: Option<&str>) -> bool {
    let caller = RequestPrincipal::Arn(iam("role/operator"));
    let mut request = Request::by(caller, action, resource);
    let key = "iam:PermissionsBoundary".to_owned();
    request.context = BTreeMap::from([(key, boundary.map(str::to_owned).into_iter().collect())]);
    policy.evaluate(&request).is_allow()
}

#[test]
fn each_part_may_do_its_work_and_nothing_beside_it() {
    use Permissions::{Destroy, Doctor, Publish, Register, Roles};
    let bucket = "arn:aws-cn:s3:::my-bucket";
    let object = "arn:aws-cn:s3:::my-bucket/c1/.well-known/openid-configuration";
    let keys = "arn:aws-cn:s3:::my-bucket/c1/keys.json";
    let provider = &iam("oidc-provider/oidc.example.com/c1");
    let (role, policy) = (&iam("role/issuerctl/ID/app"), &iam("policy/issuerctl/ID/app"));
    let elsewhere = &iam("role/app");
    let table: &[(&str, &str, &[Permissions])] = &[
        ("s3:CreateBucket", bucket, &[Publish]),
        ("s3:CreateBucket", "arn:aws-cn:s3:::my-bucket2", &[]),
        ("s3:CreateBucket", "arn:aws:s3:::my-bucket", &[]),
        ("s3:PutObject", object, &[Publish]),
        ("s3:PutObject", keys, &[Publish]),
        ("s3:PutObject", "arn:aws-cn:s3:::my-bucket/c2/keys.json", &[]),
        ("s3:GetObject", keys, &[Publish, Doctor, Destroy]),
        ("s3:DeleteObject", keys, &[Destroy]),
        ("s3:DeleteObjectVersion", object, &[Destroy]),
        ("s3:DeleteObject", "arn:aws-cn:s3:::my-bucket/c1/other", &[]),
        ("s3:DeleteBucket", bucket, &[Destroy]),
        ("s3:GetAccountPublicAccessBlock", "*", &[Publish, Doctor]),
        ("iam:CreateOpenIDConnectProvider", provider, &[Register]),
        ("iam:GetOpenIDConnectProvider", provider, &[Register, Roles, Doctor, Destroy]),
        ("iam:DeleteOpenIDConnectProvider", provider, &[Destroy]),
        ("iam:DeleteOpenIDConnectProvider", &iam("oidc-provider/oidc.example.com/c2"), &[]),
        ("iam:ListRoles", "*", &[Roles, Destroy]),
        ("iam:GetRole", role, &[Roles, Doctor, Destroy]),
        // One that is not there, or is somebody else's.
        ("iam:GetRole", elsewhere, &[Roles, Doctor, Destroy]),
        ("iam:ListInstanceProfilesForRole", role, &[Roles, Destroy]),
        ("iam:ListInstanceProfilesForRole", elsewhere, &[]),
        // To leave a role the names of its policies are enough.
        ("iam:GetRolePolicy", role, &[Roles]),
        ("iam:CreateRole", role, &[Roles]),
        ("iam:CreateRole", elsewhere, &[]),
        ("iam:AttachRolePolicy", role, &[Roles]),
        ("iam:AttachRolePolicy", elsewhere, &[]),
        ("iam:UpdateAssumeRolePolicy", role, &[Roles, Destroy]),
        ("iam:UpdateAssumeRolePolicy", elsewhere, &[]),
        ("iam:DeleteRole", role, &[Roles, Destroy]),
        ("iam:DeleteRole", &iam("role/issuerctl/0123456789abcdef/app"), &[]),
        ("iam:CreatePolicyVersion", policy, &[Roles]),
        ("iam:CreatePolicyVersion", &iam("policy/app"), &[]),
        ("iam:PassRole", role, &[]),
        ("iam:DeleteRolePermissionsBoundary", role, &[]),
        ("sts:AssumeRole", role, &[]),
    ];
    for part in Permissions::ALL {
        let policy = Permissions::policy(&[*part], &scope());
        policy.check_as_iam(Kind::Identity).unwrap();
        for (action, resource, parts) in table {
            let expected = parts.contains(part);
            assert_eq!(allows(&policy, action, resource, None), expected, "{part:?}: {action} on {resource}");
        }
    }
}

#[test]
fn looking_changes_nothing() {
    for (_, action, parts) in ACTIONS {
        let name = action.split_once(':').unwrap().1;
        let reads = name.starts_with("Get") || name.starts_with("List");
        assert!(reads || !parts.contains(&Permissions::Doctor), "{action}");
        assert!(!parts.is_empty(), "{action}");
    }
}

#[test]
fn all_parts_together_are_a_managed_policy_and_always_the_same_one() {
    let mut scope = scope();
    scope.role_path = Some("/teams/payments/workloads/".parse().unwrap());
    scope.boundary = Some(iam("policy/boundaries/workloads").parse().unwrap());
    let policy = Permissions::policy(Permissions::ALL, &scope);
    policy.check_as_iam(Kind::Identity).unwrap();
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    assert!(policy.characters() <= 6144, "{}", policy.characters());
    let reversed: Vec<Permissions> = Permissions::ALL.iter().rev().copied().collect();
    assert_eq!(Permissions::policy(&reversed, &scope).to_json(), policy.to_json());
    assert_eq!(policy.statements().len(), 9, "one statement for each kind of resource");
    assert!(allows(&policy, "iam:UpdateRole", &iam("role/teams/payments/workloads/app"), None));
}

#[test]
fn with_a_boundary_no_role_gets_anything_without_it() {
    let boundary = iam("policy/boundaries/workloads");
    let mut scope = scope();
    scope.boundary = Some(boundary.parse().unwrap());
    let policy = Permissions::policy(&[Permissions::Roles], &scope);
    let role = iam("role/issuerctl/ID/app");
    for action in
        ["iam:CreateRole", "iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"]
    {
        assert!(allows(&policy, action, &role, Some(&boundary)), "{action}");
        assert!(!allows(&policy, action, &role, Some(&iam("policy/other"))), "{action}");
        assert!(!allows(&policy, action, &role, None), "{action}");
    }
    // To take away is free: a role that was made before may have none.
    assert!(allows(&policy, "iam:DetachRolePolicy", &role, None));
}

#[test]
fn a_boundary_among_our_own_policies_cannot_be_rewritten() {
    let boundary = iam("policy/issuerctl/ID/boundary");
    let mut scope = scope();
    scope.boundary = Some(boundary.parse().unwrap());
    let policy = Permissions::policy(&[Permissions::Roles], &scope);
    policy.check_as_iam(Kind::Identity).unwrap();
    assert!(!allows(&policy, "iam:CreatePolicyVersion", &boundary, None));
    assert!(allows(&policy, "iam:CreatePolicyVersion", &format!("{boundary}2"), None));
}

#[test]
fn without_a_bucket_only_what_needs_one_is_left_out() {
    let mut scope = scope();
    scope.bucket = None;
    assert!(Permissions::policy(&[Permissions::Publish], &scope).is_empty());
    let destroy = Permissions::policy(&[Permissions::Publish, Permissions::Destroy], &scope);
    destroy.check_as_iam(Kind::Identity).unwrap();
    assert!(!destroy.to_json().contains("s3:"), "{}", destroy.to_json());
    assert!(allows(&destroy, "iam:DeleteRole", &iam("role/issuerctl/ID/app"), None));
}
