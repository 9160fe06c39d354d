//! The operations that there are, each with the function that answers it. All others are refused by name.

use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result};

use super::visit::Visit;
use super::{buckets, create, deletion, listing, objects, settings, tagging, upload};
use crate::account::Account;
use crate::refusal::{Answer, Refusal};

/// S3 as s3s wants it.
pub(super) struct Handlers(pub(super) Arc<Account>);

impl Handlers {
    fn answer<I, O>(
        &self,
        request: S3Request<I>,
        handle: impl FnOnce(&Account, &Visit, I) -> Answer<O>,
    ) -> S3Result<S3Response<O>> {
        let visit = Visit::of(&request.extensions)?;
        let answer = handle(&self.0, &visit, request.input);
        answer.map(S3Response::new).map_err(|refusal| visit.call.refuse(refusal))
    }
}

/// One method of the trait for each operation that one function answers.
macro_rules! operations {
    ($($name:ident($input:ty) -> $output:ty = $handle:expr;)*) => {
        /// The inputs of all operations that there are.
        const INPUTS: &[&str] = &[$(stringify!($input),)* "PutObjectInput"];

        #[async_trait::async_trait]
        impl S3 for Handlers {
            $(
                async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                    self.answer(request, $handle)
                }
            )*

            async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
                let visit = Visit::of(&request.extensions)?;
                let upload = upload::read(&visit, request).await?;
                let answer = upload::put(&self.0, &visit, upload);
                answer.map(S3Response::new).map_err(|refusal| visit.call.refuse(refusal))
            }
        }
    };
}

operations! {
    list_buckets(ListBucketsInput) -> ListBucketsOutput = buckets::list;
    create_bucket(CreateBucketInput) -> CreateBucketOutput = create::bucket;
    head_bucket(HeadBucketInput) -> HeadBucketOutput = buckets::head;
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = buckets::location;
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = buckets::delete;
    get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput = settings::access_block;
    put_public_access_block(PutPublicAccessBlockInput) -> PutPublicAccessBlockOutput = settings::put_access_block;
    delete_public_access_block(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput = settings::delete_access_block;
    get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput = settings::policy;
    put_bucket_policy(PutBucketPolicyInput) -> PutBucketPolicyOutput = settings::put_policy;
    delete_bucket_policy(DeleteBucketPolicyInput) -> DeleteBucketPolicyOutput = settings::delete_policy;
    get_bucket_policy_status(GetBucketPolicyStatusInput) -> GetBucketPolicyStatusOutput = settings::policy_status;
    get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput = tagging::get;
    put_bucket_tagging(PutBucketTaggingInput) -> PutBucketTaggingOutput = tagging::put;
    delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput = tagging::delete;
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput = settings::versioning;
    put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput = settings::put_versioning;
    get_bucket_encryption(GetBucketEncryptionInput) -> GetBucketEncryptionOutput = settings::encryption;
    put_bucket_encryption(PutBucketEncryptionInput) -> PutBucketEncryptionOutput = settings::put_encryption;
    get_bucket_ownership_controls(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput = settings::ownership;
    put_bucket_acl(PutBucketAclInput) -> PutBucketAclOutput = |_, _, _| Err(no_acls());
    put_object_acl(PutObjectAclInput) -> PutObjectAclOutput = |_, _, _| Err(no_acls());
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = listing::objects;
    list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput = listing::versions;
    get_object(GetObjectInput) -> GetObjectOutput = objects::get;
    head_object(HeadObjectInput) -> HeadObjectOutput = objects::head;
    delete_object(DeleteObjectInput) -> DeleteObjectOutput = deletion::one;
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = deletion::many;
}

/// Whether there is an operation of this name.
pub(super) fn has(operation: &str) -> bool {
    INPUTS.iter().any(|input| input.strip_suffix("Input") == Some(operation))
}

/// What every ACL gets: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>
fn no_acls() -> Refusal {
    Refusal::new("AccessControlListNotSupported", 400, "The bucket does not allow ACLs")
}
