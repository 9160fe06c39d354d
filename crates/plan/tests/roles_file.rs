//! Files of roles: what they say, and that each mistake is told with its line and its path.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use issuer_plan::{FileAccount, FileDefaults, RolesFile, RolesFileError};

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}"#;

fn defaults() -> FileDefaults {
    FileDefaults {
        issuer: "https://issuer.example/prod".parse().unwrap(),
        audience: "sts.amazonaws.com".parse().unwrap(),
        partition: "aws".parse().unwrap(),
        tags: BTreeMap::from([
            ("cluster".to_owned(), "flag".to_owned()),
            ("by".to_owned(), "flag".to_owned()),
        ]),
    }
}

/// Three files: a policy, one that is none, and one that is too large to be managed.
fn read(path: &Path) -> io::Result<String> {
    match path.to_str().unwrap() {
        "policies/p.json" => Ok(POLICY.to_owned()),
        "trust.json" => Ok(POLICY.replace("\"Resource\"", "\"Principal\":\"*\",\"Resource\"")),
        "text.txt" => Ok("s3:GetObject".to_owned()),
        "large.json" => Ok(POLICY.replace("/*", &"x".repeat(6200))),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

fn parse(text: &str) -> Result<RolesFile, RolesFileError> {
    RolesFile::parse(text, &defaults(), &read)
}

#[test]
fn everything_that_can_be_said_is_taken() {
    let file = parse(
        r#"# The roles of one cluster.
accounts:
  "222222222222": {assumeRole: "arn:aws:iam::222222222222:role/deployer"}
  '033333333333':
    profile: prod
defaults:
  account: "222222222222"
  tags: {team: platform, cluster: file}
  maxSession: 7200
  path: /ours/
  permissionsBoundary: arn:aws:iam::222222222222:policy/edge
  audience: from.defaults
roles:
  - name: s3-reader
    serviceAccounts: [default/app, batch/app]
    subjectPatterns: ["system:serviceaccount:team-*:app"]
    policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
    inlinePolicies:
      logs: policies/p.json
      own: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: ["s3:PutObject"], Resource: "*"}]}
    createPolicies: {shared: policies/p.json}

  - name: other
    account: "033333333333"
    serviceAccounts: [default/other]
    createPolicies: {shared: policies/p.json}
    path: /teams/
    maxSession: 3600
    permissionsBoundary: arn:aws:iam::033333333333:policy/own
    tags: {cluster: role}
    audience: own
"#,
    )
    .unwrap();
    let accounts: Vec<_> = file.accounts.iter().map(|(id, way)| (id.as_str(), way.clone())).collect();
    let deployer = "arn:aws:iam::222222222222:role/deployer".parse().unwrap();
    assert_eq!(
        accounts,
        [
            ("033333333333", FileAccount::Profile("prod".to_owned())),
            ("222222222222", FileAccount::AssumeRole(deployer)),
        ]
    );

    let [reader, other] = &file.roles[..] else { panic!("{:?}", file.roles) };
    assert_eq!((reader.line, other.line), (14, 23));
    assert_eq!(reader.account.as_ref().unwrap().as_str(), "222222222222");
    let spec = &reader.spec;
    let subjects: Vec<String> = spec.subjects.iter().map(ToString::to_string).collect();
    assert_eq!(subjects, ["batch/app", "default/app", "system:serviceaccount:team-*:app"]);
    assert_eq!(spec.attach.iter().next().unwrap().as_str(), "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess");
    let inline: Vec<(&str, String)> =
        spec.inline.iter().map(|(name, document)| (name.as_str(), document.to_json())).collect();
    let own = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:PutObject"],"Resource":"*"}]}"#;
    assert_eq!(inline, [("logs", POLICY.to_owned()), ("own", own.to_owned())]);
    assert_eq!(spec.create.values().next().unwrap().to_json(), POLICY);
    assert_eq!(spec.path.as_ref().unwrap().as_str(), "/ours/");
    assert_eq!(spec.max_session, Some(Duration::from_secs(7200)));
    assert_eq!(spec.boundary.as_ref().unwrap().as_str(), "arn:aws:iam::222222222222:policy/edge");
    assert_eq!(spec.audience.as_str(), "from.defaults");
    let tags: Vec<_> = spec.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("by", "flag"), ("cluster", "file"), ("team", "platform")]);

    assert_eq!(other.account.as_ref().unwrap().as_str(), "033333333333");
    assert_eq!(other.spec.path.as_ref().unwrap().as_str(), "/teams/");
    assert_eq!(other.spec.max_session, Some(Duration::from_secs(3600)));
    assert_eq!(other.spec.boundary.as_ref().unwrap().as_str(), "arn:aws:iam::033333333333:policy/own");
    assert_eq!(other.spec.audience.as_str(), "own");
    assert_eq!(other.spec.tags["cluster"], "role");
}

