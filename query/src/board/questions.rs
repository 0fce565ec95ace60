//! From the board's answers in SQL to its structs.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use datafusion::error::Result;
use datafusion::prelude::SessionContext;
use futures::{StreamExt, TryStreamExt, stream};

use super::answer::{Answer, Line, ask};
use super::answers::{Board, Dimension, Filter, GoodMinutes, Minute, MosFigure, Quantiles, SessionRow, SessionsNow, Slice, Window};
use super::sql::Scope;
use crate::quality::CodecTable;
use crate::statistics::{ClusteredMinutes, Confidence, MIN_MINUTES, Minutes, SliceExcess, onset, rank, share};

/// The windows shown, minutes.
pub const WINDOWS: [u32; 3] = [5, 15, 60];

/// The longest of them, which everything else is asked about.
const HOUR: i64 = 60;

/// Slices shown.
const SLICES: usize = 8;

/// Sessions in a list.
const SESSIONS: usize = 10;

/// How long a session that fell silent stays on the board.
const SILENT_FOR: TimeDelta = TimeDelta::minutes(15);

const MEASURES: [&str; 6] = ["rtt_ms", "jitter_ms", "loss_ratio", "freeze_ratio", "response_ms", "interruption_ms"];

/// The part of a board that changes with every report: who is there, and how new the newest row is. Two cheap questions, asked for every update.
pub async fn pulse(context: &SessionContext, filter: &Filter, now: DateTime<Utc>) -> Result<Pulse> {
    let scope = Scope { filter, from: now - TimeDelta::minutes(HOUR), now };
    let since = now - SILENT_FOR;
    let (presences, silent) = (scope.presences(since), scope.silent_sessions(since, SESSIONS));
    let (presences, silent) = futures::future::try_join(ask(context, &presences), ask(context, &silent)).await?;
    let newest = presences.rows().map(|line| line.time("newest")).collect::<Result<Vec<_>>>()?.into_iter().flatten().max();
    Ok(Pulse { as_of: now, newest, now: sessions_now(&presences, &silent)? })
}

/// See [`pulse`].
pub struct Pulse {
    as_of: DateTime<Utc>,
    newest: Option<DateTime<Utc>>,
    now: SessionsNow,
}

impl Pulse {
    /// The board with this in the place of what it knew of it.
    pub fn over(self, survey: &Board) -> Board {
        Board { as_of: self.as_of, newest: self.newest, now: self.now, ..survey.clone() }
    }
}

/// Everything else on the board of the sessions of `filter` at `now`: windows, slices, minutes, worst sessions.
pub async fn survey(context: &SessionContext, codecs: &CodecTable, filter: &Filter, now: DateTime<Utc>) -> Result<Board> {
    let scope = Scope { filter, from: now - TimeDelta::minutes(HOUR), now };
    let windows = WINDOWS.map(|minutes| (minutes, now - TimeDelta::minutes(i64::from(minutes))));
    let asked = [
        scope.quantiles(&windows, &MEASURES),
        scope.mos(&windows),
        scope.codecs(),
        scope.connects(&windows),
        scope.minutes(),
        scope.connect_minutes(),
        scope.mos_minutes(),
        scope.cells(&windows),
        scope.worst(SESSIONS),
    ];
    let answers: Vec<Answer> = stream::iter(asked).map(|sql| asked_by(context.clone(), sql)).buffered(at_once()).try_collect().await?;
    let [quantiles, mos, codecs_used, connects, minutes, connect_minutes, mos_minutes, cells, worst] =
        <[Answer; 9]>::try_from(answers).expect("as many answers as questions");

    let cells = read_cells(&cells)?;
    let slices = slices(context, &scope, &cells).await?;
    let assumptions = assumptions(&codecs_used, codecs)?;
    let mut figures = Vec::new();
    for (minutes, _) in windows {
        figures.push(window(minutes, &cells, &quantiles, &mos, &connects, &assumptions)?);
    }
    Ok(Board {
        as_of: now,
        newest: None,
        slices,
        now: SessionsNow::default(),
        windows: figures,
        minutes: minute_series(&minutes, &connect_minutes, &mos_minutes, now)?,
        worst: worst.rows().map(session_row).collect::<Result<_>>()?,
        choices: choices(&cells),
    })
}

async fn asked_by(context: SessionContext, sql: String) -> Result<Answer> {
    ask(&context, &sql).await
}

