//! Where it is bad, and since when: the slices worth a line on the board.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use datafusion::error::Result;
use datafusion::prelude::SessionContext;

use super::answer::{Answer, ask};
use super::answers::{Dimension, Filter, Slice};
use super::cells::Cell;
use super::questions::last_minutes;
use super::sql::Scope;
use crate::statistics::{ClusteredMinutes, Confidence, MIN_MINUTES, Minutes, SliceExcess, onset, rank};

/// Slices shown.
const SLICES: usize = 8;

/// Every slice by one dimension and by two, from the cells.
fn all_slices(cells: &[&Cell]) -> BTreeMap<Filter, ClusteredMinutes> {
    let mut slices: BTreeMap<Filter, ClusteredMinutes> = BTreeMap::new();
    for cell in cells {
        let stated: Vec<(Dimension, String)> = Dimension::ALL
            .into_iter()
            .zip(&cell.values)
            .filter(|(_, value)| !value.is_empty())
            .map(|(d, value)| (d, value.clone()))
            .collect();
        for (i, one) in stated.iter().enumerate() {
            let pairs = stated[i + 1..].iter().map(|two| vec![one.clone(), two.clone()]);
            for filter in std::iter::once(vec![one.clone()]).chain(pairs) {
                let sum = slices.entry(Filter(filter)).or_default();
                *sum = sum.merge(cell.hour());
            }
        }
    }
    slices
}

/// Where it is bad and since when.
pub async fn slices(context: &SessionContext, scope: &Scope<'_>, cells: &[Cell]) -> Result<Vec<Slice>> {
    let shown = telling(cells);
    if shown.is_empty() {
        return Ok(Vec::new());
    }
    let filters: Vec<Filter> = shown.iter().map(|slice| slice.key.clone()).collect();
    let series = ask(context, &scope.slice_minutes(&filters)).await?;
    shown.into_iter().enumerate().map(|(i, slice)| with_series(slice, &series, i, scope.now)).collect()
}

/// The slices worth a line: the one with the greatest excess, then the one with the greatest excess among the sessions that are not in it, and so on,
/// so that one cause is not told many times by slices that overlap it. Ends with the first that may be chance.
fn telling(cells: &[Cell]) -> Vec<SliceExcess<Filter>> {
    let mut shown: Vec<SliceExcess<Filter>> = Vec::new();
    while shown.len() < SLICES {
        let left: Vec<&Cell> = cells.iter().filter(|cell| !shown.iter().any(|slice| cell.is_in(&slice.key))).collect();
        let all = left.iter().fold(ClusteredMinutes::default(), |all, cell| all.merge(cell.hour()));
        let ranked = rank(all, all_slices(&left), MIN_MINUTES, Confidence::P95).ranked;
        let Some(next) = most_telling(&ranked) else { break };
        let clear = next.clear;
        shown.push(next.clone());
        if !clear {
            break;
        }
    }
    shown
}

/// The slice with the greatest excess, or a narrower one within it that holds nearly all of that excess in fewer minutes.
fn most_telling(ranked: &[SliceExcess<Filter>]) -> Option<&SliceExcess<Filter>> {
    let most = ranked.first().filter(|slice| slice.excess.value > 0.0)?.excess.value;
    // A condition that all the sessions meet adds nothing: of slices that are the same sessions, the one with the fewest conditions.
    let same = ranked.iter().take_while(|slice| slice.excess.value >= most - 1e-9);
    let first = same.min_by_key(|slice| slice.key.0.len())?;
    let narrower = ranked.iter().filter(|other| {
        other.key.0.len() > first.key.0.len()
            && first.key.0.iter().all(|condition| other.key.0.contains(condition))
            && other.excess.value >= 0.8 * first.excess.value
            && other.share.value > first.share.value
            && other.clear == first.clear
    });
    Some(narrower.max_by(|a, b| a.excess.value.total_cmp(&b.excess.value)).unwrap_or(first))
}

