//! So many messages a second, with a second's worth in one go.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

const BURST: Duration = Duration::from_secs(1);

/// When the next message is due.
#[derive(Debug)]
pub(super) struct Pace {
    apart: Duration,
    /// When the next would be due if they came evenly.
    due: Instant,
}

impl Pace {
    pub fn new(per_second: NonZeroU32) -> Self {
        Pace { apart: Duration::from_secs(1) / per_second.get(), due: Instant::now() }
    }

    /// One was taken.
    pub fn took(&mut self, now: Instant) {
        self.due = self.due.max(now) + self.apart;
    }

    /// When another may be taken: a second ahead of its due.
    pub fn ready_at(&self) -> Instant {
        self.due + self.apart - BURST.max(self.apart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_through_and_then_one_at_a_time() {
        let mut now = Instant::now();
        let begun = now;
        let mut pace = Pace::new(NonZeroU32::new(10).unwrap());
        let mut next = |now: &mut Instant| {
            *now = pace.ready_at().max(*now);
            pace.took(*now);
            (*now - begun).as_millis()
        };
        let taken_at: Vec<u128> = (0..30).map(|_| next(&mut now)).collect();
        assert!(taken_at[..10].iter().all(|at| *at == 0), "{taken_at:?}");
        assert!((1_900..=2_100).contains(&taken_at[29]), "{taken_at:?}");
        now = begun + Duration::from_secs(60);
        let after_a_rest: Vec<u128> = (0..12).map(|_| next(&mut now)).collect();
        assert!(after_a_rest[..10].iter().all(|at| *at == 60_000), "a long rest earns no more than one burst: {after_a_rest:?}");
        assert!(after_a_rest[11] > 60_000, "{after_a_rest:?}");
    }
}
