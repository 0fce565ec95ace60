use std::collections::BTreeSet;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::*;
use crate::spool::frame::{HEADER_BYTES, Mark};

const WAITS: Waits = Waits { first: Duration::from_millis(100), longest: Duration::from_secs(5) };

/// What happens next to whatever the leg wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Well,
    /// It is not done, and may be done later.
    Passing,
    /// It is done, and nobody learns of it.
    Unheard,
    /// A part of it is.
    Half,
    /// Neither list has the error.
    Unknown,
    /// The process ends and another begins.
    Restart,
    /// ClickHouse's machine restarts and has forgotten the tokens.
    Reboot,
}

fn event() -> impl Strategy<Value = Event> {
    use Event::*;
    prop_oneof![6 => Just(Well), 1 => Just(Passing), 1 => Just(Unheard), 1 => Just(Half), 1 => Just(Unknown), 1 => Just(Restart), 1 => Just(Reboot)]
}

#[derive(Default)]
struct Tables {
    stored: Vec<u32>,
    buried: Vec<u32>,
    tokens: BTreeSet<String>,
    doubtful: bool,
    /// What was written down.
    splits: Vec<Split>,
}

impl Tables {
    fn tokens(&self) -> Tokens {
        if self.doubtful { Tokens::Doubtful } else { Tokens::Remembered }
    }

    fn count(&self, parts: &[(u64, u32)]) -> BTreeMap<u64, u64> {
        let mut start = 0;
        let mut counts = BTreeMap::new();
        for (part, rows) in parts {
            let stored = self.stored.iter().filter(|row| (start..start + rows).contains(*row)).count() as u64;
            counts.extend((stored > 0).then_some((*part, stored)));
            start += rows;
        }
        counts
    }

    /// Its machine restarts without rows of these parts, and without its memory of tokens.
    fn lose(&mut self, parts: &[(u64, u32)], lost: &BTreeSet<u64>) {
        let mut start = 0;
        for (part, rows) in parts {
            self.stored.retain(|row| !lost.contains(part) || !(start..start + rows).contains(row));
            start += rows;
        }
        self.tokens.clear();
        self.doubtful = true;
    }

    /// Stores what of a parcel lies in the first so many parts that it touches, up to one with rows that are refused.
    fn store(&mut self, parcel: &Parcel, parts: &[(u64, u32)], most: usize, poison: &BTreeSet<u32>) {
        let mut start = 0;
        let mut touched = 0;
        for (part, rows) in parts {
            let rows: Vec<u32> = (start..start + rows).filter(|row| parcel.rows.contains(row) && !parcel.without.contains(row)).collect();
            start += parts.iter().find(|(number, _)| number == part).map_or(0, |(_, rows)| *rows);
            if rows.is_empty() || touched == most {
                continue;
            }
            if rows.iter().any(|row| poison.contains(row)) {
                return;
            }
            touched += 1;
            if self.tokens.insert(format!("{}/{part}", parcel.suffix)) {
                self.stored.extend(rows);
            }
        }
    }
}

fn is_refused(parcel: &Parcel, poison: &BTreeSet<u32>) -> bool {
    parcel.rows.clone().any(|row| poison.contains(&row) && !parcel.without.contains(&row))
}

fn failure(verdict: Verdict) -> Failure {
    Failure { verdict, reason: "no".into() }
}

fn play(tables: &mut Tables, mut leg: Leg, poison: &BTreeSet<u32>, events: Vec<Event>) {
    let parts = leg.parts.clone();
    let mut events = events.into_iter();
    for _ in 0..20_000 {
        let mut event = events.next().unwrap_or(Event::Well);
        if event == Event::Reboot {
            tables.tokens.clear();
            tables.doubtful = true;
            // What was on its way is cut off, and asked about before it goes again.
            event = Event::Passing;
        }
        if event == Event::Restart {
            leg = Leg::resumed(parts.clone(), &tables.splits, WAITS);
        }
        match leg.next() {
            Step::Done => return,
            Step::Wait(_) => leg.waited(),
            Step::Trust => leg.trusted(tables.tokens()),
            Step::Count => leg.counted(&tables.count(&parts), tables.tokens()),
            Step::Insert(parcel) => match event {
                Event::Passing => leg.failed(failure(Verdict::Passing)),
                Event::Unknown => leg.failed(failure(Verdict::Unknown)),
                _ if is_refused(&parcel, poison) => {
                    if event == Event::Half {
                        tables.store(&parcel, &parts, 1, poison);
                    }
                    leg.failed(failure(Verdict::Final));
                }
                Event::Half => {
                    tables.store(&parcel, &parts, 1, poison);
                    leg.failed(failure(Verdict::Passing));
                }
                _ => {
                    tables.store(&parcel, &parts, usize::MAX, poison);
                    if event == Event::Unheard { leg.failed(failure(Verdict::Passing)) } else { leg.inserted() }
                }
            },
            Step::Probe(parcel) => match event {
                Event::Passing | Event::Half => leg.probed(Err(failure(Verdict::Passing))),
                Event::Unknown => leg.probed(Err(failure(Verdict::Unknown))),
                _ if is_refused(&parcel, poison) => leg.probed(Err(failure(Verdict::Final))),
                _ => leg.probed(Ok(())),
            },
            Step::Split(split) => {
                tables.splits.push(split);
                leg.split();
            }
            Step::Bury(burial) => {
                if tables.tokens.insert(burial.suffix) {
                    tables.buried.extend(burial.rows.iter().map(|(row, _)| *row));
                }
                leg.buried();
            }
        }
    }
    panic!("it does not come to an end");
}

