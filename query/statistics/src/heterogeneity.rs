//! Whether a difference is the same everywhere: strata beside each other, and what pooling them hides.

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// A difference in one stratum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stratum {
    /// First less second.
    pub value: f64,
    /// Its standard error, above zero.
    pub error: f64,
}

/// How unlike strata are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heterogeneity {
    /// Cochran's Q: squared deviations from their mean by precision, in squared standard errors.
    pub q: f64,
    /// Its degrees of freedom: strata less one.
    pub freedom: u64,
    /// How often strata would differ as much if the difference were the same in each, 0 to 1.
    pub p_value: f64,
    /// Share of the variation that is more than chance, 0 to 1 (Higgins and Thompson's I squared).
    pub beyond_chance: f64,
}

/// How unlike these strata are; `None` of fewer than two with a standard error.
///
/// Cochran, Biometrics 10 (1954), 101-129; Higgins and Thompson, Statistics in Medicine 21 (2002), 1539-1558. Strata are taken as independent, and their
/// standard errors as known.
pub fn heterogeneity(strata: &[Stratum]) -> Option<Heterogeneity> {
    let known: Vec<&Stratum> = strata.iter().filter(|stratum| stratum.error > 0.0 && stratum.error.is_finite()).collect();
    if known.len() < 2 {
        return None;
    }
    let weight = |stratum: &Stratum| 1.0 / stratum.error.powi(2);
    let total: f64 = known.iter().map(|stratum| weight(stratum)).sum();
    let mean = known.iter().map(|stratum| weight(stratum) * stratum.value).sum::<f64>() / total;
    let q: f64 = known.iter().map(|stratum| weight(stratum) * (stratum.value - mean).powi(2)).sum();
    let freedom = known.len() as u64 - 1;
    let p_value = ChiSquared::new(freedom as f64).ok()?.sf(q);
    Some(Heterogeneity { q, freedom, p_value, beyond_chance: if q > 0.0 { ((q - freedom as f64) / q).max(0.0) } else { 0.0 } })
}

/// Whether pooling reverses the strata (Simpson's paradox): the difference of all taken together points one way, and in every stratum the other.
///
/// `strata` are the differences in each; strata without any (exactly 0) do not count. False without strata, and where pooled there is no difference.
pub fn reversed(pooled: f64, strata: &[f64]) -> bool {
    let mut against = strata.iter().filter(|value| **value != 0.0 && value.is_finite()).peekable();
    pooled != 0.0 && against.peek().is_some() && against.all(|value| value.signum() != pooled.signum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strata(values: &[(f64, f64)]) -> Vec<Stratum> {
        values.iter().map(|(value, error)| Stratum { value: *value, error: *error }).collect()
    }

    /// By hand: weights 1 and 4, mean 1.6, Q = 1 * 1.6² + 4 * 0.4² = 3.2; the tail of chi-square with one degree is erfc(sqrt(Q / 2)).
    #[test]
    fn cochrans_q_by_hand() {
        let found = heterogeneity(&strata(&[(0.0, 1.0), (2.0, 0.5)])).unwrap();
        assert!((found.q - 3.2).abs() < 1e-12 && found.freedom == 1);
        assert!((found.p_value - statrs::function::erf::erfc((3.2f64 / 2.0).sqrt())).abs() < 1e-9);
        assert!((found.beyond_chance - 2.2 / 3.2).abs() < 1e-12);
    }

    #[test]
    fn strata_alike_differ_by_nothing() {
        let found = heterogeneity(&strata(&[(3.0, 1.0), (3.0, 2.0), (3.0, 0.1)])).unwrap();
        assert!(found.q.abs() < 1e-12 && (found.p_value - 1.0).abs() < 1e-9 && found.beyond_chance == 0.0);
        assert_eq!(heterogeneity(&strata(&[(3.0, 1.0)])), None);
        assert_eq!(heterogeneity(&strata(&[(3.0, 1.0), (4.0, 0.0)])), None);
    }

    /// Kidney stones (Charig and others, BMJ 292 (1986), 879-882): the first treatment is better for small and for large ones, and worse for all.
    #[test]
    fn pooling_reverses_kidney_stones() {
        let share = |hits: f64, n: f64| hits / n;
        let small = share(81.0, 87.0) - share(234.0, 270.0);
        let large = share(192.0, 263.0) - share(55.0, 80.0);
        let all = share(273.0, 350.0) - share(289.0, 350.0);
        assert!(reversed(all, &[small, large]));
        assert!(!reversed(small, &[small, large]) && !reversed(all, &[]) && !reversed(0.0, &[small]));
    }
}
