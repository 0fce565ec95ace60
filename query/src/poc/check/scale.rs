//! Whether one measure's values are in one unit with every vendor. Limits are our choice: sure is what no two vendors differ by.

/// Values of a vendor below which nothing is said of their unit.
const FEW: usize = 20;
/// Units that people mix up: hours of a day, seconds of a minute, percent, seconds of an hour.
const FACTORS: [f64; 4] = [24.0, 60.0, 100.0, 3600.0];
/// How near to a factor all quartiles lie where it is sure, and the middle where it is likely.
const SURE: f64 = 1.25;
const LIKELY: f64 = 1.5;
/// Share of a vendor's values that makes a lump.
const LUMP: f64 = 0.05;

/// How vendors' values are unlike. Vendors are places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unlike {
    /// One vendor's values are about so many times another's.
    Factor {
        /// Whose are smaller.
        low: usize,
        /// Whose are larger.
        high: usize,
        /// How many times.
        factor: f64,
    },
    /// One vendor's yes is 1 and another's is not.
    Yes {
        /// Whose is 1.
        low: usize,
        /// Whose is not.
        high: usize,
        /// What it is.
        yes: f64,
    },
    /// One vendor's values end where another's hardly begin: 0 to 1 beside 0 to 100, 1 to 5 beside 0 to 100.
    Range {
        /// Whose end lower.
        low: usize,
        /// Whose end higher.
        high: usize,
        /// The greatest of the first, and of the second.
        most: [f64; 2],
    },
    /// Some of a vendor's values are about a thousandth of its others, or a thousand times as large.
    Mixed {
        /// Whose.
        arm: usize,
        /// Of all its values, 0 to 1.
        share: f64,
    },
    /// A vendor has many zeros where others have hardly any.
    Zeros {
        /// Whose.
        arm: usize,
        /// Of all its values, 0 to 1.
        share: f64,
    },
}

/// Whether a value may be 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zero {
    /// It may.
    May,
    /// It is above 0 wherever it was measured.
    Never,
}

/// What of a vendor's values tells their unit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Look {
    /// How many.
    pub n: usize,
    /// The quartiles.
    pub quartiles: [f64; 3],
    /// The least and the greatest; of a store not known.
    pub ends: Option<[f64; 2]>,
    zeros: usize,
    whole: bool,
    /// The one value beside 0, if there is but one.
    yes: Option<f64>,
    /// Values about a thousandth or a thousand times the middle, and those between these and the others.
    lump: usize,
    between: usize,
}

impl Look {
    /// Of values in order; `None` of too few.
    pub(super) fn of(values: &[f64], quartiles: [f64; 3]) -> Option<Look> {
        let ends = [*values.first()?, *values.last()?];
        let (mut lump, mut between) = (0, 0);
        let middle = quartiles[1];
        for value in values.iter().filter(|value| **value > 0.0 && middle > 0.0) {
            let times = if *value < middle { middle / value } else { value / middle };
            lump += usize::from((333.0..=3000.0).contains(&times));
            between += usize::from((10.0..333.0).contains(&times));
        }
        let yes = values.iter().copied().find(|value| *value != 0.0).filter(|yes| values.iter().all(|value| *value == 0.0 || value == yes));
        let zeros = values.iter().filter(|value| **value == 0.0).count();
        let whole = values.iter().all(|value| value.fract() == 0.0);
        let look = Look { n: values.len(), quartiles, ends: Some(ends), zeros, whole, yes, lump, between };
        (look.n >= FEW).then_some(look)
    }

    /// Of quartiles alone.
    pub(super) fn of_quartiles(n: usize, quartiles: [f64; 3]) -> Option<Look> {
        (n >= FEW).then(|| Look { n, quartiles, ..Look::default() })
    }

    fn share(&self, of: usize) -> f64 {
        of as f64 / self.n as f64
    }
}

/// How they are unlike, and whether that is sure and not only likely; the surest first, `None` where they are alike.
pub(super) fn unlike(looks: &[Option<Look>], zero: Zero) -> Option<(Unlike, bool)> {
    let known: Vec<(usize, &Look)> = looks.iter().enumerate().filter_map(|(arm, look)| Some((arm, look.as_ref()?))).collect();
    let mut found = Vec::new();
    for low in &known {
        for high in known.iter().filter(|high| high.0 != low.0) {
            found.extend(two(*low, *high));
        }
        found.extend(mixed(*low, &known));
        found.extend(zeros(*low, &known, zero));
    }
    found.iter().find(|(_, sure)| *sure).or(found.first()).copied()
}

/// Two vendors, if the second's values are larger.
fn two((low, small): (usize, &Look), (high, large): (usize, &Look)) -> Option<(Unlike, bool)> {
    // One value alone is no yes without a no.
    let told = small.zeros > 0 || large.zeros > 0;
    if let (Some(1.0), Some(yes)) = (small.yes, large.yes)
        && told
    {
        return (yes > 1.0).then_some((Unlike::Yes { low, high, yes }, true));
    }
    let times: Vec<f64> = (0..3)
        .filter(|at| small.quartiles[*at] > 0.0 && large.quartiles[*at] > 0.0)
        .map(|at| large.quartiles[at] / small.quartiles[at])
        .collect();
    let near = |factor: f64, times: f64, by: f64| times.max(factor) / times.min(factor) <= by;
    if let (Some([least, most]), Some([_, far])) = (small.ends, large.ends) {
        let range = |sure| Some((Unlike::Range { low, high, most: [most, far] }, sure));
        let [_, middle, upper] = large.quartiles;
        if least >= 0.0 && most <= 1.0 && !small.whole && far > 1.0 && far <= 100.0 {
            // Shares beside percent: beyond 1, and about a hundred times as large.
            let hundred = times.iter().any(|times| (50.0..=200.0).contains(times));
            if hundred || large.quartiles[0] > 1.0 {
                return range(hundred && (upper > 1.0 || times.iter().all(|times| near(100.0, *times, SURE))));
            }
        }
        if least >= 1.0 && most <= 5.0 && small.whole && middle > 5.0 && far <= 100.0 {
            return range(middle > 10.0 && far > 50.0);
        }
    }
    let factor = FACTORS.into_iter().find(|factor| times.len() > 1 && near(*factor, times[times.len() / 2], LIKELY))?;
    let nearest = FACTORS.into_iter().find(|factor| times.iter().all(|times| near(*factor, *times, SURE)));
    let sure = times.len() == 3 && nearest.is_some_and(|factor| factor > 24.0);
    Some((Unlike::Factor { low, high, factor: nearest.unwrap_or(factor) }, sure))
}

