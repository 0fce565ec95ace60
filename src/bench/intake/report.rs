//! The figures, each beside what it is measured against and what it is to be.

use std::fmt;
use std::io::Write;

use serde::Serialize;

/// Which way is good, and how far it is to go: what must be, and what we aim at.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Not less.
    AtLeast {
        /// What must be.
        must: f64,
        /// What we aim at.
        aim: f64,
    },
    /// Not more.
    AtMost {
        /// What must be.
        must: f64,
        /// What we aim at.
        aim: f64,
    },
}

/// One measure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What was measured.
    pub measure: String,
    /// In which unit.
    pub unit: &'static str,
    /// The intake's.
    pub ours: f64,
    /// What it is measured against; without it, ours is judged by itself.
    pub theirs: Option<f64>,
    /// Of the ratio, where there is one.
    pub goal: Goal,
    /// How it was measured.
    pub how: String,
}

impl Figure {
    /// Ours over theirs.
    pub fn ratio(&self) -> Option<f64> {
        self.theirs.map(|theirs| self.ours / theirs)
    }

    fn verdict(&self) -> &'static str {
        let judged = self.ratio().unwrap_or(self.ours);
        let (must, aim) = match self.goal {
            Goal::AtLeast { must, aim } => (judged >= must, judged >= aim),
            Goal::AtMost { must, aim } => (judged <= must, judged <= aim),
        };
        match (must, aim) {
            (_, true) => "aim",
            (true, false) => "must",
            (false, false) => "MISSED",
        }
    }
}

/// A few figures, so that thousands and hundredths read alike.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0.abs() {
            value if value >= 10_000.0 => format!("{:.0} k", self.0 / 1e3),
            value if value >= 100.0 => format!("{:.0}", self.0),
            value if value >= 10.0 => format!("{:.1}", self.0),
            _ => format!("{:.2}", self.0),
        };
        f.pad(&text)
    }
}

/// Prints them as a table, with how each was measured below it.
pub fn print(out: &mut impl Write, figures: &[Figure]) -> std::io::Result<()> {
    writeln!(out, "{:<44} {:>10} {:>10} {:>8} {:>8} {:>8}  met", "measure", "ours", "theirs", "ratio", "must", "aim")?;
    for figure in figures {
        let or_dash = |value: Option<f64>| value.map_or("-".to_owned(), |value| Short(value).to_string());
        let (Goal::AtLeast { must, aim } | Goal::AtMost { must, aim }) = figure.goal;
        let (measure, theirs, ratio) = (format!("{}, {}", figure.measure, figure.unit), or_dash(figure.theirs), or_dash(figure.ratio()));
        let (ours, must, aim) = (Short(figure.ours), Short(must), Short(aim));
        writeln!(out, "{measure:<44} {ours:>10} {theirs:>10} {ratio:>8} {must:>8} {aim:>8}  {}", figure.verdict())?;
        writeln!(out, "    {}", figure.how)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_judged_by_its_ratio_where_there_is_one() {
        let figure = |ours, theirs, goal| Figure { measure: "m".into(), unit: "u", ours, theirs, goal, how: String::new() }.verdict();
        let (more, less) = (Goal::AtLeast { must: 8.0, aim: 20.0 }, Goal::AtMost { must: 0.5, aim: 0.3 });
        assert_eq!(figure(30.0, Some(2.0), more), "must");
        assert_eq!(figure(30.0, Some(10.0), more), "MISSED");
        assert_eq!(figure(30.0, None, more), "aim");
        assert_eq!(figure(1.0, Some(10.0), less), "aim");
        assert_eq!(figure(f64::NAN, None, less), "MISSED");
    }
}
