//! How alike two groups are in what is known of both, before and after weighting: respondents and everyone asked, treated and controls.

use crate::design::Design;
use crate::parallel::over_blocks;

/// Two groups of a design's rows, by weights: one a row, 0 for a row that is not of the group. A row may be of both.
#[derive(Debug, Clone, Copy)]
pub struct Groups<'a> {
    /// The group that is to resemble the second: respondents, the treated.
    pub first: &'a [f64],
    /// The group that it is held against: everyone asked, controls.
    pub second: &'a [f64],
}

/// Whose standard deviation differences of means are divided by. It is taken before weighting, so that a change is the means' alone (Stuart, Statistical
/// Science 25 (2010), section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Yardstick {
    /// The root of the mean of both groups' variances: for groups of equal standing.
    Pooled,
    /// The second group's: where it is what the first is to represent.
    Second,
}

/// One column of the design in both groups.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnBalance {
    /// `network = wifi`, or the covariate's name.
    pub column: String,
    /// Before weighting.
    pub before: Contrast,
    /// After weighting.
    pub after: Contrast,
}

/// A column in two groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrast {
    /// The first group's mean, in the column's own unit; a share for the value of a category. What was not measured stands at the mean of all.
    pub first: f64,
    /// The second group's.
    pub second: f64,
    /// The first mean less the second, in standard deviations; `None` where the column does not vary. Over 0.1 in size is customarily too much
    /// (Austin, Statistics in Medicine 28 (2009), 3083-3107).
    pub difference: Option<f64>,
    /// The first variance over the second, weighted; `None` where the second is 0.
    pub variance_ratio: Option<f64>,
}

/// All columns but the intercept.
#[derive(Debug, Clone, PartialEq)]
pub struct Balance {
    /// In the design's order.
    pub columns: Vec<ColumnBalance>,
}

impl Balance {
    /// The column that differs most before weighting, and by how much in size; `None` when none varies.
    pub fn worst_before(&self) -> Option<(&str, f64)> {
        self.worst(|column| column.before.difference)
    }

    /// The same after weighting.
    pub fn worst_after(&self) -> Option<(&str, f64)> {
        self.worst(|column| column.after.difference)
    }

