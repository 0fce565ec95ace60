//! How much each user moves a coefficient and the price of a step: the pieces that their variances are sums of.
//!
//! A row moves the coefficients by the inverse information times its score, and the mean difference of a step by that times the difference's
//! gradient, and by how far its own difference lies from the mean.

use super::Asked;
use crate::design::Design;
use crate::ordinal::Ordinal;
use crate::parallel::over_blocks;

/// Rows in the order of their users.
pub(super) struct Users {
    order: Vec<usize>,
    /// Where each user's rows start in the order, and the end.
    starts: Vec<usize>,
}

impl Users {
    pub fn of(rows: usize, users: Option<Vec<u32>>) -> Users {
        let mut order: Vec<usize> = (0..rows).collect();
        let Some(users) = users else { return Users { starts: (0..=rows).collect(), order } };
        order.sort_by_key(|row| users[*row]);
        let changes = (1..rows).filter(|at| users[order[*at]] != users[order[at - 1]]);
        Users { starts: std::iter::once(0).chain(changes).chain([rows]).collect(), order }
    }

    pub fn count(&self) -> usize {
        self.starts.len() - 1
    }
}

/// What the rows say of every measure.
pub(super) struct Influence {
    pub users: f64,
    pub of: Vec<Measured>,
}

/// What the rows say of one measure.
pub(super) struct Measured {
    /// Mean difference of the expected outcome for one step.
    pub difference: f64,
    pub difference_variance: f64,
    pub coefficient_variance: f64,
    /// Rows whose measure is known.
    pub measured: u64,
}

/// Sums for one measure's mean difference.
#[derive(Clone)]
struct Sums {
    rows: u64,
    weight: f64,
    difference: f64,
    /// By thresholds, then by all columns, the intercept's unused.
    gradient: Vec<f64>,
}

impl Influence {
    pub fn of(design: &Design, model: &Ordinal, weights: Option<&[f64]>, users: &Users, asked: &[Asked]) -> Influence {
        let rows = Rows { design, model, weights };
        let sums = rows.differences(asked);
        let cuts = model.thresholds.len();
        let inverse = &model.covariance;
        // The inverse information times a gradient, with a place for the intercept.
        let moved = |gradient: &dyn Fn(usize) -> f64| -> Vec<f64> {
            let product = |at: usize| (0..inverse.ncols()).map(|k| inverse[(at, k)] * gradient(k)).sum::<f64>();
            (0..cuts + design.columns()).map(|at| if at == cuts { 0.0 } else { product(at - usize::from(at > cuts)) }).collect()
        };
        let directions: Vec<[Vec<f64>; 2]> = asked
            .iter()
            .zip(&sums)
            .map(|(asked, sums)| {
                let coefficient = moved(&|k| f64::from(u8::from(k == cuts + asked.column - 1)));
                let difference = moved(&|k| sums.gradient[k + usize::from(k >= cuts)] / sums.weight);
                [coefficient, difference]
            })
            .collect();
        let squares = rows.squares(users, asked, &sums, &directions);
        let (n, k) = (design.rows() as f64, users.count() as f64);
        let correction = k / (k - 1.0) * (n - 1.0) / (n - inverse.nrows() as f64);
        let of = sums.iter().zip(squares).map(|(sums, [coefficient, difference])| Measured {
            difference: sums.difference / sums.weight,
            difference_variance: difference * correction,
            coefficient_variance: coefficient * correction,
            measured: sums.rows,
        });
        Influence { users: k, of: of.collect() }
    }
}

struct Rows<'a> {
    design: &'a Design,
    model: &'a Ordinal,
    weights: Option<&'a [f64]>,
}

