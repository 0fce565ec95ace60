//! Shares of yes.

use super::{Aim, SampleSizeError, Test, least, normal};
use crate::normal::normal_quantile;

/// Rows of the first arm that the test needs, of rows that stand for themselves; of the second, `ratio` times as many. Not rounded.
///
/// `first` and `second` are the shares as supposed, more being better; `test.truth` is their difference. A difference: the normal test whose error is that
/// of the pooled share where nothing differs, and of both shares where they do (Fleiss, Tytun and Ury, Biometrics 36 (1980), 343-346, without correction for
/// continuity). Non-inferiority and equivalence: with the error under the hypothesis at its most likely shares (Farrington and Manning, Statistics in Medicine
/// 9 (1990), 1447-1454, method 3), of equivalence on both sides, whose power is what neither side misses.
pub fn rows(first: f64, second: f64, ratio: f64, aim: Aim, alpha: f64, power: f64) -> Result<f64, SampleSizeError> {
    let test = Test { aim, truth: first - second, alpha, power };
    let shares = Shares::new(first, second, ratio)?;
    test.check()?;
    let z = |p: f64| normal_quantile(1.0 - p).unwrap_or(f64::INFINITY);
    let (za, zb) = (z(alpha), z(1.0 - power));
    let (here, away) = (shares.error(), test.truth);
    Ok(match aim {
        Aim::Difference => ((za * shares.pooled() + zb * here) / away).powi(2),
        Aim::NonInferiority { margin } => ((za * shares.restricted(-margin) + zb * here) / (away + margin)).powi(2),
        Aim::Equivalence { margin } => {
            let (above, below) = (za * shares.restricted(margin), za * shares.restricted(-margin));
            least(1e-3, power, |n| {
                let root = n.sqrt();
                normal(((margin - away) * root - above) / here) + normal(((margin + away) * root - below) / here) - 1.0
            })?
        }
    })
}

/// Two shares with the sizes of their arms.
struct Shares {
    first: f64,
    second: f64,
    ratio: f64,
}

impl Shares {
    fn new(first: f64, second: f64, ratio: f64) -> Result<Shares, SampleSizeError> {
        if !(ratio > 0.0 && ratio.is_finite()) {
            return Err(SampleSizeError::Ratio { ratio });
        }
        let shares = Shares { first, second, ratio };
        let within = (0.0..=1.0).contains(&first) && (0.0..=1.0).contains(&second);
        if within && shares.error() > 0.0 { Ok(shares) } else { Err(SampleSizeError::Share { first, second }) }
    }

    /// Error of the difference times the square root of the first's rows.
    fn error(&self) -> f64 {
        error(self.first, self.second, self.ratio)
    }

    fn pooled(&self) -> f64 {
        let pooled = (self.first + self.ratio * self.second) / (1.0 + self.ratio);
        error(pooled, pooled, self.ratio)
    }

    /// The error at the shares that are likeliest of all that differ by `apart`.
    fn restricted(&self, apart: f64) -> f64 {
        let (first, second) = likeliest(self.first, self.second, self.ratio, apart);
        error(first, second, self.ratio)
    }
}

fn error(first: f64, second: f64, ratio: f64) -> f64 {
    (first * (1.0 - first) + second * (1.0 - second) / ratio).sqrt()
}

/// Of all pairs of shares that differ by `apart`, the likeliest when these were seen (Farrington and Manning 1990, appendix I): the root of a cubic.
fn likeliest(first: f64, second: f64, ratio: f64, apart: f64) -> (f64, f64) {
    let a = 1.0 + ratio;
    let b = -(1.0 + ratio + first + ratio * second + apart * (ratio + 2.0));
    let c = apart * apart + apart * (2.0 * first + ratio + 1.0) + first + ratio * second;
    let d = -first * apart * (1.0 + apart);
    let third = b / (3.0 * a);
    let v = third.powi(3) - b * c / (6.0 * a * a) + d / (2.0 * a);
    let u = (third * third - c / (3.0 * a)).max(0.0).sqrt().copysign(v);
    let w = (std::f64::consts::PI + (v / u.powi(3)).clamp(-1.0, 1.0).acos()) / 3.0;
    let root = if u == 0.0 { -third } else { 2.0 * u * w.cos() - third };
    let (low, high) = (apart.max(0.0), (1.0 + apart).min(1.0));
    let first = root.clamp(low.min(high), high.max(low));
    (first, first - apart)
}
