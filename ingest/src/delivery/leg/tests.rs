use std::collections::BTreeSet;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::*;

const WAITS: Waits = Waits { first: Duration::from_millis(100), longest: Duration::from_secs(5) };

/// What happens next to whatever the leg wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Well,
    /// It is not done, and may be done later.
    Passing,
    /// It is done, and nobody learns of it.
    Unheard,
    /// Neither list has the error.
    Unknown,
    /// The process ends and another begins.
    Restart,
    /// ClickHouse's machine restarts and has forgotten the tokens.
    Reboot,
}

fn event() -> impl Strategy<Value = Event> {
    use Event::*;
    prop_oneof![6 => Just(Well), 1 => Just(Passing), 1 => Just(Unheard), 1 => Just(Unknown), 1 => Just(Restart), 1 => Just(Reboot)]
}

#[derive(Default)]
struct Tables {
    stored: Vec<u32>,
    buried: Vec<u32>,
    tokens: BTreeSet<String>,
    doubtful: bool,
}

impl Tables {
    fn tokens(&self) -> Tokens {
        if self.doubtful { Tokens::Doubtful } else { Tokens::Remembered }
    }

    fn count(&self, frames: &[(u64, u32)]) -> BTreeMap<u64, u64> {
        let mut start = 0;
        let mut counts = BTreeMap::new();
        for (frame, rows) in frames {
            let stored = self.stored.iter().filter(|row| (start..start + rows).contains(*row)).count() as u64;
            counts.extend((stored > 0).then_some((*frame, stored)));
            start += rows;
        }
        counts
    }
}

fn failure(verdict: Verdict) -> Failure {
    Failure { verdict, reason: "no".into() }
}

fn play(frames: Vec<(u64, u32)>, poison: &BTreeSet<u32>, events: Vec<Event>) -> Tables {
    let mut tables = Tables::default();
    let mut splits = Vec::new();
    let mut leg = Leg::new(frames.clone(), &[], WAITS);
    let mut events = events.into_iter();
    for _ in 0..10_000 {
        let mut event = events.next().unwrap_or(Event::Well);
        if event == Event::Reboot {
            tables.tokens.clear();
            tables.doubtful = true;
            // What was on its way is cut off, and asked about before it goes again.
            event = Event::Passing;
        }
        if event == Event::Restart {
            leg = Leg::resumed(frames.clone(), &splits, WAITS);
        }
        match leg.next() {
            Step::Done => return tables,
            Step::Wait(_) => leg.waited(),
            Step::Trust => leg.trusted(tables.tokens()),
            Step::Count => leg.counted(&tables.count(&frames), tables.tokens()),
            Step::Insert(parcel) => match event {
                Event::Passing => leg.failed(failure(Verdict::Passing)),
                Event::Unknown => leg.failed(failure(Verdict::Unknown)),
                _ if parcel.rows.clone().any(|row| poison.contains(&row)) => leg.failed(failure(Verdict::Final)),
                _ => {
                    if tables.tokens.insert(parcel.suffix) {
                        tables.stored.extend(parcel.rows);
                    }
                    if event == Event::Unheard { leg.failed(failure(Verdict::Passing)) } else { leg.inserted() }
                }
            },
            Step::Split(rows) => {
                splits.push(rows);
                leg.split();
            }
            Step::Bury { row, .. } => {
                if tables.tokens.insert(format!(":dead-{row}")) {
                    tables.buried.push(row);
                }
                leg.buried();
            }
        }
    }
    panic!("it does not come to an end");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_row_is_settled_once_under_any_order_of_failures(
        sizes in vec(1u32..5, 1..5), poison in btree_set(0u32..20, 0..3), events in vec(event(), 0..60),
    ) {
        let frames: Vec<(u64, u32)> = sizes.iter().enumerate().map(|(frame, rows)| (frame as u64 * 3, *rows)).collect();
        let rows: u32 = sizes.iter().sum();
        let reboots = events.contains(&Event::Reboot);
        let mut tables = play(frames, &poison, events);
        if reboots {
            // Nothing counts dead letters: a token that is forgotten may bury a row twice.
            tables.buried.sort_unstable();
            tables.buried.dedup();
        }
        let mut all: Vec<u32> = tables.stored.iter().chain(&tables.buried).copied().collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..rows).collect::<Vec<_>>());
        prop_assert!(tables.buried.iter().all(|row| poison.contains(row)), "buried alive");
    }
}

#[test]
fn a_single_unknown_error_after_a_long_outage_buries_nobody() {
    let mut leg = Leg::new(vec![(1, 2)], &[], WAITS);
    for _ in 0..100 {
        leg.failed(failure(Verdict::Passing));
        leg.waited();
        leg.trusted(Tokens::Remembered);
    }
    leg.failed(failure(Verdict::Unknown));
    assert_eq!(leg.next(), Step::Wait(WAITS.longest));
}

#[test]
fn splits_survive_a_restart() {
    let leg = Leg::new(vec![(1, 4)], &[0..4, 0..2, 0..1], WAITS);
    let Step::Insert(parcel) = leg.next() else { panic!("{leg:?}") };
    assert_eq!((parcel.rows, &*parcel.suffix), (1..2, ":1-2"), "row 0 is among the dead letters");
}