#[test]
fn a_preset_gives_name_policy_and_service_account() {
    let file = parse(
        "roles:\n- preset: external-dns\n- preset: cert-manager\n  name: certs\n  serviceAccounts: [tls/issuer]\n",
    )
    .unwrap();
    let [dns, certs] = &file.roles[..] else { panic!("{:?}", file.roles) };
    let preset: issuer_registrar::Preset = "external-dns".parse().unwrap();
    assert_eq!(dns.spec.name.as_str(), "external-dns");
    assert_eq!(dns.spec.service_accounts().next(), Some(&preset.service_account()));
    let (name, document) = dns.spec.inline.iter().next().unwrap();
    assert_eq!(
        (name.as_str(), document),
        ("external-dns", &preset.policy(defaults().partition, None).unwrap())
    );
    assert_eq!(certs.spec.name.as_str(), "certs");
    assert_eq!(certs.spec.service_accounts().next().unwrap().to_string(), "tls/issuer");

    let file = parse("roles:\n- preset: external-dns\n  hardened: {zones: [Z0123456789]}\n").unwrap();
    let narrowed = file.roles[0].spec.inline.values().next().unwrap().to_json();
    assert!(narrowed.contains("hostedzone/Z0123456789"), "{narrowed}");
}

#[test]
fn anchors_stand_for_what_they_name() {
    let file = parse(
        "roles:\n- name: a\n  serviceAccounts: [d/a]\n  inlinePolicies: &p\n    x: policies/p.json\n\
         - {name: b, serviceAccounts: [d/b], inlinePolicies: *p}\n",
    )
    .unwrap();
    assert_eq!(file.roles[0].spec.inline, file.roles[1].spec.inline);
}

#[test]
fn a_preset_is_as_narrow_as_each_role_has_it() {
    let narrowings = ["", "zones: [Z0123456789]", "", "zones: [Z9876543210]", "zones: [Z0123456789]"];
    let mut text = String::from("roles:\n");
    for (narrowing, index) in narrowings.iter().zip(0..) {
        text.push_str(&format!("- name: role-{index}\n  preset: external-dns\n"));
        if !narrowing.is_empty() {
            text.push_str(&format!("  hardened: {{{narrowing}}}\n"));
        }
    }
    let file = parse(&text).unwrap();
    let policies: Vec<String> =
        file.roles.iter().map(|role| role.spec.inline.values().next().unwrap().to_json()).collect();
    assert!(!policies[0].contains("hostedzone/Z") && policies[0] == policies[2]);
    assert!(policies[1].contains("hostedzone/Z0123456789") && policies[1] == policies[4]);
    assert!(policies[3].contains("hostedzone/Z9876543210"));
}

