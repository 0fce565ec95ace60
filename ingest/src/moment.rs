//! A moment by two clocks: the one people set, and the one that only runs.
//!
//! How long ago something was decides whether ClickHouse still knows a token and whether the name of a batch may be forgotten. The clock on the wall
//! cannot say: it is set back by an hour, or a day forward and back again. So such questions go to the clock of the machine's uptime, which no one sets,
//! and across a restart of the machine the answer is that nobody knows.

use std::sync::LazyLock;
use std::time::Instant;

use qoe_store::Millis;

/// A moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// By the clock on the wall.
    pub wall: Millis,
    /// Which start of the machine `up_ms` counts from; 0 is unknown.
    pub boot: u128,
    /// Since then, ms.
    pub up_ms: i64,
}

impl Moment {
    /// This one.
    pub fn now() -> Moment {
        let (boot, up_ms) = uptime();
        Moment { wall: Millis(chrono::Utc::now().timestamp_millis()), boot, up_ms }
    }

    /// Time since `earlier`, ms; `None` where nobody knows, since the machine was started anew.
    pub fn since(&self, earlier: &Moment) -> Option<i64> {
        let elapsed = self.up_ms.checked_sub(earlier.up_ms)?;
        (self.boot != 0 && self.boot == earlier.boot && elapsed >= 0).then_some(elapsed)
    }
}

/// A moment of which only the time on the wall is known.
impl From<Millis> for Moment {
    fn from(wall: Millis) -> Moment {
        Moment { wall, ..Moment::default() }
    }
}

/// Which start of the machine it is, when it was asked, and for how long the machine had been up then.
static ASKED: LazyLock<(u128, Instant, i64)> = LazyLock::new(|| {
    let named = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    let boot = named.and_then(|text| uuid::Uuid::try_parse(text.trim()).ok());
    match boot.zip(up_ms()) {
        Some((boot, up_ms)) => (boot.as_u128(), Instant::now(), up_ms),
        // Where the system does not say, a restart of this process is as good as one of the machine.
        None => (uuid::Uuid::new_v4().as_u128(), Instant::now(), 0),
    }
});

fn uptime() -> (u128, i64) {
    let (boot, asked, up_ms) = &*ASKED;
    (*boot, up_ms + i64::try_from(asked.elapsed().as_millis()).unwrap_or(i64::MAX / 2))
}

/// How long the machine has been up, ms, to the next hundredth of a second: when a thread that begins now began. Linux says it of threads in hundredths
/// on the machines we build for. `/proc/uptime` is that of the container where there is one, and begins anew with it under the same name of the start.
fn up_ms() -> Option<i64> {
    let thread = std::thread::spawn(|| std::fs::read_to_string("/proc/thread-self/stat"));
    let stat = thread.join().ok()?.ok()?;
    // Behind the name, which may hold anything, begins the third field; the twenty-second is asked for.
    let hundredths: i64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    Some(hundredths * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_by_the_clock_that_nobody_sets() {
        let began = Moment { wall: Millis(1_000_000), boot: 7, up_ms: 500 };
        let later = Moment { wall: Millis(-5), boot: 7, up_ms: 900 };
        assert_eq!(later.since(&began), Some(400));
        assert_eq!(began.since(&later), None, "it runs forwards");
        assert_eq!(Moment { boot: 8, ..later }.since(&began), None, "another start of the machine");
        assert_eq!(Moment::from(Millis(2)).since(&Moment::from(Millis(1))), None);
        let now = Moment::now();
        assert!(Moment::now().since(&now).is_some_and(|elapsed| elapsed < 60_000));
        let up: f64 = std::fs::read_to_string("/proc/uptime").unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!((now.up_ms as f64 - up * 1e3).abs() < 60_000.0, "{} and {up}", now.up_ms);
    }
}
