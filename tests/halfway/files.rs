//! Every file write of every scenario, and all that can go wrong with it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use tokio::sync::oneshot;

use crate::invariants::{self, Finished, Reference};
use crate::program::Ended;
use crate::scenario::{Depth, Scenario};
use crate::scene::{Scene, UNREACHED};
use crate::shelf::Shelf;
use crate::syscalls::Kind;
use crate::tracer::{self, Course, Write};

/// One write: what it is, and which of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilePoint {
    text: String,
    nth: u32,
}

/// What goes wrong with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileFault {
    KillBefore,
    KillAfter,
    Interrupt,
    /// The disk is full from here on.
    Full,
    /// The file system is read-only from here on.
    ReadOnly,
    /// The directories may not be written to from here on.
    Denied,
    /// The disk fails once.
    Broken,
}

impl FileFault {
    const ALL: [Self; 7] = [
        Self::KillBefore,
        Self::KillAfter,
        Self::Interrupt,
        Self::Full,
        Self::ReadOnly,
        Self::Denied,
        Self::Broken,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::KillBefore => "SIGKILL before",
            Self::KillAfter => "SIGKILL after",
            Self::Interrupt => "Ctrl-C",
            Self::Full => "disk full from here",
            Self::ReadOnly => "read-only file system from here",
            Self::Denied => "no permission from here",
            Self::Broken => "input/output error",
        }
    }

    /// How the write at the point goes; `after` says that the point was passed.
    fn course(self, write: &Write, after: bool) -> Course {
        let kind = write.kind;
        match self {
            Self::Full if !after && kind == Kind::Bytes && write.length > 1 => Course::Shorten,
            Self::Full if kind.needs_room(&write.text) => Course::Fail(Errno::ENOSPC),
            Self::ReadOnly if kind.needs_write_access() => Course::Fail(Errno::EROFS),
            Self::Denied if kind.needs_write_access() && kind != Kind::Mode && kind != Kind::Size => {
                Course::Fail(Errno::EACCES)
            }
            Self::Full | Self::ReadOnly | Self::Denied => Course::Undisturbed,
            _ if after => Course::Undisturbed,
            Self::KillBefore => Course::KillBefore,
            Self::KillAfter => Course::KillAfter,
            Self::Interrupt => Course::Interrupt,
            Self::Broken => Course::Fail(Errno::EIO),
        }
    }

    /// Whether it lasts, or passes with the write that it hits.
    fn fits(self, kind: Kind) -> bool {
        match self {
            // A point that it does not touch is the same as the next one that it does.
            Self::Full => !matches!(kind, Kind::Sync | Kind::Mode | Kind::Unname),
            Self::ReadOnly | Self::Denied => kind.needs_write_access(),
            _ => true,
        }
    }

    fn is_essential(self) -> bool {
        matches!(self, Self::KillBefore | Self::KillAfter | Self::Full)
    }
}

/// One write, disturbed.
#[derive(Debug)]
pub(crate) struct FileTask {
    pub(crate) scenario: &'static Scenario,
    point: FilePoint,
    pub(crate) fault: FileFault,
}

impl FileTask {
    pub(crate) fn name(&self) -> String {
        let FilePoint { text, nth } = &self.point;
        format!("file | {} | {text} #{nth} | {}", self.scenario.name, self.fault.name())
    }

    pub(crate) async fn run(
        &self,
        shelf: &Shelf,
        reference: &Reference,
        finished: Option<&Finished>,
    ) -> Result<(), String> {
        let scene = Scene::prepared(self.scenario, shelf).await?;
        let before = scene.snapshot()?;
        let passed = Arc::new(AtomicBool::new(false));
        let (point, fault, set) = (self.point.clone(), self.fault, Arc::clone(&passed));
        let mut counts = HashMap::<String, u32>::new();
        let ended = traced(&scene, move |write| {
            if set.load(Ordering::Relaxed) {
                return fault.course(write, true);
            }
            let count = counts.entry(write.text.clone()).or_default();
            *count += 1;
            if write.text != point.text || *count != point.nth {
                return Course::Undisturbed;
            }
            set.store(true, Ordering::Relaxed);
            fault.course(write, false)
        })
        .await?;
        if !passed.load(Ordering::Relaxed) {
            return Err(format!("{UNREACHED}: {ended}"));
        }
        let killed = matches!(self.fault, FileFault::KillBefore | FileFault::KillAfter);
        let mut wrong = invariants::ending(&ended, killed, self.fault == FileFault::Interrupt);
        if killed && !ended.was_killed() {
            wrong.push("it was to be killed, and was not".to_owned());
        }
        let all = invariants::all_right(wrong);
        let after = invariants::afterwards(&scene, &before, reference, finished, &ended).await;
        all.and(after).map_err(|text| format!("{text}\nthe disturbed run: {ended}"))
    }
}

/// Runs the command of a scene under the tracer, in a thread of its own.
async fn traced(
    scene: &Scene,
    decide: impl FnMut(&Write) -> Course + Send + 'static,
) -> Result<Ended, String> {
    scene.watch.begin(None);
    let command = scene.words(scene.scenario.words, "--yes").traced();
    let directory = scene.directory();
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || tell.send(tracer::trace(command, &directory, decide)));
    told.await.map_err(|error| format!("the tracer ended: {error}"))?
}

/// The writes of an undisturbed run.
pub(crate) async fn record(
    scenario: &'static Scenario,
    shelf: &Shelf,
) -> Result<Vec<(FilePoint, Kind)>, String> {
    if scenario.files == Depth::Never {
        return Ok(Vec::new());
    }
    let scene = Scene::prepared(scenario, shelf).await?;
    let (tell, told) = std::sync::mpsc::channel();
    let mut counts = HashMap::<String, u32>::new();
    let ended = traced(&scene, move |write| {
        let count = counts.entry(write.text.clone()).or_default();
        *count += 1;
        let _ = tell.send((FilePoint { text: write.text.clone(), nth: *count }, write.kind));
        Course::Undisturbed
    })
    .await?;
    if ended.code() != Some(scenario.ends) {
        return Err(format!("{}, traced and undisturbed: {ended}", scenario.name));
    }
    Ok(told.iter().collect())
}

/// All that is tried with the writes of a scenario.
pub(crate) fn tasks(scenario: &'static Scenario, points: &[(FilePoint, Kind)], long: bool) -> Vec<FileTask> {
    let all = long || scenario.files == Depth::Full;
    let mut tasks = Vec::new();
    for (point, kind) in points {
        for fault in FileFault::ALL.into_iter().filter(|fault| fault.fits(*kind)) {
            if all || fault.is_essential() {
                tasks.push(FileTask { scenario, point: point.clone(), fault });
            }
        }
    }
    tasks
}