/// How many questions are asked at once: more than there are cores would only get in each other's way.
fn at_once() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// The questions whose answers make a board, for looking at how they are run.
pub fn all_questions(filter: &Filter, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let scope = Scope { filter, from: now - TimeDelta::minutes(HOUR), now };
    let windows = WINDOWS.map(|minutes| (minutes, now - TimeDelta::minutes(i64::from(minutes))));
    let since = now - SILENT_FOR;
    let slices =
        [Filter(vec![(Dimension::Vendor, "a".into())]), Filter(vec![(Dimension::Region, "b".into()), (Dimension::Network, "c".into())])];
    vec![
        ("where, and good minutes", scope.cells(&windows)),
        ("onset", scope.slice_minutes(&slices)),
        ("sessions now", scope.presences(since)),
        ("gone silent", scope.silent_sessions(since, SESSIONS)),
        ("percentiles", scope.quantiles(&windows, &MEASURES)),
        ("mos", scope.mos(&windows)),
        ("codecs", scope.codecs()),
        ("connect time", scope.connects(&windows)),
        ("minutes", scope.minutes()),
        ("connect time by minute", scope.connect_minutes()),
        ("mos by minute", scope.mos_minutes()),
        ("worst sessions", scope.worst(SESSIONS)),
    ]
}

/// Sessions that share all six dimensions.
struct Cell {
    values: Vec<String>,
    /// By window, in the order of [`WINDOWS`].
    tallies: [Tally; 3],
}

impl Cell {
    /// Its judged minutes of the whole hour.
    fn hour(&self) -> ClusteredMinutes {
        self.tallies[2].judged
    }

    fn is_in(&self, slice: &Filter) -> bool {
        let value = |dimension: Dimension| Dimension::ALL.iter().position(|known| *known == dimension).map(|index| &self.values[index]);
        slice.0.iter().all(|(dimension, wanted)| value(*dimension) == Some(wanted))
    }
}

/// What happened in one window.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    judged: ClusteredMinutes,
    unclassified: u64,
    silent: u64,
    sessions: u64,
    minutes: u64,
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

    fn merge(self, other: &Tally) -> Tally {
        Tally {
            judged: self.judged.merge(other.judged),
            unclassified: self.unclassified + other.unclassified,
            silent: self.silent + other.silent,
            sessions: self.sessions + other.sessions,
            minutes: self.minutes + other.minutes,
        }
    }

    fn good_minutes(&self) -> Option<GoodMinutes> {
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

fn read_cells(answer: &Answer) -> Result<Vec<Cell>> {
    let cell = |line: Line<'_>| {
        let values = Dimension::ALL.iter().map(|dimension| line.text(dimension.column())).collect::<Result<_>>()?;
        let [five, fifteen, sixty] = WINDOWS.map(|window| Tally::read(line, window));
        Ok(Cell { values, tallies: [five?, fifteen?, sixty?] })
    };
    answer.rows().map(cell).collect()
}

/// Every slice by one dimension and by two, from the cells.
fn all_slices(cells: &[&Cell]) -> BTreeMap<Filter, ClusteredMinutes> {
    let mut slices: BTreeMap<Filter, ClusteredMinutes> = BTreeMap::new();
    for cell in cells {
        let stated: Vec<(Dimension, String)> = Dimension::ALL
            .into_iter()
            .zip(&cell.values)
            .filter(|(_, value)| !value.is_empty())
            .map(|(d, value)| (d, value.clone()))
            .collect();
        for (i, one) in stated.iter().enumerate() {
            let pairs = stated[i + 1..].iter().map(|two| vec![one.clone(), two.clone()]);
            for filter in std::iter::once(vec![one.clone()]).chain(pairs) {
                let sum = slices.entry(Filter(filter)).or_default();
                *sum = sum.merge(cell.hour());
            }
        }
    }
    slices
}

async fn slices(context: &SessionContext, scope: &Scope<'_>, cells: &[Cell]) -> Result<Vec<Slice>> {
    let shown = telling(cells);
    if shown.is_empty() {
        return Ok(Vec::new());
    }
    let filters: Vec<Filter> = shown.iter().map(|slice| slice.key.clone()).collect();
    let series = ask(context, &scope.slice_minutes(&filters)).await?;
    shown.into_iter().enumerate().map(|(i, slice)| with_series(slice, &series, i, scope.now)).collect()
}

