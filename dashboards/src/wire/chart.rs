//! What the page's scripts are told about a chart: how it is drawn, and its series.

use serde::Serialize;

use crate::drawing::Ink;
use crate::figures::{self, NONE};

/// How a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// One line a series.
    Lines,
    /// Series on top of each other, the first at the bottom.
    Stack,
    /// Points without a line between them.
    Points,
}

/// One series of a chart.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Series {
    /// Its name in the chart's numbers.
    pub key: &'static str,
    pub label: String,
    pub decimals: usize,
    /// What the numbers are multiplied by before they are shown: 100 for a ratio in percent.
    pub scale: f64,
    pub ink: &'static str,
    /// Whether its line is dashed, so that it is told apart without colour.
    pub dashed: bool,
}

impl Series {
    /// The first series of a chart, or the only one.
    pub fn first(key: &'static str, label: &str, decimals: usize) -> Series {
        Series { key, label: label.to_owned(), decimals, scale: 1.0, ink: Ink::First.name(), dashed: false }
    }

    /// The second series.
    pub fn second(key: &'static str, label: &str, decimals: usize) -> Series {
        Series { ink: Ink::Second.name(), dashed: true, ..Series::first(key, label, decimals) }
    }

    /// Its numbers are ratios and shown in percent.
    pub fn percent(self) -> Series {
        Series { scale: 100.0, ..self }
    }

    /// In that ink.
    pub fn ink(self, ink: Ink) -> Series {
        Series { ink: ink.name(), ..self }
    }

    /// As shown, without the unit.
    pub fn show(&self, value: Option<f64>) -> String {
        value.map_or_else(|| NONE.to_owned(), |value| figures::fixed(value * self.scale, self.decimals))
    }
}