/// Plays a leg to its end, has ClickHouse lose rows of some parts later, and looks where each row is.
fn settle(sizes: &[u32], poison: &BTreeSet<u32>, events: Vec<Event>, lost: &BTreeSet<u64>) -> Result<(), TestCaseError> {
    let parts: Vec<(u64, u32)> = sizes.iter().enumerate().map(|(part, rows)| (part as u64 * 3, *rows)).collect();
    let rows: u32 = sizes.iter().sum();
    let reboots = events.contains(&Event::Reboot);
    let mut tables = Tables::default();
    play(&mut tables, Leg::new(parts.clone(), &[], WAITS), poison, events);
    let dead = Split::dead(&tables.splits);
    tables.lose(&parts, lost);
    play(&mut tables, Leg::repair(parts, &dead, WAITS), poison, Vec::new());
    if reboots {
        // Nothing counts dead letters: a token that is forgotten may bury a row twice.
        tables.buried.sort_unstable();
        tables.buried.dedup();
    }
    let mut all: Vec<u32> = tables.stored.iter().chain(&tables.buried).copied().collect();
    all.sort_unstable();
    prop_assert_eq!(all, (0..rows).collect::<Vec<_>>());
    prop_assert!(tables.buried.iter().all(|row| poison.contains(row)), "buried alive");
    tables.buried.sort_unstable();
    prop_assert_eq!(dead, tables.buried, "written down as dead letters");
    Ok(())
}

