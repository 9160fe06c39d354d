//! Every outside call of every scenario, and all that can go wrong with it.

use issuer_sandbox::Fault;

use crate::invariants::{self, Finished, Reference};
use crate::scenario::{Before, Depth, Scenario};
use crate::scene::Scene;
use crate::shelf::Shelf;
use crate::watch::{Aim, Disturb, Point};

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    KillBefore,
    KillAfter,
    Interrupt,
    CutBefore,
    CutAfter,
    CutInBody,
    SilentBefore,
    SilentAfter,
    TooManyRequests,
    InternalError,
    SlowDown,
    AccessDenied,
    ExpiredToken,
    Stale,
}

impl Trouble {
    pub(crate) const ALL: [Self; 14] = [
        Self::KillBefore,
        Self::KillAfter,
        Self::Interrupt,
        Self::CutBefore,
        Self::CutAfter,
        Self::CutInBody,
        Self::SilentBefore,
        Self::SilentAfter,
        Self::TooManyRequests,
        Self::InternalError,
        Self::SlowDown,
        Self::AccessDenied,
        Self::ExpiredToken,
        Self::Stale,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::KillBefore => "SIGKILL before",
            Self::KillAfter => "SIGKILL after",
            Self::Interrupt => "Ctrl-C",
            Self::CutBefore => "reset before",
            Self::CutAfter => "reset after",
            Self::CutInBody => "cut in the body",
            Self::SilentBefore => "no answer, not carried out",
            Self::SilentAfter => "no answer, carried out",
            Self::TooManyRequests => "429 TooManyRequests",
            Self::InternalError => "500 InternalError",
            Self::SlowDown => "503 SlowDown",
            Self::AccessDenied => "403 AccessDenied",
            Self::ExpiredToken => "ExpiredToken",
            Self::Stale => "stale read",
        }
    }

    fn disturb(self, point: &Point) -> Disturb {
        let refuse = |status: u16, code: &str, message: &str| Fault::Refuse {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
        };
        // S3 says 400 here, all others 403.
        let expired = if point.call.starts_with("s3") { 400 } else { 403 };
        Disturb::Fault(match self {
            Self::KillBefore => return Disturb::KillBefore,
            Self::KillAfter => return Disturb::KillAfter,
            Self::Interrupt => return Disturb::Interrupt,
            Self::CutBefore => Fault::CutBefore,
            Self::CutAfter => Fault::CutAfter,
            Self::CutInBody => Fault::CutInBody,
            Self::SilentBefore => Fault::Silent { carried_out: false },
            Self::SilentAfter => Fault::Silent { carried_out: true },
            Self::TooManyRequests => refuse(429, "TooManyRequests", "Too many requests"),
            Self::InternalError => refuse(500, "InternalError", "We encountered an internal error."),
            Self::SlowDown => refuse(503, "SlowDown", "Please reduce your request rate."),
            Self::AccessDenied => refuse(403, "AccessDenied", "Access Denied"),
            Self::ExpiredToken => refuse(expired, "ExpiredToken", "The provided token has expired."),
            Self::Stale => Fault::Stale,
        })
    }

    fn kills(self) -> bool {
        matches!(self, Self::KillBefore | Self::KillAfter)
    }

    /// Whether most of a run is waiting: for a timeout, or before a call is tried again.
    fn waits(self) -> bool {
        matches!(
            self,
            Self::SilentBefore
                | Self::SilentAfter
                | Self::TooManyRequests
                | Self::InternalError
                | Self::SlowDown
                | Self::CutBefore
                | Self::CutAfter
        )
    }

    /// Whether it can happen to this call; `changed` says that something has changed before it.
    fn fits(self, point: &Point, changed: bool) -> bool {
        self != Self::Stale || (point.is_read() && changed)
    }

    /// Whether it leaves the most behind: what CI's form tries where it does not try all.
    fn is_essential(self) -> bool {
        matches!(
            self,
            Self::KillBefore
                | Self::KillAfter
                | Self::Interrupt
                | Self::CutAfter
                | Self::AccessDenied
                | Self::Stale
        )
    }

    /// Whether it may go on for ever.
    fn can_last(self) -> bool {
        !self.kills() && !matches!(self, Self::Interrupt | Self::Stale)
    }
}

