//! Many roles against a strict IAM: at once, throttled, interrupted, raced.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_iam::config::retry::RetryConfig;
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use issuer_discovery::{IssuerUrl, Patience, Transport, TransportOptions};
use issuer_plan::{
    Event, FileDefaults, Outcome, Plan, PlanError, RoleAccess, RolesFacts, RolesFile, RolesRequest,
    RolesRunner, Step, WantedRole,
};
use issuer_registrar::{Account, Issuing, ProviderClient, RoleClient, Subject};
use issuer_sandbox::{Config, Disturbance, Fault, Sandbox};

const ACCOUNT: &str = "123456789012";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}"#;

const PATIENCE: Patience = Patience { limit: Duration::from_secs(2), first_pause: Duration::from_millis(5) };

/// What came to the sandbox.
#[derive(Default)]
struct Seen {
    calls: Mutex<Vec<String>>,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

struct World {
    sandbox: Sandbox,
    config: SdkConfig,
    access: RoleAccess,
    seen: Arc<Seen>,
}

impl World {
    /// The sandbox takes a moment for each call; `decide` sees how often this call has come, from one.
    async fn start(decide: impl Fn(&str, usize) -> Fault + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Seen::default());
        let (watching, decide) = (Arc::clone(&seen), Arc::new(decide));
        let disturbance = Disturbance::new(move |arrived| {
            let (seen, decide) = (Arc::clone(&watching), Arc::clone(&decide));
            async move {
                let now = seen.under_way.fetch_add(1, Ordering::SeqCst) + 1;
                seen.most.fetch_max(now, Ordering::SeqCst);
                let count = {
                    let mut calls = seen.calls.lock().unwrap();
                    calls.push(arrived.call.clone());
                    calls.iter().filter(|call| **call == arrived.call).count()
                };
                tokio::time::sleep(Duration::from_millis(5)).await;
                seen.under_way.fetch_sub(1, Ordering::SeqCst);
                decide(&arrived.call, count)
            }
        });
        let sandbox =
            Sandbox::start(Config { disturbance: Some(disturbance), ..Config::default() }).await.unwrap();
        let config = config(&sandbox);
        let issuing = Issuing {
            issuer: issuer(),
            account: Account::of_caller(ACCOUNT, &format!("arn:aws:iam::{ACCOUNT}:root")).unwrap(),
        };
        let provider = ProviderClient::new(&config, &issuing.account, &issuing.issuer, PATIENCE);
        let roles = RoleClient::new(&config, issuing, PATIENCE);
        let access = RoleAccess { accounts: BTreeMap::from([(ACCOUNT.parse().unwrap(), (roles, provider))]) };
        Self { sandbox, config, access, seen }
    }

    async fn facts(&self, request: &RolesRequest) -> Result<RolesFacts, PlanError> {
        RolesFacts::read(request, &self.access, &|_| {}).await
    }

    async fn plan(&self, request: &RolesRequest) -> Result<(Plan, RolesFacts), PlanError> {
        let facts = self.facts(request).await?;
        Ok((Plan::build_roles(request, &facts)?, facts))
    }

    async fn apply(&self, request: &RolesRequest) -> Result<Outcome, PlanError> {
        let (plan, facts) = self.plan(request).await?;
        RolesRunner { request, access: &self.access, patience: PATIENCE, events: &|_| {} }
            .apply(plan, facts)
            .await
    }

    fn calls(&self, name: &str) -> usize {
        self.seen.calls.lock().unwrap().iter().filter(|call| **call == format!("iam {name}")).count()
    }

    async fn is_done(&self, request: &RolesRequest) -> bool {
        !self.plan(request).await.unwrap().0.has_changes()
    }
}

