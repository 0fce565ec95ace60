//! Sessions by their six dimensions together: added up they are the headline, every slice, and the values to filter by.

use std::collections::BTreeMap;

use datafusion::error::Result;

use super::answer::{Answer, Line};
use super::answers::{Dimension, Filter, GoodMinutes};
use super::questions::WINDOWS;
use crate::statistics::{ClusteredMinutes, Confidence};

/// Sessions that share all six dimensions.
pub struct Cell {
    /// Their values, in the order of [`Dimension::ALL`]; empty where not stated.
    pub values: Vec<String>,
    /// By window, in the order of [`WINDOWS`].
    pub tallies: [Tally; 3],
}

impl Cell {
    /// Its judged minutes of the whole hour.
    pub fn hour(&self) -> ClusteredMinutes {
        self.tallies[2].judged
    }

    /// Whether its sessions are in a slice.
    pub fn is_in(&self, slice: &Filter) -> bool {
        let value = |dimension: Dimension| Dimension::ALL.iter().position(|known| *known == dimension).map(|index| &self.values[index]);
        slice.0.iter().all(|(dimension, wanted)| value(*dimension) == Some(wanted))
    }
}

/// What happened in one window.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Judged minutes, as sums over sessions.
    pub judged: ClusteredMinutes,
    /// Minutes in which no objective was measured.
    pub unclassified: u64,
    /// Minutes in which reports stopped without a leave.
    pub silent: u64,
    /// Sessions with a minute in it.
    pub sessions: u64,
    /// Their session-minutes.
    pub minutes: u64,
}

impl Tally {
    fn read(line: Line<'_>, window: u32) -> Result<Tally> {
        let count = |name: &str| line.count(&format!("{name}_{window}"));
        let number = |name: &str| Ok::<_, datafusion::error::DataFusionError>(line.number(&format!("{name}_{window}"))?.unwrap_or(0.0));
        let (good, bad) = (count("good")?, count("bad")?);
        let judged = ClusteredMinutes {
            sessions: count("judged")?,
            bad,
            total: good + bad,
            bad_squared: number("bad_squared")?,
            bad_total: number("bad_total")?,
            total_squared: number("total_squared")?,
        };
        let (unclassified, silent) = (count("unclassified")?, count("silent")?);
        Ok(Tally { judged, unclassified, silent, sessions: count("sessions")?, minutes: count("minutes")? })
    }

    /// Both together.
    pub fn merge(self, other: &Tally) -> Tally {
        Tally {
            judged: self.judged.merge(other.judged),
            unclassified: self.unclassified + other.unclassified,
            silent: self.silent + other.silent,
            sessions: self.sessions + other.sessions,
            minutes: self.minutes + other.minutes,
        }
    }

    /// The headline; `None` when nothing was judged.
    pub fn good_minutes(&self) -> Option<GoodMinutes> {
        let (good, bad, silent) = (self.judged.total - self.judged.bad, self.judged.bad, self.silent);
        let with_silent = (good + bad + silent) as f64;
        self.judged.share(Confidence::P95).map(|bad_share| GoodMinutes {
            ratio: bad_share.complement(),
            good,
            bad,
            unclassified: self.unclassified,
            silent,
            if_silent_good: (good + silent) as f64 / with_silent,
            if_silent_bad: good as f64 / with_silent,
        })
    }
}

/// The cells of the answer to [`super::sql::Scope::cells`].
pub fn read_cells(answer: &Answer) -> Result<Vec<Cell>> {
    let cell = |line: Line<'_>| {
        let values = Dimension::ALL.iter().map(|dimension| line.text(dimension.column())).collect::<Result<_>>()?;
        let [five, fifteen, sixty] = WINDOWS.map(|window| Tally::read(line, window));
        Ok(Cell { values, tallies: [five?, fifteen?, sixty?] })
    };
    answer.rows().map(cell).collect()
}

/// Values to filter by, with their sessions of the hour, most first.
pub fn choices(cells: &[Cell]) -> Vec<(Dimension, Vec<(String, u64)>)> {
    let of = |index: usize| {
        let mut values: BTreeMap<&str, u64> = BTreeMap::new();
        for cell in cells.iter().filter(|cell| !cell.values[index].is_empty()) {
            *values.entry(&cell.values[index]).or_default() += cell.tallies[2].sessions;
        }
        let mut values: Vec<(String, u64)> = values.into_iter().map(|(value, n)| (value.to_owned(), n)).collect();
        values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        values
    };
    Dimension::ALL.into_iter().enumerate().map(|(index, dimension)| (dimension, of(index))).collect()
}