/// One call, disturbed once.
#[derive(Debug)]
pub(crate) struct CallTask {
    pub(crate) scenario: &'static Scenario,
    pub(crate) point: Point,
    pub(crate) trouble: Trouble,
    lasting: bool,
}

impl CallTask {
    pub(crate) fn name(&self) -> String {
        let lasting = if self.lasting { ", from then on" } else { "" };
        format!("call | {} | {} | {}{lasting}", self.scenario.name, self.point, self.trouble.name())
    }

    pub(crate) fn waits(&self) -> bool {
        self.lasting || self.trouble.waits()
    }

    pub(crate) async fn run(
        &self,
        shelf: &Shelf,
        reference: &Reference,
        finished: Option<&Finished>,
    ) -> Result<(), String> {
        let scene = Scene::prepared(self.scenario, shelf).await?;
        let before = scene.snapshot()?;
        let aim = Aim {
            point: self.point.clone(),
            disturb: self.trouble.disturb(&self.point),
            lasting: self.lasting,
        };
        let short = matches!(self.trouble, Trouble::SilentBefore | Trouble::SilentAfter);
        let ended = scene.disturbed(aim, short).await?;
        let mut wrong = invariants::ending(&ended, self.trouble.kills(), self.trouble == Trouble::Interrupt);
        if self.trouble.kills() && !ended.was_killed() {
            wrong.push("it was to be killed, and was not".to_owned());
        }
        if self.trouble == Trouble::Interrupt && ended.code() != Some(130) {
            wrong.push(format!("Ctrl-C while it waits for an answer ends with {}", ended.status));
        }
        let all = invariants::all_right(wrong);
        let after = invariants::afterwards(&scene, &before, reference, finished, &ended).await;
        all.and(after).map_err(|text| format!("{text}\nthe disturbed run: {ended}"))
    }
}

/// What a scenario does undisturbed: how it ends, and the calls that it makes.
pub(crate) async fn record(
    scenario: &'static Scenario,
    shelf: &Shelf,
) -> Result<(Reference, Vec<Point>), String> {
    let mut points = Vec::new();
    let mut last = None;
    // Calls that are made at once may come in another number in another run.
    for _ in 0..2 {
        let scene = Scene::prepared(scenario, shelf).await?;
        let ended = scene.command("--yes").await?;
        if ended.code() != Some(scenario.ends) {
            return Err(format!("{}, undisturbed: {ended}", scenario.name));
        }
        let mut seen = scene.watch.seen();
        seen.retain(|point| !points.contains(point));
        points.extend(seen);
        last = Some(scene.snapshot()?);
    }
    let last = last.ok_or("nothing was run")?;
    Ok((Reference { last }, points))
}

/// All that is tried with the calls of a scenario.
pub(crate) fn tasks(scenario: &'static Scenario, points: &[Point], long: bool) -> Vec<CallTask> {
    let mut tasks = Vec::new();
    let all = long || scenario.calls == Depth::Full;
    let touched = scenario.before.iter().any(Before::is_in_the_cloud);
    let first = points.iter().position(|point| !point.is_read()).unwrap_or(points.len());
    for (at, point) in points.iter().enumerate().filter(|_| scenario.calls != Depth::Never) {
        // Who asks, and what is set for the account, never changes; the files of a web server may.
        let constant = point.call.starts_with("sts ") || point.call.starts_with("s3control ");
        let changed = !constant && (touched || at > first || point.call.starts_with("web "));
        for trouble in Trouble::ALL.into_iter().filter(|trouble| trouble.fits(point, changed)) {
            let task = |lasting: bool| CallTask { scenario, point: point.clone(), trouble, lasting };
            if all || trouble.is_essential() {
                tasks.push(task(false));
            }
            if long && trouble.can_last() {
                tasks.push(task(true));
            }
        }
    }
    tasks
}
