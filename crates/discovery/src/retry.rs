//! How often a call is tried.
//!
//! The SDK repeats what may be repeated: reads, and changes that have a condition or that do the
//! same twice. A change that is neither (a policy is replaced whole, and S3 has no condition for
//! it) is never repeated blindly: its answer may be all that was lost, and somebody else may have
//! changed the same thing since. [`Tries`] is for those: look again, then change again
//! ([retry behaviour](https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html)).

use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_types::retry::ErrorKind;

use crate::call::CallError;

/// How often a call is tried that AWS throttles, that fails inside AWS, or whose answer is lost.
pub const MAX_ATTEMPTS: u32 = 5;

/// The longest pause after the first try; each one after it may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// The tries of one change that has to be looked at before each of them.
#[derive(Debug, Default)]
pub struct Tries {
    failed: u32,
}

impl Tries {
    /// Pauses after a failure that may pass: the caller looks again, and then tries again.
    ///
    /// # Errors
    /// The failure itself, when it does not pass or was the last one.
    pub async fn pause(&mut self, error: CallError) -> Result<(), CallError> {
        if error.may_pass() && self.again().await { Ok(()) } else { Err(error) }
    }

    /// Pauses before another try; says so when there is none left.
    pub async fn again(&mut self) -> bool {
        self.failed += 1;
        let left = self.failed < MAX_ATTEMPTS;
        if left {
            tokio::time::sleep(backoff(self.failed, fastrand::f64())).await;
        }
        left
    }
}

/// Says how long to pause after this many failures in a row: a random part, from 0 to 1, of a time
/// that doubles, so that many who were throttled at once do not come back at once.
fn backoff(failed: u32, random: f64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failed.saturating_sub(1)));
    doubled.min(LONGEST_PAUSE).mul_f64(random.clamp(0.0, 1.0))
}

/// Has the SDK take 429 for what it is; it knows throttling by AWS's codes alone, and what stands
/// before an endpoint (a proxy, another store) has none of those.
#[derive(Debug)]
pub struct TooManyRequests;

impl ClassifyRetry for TooManyRequests {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response() {
            Some(response) if response.status().as_u16() == 429 => {
                RetryAction::retryable_error(ErrorKind::ThrottlingError)
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "429 Too Many Requests"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_are_random() {
        let longest: Vec<u128> = (1..=8).map(|failed| backoff(failed, 1.0).as_millis()).collect();
        assert_eq!(longest, [500, 1000, 2000, 4000, 8000, 16000, 20000, 20000]);
        assert_eq!(backoff(2, 0.5), Duration::from_millis(500));
        assert_eq!(backoff(u32::MAX, 0.0), Duration::ZERO);
    }
}
