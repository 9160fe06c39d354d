//! What a request may be about: the operations that there are, and the subresources that a query selects.
//!
//! s3s takes a name that it does not know, or that has no such method, for nothing: `DELETE /bucket?acl` would delete
//! the bucket. [Subresources][subresources] are what selects another operation.
//!
//! [subresources]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html

use super::handlers;
use crate::parameters::Parameters;
use crate::refusal::{Answer, Refusal};

/// The operations of a bucket or an object itself, which no subresource leads to.
const PLAIN: [&str; 5] = ["CreateBucket", "DeleteBucket", "GetObject", "PutObject", "DeleteObject"];

const SUBRESOURCES: [&str; 36] = [
    "abac",
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "renameObject",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versioning",
    "website",
];

/// Refuses what is not there, by name.
pub(super) fn check(operation: &str, parameters: &Parameters) -> Answer<()> {
    if !handlers::has(operation) {
        let text = format!("The sandbox does not have {operation}.");
        return Err(Refusal::new("NotImplemented", 501, text));
    }
    match subresource(parameters).filter(|_| PLAIN.contains(&operation)) {
        Some(name) => {
            let text = format!("The sandbox does not have {operation} with ?{name}.");
            Err(Refusal::new("NotImplemented", 501, text))
        }
        None => Ok(()),
    }
}

/// The subresource that a query names, whether there is an operation for it or not.
pub(super) fn subresource(parameters: &Parameters) -> Option<&'static str> {
    SUBRESOURCES.into_iter().find(|name| parameters.has(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_refused_and_what_is_there_is_not() {
        for (operation, query, refused) in [
            ("GetObject", "", false),
            ("GetObject", "versionId=1&response-content-type=a&partNumber=1", false),
            ("GetObject", "acls=1&xacl", false),
            ("GetBucketPolicy", "policy", false),
            ("PutObject", "x-id=PutObject", false),
            ("DeleteBucket", "acl", true),
            ("DeleteObject", "%61cl=", true),
            ("PutObject", "renameObject", true),
            ("CopyObject", "", true),
            ("CreateMultipartUpload", "uploads", true),
            ("ListObjects", "", true),
        ] {
            let answer = check(operation, &Parameters::parse(query));
            assert_eq!(answer.is_err(), refused, "{operation}?{query}");
        }
    }
}