fn config(sandbox: &Sandbox) -> SdkConfig {
    let environment = sandbox.environment(std::path::Path::new("ca.pem"));
    let value = |name: &str| environment.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    let credentials =
        Credentials::new(value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY"), None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(sandbox.endpoint())
        .region(Region::new("us-east-1"))
        .http_client(Transport::new(TransportOptions::default()).unwrap().sdk_client())
        .retry_config(RetryConfig::disabled())
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .build()
}

fn issuer() -> IssuerUrl {
    "https://issuer.example/prod".parse().unwrap()
}

/// So many roles, each with an inline policy and one that all of them share.
fn roles(count: usize) -> RolesRequest {
    let defaults = FileDefaults {
        issuer: issuer(),
        audience: "sts.amazonaws.com".parse().unwrap(),
        partition: "aws".parse().unwrap(),
        tags: BTreeMap::new(),
    };
    let mut text = String::from("roles:\n");
    for index in 0..count {
        text.push_str(&format!(
            "- name: role-{index}\n  serviceAccounts: [team/app-{index}]\n  inlinePolicies: {{own: p}}\n  createPolicies: {{shared: p}}\n"
        ));
    }
    let file = RolesFile::parse(&text, &defaults, &|_| Ok(POLICY.to_owned())).unwrap();
    let account = || ACCOUNT.parse().unwrap();
    let roles =
        file.roles.into_iter().map(|role| WantedRole { account: account(), spec: role.spec }).collect();
    RolesRequest { issuer: issuer(), roles, adopt: false }
}

fn refuse(code: &str, status: u16) -> Fault {
    Fault::Refuse { status, code: code.to_owned(), message: "as the test has it".to_owned() }
}

#[tokio::test]
async fn many_roles_are_made_at_once_and_a_second_run_changes_nothing() {
    let world = World::start(|_, _| Fault::None).await;
    let request = roles(60);
    let read = AtomicUsize::new(0);
    let counts = |event| {
        assert_eq!(
            event,
            Event::Progress { what: "roles read", done: read.fetch_add(1, Ordering::SeqCst) + 1, total: 60 }
        );
    };
    let facts = RolesFacts::read(&request, &world.access, &counts).await.unwrap();
    assert_eq!(read.load(Ordering::SeqCst), 60);
    let plan = Plan::build_roles(&request, &facts).unwrap();
    assert_eq!(plan.stages.len(), 1);
    let makes = plan.steps().filter(|step| step.to_string().contains("/shared (")).count();
    assert_eq!(makes, 1, "what all share is made once");
    let unregistered: Vec<_> = plan.notes.iter().filter(|note| note.contains("oidc-provider")).collect();
    assert_eq!(unregistered.len(), 1, "a warning that all roles share is told once: {:?}", plan.notes);
    assert!(unregistered[0].starts_with("roles role-0, role-1, role-2 and 57 more: "), "{unregistered:?}");

    let events = Mutex::new(Vec::new());
    let runner = RolesRunner {
        request: &request,
        access: &world.access,
        patience: PATIENCE,
        events: &|event| events.lock().unwrap().push(event),
    };
    let steps: Vec<String> = plan.steps().map(ToString::to_string).collect();
    world.seen.most.store(0, Ordering::SeqCst);
    let outcome = runner.apply(plan, facts).await.unwrap();
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    assert_eq!(sorted(outcome.done), sorted(steps));
    assert_eq!((world.calls("CreateRole"), world.calls("CreatePolicy")), (60, 1));
    let most = world.seen.most.load(Ordering::SeqCst);
    assert!((9..=32).contains(&most), "{most} calls at once");

    let events = events.into_inner().unwrap();
    let policy =
        events.iter().position(|event| matches!(event, Event::Done(step) if step.contains("/shared (")));
    let role =
        events.iter().position(|event| matches!(event, Event::Started(step) if !step.contains("/shared (")));
    assert!(policy < role, "what roles share is there before the first of them is begun");
    assert_eq!(events.last(), Some(&Event::Progress { what: "roles done", done: 60, total: 60 }));

    let before = world.seen.calls.lock().unwrap().len();
    world.seen.most.store(0, Ordering::SeqCst);
    assert!(world.is_done(&request).await);
    let most = world.seen.most.load(Ordering::SeqCst);
    assert!((9..=32).contains(&most), "{most} calls at once, though what reads a role makes several");
    let after = world.seen.calls.lock().unwrap()[before..].to_vec();
    assert!(after.iter().all(|call| call.contains("Get") || call.contains("List")), "{after:?}");
    for name in ["iam GetPolicy", "iam GetPolicyVersion", "iam ListPolicyVersions"] {
        let reads = after.iter().filter(|call| *call == name).count();
        assert_eq!(reads, 1, "{name}: what all share is read once");
    }
    world.sandbox.stop().await;
}

#[tokio::test]
async fn a_policy_that_roles_share_changes_between_what_goes_and_what_comes() {
    let world = World::start(|_, _| Fault::None).await;
    let mut request = roles(3);
    let leaving = "team/leaving".parse().unwrap();
    request.roles[2].spec.subjects.insert(Subject::ServiceAccount(leaving));
    world.apply(&request).await.unwrap();

    let mut next = roles(3);
    let wider = issuer_plan::identity_policy(&POLICY.replace("GetObject", "*")).unwrap();
    for role in &mut next.roles {
        role.spec.create.insert("shared".parse().unwrap(), wider.clone());
    }
    next.roles[0].spec.attach.insert("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess".parse().unwrap());
    let (plan, facts) = world.plan(&next).await.unwrap();
    let steps: Vec<String> = plan.steps().map(ToString::to_string).collect();
    let place = |text: &str| steps.iter().position(|step| step.contains(text)).unwrap();
    let (goes, changes, comes) =
        (place("role role-2"), place(":policy/issuerctl/"), place("S3ReadOnlyAccess"));
    assert!(goes < changes && changes < comes, "{steps:?}");

    let done = Mutex::new(Vec::new());
    let events = |event| {
        if let Event::Done(step) = event {
            done.lock().unwrap().push(step);
        }
    };
    let runner = RolesRunner { request: &next, access: &world.access, patience: PATIENCE, events: &events };
    runner.apply(plan, facts).await.unwrap();
    let done = done.into_inner().unwrap();
    let place = |text: &str| done.iter().position(|step| step.contains(text)).unwrap();
    assert!(place("role role-2") < place(":policy/issuerctl/"), "{done:?}");
    assert!(place(":policy/issuerctl/") < place("S3ReadOnlyAccess"), "{done:?}");
    assert_eq!(world.calls("CreatePolicyVersion"), 1);
    assert!(world.is_done(&next).await);
    world.sandbox.stop().await;
}

#[tokio::test]
async fn what_is_throttled_is_tried_again_until_all_is_done() {
    // The client asks once: what is tried again is tried again here.
    let world = World::start(|call, count| {
        if call == "iam CreateRole" && count == 5 { refuse("Throttling", 400) } else { Fault::None }
    })
    .await;
    let request = roles(12);
    world.apply(&request).await.unwrap();
    assert_eq!(world.calls("CreateRole"), 13, "the one that was refused, once more");
    assert!(world.is_done(&request).await);
    world.sandbox.stop().await;
}

#[tokio::test]
async fn a_role_that_fails_for_good_ends_the_run_and_the_next_one_finishes_it() {
    let fails = Arc::new(AtomicUsize::new(1));
    let failing = Arc::clone(&fails);
    let world = World::start(move |call, count| {
        let fail = failing.load(Ordering::SeqCst) == 1 && call == "iam PutRolePolicy" && count == 20;
        if fail { refuse("AccessDenied", 403) } else { Fault::None }
    })
    .await;
    let request = roles(90);
    let error = world.apply(&request).await.unwrap_err();
    let PlanError::RoleStopped { name, account, done, left, source } = &error else { panic!("{error:?}") };
    assert!(request.roles.iter().any(|role| role.spec.name == *name));
    assert_eq!((account.as_str(), done + left), (ACCOUNT, 90));
    assert!(matches!(**source, PlanError::Role(_)), "{source:?}");
    let begun = world.calls("CreateRole");
    assert!(*done > 0 && begun < 90 && begun == done + 1, "{begun} begun, {done} done: those that began end");

    fails.store(0, Ordering::SeqCst);
    world.apply(&request).await.unwrap();
    assert_eq!(world.calls("CreateRole"), 90, "no role is made twice");
    assert!(world.is_done(&request).await);
    world.sandbox.stop().await;
}

#[tokio::test]
async fn an_answer_that_was_lost_is_looked_after() {
    let world = World::start(|call, count| {
        let lost = ["iam CreateRole", "iam CreatePolicy"].contains(&call) && count == 1;
        if lost { Fault::CutAfter } else { Fault::None }
    })
    .await;
    let request = roles(3);
    world.apply(&request).await.unwrap();
    assert_eq!(
        (world.calls("CreateRole"), world.calls("CreatePolicy")),
        (3, 1),
        "made once, and found again"
    );
    assert!(world.is_done(&request).await);
    world.sandbox.stop().await;
}

#[tokio::test]
async fn an_interrupted_run_is_finished_by_the_next_one() {
    let world = World::start(|_, _| Fault::None).await;
    let request = roles(40);
    let (plan, facts) = world.plan(&request).await.unwrap();
    let enough = tokio::sync::Notify::new();
    let done = AtomicUsize::new(0);
    let events = |event| {
        if matches!(event, Event::Done(_)) && done.fetch_add(1, Ordering::SeqCst) == 50 {
            enough.notify_one();
        }
    };
    let runner =
        RolesRunner { request: &request, access: &world.access, patience: PATIENCE, events: &events };
    tokio::select! {
        _ = runner.apply(plan, facts) => panic!("it was to be interrupted"),
        () = enough.notified() => {}
    }
    // The calls that were on their way come to an end without us.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!world.is_done(&request).await);
    world.apply(&request).await.unwrap();
    assert!(world.is_done(&request).await);
    world.sandbox.stop().await;
}

#[tokio::test]
async fn all_that_is_refused_is_told_before_anything_is_changed() {
    let world = World::start(|_, _| Fault::None).await;
    let request = roles(5);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}"#;
    let iam = aws_sdk_iam::Client::new(&world.config);
    for name in ["role-1", "role-3"] {
        iam.create_role().role_name(name).assume_role_policy_document(trust).send().await.unwrap();
    }
    let refused = world.plan(&request).await.map(|(plan, _)| plan.notes).unwrap_err();
    let text = refused.to_string();
    let PlanError::Roles(refusals) = refused else { panic!("{refused:?}") };
    assert_eq!(refusals.len(), 2);
    assert!(text.contains("role-1") && text.contains("role-3") && !text.contains("role-2"), "{text}");
    assert_eq!((world.calls("CreateRole"), world.calls("CreatePolicy")), (2, 0));
    world.sandbox.stop().await;
}

