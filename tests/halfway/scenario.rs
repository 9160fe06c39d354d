//! What is disturbed, as data: what is there before, the words of one command, and how it ends undisturbed.

/// The one bucket.
pub(crate) const BUCKET: &str = "halfway-bucket";
/// The host of issuers that are no bucket; this harness's own web server stands there.
pub(crate) const OWN_HOST: &str = "issuer.example.test";
/// A thumbprint that is given.
pub(crate) const THUMBPRINT: &str = "0123456789abcdef0123456789abcdef01234567";
pub(crate) const ISSUER: &str = "https://halfway-bucket.s3.us-east-1.amazonaws.com";
const OWN_ISSUER: &str = "https://issuer.example.test";
/// In place of the port of the web server.
pub(crate) const PORT: &str = "{port}";
const CONNECT_TO: &str = "issuer.example.test:443:127.0.0.1:{port}";

/// What was done before the command that is disturbed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Before {
    /// A key directory was made, `keys`.
    Keys,
    /// Another public key stands in `keys/sa.pub` too.
    SecondKey,
    /// A run that went well.
    Run(&'static [&'static str]),
    /// A run that was killed when it had begun to ask this.
    Killed(&'static [&'static str], &'static str),
    /// A file was written.
    File(&'static str, &'static str),
    /// Somebody has changed the bucket.
    Others(&'static [Others]),
}

impl Before {
    /// Whether it may have changed something in the cloud.
    pub(crate) fn is_in_the_cloud(&self) -> bool {
        matches!(self, Self::Run(_) | Self::Killed(..) | Self::Others(_))
    }
}

/// What others do with the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    /// They made it.
    MakeBucket,
    /// They gave it a statement of their own.
    OwnStatement,
    /// They took its policy away.
    DropPolicy,
    /// They closed its access block.
    CloseBlock,
    /// They suspended versioning.
    SuspendVersioning,
    /// They deleted the discovery document.
    DropDiscovery,
}

/// Which parts of the harness run a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Not at all.
    Never,
    /// In CI's form with the faults that leave most behind; in the long form with all.
    Short,
    /// With all faults.
    Full,
}

/// One command and what is there before it.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) region: &'static str,
    pub(crate) before: &'static [Before],
    /// The command, to which `--yes` or `--check` is added.
    pub(crate) words: &'static [&'static str],
    /// How it ends when nothing disturbs it.
    pub(crate) ends: i32,
    pub(crate) umask: &'static str,
    /// Whether the bucket is somebody else's, and not handed over: nothing of it may be opened.
    pub(crate) foreign: bool,
    pub(crate) calls: Depth,
    pub(crate) files: Depth,
}

pub(crate) const PLAIN: Scenario = Scenario {
    name: "",
    region: "us-east-1",
    before: &[],
    words: &[],
    ends: 0,
    umask: "022",
    foreign: false,
    calls: Depth::Short,
    files: Depth::Never,
};

pub(crate) const BOOTSTRAP: &[&str] = &["bootstrap", "--bucket", BUCKET];
pub(crate) const PUBLISH: &[&str] = &["publish", "--bucket", BUCKET];

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}"#;
const OTHER_POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:*","Resource":"*"}]}"#;
const ROLE: &[&str] = &[
    "role",
    "apply",
    "--issuer",
    ISSUER,
    "--name",
    "app",
    "--service-account",
    "default/app",
    "--inline-policy",
    "first.json",
    "--policy-arn",
    "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    "--create-policy",
    "shared=first.json",
    "--tag",
    "team=a",
];

