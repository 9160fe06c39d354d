//! A strict AWS, and all that an issuer has in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_iam::config::retry::RetryConfig;
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use issuer_discovery::{
    AccessBlock, BucketPlace, IssuerUrl, Jwks, JwksPath, Patience, PublishChange, Publisher as _, Replaces,
    S3Publisher, Site, Transport, TransportOptions,
};
use issuer_plan::{
    Destination, DestroyFacts, DestroyOutcome, DestroyRequest, DestroyRunner, DestroyTargets, FileDefaults,
    Plan, RoleAccess, RolesFacts, RolesFile, RolesRequest, RolesRunner, WantedRole,
};
use issuer_policy::Document;
use issuer_registrar::{Account, Issuing, ProviderChange, ProviderClient, ProviderSpec, RoleClient};
use issuer_sandbox::{AccessKey, Config, Disturbance, Fault, Sandbox};

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const ISSUER: &str = "https://oidc.example.com/c1";
pub(crate) const OTHER: &str = "https://oidc.example.com/c2";
pub(crate) const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}"#;

type Decide = Box<dyn Fn(&str) -> Fault + Send + Sync>;
type Act = (&'static str, usize, BoxFuture<'static, ()>);

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) config: SdkConfig,
    limited: AccessKey,
    /// What becomes of calls, by their names; nothing to let them be.
    decide: Arc<Mutex<Option<Decide>>>,
    /// What happens before a call of a name is carried out, after so many others of it.
    act: Arc<Mutex<Option<Act>>>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::under(None).await
    }

    /// Another key than the one that makes things may do what this policy says.
    pub(crate) async fn under(operator: Option<&Document>) -> Self {
        let decide: Arc<Mutex<Option<Decide>>> = Arc::default();
        let act: Arc<Mutex<Option<Act>>> = Arc::default();
        let (deciding, acting) = (Arc::clone(&decide), Arc::clone(&act));
        let disturbance = Disturbance::new(move |arrived| {
            let fault = deciding.lock().unwrap().as_ref().map(|decide| decide(&arrived.call));
            let act = acting.lock().unwrap().take_if(|(call, others, _)| {
                let is_one = *call == arrived.call;
                let is_it = is_one && *others == 0;
                *others -= usize::from(is_one && !is_it);
                is_it
            });
            async move {
                if let Some((_, _, act)) = act {
                    act.await;
                }
                fault.unwrap_or(Fault::None)
            }
        });
        let admin = AccessKey { id: "ADMINKEY".to_owned(), secret: "admin-secret".to_owned() };
        let config = Config {
            disturbance: Some(disturbance),
            operator_policy: operator.map(Document::to_json),
            admin_access_key: admin.clone(),
            ..Config::default()
        };
        let sandbox = Sandbox::start(config).await.unwrap();
        let environment = sandbox.environment(std::path::Path::new("ca.pem"));
        let value = |name: &str| environment.iter().find(|(known, _)| *known == name).unwrap().1.clone();
        let limited = AccessKey { id: value("AWS_ACCESS_KEY_ID"), secret: value("AWS_SECRET_ACCESS_KEY") };
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .credentials_provider(credentials(if operator.is_some() { &admin } else { &limited }))
            .endpoint_url(sandbox.endpoint())
            .region(Region::new("us-east-1"))
            .http_client(Transport::new(TransportOptions::default()).unwrap().sdk_client())
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .build();
        Self { sandbox, config, limited, decide, act }
    }

    pub(crate) fn targets(&self, issuer: &str) -> DestroyTargets {
        let account = Account::of_caller(ACCOUNT, &format!("arn:aws:iam::{ACCOUNT}:root")).unwrap();
        let issuing = Issuing { issuer: issuer.parse().unwrap(), account };
        let patience = Patience { limit: Duration::from_secs(2), first_pause: Duration::from_millis(5) };
        let place = BucketPlace {
            bucket: "oidc-bucket".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            prefix: issuing.issuer.path().parse().unwrap(),
            jwks_path: JwksPath::default(),
        };
        let bucket = S3Publisher::new(&self.config, ACCOUNT, place, true, patience);
        DestroyTargets {
            provider: ProviderClient::new(&self.config, &issuing.account, &issuing.issuer, patience),
            roles: RoleClient::new(&self.config, issuing, patience),
            destination: Some(Destination::Bucket(Box::new(bucket))),
        }
    }

    /// Makes all that an issuer has: bucket, documents, provider, and roles of these names.
    pub(crate) async fn make(&self, issuer: &str, roles: &[&str]) {
        let targets = self.targets(issuer);
        let Some(Destination::Bucket(bucket)) = &targets.destination else { panic!("it is a bucket") };
        let place = bucket.place();
        let site = site(issuer);
        let mut changes = Vec::new();
        if !bucket.leaving(false).await.unwrap().exists {
            let tags = BTreeMap::from([("issuerctl:managed".to_owned(), "created".to_owned())]);
            let (name, region) = (place.bucket.clone(), place.region.clone());
            changes.push(PublishChange::CreateBucket { bucket: name, region, tags });
            changes.push(PublishChange::Versioning);
            let (from, to) = (AccessBlock::ALL, AccessBlock::POLICY_ONLY);
            changes.push(PublishChange::AccessBlock { from, to, exposes: Vec::new() });
        }
        changes.extend(
            site.objects()
                .map(|object| PublishChange::Object { object: object.clone(), replaces: Replaces::Nothing }),
        );
        changes.push(PublishChange::Policy { statement: place.statement(), replaces: false });
        for change in &changes {
            bucket.apply(change, &|_| {}).await.unwrap();
        }
        self.register(issuer).await;
        if !roles.is_empty() {
            self.roles(&targets, roles).await;
        }
    }

    pub(crate) async fn register(&self, issuer: &str) {
        let spec = ProviderSpec {
            issuer: issuer.parse().unwrap(),
            audiences: vec!["sts.amazonaws.com".parse().unwrap()],
            thumbprints: vec!["a".repeat(40).parse().unwrap()],
            tags: BTreeMap::new(),
        };
        let provider = self.targets(issuer).provider;
        provider.apply(&ProviderChange::Create(spec), &|_: &_| {}).await.unwrap();
    }

    pub(crate) async fn roles(&self, targets: &DestroyTargets, roles: &[&str]) {
        let request = wanted(targets, roles);
        let clients = (targets.roles.clone(), targets.provider.clone());
        let access = RoleAccess { accounts: BTreeMap::from([(ACCOUNT.parse().unwrap(), clients)]) };
        let facts = RolesFacts::read(&request, &access, &|_| {}).await.unwrap();
        let plan = Plan::build_roles(&request, &facts).unwrap();
        let runner = RolesRunner {
            request: &request,
            access: &access,
            patience: Patience::default(),
            events: &|_| {},
        };
        runner.apply(plan, facts).await.unwrap();
    }

    pub(crate) async fn plan(&self, issuer: &str) -> Plan {
        let request = request(issuer);
        let facts = DestroyFacts::read(&request, &self.targets(issuer)).await.unwrap();
        Plan::build_destroy(&request, &facts).unwrap()
    }

    pub(crate) async fn apply(&self, issuer: &str, plan: Plan) -> DestroyOutcome {
        let (request, targets) = (request(issuer), self.targets(issuer));
        DestroyRunner { request: &request, targets: &targets, events: &|_| {} }.apply(plan).await
    }

    /// From here on the operator works.
    pub(crate) fn limit(&mut self) {
        let limited = credentials(&self.limited);
        self.config = self.config.clone().into_builder().credentials_provider(limited).build();
    }

    pub(crate) fn disturb(&self, decide: impl Fn(&str) -> Fault + Send + Sync + 'static) {
        *self.decide.lock().unwrap() = Some(Box::new(decide));
    }

    /// Does this while a call of this name is on its way, after so many others of it.
    pub(crate) fn meanwhile(
        &self,
        call: &'static str,
        others: usize,
        act: impl Future<Output = ()> + Send + 'static,
    ) {
        *self.act.lock().unwrap() = Some((call, others, act.boxed()));
    }

    pub(crate) fn calm(&self) {
        *self.decide.lock().unwrap() = None;
    }

    pub(crate) async fn assert_gone(&self) {
        let targets = self.targets(ISSUER);
        assert_eq!(targets.roles.list("/").await.unwrap(), []);
        assert_eq!(targets.roles.policies().await.unwrap(), []);
        assert_eq!(targets.provider.read().await.unwrap(), None);
        let Some(Destination::Bucket(bucket)) = &targets.destination else { panic!("it is a bucket") };
        assert!(!bucket.leaving(true).await.unwrap().exists);
        assert!(!self.plan(ISSUER).await.has_changes());
    }
}