#[test]
fn what_iam_would_not_take_of_a_role_is_told_with_its_line_and_its_path() {
    let many =
        |count: usize, item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<Vec<_>>().join(", ");
    let arns = many(21, &|n| format!("arn:aws:iam::aws:policy/P{n}"));
    let accounts = many(150, &|n| format!("team-{n}/{}", "a".repeat(40)));
    let tags = many(46, &|n| format!("t{n}: x"));
    let version = r#"{Version: "2008-10-17", Statement: {Effect: Allow, Action: "s3:*", Resource: "*"}}"#;
    let elsewhere = "arn:aws:iam::222222222222:policy/p";
    let there = "account: \"222222222222\"\n    ";
    let table = [
        ("tags: {issuerctl:managed: created}".to_owned(), "keys that begin with issuerctl: are set by this"),
        (format!("tags: {{{tags}}}"), "would have 51 tags with those of ours; IAM takes 50"),
        (format!("policyArns: [{arns}]"), "would have 21 policies attached; IAM takes 10, and 20 at most"),
        (format!("createPolicies: {{x: {version}}}"), "has to have the Version \"2012-10-17\""),
        (format!("inlinePolicies: {{{}: policies/p.json}}", "x".repeat(120)), "which is over 128 characters"),
        ("createPolicies: {x: policies/p.json, X: policies/p.json}".to_owned(), "to IAM these are one name"),
        (
            "policyArns: [\"arn:aws-cn:iam::aws:policy/A\"]".to_owned(),
            "cannot have the policy arn:aws-cn:iam::aws:policy/A",
        ),
        (
            format!(
                "policyArns: [\"{elsewhere}\"]\n    permissionsBoundary: arn:aws:iam::333333333333:policy/b"
            ),
            "cannot have the policy arn:aws:iam::333333333333:policy/b",
        ),
        (
            format!("{there}permissionsBoundary: arn:aws:iam::333333333333:policy/b"),
            "cannot have the policy arn:aws:iam::333333333333:policy/b",
        ),
    ];
    for (member, expected) in table {
        let error = parse(&role(&member)).map(|file| file.roles.len()).unwrap_err().to_string();
        assert!(error.starts_with("line 4, roles[1]: ") && error.contains(expected), "{member}\n{error}");
    }
    let trust = format!("roles:\n- name: a\n  serviceAccounts: [{accounts}]\n");
    let error = parse(&trust).unwrap_err().to_string();
    assert!(error.starts_with("line 2, roles[0]: the trust policy of the role a would have "), "{error}");
    assert!(error.contains("IAM takes 2048"), "{error}");
    // Whose account it is, nobody knows yet: policies of one account are no mistake.
    for own in ["", there] {
        let member = format!("{own}policyArns: [\"{elsewhere}\", \"arn:aws:iam::aws:policy/A\"]");
        assert_eq!(parse(&role(&member)).unwrap().roles.len(), 2, "{member}");
    }
}

#[test]
fn a_text_that_is_small_enough_for_one_use_is_not_for_another() {
    let first = role("inlinePolicies: {x: large.json}");
    assert_eq!(parse(&first).unwrap().roles.len(), 2);
    let text = format!(
        "{first}  - name: b\n    serviceAccounts: [default/b]\n    createPolicies: {{x: large.json}}\n"
    );
    let error = parse(&text).unwrap_err().to_string();
    assert!(
        error.starts_with("line 9, roles[2].createPolicies.x: large.json: an identity policy of 6"),
        "{error}"
    );
}

/// Puts a member into a role that is good without it.
fn role(member: &str) -> String {
    format!(
        "roles:\n  - name: fine\n    serviceAccounts: [default/fine]\n  - name: a\n    serviceAccounts: [default/app]\n    {member}\n"
    )
}

