//! What others do with the bucket, through the vendor's SDK.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration,
    PublicAccessBlockConfiguration, VersioningConfiguration,
};
use issuer_discovery::{Transport, TransportOptions};
use issuer_sandbox::{Config, Sandbox};

use crate::scenario::{BUCKET, Others};

/// The Sid of the statement that is theirs.
pub(crate) const SID: &str = "TheirOwn";

/// Does it.
pub(crate) async fn act(sandbox: &Sandbox, region: &str, all: &[Others]) -> Result<(), String> {
    let transport = Transport::new(TransportOptions::default()).map_err(|error| error.to_string())?;
    let keys = Config::default();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(transport.sdk_client())
        .region(Region::new(region.to_owned()))
        .credentials_provider(Credentials::new(
            keys.access_key_id,
            keys.secret_access_key,
            None,
            None,
            "others",
        ))
        .endpoint_url(sandbox.endpoint())
        .force_path_style(true)
        .build();
    let s3 = Client::from_conf(config);
    for one in all {
        act_once(&s3, region, *one).await.map_err(|error| format!("others could not {one:?}: {error:?}"))?;
    }
    Ok(())
}

async fn act_once(s3: &Client, region: &str, one: Others) -> Result<(), aws_sdk_s3::Error> {
    match one {
        Others::MakeBucket => {
            let place = CreateBucketConfiguration::builder();
            let place = place.location_constraint(BucketLocationConstraint::from(region)).build();
            let place = (region != "us-east-1").then_some(place);
            s3.create_bucket().bucket(BUCKET).set_create_bucket_configuration(place).send().await?;
        }
        Others::OwnStatement => {
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{SID}","Effect":"Allow",
                "Principal":{{"AWS":"arn:aws:iam::123456789012:root"}},"Action":"s3:GetObject",
                "Resource":"arn:aws:s3:::{BUCKET}/theirs/*"}}]}}"#
            );
            s3.put_bucket_policy().bucket(BUCKET).policy(policy).send().await?;
        }
        Others::DropPolicy => {
            s3.delete_bucket_policy().bucket(BUCKET).send().await?;
        }
        Others::CloseBlock => {
            let block = PublicAccessBlockConfiguration::builder()
                .block_public_acls(true)
                .ignore_public_acls(true)
                .block_public_policy(true)
                .restrict_public_buckets(true)
                .build();
            let call = s3.put_public_access_block().bucket(BUCKET);
            call.public_access_block_configuration(block).send().await?;
        }
        Others::SuspendVersioning => {
            let suspended = BucketVersioningStatus::Suspended;
            let set = VersioningConfiguration::builder().status(suspended).build();
            s3.put_bucket_versioning().bucket(BUCKET).versioning_configuration(set).send().await?;
        }
        Others::DropDiscovery => {
            let key = ".well-known/openid-configuration";
            s3.delete_object().bucket(BUCKET).key(key).send().await?;
        }
    }
    Ok(())
}
