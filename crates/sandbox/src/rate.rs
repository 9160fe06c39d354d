//! A token bucket: how many calls a second are taken, and how many at once after a pause.
//!
//! IAM throttles the calls of an account together ([request throttling][throttling] describes the bucket); how fast and
//! how deep its own bucket is AWS does not say.
//!
//! [throttling]: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html#throttling-how

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// A bucket that fills again with time.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Tokens a second.
    rate: f64,
    /// Tokens that it holds at most.
    burst: f64,
    filled: Mutex<Filled>,
}

#[derive(Debug)]
struct Filled {
    tokens: f64,
    at: SystemTime,
}

impl Bucket {
    /// A bucket that is full at this time.
    pub(crate) fn new(rate: u32, burst: u32, at: SystemTime) -> Self {
        let burst = f64::from(burst);
        Self { rate: f64::from(rate), burst, filled: Mutex::new(Filled { tokens: burst, at }) }
    }

    /// Takes a token, if there is one at this time.
    pub(crate) fn take(&self, at: SystemTime) -> bool {
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that goes back fills nothing.
        if let Ok(passed) = at.duration_since(filled.at) {
            filled.tokens = (filled.tokens + passed.as_secs_f64() * self.rate).min(self.burst);
            filled.at = at;
        }
        let taken = filled.tokens >= 1.0;
        if taken {
            filled.tokens -= 1.0;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_taken_and_then_the_rate() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let bucket = Bucket::new(2, 4, start);
        let taken = |milliseconds: u64, calls: usize| {
            let at = start + Duration::from_millis(milliseconds);
            (0..calls).filter(|_| bucket.take(at)).count()
        };
        assert_eq!([taken(0, 10), taken(499, 5), taken(500, 5), taken(1500, 5)], [4, 0, 1, 2]);
        // It never holds more than the burst, however long nobody calls.
        assert_eq!(taken(100_000, 10), 4);
        // Time that goes back gives nothing and takes nothing.
        assert_eq!([taken(0, 1), taken(100_500, 2)], [0, 1]);
    }
}
