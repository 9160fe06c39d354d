//! Which calls each part makes: one row for each action, with who needs it.

use super::Permissions::{self, Destroy, Doctor, Publish, Register, Roles};
use super::resources::On;

/// An action, what it is done to, and the parts that need it.
type Row = (On, &'static str, &'static [Permissions]);

/// Every action; a resource that an action does not know is `*`.
pub(super) const ACTIONS: &[Row] = &[
    (On::Account, "s3:GetAccountPublicAccessBlock", &[Publish, Doctor]),
    // HeadBucket asks for it too, and without it S3 answers 403 for an object that is not there.
    (On::Bucket, "s3:ListBucket", &[Publish, Doctor, Destroy]),
    (On::Bucket, "s3:GetBucketPublicAccessBlock", &[Publish, Doctor]),
    (On::Bucket, "s3:GetBucketPolicy", &[Publish, Doctor, Destroy]),
    (On::Bucket, "s3:GetBucketTagging", &[Publish, Doctor, Destroy]),
    (On::Bucket, "s3:GetBucketVersioning", &[Publish, Doctor]),
    (On::Bucket, "s3:GetEncryptionConfiguration", &[Doctor]),
    (On::Bucket, "s3:CreateBucket", &[Publish]),
    // Tags go with CreateBucket.
    (On::Bucket, "s3:TagResource", &[Publish]),
    (On::Bucket, "s3:PutBucketPublicAccessBlock", &[Publish]),
    (On::Bucket, "s3:PutBucketVersioning", &[Publish]),
    // DeleteBucketTagging has no action of its own.
    (On::Bucket, "s3:PutBucketTagging", &[Publish, Destroy]),
    (On::Bucket, "s3:PutBucketPolicy", &[Publish, Destroy]),
    (On::Bucket, "s3:DeleteBucketPolicy", &[Destroy]),
    (On::Bucket, "s3:ListBucketVersions", &[Destroy]),
    (On::Bucket, "s3:DeleteBucket", &[Destroy]),
    (On::Objects, "s3:GetObject", &[Publish, Doctor, Destroy]),
    (On::Objects, "s3:PutObject", &[Publish]),
    (On::Objects, "s3:DeleteObject", &[Destroy]),
    (On::Objects, "s3:DeleteObjectVersion", &[Destroy]),
    // Roles look whether it is there.
    (On::Provider, "iam:GetOpenIDConnectProvider", &[Register, Roles, Doctor, Destroy]),
    (On::Provider, "iam:CreateOpenIDConnectProvider", &[Register]),
    // What is made with tags has to be allowed to be tagged:
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
    (On::Provider, "iam:TagOpenIDConnectProvider", &[Register]),
    (On::Provider, "iam:AddClientIDToOpenIDConnectProvider", &[Register]),
    (On::Provider, "iam:UpdateOpenIDConnectProviderThumbprint", &[Register]),
    (On::Provider, "iam:DeleteOpenIDConnectProvider", &[Destroy]),
    // Listings know no resource type. Destroying looks for everyone who trusts the provider.
    (On::Listings, "iam:ListRoles", &[Roles, Destroy]),
    (On::Listings, "iam:ListPolicies", &[Roles, Destroy]),
    // A role is read by its name alone, while the permission is asked for at its path: one that is not there has
    // none, and one of somebody else, which has to be told apart, has another one. ListRoles shows no less.
    (On::AnyRole, "iam:GetRole", &[Roles, Doctor, Destroy]),
    (On::Roles, "iam:ListAttachedRolePolicies", &[Roles, Destroy]),
    (On::Roles, "iam:ListRolePolicies", &[Roles, Destroy]),
    // IAM deletes no role that is in one.
    (On::Roles, "iam:ListInstanceProfilesForRole", &[Roles, Destroy]),
    (On::Roles, "iam:GetRolePolicy", &[Roles]),
    (On::Roles, "iam:UpdateAssumeRolePolicy", &[Roles, Destroy]),
    (On::Roles, "iam:UpdateRole", &[Roles]),
    (On::Roles, "iam:TagRole", &[Roles, Destroy]),
    (On::Roles, "iam:UntagRole", &[Roles, Destroy]),
    (On::Roles, "iam:DetachRolePolicy", &[Roles, Destroy]),
    (On::Roles, "iam:DeleteRolePolicy", &[Roles, Destroy]),
    (On::Roles, "iam:DeleteRole", &[Roles, Destroy]),
    // What gives a role anything, or takes its boundary for another. The key of the first and the last is what is
    // asked for, that of the others what the role has.
    (On::BoundedRoles, "iam:CreateRole", &[Roles]),
    (On::BoundedRoles, "iam:AttachRolePolicy", &[Roles]),
    (On::BoundedRoles, "iam:PutRolePolicy", &[Roles]),
    (On::BoundedRoles, "iam:PutRolePermissionsBoundary", &[Roles]),
    (On::Policies, "iam:GetPolicy", &[Roles, Destroy]),
    (On::Policies, "iam:GetPolicyVersion", &[Roles, Destroy]),
    (On::Policies, "iam:ListPolicyVersions", &[Roles, Destroy]),
    (On::Policies, "iam:CreatePolicy", &[Roles]),
    (On::Policies, "iam:TagPolicy", &[Roles]),
    (On::Policies, "iam:CreatePolicyVersion", &[Roles]),
    (On::Policies, "iam:DeletePolicyVersion", &[Roles, Destroy]),
    (On::Policies, "iam:DeletePolicy", &[Roles, Destroy]),
];
