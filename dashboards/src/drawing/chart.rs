//! A chart over time, for browsers without JavaScript.

use plotters::prelude::*;

use super::sparkline::runs;
use super::{Ink, picture, told};
use crate::chart::Spec;
use crate::figures;
use crate::wire::ChartGroup;
use crate::wire::Kind;

const SIZE: (u32, u32) = (640, 200);
const POINTS: usize = 600;

/// Draws the series of a specification; `time` says how its moments are written.
pub(crate) fn chart(spec: &Spec, group: &ChartGroup, time: &dyn Fn(f64) -> String, label: &str) -> String {
    let layers = layers(spec, group);
    let (low, high) = layers
        .iter()
        .flat_map(|(_, values)| values.iter().flatten())
        .fold(spec.floor, |(low, high), value| (low.min(*value), high.max(*value)));
    let (from, to) = (group.from_s as f64, (group.to_s as f64).max(group.from_s as f64 + 1.0));
    let decimals = spec.series.iter().map(|series| series.decimals).max().unwrap_or(0);
    picture(SIZE, "plot-drawing", label, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(4)
            .x_label_area_size(24)
            .y_label_area_size(56)
            .build_cartesian_2d(from..to, low..high * 1.05)
            .map_err(told)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(Ink::Grid.rgb())
            .axis_style(Ink::Grid.rgb())
            .label_style(("sans-serif", 15).into_font().color(&Ink::Text.rgb()))
            .x_labels(5)
            .y_labels(4)
            .x_label_formatter(&|at| time(*at))
            .y_label_formatter(&|value| figures::fixed(*value, if high >= 10.0 { 0 } else { decimals }))
            .draw()
            .map_err(told)?;
        for (ink, values) in &layers {
            for run in runs(values) {
                let points: Vec<(f64, f64)> = run.filter_map(|index| Some((group.at_s[index], values[index]?))).collect();
                let points = thinned(&points);
                if spec.kind == Kind::Stack {
                    let bars = points.iter().map(|(at, value)| Rectangle::new([(*at, 0.0), (*at + 48.0, *value)], ink.area()));
                    chart.draw_series(bars).map_err(told)?;
                } else if spec.kind == Kind::Points || points.len() == 1 {
                    chart.draw_series(points.iter().map(|point| Circle::new(*point, 2, ink.area()))).map_err(told)?;
                } else {
                    chart.draw_series(LineSeries::new(points, ink.line(2))).map_err(told)?;
                }
            }
        }
        Ok(())
    })
}

/// At most [`POINTS`] points: of neighbours the highest, which of most measures is the worst.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let highest = |some: &[(f64, f64)]| some.iter().copied().reduce(|a, b| if b.1 > a.1 { b } else { a });
    points.chunks(points.len().div_ceil(POINTS).max(1)).filter_map(highest).collect()
}

/// What is drawn, from the back to the front: lines as they are; of a stack the sums, tallest first.
fn layers(spec: &Spec, group: &ChartGroup) -> Vec<(Ink, Vec<Option<f64>>)> {
    let mut layers: Vec<(Ink, Vec<Option<f64>>)> = Vec::new();
    for series in &spec.series {
        let ink = Ink::ALL.into_iter().find(|ink| ink.name() == series.ink).unwrap_or(Ink::First);
        let mut values: Vec<Option<f64>> = group.values(series.key).iter().map(|value| value.map(|value| value * series.scale)).collect();
        if let (Kind::Stack, Some((_, below))) = (spec.kind, layers.last()) {
            for (value, below) in values.iter_mut().zip(below) {
                *value = Some(value.unwrap_or(0.0) + below.unwrap_or(0.0));
            }
        }
        layers.push((ink, values));
    }
    if spec.kind == Kind::Stack {
        layers.reverse();
    }
    layers
}
