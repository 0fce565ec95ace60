//! Counts against what they should be: shares of arms, and tables of two labels.

use crate::log_rank::chi_square_tail;

/// A chi-square test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquare {
    /// The sum of squared distances over what was expected.
    pub statistic: f64,
    /// Degrees of freedom.
    pub freedom: u32,
    /// How often chance alone would give one at least as large, 0 to 1.
    pub p_value: f64,
}

/// The cell of a table that lies farthest from what was expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Its row.
    pub row: usize,
    /// Its column.
    pub column: usize,
    /// What was seen.
    pub observed: u64,
    /// What independence leads one to expect.
    pub expected: f64,
    /// The distance in standard errors (adjusted residual; Haberman, Biometrics 29 (1973), 205-220).
    pub residual: f64,
}

/// Whether counts go by shares (Pearson's goodness of fit, no correction). Shares need not add up to 1. `None` of fewer than two counts, nothing
/// counted, and shares that are not above 0.
///
/// ```
/// use qoe_statistics::chi_square::goodness_of_fit;
/// let arms = goodness_of_fit(&[4_800, 5_200], &[0.5, 0.5]).unwrap();
/// assert!(arms.statistic == 16.0 && arms.p_value < 0.001);
/// ```
pub fn goodness_of_fit(observed: &[u64], shares: &[f64]) -> Option<ChiSquare> {
    let n: u64 = observed.iter().sum();
    let whole: f64 = shares.iter().sum();
    if observed.len() < 2 || observed.len() != shares.len() || n == 0 || !shares.iter().all(|share| *share > 0.0 && share.is_finite()) {
        return None;
    }
    let distance = |(seen, share): (&u64, &f64)| {
        let expected = n as f64 * share / whole;
        (*seen as f64 - expected).powi(2) / expected
    };
    finish(observed.iter().zip(shares).map(distance).sum(), (observed.len() - 1) as u32)
}

/// Whether the rows of a table have the same shares of its columns (Pearson's, no correction), and the cell that lies farthest off. Rows and columns in which
/// nothing was counted are left out. `None` when fewer than two rows or columns are left.
pub fn independence(table: &[Vec<u64>]) -> Option<(ChiSquare, Cell)> {
    let columns = table.first()?.len();
    let of_row: Vec<f64> = table.iter().map(|row| row.iter().sum::<u64>() as f64).collect();
    let of_column: Vec<f64> =
        (0..columns).map(|column| table.iter().map(|row| row.get(column).copied().unwrap_or(0)).sum::<u64>() as f64).collect();
    let n: f64 = of_row.iter().sum();
    let filled = |sums: &[f64]| sums.iter().filter(|sum| **sum > 0.0).count();
    let (rows, wide) = (filled(&of_row), filled(&of_column));
    if rows < 2 || wide < 2 {
        return None;
    }
    let (mut statistic, mut farthest): (f64, Option<Cell>) = (0.0, None);
    for (row, counts) in table.iter().enumerate().filter(|(row, _)| of_row[*row] > 0.0) {
        for column in (0..columns).filter(|column| of_column[*column] > 0.0) {
            let observed = counts.get(column).copied().unwrap_or(0);
            let expected = of_row[row] * of_column[column] / n;
            statistic += (observed as f64 - expected).powi(2) / expected;
            let spread = (expected * (1.0 - of_row[row] / n) * (1.0 - of_column[column] / n)).sqrt();
            let cell = Cell { row, column, observed, expected, residual: (observed as f64 - expected) / spread };
            if farthest.is_none_or(|other| cell.residual.abs() > other.residual.abs()) {
                farthest = Some(cell);
            }
        }
    }
    Some((finish(statistic, ((rows - 1) * (wide - 1)) as u32)?, farthest?))
}

fn finish(statistic: f64, freedom: u32) -> Option<ChiSquare> {
    Some(ChiSquare { statistic, freedom, p_value: chi_square_tail(statistic, freedom)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// scipy 1.17.1, chisquare and chi2_contingency(correction=False): `fixtures/reference/poc_plan.py`.
    #[test]
    fn as_scipy_has_them() {
        let close = |got: f64, want: f64| assert!((got - want).abs() < 1e-9 * (1.0 + want.abs()), "{got} is not {want}");
        let arms = goodness_of_fit(&[4_800, 5_200], &[1.0, 1.0]).unwrap();
        close(arms.statistic, 16.0);
        close(arms.p_value, 6.334_248_366_623_995e-5);
        let (table, cell) = independence(&[vec![90, 60, 104, 95], vec![30, 50, 51, 20], vec![30, 40, 45, 35]]).unwrap();
        close(table.statistic, 24.571_202_858_582_602);
        assert_eq!((table.freedom, cell.row, cell.column), (6, 0, 1));
    }

    #[test]
    fn what_cannot_be_told_is_not() {
        assert_eq!(goodness_of_fit(&[5], &[1.0]), None);
        assert_eq!(goodness_of_fit(&[0, 0], &[0.5, 0.5]), None);
        assert_eq!(goodness_of_fit(&[5, 5], &[0.0, 1.0]), None);
        assert_eq!(independence(&[vec![5, 0], vec![3, 0]]), None);
        assert_eq!(independence(&[]), None);
    }

    proptest! {
        #[test]
        fn the_order_of_arms_changes_nothing(a in 1..9_000u64, b in 1..9_000u64, share in 0.1..0.9f64) {
            let one = goodness_of_fit(&[a, b], &[share, 1.0 - share]).unwrap();
            let other = goodness_of_fit(&[b, a], &[1.0 - share, share]).unwrap();
            prop_assert!((one.p_value - other.p_value).abs() < 1e-12);
        }
    }
}
