//! How much the columns of a design go together: what is measured together cannot be told apart.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use crate::design::Design;
use crate::linear::{Normal, solve};

/// From this inflation on a column is said to be collinear: the customary 5, at which its standard error is 2.2 times what it would be alone.
pub const INFLATED: f64 = 5.0;
/// How strong a partial correlation names another column as the reason: our choice.
const STRONG: f64 = 0.5;

/// How much the columns of a design go together.
#[derive(Debug, Clone, PartialEq)]
pub struct Collinearity {
    /// Root of the ratio of the largest to the smallest eigenvalue of the columns' correlations, 1 when they are unrelated; from 30 on harmful
    /// (Belsley, Kuh and Welsch, Regression Diagnostics (1980), 3.2).
    pub condition: f64,
    /// One a column, the intercept aside.
    pub inflation: Vec<Inflation>,
}

/// How much harder one column is to estimate for the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Inflation {
    /// The column's place in the design.
    pub column: usize,
    /// By which factor the variance of its coefficient is inflated, 1 or more: 1 / (1 - R^2) of the column on the others.
    pub factor: f64,
    /// The columns whose partial correlation with it is at least 0.5 either way, where the factor is at least [`INFLATED`]; the strongest first.
    pub with: Vec<usize>,
}

/// How much the columns of a design go together; `None` without columns beside the intercept, for constant and for wholly collinear ones.
pub fn collinearity(design: &Design) -> Option<Collinearity> {
    let gram = Normal::of(design, |_| (1.0, 0.0)).gram;
    let (n, p) = (design.rows() as f64, design.columns() - 1);
    if p == 0 {
        return None;
    }
    let mean = |column: usize| gram[(0, column + 1)] / n;
    let covariance = DMatrix::from_fn(p, p, |a, b| gram[(a + 1, b + 1)] / n - mean(a) * mean(b));
    let deviation = covariance.diagonal().map(f64::sqrt);
    if !deviation.iter().all(|deviation| *deviation > 0.0) {
        return None;
    }
    let correlation = DMatrix::from_fn(p, p, |a, b| covariance[(a, b)] / (deviation[a] * deviation[b]));
    let (_, inverse) = solve(&correlation, &DVector::zeros(p))?;
    let eigenvalues = SymmetricEigen::new(correlation).eigenvalues;
    let inflation = (0..p).map(|column| {
        let factor = inverse[(column, column)].max(1.0);
        let partial = |other: usize| -inverse[(column, other)] / (factor * inverse[(other, other)]).sqrt();
        let mut with: Vec<usize> =
            (0..p).filter(|other| *other != column && factor >= INFLATED && partial(*other).abs() >= STRONG).collect();
        with.sort_by(|a, b| partial(*b).abs().total_cmp(&partial(*a).abs()));
        Inflation { column: column + 1, factor, with: with.into_iter().map(|other| other + 1).collect() }
    });
    Some(Collinearity { condition: (eigenvalues.max() / eigenvalues.min()).sqrt(), inflation: inflation.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::Covariate;

    fn reference() -> serde_json::Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/drivers.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn numbers(value: &serde_json::Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    }

    /// statsmodels' `variance_inflation_factor`, numpy's condition number.
    #[test]
    fn inflation_as_statsmodels_has_it() {
        let reference = reference();
        let (input, expected) = (&reference["input"]["drivers"], &reference["expected"]["collinearity"]);
        let values = ["rtt", "jitter", "loss"].map(|name| numbers(&input[name]));
        let covariates =
            [Covariate::numeric("rtt", &values[0]), Covariate::numeric("jitter", &values[1]), Covariate::numeric("loss", &values[2])];
        let got = collinearity(&Design::new(values[0].len(), &covariates).unwrap()).unwrap();
        for (got, want) in got.inflation.iter().zip(numbers(&expected["factors"])) {
            assert!((got.factor - want).abs() < 1e-6 * want, "{got:?} is not {want}");
        }
        assert!((got.condition - expected["condition"].as_f64().unwrap()).abs() < 1e-6);
        assert_eq!(got.inflation.iter().map(|inflation| inflation.with.clone()).collect::<Vec<_>>(), [vec![2], vec![1], vec![]]);
    }

    #[test]
    fn nothing_goes_together_with_nothing() {
        assert_eq!(collinearity(&Design::new(3, &[]).unwrap()), None);
    }
}
