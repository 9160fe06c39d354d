//! The rate at which one account's IAM is asked.
//!
//! The SDK's [adaptive mode][retries] slows down when IAM throttles, and goes faster again until it does. It keeps one rate for
//! each partition of its own making: without a word about it, one for all clients of a region in this process, whatever
//! their accounts. IAM counts by account, so each client here has a partition to itself, which its clones share. Its quota
//! of retries fills itself again with time too: in the default one, a long throttling would end all retries for good.
//!
//! [retries]: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html

use std::time::Duration;

use aws_sdk_iam::Config;
use aws_sdk_iam::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_types::SdkConfig;
use issuer_discovery::TooManyRequests;

use crate::account::Account;

/// Retries that are begun in a second at most, once those that were saved up are used up.
const RETRIES_A_SECOND: f32 = 10.0;
/// Before a retry the SDK waits for ten requests' worth of its rate, which after a throttling is next to none.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What the SDK takes from its quota for one retry.
const RETRY_COST: f32 = 5.0;

/// Writes the configuration of a client that keeps to a rate of its own.
pub(super) fn paced(config: &SdkConfig, account: &Account) -> Config {
    let retries = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    let adaptive = RetryConfig::adaptive()
        .with_max_attempts(retries.max_attempts())
        .with_initial_backoff(retries.initial_backoff())
        .with_max_backoff(retries.max_backoff().min(LONGEST_PAUSE));
    let quota = TokenBucket::builder().refill_rate(RETRIES_A_SECOND * RETRY_COST).build();
    let partition = RetryPartition::custom(format!("iam-{}", account.id)).token_bucket(quota).build();
    aws_sdk_iam::config::Builder::from(config)
        .retry_config(adaptive)
        .retry_partition(partition)
        .retry_classifier(TooManyRequests)
        .build()
}
