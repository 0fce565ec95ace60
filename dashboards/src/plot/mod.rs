//! Charts of a report, drawn by plotters as SVG from plain numbers.

use crate::view::Lang;

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
        /// A value that means nothing is there, such as 0; drawn as a line.
        nothing: Option<f64>,
        /// Label and figure.
        rows: Vec<(String, Figure)>,
    },
    /// A curve with points that have intervals: an outcome against a measure.
    Curve {
        /// Names of the scales, with their units.
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
        /// Names of the scales, with their units.
        x: String,
        /// See `x`.
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

impl Chart {
    /// The drawing as inline SVG.
    pub fn svg(&self, _lang: Lang) -> String {
        String::new()
    }
}
