//! How many calls IAM gets at once: more while it answers, half when it asks to slow down.
//!
//! Additive increase and multiplicative decrease, after a start that doubles, as TCP has it
//! ([RFC 5681](https://www.rfc-editor.org/rfc/rfc5681#section-3.1)). IAM publishes no rates, and shares what it has among
//! all who work in the account. Pure: time and chance are passed in.

use std::time::Duration;

/// How many calls are under way in the beginning.
const FIRST: usize = 8;
/// How many there are at most.
pub(super) const MOST: usize = 32;
/// The longest pause after IAM asked to slow down; each one after it may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// After so many requests to slow down, and not one success between them, nothing is to be hoped for.
const ROUNDS: u32 = 8;

/// The pace of the calls to one service.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    window: usize,
    /// Successes that count towards the next place.
    credit: usize,
    /// How often the window was halved: a call knows by it whether its answer is news.
    cuts: u64,
    /// How often since the last success.
    in_vain: u32,
}

/// What to do with a call that IAM did not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slow {
    /// Nobody begins a call for this long, then it is tried again.
    Pause(Duration),
    /// It began before the last pause: others have said so already. It is tried again when its turn comes.
    Known,
    /// Nothing gets through any more.
    GiveUp,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { window: FIRST, credit: 0, cuts: 0, in_vain: 0 }
    }

    /// Says how many calls may be under way.
    pub(super) fn window(&self) -> usize {
        self.window
    }

    /// Returns what a call has to remember of the moment at which it begins.
    pub(super) fn moment(&self) -> u64 {
        self.cuts
    }

    /// A call was carried out.
    pub(super) fn succeeded(&mut self) {
        self.in_vain = 0;
        self.credit += 1;
        if self.cuts == 0 || self.credit >= self.window {
            self.credit = 0;
            self.window = MOST.min(self.window + 1);
        }
    }

    /// IAM asked to slow down in answer to a call that began at this moment; `random` is from 0 to 1.
    pub(super) fn throttled(&mut self, moment: u64, random: f64) -> Slow {
        if moment != self.cuts {
            return Slow::Known;
        }
        self.cuts += 1;
        self.credit = 0;
        self.window = (self.window / 2).max(1);
        self.in_vain += 1;
        if self.in_vain >= ROUNDS {
            return Slow::GiveUp;
        }
        let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.in_vain - 1));
        // Never nothing at all: half of it is sure, half is chance.
        let part = 0.5 + random.clamp(0.0, 1.0) / 2.0;
        Slow::Pause(doubled.min(LONGEST_PAUSE).mul_f64(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_window_doubles_first_and_grows_slowly_after_a_cut() {
        let mut pace = Pace::new();
        (0..8).for_each(|_| pace.succeeded());
        assert_eq!(pace.window(), 16);
        (0..99).for_each(|_| pace.succeeded());
        assert_eq!(pace.window(), MOST);
        assert_eq!(pace.throttled(0, 1.0), Slow::Pause(FIRST_PAUSE));
        assert_eq!(pace.window(), 16);
        assert_eq!(pace.throttled(0, 1.0), Slow::Known, "one overload is one cut");
        assert_eq!(pace.window(), 16);
        (0..15).for_each(|_| pace.succeeded());
        assert_eq!(pace.window(), 16);
        pace.succeeded();
        assert_eq!(pace.window(), 17);
    }

    #[test]
    fn pauses_grow_while_nothing_gets_through_and_begin_anew_after_a_success() {
        let mut pace = Pace::new();
        let pauses: Vec<Slow> = (0..8).map(|moment| pace.throttled(moment, 1.0)).collect();
        let expected =
            [500, 1000, 2000, 4000, 8000, 16000, 20000].map(|ms| Slow::Pause(Duration::from_millis(ms)));
        assert_eq!(pauses[..7], expected);
        assert_eq!(pauses[7], Slow::GiveUp);
        pace.succeeded();
        assert_eq!(pace.throttled(8, 0.0), Slow::Pause(FIRST_PAUSE / 2));
    }

    proptest! {
        /// Whatever IAM answers in whatever order.
        #[test]
        fn the_window_stays_within_its_bounds(answers in prop::collection::vec((any::<bool>(), 0_u64..3, 0.0..1.0), 0..500)) {
            let mut pace = Pace::new();
            for (taken, late, random) in answers {
                if taken {
                    pace.succeeded();
                } else if let Slow::Pause(pause) = pace.throttled(pace.moment().saturating_sub(late), random) {
                    prop_assert!(pause >= FIRST_PAUSE / 2 && pause <= LONGEST_PAUSE);
                }
                prop_assert!((1..=MOST).contains(&pace.window()));
            }
        }

        /// A service that takes no call at all from some moment on is given up, after bounded pauses.
        #[test]
        fn it_ends(before in prop::collection::vec(any::<bool>(), 0..200), random in 0.0..1.0) {
            let mut pace = Pace::new();
            for taken in before {
                if taken { pace.succeeded() } else { let _ = pace.throttled(pace.moment(), random); }
            }
            let mut waited = Duration::ZERO;
            let mut ended = false;
            for _ in 0..ROUNDS {
                match pace.throttled(pace.moment(), random) {
                    Slow::Pause(pause) => waited += pause,
                    Slow::Known => prop_assert!(false, "the moment is now"),
                    Slow::GiveUp => { ended = true; break }
                }
            }
            prop_assert!(ended && waited < Duration::from_secs(60));
        }
    }
}
