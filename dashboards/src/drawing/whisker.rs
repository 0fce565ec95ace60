//! Two intervals on one scale: a slice's share and the rest's.

use plotters::prelude::*;
use qoe_query::statistics::Estimate;

use super::{Ink, picture, told};

const SIZE: (i32, i32) = (480, 96);
const MARGIN: i32 = 14;

/// What is drawn: the slice filled and above, the rest hollow and below.
pub(crate) struct Whiskers<'a> {
    pub slice: &'a Estimate,
    pub rest: &'a Estimate,
    /// The right end of the scale, which starts at 0: one for all rows, so that rows compare.
    pub top: f64,
}

/// Draws the two estimates with their intervals.
pub(crate) fn whisker(whiskers: &Whiskers<'_>, label: &str) -> String {
    let top = if whiskers.top > 0.0 { whiskers.top } else { 1.0 };
    let x = |ratio: f64| MARGIN + (f64::from(SIZE.0 - 2 * MARGIN) * (ratio / top).clamp(0.0, 1.0)).round() as i32;
    picture((SIZE.0 as u32, SIZE.1 as u32), "whisker", label, |area| {
        let zero = x(0.0);
        area.draw(&PathElement::new(vec![(zero, 0), (zero, SIZE.1)], Ink::Grid.line(4))).map_err(told)?;
        for (estimate, y, ink) in [(whiskers.slice, 30, Ink::Bad), (whiskers.rest, 70, Ink::Faint)] {
            let (low, high, value) = (x(estimate.low), x(estimate.high), x(estimate.value));
            area.draw(&PathElement::new(vec![(low, y), (high, y)], ink.line(6))).map_err(told)?;
            for end in [low, high] {
                area.draw(&PathElement::new(vec![(end, y - 11), (end, y + 11)], ink.line(5))).map_err(told)?;
            }
            if ink == Ink::Bad {
                area.draw(&Circle::new((value, y), 13, ink.area())).map_err(told)?;
            } else {
                area.draw(&Circle::new((value, y), 10, ink.line(6))).map_err(told)?;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_intervals_are_drawn_on_the_given_scale() {
        let slice = Estimate { value: 0.4, low: 0.3, high: 0.5, n: 100 };
        let rest = Estimate { value: 0.1, low: 0.05, high: 0.15, n: 900 };
        let svg = whisker(&Whiskers { slice: &slice, rest: &rest, top: 0.5 }, "x");
        let right = SIZE.0 - MARGIN;
        assert!(svg.contains(&format!("{right},30")), "the slice's upper end is the end of the scale: {svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
    }

    #[test]
    fn nothing_bad_anywhere_draws() {
        let none = Estimate { value: 0.0, low: 0.0, high: 0.0, n: 5 };
        assert!(whisker(&Whiskers { slice: &none, rest: &none, top: 0.0 }, "x").contains("</svg>"));
    }
}
