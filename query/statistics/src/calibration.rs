//! Whether what was predicted came true: rows in tenths by prediction, the mean prediction of each beside what was observed.

use crate::estimate::{Confidence, Estimate};
use crate::share::wilson;
use crate::student::t_quantile;

/// What is observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 0 or 1: shares with Wilson intervals.
    Share,
    /// Numbers: means with t intervals.
    Mean,
}

/// Rows with similar predictions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Their mean prediction.
    pub predicted: f64,
    /// What they came to.
    pub observed: f64,
    /// Its interval; `None` for the mean of one row or of rows all alike.
    pub interval: Option<Estimate>,
    /// Rows.
    pub n: u64,
}

/// How well predictions hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// By ascending prediction; fewer than ten where many predictions are the same.
    pub bins: Vec<Bin>,
    /// The mean distance of prediction and observation, by rows, in the outcome's unit.
    pub mean_gap: f64,
    /// The greatest distance.
    pub greatest_gap: f64,
    /// Bins whose interval leaves out their prediction. Of good predictions about one in twenty does, by chance.
    pub missed: u64,
}

/// Into how many groups of equal size rows are put: tenths, as customary (Hosmer and Lemeshow 1980).
const BINS: usize = 10;

/// Predictions beside observations, in tenths of the rows. Equal predictions stay together. `None` for no rows, for lists of different lengths, and for
/// values that are not finite.
pub fn calibration(predicted: &[f64], observed: &[f64], outcome: Outcome, level: Confidence) -> Option<Calibration> {
    let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
    if predicted.is_empty() || predicted.len() != observed.len() || !finite(predicted) || !finite(observed) {
        return None;
    }
    let edges = edges(predicted);
    let mut sums = vec![Sums::default(); edges.len() + 1];
    for (prediction, value) in predicted.iter().zip(observed) {
        sums[edges.partition_point(|edge| edge < prediction)].add(*prediction, *value);
    }
    let bins: Vec<Bin> = sums.iter().filter(|sums| sums.n > 0).map(|sums| sums.bin(outcome, level)).collect();
    let gap = |bin: &Bin| (bin.predicted - bin.observed).abs();
    Some(Calibration {
        mean_gap: bins.iter().map(|bin| gap(bin) * bin.n as f64).sum::<f64>() / predicted.len() as f64,
        greatest_gap: bins.iter().map(gap).fold(0.0, f64::max),
        missed: bins.iter().filter(|bin| bin.interval.is_some_and(|interval| interval.excludes(bin.predicted))).count() as u64,
        bins,
    })
}

/// The greatest prediction of each tenth but the last.
fn edges(predicted: &[f64]) -> Vec<f64> {
    let mut sorted = predicted.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> =
        (1..BINS).filter_map(|tenth| sorted.get((tenth * sorted.len()).div_ceil(BINS).checked_sub(1)?).copied()).collect();
    edges.dedup();
    edges
}

#[derive(Clone, Copy, Default)]
struct Sums {
    n: u64,
    predicted: f64,
    /// From the bin's first observation, for exactness.
    origin: f64,
    observed: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, predicted: f64, observed: f64) {
        if self.n == 0 {
            self.origin = observed;
        }
        self.n += 1;
        self.predicted += predicted;
        self.observed += observed - self.origin;
        self.squares += (observed - self.origin).powi(2);
    }

    fn bin(&self, outcome: Outcome, level: Confidence) -> Bin {
        let n = self.n as f64;
        let observed = self.origin + self.observed / n;
        let ends = match outcome {
            Outcome::Share => Some(wilson(observed.clamp(0.0, 1.0), n, level.z())),
            Outcome::Mean => {
                let error = ((self.squares - self.observed * self.observed / n) / (n - 1.0) / n).sqrt();
                let half = t_quantile(level, n - 1.0).map(|t| t * error).filter(|half| *half > 0.0);
                half.map(|half| (observed - half, observed + half))
            }
        };
        let interval = ends.map(|(low, high)| Estimate { value: observed, low, high, n: self.n });
        Bin { predicted: self.predicted / n, observed, interval, n: self.n }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: twenty rows, two a tenth.
    #[test]
    fn tenths_are_of_equal_size() {
        let predicted: Vec<f64> = (0..20).map(|i| f64::from(i) / 20.0).collect();
        let observed: Vec<f64> = (0..20).map(|i| f64::from(u8::from(i >= 10))).collect();
        let got = calibration(&predicted, &observed, Outcome::Share, Confidence::P95).unwrap();
        assert_eq!(got.bins.iter().map(|bin| bin.n).collect::<Vec<_>>(), [2; 10]);
        assert!((got.bins[0].predicted - 0.025).abs() < 1e-12 && got.bins[0].observed == 0.0 && got.bins[9].observed == 1.0);
        assert!((got.greatest_gap - 0.475).abs() < 1e-9, "{}", got.greatest_gap);
    }

    #[test]
    fn equal_predictions_stay_together() {
        let got = calibration(&[0.2; 50], &[1.0; 50], Outcome::Share, Confidence::P95).unwrap();
        assert_eq!((got.bins.len(), got.bins[0].n, got.missed), (1, 50, 1));
        assert!((got.mean_gap - 0.8).abs() < 1e-12);
    }

    #[test]
    fn means_of_rows_all_alike_have_no_interval() {
        let got = calibration(&[3.0; 5], &[4.0; 5], Outcome::Mean, Confidence::P95).unwrap();
        assert_eq!((got.bins[0].observed, got.bins[0].interval, got.missed), (4.0, None, 0));
        let one = calibration(&[3.0], &[4.0], Outcome::Mean, Confidence::P95).unwrap();
        assert_eq!(one.bins[0].interval, None);
    }

    /// scipy: t interval of 1, 2, 4 is 7/3 -+ 4.302653 * 0.881917.
    #[test]
    fn means_have_t_intervals() {
        let got = calibration(&[3.0; 3], &[1.0, 2.0, 4.0], Outcome::Mean, Confidence::P95).unwrap();
        let interval = got.bins[0].interval.unwrap();
        assert!((interval.low + 1.461_250).abs() < 1e-5 && (interval.high - 6.127_917).abs() < 1e-5, "{interval:?}");
    }

    #[test]
    fn unfit_input_has_no_calibration() {
        assert_eq!(calibration(&[], &[], Outcome::Share, Confidence::P95), None);
        assert_eq!(calibration(&[0.5], &[], Outcome::Share, Confidence::P95), None);
        assert_eq!(calibration(&[f64::NAN], &[1.0], Outcome::Share, Confidence::P95), None);
    }
}
