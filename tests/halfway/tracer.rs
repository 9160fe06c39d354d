//! Stops the program at each of its writes to a directory, and decides there how the write goes: a small
//! tracer on [ptrace(2)](https://man7.org/linux/man-pages/man2/ptrace.2.html).
//!
//! The program's runtime has one thread, so the sequence of its writes is the same in every run: a point is
//! named by the system call, its file, and which of these it is.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::program::{Ended, LIMIT};
use crate::registers::Registers;
use crate::syscalls::{Kind, Operand, Syscall};

/// The first word by which this harness starts itself to be traced and become the program.
pub(crate) const LAUNCH: &str = "--become-traced";

/// A write on its way.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    /// `write .issuerctl-*`, `renameat2 .issuerctl-* -> keys/sa.key`: stable from run to run.
    pub(crate) text: String,
    pub(crate) kind: Kind,
    /// How many bytes a write has; else nothing.
    pub(crate) length: u64,
}

/// How a write goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// As it would.
    Undisturbed,
    /// It is not made: the program is killed.
    KillBefore,
    /// It is made, and nothing after it.
    KillAfter,
    /// It fails.
    Fail(Errno),
    /// Half of its bytes are written.
    Shorten,
    /// It is made, and Ctrl-C is pressed.
    Interrupt,
}

/// Asks to be traced and becomes the program: never returns when that goes well.
pub(crate) fn become_traced(words: impl Iterator<Item = std::ffi::OsString>) -> ExitCode {
    let words: Vec<_> = words.collect();
    let Some((program, rest)) = words.split_first() else { return ExitCode::from(126) };
    let error = match ptrace::traceme() {
        Ok(()) => Command::new(program).args(rest).exec().to_string(),
        Err(error) => format!("this system does not permit ptrace, which the harness needs: {error}"),
    };
    eprintln!("{error}");
    ExitCode::from(126)
}

/// Runs a command to its end, asking at each write below `directory` how it goes. The calling thread traces.
pub(crate) fn trace(
    mut command: Command,
    directory: &Path,
    mut decide: impl FnMut(&Write) -> Course,
) -> Result<Ended, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start the program to trace: {error}"))?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let out = child.stdout.take().map(collect);
    let err = child.stderr.take().map(collect);
    let mut tracee = Tracee { main: pid, directory, threads: HashMap::new() };
    let (done, ended) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        let hangs = ended.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout);
        hangs && kill(pid, Signal::SIGKILL).is_ok()
    });
    let mut status = tracee.follow(&mut decide);
    drop(done);
    if watchdog.join().is_ok_and(|hangs| hangs) {
        status = Err(format!("the program hangs: it did not end in {} s", LIMIT.as_secs()));
    }
    if status.is_err() {
        let _ = kill(pid, Signal::SIGKILL);
    }
    let text = |reader: Option<thread::JoinHandle<Vec<u8>>>| {
        let bytes = reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (stdout, stderr) = (text(out), text(err));
    let status = status.map_err(|trouble| format!("{trouble}\n{stderr}"))?;
    Ok(Ended { status, stdout, stderr })
}

fn collect(mut pipe: impl std::io::Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before a broken pipe is what there is.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// What a thread of the program does after the stop at the beginning of a call.
#[derive(Default)]
struct Thread {
    seen: bool,
    course: Option<Course>,
}

struct Tracee<'a> {
    main: Pid,
    directory: &'a Path,
    threads: HashMap<Pid, Thread>,
}