/// The slices worth a line: the one with the greatest excess, then the one with the greatest excess among the sessions that are not in it, and so on,
/// so that one cause is not told many times by slices that overlap it. Ends with the first that may be chance.
fn telling(cells: &[Cell]) -> Vec<SliceExcess<Filter>> {
    let mut shown: Vec<SliceExcess<Filter>> = Vec::new();
    while shown.len() < SLICES {
        let left: Vec<&Cell> = cells.iter().filter(|cell| !shown.iter().any(|slice| cell.is_in(&slice.key))).collect();
        let all = left.iter().fold(ClusteredMinutes::default(), |all, cell| all.merge(cell.hour()));
        let ranked = rank(all, all_slices(&left), MIN_MINUTES, Confidence::P95).ranked;
        let Some(next) = most_telling(&ranked) else { break };
        let clear = next.clear;
        shown.push(next.clone());
        if !clear {
            break;
        }
    }
    shown
}

/// The slice with the greatest excess, or a narrower one within it that holds nearly all of that excess in fewer minutes.
fn most_telling(ranked: &[SliceExcess<Filter>]) -> Option<&SliceExcess<Filter>> {
    let first = ranked.first().filter(|slice| slice.excess.value > 0.0)?;
    let narrower = ranked.iter().filter(|other| {
        other.key.0.len() > first.key.0.len()
            && first.key.0.iter().all(|condition| other.key.0.contains(condition))
            && other.excess.value >= 0.8 * first.excess.value
            && other.share.value > first.share.value
            && other.clear == first.clear
    });
    Some(narrower.max_by(|a, b| a.excess.value.total_cmp(&b.excess.value)).unwrap_or(first))
}

fn with_series(slice: SliceExcess<Filter>, answer: &Answer, index: usize, now: DateTime<Utc>) -> Result<Slice> {
    let mut counted = BTreeMap::new();
    for line in answer.rows() {
        let minutes = Minutes { bad: line.count(&format!("bad_{index}"))?, total: line.count(&format!("total_{index}"))? };
        counted.insert(line.moment("minute")?, minutes);
    }
    let series: Vec<(DateTime<Utc>, Minutes)> =
        last_minutes(now).map(|minute| (minute, counted.get(&minute).copied().unwrap_or_default())).collect();
    let counts: Vec<Minutes> = series.iter().map(|(_, minutes)| *minutes).collect();
    Ok(Slice {
        filter: slice.key,
        sessions: slice.sessions,
        minutes: slice.share.n,
        bad: (slice.share.value * slice.share.n as f64).round() as u64,
        bad_share: slice.share,
        rest_share: slice.rest,
        excess: slice.excess,
        clear: slice.clear,
        onset: onset(&counts).and_then(|onset| series.get(onset.minute)).map(|(minute, _)| *minute),
        series: series.into_iter().map(|(minute, minutes)| (minute, minutes.bad, minutes.total)).collect(),
    })
}

/// The starts of the last 60 minutes, the one in progress last.
fn last_minutes(now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let last = now.timestamp_millis().div_euclid(60_000) * 60_000;
    (0..HOUR).rev().filter_map(move |back| DateTime::from_timestamp_millis(last - back * 60_000))
}

fn choices(cells: &[Cell]) -> Vec<(Dimension, Vec<(String, u64)>)> {
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

fn sessions_now(presences: &Answer, silent: &Answer) -> Result<SessionsNow> {
    let mut now = SessionsNow::default();
    for line in presences.rows() {
        let live = line.count("live")?;
        now.live += live;
        now.gone_silent += line.count("silent")?;
        if live > 0 {
            now.live_by_service.push((line.text("service")?, live));
        }
    }
    now.live_by_service.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    now.silent = silent.rows().map(session_row).collect::<Result<_>>()?;
    Ok(now)
}

fn session_row(line: Line<'_>) -> Result<SessionRow> {
    let dimensions = Dimension::ALL.into_iter().map(|dimension| Ok((dimension, line.text(dimension.column())?)));
    Ok(SessionRow {
        session_id: line.text("session_id")?,
        call_id: line.text("call_id")?,
        dimensions: dimensions.collect::<Result<_>>()?,
        first_at: line.moment("first_at")?,
        last_at: line.moment("last_at")?,
        good: line.count("good")?,
        bad: line.count("bad")?,
    })
}

fn assumptions(codecs_used: &Answer, codecs: &CodecTable) -> Result<BTreeMap<&'static str, Vec<String>>> {
    let mut by_band: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for line in codecs_used.rows() {
        if let Ok(codec) = codecs.find(&line.text("audio_codec")?) {
            let said = by_band.entry(codec.band.code()).or_default();
            said.extend(codec.assumption.clone().filter(|assumption| !said.contains(assumption)));
        }
    }
    Ok(by_band)
}

