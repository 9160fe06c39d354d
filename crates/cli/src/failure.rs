//! The edge: how a command ends when it does not end well. Errors become one sentence with its
//! causes, hints that name the next command, and an exit code.

use std::error::Error;
use std::io;

use issuer_discovery::{
    BucketError, BucketRefusal, CallError, CallFailure, DirectoryError, LeaveRefusal, MergeError,
    ReadBackError,
};
use issuer_doctor::with_causes;
use issuer_keygen::KeyDirError;
use issuer_plan::PlanError;
use issuer_registrar::{ProviderRefusal, RegisterError, RoleError, RoleRefusal, SessionError};

/// How a command ended that did not end well.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    text: Option<String>,
    hints: Vec<String>,
    reported: bool,
}

impl Failure {
    pub(crate) const FAILED: u8 = 1;
    pub(crate) const USAGE: u8 = 2;
    pub(crate) const DRIFT: u8 = 3;
    pub(crate) const INTERRUPTED: u8 = 130;

    /// A failure with a sentence of its own.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { code: Self::FAILED, text: Some(text.into()), hints: Vec::new(), reported: false }
    }

    /// A failure with an error and its causes.
    pub(crate) fn of(error: &dyn Error) -> Self {
        Self::new(with_causes(error))
    }

    /// Wrong words on the command line.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { code: Self::USAGE, ..Self::new(text) }
    }

    /// The same, when the words on the command line are to blame.
    pub(crate) fn into_usage(self) -> Self {
        Self { code: Self::USAGE, ..self }
    }

    /// `--check` found something to do; it has been shown already.
    pub(crate) fn drift() -> Self {
        Self { code: Self::DRIFT, text: None, hints: Vec::new(), reported: true }
    }

    /// The doctor found a failure; the report has shown it already.
    pub(crate) fn found() -> Self {
        Self { code: Self::FAILED, text: None, hints: Vec::new(), reported: true }
    }

    /// The same, when the one document on stdout has been written.
    pub(crate) fn after_the_report(self) -> Self {
        Self { reported: true, ..self }
    }

    /// Ctrl-C.
    pub(crate) fn interrupted(text: impl Into<String>) -> Self {
        Self { code: Self::INTERRUPTED, ..Self::new(text) }
    }

    /// Stdout could not be written.
    pub(crate) fn stdout(error: io::Error) -> Self {
        Self::new(format!("cannot write to stdout: {error}"))
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    fn says(&self, words: &str) -> bool {
        self.text.as_ref().is_some_and(|text| text.contains(words))
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    pub(crate) fn is_reported(&self) -> bool {
        self.reported
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        plan_hints(Self::of(&error), &error)
    }
}

fn plan_hints(failure: Failure, error: &PlanError) -> Failure {
    match error {
        PlanError::SameRole { .. } | PlanError::SamePolicy { .. } => failure.into_usage(),
        PlanError::KeyDir(error) => key_dir_hints(failure, error),
        PlanError::NoKey { path } => failure.hint(format!(
            "make one with `issuerctl keygen --keys {}`, or name another directory with --keys",
            path.display()
        )),
        PlanError::LiveElsewhere { .. } => live_elsewhere(failure),
        PlanError::PlanChanged { .. } => failure.hint("run the same command again, and look at its plan"),
        PlanError::OtherIssuer { .. } => {
            failure.hint("give each issuer a key directory of its own: --keys DIR")
        }
        PlanError::Merge(error) => merge_hints(failure, error),
        PlanError::BucketRefusal(error) => refusal_hints(failure, error),
        PlanError::ProviderRefusal(error) => provider_hints(failure, error),
        PlanError::Bucket(error) => bucket_hints(failure, error),
        PlanError::Directory(DirectoryError::Raced { .. }) | PlanError::RacedTooOften { .. } => {
            failure.hint("run the same command again")
        }
        PlanError::Register(RegisterError::Call(error) | RegisterError::Unsure { source: error, .. }) => {
            call_hints(failure, error)
        }
        PlanError::Register(RegisterError::IssuerUnreachable { .. }) => failure
            .hint("IAM reads the certificate of the issuer's host: the documents have to be public first")
            .hint("if somebody else has just changed the bucket's policy: run the same command again")
            .hint("with a private certificate authority give --thumbprint (the SHA-1 of its certificate)"),
        PlanError::RoleRefusal(error) => role_hints(failure, std::slice::from_ref(error)),
        PlanError::Roles(errors) => role_hints(failure, errors),
        PlanError::RoleStopped { source, .. } => plan_hints(failure, source),
        PlanError::Role(RoleError::Call(error) | RoleError::Unsure { source: error, .. }) => {
            call_hints(failure, error)
        }
        PlanError::NoAccess { account } => failure.into_usage().hint(format!(
            "say in the file of roles how it is entered, \
             accounts: {{\"{account}\": {{assumeRole: ARN}}}}, or {{profile: NAME}}"
        )),
        PlanError::Leave(LeaveRefusal::NotEmpty { .. } | LeaveRefusal::NotMade { .. }) => {
            failure.hint("without --delete-bucket all the rest goes")
        }
        PlanError::ReadBack(error) => read_back_hints(failure, error),
        _ => failure,
    }
}

impl From<KeyDirError> for Failure {
    fn from(error: KeyDirError) -> Self {
        key_dir_hints(Self::of(&error), &error)
    }
}

impl From<RegisterError> for Failure {
    fn from(error: RegisterError) -> Self {
        Self::from(PlanError::Register(error))
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        let failure = Self::of(&error);
        match &error {
            SessionError::Call(error) => call_hints(failure, error),
            SessionError::NoCredentials { .. } => failure,
        }
    }
}

fn live_elsewhere(failure: Failure) -> Failure {
    failure
        .hint("if this cluster signs with that key, import it: put its sa.key into the key directory")
        .hint(
            "if the cluster is to change to a new key, that is a rotation (rotate start), \
             which this version does not do yet",
        )
        .hint("if the issuer belongs to another cluster, choose another bucket or --prefix")
}

fn key_dir_hints(failure: Failure, error: &KeyDirError) -> Failure {
    match error {
        KeyDirError::Mismatch { public_path, .. } => failure.hint(format!(
            "if the private key is the right one, move {} away: it is derived again",
            public_path.display()
        )),
        KeyDirError::OtherIssuer { .. } => {
            failure.hint("give each issuer a key directory of its own: --keys DIR")
        }
        _ => failure,
    }
}

fn merge_hints(failure: Failure, error: &MergeError) -> Failure {
    match error {
        MergeError::NotOurs { .. } => live_elsewhere(failure),
        MergeError::Jwks(_) | MergeError::Discovery(_) => failure.hint(
            "look at it, and move it away if nobody needs it: replacing it unread could drop keys in use",
        ),
        MergeError::OtherIssuer { .. } => {
            failure.hint("choose another bucket, --prefix or directory: one place for each issuer")
        }
        MergeError::OtherJwksUri { live_path: Some(path), .. } => {
            failure.hint(format!("keep the path that is live: --jwks-path {path}"))
        }
        MergeError::OtherJwksUri { .. } => {
            failure.hint("its keys are on another host: whoever made it has to say where they belong")
        }
        MergeError::Collision(_) => failure,
        MergeError::TooManyKeys(_) => failure.hint("take keys out that sign nothing any more"),
        MergeError::PrivateMember { .. } => {
            failure.hint("that key is compromised: take it out of the JWKS, and stop signing with it")
        }
    }
}

fn refusal_hints(failure: Failure, error: &BucketRefusal) -> Failure {
    match error {
        BucketRefusal::AccountBlock { .. } => failure
            .hint("this tool never switches the account's block off; it protects every other bucket of the account")
            .hint("serve the documents from another host: CloudFront before a private bucket, or your own web server (bootstrap --dir DIR --issuer URL)"),
        BucketRefusal::NotOurs { exposes, .. } => {
            let mut failure = failure;
            for statement in exposes {
                failure = failure.hint(format!("would become public too, by a statement that is there already: {statement}"));
            }
            failure.hint("use a bucket of its own for issuers, or open this one with --adopt-bucket")
        }
        BucketRefusal::Denied { .. } => failure.hint("change that statement, or use another bucket"),
        BucketRefusal::PolicyTooLarge { .. } => failure.hint("use another bucket for this issuer"),
    }
}

fn provider_hints(failure: Failure, error: &ProviderRefusal) -> Failure {
    match error {
        ProviderRefusal::ForeignThumbprints { others } => {
            let flags =
                others.iter().map(|print| format!("--thumbprint {print}")).collect::<Vec<_>>().join(" ");
            failure.hint(format!("to keep them, give them too: {flags}")).hint(
                "an issuer on S3, CloudFront or a public certificate authority needs no thumbprint at all",
            )
        }
        ProviderRefusal::Url { .. } => failure.hint("look at it: aws iam get-open-id-connect-provider"),
        _ => failure,
    }
}

fn role_hints(failure: Failure, errors: &[RoleRefusal]) -> Failure {
    if errors.iter().any(|error| matches!(error, RoleRefusal::Foreign { .. })) {
        return failure.hint(
            "choose another name; or take it over with --adopt: it gets our statement, keeps all that it has, \
             and is never deleted by us",
        );
    }
    failure
}

fn bucket_hints(failure: Failure, error: &BucketError) -> Failure {
    match error {
        BucketError::Call(error)
        | BucketError::StillBlocked { source: error, .. }
        | BucketError::Unsure { source: error, .. } => call_hints(failure, error),
        BucketError::WrongRegion { found, .. } => {
            failure.hint(format!("give --region {found}; the region is part of the issuer URL"))
        }
        BucketError::NotThisAccounts { .. } => {
            failure.hint("choose another name, or credentials of the account that owns it (--profile)")
        }
        BucketError::NameTaken { bucket } => failure.hint(format!(
            "choose another name, such as {bucket}-ACCOUNT-REGION-an, which only that account can take"
        )),
        BucketError::Raced { .. } => failure.hint("run the same command again"),
        _ => failure,
    }
}

fn call_hints(failure: Failure, error: &CallError) -> Failure {
    if let Some(kind) = error.organisation_policy() {
        return failure
            .hint(format!("the refusal comes from a {kind}: permissions of your own cannot lift it"));
    }
    if let Some(kind) = error.explicit_deny() {
        return failure.hint(format!(
            "a statement of {} {kind} denies it: change that statement, for no permission beside it counts",
            if kind.starts_with('i') { "an" } else { "a" }
        ));
    }
    match &*error.reason {
        CallFailure::NoCredentials => failure
            .hint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with --profile")
            .hint("to try everything without an account: issuerctl bootstrap --sandbox"),
        CallFailure::BadCredentials(_) => {
            failure.hint("sign in again, or name another profile with --profile")
        }
        CallFailure::AccessDenied(_) => denied_hints(failure, error),
        CallFailure::Answer(answer) if answer.bucket_region.is_some() => failure.hint(format!(
            "the bucket is in {}; give --region",
            answer.bucket_region.as_deref().unwrap_or_default()
        )),
        CallFailure::Unreachable if failure.says("UnknownIssuer") => failure.hint(
            "the endpoint's certificate is of an authority that is not trusted here: name it with --ca-file",
        ),
        CallFailure::Unreachable => failure
            .hint("run the same command again: it goes on where this one ended")
            .hint("if that does not help: look at --endpoint-url, HTTPS_PROXY and the network"),
        CallFailure::Timeout => failure
            .hint("it may pass: run the same command again, it goes on where this one ended")
            .hint("give each try more time with --timeout"),
        _ if error.may_pass() => {
            failure.hint("it may pass: run the same command again, it goes on where this one ended")
        }
        _ => failure,
    }
}

/// Actions that know no resource: to allow them on one is of no use
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>).
const WITHOUT_RESOURCE: [&str; 3] = ["iam:ListRoles", "iam:ListPolicies", "s3:GetAccountPublicAccessBlock"];
/// Actions that a permissions boundary may be a condition of.
const WITH_BOUNDARY: [&str; 3] = ["iam:CreateRole", "iam:AttachRolePolicy", "iam:PutRolePolicy"];

