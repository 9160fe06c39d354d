//! The calls of IAM.
//!
//! Actions, resource types and condition keys: [the reference's page on IAM][reference]. That what is made with tags
//! asks for the tagging too is in [tagging on creation][tags].
//!
//! [reference]: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
//! [tags]: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html

use super::{Key, Resource, Row, When};

const BOUNDARY: &[Key] = &[Key::Boundary];
const ATTACHING: &[Key] = &[Key::PolicyArn, Key::Boundary];
const TAGS: &[Key] = &[Key::RequestTags, Key::TagKeys];
const TAG_KEYS: &[Key] = &[Key::TagKeys];
const MAKING: &[Key] = &[Key::Boundary, Key::RequestTags, Key::TagKeys];

/// IAM's rows.
pub(crate) const IAM: &[Row] = &[
    provider("CreateOpenIDConnectProvider", "iam:CreateOpenIDConnectProvider")
        .keys(TAGS)
        .also(&[(When::Tagged, "iam:TagOpenIDConnectProvider")]),
    provider("GetOpenIDConnectProvider", "iam:GetOpenIDConnectProvider"),
    Row::new("ListOpenIDConnectProviders", "iam:ListOpenIDConnectProviders", Resource::Any),
    provider("DeleteOpenIDConnectProvider", "iam:DeleteOpenIDConnectProvider"),
    provider("AddClientIDToOpenIDConnectProvider", "iam:AddClientIDToOpenIDConnectProvider"),
    provider("RemoveClientIDFromOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider"),
    provider("UpdateOpenIDConnectProviderThumbprint", "iam:UpdateOpenIDConnectProviderThumbprint"),
    provider("TagOpenIDConnectProvider", "iam:TagOpenIDConnectProvider").keys(TAGS),
    provider("UntagOpenIDConnectProvider", "iam:UntagOpenIDConnectProvider").keys(TAG_KEYS),
    provider("ListOpenIDConnectProviderTags", "iam:ListOpenIDConnectProviderTags"),
    role("CreateRole", "iam:CreateRole").keys(MAKING).also(&[(When::Tagged, "iam:TagRole")]),
    role("GetRole", "iam:GetRole"),
    Row::new("ListRoles", "iam:ListRoles", Resource::Any),
    role("UpdateAssumeRolePolicy", "iam:UpdateAssumeRolePolicy"),
    role("UpdateRole", "iam:UpdateRole"),
    role("DeleteRole", "iam:DeleteRole"),
    role("TagRole", "iam:TagRole").keys(TAGS),
    role("UntagRole", "iam:UntagRole").keys(TAG_KEYS),
    role("ListRoleTags", "iam:ListRoleTags"),
    role("PutRolePolicy", "iam:PutRolePolicy").keys(BOUNDARY),
    role("GetRolePolicy", "iam:GetRolePolicy"),
    role("ListRolePolicies", "iam:ListRolePolicies"),
    role("DeleteRolePolicy", "iam:DeleteRolePolicy").keys(BOUNDARY),
    role("AttachRolePolicy", "iam:AttachRolePolicy").keys(ATTACHING),
    role("DetachRolePolicy", "iam:DetachRolePolicy").keys(ATTACHING),
    role("ListAttachedRolePolicies", "iam:ListAttachedRolePolicies"),
    role("PutRolePermissionsBoundary", "iam:PutRolePermissionsBoundary").keys(BOUNDARY),
    role("DeleteRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary").keys(BOUNDARY),
    role("ListInstanceProfilesForRole", "iam:ListInstanceProfilesForRole"),
    policy("CreatePolicy", "iam:CreatePolicy").keys(TAGS).also(&[(When::Tagged, "iam:TagPolicy")]),
    policy("GetPolicy", "iam:GetPolicy"),
    Row::new("ListPolicies", "iam:ListPolicies", Resource::Any),
    policy("DeletePolicy", "iam:DeletePolicy"),
    policy("TagPolicy", "iam:TagPolicy").keys(TAGS),
    policy("UntagPolicy", "iam:UntagPolicy").keys(TAG_KEYS),
    policy("ListPolicyTags", "iam:ListPolicyTags"),
    policy("CreatePolicyVersion", "iam:CreatePolicyVersion"),
    policy("GetPolicyVersion", "iam:GetPolicyVersion"),
    policy("ListPolicyVersions", "iam:ListPolicyVersions"),
    policy("DeletePolicyVersion", "iam:DeletePolicyVersion"),
    policy("SetDefaultPolicyVersion", "iam:SetDefaultPolicyVersion"),
    user("CreateUser", "iam:CreateUser").keys(MAKING).also(&[(When::Tagged, "iam:TagUser")]),
    user("GetUser", "iam:GetUser"),
    Row::new("ListUsers", "iam:ListUsers", Resource::Any),
    user("DeleteUser", "iam:DeleteUser"),
    user("PutUserPolicy", "iam:PutUserPolicy").keys(BOUNDARY),
    user("GetUserPolicy", "iam:GetUserPolicy"),
    user("ListUserPolicies", "iam:ListUserPolicies"),
    user("DeleteUserPolicy", "iam:DeleteUserPolicy").keys(BOUNDARY),
    user("AttachUserPolicy", "iam:AttachUserPolicy").keys(ATTACHING),
    user("DetachUserPolicy", "iam:DetachUserPolicy").keys(ATTACHING),
    user("ListAttachedUserPolicies", "iam:ListAttachedUserPolicies"),
    user("CreateAccessKey", "iam:CreateAccessKey"),
    user("ListAccessKeys", "iam:ListAccessKeys"),
    user("DeleteAccessKey", "iam:DeleteAccessKey"),
];

const fn provider(call: &'static str, action: &'static str) -> Row {
    Row::new(call, action, Resource::Provider)
}

const fn role(call: &'static str, action: &'static str) -> Row {
    Row::new(call, action, Resource::Role)
}

const fn policy(call: &'static str, action: &'static str) -> Row {
    Row::new(call, action, Resource::Policy)
}

const fn user(call: &'static str, action: &'static str) -> Row {
    Row::new(call, action, Resource::User)
}
