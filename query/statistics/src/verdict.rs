//! Which of two is better at something, with a difference that matters: better, inferior, equivalent, non-inferior, or inconclusive.

/// What is shown of a first vendor beside a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shown {
    /// Better than the other.
    Better,
    /// Worse than the other.
    Inferior,
    /// Neither better nor worse by as much as matters.
    Equivalent,
    /// Not worse by as much as matters.
    NonInferior,
    /// None of these can be told.
    Inconclusive,
}

impl Shown {
    /// As it is written in answers for programs.
    pub fn name(self) -> &'static str {
        match self {
            Shown::Better => "better",
            Shown::Inferior => "inferior",
            Shown::Equivalent => "equivalent",
            Shown::NonInferior => "non_inferior",
            Shown::Inconclusive => "inconclusive",
        }
    }

    /// What the same data show of the other one; non-inferiority has no counterpart.
    pub fn reversed(self) -> Self {
        match self {
            Shown::Better => Shown::Inferior,
            Shown::Inferior => Shown::Better,
            other => other,
        }
    }
}

/// All that an interval shows, the first that holds first; never empty.
///
/// The interval is of first less second and turned so that positive is better; `margin` is the difference that matters, above zero. Better: all of it above
/// 0. Inferior: all of it below. Equivalent: all of it within the margin. Non-inferior: all of it above minus the margin. A difference can be both
/// inferior and non-inferior: surely worse, and surely by less than matters. An interval with an end that is not a number shows nothing.
///
/// ```
/// use qoe_statistics::verdict::{Shown, shown};
/// assert_eq!(shown(2.0, 9.0, Some(20.0)), [Shown::Better, Shown::Equivalent, Shown::NonInferior]);
/// assert_eq!(shown(-30.0, 9.0, Some(20.0)), [Shown::Inconclusive]);
/// ```
pub fn shown(low: f64, high: f64, margin: Option<f64>) -> Vec<Shown> {
    let margin = margin.filter(|margin| *margin > 0.0);
    let holds = [
        (Shown::Better, low > 0.0 && high >= low),
        (Shown::Inferior, high < 0.0 && low <= high),
        (Shown::Equivalent, margin.is_some_and(|margin| -margin < low && high < margin)),
        (Shown::NonInferior, margin.is_some_and(|margin| low > -margin && high >= low)),
    ];
    let found: Vec<Shown> = holds.into_iter().filter_map(|(verdict, holds)| holds.then_some(verdict)).collect();
    if found.is_empty() { vec![Shown::Inconclusive] } else { found }
}

/// By which factor the rows would have to grow for a verdict other than inconclusive to be reached in half of such POCs, if the difference stays what it is;
/// `None` when none ever would: no difference and no margin.
///
/// `value` is the difference turned so that positive is better, `half` the half-width of the interval that decides; intervals narrow with the square root
/// of the rows. At least 1.
pub fn growth_to_settle(value: f64, half: f64, margin: Option<f64>) -> Option<f64> {
    let mut room = value.abs();
    if let Some(margin) = margin.filter(|margin| *margin > 0.0) {
        room = room.max(value + margin).max(margin - value.abs());
    }
    let growth = (half / room).powi(2);
    (room > 0.0 && growth.is_finite()).then(|| growth.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_rule_as_it_is_stated() {
        use Shown::{Better, Equivalent, Inconclusive, Inferior, NonInferior};
        let cases: [(f64, f64, Option<f64>, &[Shown]); 10] = [
            (1.0, 5.0, None, &[Better]),
            (-5.0, -1.0, None, &[Inferior]),
            (-5.0, 1.0, None, &[Inconclusive]),
            (1.0, 25.0, Some(20.0), &[Better, NonInferior]),
            (-5.0, -1.0, Some(20.0), &[Inferior, Equivalent, NonInferior]),
            (-25.0, -1.0, Some(20.0), &[Inferior]),
            (-5.0, 5.0, Some(20.0), &[Equivalent, NonInferior]),
            (-5.0, 50.0, Some(20.0), &[NonInferior]),
            (-20.0, 20.0, Some(20.0), &[Inconclusive]),
            (0.0, 30.0, Some(20.0), &[NonInferior]),
        ];
        for (low, high, margin, want) in cases {
            assert_eq!(shown(low, high, margin), want, "[{low}, {high}], margin {margin:?}");
        }
    }

    #[test]
    fn what_is_no_interval_shows_nothing() {
        assert_eq!(shown(f64::NAN, 3.0, Some(1.0)), [Shown::Inconclusive]);
        assert_eq!(shown(1.0, f64::NAN, Some(1.0)), [Shown::Inconclusive]);
        assert_eq!(shown(f64::NEG_INFINITY, f64::INFINITY, Some(1.0)), [Shown::Inconclusive]);
    }

    #[test]
    fn four_times_the_rows_halve_the_interval() {
        assert_eq!(growth_to_settle(5.0, 10.0, None), Some(4.0));
        assert_eq!(growth_to_settle(0.0, 40.0, Some(20.0)), Some(4.0));
        assert_eq!(growth_to_settle(0.0, 40.0, None), None);
        assert_eq!(growth_to_settle(50.0, 40.0, None), Some(1.0));
    }

    proptest! {
        #[test]
        fn swapping_vendors_turns_the_verdict_round(low in -50.0..50.0f64, width in 0.0..50.0f64, margin in prop::option::of(0.1..40.0f64)) {
            let (one, other) = (shown(low, low + width, margin), shown(-low - width, -low, margin));
            for verdict in [Shown::Better, Shown::Inferior, Shown::Equivalent] {
                prop_assert_eq!(one.contains(&verdict), other.contains(&verdict.reversed()));
            }
            prop_assert_eq!(one[0] == Shown::Better, other[0] == Shown::Inferior);
        }

        #[test]
        fn a_narrower_interval_never_shows_less(low in -50.0..50.0f64, width in 0.0..50.0f64, by in 0.0..0.5f64, margin in prop::option::of(0.1..40.0f64)) {
            let (wide, narrow) = (shown(low, low + width, margin), shown(low + by * width, low + width - by * width, margin));
            prop_assert!(wide.iter().filter(|v| **v != Shown::Inconclusive).all(|v| narrow.contains(v)));
        }
    }
}
