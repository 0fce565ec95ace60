//! What weights cost: the number of answers they leave, and trimming the few that would speak for too many.

/// Weights with the largest cut down.
#[derive(Debug, Clone, PartialEq)]
pub struct Trimmed {
    /// The weights, rescaled to their old sum.
    pub weights: Vec<f64>,
    /// The value above which weights were cut, in the old unit.
    pub cap: f64,
    /// How many were cut.
    pub trimmed: u64,
    /// The share of all weight that was cut off, 0 to 1.
    pub removed: f64,
}

/// Above what a weight is cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cap {
    /// Nothing is cut.
    None,
    /// This many times the mean weight.
    Multiple(f64),
    /// The weight below which this share of the weights lies, 0 to 1 (interpolated linearly, type 7 of Hyndman and Fan 1996).
    Quantile(f64),
}

impl Default for Cap {
    /// Ten times the mean: our choice; an answer that speaks for ten others rests on a propensity that few data support.
    fn default() -> Self {
        Cap::Multiple(10.0)
    }
}

/// Whether these can be weights: finite, not negative, and not all 0.
fn sound(weights: &[f64]) -> bool {
    weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0) && weights.iter().any(|weight| *weight > 0.0)
}

/// How many answers of equal weight would say as much, at most the number of weights.
///
/// (sum w)^2 / sum w^2 (Kish, Survey Sampling, 1965, section 11.7). It takes weights and answers to be unrelated: standard errors are better
/// linearised. `None` unless the weights are finite, not negative and not all 0.
pub fn effective_n(weights: &[f64]) -> Option<f64> {
    // In units of the largest, so that squares neither overflow nor vanish.
    let largest = sound(weights).then(|| weights.iter().copied().fold(0.0, f64::max))?;
    let (sum, squares) = weights.iter().fold((0.0, 0.0), |(sum, squares), weight| {
        let part = weight / largest;
        (sum + part, squares + part * part)
    });
    Some(sum * sum / squares)
}

/// How many times the variance grows by weighting: n / n_eff = 1 + CV^2 of the weights (Kish 1965), at least 1. `None` as in [`effective_n`].
pub fn design_effect(weights: &[f64]) -> Option<f64> {
    Some(weights.len() as f64 / effective_n(weights)?)
}

/// The weights times what makes their mean 1, so that they sum to the number of answers. `None` as in [`effective_n`].
pub fn stabilised(weights: &[f64]) -> Option<Vec<f64>> {
    let sum: f64 = sound(weights).then(|| weights.iter().sum())?;
    let factor = weights.len() as f64 / sum;
    factor.is_finite().then(|| weights.iter().map(|weight| weight * factor).collect())
}

/// Cuts weights down to a cap, and rescales all to their old sum. `None` as in [`effective_n`], and for a cap that is not positive.
pub fn trim(weights: &[f64], cap: Cap) -> Option<Trimmed> {
    let sum: f64 = sound(weights).then(|| weights.iter().sum())?;
    let cap = match cap {
        Cap::None => f64::INFINITY,
        Cap::Multiple(multiple) => multiple * sum / weights.len() as f64,
        Cap::Quantile(share) => quantile(weights, share)?,
    };
    if cap.is_nan() || cap <= 0.0 {
        return None;
    }
    let cut: Vec<f64> = weights.iter().map(|weight| weight.min(cap)).collect();
    let left: f64 = cut.iter().sum();
    let trimmed = weights.iter().filter(|weight| **weight > cap).count() as u64;
    Some(Trimmed { weights: cut.iter().map(|weight| weight * (sum / left)).collect(), cap, trimmed, removed: 1.0 - left / sum })
}

/// The value below which a share of the values lies, interpolated linearly (type 7). `None` for no values, and for a share outside 0 to 1.
pub(crate) fn quantile(values: &[f64], share: f64) -> Option<f64> {
    if values.is_empty() || !(0.0..=1.0).contains(&share) {
        return None;
    }
    let at = share * (values.len() - 1) as f64;
    let (below, part) = (at.floor() as usize, at.fract());
    let mut values = values.to_vec();
    let (_, low, rest) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let high = rest.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    Some(low + part * (high - low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_weights_cost_nothing() {
        assert!((effective_n(&[0.3; 7]).unwrap() - 7.0).abs() < 1e-12);
        assert!((design_effect(&[0.3; 7]).unwrap() - 1.0).abs() < 1e-12);
        assert!((effective_n(&[1e200, 1e200]).unwrap() - 2.0).abs() < 1e-12);
    }

    /// By hand: weights 1, 1, 2 are (4^2) / 6 = 8/3 answers.
    #[test]
    fn unequal_weights_leave_fewer_answers() {
        assert!((effective_n(&[1.0, 1.0, 2.0]).unwrap() - 8.0 / 3.0).abs() < 1e-12);
        assert!((design_effect(&[1.0, 1.0, 2.0]).unwrap() - 9.0 / 8.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_weight_has_no_effective_number() {
        for bad in [&[][..], &[0.0, 0.0], &[1.0, -1.0], &[1.0, f64::NAN], &[f64::INFINITY]] {
            assert_eq!((effective_n(bad), design_effect(bad), stabilised(bad), trim(bad, Cap::default())), (None, None, None, None));
        }
        assert_eq!(trim(&[1.0], Cap::Multiple(0.0)), None);
        assert_eq!(trim(&[1.0], Cap::Multiple(f64::NAN)), None);
        assert_eq!(trim(&[1.0], Cap::Quantile(1.5)), None);
    }

    /// By hand: the mean of 1, 1, 1, 9 is 3; capped at twice that, 6, they sum to 9 of 12.
    #[test]
    fn the_largest_weights_are_cut_and_the_sum_is_kept() {
        let trimmed = trim(&[1.0, 1.0, 1.0, 9.0], Cap::Multiple(2.0)).unwrap();
        assert_eq!((trimmed.cap, trimmed.trimmed, trimmed.removed), (6.0, 1, 0.25));
        assert!((trimmed.weights.iter().sum::<f64>() - 12.0).abs() < 1e-12 && (trimmed.weights[3] - 8.0).abs() < 1e-12);
        assert_eq!(trim(&[1.0, 9.0], Cap::None).unwrap().trimmed, 0);
    }

    proptest! {
        #[test]
        fn effective_numbers_lie_between_one_and_all(weights in prop::collection::vec(0.01..100.0f64, 1..50), factor in 0.01..100.0f64) {
            let n = effective_n(&weights).unwrap();
            prop_assert!(1.0 - 1e-9 <= n && n <= weights.len() as f64 + 1e-9);
            let scaled: Vec<f64> = weights.iter().map(|weight| weight * factor).collect();
            prop_assert!((effective_n(&scaled).unwrap() / n - 1.0).abs() < 1e-9);
            prop_assert!(effective_n(&trim(&weights, Cap::Quantile(0.9)).unwrap().weights).unwrap() >= n - 1e-9);
        }
    }
}
