//! A token bucket: so many a second, and what was saved up while nobody came.

use std::num::NonZeroU32;

use qoe_store::Millis;

/// How many seconds' worth a bucket saves up: a client that was offline sends what it kept, and starts are not even.
const BURST_SECONDS: i64 = 10;

/// A bucket of units that flow in at a steady rate. Kept in thousandths of a unit, as milliseconds times units a second.
///
/// Who finds anything in it is served, and may leave it in debt by what a batch is larger: no batch is ever too large to pass, and the
/// sustained rate holds all the same. The wait ends when the debt is paid.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    thousandths: i64,
    filled_at: Millis,
}

impl Bucket {
    /// A full bucket.
    pub fn full(per_second: NonZeroU32, now: Millis) -> Self {
        Bucket { thousandths: capacity(per_second), filled_at: now }
    }

    /// Takes `units`, or tells how long to wait, in whole seconds rounded up. A clock that is set back fills nothing in.
    pub fn take(&mut self, units: u32, per_second: NonZeroU32, now: Millis) -> Result<(), NonZeroU32> {
        self.fill(per_second, now);
        if self.thousandths > 0 {
            self.thousandths -= i64::from(units) * 1000;
            return Ok(());
        }
        // One thousandth above nothing lets the next one pass.
        let wait_ms = (1 - self.thousandths).div_euclid(i64::from(per_second.get())) + 1;
        let wait_s = u32::try_from(wait_ms.div_euclid(1000) + 1).unwrap_or(u32::MAX);
        Err(NonZeroU32::new(wait_s).unwrap_or(NonZeroU32::MIN))
    }

    /// Whether nothing is missing: it is then as good as a new one, and need not be remembered.
    pub fn is_full(&mut self, per_second: NonZeroU32, now: Millis) -> bool {
        self.fill(per_second, now);
        self.thousandths >= capacity(per_second)
    }

    fn fill(&mut self, per_second: NonZeroU32, now: Millis) {
        let elapsed_ms = (now.0 - self.filled_at.0).max(0);
        self.filled_at = now;
        let filled = elapsed_ms.saturating_mul(i64::from(per_second.get()));
        self.thousandths = self.thousandths.saturating_add(filled).min(capacity(per_second));
    }
}

fn capacity(per_second: NonZeroU32) -> i64 {
    i64::from(per_second.get()) * 1000 * BURST_SECONDS
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: NonZeroU32 = NonZeroU32::new(10).unwrap();

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let mut bucket = Bucket::full(TEN, Millis(0));
        let passed = (0..1000).filter(|_| bucket.take(1, TEN, Millis(0)).is_ok()).count();
        assert_eq!(passed, 100, "ten seconds' worth");
        let passed = (1..=60_000).filter(|ms| bucket.take(1, TEN, Millis(*ms)).is_ok()).count();
        assert_eq!(passed, 600, "ten a second for a minute");
    }

    #[test]
    fn who_waits_as_told_is_served_and_who_comes_a_second_earlier_is_not() {
        for units in [1, 7, 10, 1000, 10_000] {
            let mut bucket = Bucket::full(TEN, Millis(0));
            bucket.take(100, TEN, Millis(0)).unwrap();
            let wait = bucket.take(1, TEN, Millis(0)).unwrap_err();
            assert_eq!(wait.get(), 1);
            bucket.take(units, TEN, Millis(1000)).unwrap();
            let Err(wait) = bucket.take(1, TEN, Millis(1000)) else { continue };
            let wait_ms = i64::from(wait.get()) * 1000;
            let mut early = bucket;
            assert!(early.take(1, TEN, Millis(wait_ms)).is_err() || wait.get() == 1, "{units}");
            assert!(bucket.take(1, TEN, Millis(1000 + wait_ms)).is_ok(), "{units}");
        }
    }

    #[test]
    fn a_batch_larger_than_the_bucket_passes_and_is_paid_for() {
        let mut bucket = Bucket::full(TEN, Millis(0));
        bucket.take(10_000, TEN, Millis(0)).unwrap();
        assert_eq!(bucket.take(1, TEN, Millis(0)).unwrap_err().get(), 991, "9900 units at ten a second, and one more");
    }

    #[test]
    fn a_clock_set_back_neither_fills_nor_empties() {
        let mut bucket = Bucket::full(TEN, Millis(1_000_000));
        bucket.take(100, TEN, Millis(1_000_000)).unwrap();
        assert!(bucket.take(1, TEN, Millis(0)).is_err());
        assert!(bucket.take(1, TEN, Millis(1000)).is_ok(), "it fills by the new clock");
    }

    #[test]
    fn rested_it_is_as_good_as_new() {
        let mut bucket = Bucket::full(TEN, Millis(0));
        bucket.take(5, TEN, Millis(0)).unwrap();
        assert!(!bucket.is_full(TEN, Millis(499)) && bucket.is_full(TEN, Millis(500)));
    }
}