fn with_series(slice: SliceExcess<Filter>, answer: &Answer, index: usize, now: DateTime<Utc>) -> Result<Slice> {
    let mut counted = BTreeMap::new();
    for line in answer.rows() {
        let minutes = Minutes { bad: line.count(&format!("bad_{index}"))?, total: line.count(&format!("total_{index}"))? };
        counted.insert(line.moment("minute")?, minutes);
    }
    let series: Vec<(DateTime<Utc>, Minutes)> =
        last_minutes(now).map(|minute| (minute, counted.get(&minute).copied().unwrap_or_default())).collect();
    let counts: Vec<Minutes> = series.iter().map(|(_, minutes)| *minutes).collect();
    Ok(Slice {
        filter: slice.key,
        sessions: slice.sessions,
        minutes: slice.share.n,
        bad: (slice.share.value * slice.share.n as f64).round() as u64,
        bad_share: slice.share,
        rest_share: slice.rest,
        excess: slice.excess,
        clear: slice.clear,
        onset: onset(&counts).and_then(|onset| series.get(onset.minute)).map(|(minute, _)| *minute),
        series: series.into_iter().map(|(minute, minutes)| (minute, minutes.bad, minutes.total)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::cells::Tally;
    use super::*;

    const VENDORS: [&str; 3] = ["a", "b", "c"];
    const REGIONS: [&str; 3] = ["east", "south", "west"];
    const NETWORKS: [&str; 2] = ["wifi", "4g"];

    /// Forty sessions of twenty minutes in each combination, of which `bad(vendor, region, network)` minutes are bad (one more in every other).
    fn cells(bad: impl Fn(&str, &str, &str) -> u64) -> Vec<Cell> {
        let mut cells = Vec::new();
        for vendor in VENDORS {
            for region in REGIONS {
                for network in NETWORKS {
                    let judged = (0..40).fold(ClusteredMinutes::default(), |all, i| {
                        all.merge(ClusteredMinutes::session((bad(vendor, region, network) + i % 2).min(20), 20))
                    });
                    let values = [vendor, "voice_call", region, network, "web", "1.0"].map(str::to_owned).to_vec();
                    cells.push(Cell { values, tallies: [Tally::default(), Tally::default(), Tally { judged, ..Tally::default() }] });
                }
            }
        }
        cells
    }

    fn told(cells: &[Cell]) -> Vec<(String, bool)> {
        let name = |slice: &SliceExcess<Filter>| slice.key.0.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ");
        telling(cells).iter().map(|slice| (name(slice), slice.clear)).collect()
    }

    fn clear(cells: &[Cell]) -> Vec<String> {
        told(cells).into_iter().filter(|(_, clear)| *clear).map(|(name, _)| name).collect()
    }

    #[test]
    fn one_cause_is_told_once_and_in_full() {
        assert_eq!(clear(&cells(|vendor, region, _| if (vendor, region) == ("b", "south") { 12 } else { 1 })), ["b south"]);
        assert_eq!(clear(&cells(|vendor, _, _| if vendor == "b" { 12 } else { 1 })), ["b"]);
    }

    #[test]
    fn two_causes_are_told_as_two() {
        let both = cells(|vendor, region, network| match (vendor, region, network) {
            ("b", "south", _) => 15,
            (_, _, "4g") => 4,
            _ => 1,
        });
        assert_eq!(clear(&both), ["b south", "4g"]);
    }

    #[test]
    fn where_all_are_alike_nothing_is_clear() {
        assert_eq!(clear(&cells(|_, _, _| 2)), Vec::<String>::new());
        assert!(told(&cells(|_, _, _| 2)).len() <= 1, "at most one line that may be chance");
    }

    #[test]
    fn what_is_all_there_is_has_no_rest() {
        let one = cells(|_, _, _| 9).into_iter().take(1).collect::<Vec<_>>();
        assert_eq!(told(&one), Vec::new());
    }
}
