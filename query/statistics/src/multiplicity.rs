//! Many questions at once: p values adjusted so that asking more does not find more.
//!
//! Twenty covariates that say nothing give one p value below 0.05 on average. [`holm`] keeps the chance of any false claim at the level, and is for
//! claims that are acted on one by one; [`benjamini_hochberg`] keeps the expected share of false ones among the claims, and is for lists to look into.

/// Adjusted p values that hold the chance of any false claim (family-wise error) at the level they are compared with, in the order given.
///
/// Holm, Scandinavian Journal of Statistics 6 (1979), 65-70: the k-th smallest of m is multiplied by m - k + 1, and none is smaller than one before
/// it. Valid under any dependence. A value that is no probability (NaN: a test that could not be made) counts as 1: it claims nothing, and still
/// was a question asked.
///
/// ```
/// use qoe_statistics::holm;
/// let adjusted: Vec<String> = holm(&[0.01, 0.04, 0.03]).iter().map(|p| format!("{p:.2}")).collect();
/// assert_eq!(adjusted, ["0.03", "0.06", "0.06"]);
/// ```
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut adjusted = vec![1.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, at) in order.into_iter().enumerate() {
        largest = largest.max(probability(p[at]) * (p.len() - rank) as f64).min(1.0);
        adjusted[at] = largest;
    }
    adjusted
}

/// Adjusted p values that hold the expected share of false claims among all claims (false discovery rate) at the level they are compared with, in the
/// order given.
///
/// Benjamini and Hochberg, J. Royal Statist. Soc. B 57 (1995), 289-300: the k-th smallest of m is multiplied by m / k, and none is larger than one
/// after it. Valid for tests that are independent or positively dependent. A value that is no probability counts as 1, as for [`holm`].
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut adjusted = vec![1.0; p.len()];
    let mut smallest = 1.0_f64;
    for (rank, at) in order.into_iter().enumerate().rev() {
        smallest = smallest.min(probability(p[at]) * p.len() as f64 / (rank + 1) as f64);
        adjusted[at] = smallest;
    }
    adjusted
}

/// The level at which each question ends up being asked in [`holm`]'s procedure, in the order given: an interval of 1 less that level leaves "nothing" out
/// just when the adjusted p value is at most `alpha`.
///
/// The k-th smallest of m is tested at alpha / (m - k + 1); from the first that fails on, all the others stay at its level.
pub fn holm_levels(p: &[f64], alpha: f64) -> Vec<f64> {
    let mut levels = vec![alpha; p.len()];
    let mut stopped: Option<f64> = None;
    for (rank, at) in ascending(p).into_iter().enumerate() {
        let level = stopped.unwrap_or(alpha / (p.len() - rank) as f64);
        levels[at] = level;
        if probability(p[at]) > level {
            stopped = Some(level);
        }
    }
    levels
}

/// The one level at which all questions end up being asked in [`benjamini_hochberg`]'s procedure: alpha times the share of them that claim something,
/// or alpha / m if none does.
///
/// Intervals of 1 less that level, of those that claim something, miss the truth in a share of at most `alpha` of them (Benjamini and Yekutieli, JASA 100
/// (2005), 71-81). `alpha` itself when nothing is asked.
pub fn benjamini_hochberg_level(p: &[f64], alpha: f64) -> f64 {
    let claims = benjamini_hochberg(p).into_iter().filter(|adjusted| *adjusted <= alpha).count();
    if p.is_empty() { alpha } else { alpha * claims.max(1) as f64 / p.len() as f64 }
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| probability(p[*a]).total_cmp(&probability(p[*b])));
    order
}

fn probability(p: f64) -> f64 {
    if (0.0..=1.0).contains(&p) { p } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reference() -> serde_json::Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/drivers.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    /// statsmodels' `multipletests`.
    #[test]
    fn adjusted_as_statsmodels_does() {
        let reference = reference();
        let list = |part: &str, name: &str| -> Vec<f64> {
            let values = reference[part]["multiplicity"][name].as_array().unwrap();
            values.iter().map(|value| value.as_f64().unwrap()).collect()
        };
        let check = |got: Vec<f64>, want: Vec<f64>| {
            assert_eq!(got.len(), want.len());
            assert!(got.iter().zip(&want).all(|(got, want)| (got - want).abs() < 1e-12), "{got:?} is not {want:?}");
        };
        let p = list("input", "p");
        check(holm(&p), list("expected", "holm"));
        check(benjamini_hochberg(&p), list("expected", "benjamini_hochberg"));
    }

    #[test]
    fn levels_are_those_of_the_steps() {
        let levels = holm_levels(&[0.04, 0.001, 0.02, 0.9], 0.05);
        assert_eq!(levels, [0.05 / 3.0, 0.05 / 4.0, 0.05 / 3.0, 0.05 / 3.0]);
        assert_eq!(holm_levels(&[0.03], 0.05), [0.05]);
        assert!((benjamini_hochberg_level(&[0.001, 0.02, 0.9, 0.8], 0.05) - 0.025).abs() < 1e-15);
        assert_eq!(benjamini_hochberg_level(&[0.9, 0.8], 0.05), 0.025);
        assert_eq!(benjamini_hochberg_level(&[], 0.05), 0.05);
    }

    #[test]
    fn a_test_that_could_not_be_made_claims_nothing_and_counts() {
        assert_eq!(holm(&[0.01, f64::NAN]), [0.02, 1.0]);
        assert_eq!(benjamini_hochberg(&[0.01, f64::NAN]), [0.02, 1.0]);
        assert!(holm(&[]).is_empty() && benjamini_hochberg(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn a_level_says_what_the_adjusted_p_value_says(p in prop::collection::vec(0.0..=1.0f64, 1..40), alpha in 0.001..0.2f64) {
            let (family, rate) = (holm(&p), benjamini_hochberg(&p));
            let (levels, level) = (holm_levels(&p, alpha), benjamini_hochberg_level(&p, alpha));
            for i in 0..p.len() {
                prop_assert_eq!(p[i] <= levels[i], family[i] <= alpha);
                prop_assert_eq!(p[i] <= level, rate[i] <= alpha);
            }
        }

        #[test]
        fn adjusting_never_makes_a_claim_stronger_nor_changes_the_order(p in prop::collection::vec(0.0..=1.0f64, 1..40)) {
            let (family, rate) = (holm(&p), benjamini_hochberg(&p));
            for i in 0..p.len() {
                prop_assert!(p[i] <= rate[i] + 1e-15 && rate[i] <= family[i] + 1e-15 && family[i] <= 1.0);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || (family[i] <= family[j] && rate[i] <= rate[j]));
                }
            }
        }
    }
}
