//! Each user's days of activity, counted from the first, and which of them were observed.

/// Milliseconds of a window of 24 hours.
pub const MS_PER_DAY: i64 = 86_400_000;

/// Activity: one row an event, in any order. A user has a code, from 0 and without large gaps.
#[derive(Debug, Clone, Copy)]
pub struct Events<'a, T> {
    /// Whose.
    pub users: &'a [u32],
    /// When: local calendar days, or milliseconds.
    pub at: &'a [T],
}

/// What was observed, from the first to the last, both included: days that are complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed<T> {
    /// From when on.
    pub first: T,
    /// Until when. Events after it are passed over.
    pub last: T,
}

/// How it is known when a user came first.
#[derive(Debug, Clone, Copy)]
pub enum Newcomers<'a, T> {
    /// The first event is. Users with an event before the observation began are not new, and left out: so hand over events of earlier days too, or
    /// long-standing users are taken for new ones on the first days.
    ByFirstEvent,
    /// It is known of every user code; `None` leaves the user out. Users without any event count as well.
    Given(&'a [Option<T>]),
}

/// Why there are no histories.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// Columns differ in length.
    #[error("{users} users stand beside {times} times of events")]
    Length {
        /// Values of the one.
        users: usize,
        /// Values of the other.
        times: usize,
    },
    /// The end before the beginning.
    #[error("observation ends at {last}, before it begins at {first}")]
    Backwards {
        /// Its beginning.
        first: i64,
        /// Its end.
        last: i64,
    },
    /// A user without a first time.
    #[error("user {user} has events, but first times are given for {given} users")]
    Unknown {
        /// Who.
        user: u32,
        /// How many were given.
        given: usize,
    },
    /// An event before the first time that was given.
    #[error("{count} users have events before the first time given for them, such as user {user}")]
    BeforeFirst {
        /// How many users.
        count: usize,
        /// One of them.
        user: u32,
    },
}

/// One user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// The user's code.
    pub user: u32,
    /// The first day, as the caller counts days.
    pub first_day: i32,
    /// The first and the last day since then that were observed from beginning to end.
    pub observed: (i32, i32),
    start: usize,
    end: usize,
}

/// Every new user's days of activity.
#[derive(Debug, Clone)]
pub struct Histories {
    users: Vec<History>,
    days: Vec<i32>,
    left_out: u64,
}

impl Histories {
    /// By calendar days: day 1 begins at the user's first midnight. The caller has turned instants into local days of the zone that the report names,
    /// which is where days of 23 and 25 hours are dealt with.
    pub fn by_calendar_day(events: Events<'_, i32>, observed: Observed<i32>, newcomers: Newcomers<'_, i32>) -> Result<Self, HistoryError> {
        let span = (i64::from(observed.first), i64::from(observed.last));
        check(events, span)?;
        let pack = |(user, day): (&u32, &i32)| (u64::from(*user) << 32) | u64::from(*day as u32 ^ SIGN);
        let mut keys: Vec<u64> = events.users.iter().zip(events.at).map(pack).collect();
        keys.sort_unstable();
        keys.dedup();
        let clock = Clock {
            first_day: |first| first as i32,
            observed: |first| (clamp(span.0 - first), clamp(span.1 - first)),
            day: |since| clamp(since),
        };
        build(&keys, |key| ((key >> 32) as u32, i64::from((*key as u32 ^ SIGN) as i32)), span, newcomers, clock)
    }

    /// By windows of 24 hours since the user's first event: day 1 begins 24 hours after it. Times are milliseconds of any epoch; `observed.last` is the
    /// last of them. `first_day` is the user's first time in whole days since the epoch: days of UTC, for that of Unix.
    pub fn by_24_hours(events: Events<'_, i64>, observed: Observed<i64>, newcomers: Newcomers<'_, i64>) -> Result<Self, HistoryError> {
        let span = (observed.first, observed.last);
        check(events, span)?;
        let mut keys: Vec<(u32, i64)> = events.users.iter().copied().zip(events.at.iter().copied()).collect();
        keys.sort_unstable();
        let clock = Clock {
            first_day: |first: i64| clamp(first.div_euclid(MS_PER_DAY)),
            // From the first window that begins no earlier than the observation to the last that ends no later.
            observed: |first: i64| {
                let begins = -first.saturating_sub(span.0).div_euclid(MS_PER_DAY);
                let ends = span.1.saturating_add(1).saturating_sub(first).div_euclid(MS_PER_DAY) - 1;
                (clamp(begins), clamp(ends))
            },
            day: |since: i64| clamp(since.div_euclid(MS_PER_DAY)),
        };
        build(&keys, |key| *key, span, newcomers, clock)
    }

