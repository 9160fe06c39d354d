//! Faults by chance, the same for the same seed: what clients have to live with at AWS.
//!
//! Throttling and failures in the words of [S3's error responses][s3] and the [common errors of IAM][iam], and
//! connections that end without an answer. The fate of a call hangs on the seed, on what it asks for and on how often
//! that was asked before; not on the order in which different calls come.
//!
//! [s3]: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
//! [iam]: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::disturbance::{Disturbance, Fault};

impl Disturbance {
    /// Lets each call fail with this probability: throttled, failed or cut, as AWS does it.
    #[must_use]
    pub fn by_chance(probability: f64, seed: u64) -> Self {
        let counts = Mutex::new(HashMap::<String, u64>::new());
        Self::new(move |arrived| {
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(arrived.call.clone()).or_default();
            *count += 1;
            std::future::ready(fate(probability, seed, &arrived.call, *count))
        })
    }
}

/// What happens to the call of this text that comes for the n-th time.
fn fate(probability: f64, seed: u64, call: &str, count: u64) -> Fault {
    // A digest is as even as any generator, and it is the same in every version.
    let digest = Sha256::digest(format!("{seed}/{count}/{call}"));
    let (drawn, kind) = (u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]), digest[4] % 5);
    if f64::from(drawn) / (f64::from(u32::MAX) + 1.0) >= probability {
        return Fault::None;
    }
    let refuse = |status, code: &str, message: &str| Fault::Refuse {
        status,
        code: code.to_owned(),
        message: message.to_owned(),
    };
    let s3 = call.starts_with("s3 ") || call.starts_with("s3control ");
    match (kind, s3) {
        (0, true) => refuse(503, "SlowDown", "Please reduce your request rate."),
        (0, false) => refuse(400, "Throttling", "Rate exceeded"),
        (1, true) => refuse(500, "InternalError", "We encountered an internal error. Please try again."),
        (1, false) => {
            let code = if call.starts_with("iam ") { "ServiceFailure" } else { "InternalFailure" };
            let text = "The request processing has failed because of an unknown error, exception or failure.";
            refuse(500, code, text)
        }
        (2, true) => refuse(503, "ServiceUnavailable", "Service is unable to handle request."),
        (2, false) => {
            let text = "The request has failed due to a temporary failure of the server.";
            refuse(503, "ServiceUnavailable", text)
        }
        (3, _) => Fault::CutBefore,
        _ => Fault::CutAfter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: [&str; 4] = ["s3 PUT b?policy", "s3control GET x", "iam GetOpenIDConnectProvider", "sts X"];

    fn fates(probability: f64, seed: u64) -> Vec<Fault> {
        let all = CALLS.iter().flat_map(|call| (1..=250).map(move |count| (*call, count)));
        all.map(|(call, count)| fate(probability, seed, call, count)).collect()
    }

    #[test]
    fn the_same_seed_is_the_same_fate() {
        assert_eq!(fates(0.3, 7), fates(0.3, 7));
        assert_ne!(fates(0.3, 7), fates(0.3, 8));
    }

    #[test]
    fn the_probability_is_kept_at_both_ends_and_about_in_the_middle() {
        let failed =
            |probability| fates(probability, 7).iter().filter(|fault| **fault != Fault::None).count();
        assert_eq!((failed(0.0), failed(1.0)), (0, 1000));
        assert!((200..=400).contains(&failed(0.3)), "{}", failed(0.3));
    }

    #[test]
    fn every_kind_happens_in_each_services_words() {
        let codes = |call: &str| {
            let mut codes = (1..200).map(|count| match fate(1.0, 7, call, count) {
                Fault::Refuse { code, status, .. } => format!("{status} {code}"),
                other => other.name().unwrap_or_default().to_owned(),
            });
            let codes = codes.by_ref().collect::<std::collections::BTreeSet<_>>();
            codes.into_iter().collect::<Vec<_>>().join(", ")
        };
        let s3 = "500 InternalError, 503 ServiceUnavailable, 503 SlowDown, cut-after, cut-before";
        assert_eq!(codes("s3 PUT b"), s3);
        assert_eq!(codes("s3control GET x"), s3);
        let iam = "400 Throttling, 500 ServiceFailure, 503 ServiceUnavailable, cut-after, cut-before";
        assert_eq!(codes("iam X"), iam);
        assert_eq!(codes("sts X"), iam.replace("ServiceFailure", "InternalFailure"));
    }
}
