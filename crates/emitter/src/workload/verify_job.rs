//! A Job that shows what a pod's role is, and that it works.

use super::template::{fill, indented, scalar};
use super::{Workload, check, pod_spec};
use crate::emission::{Artifact, Emission};
use crate::error::EmitError;

pub(super) const SUMMARY: &str = "a Job that says which role a pod gets, and writes and reads one object";

/// The image with the aws CLI unless told otherwise.
pub const DEFAULT_IMAGE: &str = "public.ecr.aws/aws-cli/aws-cli:2.37.1";

/// What the key of the object begins with unless told otherwise.
pub const DEFAULT_PREFIX: &str = "issuerctl-verify/";

/// What the job proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyJob {
    /// What tokens are like.
    pub workload: Workload,
    /// The service account's namespace.
    pub namespace: String,
    /// The service account.
    pub service_account: String,
    /// The role's ARN.
    pub role_arn: String,
    /// A bucket to write one object to and read it back from.
    pub bucket: Option<String>,
    /// What the key of that object begins with.
    pub key_prefix: String,
    /// The image, one with the aws CLI.
    pub image: String,
    /// Whether the token is to come from the webhook or the admission policy: the job brings none.
    pub injected: bool,
}

/// Writes the Job.
///
/// # Errors
/// A name that Kubernetes or AWS refuses, or that is more than a name in a shell.
pub fn verify_job(job: &VerifyJob) -> Result<Emission, EmitError> {
    job.workload.check()?;
    check::service_account(&job.namespace, &job.service_account)?;
    check::image(&job.image)?;
    check::key_prefix(&job.key_prefix)?;
    let session = check::session_prefix(&job.role_arn)?;
    if let Some(bucket) = &job.bucket {
        check::bucket(bucket)?;
    }
    let token_note = if job.injected {
        "It brings no token: that is the webhook's job, or the policy's."
    } else {
        "It brings its token itself: it says nothing of the webhook or the admission policy."
    };
    // A webhook of somebody else's may know no region, and without one the CLI asks nobody.
    let environment = if job.injected {
        indented(&format!("- name: AWS_REGION\n  value: {}", scalar(&job.workload.region)), 8)
    } else {
        pod_spec::environment(&job.workload, &job.role_arn, 8)
    };
    let own = |part: String| if job.injected { String::new() } else { format!("{part}\n") };
    let object = job.bucket.as_ref().map(|bucket| {
        fill(
            include_str!("templates/verify_object.yaml"),
            &[("bucket", &scalar(bucket)), ("key_prefix", &scalar(&job.key_prefix))],
        )
    });
    let needs = job.bucket.as_ref().map(|bucket| needs(job, bucket));
    let contents = fill(
        include_str!("templates/verify_job.yaml"),
        &[
            (
                "bucket_note",
                if job.bucket.is_some() { ", and that it may write and read an object" } else { "" },
            ),
            ("plain_namespace", &job.namespace),
            ("token_note", token_note),
            ("needs", needs.as_deref().unwrap_or_default()),
            ("namespace", &scalar(&job.namespace)),
            ("service_account", &scalar(&job.service_account)),
            ("image", &scalar(&job.image)),
            ("script", &indented(include_str!("templates/verify.sh"), 10)),
            ("environment", &environment),
            ("role", &scalar(&job.role_arn)),
            ("session", &scalar(&session)),
            ("object", object.as_deref().unwrap_or_default()),
            ("mount", &own(pod_spec::mount(8))),
            ("volume", &own(pod_spec::volume(&job.workload, 6))),
        ],
    );
    Ok(Emission { artifacts: vec![Artifact::public("verify-job.yaml", contents)], warnings: Vec::new() })
}

/// Says what the role has to be allowed
/// ([actions of S3](https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html)).
fn needs(job: &VerifyJob, bucket: &str) -> String {
    let partition = job.role_arn.split(':').nth(1).unwrap_or_default();
    fill(
        include_str!("templates/verify_needs.txt"),
        &[("objects", &format!("arn:{partition}:s3:::{bucket}/{}*", job.key_prefix))],
    )
}