    /// The new users, in order of their codes.
    pub fn users(&self) -> &[History] {
        &self.users
    }

    /// A user's days of activity since the first, in order, none twice.
    pub fn active(&self, user: &History) -> &[i32] {
        &self.days[user.start..user.end]
    }

    /// How many users were left out, because they were there before the observation began or have no first time.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

/// Turns the sign bit over, so that signed days sort as unsigned ones.
const SIGN: u32 = 1 << 31;

fn clamp(days: i64) -> i32 {
    days.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

/// How times are read: the day of a first time, the days that were observed of someone who came then, and the day of a time since then.
struct Clock<F, O, D> {
    first_day: F,
    observed: O,
    day: D,
}

fn check<T>(events: Events<'_, T>, (first, last): (i64, i64)) -> Result<(), HistoryError> {
    if events.users.len() != events.at.len() {
        return Err(HistoryError::Length { users: events.users.len(), times: events.at.len() });
    }
    if last < first {
        return Err(HistoryError::Backwards { first, last });
    }
    Ok(())
}

/// Histories of events that are sorted by user and time.
fn build<K, T: Copy + Into<i64>>(
    events: &[K],
    read: impl Fn(&K) -> (u32, i64),
    span: (i64, i64),
    newcomers: Newcomers<'_, T>,
    clock: Clock<impl Fn(i64) -> i32, impl Fn(i64) -> (i32, i32), impl Fn(i64) -> i32>,
) -> Result<Histories, HistoryError> {
    let mut all = Histories { users: Vec::new(), days: Vec::new(), left_out: 0 };
    let mut add = |user: u32, first: Option<i64>, own: &[K]| {
        let Some(first) = first else {
            all.left_out += 1;
            return;
        };
        // Who first came after the end has not come yet.
        if first <= span.1 {
            let start = all.days.len();
            for event in own {
                let day = (clock.day)(read(event).1 - first);
                if all.days[start..].last() != Some(&day) {
                    all.days.push(day);
                }
            }
            let (first_day, observed) = ((clock.first_day)(first), (clock.observed)(first));
            all.users.push(History { user, first_day, observed, start, end: all.days.len() });
        }
    };
    let by_user = events.chunk_by(|a, b| read(a).0 == read(b).0);
    match newcomers {
        Newcomers::ByFirstEvent => by_user.for_each(|own| {
            let (user, first) = read(&own[0]);
            add(user, Some(first).filter(|first| *first >= span.0), own);
        }),
        Newcomers::Given(given) => {
            check_given(by_user.map(|own| read(&own[0])), given)?;
            let mut rest = events;
            for (user, first) in (0_u32..).zip(given) {
                let (own, others) = rest.split_at(rest.partition_point(|event| read(event).0 == user));
                add(user, first.map(Into::into), own);
                rest = others;
            }
        }
    }
    Ok(all)
}

/// First times that are given must be known of everyone with events, and lie before them.
fn check_given<T: Copy + Into<i64>>(firsts: impl Iterator<Item = (u32, i64)>, given: &[Option<T>]) -> Result<(), HistoryError> {
    let (mut count, mut example) = (0, 0);
    for (user, event) in firsts {
        let first = given.get(user as usize).ok_or(HistoryError::Unknown { user, given: given.len() })?;
        if first.is_some_and(|first| event < first.into()) {
            (count, example) = (count + 1, if count == 0 { user } else { example });
        }
    }
    if count == 0 { Ok(()) } else { Err(HistoryError::BeforeFirst { count, user: example }) }
}
