//! One figure of one sample whose rows come in units, and the same held against a bound.
//!
//! Sessions of one person go together: a bad network is bad for all of them. So the unit is what is drawn, and rows count for as many independent ones as
//! their scatter between units lets them.

use crate::estimate::{Confidence, Estimate};
use crate::normal::normal_quantile;
use crate::share::Counts;
use crate::stability::{Bursts, design_effect};
use crate::student::t_quantile;

/// How often a sample of the size that is named as needed would settle it: our choice, as is customary in planning.
pub const POWER: f64 = 0.8;

/// Values, and whose they are.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// One a row.
    pub values: &'a [f64],
    /// Which unit each row is of; `None`: each is its own.
    pub units: Option<&'a [u32]>,
}

/// A figure with its interval. An end is `None` where the sample leaves it open: the 95th percentile of ten rows has no upper end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The figure, in the unit of the values.
    pub value: f64,
    /// The lower end of its interval.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// Rows behind it.
    pub n: u64,
    /// Units they come in.
    pub units: u64,
    /// So many times wider is its variance than that of as many independent rows, 1 or more.
    pub design_effect: f64,
}

/// A figure held against a bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    /// The figure.
    pub figure: Figure,
    /// What it is held against.
    pub bound: f64,
    /// How often a sample would speak so clearly for "at most the bound" though the figure lies at the bound, 0 to 1 (one-sided).
    pub p_at_most: f64,
    /// The same for "at least the bound".
    pub p_at_least: f64,
    /// Rows in all, coming in such units, that would put the interval on one side of the bound [`POWER`] of the time if the figure stays as it is;
    /// `None` where it lies at the bound, and where no number would.
    pub needed: Option<u64>,
}

/// Why there is no figure.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FigureError {
    /// Nothing was measured.
    #[error("none of {rows} rows was measured")]
    Nothing {
        /// How many rows there were.
        rows: usize,
    },
    /// Infinite values.
    #[error("a value is infinite: leave out what was not measured")]
    Infinite,
    /// A quantile that is none.
    #[error("a quantile at {share}: it lies between 0 and 1, both excluded, such as 0.95")]
    Share {
        /// As given.
        share: f64,
    },
    /// Its scatter is not known.
    #[error("{rows} rows of one unit: two units are needed to know how they scatter")]
    OneUnit {
        /// How many rows.
        rows: u64,
    },
    /// Nothing scatters.
    #[error("all {rows} rows are the same, so the error of their mean is unknown")]
    Constant {
        /// How many rows.
        rows: u64,
    },
    /// A ratio over nothing.
    #[error("the sum below the ratio is {sum}: it is to be above zero")]
    Below {
        /// The sum.
        sum: f64,
    },
    /// Columns of different length.
    #[error("{rows} values and {others} beside them: each row has one of both")]
    Unpaired {
        /// Values.
        rows: usize,
        /// What stands beside them.
        others: usize,
    },
    /// The distribution could not be computed for counts this large.
    #[error("the exact limits of {rows} rows could not be computed")]
    TooMany {
        /// How many rows.
        rows: u64,
    },
}

impl Figure {
    /// With its open ends at those of the range it can be in.
    pub fn within(&self, least: f64, greatest: f64) -> Estimate {
        Estimate { value: self.value, low: self.low.unwrap_or(least), high: self.high.unwrap_or(greatest), n: self.n }
    }
}

impl<'a> Rows<'a> {
    /// The measured rows (not NaN), each as its place, those of a unit beside each other.
    pub(crate) fn by_unit(&self) -> Result<ByUnit<'a>, FigureError> {
        if let Some(units) = self.units.filter(|units| units.len() != self.values.len()) {
            return Err(FigureError::Unpaired { rows: self.values.len(), others: units.len() });
        }
        if self.values.iter().any(|value| value.is_infinite()) {
            return Err(FigureError::Infinite);
        }
        let mut rows: Vec<usize> = (0..self.values.len()).filter(|row| !self.values[*row].is_nan()).collect();
        if let Some(units) = self.units {
            rows.sort_by_key(|row| units[*row]);
        }
        if rows.is_empty() { Err(FigureError::Nothing { rows: self.values.len() }) } else { Ok(ByUnit { rows, units: self.units }) }
    }
}

/// Places of rows, those of a unit beside each other.
pub(crate) struct ByUnit<'a> {
    rows: Vec<usize>,
    units: Option<&'a [u32]>,
}

