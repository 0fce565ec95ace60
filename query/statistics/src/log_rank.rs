//! Whether groups have the same survival: the log-rank test.
//!
//! At every time of an event the events of each group are compared with its part of those at risk; the sums of observed less expected have the
//! variance of the hypergeometric distribution, d (n - d) / (n - 1) times n_a / n (1 - n_a / n) (Mantel, Cancer Chemother. Rep. 50 (1966), 163-170).
//! It is strongest against hazards that are proportional; where curves cross compare restricted means.

use nalgebra::{DMatrix, DVector};
use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::linear::solve;
use crate::spell::{SpellError, Spells, same_length};

/// Groups of spells to be compared, within strata if there are any.
#[derive(Debug, Clone, Copy)]
pub struct Groups<'a> {
    /// The group of each row, from 0.
    pub codes: &'a [u32],
    /// What the groups are called: one name a group.
    pub labels: &'a [String],
    /// The stratum of each row: groups are compared only inside each.
    pub strata: Option<&'a [u32]>,
}

/// Why groups cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LogRankError {
    /// Columns of the wrong length.
    #[error("groups do not fit the spells")]
    Spells(#[from] SpellError),
    /// A code without a label.
    #[error("row {row} is of group {code}, but there are {groups} groups")]
    Unknown {
        /// Where, from 0.
        row: usize,
        /// Its code.
        code: u32,
        /// How many groups have labels.
        groups: usize,
    },
    /// Fewer than two groups.
    #[error("{groups} groups cannot be compared: it takes two")]
    OneGroup {
        /// How many there are.
        groups: usize,
    },
    /// Nobody in it.
    #[error("group {group:?} is empty")]
    EmptyGroup {
        /// Which.
        group: String,
    },
    /// No event at all.
    #[error("all {rows} spells are censored: without an event nothing can be compared")]
    NoEvents {
        /// How many.
        rows: usize,
    },
    /// Weighted spells.
    #[error("the log-rank test of weighted spells is not available: compare weighted curves at a time, or restricted means")]
    Weighted,
    /// Some groups are never at risk when an event could fall to one or the other.
    #[error("no event found group {group:?} at risk together with the others")]
    NeverTogether {
        /// Which.
        group: String,
    },
}

/// One group's part in the test.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupEvents {
    /// Its name.
    pub label: String,
    /// Its spells.
    pub n: u64,
    /// Its events.
    pub observed: u64,
    /// The events it would have had with the survival of all together.
    pub expected: f64,
}

/// A log-rank test.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRank {
    /// Chi-square.
    pub statistic: f64,
    /// Groups less one.
    pub freedom: u32,
    /// How often groups with the same survival would differ as much, 0 to 1.
    pub p_value: f64,
    /// The groups, in order of their codes.
    pub groups: Vec<GroupEvents>,
}

/// Tests whether the groups' hazards are the same. Entries are heeded; weights are refused.
pub fn log_rank(spells: &Spells<'_>, groups: Groups<'_>) -> Result<LogRank, LogRankError> {
    let sizes = check(spells, groups)?;
    let k = groups.labels.len();
    let mut sums = Sums { observed: vec![0; k], expected: vec![0.0; k], variance: DMatrix::zeros(k, k) };
    let order = spells.order(groups.strata);
    // Rows by the time they enter, within the same strata.
    let entering: Vec<usize> = spells.entry().map(|entry| by_entry(entry, groups.strata)).unwrap_or_default();
    let stratum = |row: usize| groups.strata.map_or(0, |strata| strata[row]);
    let (mut from, mut entered_from) = (0, 0);
    while from < order.len() {
        let of = stratum(order[from]);
        let to = from + order[from..].partition_point(|row| stratum(*row) == of);
        let entered_to = entered_from + entering[entered_from..].partition_point(|row| stratum(*row) == of);
        sums.add_stratum(spells, groups.codes, &order[from..to], &entering[entered_from..entered_to]);
        (from, entered_from) = (to, entered_to);
    }
    sums.test(groups.labels, &sizes)
}

