//! Variances of fitted parameters that hold with unequal scatter, and with rows of one user going together.

use nalgebra::{SMatrix, SVector};

use crate::pairs::{Row, Sorted};

/// How far K parameters may be off together.
pub(crate) struct Sandwich<const K: usize> {
    /// As if all rows had the same scatter of 1.
    pub plain: SMatrix<f64, K, K>,
    /// What leaving out one user after another would change (the jackknife: HC3 of MacKinnon and White, J. Econometrics 29 (1985), 305-325; for users
    /// CR3 of Cameron and Miller, J. Human Resources 50 (2015), 317-372).
    pub robust: SMatrix<f64, K, K>,
    /// The same from the errors as they are (HC0 and CR0): smaller, and what a bootstrap of those errors comes to.
    pub unadjusted: SMatrix<f64, K, K>,
    /// Degrees of freedom of the robust one: users less 1, at most rows less K.
    pub freedom: f64,
}

impl<const K: usize> Sandwich<K> {
    /// Of least squares, where `row` gives the derivatives of a row's expected outcome by the parameters, at most four, and its error. `None` when
    /// the parameters are not told apart.
    pub fn of(sorted: &Sorted, row: impl Fn(&Row) -> (SVector<f64, K>, f64) + Sync) -> Option<Self> {
        debug_assert!(K <= 4, "sums of a user have room for four parameters");
        let mut gram = SMatrix::<f64, K, K>::zeros();
        for of in &sorted.rows {
            let (j, _) = row(of);
            gram += j * j.transpose() * of.weight;
        }
        let plain = gram.try_inverse()?;
        // A row's score, then its part of the cross products.
        let sums = |of: &Row| {
            let (j, error) = row(of);
            let (score, own) = (j * (of.weight * error), j * j.transpose() * of.weight);
            let mut sums = [0.0; 20];
            sums[..K].copy_from_slice(score.as_slice());
            sums[K..K + K * K].copy_from_slice(own.as_slice());
            sums
        };
        let none = || [SMatrix::<f64, K, K>::zeros(); 2];
        let take = |[robust, meat]: &mut [SMatrix<f64, K, K>; 2], sums: [f64; 20]| {
            let score = SVector::<f64, K>::from_column_slice(&sums[..K]);
            let own = SMatrix::<f64, K, K>::from_column_slice(&sums[K..K + K * K]);
            // Without this user the parameters may not be told apart: then the change is taken at everyone's cross products.
            let change = (gram - own).try_inverse().unwrap_or(plain) * score;
            *robust += change * change.transpose();
            *meat += score * score.transpose();
        };
        let [mut robust, meat] = sorted.over_users(sums, none, take, |a, b| [a[0] + b[0], a[1] + b[1]]);
        let users = sorted.independent() as f64;
        robust *= (users - 1.0) / users;
        Some(Sandwich {
            plain,
            robust,
            unadjusted: plain * meat * plain,
            freedom: f64::min(users - 1.0, sorted.rows.len() as f64 - K as f64),
        })
    }

    /// The robust variance of a combination, as a multiple of what it is where all scatter is 1; `None` when there is none.
    pub fn stretch(&self, of: [f64; K]) -> Option<f64> {
        let of = SVector::<f64, K>::from(of);
        let variance = |matrix: &SMatrix<f64, K, K>| of.dot(&(matrix * of));
        let stretch = variance(&self.robust) / variance(&self.plain);
        (stretch > 0.0 && stretch.is_finite()).then_some(stretch)
    }
}