fn window(
    minutes: u32,
    cells: &[Cell],
    quantiles: &Answer,
    mos: &Answer,
    connects: &Answer,
    assumptions: &BTreeMap<&'static str, Vec<String>>,
) -> Result<Window> {
    let column = |name: &str| format!("{name}_{minutes}");
    let quantile = |measure: &str| -> Result<Option<Quantiles>> {
        let Some(line) = quantiles.first() else { return Ok(None) };
        let (p50, p95) = (line.number(&column(&format!("{measure}_p50")))?, line.number(&column(&format!("{measure}_p95")))?);
        let n = line.count(&column(&format!("{measure}_n")))?;
        Ok(p50.zip(p95).filter(|_| n > 0).map(|(p50, p95)| Quantiles { p50, p95, n }))
    };
    let mut bands = Vec::new();
    for line in mos.rows() {
        let (band, n) = (line.text("band")?, line.count(&column("n"))?);
        if let (Some(mean), Some(p5)) = (line.number(&column("mean"))?, line.number(&column("p5"))?) {
            let assumptions = assumptions.get(band.as_str()).cloned().unwrap_or_default();
            bands.push(MosFigure { band, mean, p5, n, assumptions });
        }
    }
    let index = WINDOWS.iter().position(|window| *window == minutes).unwrap_or_default();
    let tally = cells.iter().fold(Tally::default(), |all, cell| all.merge(&cell.tallies[index]));
    let mut figures = Window {
        minutes,
        sessions: tally.sessions,
        session_minutes: tally.minutes,
        good_minutes: tally.good_minutes(),
        connect_ms: None,
        connect_best: None,
        join_success: None,
        rtt_ms: quantile("rtt_ms")?,
        jitter_ms: quantile("jitter_ms")?,
        loss_ratio: quantile("loss_ratio")?,
        freeze_ratio: quantile("freeze_ratio")?,
        mos: bands,
        response_ms: quantile("response_ms")?,
        interruption_ms: quantile("interruption_ms")?,
    };
    if let Some(line) = connects.first() {
        let n = line.count(&column("n"))?;
        let quantiles = line.number(&column("p50"))?.zip(line.number(&column("p95"))?);
        figures.connect_ms = quantiles.filter(|_| n > 0).map(|(p50, p95)| Quantiles { p50, p95, n });
        figures.connect_best = share(line.count(&column("best"))?, n, Confidence::P95);
        figures.join_success = share(line.count(&column("joined"))?, line.count(&column("tried"))?, Confidence::P95);
    }
    Ok(figures)
}

fn by_minute(answer: &Answer, column: &str) -> Result<BTreeMap<DateTime<Utc>, Option<f64>>> {
    answer.rows().map(|line| Ok((line.moment("minute")?, line.number(column)?))).collect()
}

fn minute_series(minutes: &Answer, connects: &Answer, mos: &Answer, now: DateTime<Utc>) -> Result<Vec<Minute>> {
    let (connect_ms, mos_nb) = (by_minute(connects, "connect_ms_p95")?, by_minute(mos, "mos_nb_mean")?);
    let mut lines = BTreeMap::new();
    for line in minutes.rows() {
        lines.insert(line.moment("minute")?, line);
    }
    last_minutes(now)
        .map(|at| {
            let line = lines.get(&at);
            let count = |name: &str| line.map_or(Ok(0), |line| line.count(name));
            let number = |name: &str| line.map_or(Ok(None), |line| line.number(name));
            Ok(Minute {
                at,
                sessions: count("sessions")?,
                good: count("good")?,
                bad: count("bad")?,
                unclassified: count("unclassified")?,
                silent: count("silent")?,
                rtt_ms_p50: number("rtt_ms_p50")?,
                rtt_ms_p95: number("rtt_ms_p95")?,
                jitter_ms_p95: number("jitter_ms_p95")?,
                loss_ratio_p95: number("loss_ratio_p95")?,
                freeze_ratio_p95: number("freeze_ratio_p95")?,
                connect_ms_p95: connect_ms.get(&at).copied().flatten(),
                mos_nb_mean: mos_nb.get(&at).copied().flatten(),
                response_ms_p95: number("response_ms_p95")?,
            })
        })
        .collect()
}
