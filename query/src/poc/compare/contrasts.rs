//! Two cells compared by the method of the metric's kind.

use std::collections::BTreeMap;

use super::Why;
use super::cells::Cell;
use crate::poc::metric::MetricKind;
use crate::statistics::Spells;
use crate::statistics::contrast::cuped::{Earlier, adjust};
use crate::statistics::contrast::paired::{self, Pairs};
use crate::statistics::contrast::time::{Times, restricted_mean_difference};
use crate::statistics::contrast::{Arm, Contrast, ContrastError, mean, ordinal, quantile, ratio, share};

/// A difference, and the same as a ratio where that can be had.
#[derive(Debug, Clone)]
pub(super) struct Compared {
    /// First less second.
    pub difference: Contrast,
    /// First over second.
    pub ratio: Option<Contrast>,
}

/// How cells of one metric are compared.
#[derive(Debug, Clone)]
pub(super) struct Way {
    /// What of the values.
    pub kind: MetricKind,
    /// Of times, how far they are counted.
    pub horizon: Option<f64>,
    /// Whether earlier values are taken out.
    pub earlier: bool,
    /// Whether rows are paired.
    pub paired: bool,
}

impl Way {
    /// First less second.
    pub(super) fn compare(&self, first: &Cell, second: &Cell) -> Result<Compared, Why> {
        let compared = if self.paired && !matches!(self.kind, MetricKind::Time { .. }) {
            self.pairs(first, second)
        } else {
            self.apart(first, second)
        };
        Ok(compared?)
    }

    fn apart(&self, first: &Cell, second: &Cell) -> Result<Compared, ContrastError> {
        let (a, b) = (first.arm(), second.arm());
        let alone = |difference: Contrast| Compared { difference, ratio: None };
        match &self.kind {
            MetricKind::Mean if self.earlier => {
                let adjusted = adjust(&Earlier { arm: a, before: &first.before }, &Earlier { arm: b, before: &second.before })?;
                means(&Arm { values: &adjusted.first, units: a.units }, &Arm { values: &adjusted.second, units: b.units })
            }
            MetricKind::Mean => means(&a, &b),
            MetricKind::Share => share::share_difference(&a, &b).map(alone),
            MetricKind::Quantile(q) => quantile::quantile_difference(&a, &b, *q).map(alone),
            MetricKind::Ratio { .. } => {
                let (a, b) = (first.parts(), second.parts());
                Ok(Compared { difference: ratio::ratio_difference(&a, &b)?, ratio: ratio::ratio_of_ratios(&a, &b).ok() })
            }
            MetricKind::Ordinal => ordinal::superiority(&a, &b).map(alone),
            MetricKind::Time { .. } => {
                let (ended_a, ended_b) = (first.ended(), second.ended());
                let a = Times { spells: Spells::new(&first.values, &ended_a)?, units: first.units() };
                let b = Times { spells: Spells::new(&second.values, &ended_b)?, units: second.units() };
                restricted_mean_difference(&a, &b, self.horizon.unwrap_or(f64::NAN)).map(alone)
            }
        }
    }

    fn pairs(&self, first: &Cell, second: &Cell) -> Result<Compared, ContrastError> {
        let ratio = matches!(self.kind, MetricKind::Ratio { .. });
        let (a, b) = together(&by_pair(first, ratio), &by_pair(second, ratio));
        let pairs = Pairs { first: &a, second: &b, units: None };
        let yes_or_no = || a.iter().chain(&b).all(|value| *value == 0.0 || *value == 1.0);
        let difference = match &self.kind {
            MetricKind::Share if yes_or_no() => paired::share_difference(&pairs)?,
            MetricKind::Quantile(q) => paired::quantile_of_differences(&pairs, *q)?,
            MetricKind::Ordinal => paired::superiority(&pairs)?,
            _ => paired::mean_difference(&pairs)?,
        };
        Ok(Compared { difference, ratio: None })
    }
}

fn means(a: &Arm<'_>, b: &Arm<'_>) -> Result<Compared, ContrastError> {
    Ok(Compared { difference: mean::mean_difference(a, b)?, ratio: mean::mean_ratio(a, b).ok() })
}

/// The mean of each pair's rows, or their quotient of sums.
fn by_pair(cell: &Cell, ratio: bool) -> BTreeMap<u32, f64> {
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for (row, pair) in cell.pairs.iter().enumerate() {
        let (above, below) = sums.entry(*pair).or_default();
        *above += cell.values[row];
        *below += if ratio { cell.second[row] } else { 1.0 };
    }
    sums.into_iter().filter(|(_, (_, below))| *below > 0.0).map(|(pair, (above, below))| (pair, above / below)).collect()
}

/// Pairs that both have.
fn together(first: &BTreeMap<u32, f64>, second: &BTreeMap<u32, f64>) -> (Vec<f64>, Vec<f64>) {
    first.iter().filter_map(|(pair, a)| Some((*a, *second.get(pair)?))).unzip()
}