fn check(spells: &Spells<'_>, groups: Groups<'_>) -> Result<Vec<u64>, LogRankError> {
    let k = groups.labels.len();
    same_length("group codes", groups.codes.len(), spells.rows())?;
    groups.strata.map_or(Ok(()), |strata| same_length("strata", strata.len(), spells.rows()))?;
    if spells.weights().is_some() {
        return Err(LogRankError::Weighted);
    }
    if k < 2 {
        return Err(LogRankError::OneGroup { groups: k });
    }
    let mut sizes = vec![0_u64; k];
    for (row, code) in groups.codes.iter().enumerate() {
        *sizes.get_mut(*code as usize).ok_or(LogRankError::Unknown { row, code: *code, groups: k })? += 1;
    }
    if let Some(empty) = sizes.iter().position(|size| *size == 0) {
        return Err(LogRankError::EmptyGroup { group: groups.labels[empty].clone() });
    }
    if spells.events() == 0 {
        return Err(LogRankError::NoEvents { rows: spells.rows() });
    }
    Ok(sizes)
}

fn by_entry(entry: &[f64], strata: Option<&[u32]>) -> Vec<usize> {
    let stratum = |row: usize| strata.map_or(0, |strata| strata[row]);
    let mut rows: Vec<usize> = (0..entry.len()).collect();
    rows.sort_unstable_by(|a, b| stratum(*a).cmp(&stratum(*b)).then(entry[*a].total_cmp(&entry[*b])).then(a.cmp(b)));
    rows
}

struct Sums {
    observed: Vec<u64>,
    expected: Vec<f64>,
    variance: DMatrix<f64>,
}

impl Sums {
    /// One stratum: its rows in order of exit, and in order of entry if there are entries.
    fn add_stratum(&mut self, spells: &Spells<'_>, codes: &[u32], order: &[usize], entering: &[usize]) {
        let k = self.observed.len();
        let code = |row: usize| codes[row] as usize;
        let (mut at_risk, mut events) = (vec![0_u64; k], vec![0_u64; k]);
        if spells.entry().is_none() {
            order.iter().for_each(|row| at_risk[code(*row)] += 1);
        }
        let (mut at, mut entered) = (0, 0);
        while at < order.len() {
            let time = spells.exit()[order[at]];
            if let Some(entry) = spells.entry() {
                while entered < entering.len() && entry[entering[entered]] < time {
                    at_risk[code(entering[entered])] += 1;
                    entered += 1;
                }
            }
            let to = at + order[at..].iter().take_while(|row| spells.exit()[**row] == time).count();
            events.fill(0);
            order[at..to].iter().filter(|row| spells.event()[**row]).for_each(|row| events[code(*row)] += 1);
            self.add_time(&at_risk, &events);
            order[at..to].iter().for_each(|row| at_risk[code(*row)] -= 1);
            at = to;
        }
    }

    fn add_time(&mut self, at_risk: &[u64], events: &[u64]) {
        let d = events.iter().sum::<u64>() as f64;
        if d == 0.0 {
            return;
        }
        let n = at_risk.iter().sum::<u64>() as f64;
        let spread = if n > 1.0 { d * (n - d) / (n - 1.0) } else { 0.0 };
        for (a, own) in at_risk.iter().enumerate() {
            let part = *own as f64 / n;
            self.observed[a] += events[a];
            self.expected[a] += d * part;
            for (b, other) in at_risk.iter().enumerate() {
                self.variance[(a, b)] += spread * part * (f64::from(u8::from(a == b)) - *other as f64 / n);
            }
        }
    }

    fn test(self, labels: &[String], sizes: &[u64]) -> Result<LogRank, LogRankError> {
        let k = labels.len();
        let alone = |a: usize| LogRankError::NeverTogether { group: labels[a].clone() };
        if let Some(a) = (0..k).find(|a| self.variance[(*a, *a)] <= 1e-9) {
            return Err(alone(a));
        }
        // The last group follows from the others.
        let surplus = DVector::from_fn(k - 1, |a, _| self.observed[a] as f64 - self.expected[a]);
        let variance = self.variance.view((0, 0), (k - 1, k - 1)).into_owned();
        let (solved, _) = solve(&variance, &surplus).ok_or_else(|| alone(k - 1))?;
        let statistic = surplus.dot(&solved);
        let freedom = (k - 1) as u32;
        let p_value = chi_square_tail(statistic, freedom).ok_or_else(|| alone(k - 1))?;
        let group =
            |a: usize| GroupEvents { label: labels[a].clone(), n: sizes[a], observed: self.observed[a], expected: self.expected[a] };
        Ok(LogRank { statistic, freedom, p_value, groups: (0..k).map(group).collect() })
    }
}

