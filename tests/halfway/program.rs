//! Runs issuerctl as a user would: its own words, an environment made from scratch, no terminal.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::oneshot;

/// A run that takes longer hangs; nothing asks how long one takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(180);

/// How a run ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    pub(crate) fn was_killed(&self) -> bool {
        self.status.signal() == Some(Signal::SIGKILL as i32)
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.status)?;
        self.stderr.lines().try_for_each(|line| writeln!(f, "  stderr: {line}"))
    }
}

/// The words, the environment and the place of a run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) program: PathBuf,
    pub(crate) words: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) directory: PathBuf,
    /// The umask, in octal digits.
    pub(crate) umask: &'static str,
}

impl Run {
    pub(crate) fn command(&self) -> Command {
        self.within(&[])
    }

    /// The same, started by this harness itself, which lets itself be traced.
    pub(crate) fn traced(&self) -> Command {
        // By this name it is found even when another build has taken its place.
        self.within(&["/proc/self/exe".into(), crate::tracer::LAUNCH.into()])
    }

    fn within(&self, launcher: &[OsString]) -> Command {
        let set = format!("umask {}; exec \"$0\" \"$@\"", self.umask);
        let shell = ["/bin/sh".into(), "-c".into(), set.into()];
        let program = self.program.clone().into();
        let mut all = launcher.iter().cloned().chain(shell).chain([program]);
        let mut command = Command::new(all.next().unwrap_or_default());
        command.args(all).args(&self.words).current_dir(&self.directory).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Starts a run and waits for its end; `started` is told its process id before anything else happens here.
pub(crate) async fn run(run: &Run, started: impl FnOnce(Pid)) -> Result<Ended, String> {
    let mut command = run.command();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(|error| format!("cannot start the program: {error}"))?;
    let pid = Pid::from_raw(child.id().cast_signed());
    started(pid);
    let (tell, mut told) = oneshot::channel();
    thread::spawn(move || tell.send(child.wait_with_output()));
    let output = tokio::select! {
        output = &mut told => output,
        () = tokio::time::sleep(LIMIT) => {
            let _ = kill(pid, Signal::SIGKILL);
            return Err(format!("the program hangs: it did not end in {} s", LIMIT.as_secs()));
        }
    };
    let output = output.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Ended { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) })
}