/// All of them.
pub(crate) static SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "bootstrap with a key",
        before: &[Before::Keys],
        words: BOOTSTRAP,
        calls: Depth::Full,
        ..PLAIN
    },
    Scenario {
        name: "bootstrap elsewhere",
        region: "eu-central-1",
        before: &[Before::Keys],
        words: &[
            "bootstrap",
            "--bucket",
            BUCKET,
            "--prefix",
            "clusters/one",
            "--tag",
            "team=a",
            "--audience",
            "sts.amazonaws.com",
            "--audience",
            "other",
            "--jwks-path",
            "keys.json",
        ],
        ..PLAIN
    },
    Scenario {
        name: "bootstrap makes its key",
        words: &[
            "bootstrap",
            "--bucket",
            BUCKET,
            "--algorithm",
            "es256",
            "--keys",
            "deep/down/keys",
            "--target",
            "kubeadm",
            "--out",
            "deep/out",
        ],
        umask: "077",
        files: Depth::Full,
        ..PLAIN
    },
    Scenario {
        name: "bootstrap on a half-made bucket",
        before: &[Before::Keys, Before::Killed(BOOTSTRAP, "s3 PUT halfway-bucket?publicAccessBlock")],
        words: BOOTSTRAP,
        ..PLAIN
    },
    Scenario {
        name: "bootstrap mends a bucket",
        before: &[
            Before::Keys,
            Before::Run(BOOTSTRAP),
            Before::Others(&[
                Others::DropPolicy,
                Others::CloseBlock,
                Others::SuspendVersioning,
                Others::DropDiscovery,
            ]),
            Before::File("out/kubeadm.yaml", "something else\n"),
        ],
        words: &["bootstrap", "--bucket", BUCKET, "--tag", "team=a", "--target", "systemd", "--out", "out"],
        files: Depth::Short,
        ..PLAIN
    },
    Scenario {
        name: "bootstrap with somebody's bucket",
        before: &[Before::Keys, Before::Others(&[Others::MakeBucket, Others::OwnStatement])],
        words: BOOTSTRAP,
        ends: 1,
        foreign: true,
        ..PLAIN
    },
    Scenario {
        name: "bootstrap adopts a bucket",
        before: &[Before::Keys, Before::Others(&[Others::MakeBucket, Others::OwnStatement])],
        words: &["bootstrap", "--bucket", BUCKET, "--adopt-bucket"],
        ..PLAIN
    },
    Scenario { name: "publish", before: &[Before::Keys], words: PUBLISH, files: Depth::Short, ..PLAIN },
    Scenario {
        name: "publish one more key",
        before: &[Before::Keys, Before::Run(PUBLISH), Before::SecondKey],
        words: PUBLISH,
        calls: Depth::Full,
        files: Depth::Full,
        ..PLAIN
    },
    Scenario {
        name: "register",
        before: &[Before::Keys, Before::Run(PUBLISH)],
        words: &["register", "--issuer", ISSUER, "--audience", "one", "--tag", "team=a"],
        calls: Depth::Full,
        ..PLAIN
    },
    Scenario {
        name: "register more",
        before: &[
            Before::Keys,
            Before::Run(PUBLISH),
            Before::Run(&["register", "--issuer", ISSUER, "--audience", "one", "--tag", "team=a"]),
        ],
        words: &[
            "register",
            "--issuer",
            ISSUER,
            "--audience",
            "two",
            "--audience",
            "three",
            "--tag",
            "team=b",
            "--thumbprint",
            THUMBPRINT,
        ],
        calls: Depth::Full,
        ..PLAIN
    },
    Scenario {
        name: "bootstrap in a directory",
        words: &[
            "bootstrap",
            "--dir",
            "www/site",
            "--issuer",
            OWN_ISSUER,
            "--connect-to",
            CONNECT_TO,
            "--algorithm",
            "es256",
            "--out",
            "out",
            "--target",
            "systemd",
            "--thumbprint",
            THUMBPRINT,
        ],
        umask: "077",
        files: Depth::Full,
        ..PLAIN
    },
    Scenario {
        name: "role apply",
        before: &[Before::Keys, Before::Run(BOOTSTRAP), Before::File("first.json", POLICY)],
        words: ROLE,
        calls: Depth::Full,
        ..PLAIN
    },
    Scenario {
        name: "role apply joins another cluster's role",
        before: &[
            Before::Keys,
            Before::Run(BOOTSTRAP),
            Before::File("first.json", POLICY),
            Before::Run(&[
                "role",
                "apply",
                "--issuer",
                OWN_ISSUER,
                "--name",
                "app",
                "--service-account",
                "default/first",
            ]),
        ],
        words: ROLE,
        ..PLAIN
    },
    Scenario {
        name: "role apply changes a role",
        before: &[
            Before::Keys,
            Before::Run(BOOTSTRAP),
            Before::File("first.json", POLICY),
            Before::Run(ROLE),
            Before::File("second.json", OTHER_POLICY),
        ],
        words: &[
            "role",
            "apply",
            "--issuer",
            ISSUER,
            "--name",
            "app",
            "--service-account",
            "default/app",
            "--service-account",
            "default/other",
            "--inline-policy",
            "second.json",
            "--permissions-boundary",
            "arn:aws:iam::aws:policy/AmazonS3FullAccess",
            "--create-policy",
            "shared=second.json",
            "--max-session",
            "7200",
            "--tag",
            "team=b",
        ],
        ..PLAIN
    },
    Scenario {
        name: "role delete",
        before: &[
            Before::Keys,
            Before::Run(BOOTSTRAP),
            Before::File("first.json", POLICY),
            Before::Run(ROLE),
        ],
        words: &["role", "delete", "app", "--issuer", ISSUER],
        ..PLAIN
    },
    Scenario {
        name: "destroy with the bucket",
        before: &[
            Before::Keys,
            Before::Run(BOOTSTRAP),
            Before::File("first.json", POLICY),
            Before::Run(ROLE),
        ],
        words: &["destroy", "--bucket", BUCKET, "--delete-bucket"],
        ..PLAIN
    },
    Scenario {
        name: "destroy and leave what is somebody's",
        before: &[
            Before::Keys,
            Before::Others(&[Others::MakeBucket, Others::OwnStatement]),
            Before::Run(&["bootstrap", "--bucket", BUCKET, "--adopt-bucket"]),
        ],
        words: &["destroy", "--bucket", BUCKET],
        ..PLAIN
    },
    Scenario {
        name: "publish one more key in a directory",
        before: &[
            Before::Keys,
            Before::Run(&["publish", "--dir", "site", "--issuer", OWN_ISSUER, "--skip-read-back"]),
            Before::SecondKey,
        ],
        words: &["publish", "--dir", "site", "--issuer", OWN_ISSUER, "--skip-read-back"],
        calls: Depth::Never,
        files: Depth::Full,
        ..PLAIN
    },
];

impl Scenario {
    /// Whether the command makes the key, so that no two runs have the same.
    pub(crate) fn makes_key(&self) -> bool {
        !self.before.iter().any(|before| matches!(before, Before::Keys))
    }

    /// Whether the bucket is somebody's who handed it over, now or before.
    pub(crate) fn adopts(&self) -> bool {
        let adopts = |words: &[&str]| words.contains(&"--adopt-bucket");
        adopts(self.words)
            || self.before.iter().any(|before| matches!(before, Before::Run(words) if adopts(words)))
    }

    /// Whether things are to go that were made before.
    pub(crate) fn destroys(&self) -> bool {
        self.words.first() == Some(&"destroy")
    }

    /// The key directory, below the directory of the run.
    pub(crate) fn keys(&self) -> &'static str {
        let at = self.words.iter().position(|word| *word == "--keys");
        at.and_then(|at| self.words.get(at + 1)).copied().unwrap_or("keys")
    }

    /// Where documents are published to in a directory.
    pub(crate) fn site(&self) -> Option<&'static str> {
        let at = self.words.iter().position(|word| *word == "--dir")?;
        self.words.get(at + 1).copied()
    }
}