/// How often a chi-square of so many degrees of freedom is at least as large.
pub(crate) fn chi_square_tail(statistic: f64, freedom: u32) -> Option<f64> {
    ChiSquared::new(f64::from(freedom)).ok().map(|law| law.sf(statistic.max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spell::reference::{Reference, close};

    fn labels(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn of<'a>(codes: &'a [u32], labels: &'a [String]) -> Groups<'a> {
        Groups { codes, labels, strata: None }
    }

    /// The leukaemia remissions of Freireich et al. (1963): chi-square 16.79 in every textbook.
    #[test]
    fn the_remissions_of_freireich_differ_by_16_79() {
        let treated = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35];
        let relapsed = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0];
        let control = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23];
        let exit: Vec<f64> = treated.iter().chain(&control).map(|weeks| f64::from(*weeks)).collect();
        let event: Vec<bool> = relapsed.iter().map(|r| *r == 1).chain([true; 21]).collect();
        let codes: Vec<u32> = (0..42).map(|i| u32::from(i >= 21)).collect();
        let names = labels(&["6-MP", "placebo"]);
        let test = log_rank(&Spells::new(&exit, &event).unwrap(), of(&codes, &names)).unwrap();
        assert!((test.statistic - 16.792_94).abs() < 1e-5, "{}", test.statistic);
        assert!((test.groups[0].expected - 19.250_5).abs() < 1e-4 && test.groups[0].observed == 9);
    }

    /// lifelines' test of three groups; statsmodels' within strata and with late entries.
    #[test]
    fn three_groups_strata_and_entries_as_lifelines_and_statsmodels_have_them() {
        let known = Reference::read();
        let (exit, event, entry) = (known.numbers("input.tied"), known.events(), known.numbers("input.entry"));
        let (codes, strata, names) = (known.codes("input.group"), known.codes("input.stratum"), labels(&["a", "b", "c"]));
        let spells = Spells::new(&exit, &event).unwrap();
        let check = |what: &str, got: LogRank, want: &[f64]| close(what, [got.statistic, got.p_value], want);
        let want = [known.number("expected.log_rank.statistic"), known.number("expected.log_rank.p")];
        check("three groups", log_rank(&spells, of(&codes, &names)).unwrap(), &want);
        let within = Groups { strata: Some(&strata), ..of(&codes, &names) };
        check("strata", log_rank(&spells, within).unwrap(), &known.numbers("expected.log_rank.stratified"));
        let entered = spells.entering(&entry).unwrap();
        check("entries", log_rank(&entered, of(&codes, &names)).unwrap(), &known.numbers("expected.log_rank.entered"));
    }

    #[test]
    fn what_cannot_be_compared_is_refused_by_name() {
        let exit = [1.0, 2.0, 3.0, 4.0];
        let names = labels(&["good", "poor"]);
        let events = [true, true, false, true];
        let spells = Spells::new(&exit, &events).unwrap();
        let error = |codes: &[u32]| log_rank(&spells, of(codes, &names)).unwrap_err().to_string();
        assert_eq!(error(&[0, 0, 0, 0]), "group \"poor\" is empty");
        assert_eq!(error(&[0, 0, 0, 2]), "row 3 is of group 2, but there are 2 groups");
        let censored = Spells::new(&exit, &[false; 4]).unwrap();
        let error = log_rank(&censored, of(&[0, 0, 1, 1], &names)).unwrap_err();
        assert_eq!(error.to_string(), "all 4 spells are censored: without an event nothing can be compared");
        // The poor are gone before the first event.
        let late = Spells::new(&exit, &[false, false, true, true]).unwrap();
        let error = log_rank(&late, of(&[1, 1, 0, 0], &names)).unwrap_err();
        assert_eq!(error.to_string(), "no event found group \"good\" at risk together with the others");
        let weighted = spells.weighing(&[1.0; 4]).unwrap();
        assert_eq!(log_rank(&weighted, of(&[0, 1, 0, 1], &names)).unwrap_err(), LogRankError::Weighted);
    }
}
