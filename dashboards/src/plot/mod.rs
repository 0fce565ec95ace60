//! Charts of a report, drawn by plotters as SVG from plain numbers: one file a drawing, on one kind of sheet.
//!
//! A chart reads without colour (markers, dashes), on light and on dark ground (its classes are given colours by the page; taken out of a page it
//! keeps its own), and holds no number that is not one: what cannot be drawn is left out, and if nothing can, it says so.

mod axis;
mod curve;
mod forest;
mod frame;
mod grid;
mod label;
mod lines;
mod png;
mod sheet;

#[cfg(test)]
mod tests;

pub use png::PngError;

use crate::view::Lang;
use sheet::{Side, Stroke, Words, draw};

/// A chart: what it shows, and what it is drawn from.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What it shows, in a sentence; read aloud in place of the drawing.
    pub caption: String,
    /// What it is drawn from.
    pub drawn: Drawn,
}

/// What a chart is drawn from.
#[derive(Debug, Clone)]
pub enum Drawn {
    /// Figures with their intervals, one below the other, on one scale.
    Forest {
        /// The scale's name, with its unit.
        axis: String,
        /// Whether values are shares, read in percent.
        share: bool,
        /// A value that means nothing is there, such as 0; drawn as a line. With 1 the values are ratios, and the scale is logarithmic.
        nothing: Option<f64>,
        /// What the sides of `nothing` mean, where they mean something.
        sides: Option<Sides>,
        /// Label and figure.
        rows: Vec<(String, Figure)>,
    },
    /// A curve with points that have intervals: an outcome against a measure.
    Curve {
        /// Names of the scales, with their units. A scale whose name has a percent sign or speaks of a share, and whose values
        /// all lie in 0 to 1, is read in percent.
        x: String,
        /// See `x`.
        y: String,
        /// Points with their intervals.
        points: Vec<(f64, Figure)>,
        /// A smooth line through them.
        smooth: Vec<(f64, f64)>,
        /// Where it bends, with its interval.
        knee: Option<Figure>,
    },
    /// Lines over a scale, each with a band: survival, retention, scores over time.
    Lines {
        /// Names of the scales, with their units. From 1e8 on, x counts seconds since 1970 and is read as days in UTC.
        x: String,
        /// See `x`, and [`Drawn::Curve`] for when it is read in percent; steps from 0 to 1 always are.
        y: String,
        /// Whether values hold until the next one (survival) or are joined.
        steps: bool,
        /// Name and points of each line.
        lines: Vec<(String, Vec<(f64, Figure)>)>,
        /// Moments marked on the x scale, with what they are.
        marks: Vec<(f64, String)>,
    },
    /// A grid of shares: cohorts by day.
    Grid {
        /// Names of the columns.
        columns: Vec<String>,
        /// Name and cells of each row; `None`: not known yet.
        rows: Vec<(String, Vec<Option<f64>>)>,
    },
}

/// What lies to the left and to the right of nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Sides {
    /// Words for the left side.
    pub worse: String,
    /// Words for the right side.
    pub better: String,
    /// The difference that matters, above zero; drawn as a line on either side.
    pub margin: Option<f64>,
}

/// A value and the ends of its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The value.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl From<&qoe_query::statistics::Estimate> for Figure {
    fn from(estimate: &qoe_query::statistics::Estimate) -> Figure {
        Figure { value: estimate.value, low: estimate.low, high: estimate.high }
    }
}

impl Figure {
    /// Whether there is a place for it on a sheet.
    fn is_drawable(&self) -> bool {
        self.value.abs() <= axis::DRAWABLE && !self.low.is_nan() && !self.high.is_nan()
    }

    /// With ends at the value where they lie beyond every sheet.
    fn closed(self) -> Figure {
        let end = |end: f64| if end.abs() <= axis::DRAWABLE { end } else { self.value };
        Figure { low: end(self.low), high: end(self.high), ..self }
    }
}

impl Chart {
    /// The drawing as inline SVG.
    pub fn svg(&self, lang: Lang) -> String {
        let title = &self.caption;
        let drawn = match &self.drawn {
            Drawn::Forest { axis, share, nothing, sides, rows } => {
                forest::forest(&forest::Forest { axis, share: *share, nothing: *nothing, sides: sides.as_ref(), rows }, title, lang)
            }
            Drawn::Curve { x, y, points, smooth, knee } => curve::curve(&curve::Curve { x, y, points, smooth, knee: *knee }, title, lang),
            Drawn::Lines { x, y, steps, lines, marks } => lines::lines(&lines::Lines { x, y, steps: *steps, lines, marks }, title, lang),
            Drawn::Grid { columns, rows } => grid::grid(columns, rows, title, lang),
        };
        drawn.unwrap_or_else(|| nothing(title, lang))
    }
}

/// A small box that says so.
fn nothing(title: &str, lang: Lang) -> String {
    let (width, height) = (sheet::WIDTH, 64.0);
    draw((width, height), title, lang, |sheet| {
        sheet.outline((1.0, 1.0), (width - 1.0, height - 1.0), Stroke::GUIDE)?;
        sheet.words((width / 2.0, height / 2.0), &Words::new(lang.pick("Nothing to draw", "没有可绘制的数据"), Side::Middle))
    })
}