impl ByUnit<'_> {
    /// The places of each unit.
    pub(crate) fn each(&self) -> impl Iterator<Item = &[usize]> {
        self.rows.chunk_by(|a, b| self.units.is_some_and(|units| units[*a] == units[*b]))
    }

    /// All of them.
    pub(crate) fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Leaves others out.
    pub(crate) fn keep(&mut self, known: impl Fn(usize) -> bool) {
        self.rows.retain(|row| known(*row));
    }

    /// Of each unit, how many rows have something.
    pub(crate) fn counts(&self, has: impl Fn(usize) -> bool) -> Vec<Counts> {
        let count = |rows: &[usize]| Counts { hits: rows.iter().filter(|row| has(**row)).count() as u64, n: rows.len() as u64 };
        self.each().map(count).collect()
    }
}

/// What counts of units are worth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effective {
    /// Rows.
    pub n: u64,
    /// Units.
    pub units: u64,
    /// As in [`Figure::design_effect`].
    pub design_effect: f64,
    /// Independent rows that one row counts for, at most 1.
    pub worth: f64,
}

impl Effective {
    /// Of rows that have something (`hits`) or have not, by unit. Rows count for n over the design effect (Korn and Graubard, Survey Methodology 24 (1998),
    /// 193-201), and for fewer where few units speak of the scatter, which is then itself uncertain: a square of normal over Student's quantile, as there,
    /// but with the units that have the rarer of both less one for degrees of freedom, where they count all units (our choice: with 5 failing units of
    /// 5,000 it is the 5 that tell). Never fewer than if all rows of a unit were one (Kish: n over the sum of squared sizes over n).
    pub(crate) fn of(clusters: &[Counts], level: Confidence) -> Effective {
        let (n, hits) = clusters.iter().fold((0, 0), |(n, hits), cluster| (n + cluster.n, hits + cluster.hits));
        let units = clusters.len() as u64;
        if n == units {
            return Effective { n, units, design_effect: 1.0, worth: 1.0 };
        }
        let effect = design_effect(n, n - hits, Bursts::Clusters(clusters)).unwrap_or(n as f64);
        if hits == 0 || hits == n {
            return Effective { n, units, design_effect: effect, worth: 1.0 / effect };
        }
        let telling = clusters
            .iter()
            .filter(|cluster| cluster.hits > 0)
            .count()
            .min(clusters.iter().filter(|cluster| cluster.hits < cluster.n).count());
        let few = t_quantile(level, (telling as f64 - 1.0).max(1.0)).map_or(1.0, |t| (level.z() / t).powi(2));
        let one_each = clusters.iter().map(|cluster| (cluster.n as f64).powi(2)).sum::<f64>() / n as f64;
        Effective { n, units, design_effect: effect, worth: (few / effect).max(1.0 / effect.max(one_each)) }
    }

    /// Independent rows that all count for.
    pub(crate) fn rows(&self) -> f64 {
        self.n as f64 * self.worth
    }

    /// Rows after which a share found as `found` would be told from `bound`, [`POWER`] of the time. Where all rows have it or none has, as many as would show
    /// it if that goes on.
    pub(crate) fn needed(&self, found: f64, bound: f64, level: Confidence) -> Option<u64> {
        if found == bound || !(bound > 0.0 && bound < 1.0) {
            return None;
        }
        let tail = ((1.0 - level.level()) / 2.0).ln();
        let independent = match found {
            found if found <= 0.0 => tail / (1.0 - bound).ln(),
            found if found >= 1.0 => tail / bound.ln(),
            found => {
                let spread = level.z() * (bound * (1.0 - bound)).sqrt() + power() * (found * (1.0 - found)).sqrt();
                (spread / (found - bound)).powi(2)
            }
        };
        Some(whole(independent / self.worth))
    }
}

/// Standard errors that [`POWER`] takes beyond the interval.
pub(crate) fn power() -> f64 {
    normal_quantile(POWER).unwrap_or(0.0)
}

