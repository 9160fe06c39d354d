//! One rate for one account, whoever of the clones asks.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_iam::config::StalledStreamProtectionConfig;
use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use issuer_discovery::{Patience, Waiting};
use issuer_registrar::{RoleChange, RoleClient};

use crate::support::*;

/// The longest pause before a retry.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A clock that only sleeping moves.
#[derive(Clone, Debug, Default)]
struct Clock(Arc<Mutex<Vec<Duration>>>);

impl Clock {
    fn slept(&self) -> Duration {
        self.0.lock().unwrap().iter().sum()
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        // What is longer than any pause is a timeout, and never comes.
        if duration > LONGEST_PAUSE {
            return Sleep::new(std::future::pending());
        }
        self.0.lock().unwrap().push(duration);
        Sleep::new(std::future::ready(()))
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000) + self.slept()
    }
}

#[tokio::test]
async fn a_throttled_call_slows_every_clone_down_and_no_other_account() {
    // One that is sent once counts as any other.
    for (change, throttled) in
        [(create(), "CreateRole"), (RoleChange::Attach(READ.into()), "AttachRolePolicy")]
    {
        let clock = Clock::default();
        let iam = Scripted::start(move |action, _, before| match before {
            0 if action == throttled => error(400, "Throttling", "Rate exceeded"),
            _ => done(action, ""),
        });
        let config = iam.config.to_builder().sleep_impl(clock.clone()).time_source(clock.clone());
        let config = config.stalled_stream_protection(StalledStreamProtectionConfig::disabled()).build();
        let client = || RoleClient::new(&config, issuing(), Patience::default());
        let (one, other) = (client(), client());
        let clone = one.clone();
        let has_to_wait = async |client: &RoleClient| {
            let before = clock.slept();
            client.apply(&app(), &RoleChange::Delete, &|_: &Waiting| {}).await.unwrap();
            clock.slept() > before
        };
        assert!(!has_to_wait(&clone).await, "{throttled}");
        let _ = one.apply(&app(), &change, &|_: &Waiting| {}).await;
        assert!(iam.actions().iter().any(|action| action == throttled));
        assert!(!has_to_wait(&other).await, "{throttled}");
        assert!(has_to_wait(&clone).await, "{throttled}");
    }
}