fn denied_hints(failure: Failure, error: &CallError) -> Failure {
    let CallError { action, resource, .. } = error;
    if *action == "sts:AssumeRole" {
        return failure.hint(format!(
            "{resource} has to be there, its trust policy has to let these credentials in, and they need sts:AssumeRole on it"
        ));
    }
    let resource = if WITHOUT_RESOURCE.contains(action) { "*" } else { resource };
    let failure = failure.hint(format!("allow {action} on {resource} to these credentials"));
    let failure = if WITH_BOUNDARY.contains(action) {
        failure
            .hint("or give --permissions-boundary, where these credentials may only make roles that have one")
    } else {
        failure
    };
    failure.hint("all that is needed: issuerctl permissions, for roles at a path of their own with --path")
}

fn read_back_hints(failure: Failure, error: &ReadBackError) -> Failure {
    match error {
        ReadBackError::Fetch(_) => {
            failure.hint("AWS has to reach this URL from the internet: check DNS, certificate and firewall")
        }
        ReadBackError::Status { status: 403, .. } => failure.hint(
            "everyone has to be allowed to read: the account or the organisation may block public access",
        ),
        ReadBackError::Status { status: 404, .. } => {
            failure.hint("nothing is served at this URL: does its host hand out this bucket or directory?")
        }
        ReadBackError::Status { status: 300..400, .. } => {
            failure.hint("the documents have to be at the issuer URL itself, not behind a redirect")
        }
        ReadBackError::Status { .. } => failure,
        ReadBackError::Differs { .. } => {
            failure.hint("a cache or another server answers at this URL: wait for it to expire, or clear it")
        }
    }
}