impl Rows<'_> {
    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// The sums of every measure's differences and their gradients.
    fn differences(&self, asked: &[Asked]) -> Vec<Sums> {
        let (cuts, columns) = (self.model.thresholds.len(), self.design.columns());
        let none = vec![Sums { rows: 0, weight: 0.0, difference: 0.0, gradient: vec![0.0; cuts + columns] }; asked.len()];
        let block = |rows: std::ops::Range<usize>| {
            let mut all = none.clone();
            let mut here = vec![0.0; cuts];
            for row in rows {
                let (x, weight) = (self.design.row(row), self.weight(row));
                let sum = self.design.predict(row, &self.model.coefficients);
                here.fill(0.0);
                let (mean, slope) = self.model.mean_by_thresholds(sum, weight, &mut here);
                for (asked, sums) in asked.iter().zip(&mut all).filter(|(asked, _)| asked.measured(x)) {
                    let moved = sum + self.model.coefficients[asked.column] * asked.shift;
                    let (by_cuts, by_columns) = sums.gradient.split_at_mut(cuts);
                    let (mean_moved, slope_moved) = self.model.mean_by_thresholds(moved, weight, by_cuts);
                    by_cuts.iter_mut().zip(&here).for_each(|(to, here)| *to -= here);
                    let change = weight * (slope_moved - slope);
                    by_columns.iter_mut().zip(x).for_each(|(to, x)| *to += change * x);
                    by_columns[asked.column] += weight * slope_moved * asked.shift;
                    sums.rows += 1;
                    sums.weight += weight;
                    sums.difference += weight * (mean_moved - mean);
                }
            }
            all
        };
        let add = |mut a: Vec<Sums>, b: Vec<Sums>| {
            for (a, b) in a.iter_mut().zip(b) {
                a.rows += b.rows;
                a.weight += b.weight;
                a.difference += b.difference;
                a.gradient.iter_mut().zip(b.gradient).for_each(|(a, b)| *a += b);
            }
            a
        };
        over_blocks(self.design.rows(), block, add).unwrap_or_else(|| none.clone())
    }

    /// The squares of how far each user moves every measure's coefficient and mean difference, summed.
    fn squares(&self, users: &Users, asked: &[Asked], sums: &[Sums], directions: &[[Vec<f64>; 2]]) -> Vec<[f64; 2]> {
        let none = vec![[0.0; 2]; asked.len()];
        let block = |range: std::ops::Range<usize>| {
            let (mut all, mut user) = (none.clone(), none.clone());
            for at in range {
                user.fill([0.0; 2]);
                for row in &users.order[users.starts[at]..users.starts[at + 1]] {
                    self.moves(*row, asked, sums, directions, &mut user);
                }
                for (sum, moved) in all.iter_mut().zip(&user) {
                    *sum = [sum[0] + moved[0] * moved[0], sum[1] + moved[1] * moved[1]];
                }
            }
            all
        };
        let add = |mut a: Vec<[f64; 2]>, b: Vec<[f64; 2]>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a = [a[0] + b[0], a[1] + b[1]]);
            a
        };
        over_blocks(users.count(), block, add).unwrap_or_else(|| none.clone())
    }

    /// Adds how far one row moves every measure's coefficient and mean difference.
    fn moves(&self, row: usize, asked: &[Asked], sums: &[Sums], directions: &[[Vec<f64>; 2]], to: &mut [[f64; 2]]) {
        let (cuts, x, weight) = (self.model.thresholds.len(), self.design.row(row), self.weight(row));
        let sum = self.design.predict(row, &self.model.coefficients);
        let code = usize::from(self.model.codes[row]);
        let score = self.model.row_score(row, sum);
        let along = |direction: &[f64]| {
            let above = if code < cuts { score.above * direction[code] } else { 0.0 };
            let below = if code > 0 { score.below * direction[code - 1] } else { 0.0 };
            weight * (above + below + score.sum * x.iter().zip(&direction[cuts..]).map(|(x, d)| x * d).sum::<f64>())
        };
        let mean = self.model.mean(sum).0;
        for (((asked, sums), [coefficient, difference]), to) in asked.iter().zip(sums).zip(directions).zip(to) {
            to[0] += along(coefficient);
            to[1] += along(difference);
            if asked.measured(x) {
                let own = self.model.mean(sum + self.model.coefficients[asked.column] * asked.shift).0 - mean;
                to[1] += weight * (own - sums.difference / sums.weight) / sums.weight;
            }
        }
    }
}
