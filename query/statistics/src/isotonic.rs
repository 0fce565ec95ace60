//! The curve that only rises, or only falls, and lies closest to the points: no shape is assumed but the direction.
//!
//! It comes as a few level steps, each the mean of the points it spans, by pooling adjacent violators.

/// Which way a curve goes as the measure grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Never down.
    Rising,
    /// Never up.
    Falling,
}

/// A point the curve is fitted to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Where.
    pub x: f64,
    /// The outcome there.
    pub y: f64,
    /// How much it counts, above 0.
    pub weight: f64,
}

/// A stretch over which the curve is level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The first point's x.
    pub from: f64,
    /// The last point's x, from which the curve runs straight to the next step.
    pub to: f64,
    /// The curve's height: the weighted mean of the points.
    pub level: f64,
    /// The points' weight.
    pub weight: f64,
}

/// A curve that only rises or only falls.
#[derive(Debug, Clone, PartialEq)]
pub struct Isotonic {
    /// Which way it goes; `None` when it is level throughout.
    pub direction: Option<Direction>,
    /// Its steps by ascending x; their levels differ.
    pub steps: Vec<Step>,
    /// Sum of weighted squared distances of the points from it.
    pub residual: f64,
}

impl Isotonic {
    /// The curve's height: level within steps, straight between them. `None` outside of the points.
    pub fn at(&self, x: f64) -> Option<f64> {
        let next = self.steps.partition_point(|step| step.to < x);
        let step = self.steps.get(next)?;
        if step.from <= x {
            return Some(step.level);
        }
        let before = self.steps.get(next.checked_sub(1)?)?;
        Some(before.level + (step.level - before.level) * (x - before.to) / (step.from - before.to))
    }
}

/// The monotone curve with the least weighted squared distance from the points, in O(n log n); in the direction that fits better when none is given.
///
/// Barlow, Bartholomew, Bremner and Brunk, Statistical Inference under Order Restrictions (1972), 1.2: pool adjacent violators. Points of one x are
/// taken together first. `None` for points of fewer than two different x, and where a number is not finite or a weight not above 0.
pub fn isotonic(points: &[Point], direction: Option<Direction>) -> Option<Isotonic> {
    if points.iter().any(|point| !(point.x.is_finite() && point.y.is_finite() && point.weight > 0.0 && point.weight.is_finite())) {
        return None;
    }
    let mut sorted = points.to_vec();
    sorted.sort_unstable_by(|a, b| a.x.total_cmp(&b.x));
    if sorted.first()?.x == sorted.last()?.x {
        return None;
    }
    match direction {
        Some(direction) => Some(pooled(&sorted, direction)),
        None => {
            let (up, down) = (pooled(&sorted, Direction::Rising), pooled(&sorted, Direction::Falling));
            Some(if down.residual < up.residual { down } else { up })
        }
    }
}

fn pooled(sorted: &[Point], direction: Direction) -> Isotonic {
    let sign = if direction == Direction::Rising { 1.0 } else { -1.0 };
    let mut steps: Vec<Step> = Vec::new();
    for ties in sorted.chunk_by(|a, b| a.x == b.x) {
        let weight: f64 = ties.iter().map(|point| point.weight).sum();
        let level = ties.iter().map(|point| point.weight * point.y).sum::<f64>() / weight;
        let mut step = Step { from: ties[0].x, to: ties[0].x, level, weight };
        while let Some(before) = steps.pop_if(|before| sign * before.level >= sign * step.level) {
            let weight = before.weight + step.weight;
            let level = (before.level * before.weight + step.level * step.weight) / weight;
            step = Step { from: before.from, to: step.to, level, weight };
        }
        steps.push(step);
    }
    let mut at = 0;
    let residual = sorted.iter().map(|point| {
        at += usize::from(point.x > steps[at].to);
        point.weight * (point.y - steps[at].level).powi(2)
    });
    let residual = residual.sum();
    Isotonic { direction: (steps.len() > 1).then_some(direction), steps, residual }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points(y: &[f64]) -> Vec<Point> {
        y.iter().enumerate().map(|(x, y)| Point { x: x as f64, y: *y, weight: 1.0 }).collect()
    }

    fn reference() -> serde_json::Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/drivers.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn numbers(value: &serde_json::Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    }

    /// scikit-learn's `IsotonicRegression`, weighted and with ties.
    #[test]
    fn curves_as_scikit_learn_draws_them() {
        let reference = reference();
        let input = &reference["input"]["isotonic"];
        let (x, y, weight) = (numbers(&input["x"]), numbers(&input["y"]), numbers(&input["weight"]));
        let points: Vec<Point> = (0..x.len()).map(|i| Point { x: x[i], y: y[i], weight: weight[i] }).collect();
        for (name, direction) in [("rising", Direction::Rising), ("falling", Direction::Falling)] {
            let curve = isotonic(&points, Some(direction)).unwrap();
            for (x, want) in numbers(&input["at"]).into_iter().zip(numbers(&reference["expected"]["isotonic"][name])) {
                assert!((curve.at(x).unwrap() - want).abs() < 1e-9, "{name} at {x}: {:?} is not {want}", curve.at(x));
            }
        }
        assert_eq!(isotonic(&points, None).unwrap().direction, Some(Direction::Falling));
    }

    #[test]
    fn violators_are_pooled() {
        let curve = isotonic(&points(&[1.0, 3.0, 2.0, 4.0]), Some(Direction::Rising)).unwrap();
        assert_eq!(
            curve.steps.iter().map(|step| (step.from, step.to, step.level)).collect::<Vec<_>>(),
            [(0.0, 0.0, 1.0), (1.0, 2.0, 2.5), (3.0, 3.0, 4.0)]
        );
        assert!((curve.residual - 0.5).abs() < 1e-12);
        assert_eq!((curve.at(0.5), curve.at(1.2), curve.at(3.1), curve.at(-0.1)), (Some(1.75), Some(2.5), None, None));
    }

    #[test]
    fn a_level_curve_has_no_direction() {
        assert_eq!(isotonic(&points(&[2.0; 5]), None).unwrap().direction, None);
        assert_eq!(isotonic(&points(&[1.0, 2.0, 3.0]), Some(Direction::Falling)).unwrap().direction, None);
    }

    #[test]
    fn no_curve_runs_through_one_place() {
        assert_eq!(isotonic(&[], None), None);
        assert_eq!(isotonic(&[Point { x: 1.0, y: 1.0, weight: 1.0 }; 3], None), None);
        assert_eq!(isotonic(&points(&[1.0, f64::NAN]), None), None);
    }

    proptest! {
        #[test]
        fn steps_rise_and_keep_the_mean(y in prop::collection::vec(-5.0..5.0f64, 2..80)) {
            let curve = isotonic(&points(&y), Some(Direction::Rising)).unwrap();
            prop_assert!(curve.steps.windows(2).all(|pair| pair[0].level < pair[1].level && pair[0].to < pair[1].from));
            let mean: f64 = curve.steps.iter().map(|step| step.level * step.weight).sum::<f64>() - y.iter().sum::<f64>();
            prop_assert!(mean.abs() < 1e-9);
        }
    }
}