fn credentials(key: &AccessKey) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new(&key.id, &key.secret, None, None, "test"))
}

pub(crate) fn site(issuer: &str) -> Site {
    let issuer: IssuerUrl = issuer.parse().unwrap();
    Site::build(&issuer, &JwksPath::default(), &Jwks::parse(br#"{"keys":[{"kid":"a"}]}"#).unwrap())
}

pub(crate) fn request(issuer: &str) -> DestroyRequest {
    DestroyRequest { issuer: issuer.parse().unwrap(), delete_bucket: issuer == ISSUER }
}

/// Roles with an inline policy of their own and a managed one that all of them share.
fn wanted(targets: &DestroyTargets, names: &[&str]) -> RolesRequest {
    let issuer = targets.roles.issuing().issuer.clone();
    let defaults = FileDefaults {
        issuer: issuer.clone(),
        audience: "sts.amazonaws.com".parse().unwrap(),
        partition: "aws".parse().unwrap(),
        tags: BTreeMap::new(),
    };
    // Names of policies are unique in an account.
    let cluster = issuer.path();
    let mut text = String::from("roles:\n");
    for name in names {
        text.push_str(&format!(
            "- name: {name}\n  serviceAccounts: [team/app]\n  inlinePolicies: {{own: p}}\n  createPolicies: {{shared-{cluster}: p}}\n"
        ));
    }
    let file = RolesFile::parse(&text, &defaults, &|_| Ok(POLICY.to_owned())).unwrap();
    let account = || ACCOUNT.parse().unwrap();
    let roles = file.roles.into_iter().map(|role| WantedRole { account: account(), spec: role.spec });
    RolesRequest { issuer, roles: roles.collect(), adopt: false }
}