#[tokio::test]
async fn what_no_call_is_needed_for_is_refused_before_the_first_one() {
    let world = World::start(|_, _| Fault::None).await;
    let mut twice = roles(2);
    twice.roles[1].spec.name = "ROLE-0".parse().unwrap();
    assert!(matches!(world.facts(&twice).await, Err(PlanError::SameRole { .. })));
    let mut texts = roles(2);
    let other = POLICY.replace("GetObject", "PutObject");
    let shared = "shared".parse().unwrap();
    texts.roles[1].spec.create.insert(shared, issuer_plan::identity_policy(&other).unwrap());
    assert!(matches!(world.facts(&texts).await, Err(PlanError::SamePolicy { .. })));
    let mut long = roles(3);
    for role in &mut long.roles[1..] {
        role.spec.max_session = Some(Duration::from_secs(60));
    }
    let error = world.facts(&long).await.unwrap_err();
    assert!(matches!(&error, PlanError::Roles(refusals) if refusals.len() == 2), "{error:?}");
    let mut elsewhere = roles(1);
    elsewhere.roles[0].account = "222222222222".parse().unwrap();
    assert!(matches!(world.facts(&elsewhere).await, Err(PlanError::NoAccess { .. })));
    assert_eq!(world.seen.calls.lock().unwrap().len(), 0);
    world.sandbox.stop().await;
}

