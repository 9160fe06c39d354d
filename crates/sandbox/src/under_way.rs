//! Calls that have come and are not done yet, where AWS minds that there are two at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::Method;

use crate::parameters::Parameters;
use crate::query::{Api, Form};
use crate::received::{Received, Target};
use crate::s3::bucket_of;

/// The changes under way, by the numbers of their calls.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<BTreeMap<u64, Entry>>);

#[derive(Debug)]
struct Entry {
    subject: Subject,
    /// Whether another change of the same was under way when it came.
    contested: bool,
    /// Whether what it is about was deleted since it came.
    overtaken: bool,
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A provider, by its issuer without `https://`.
    Provider(String),
    /// A role, by its name.
    Role(String),
    /// A user, by its name.
    User(String),
    /// A managed policy, by its name or ARN.
    Policy(String),
    /// A bucket that is to be made.
    Bucket(String),
    /// An object that is to be written under a condition: bucket and key, as they were sent.
    Object(String),
}

impl UnderWay {
    /// Notes a change until what is given back is dropped.
    pub(crate) fn begin(&self, number: u64, subject: Subject) -> Claim<'_> {
        let mut entries = self.entries();
        let contested = entries.values().any(|entry| entry.subject == subject);
        entries.insert(number, Entry { subject, contested, overtaken: false });
        Claim { under_way: self, number }
    }

    /// Whether another change of the same was under way when this call came.
    pub(crate) fn is_contested(&self, number: u64) -> bool {
        self.entries().get(&number).is_some_and(|entry| entry.contested)
    }

    /// Whether an earlier change of the same is still under way, or the object was deleted meanwhile.
    pub(crate) fn conflicts(&self, number: u64) -> bool {
        let entries = self.entries();
        let Some(own) = entries.get(&number) else { return false };
        own.overtaken || entries.range(..number).any(|(_, entry)| entry.subject == own.subject)
    }

    /// Notes that an object was deleted.
    pub(crate) fn deleted(&self, bucket: &str, key: &str) {
        let subject = Subject::Object(format!("{bucket}/{key}"));
        for entry in self.entries().values_mut().filter(|entry| entry.subject == subject) {
            entry.overtaken = true;
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change under way.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    under_way: &'a UnderWay,
    number: u64,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.under_way.entries().remove(&self.number);
    }
}

/// What a request changes, where it matters that nothing else does so at once.
pub(crate) fn subject(received: &Received) -> Option<Subject> {
    match &received.target {
        Target::Query(api) => {
            let form = Form::parse(received.body.as_ref().ok()?).ok()?;
            if api.or_else(|| Api::of_version(form.text("Version")?)) != Some(Api::Iam)
                || received.only_reads()
            {
                return None;
            }
            let created = form.text("Url").and_then(|url| url.strip_prefix("https://"));
            let changed = || Some(form.text("OpenIDConnectProviderArn")?.split_once(":oidc-provider/")?.1);
            if let Some(url) = created.or_else(changed) {
                return Some(Subject::Provider(url.to_owned()));
            }
            // An inline policy has a name too, and its change is one of the role or user.
            if let Some(name) = form.text("RoleName") {
                return Some(Subject::Role(name.to_owned()));
            }
            if let Some(name) = form.text("UserName") {
                return Some(Subject::User(name.to_owned()));
            }
            let policy = form.text("PolicyName").or_else(|| form.text("PolicyArn"));
            policy.map(|policy| Subject::Policy(policy.to_owned()))
        }
        Target::S3 if received.parts.method == Method::PUT => {
            let (bucket, key) = bucket_of(&received.host, &received.parts)?;
            let headers = &received.parts.headers;
            let conditional = headers.contains_key("if-match") || headers.contains_key("if-none-match");
            match key {
                "" if Parameters::of(&received.parts.uri).names().all(|name| name == "x-id") => {
                    Some(Subject::Bucket(bucket.to_owned()))
                }
                "" => None,
                _ if conditional => {
                    let key = percent_encoding::percent_decode_str(key).decode_utf8_lossy();
                    Some(Subject::Object(format!("{bucket}/{key}")))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_contested_and_the_first_is_not() {
        let under_way = UnderWay::default();
        let subject = || Subject::Provider("a.example".to_owned());
        let first = under_way.begin(1, subject());
        let second = under_way.begin(2, subject());
        let other = under_way.begin(3, Subject::Provider("b.example".to_owned()));
        assert_eq!([1, 2, 3, 4].map(|number| under_way.is_contested(number)), [false, true, false, false]);
        assert_eq!([1, 2, 3, 4].map(|number| under_way.conflicts(number)), [false, true, false, false]);
        drop(first);
        // It was so when it came, and nothing is before it any more.
        assert!(under_way.is_contested(2) && !under_way.conflicts(2));
        drop((second, other));
        let _third = under_way.begin(5, subject());
        assert!(!under_way.is_contested(5));
    }

    #[test]
    fn a_deletion_overtakes_what_is_under_way() {
        let under_way = UnderWay::default();
        let _claim = under_way.begin(1, Subject::Object("b/k".to_owned()));
        under_way.deleted("b", "other");
        assert!(!under_way.conflicts(1));
        under_way.deleted("b", "k");
        assert!(under_way.conflicts(1));
    }
}
