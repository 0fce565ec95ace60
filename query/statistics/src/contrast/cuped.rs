//! Values adjusted by earlier data of the same units, so that what units brought along does not blur what an arm did to them.
//!
//! y - theta (x - mean x): Deng, Xu, Kohavi, Walker, WSDM 2013, 123-132. Any theta leaves a difference of means where it was, as long as the arms were
//! given to units without regard to x; the best one removes the square of the correlation from its variance.

use super::Arm;
use super::error::ContrastError;
use super::units::{check, runs};

/// An arm with earlier data.
#[derive(Debug, Clone, Copy)]
pub struct Earlier<'a> {
    /// What was measured.
    pub arm: Arm<'a>,
    /// What was measured of each row's unit before; NaN where nothing was.
    pub before: &'a [f64],
}

/// Both arms adjusted.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjusted {
    /// The first's values, adjusted; its units are as before.
    pub first: Vec<f64>,
    /// The second's.
    pub second: Vec<f64>,
    /// By how much a step of the earlier value moves the value.
    pub theta: f64,
    /// The share of the variance of the difference of means that is removed, 0 to 1.
    pub removed: f64,
}

/// Adjusts both arms by the same theta, which makes the variance of the difference of their means least. Rows without earlier data count as having its mean
/// over both arms. Err when nobody has earlier data, or it varies between no units within an arm.
pub fn adjust(a: &Earlier<'_>, b: &Earlier<'_>) -> Result<Adjusted, ContrastError> {
    for side in [a, b] {
        check(&side.arm)?;
        if side.before.len() != side.arm.values.len() {
            return Err(ContrastError::Length { what: "earlier values", got: side.before.len(), rows: side.arm.values.len() });
        }
        if let Some(row) = side.before.iter().position(|x| x.is_infinite()) {
            return Err(ContrastError::NotFinite { row, value: side.before[row] });
        }
    }
    let known = || a.before.iter().chain(b.before).filter(|x| !x.is_nan());
    let count = known().count();
    let none = ContrastError::NoEarlier { known: count };
    if count == 0 {
        return Err(none);
    }
    let mean = known().sum::<f64>() / count as f64;
    let (first, second) = (products(a, mean), products(b, mean));
    let [xx, xy, yy]: [f64; 3] = std::array::from_fn(|at| first[at] + second[at]);
    // What is nothing but the rounding of equal values counts as nothing.
    if xx.is_nan() || xx <= (mean * 1e-12).powi(2) {
        return Err(none);
    }
    let theta = xy / xx;
    let adjusted = |side: &Earlier<'_>| {
        let value = |(y, x): (&f64, &f64)| if x.is_nan() { *y } else { y - theta * (x - mean) };
        side.arm.values.iter().zip(side.before).map(value).collect()
    };
    let removed = if yy > 0.0 { (xy * theta / yy).clamp(0.0, 1.0) } else { 0.0 };
    Ok(Adjusted { first: adjusted(a), second: adjusted(b), theta, removed })
}

/// The variances and the covariance of the means of x and y, over units: xx, xy, yy.
fn products(side: &Earlier<'_>, mean: f64) -> [f64; 3] {
    let rows = side.arm.values.len();
    let x = |row: usize| if side.before[row].is_nan() { 0.0 } else { side.before[row] - mean };
    let (mean_x, mean_y) = ((0..rows).map(x).sum::<f64>() / rows as f64, side.arm.values.iter().sum::<f64>() / rows as f64);
    let (mut sums, mut units) = ([0.0; 3], 0_u64);
    for run in runs(side.arm.units, rows) {
        let (u, v) = run.fold((0.0, 0.0), |(u, v), row| (u + x(row) - mean_x, v + side.arm.values[row] - mean_y));
        sums = [sums[0] + u * u, sums[1] + u * v, sums[2] + v * v];
        units += 1;
    }
    let k = units as f64;
    if units < 2 { [0.0; 3] } else { sums.map(|sum| sum * k / (k - 1.0) / (rows as f64).powi(2)) }
}
