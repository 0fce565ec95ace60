//! A slice's share of bad minutes over the hour, with the minute in which it turned bad.

use chrono::{DateTime, Utc};
use plotters::prelude::*;

use super::{Ink, picture, told};

/// Pixels of the drawing; styles scale it down, which is what keeps whole-pixel coordinates smooth.
const SIZE: (i32, i32) = (600, 120);
const MARGIN: i32 = 12;

/// Draws (minute, bad, judged), oldest first. Minutes in which nothing was judged leave a gap. `rest` is the share of all
/// other sessions, drawn as a level line; from `onset` on, the share's ground is filled.
pub(crate) fn sparkline(series: &[(DateTime<Utc>, u64, u64)], rest: f64, onset: Option<DateTime<Utc>>, label: &str) -> String {
    let shares: Vec<Option<f64>> = series.iter().map(|(_, bad, judged)| share(*bad, *judged)).collect();
    let top = shares.iter().flatten().fold(rest.max(0.05), |top, share| top.max(*share));
    let x = |index: usize| MARGIN + (SIZE.0 - 2 * MARGIN) * index as i32 / (series.len().max(2) as i32 - 1);
    let y = |share: f64| SIZE.1 - MARGIN - (f64::from(SIZE.1 - 2 * MARGIN) * share / top).round() as i32;
    let turned = onset.and_then(|onset| series.iter().position(|(minute, _, _)| *minute >= onset));
    picture((SIZE.0 as u32, SIZE.1 as u32), "spark", label, |area| {
        let base = y(0.0);
        area.draw(&PathElement::new(vec![(0, base), (SIZE.0, base)], Ink::Grid.line(3))).map_err(told)?;
        area.draw(&PathElement::new(vec![(0, y(rest)), (SIZE.0, y(rest))], Ink::Faint.line(3))).map_err(told)?;
        for run in runs(&shares) {
            let bad: Vec<(i32, i32)> =
                run.clone().filter(|i| turned.is_some_and(|turned| *i >= turned)).map(|i| (x(i), y(at(&shares, i)))).collect();
            if let (Some(first), Some(last)) = (bad.first().copied(), bad.last().copied()) {
                let mut ground = bad;
                ground.extend([(last.0, base), (first.0, base)]);
                area.draw(&Polygon::new(ground, Ink::Bad.rgb().mix(0.25).filled())).map_err(told)?;
            }
            let line: Vec<(i32, i32)> = run.map(|i| (x(i), y(at(&shares, i)))).collect();
            match line.as_slice() {
                [alone] => area.draw(&Circle::new(*alone, 5, Ink::Bad.area())).map_err(told)?,
                _ => area.draw(&PathElement::new(line, Ink::Bad.line(6))).map_err(told)?,
            }
        }
        if let Some(turned) = turned {
            let at = x(turned);
            area.draw(&PathElement::new(vec![(at, 0), (at, SIZE.1)], Ink::Text.line(4))).map_err(told)?;
            area.draw(&Polygon::new(vec![(at - 16, 0), (at + 16, 0), (at, 26)], Ink::Text.area())).map_err(told)?;
        }
        Ok(())
    })
}

fn share(bad: u64, judged: u64) -> Option<f64> {
    (judged > 0).then(|| bad as f64 / judged as f64)
}

fn at(shares: &[Option<f64>], index: usize) -> f64 {
    shares[index].unwrap_or_default()
}

/// The stretches without a gap, as ranges of positions.
pub(super) fn runs(values: &[Option<f64>]) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    let mut start = None;
    for (index, value) in values.iter().enumerate() {
        match (value, start) {
            (Some(_), None) => start = Some(index),
            (None, Some(from)) => {
                runs.push(from..index);
                start = None;
            }
            _ => {}
        }
    }
    runs.extend(start.map(|from| from..values.len()));
    runs
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    fn hour(bad_from: usize) -> Vec<(DateTime<Utc>, u64, u64)> {
        let start: DateTime<Utc> = "2026-11-23T03:03:00Z".parse().unwrap();
        (0..60).map(|i| (start + Duration::minutes(i as i64), if i >= bad_from { 8 } else { 1 }, 20)).collect()
    }

    #[test]
    fn the_onset_is_marked_at_its_minute() {
        let series = hour(38);
        let with = sparkline(&series, 0.04, Some(series[38].0), "x");
        let x = MARGIN + (SIZE.0 - 2 * MARGIN) * 38 / 59;
        assert!(with.contains("polygon"), "{with}");
        assert!(with.contains(&format!("points=\"{x},0 {x},{} \"", SIZE.1)), "{with}");
        let without = sparkline(&series, 0.04, None, "x");
        assert!(!without.contains("polygon"), "{without}");
    }

    #[test]
    fn minutes_without_judgement_leave_a_gap() {
        let mut series = hour(60);
        series[30].2 = 0;
        assert_eq!(sparkline(&series, 0.04, None, "x").matches("stroke-bad").count(), 2);
        assert_eq!(runs(&[None, Some(1.0), Some(2.0), None, Some(3.0)]), [1..3, 4..5]);
    }

    #[test]
    fn an_empty_hour_draws() {
        assert!(sparkline(&[], 0.0, None, "x").contains("</svg>"));
    }
}