#[test]
fn each_mistake_is_told_with_its_line_and_its_path() {
    let statement =
        r#"{Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*", Condition: "#;
    let condition = |value: &str| role(&format!("inlinePolicies: {{x: {statement}{value}}}]}}}}"));
    let table = [
        ("", "line 1, the document: the file is empty"),
        ("# nothing\n", "line 1, the document: the file is empty"),
        ("roles: []\n", "line 1, roles: the list is empty"),
        ("roles:\n", "line 1, roles: here stands a list, and not nothing"),
        ("accounts: {}\n", "line 1, the document: it needs a list of roles"),
        ("- name: a\n", "line 1, the document: here stands a mapping, and not a list"),
        ("rolls: []\n", "line 1, rolls: there is no such member; there are accounts, defaults, roles"),
        ("roles:\n- name: a\nroles:\n- name: b\n", "line 3, roles: this member stands on line 1 already"),
        ("roles: [\n", "line 1: this is not YAML that can be read: "),
        ("roles:\n- name: 'a\n", "line 2: this is not YAML that can be read: "),
        ("roles:\n  - name: a\n  b: c\n", "line 3: this is not YAML that can be read: "),
        ("roles: *gone\n", "line 1: this is not YAML that can be read: "),
        ("roles: !made up\n", "line 1: this is not YAML that can be read: "),
        ("---\nroles: []\n---\nroles: []\n", "a second document begins; one is read"),
        ("roles:\n- just-a-name\n", "line 2, roles[0]: here stands a mapping, and not text"),
        ("roles:\n- serviceAccounts: [d/a]\n", "line 2, roles[0]: the role has no name, and no preset"),
        ("roles:\n- name: a\n", "line 2, roles[0]: nobody could assume the role: give serviceAccounts"),
        ("roles:\n- name: a b\n  serviceAccounts: [d/a]\n", "line 2, roles[0].name: "),
        (
            "roles:\n- name: 12\n  serviceAccounts: [d/a]\n",
            "line 2, roles[0].name: YAML does not take 12 for text; put it in quotes: \"12\"",
        ),
        (
            "roles:\n- name: yes\n  serviceAccounts: [d/a]\n",
            "line 2, roles[0].name: YAML does not take yes for text",
        ),
        (
            &role("polcyArns: []"),
            "line 6, roles[1].polcyArns: there is no such member; there are name, account, ",
        ),
        (&role("name: b"), "line 6, roles[1].name: this member stands on line 4 already"),
        (
            &role("account: 222222222222"),
            "line 6, roles[1].account: an account id stands in quotes, or YAML takes it for a number: \"222222222222\"",
        ),
        (
            &role("account: 12345678901"),
            "line 6, roles[1].account: an account id is twelve digits in quotes, and not 12345678901; where it begins with 0",
        ),
        (
            &role("account: 012345678901"),
            "line 6, roles[1].account: an account id stands in quotes, or YAML takes it for a number: \"012345678901\"",
        ),
        (&role("account: \"1234\""), "line 6, roles[1].account: `1234` is not an AWS account id"),
        (
            &role("subjectPatterns:\n      - system:serviceaccount:*:*"),
            "line 7, roles[1].subjectPatterns[0]: ",
        ),
        (
            &role("policyArns:\n    - arn:aws:iam::aws:policy/A\n    - nonsense"),
            "line 8, roles[1].policyArns[1]: ",
        ),
        (&role("policyArns: nonsense"), "line 6, roles[1].policyArns: here stands a list, and not text"),
        (
            &role("preset: external-dsn"),
            "line 6, roles[1].preset: there is no preset \"external-dsn\"; there are aws-load-balancer-controller, ",
        ),
        (
            &role("hardened: {}"),
            "line 6, roles[1].hardened: only a preset is narrowed, and the role has none",
        ),
        (
            &role("preset: external-dns\n    hardened: {zone: [Z1]}"),
            "line 7, roles[1].hardened.zone: there is no such member; there are zones, cluster, resourceArns",
        ),
        (&role("preset: external-dns\n    hardened: {zones: [/]}"), "line 7, roles[1].hardened: "),
        (
            &role("preset: external-dns\n    inlinePolicies: {external-dns: policies/p.json}"),
            "line 7, roles[1].inlinePolicies: external-dns is the name of the preset's policy",
        ),
        (&role("permissionsBoundary: edge"), "line 6, roles[1].permissionsBoundary: "),
        (&role("path: teams"), "line 6, roles[1].path: "),
        (
            &role("maxSession: 1h"),
            "line 6, roles[1].maxSession: the longest session is a number of seconds, from 3600 to 43200",
        ),
        (&role("maxSession: 43201"), "line 6, roles[1].maxSession: the longest session"),
        (&role("audience: ''"), "line 6, roles[1].audience: "),
        (&role("tags: [a]"), "line 6, roles[1].tags: here stands a mapping, and not a list"),
        (
            &role("tags: {a: 1}"),
            "line 6, roles[1].tags.a: YAML does not take 1 for text; put it in quotes: \"1\"",
        ),
        (&role("tags: {\"a b\": ~}"), "line 6, roles[1].tags.\"a b\": "),
        (&role("inlinePolicies: {x: gone.json}"), "line 6, roles[1].inlinePolicies.x: cannot read gone.json"),
        (
            &role("inlinePolicies: {x: text.txt}"),
            "line 6, roles[1].inlinePolicies.x: text.txt: the policy cannot be read: expected value at line 1",
        ),
        (
            &role("inlinePolicies: {x: trust.json}"),
            "line 6, roles[1].inlinePolicies.x: trust.json: statement 1 cannot stand in an identity policy: a Principal is not for it",
        ),
        (
            &role("createPolicies: {x: large.json}"),
            "line 6, roles[1].createPolicies.x: large.json: an identity policy of 6",
        ),
        (
            &role("inlinePolicies: {x: large.json, y: large.json}"),
            "line 6, roles[1].inlinePolicies: the inline policies of a role have 10240 characters together at most, these have 12",
        ),
        (&role("inlinePolicies: {'x y': policies/p.json}"), "line 6, roles[1].inlinePolicies.\"x y\": "),
        (
            &role("inlinePolicies:\n      x:\n        Statement: []"),
            "line 8, roles[1].inlinePolicies.x: an identity policy needs at least one statement",
        ),
        (
            &role(
                "inlinePolicies:\n      x:\n        Statement:\n          Effect: Allow\n          Effect: Deny",
            ),
            "line 10, roles[1].inlinePolicies.x.Statement.Effect: this member stands on line 9 already",
        ),
        (
            &condition("{Bool: {\"aws:SecureTransport\": yes}}"),
            "line 6, roles[1].inlinePolicies.x.Statement[0].Condition.Bool.\"aws:SecureTransport\": YAML does not take yes for text; put it in quotes: \"yes\"",
        ),
        (
            &condition("{StringEquals: {\"aws:SourceAccount\": 012345678901}}"),
            "put it in quotes: \"012345678901\"",
        ),
        (&condition("{NumericLessThan: {\"s3:TlsVersion\": 1.10}}"), "put it in quotes: \"1.10\""),
        (&condition("{NumericLessThan: {\"s3:TlsVersion\": ~}}"), "put it in quotes: \"~\""),
        (
            "accounts: {222222222222: {profile: p}}\n",
            "line 1, accounts.222222222222: an account id stands in quotes",
        ),
        ("accounts: {\"22\": {profile: p}}\n", "line 1, accounts.22: an account id is twelve digits"),
        (
            "accounts:\n  \"222222222222\": {}\n",
            "line 2, accounts.222222222222: an account is entered by assumeRole or by profile",
        ),
        (
            "accounts:\n  \"222222222222\":\n    profile: p\n    role: r\n",
            "line 4, accounts.222222222222.role: there is no such member; there are assumeRole, profile",
        ),
        (
            "accounts:\n  \"222222222222\":\n    assumeRole: deployer\n",
            "line 3, accounts.222222222222.assumeRole: `deployer` is not the ARN of a role",
        ),
        (
            "accounts:\n  \"222222222222\":\n    assumeRole: arn:aws:iam::111111111111:role/x\n",
            "line 3, accounts.222222222222.assumeRole: this role lies in the account 111111111111, not in 222222222222",
        ),
        (
            "defaults:\n  name: a\n",
            "line 2, defaults.name: there is no such member; there are account, permissionsBoundary, ",
        ),
        ("defaults:\n  account: 1\n", "line 2, defaults.account: an account id is twelve digits"),
    ];
    for (text, expected) in table {
        let error = parse(text).map(|file| file.roles.len()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}\nsaid     {error}\nexpected {expected}");
        assert!(!error.contains('\n'), "{error}");
    }
    for account in ["app", "default", "Default/app", "a/b/c", "default/", "system:serviceaccount:a:b"] {
        let text = format!("roles:\n- name: a\n  serviceAccounts:\n  - d/fine\n  - {account:?}\n");
        let error = parse(&text).map(|file| file.roles.len()).unwrap_err().to_string();
        assert!(error.starts_with("line 5, roles[0].serviceAccounts[1]: "), "{error}");
    }
}

