//! The one way to the cluster: `kubectl`, as the user has it.
//!
//! Contexts, exec plugins and proxies are kubectl's business: nothing of a kubeconfig is read here. A call
//! gets its arguments without a shell, no terminal, a bounded time and a bounded answer, and is ended with
//! us.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fmt, io};

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::kubectl_error::KubectlError;
use crate::plain::plain;

/// How long one call of kubectl may take.
pub const KUBECTL_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest answer of kubectl that is read.
pub const MAX_KUBECTL_BYTES: usize = 32 << 20;

/// As much of what kubectl complains as is read.
const MAX_COMPLAINT_BYTES: usize = 64 << 10;

/// What kubectl gets beyond its own time limit, so that it is kubectl that says what did not answer.
const GRACE: Duration = Duration::from_secs(2);

/// How kubectl is run.
#[derive(Clone)]
pub struct Kubectl {
    /// The program: a name on PATH, or a path.
    pub program: PathBuf,
    /// What stands before the arguments of each call.
    pub arguments: Vec<OsString>,
    /// How long a call may take.
    pub time_limit: Duration,
    /// Is told of each call when it has ended.
    pub observer: Option<KubectlObserver>,
}

/// Is told of each call of kubectl.
pub type KubectlObserver = Arc<dyn Fn(&KubectlCall) + Send + Sync>;

/// One call of kubectl that has ended: nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubectlCall {
    /// The command.
    pub command: String,
    /// Whether it answered.
    pub succeeded: bool,
    /// How long it took.
    pub elapsed: Duration,
}

impl Default for Kubectl {
    fn default() -> Self {
        Self {
            program: PathBuf::from("kubectl"),
            arguments: Vec::new(),
            time_limit: KUBECTL_TIMEOUT,
            observer: None,
        }
    }
}

impl fmt::Debug for Kubectl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kubectl")
            .field("program", &self.program)
            .field("arguments", &self.arguments)
            .field("time_limit", &self.time_limit)
            .finish_non_exhaustive()
    }
}

impl Kubectl {
    /// Runs one call and returns what it answers; `input` is what it reads from its standard input.
    ///
    /// # Errors
    /// When kubectl cannot be run, fails, or gives no whole answer in time.
    pub async fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, KubectlError> {
        let start = Instant::now();
        let result = self.call(arguments, input).await;
        if let Some(observer) = &self.observer {
            let (command, succeeded) = (self.command(arguments), result.is_ok());
            observer(&KubectlCall { command, succeeded, elapsed: start.elapsed() });
        }
        result
    }

    /// Runs one call that answers JSON.
    ///
    /// # Errors
    /// As [`Kubectl::run`], and when the answer is no JSON.
    pub async fn json(&self, arguments: &[&str], input: &[u8]) -> Result<Value, KubectlError> {
        let answer = self.run(arguments, input).await?;
        serde_json::from_slice(&answer)
            .map_err(|source| KubectlError::NotJson { command: self.command(arguments), source })
    }

    async fn call(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, KubectlError> {
        let command = || self.command(arguments);
        let broken = |source| KubectlError::Broken { command: command(), source };
        let mut child = self.start(arguments, input).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => KubectlError::Missing { program: self.program.clone() },
            _ => broken(source),
        })?;
        let limit = self.time_limit + GRACE;
        let (answer, complaint, succeeded) = tokio::time::timeout(limit, talk(&mut child, input))
            .await
            .map_err(|_| KubectlError::Timeout { command: command(), limit })?
            .map_err(|source| match source.kind() {
                io::ErrorKind::FileTooLarge => KubectlError::TooLarge { command: command() },
                _ => broken(source),
            })?;
        if succeeded {
            return Ok(answer);
        }
        let message = said(&complaint);
        Err(if message.contains("(Forbidden)") {
            KubectlError::Forbidden { command: command(), message }
        } else if message.contains("(NotFound)") {
            KubectlError::NotFound { command: command(), message }
        } else {
            KubectlError::Failed { command: command(), message }
        })
    }

    /// The command as a user writes it.
    fn command(&self, arguments: &[&str]) -> String {
        let before: String =
            self.arguments.iter().map(|word| format!("{} ", word.to_string_lossy())).collect();
        format!("kubectl {before}{}", arguments.join(" "))
    }

    fn start(&self, arguments: &[&str], input: &[u8]) -> io::Result<Child> {
        Command::new(&self.program)
            .args(&self.arguments)
            .args(arguments)
            .arg(format!("--request-timeout={}s", self.time_limit.as_secs().max(1)))
            .stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }
}

/// Gives a child its input and takes all that it says: its answer, its complaint, and whether it succeeded.
async fn talk(child: &mut Child, input: &[u8]) -> io::Result<(Vec<u8>, Vec<u8>, bool)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // Who does not read to the end says by its exit code whether it minds.
            let _ = stdin.write_all(input).await;
        }
        Ok(())
    };
    let answer = async {
        let mut answer = Vec::new();
        if let Some(stdout) = stdout {
            stdout.take(MAX_KUBECTL_BYTES as u64 + 1).read_to_end(&mut answer).await?;
        }
        // One that is too long is not waited for: it may never end.
        if answer.len() > MAX_KUBECTL_BYTES { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(answer) }
    };
    let complaint = async {
        match stderr {
            Some(stderr) => first_bytes(stderr).await,
            None => Ok(Vec::new()),
        }
    };
    let ((), answer, complaint) = futures_util::future::try_join3(write, answer, complaint).await?;
    Ok((answer, complaint, child.wait().await?.success()))
}

/// Keeps the beginning of a stream and drops the rest, so that who writes it never waits.
async fn first_bytes(mut stream: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    (&mut stream).take(MAX_COMPLAINT_BYTES as u64).read_to_end(&mut kept).await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok(kept)
}

/// Picks the line that says why kubectl failed: warnings and logged lines come before it.
fn said(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_error = |line: &&str| line.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("error"));
    lines().find(is_error).or_else(|| lines().next_back()).map_or_else(|| "it says nothing".to_owned(), plain)
}