    fn worst(&self, of: impl Fn(&ColumnBalance) -> Option<f64>) -> Option<(&str, f64)> {
        let sizes = self.columns.iter().filter_map(|column| Some((column.column.as_str(), of(column)?.abs())));
        sizes.max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// Why groups cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BalanceError {
    /// Weights for another number of rows.
    #[error("compare groups over {rows} rows: there are {got} weights")]
    Length {
        /// The design's rows.
        rows: usize,
        /// The weights.
        got: usize,
    },
    /// A group without weight, or with one that is none.
    #[error("compare groups: the weights of the {group} group are not finite and positive in sum")]
    Weights {
        /// `first` or `second`.
        group: &'static str,
    },
}

/// Standardised differences of means and ratios of variances, a column each. Variances are sum w (x - mean)^2 / sum w.
pub fn balance(design: &Design, before: Groups<'_>, after: Groups<'_>, yardstick: Yardstick) -> Result<Balance, BalanceError> {
    let moments = |weights: &[f64], group| Moments::of(design, weights, group);
    let (first, second) = (moments(before.first, "first")?, moments(before.second, "second")?);
    let first_after = moments(after.first, "first")?;
    let second_after = if std::ptr::eq(before.second, after.second) { None } else { Some(moments(after.second, "second")?) };
    let second_after = second_after.as_ref().unwrap_or(&second);
    let column = |at: usize| {
        let deviation = match yardstick {
            Yardstick::Pooled => f64::midpoint(first.variance[at], second.variance[at]).sqrt(),
            Yardstick::Second => second.variance[at].sqrt(),
        };
        let column = &design.column()[at];
        let contrast = |first: &Moments, second: &Moments| Contrast {
            first: first.mean[at] * column.scale + column.centre,
            second: second.mean[at] * column.scale + column.centre,
            difference: (deviation > 0.0).then(|| (first.mean[at] - second.mean[at]) / deviation),
            variance_ratio: (second.variance[at] > 0.0).then(|| first.variance[at] / second.variance[at]),
        };
        ColumnBalance { column: column.label(), before: contrast(&first, &second), after: contrast(&first_after, second_after) }
    };
    Ok(Balance { columns: (1..design.columns()).map(column).collect() })
}

/// Weighted means and variances of all columns.
struct Moments {
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl Moments {
    fn of(design: &Design, weights: &[f64], group: &'static str) -> Result<Moments, BalanceError> {
        if weights.len() != design.rows() {
            return Err(BalanceError::Length { rows: design.rows(), got: weights.len() });
        }
        let p = design.columns();
        // Sums are taken from the first row, so that large means with small variances lose no digits. The intercept's place holds the weights' sum.
        let origin = design.row(0);
        let block = |rows: std::ops::Range<usize>| {
            let mut sums = vec![(0.0, 0.0); p];
            for row in rows.filter(|row| weights[*row] != 0.0) {
                let weight = weights[row];
                sums[0].0 += weight;
                for ((sum, x), from) in sums.iter_mut().zip(design.row(row)).zip(origin).skip(1) {
                    let x = x - from;
                    sum.0 += weight * x;
                    sum.1 += weight * x * x;
                }
            }
            sums
        };
        let add = |mut a: Vec<(f64, f64)>, b: Vec<(f64, f64)>| {
            a.iter_mut().zip(b).for_each(|(a, b)| (a.0, a.1) = (a.0 + b.0, a.1 + b.1));
            a
        };
        let sums = over_blocks(design.rows(), block, add).filter(|sums| sums[0].0 > 0.0 && sums[0].0.is_finite());
        let sums = sums.filter(|_| weights.iter().all(|weight| *weight >= 0.0)).ok_or(BalanceError::Weights { group })?;
        let total = sums[0].0;
        let variance = |(sum, squares): &(f64, f64)| {
            let variance = squares / total - (sum / total).powi(2);
            if variance > squares / total * 1e-12 { variance } else { 0.0 }
        };
        Ok(Moments {
            mean: sums.iter().zip(origin).map(|((sum, _), from)| from + sum / total).collect(),
            variance: sums.iter().map(variance).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::Covariate;

    /// statsmodels `DescrStatsW`: means and variances by weights.
    #[test]
    fn differences_as_statsmodels_has_them() {
        let reference: serde_json::Value =
            serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/satisfaction.json"))).unwrap();
        let numbers = |value: &serde_json::Value| -> Vec<f64> { value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect() };
        let input = &reference["input"]["balance"];
        let [a, b] = ["a", "b"].map(|name| numbers(&input[name]));
        let [first, second, weights] = ["first", "second", "weights"].map(|name| numbers(&input[name]));
        let design = Design::new(a.len(), &[Covariate::numeric("a", &a), Covariate::numeric("b", &b)]).unwrap();
        for (yardstick, name) in [(Yardstick::Pooled, "pooled"), (Yardstick::Second, "second")] {
            let (before, after) = (Groups { first: &first, second: &second }, Groups { first: &weights, second: &second });
            let got = balance(&design, before, after, yardstick).unwrap();
            for column in &got.columns {
                for (contrast, when) in [(column.before, "before"), (column.after, "after")] {
                    let want = &reference["expected"]["balance"][name][&column.column][when];
                    let figures = [contrast.first, contrast.second, contrast.difference.unwrap(), contrast.variance_ratio.unwrap()];
                    for (got, what) in figures.into_iter().zip(["first", "second", "difference", "variance_ratio"]) {
                        assert!((got - want[what].as_f64().unwrap()).abs() < 1e-9, "{name} {} {when} {what}: {got}", column.column);
                    }
                }
            }
        }
    }

    #[test]
    fn weights_that_even_groups_out_leave_no_difference() {
        let x = [0.0, 0.0, 0.0, 1.0, 0.0, 1.0];
        let design = Design::new(6, &[Covariate::numeric("x", &x)]).unwrap();
        let second = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0];
        let before = Groups { first: &[1.0, 1.0, 1.0, 1.0, 0.0, 0.0], second: &second };
        let after = Groups { first: &[1.0, 1.0, 1.0, 3.0, 0.0, 0.0], second: &second };
        let got = balance(&design, before, after, Yardstick::Pooled).unwrap();
        assert!((got.columns[0].before.first - 0.25).abs() < 1e-12 && (got.columns[0].after.first - 0.5).abs() < 1e-12);
        assert!(got.worst_before().unwrap().1 > 0.5 && got.worst_after().unwrap().1 < 1e-12);
        assert_eq!(got.worst_before().unwrap().0, "x");
    }

    #[test]
    fn a_column_that_does_not_vary_in_the_groups_has_no_difference() {
        let design = Design::new(3, &[Covariate::numeric("x", &[1.0, 1.0, 5.0])]).unwrap();
        let groups = Groups { first: &[1.0, 0.0, 0.0], second: &[0.0, 1.0, 0.0] };
        let got = balance(&design, groups, groups, Yardstick::Pooled).unwrap();
        assert_eq!((got.columns[0].before.difference, got.columns[0].before.variance_ratio, got.worst_after()), (None, None, None));
    }

    #[test]
    fn unfit_weights_are_refused() {
        let design = Design::new(2, &[Covariate::numeric("x", &[1.0, 2.0])]).unwrap();
        let whole = [1.0, 1.0];
        let refused = |first: &[f64]| {
            let groups = Groups { first, second: &whole };
            balance(&design, groups, groups, Yardstick::Second).unwrap_err()
        };
        assert_eq!(refused(&[1.0]), BalanceError::Length { rows: 2, got: 1 });
        assert_eq!(refused(&[0.0, 0.0]), BalanceError::Weights { group: "first" });
        assert_eq!(refused(&[2.0, -1.0]), BalanceError::Weights { group: "first" });
        assert_eq!(refused(&[f64::NAN, 1.0]), BalanceError::Weights { group: "first" });
    }
}