fn lost() -> impl Strategy<Value = BTreeSet<u64>> {
    btree_set((0u64..5).prop_map(|part| part * 3), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_row_is_settled_once_under_any_order_of_failures(
        sizes in vec(1u32..5, 1..5), poison in btree_set(0u32..20, 0..3), events in vec(event(), 0..60), lost in lost(),
    ) {
        settle(&sizes, &poison, events, &lost)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn also_where_more_is_refused_than_is_judged_at_once(
        sizes in vec(700u32..1_500, 1..4), every in 1usize..3, gaps in btree_set(0u32..4_000, 0..9), events in vec(event(), 0..2_000), lost in lost(),
    ) {
        let poison = (0..4_500).step_by(every).filter(|row| !gaps.contains(row)).collect();
        settle(&sizes, &poison, events, &lost)?;
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
    let splits = [0..4, 0..2, 0..1].map(Split::halves);
    let leg = Leg::new(vec![(1, 4)], &splits, WAITS);
    let Step::Insert(parcel) = leg.next() else { panic!("{leg:?}") };
    assert_eq!((parcel.rows, &*parcel.suffix), (1..2, ":1-2"), "row 0 is among the dead letters");
}

#[test]
fn what_was_sifted_goes_as_it_was_written_down() {
    let poison = BTreeSet::from([2, 7]);
    let mut leg = Leg::new(vec![(1, 10)], &[], WAITS);
    leg.failed(failure(Verdict::Final));
    leg.counted(&BTreeMap::new(), Tokens::Remembered);
    while let Step::Probe(parcel) = leg.next() {
        leg.probed(if is_refused(&parcel, &poison) { Err(failure(Verdict::Final)) } else { Ok(()) });
    }
    let Step::Bury(burial) = leg.next() else { panic!("{leg:?}") };
    assert_eq!(burial.rows.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [2, 7]);
    leg.buried();
    let Step::Split(split) = leg.next() else { panic!("{leg:?}") };
    assert_eq!(split, Split { rows: 0..10, refused: vec![2, 7] });
    leg.split();
    let Step::Insert(parcel) = leg.next() else { panic!("{leg:?}") };
    assert_eq!((parcel.count(), &parcel.without), (8, &vec![2, 7]));
    // And after a restart under the same token.
    let mut again = Leg::resumed(vec![(1, 10)], &[split], WAITS);
    again.counted(&BTreeMap::new(), Tokens::Remembered);
    assert_eq!(again.next(), Step::Insert(parcel));
}

#[test]
fn what_clickhouse_lost_goes_again_and_what_it_never_took_does_not() {
    let parts = vec![(1, 2), (2, 3), (3, 2)];
    let dead = Split::dead(&[Split { rows: 0..7, refused: vec![0, 1, 3] }, Split::halves(5..7), Split::halves(5..6)]);
    assert_eq!(dead, [0, 1, 3, 5]);
    let mut leg = Leg::repair(parts.clone(), &dead, WAITS);
    leg.counted(&BTreeMap::from([(3, 1)]), Tokens::Remembered);
    let Step::Insert(parcel) = leg.next() else { panic!("{leg:?}") };
    assert_eq!((&parcel.rows, &parcel.without), (&(2..5), &vec![3]), "nothing of the first part was ever stored");
    leg.inserted();
    assert_eq!(leg.next(), Step::Done);
    let mut leg = Leg::repair(parts, &dead, WAITS);
    leg.counted(&BTreeMap::from([(2, 2), (3, 1)]), Tokens::Remembered);
    assert_eq!(leg.next(), Step::Done);
}

#[test]
fn what_is_missing_is_written_down_before_it_goes_again() {
    let parts = vec![(1, 2), (2, 3)];
    let mut leg = Leg::resumed(parts.clone(), &[], WAITS);
    leg.counted(&BTreeMap::from([(1, 2)]), Tokens::Doubtful);
    let Step::Split(split) = leg.next() else { panic!("{leg:?}") };
    leg.split();
    let Step::Insert(parcel) = leg.next() else { panic!("{leg:?}") };
    assert_eq!(parcel.rows, 2..5);
    // It is stored, and nobody hears of it. To whoever comes next the tokens look good.
    let mut again = Leg::resumed(parts, &[split], WAITS);
    again.counted(&BTreeMap::from([(1, 2), (2, 3)]), Tokens::Remembered);
    assert_eq!(again.next(), Step::Done);
}

/// What a leg of 20,000 rows asks of ClickHouse when one in a hundred is refused: the inserts that are kept, and the rows offered to the table that keeps
/// nothing.
#[test]
fn one_refused_row_of_a_hundred_costs_three_inserts_that_are_kept() {
    let poison: BTreeSet<u32> = (0..200u32).map(|n| n * 100 + n * n % 89).collect();
    let mut leg = Leg::new(vec![(1, 12_000), (2, 8_000)], &[], WAITS);
    let (mut kept, mut probes, mut marks, mut stored, mut buried) = (0, 0, 0, 0, 0);
    loop {
        match leg.next() {
            Step::Insert(parcel) => {
                kept += 1;
                if is_refused(&parcel, &poison) {
                    leg.failed(failure(Verdict::Final));
                } else {
                    stored += parcel.count();
                    leg.inserted();
                }
            }
            Step::Probe(parcel) => {
                probes += 1;
                leg.probed(if is_refused(&parcel, &poison) { Err(failure(Verdict::Final)) } else { Ok(()) });
            }
            Step::Bury(burial) => {
                (kept, buried) = (kept + 1, buried + burial.rows.len());
                leg.buried();
            }
            Step::Split(_) => {
                marks += 1;
                leg.split();
            }
            Step::Count => leg.counted(&BTreeMap::new(), Tokens::Remembered),
            Step::Wait(_) | Step::Trust => panic!("{leg:?}"),
            Step::Done => break,
        }
    }
    assert_eq!((stored, buried), (19_800, 200));
    // By halves alone it was 3,201 inserts and 1,700 decisions, each flushed.
    assert_eq!((kept, marks), (3, 1));
    assert!(probes < 2_500, "{probes} probes");
}

/// As when a constraint of the table, or another type of a column, is at odds with all that comes.
#[test]
fn what_is_refused_altogether_is_judged_and_written_down_a_thousand_rows_at_a_time() {
    let (rows, parts) = (200_000, vec![(1, 200_000)]);
    let mut leg = Leg::new(parts.clone(), &[], WAITS);
    let (mut probes, mut buried, mut splits) = (0, 0, Vec::new());
    loop {
        match leg.next() {
            Step::Insert(_) => leg.failed(failure(Verdict::Final)),
            Step::Probe(_) => {
                probes += 1;
                leg.probed(Err(failure(Verdict::Final)));
            }
            Step::Bury(burial) => {
                assert!(burial.rows.len() <= sift::MOST);
                buried += burial.rows.len();
                leg.buried();
            }
            Step::Split(split) => {
                splits.push(split);
                leg.split();
            }
            Step::Count => leg.counted(&BTreeMap::new(), Tokens::Remembered),
            Step::Wait(_) | Step::Trust => panic!("{leg:?}"),
            Step::Done => break,
        }
    }
    assert_eq!((buried, splits.len()), (rows, 200));
    assert!(probes <= 2 * rows + 200 * 18, "{probes} probes");
    // Decisions for which a full disk keeps a MiB.
    let mark = |split: &Split| Mark::Split { shipment: 7, table: "samples".to_owned(), split: split.clone() };
    let longest: usize = splits.iter().map(|split| mark(split).write().len() + HEADER_BYTES).max().unwrap();
    assert!(longest < 4_100 && longest * splits.len() < 820_000, "{longest} bytes");
    // A restart judges nothing again that was written down.
    let mut again = Leg::resumed(parts, &splits[..100], WAITS);
    again.counted(&BTreeMap::new(), Tokens::Remembered);
    let Step::Insert(parcel) = again.next() else { panic!("{again:?}") };
    assert_eq!(parcel.rows, 100_000..200_000);
}
