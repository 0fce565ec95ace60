//! How far the arms lie apart in what is known of them, before and after.

use super::answer::Balance;
use super::pairs::Matching;
use super::study::Study;
use crate::parallel::over_blocks;

/// Weighted sums of an arm: of weights, of weighted values, and plain of squares.
struct Sums {
    weight: f64,
    values: Vec<f64>,
    squares: Vec<f64>,
}

impl Sums {
    fn nothing(columns: usize) -> Sums {
        Sums { weight: 0.0, values: vec![0.0; columns], squares: vec![0.0; columns] }
    }

    fn merge(mut self, other: Sums) -> Sums {
        self.weight += other.weight;
        self.values.iter_mut().zip(&other.values).for_each(|(a, b)| *a += b);
        self.squares.iter_mut().zip(&other.squares).for_each(|(a, b)| *a += b);
        self
    }

    fn mean(&self, column: usize) -> Option<f64> {
        (self.weight > 0.0).then(|| self.values[column] / self.weight)
    }

    fn variance(&self, column: usize) -> Option<f64> {
        let mean = self.mean(column)?;
        Some((self.squares[column] / self.weight - mean * mean).max(0.0))
    }
}

/// The arms, treated first, weighted so.
fn arms(study: &Study<'_>, weight: impl Fn(usize) -> f64 + Sync) -> [Sums; 2] {
    let columns = study.design.columns();
    let block = |rows: std::ops::Range<usize>| {
        let mut sums = [Sums::nothing(columns), Sums::nothing(columns)];
        for row in rows {
            let by = weight(row);
            if by == 0.0 {
                continue;
            }
            let sums = &mut sums[usize::from(!study.treated[row])];
            sums.weight += by;
            for ((x, value), square) in study.design.row(row).iter().zip(&mut sums.values).zip(&mut sums.squares) {
                *value += by * x;
                *square += by * x * x;
            }
        }
        sums
    };
    let merge = |[a, b]: [Sums; 2], [c, d]: [Sums; 2]| [a.merge(c), b.merge(d)];
    over_blocks(study.design.rows(), block, merge).unwrap_or_else(|| [Sums::nothing(columns), Sums::nothing(columns)])
}

/// Standardised differences of every column but the intercept.
pub(super) fn balance(study: &Study<'_>, weights: &[f64], matching: &Matching) -> Vec<Balance> {
    let mut partnered = vec![0.0; study.treated.len()];
    matching.pairs.iter().for_each(|(one, other)| (partnered[*one as usize], partnered[*other as usize]) = (1.0, 1.0));
    let (plain, weighted, paired) = (arms(study, |_| 1.0), arms(study, |row| weights[row]), arms(study, |row| partnered[row]));
    let of_column = |column: usize| {
        let spread = f64::midpoint(plain[0].variance(column)?, plain[1].variance(column)?).sqrt();
        let apart = |[one, other]: &[Sums; 2]| Some((one.mean(column)? - other.mean(column)?) / spread);
        (spread > 0.0).then(|| (apart(&plain), apart(&weighted), apart(&paired)))
    };
    let columns = study.design.column().iter().enumerate().skip(1);
    columns
        .map(|(at, column)| {
            let (before, weighted, paired) = of_column(at).unwrap_or((None, None, None));
            Balance { column: column.label(), before, weighted, paired }
        })
        .collect()
}
