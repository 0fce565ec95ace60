//! Who gets which vendor, and which run is made under which conditions: lists to work by, as CSV.

use std::fmt::Write as _;

use crate::statistics::assignment::{permuted_blocks, runs};

/// Why there is no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Fewer than two vendors.
    #[error("a list needs two vendors or more: name them with --arms, or vendors.arms in poc.toml")]
    OneVendor,
    /// Shares that no block has.
    #[error("shares of {shares} cannot be kept in blocks of 100 or fewer: round them to hundredths")]
    Shares {
        /// As they are.
        shares: String,
    },
    /// No conditions.
    #[error("a schedule needs the impairments of its runs: --profiles clean,wifi,...")]
    NoProfile,
}

/// What is scheduled.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleQuestion<'a> {
    /// The vendors.
    pub arms: &'a [String],
    /// The impairments.
    pub profiles: &'a [String],
    /// Circumstances beside them; empty: none.
    pub strata: &'a [String],
    /// How many runs, each made once with every vendor.
    pub runs: usize,
    /// How long each takes, s.
    pub seconds: u32,
    /// Another seed, another order.
    pub seed: u64,
}

/// `unit,arm,stratum,block`: so many units of each stratum, numbered in the order in which they come, by random permuted blocks. The block is unique over strata.
pub fn assignment_list(arms: &[String], shares: &[f64], strata: &[String], units: usize, seed: u64) -> Result<String, ListError> {
    if arms.len() < 2 {
        return Err(ListError::OneVendor);
    }
    let mut out = String::from("unit,arm,stratum,block\n");
    let every = [String::new()];
    let (mut unit, mut blocks) = (0, 0);
    for (at, stratum) in (if strata.is_empty() { &every[..] } else { strata }).iter().enumerate() {
        // Strata are drawn apart.
        let placed = permuted_blocks(units, shares, seed.wrapping_add(at as u64 * 0x9e37_79b9_7f4a_7c15));
        let refused = || ListError::Shares { shares: shares.iter().map(f64::to_string).collect::<Vec<_>>().join(", ") };
        let placed = placed.ok_or_else(refused)?;
        for of in &placed {
            unit += 1;
            // Writing to a string does not fail.
            let _ = writeln!(out, "{unit},{},{},{}", cell(&arms[of.arm]), cell(stratum), blocks + of.block);
        }
        blocks += placed.last().map_or(0, |of| of.block);
    }
    Ok(out)
}

/// `run,arm,stratum,profile,seconds,seed`: each run once with every vendor in an order that is drawn, under the same conditions and with the same seed;
/// impairments and strata come equally often.
pub fn schedule(question: &ScheduleQuestion<'_>) -> Result<String, ListError> {
    let ScheduleQuestion { arms, profiles, strata, seconds, .. } = *question;
    if arms.len() < 2 {
        return Err(ListError::OneVendor);
    }
    if profiles.is_empty() {
        return Err(ListError::NoProfile);
    }
    let mut out = String::from("run,arm,stratum,profile,seconds,seed\n");
    let beside = strata.len().max(1);
    for (at, run) in runs(question.runs, arms.len(), profiles.len() * beside, question.seed).iter().enumerate() {
        let profile = cell(&profiles[run.condition / beside]);
        let stratum = strata.get(run.condition % beside).map_or_else(String::new, |stratum| cell(stratum));
        for arm in &run.arms {
            let _ = writeln!(out, "{},{},{stratum},{profile},{seconds},{}", at + 1, cell(&arms[*arm]), run.seed);
        }
    }
    Ok(out)
}

/// A value as CSV has it.
fn cell(value: &str) -> String {
    if value.contains([',', '"', '\n', '\r']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn lists_are_the_same_for_the_same_seed_and_no_other() {
        let of = |seed| assignment_list(&names(&["a", "b"]), &[0.5, 0.5], &names(&["eu", "us"]), 40, seed).unwrap();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        let list = of(1);
        assert!(list.starts_with("unit,arm,stratum,block\n1,"), "{list}");
        assert_eq!(list.lines().count(), 81);
        let column = |line: &str, at: usize| line.split(',').nth(at).unwrap().to_owned();
        let strata: Vec<(String, String)> = list.lines().skip(1).map(|line| (column(line, 2), column(line, 3))).collect();
        assert!(strata.iter().all(|(stratum, block)| strata.iter().all(|(s, b)| b != block || s == stratum)), "a block is of one stratum");
    }

    #[test]
    fn a_schedule_pairs_vendors_and_balances_profiles() {
        let (arms, profiles) = (names(&["a", "b"]), names(&["clean", "wifi, bad"]));
        let question = ScheduleQuestion { arms: &arms, profiles: &profiles, strata: &[], runs: 20, seconds: 60, seed: 3 };
        let list = schedule(&question).unwrap();
        let lines: Vec<&str> = list.lines().collect();
        assert_eq!((lines[0], lines.len()), ("run,arm,stratum,profile,seconds,seed", 41));
        for pair in lines[1..].chunks(2) {
            let rest = |line: &str| line.split_once(',').unwrap().1.split_once(',').unwrap().1.to_owned();
            assert_eq!(rest(pair[0]), rest(pair[1]), "same profile and seed");
            assert_ne!(pair[0], pair[1]);
        }
        assert_eq!(lines.iter().filter(|line| line.contains("\"wifi, bad\"")).count(), 20);
        assert_eq!(schedule(&ScheduleQuestion { profiles: &[], ..question }), Err(ListError::NoProfile));
        assert_eq!(assignment_list(&names(&["a"]), &[1.0], &[], 3, 1), Err(ListError::OneVendor));
        assert!(matches!(assignment_list(&names(&["a", "b"]), &[0.123_45, 0.876_55], &[], 3, 1), Err(ListError::Shares { .. })));
    }
}