#[test]
fn one_name_is_given_once_in_an_account() {
    let two = |first: &str, second: &str| {
        parse(&format!(
            "roles:\n- {{serviceAccounts: [d/a], {first}}}\n\n- {{serviceAccounts: [d/a], {second}}}\n"
        ))
        .map(|file| file.roles.len())
        .map_err(|error| error.to_string())
    };
    let here = "account: \"222222222222\"";
    assert_eq!(two("name: a", "name: b"), Ok(2));
    assert_eq!(two("name: a", &format!("name: a, {here}")), Ok(2));
    let said = "line 4, roles[1]: the role A stands on line 2 already; in one account a name is given once, whatever its path and its capitals";
    assert_eq!(two("name: a", "name: A, path: /x/"), Err(said.to_owned()));
    assert!(two(&format!("name: a, {here}"), &format!("name: a, {here}")).is_err());

    let policies = |file: &str| format!("createPolicies: {{p: {file}}}");
    let other = r#"{Version: "2012-10-17", Statement: {Effect: Deny, Action: "*", Resource: "*"}}"#;
    let first = format!("name: a, {}", policies("policies/p.json"));
    assert_eq!(two(&first, &format!("name: b, {}", policies("policies/p.json"))), Ok(2));
    assert_eq!(two(&first, &format!("name: b, {here}, {}", policies(other))), Ok(2));
    let said = two(&first, &format!("name: b, {}", policies(other))).unwrap_err();
    assert!(
        said.starts_with("line 4, roles[1].createPolicies: the role on line 2 makes a policy p too"),
        "{said}"
    );
}