/// So many whole rows: rounded up, but for the noise of the last digits.
pub(crate) fn whole(rows: f64) -> u64 {
    (rows * (1.0 - 1e-12)).ceil() as u64
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::quantile::UnitQuantile;
    use crate::unit_mean::UnitMean;
    use crate::unit_share::UnitShare;

    fn reference() -> Value {
        serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/poc_score.json"))).unwrap()
    }

    fn numbers(of: &Value) -> Vec<f64> {
        of.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    }

    #[track_caller]
    fn close(got: f64, want: &Value) {
        let want = want.as_f64().unwrap();
        assert!((got - want).abs() < 1e-7 * want.abs().max(1.0), "{got} is not {want}");
    }

    #[track_caller]
    fn same(got: Figure, want: &Value) {
        for (got, want) in [(Some(got.value), &want["value"]), (got.low, &want["low"]), (got.high, &want["high"])] {
            match got {
                None => assert!(want.is_null(), "open, and not {want}"),
                Some(got) => close(got, want),
            }
        }
    }

    /// statsmodels' cluster-robust errors, scipy's beta and t distributions.
    #[test]
    fn figures_of_units_are_those_of_statsmodels() {
        for case in reference()["units"].as_array().unwrap() {
            let (values, bound) = (numbers(&case["values"]), case["bound"].as_f64().unwrap());
            let units: Vec<u32> = numbers(&case["units"]).into_iter().map(|unit| unit as u32).collect();
            let rows = Rows { values: &values, units: Some(&units) };
            let mean = UnitMean::new(rows, Confidence::P95).unwrap();
            same(mean.figure(), &case["mean"]);
            close(mean.against(bound).unwrap().p_at_most, &case["mean"]["p_at_most"]);
            let flags: Vec<f64> = values.iter().map(|value| f64::from(u8::from(*value <= bound))).collect();
            let share = UnitShare::new(Rows { values: &flags, units: Some(&units) }, Confidence::P95).unwrap().figure();
            let quantile = UnitQuantile::new(rows, case["quantile"].as_f64().unwrap(), Confidence::P95).unwrap().figure();
            same(share, &case["share"]);
            same(quantile, &case["at"]);
            if share.units < share.n {
                close(share.design_effect, &case["share"]["design_effect"]);
                close(quantile.design_effect, &case["at"]["design_effect"]);
            }
        }
    }

    /// scipy.stats.binomtest.
    #[test]
    fn shares_of_plain_rows_are_exact() {
        for case in reference()["shares"].as_array().unwrap() {
            let (hits, n) = (case["hits"].as_u64().unwrap(), case["n"].as_u64().unwrap());
            let values: Vec<f64> = (0..n).map(|at| f64::from(u8::from(at < hits))).collect();
            let held = UnitShare::new(Rows { values: &values, units: None }, Confidence::P95).unwrap();
            let held = held.against(case["bound"].as_f64().unwrap()).unwrap();
            close(held.figure.low.unwrap(), &case["low"]);
            close(held.figure.high.unwrap(), &case["high"]);
            close(held.p_at_least, &case["p_at_least"]);
            close(held.p_at_most, &case["p_at_most"]);
        }
    }

    /// scipy.stats.binom.
    #[test]
    fn quantiles_of_plain_rows_have_the_ranks_of_the_binomial() {
        for case in reference()["quantiles"].as_array().unwrap() {
            let n = case["n"].as_u64().unwrap();
            let values: Vec<f64> = (1..=n).map(|rank| rank as f64).collect();
            let figure = UnitQuantile::new(Rows { values: &values, units: None }, case["share"].as_f64().unwrap(), Confidence::P95)
                .unwrap()
                .figure();
            let rank = |name: &str| case[name].as_f64().filter(|rank| *rank >= 1.0 && *rank <= n as f64);
            assert_eq!((figure.low, figure.high), (rank("low"), rank("high")), "{case}");
        }
    }

    #[test]
    fn rows_of_their_own_count_whole() {
        let alone = vec![Counts { hits: 1, n: 1 }, Counts { hits: 0, n: 1 }];
        assert!((Effective::of(&alone, Confidence::P95).worth - 1.0).abs() < 1e-15);
        let doubled: Vec<Counts> = (0..400).map(|at| Counts { hits: 10 * u64::from(at % 5 == 0), n: 10 }).collect();
        let worth = Effective::of(&doubled, Confidence::P95).worth;
        assert!((worth - 0.1).abs() < 2e-3, "ten rows that always agree count for one: {worth}");
    }

    #[test]
    fn a_clean_run_needs_what_the_logarithm_says() {
        let clean = Effective { n: 10, units: 10, design_effect: 1.0, worth: 1.0 };
        // ln(0.025) / ln(0.9999)
        assert_eq!(clean.needed(1.0, 0.9999, Confidence::P95), Some(36_887));
        assert_eq!(clean.needed(0.5, 0.5, Confidence::P95), None);
    }

    #[test]
    fn what_was_not_measured_is_left_out_and_what_cannot_be_is_refused() {
        let values = [1.0, f64::NAN, 3.0];
        assert_eq!(Rows { values: &values, units: Some(&[7, 7, 7]) }.by_unit().unwrap().each().collect::<Vec<_>>(), [[0, 2]]);
        let refused = |values: &[f64], units: Option<&[u32]>| Rows { values, units }.by_unit().err().unwrap();
        assert_eq!(refused(&values, Some(&[7])), FigureError::Unpaired { rows: 3, others: 1 });
        assert_eq!(refused(&[f64::NAN], None), FigureError::Nothing { rows: 1 });
        assert_eq!(refused(&[f64::INFINITY], None), FigureError::Infinite);
    }
}