#[tokio::test]
async fn after_a_lost_race_no_other_kind_of_change_is_made_than_was_agreed_to() {
    let world = World::start(|_, _| Fault::None).await;
    let request = roles(1);
    let (plan, facts) = world.plan(&request).await.unwrap();
    // Meanwhile somebody runs the same with a longer session: what is left for us is of another kind.
    let mut other = roles(1);
    other.roles[0].spec.max_session = Some(Duration::from_secs(7200));
    world.apply(&other).await.unwrap();
    let mut strict = request.clone();
    strict.roles[0].spec.max_session = Some(Duration::from_secs(3600));
    let runner = RolesRunner { request: &strict, access: &world.access, patience: PATIENCE, events: &|_| {} };
    let error = runner.apply(plan, facts).await.unwrap_err();
    let PlanError::RoleStopped { source, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(**source, PlanError::PlanChanged { .. }), "{source:?}");

    // Without patience a race is not looked at anew.
    let request = RolesRequest { roles: roles(3).roles.split_off(2), ..request };
    let (plan, facts) = world.plan(&request).await.unwrap();
    world.apply(&request).await.unwrap();
    let patience = Patience { limit: Duration::ZERO, ..PATIENCE };
    let runner = RolesRunner { request: &request, access: &world.access, patience, events: &|_| {} };
    assert!(matches!(runner.apply(plan, facts).await, Err(PlanError::RoleStopped { .. })));

    // And with the very same: nothing is left, and nothing is wrong.
    let request = RolesRequest { roles: roles(2).roles.split_off(1), ..request };
    let (plan, facts) = world.plan(&request).await.unwrap();
    assert!(plan.steps().any(|step| matches!(step, Step::Role { .. })));
    world.apply(&request).await.unwrap();
    RolesRunner { request: &request, access: &world.access, patience: PATIENCE, events: &|_| {} }
        .apply(plan, facts)
        .await
        .unwrap();
    assert!(world.is_done(&request).await);
    world.sandbox.stop().await;
}