#[test]
fn what_json_and_yaml_agree_on_becomes_the_same_json() {
    let yaml = "roles:\n- name: a\n  serviceAccounts: [d/a]\n  inlinePolicies:\n    x:\n      Version: 2012-10-17\n      Statement:\n      - Effect: Allow\n        Action: ['s3:GetObject', \"s3:PutObject\"]\n        Resource: arn:aws:s3:::b/*\n        Condition:\n          Bool: {aws:SecureTransport: true}\n          NumericLessThan: {s3:max-keys: 10, s3:TlsVersion: 1.2}\n          StringEquals: {aws:SourceAccount: \"012345678901\"}\n";
    let file = parse(yaml).unwrap();
    assert_eq!(
        file.roles[0].spec.inline.values().next().unwrap().to_json(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":true},"NumericLessThan":{"s3:max-keys":10,"s3:TlsVersion":1.2},"StringEquals":{"aws:SourceAccount":"012345678901"}}}]}"#
    );
}

#[test]
fn five_thousand_roles_are_read_and_each_policy_file_once() {
    let mut text = String::from("roles:\n");
    for index in 0..5000 {
        text.push_str(&format!(
            "  - name: role-{index}\n    serviceAccounts: [team/app-{index}]\n    inlinePolicies: {{p: policies/p.json}}\n    createPolicies: {{shared: policies/p.json}}\n"
        ));
    }
    let reads = Cell::new(0);
    let counted = |path: &Path| {
        reads.set(reads.get() + 1);
        read(path)
    };
    let file = RolesFile::parse(&text, &defaults(), &counted).unwrap();
    assert_eq!((file.roles.len(), reads.get()), (5000, 1));
    assert_eq!((file.roles[4999].spec.name.as_str(), file.roles[4999].line), ("role-4999", 19998));
    // The last role is looked at as the first one is.
    let error = parse(&format!("{text}  - name: role-0\n    serviceAccounts: [team/app]\n")).unwrap_err();
    assert!(
        error.to_string().starts_with("line 20002, roles[5000]: the role role-0 stands on line 2 already"),
        "{error}"
    );
}

#[test]
fn what_repeats_itself_without_end_is_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert!(parse(&text).unwrap_err().to_string().contains("this is not YAML that can be read"));
    let deep = format!("roles: {}{}\n", "[".repeat(5000), "]".repeat(5000));
    assert!(parse(&deep).is_err());
}