/// A lump of values a thousandth of the others, with hardly anything between.
fn mixed((arm, look): (usize, &Look), all: &[(usize, &Look)]) -> Option<(Unlike, bool)> {
    let share = look.share(look.lump);
    if look.yes.is_some() || share < 0.01 || look.between * 10 > look.lump {
        return None;
    }
    let alone = all.iter().filter(|other| other.0 != arm).all(|(_, other)| other.share(other.lump) < share / 10.0);
    Some((Unlike::Mixed { arm, share }, alone && share >= LUMP))
}

/// Zeros that others have not: sure where no value can be 0.
fn zeros((arm, look): (usize, &Look), all: &[(usize, &Look)], zero: Zero) -> Option<(Unlike, bool)> {
    let share = look.share(look.zeros);
    let others = || all.iter().filter(|other| other.0 != arm).map(|other| other.1);
    let alike = others().any(|other| other.share(other.zeros) >= share / 10.0) || others().count() == 0;
    // Of yes and no, no is nothing odd.
    let flags = all.iter().all(|(_, look)| look.yes.is_some() || look.zeros == look.n);
    (!flags && share >= LUMP && !alike).then_some((Unlike::Zeros { arm, share }, zero == Zero::Never))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of these vendors' values.
    fn said(arms: &[&dyn Fn(usize) -> f64]) -> Option<(Unlike, bool)> {
        let look = |of: &&dyn Fn(usize) -> f64| {
            let mut values: Vec<f64> = (0..400).map(of).collect();
            values.sort_unstable_by(f64::total_cmp);
            Look::of(&values, [values[100], values[200], values[300]])
        };
        unlike(&arms.iter().map(look).collect::<Vec<_>>(), if arms[0](1) > 100.0 { Zero::Never } else { Zero::May })
    }

    fn connect(at: usize) -> f64 {
        300.0 + (at * 37 % 400) as f64
    }

    #[test]
    fn vendors_that_only_differ_are_alike() {
        assert_eq!(said(&[&connect, &|at| 3.0 * connect(at)]), None);
        assert_eq!(said(&[&|at| f64::from(at % 7 > 0), &|at| f64::from(at % 3 > 0)]), None, "yes and no");
        assert_eq!(said(&[&|at| f64::from(at % 40 > 0), &|_| 0.0]), None, "never");
        assert_eq!(said(&[&|at| (at % 5 + 1) as f64, &|at| (at % 4 + 2) as f64]), None, "ratings");
        assert_eq!(said(&[&|at| (at % 9) as f64 / 200.0, &|at| (at % 30) as f64 / 200.0]), None, "loss");
    }

    #[test]
    fn units_that_people_mix_up_are_sure() {
        let loss = |at: usize| (at % 50 + 1) as f64 / 1000.0;
        assert!(matches!(said(&[&loss, &|at| 100.0 * loss(at)]), Some((Unlike::Range { low: 0, high: 1, .. }, true))));
        for factor in [60.0, 3600.0] {
            let found = said(&[&|at| factor * connect(at), &connect]);
            assert!(matches!(found, Some((Unlike::Factor { low: 1, high: 0, .. }, true))), "{factor}: {found:?}");
        }
        let joined = |at: usize| f64::from(!at.is_multiple_of(20));
        assert!(matches!(said(&[&joined, &|at| 100.0 * joined(at)]), Some((Unlike::Yes { yes: 100.0, .. }, true))));
        assert!(matches!(said(&[&|at| (at % 5 + 1) as f64, &|at| (at * 37 % 101) as f64]), Some((Unlike::Range { .. }, true))));
    }

    #[test]
    fn a_fifth_in_another_unit_and_zeros_of_one_vendor_are_sure() {
        let part = |at: usize| if at.is_multiple_of(5) { connect(at) / 1000.0 } else { connect(at) };
        assert!(matches!(said(&[&connect, &part]), Some((Unlike::Mixed { arm: 1, .. }, true))));
        let zero = |at: usize| if at.is_multiple_of(7) { 0.0 } else { connect(at) };
        assert!(matches!(said(&[&connect, &zero]), Some((Unlike::Zeros { arm: 1, .. }, true))));
    }

    #[test]
    fn what_may_be_true_is_only_likely() {
        assert!(matches!(said(&[&connect, &|at| 24.0 * connect(at)]), Some((Unlike::Factor { .. }, false))));
        let freezes = |at: usize| (at % 4) as f64;
        assert!(matches!(said(&[&|at| 1.0 + freezes(at), &freezes]), Some((Unlike::Zeros { arm: 1, .. }, false))));
    }
}