impl Tracee<'_> {
    fn follow(&mut self, decide: &mut impl FnMut(&Write) -> Course) -> Result<ExitStatus, String> {
        let told = |error: Errno| format!("the tracer failed: {error}");
        // The stop at exec, for the program asked to be traced before it.
        match waitpid(self.main, Some(WaitPidFlag::__WALL)).map_err(told)? {
            WaitStatus::Stopped(_, Signal::SIGTRAP) => {}
            other => return Err(format!("the program could not be traced: {other:?}")),
        }
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_EXITKILL;
        ptrace::setoptions(self.main, options).map_err(told)?;
        self.threads.insert(self.main, Thread { seen: true, course: None });
        ptrace::syscall(self.main, None).map_err(told)?;
        loop {
            // This thread's own tracees, and no child of another thread.
            let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
            let status = waitpid(None, Some(flags)).map_err(told)?;
            let signal = match status {
                WaitStatus::Exited(pid, code) if pid == self.main => {
                    return Ok(ExitStatus::from_raw(code << 8));
                }
                WaitStatus::Signaled(pid, signal, _) if pid == self.main => {
                    return Ok(ExitStatus::from_raw(signal as i32));
                }
                WaitStatus::PtraceSyscall(pid) => self.at_call(pid, decide)?,
                WaitStatus::Stopped(pid, signal) => {
                    let thread = self.threads.entry(pid).or_default();
                    // The first stop of a new thread is the tracer's own doing.
                    let first = !std::mem::replace(&mut thread.seen, true);
                    (!first).then_some(signal)
                }
                _ => None,
            };
            let Some(pid) = status.pid() else { continue };
            // A process that was killed meanwhile is told of by the next wait.
            match ptrace::syscall(pid, signal) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => return Err(told(error)),
            }
        }
    }

    /// At the beginning or the end of a system call; a signal that goes to the program with it.
    fn at_call(
        &mut self,
        pid: Pid,
        decide: &mut impl FnMut(&Write) -> Course,
    ) -> Result<Option<Signal>, String> {
        let Ok(mut registers) = Registers::of(pid) else { return Ok(None) };
        let thread = self.threads.entry(pid).or_default();
        thread.seen = true;
        // A call that was skipped ends as it began: the kernel has no answer.
        if let Some(course) = thread.course.take() {
            match course {
                Course::KillAfter => {
                    let _ = kill(self.main, Signal::SIGKILL);
                }
                Course::Fail(errno) => {
                    registers.fail(errno);
                    registers.write(pid)?;
                }
                Course::Interrupt => {
                    let _ = kill(self.main, Signal::SIGINT);
                }
                _ => {}
            }
            return Ok(None);
        }
        if !registers.is_entry() {
            return Ok(None);
        }
        let Some(write) = self.write(pid, &registers) else { return Ok(None) };
        let course = decide(&write);
        match course {
            Course::KillBefore => {
                registers.skip();
                registers.write(pid)?;
                let _ = kill(self.main, Signal::SIGKILL);
            }
            Course::Fail(_) => {
                registers.skip();
                registers.write(pid)?;
            }
            Course::Shorten => {
                registers.set_length(write.length / 2);
                registers.write(pid)?;
            }
            _ => {}
        }
        self.threads.entry(pid).or_default().course = Some(course);
        Ok(None)
    }

    /// What is written, when it is below the directory.
    fn write(&self, pid: Pid, registers: &Registers) -> Option<Write> {
        let call = Syscall::of(registers.number())?;
        let argument = |at: usize| registers.argument(at);
        if call.kind == Kind::Open && !call.opens_for_writing(argument(usize::from(call.flags))) {
            return None;
        }
        let mut below = false;
        let mut names = Vec::new();
        for operand in call.operands {
            let path = match *operand {
                Operand::Descriptor(at) => descriptor(pid, argument(at))?,
                Operand::Path(at) => beside(working_directory(pid)?, &string(pid, argument(at))?),
                Operand::At(directory, at) => {
                    let named = string(pid, argument(at))?;
                    if named.as_os_str().is_empty() || named.is_relative() {
                        let directory = argument(directory);
                        // AT_FDCWD
                        let base = if directory.cast_signed() as i32 == -100 {
                            working_directory(pid)?
                        } else {
                            descriptor(pid, directory)?
                        };
                        beside(base, &named)
                    } else {
                        named
                    }
                }
                Operand::Text(at) => string(pid, argument(at))?,
            };
            below |= path.starts_with(self.directory);
            let relative = path.strip_prefix(self.directory).unwrap_or(&path);
            names.push(masked(relative));
        }
        let length = call.length.map_or(0, argument);
        let text = format!("{} {}", call.name, names.join(" -> "));
        below.then_some(Write { text, kind: call.kind, length })
    }
}

fn working_directory(pid: Pid) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

fn descriptor(pid: Pid, number: u64) -> Option<PathBuf> {
    let number = number.cast_signed() as i32;
    fs::read_link(format!("/proc/{pid}/fd/{number}")).ok()
}

fn beside(base: PathBuf, path: &Path) -> PathBuf {
    let mut joined = base;
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                joined.pop();
            }
            other => joined.push(other),
        }
    }
    joined
}

/// A string in the program's memory.
fn string(pid: Pid, address: u64) -> Option<PathBuf> {
    let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
    let mut bytes = Vec::new();
    let mut byte = [0_u8; 64];
    while bytes.len() < 4096 {
        let read = memory.read_at(&mut byte, address + bytes.len() as u64).ok()?;
        if read == 0 {
            return None;
        }
        match byte[..read].iter().position(|one| *one == 0) {
            Some(end) => {
                bytes.extend_from_slice(&byte[..end]);
                return String::from_utf8(bytes).ok().map(PathBuf::from);
            }
            None => bytes.extend_from_slice(&byte[..read]),
        }
    }
    None
}

/// A path without its random parts.
fn masked(path: &Path) -> String {
    let parts = path.components().map(|part| {
        let part = part.as_os_str().to_string_lossy().into_owned();
        if part.starts_with(crate::snapshot::TEMPORARY) {
            format!("{}*", crate::snapshot::TEMPORARY)
        } else {
            part
        }
    });
    let text = parts.collect::<Vec<_>>().join("/");
    if text.is_empty() { ".".to_owned() } else { text }
}
