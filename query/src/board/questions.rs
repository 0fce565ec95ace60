//! From the board's answers in SQL to its structs.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use datafusion::error::Result;
use datafusion::prelude::SessionContext;
use futures::{StreamExt, TryStreamExt, stream};

use super::answer::{Answer, Line, ask};
use super::answers::{Board, Dimension, Filter, Minute, Missing, MosFigure, Quantiles, SessionRow, SessionsNow, Window};
use super::cells::{Cell, Tally, choices, read_cells};
use super::slices::slices;
use super::sql::Scope;
use crate::quality::CodecTable;
use crate::statistics::{Confidence, share};

/// The windows shown, minutes.
pub const WINDOWS: [u32; 3] = [5, 15, 60];

/// The longest of them, which everything else is asked about.
const HOUR: i64 = 60;

/// Sessions in a list.
const SESSIONS: usize = 10;

/// How long a session that fell silent stays on the board.
const SILENT_FOR: TimeDelta = TimeDelta::minutes(15);

const MEASURES: [&str; 6] = ["rtt_ms", "jitter_ms", "loss_ratio", "freeze_ratio", "response_ms", "interruption_ms"];

/// What is asked, and for which panel.
type Question = (&'static str, String);

fn scope(filter: &Filter, now: DateTime<Utc>) -> Scope<'_> {
    Scope { filter, from: now - TimeDelta::minutes(HOUR), now }
}

fn windows(now: DateTime<Utc>) -> [(u32, DateTime<Utc>); 3] {
    WINDOWS.map(|minutes| (minutes, now - TimeDelta::minutes(i64::from(minutes))))
}

fn pulse_questions(scope: &Scope<'_>) -> [Question; 2] {
    let since = scope.now - SILENT_FOR;
    [("sessions now", scope.presences(since)), ("gone silent", scope.silent_sessions(since, SESSIONS))]
}

fn survey_questions(scope: &Scope<'_>) -> [Question; 10] {
    let windows = windows(scope.now);
    [
        ("percentiles", scope.quantiles(&windows, &MEASURES)),
        ("mos", scope.mos(&windows)),
        ("codecs", scope.codecs()),
        ("connect time", scope.connects(&windows)),
        ("minutes", scope.minutes()),
        ("connect time by minute", scope.connect_minutes()),
        ("mos by minute", scope.mos_minutes()),
        ("where, and good minutes", scope.cells(&windows)),
        ("worst sessions", scope.worst(SESSIONS)),
        ("missing batches", scope.missing()),
    ]
}

/// Everything a board asks, for looking at how it is run. (Onsets are asked of the slices that were found; here, of two that stand for them.)
pub fn all_questions(filter: &Filter, now: DateTime<Utc>) -> Vec<Question> {
    let scope = scope(filter, now);
    let slices =
        [Filter(vec![(Dimension::Vendor, "a".into())]), Filter(vec![(Dimension::Region, "b".into()), (Dimension::Network, "c".into())])];
    let onset = ("onset", scope.slice_minutes(&slices));
    pulse_questions(&scope).into_iter().chain(survey_questions(&scope)).chain([onset]).collect()
}

/// Answers in the order of the questions; more at once than there are cores would only get in each other's way.
async fn answers<const N: usize>(context: &SessionContext, questions: [Question; N]) -> Result<[Answer; N]> {
    let at_once = std::thread::available_parallelism().map_or(2, usize::from);
    let asked = questions.map(|(_, sql)| asked_by(context.clone(), sql));
    let answers: Vec<Answer> = stream::iter(asked).buffered(at_once).try_collect().await?;
    Ok(<[Answer; N]>::try_from(answers).expect("as many answers as questions"))
}

async fn asked_by(context: SessionContext, sql: String) -> Result<Answer> {
    ask(&context, &sql).await
}

/// The part of a board that changes with every report: who is there, and how new the newest row is. Two cheap questions, asked for every update.
pub async fn pulse(context: &SessionContext, filter: &Filter, now: DateTime<Utc>) -> Result<Pulse> {
    let [presences, silent] = answers(context, pulse_questions(&scope(filter, now))).await?;
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

/// Everything else on the board of the sessions of `filter` at `now`: windows, slices, minutes, worst sessions. Who is there is left empty, for
/// [`Pulse::over`] to fill in.
pub async fn survey(context: &SessionContext, codecs: &CodecTable, filter: &Filter, now: DateTime<Utc>) -> Result<Board> {
    let scope = scope(filter, now);
    let [quantiles, mos, codecs_used, connects, minutes, connect_minutes, mos_minutes, cells, worst, missing] =
        answers(context, survey_questions(&scope)).await?;

    let cells = read_cells(&cells)?;
    let slices = slices(context, &scope, &cells).await?;
    let assumptions = assumptions(&codecs_used, codecs)?;
    let mut figures = Vec::new();
    for minutes in WINDOWS {
        figures.push(window(minutes, &cells, &quantiles, &mos, &connects, &assumptions)?);
    }
    Ok(Board {
        as_of: now,
        newest: None,
        slices,
        now: SessionsNow::default(),
        missing: missing.first().map_or(Ok(Missing::default()), |line| {
            Ok::<_, datafusion::error::DataFusionError>(Missing { batches: line.count("batches")?, sessions: line.count("sessions")? })
        })?,
        windows: figures,
        minutes: minute_series(&minutes, &connect_minutes, &mos_minutes, now)?,
        worst: worst.rows().map(session_row).collect::<Result<_>>()?,
        choices: choices(&cells),
    })
}

/// The starts of the last 60 minutes, the one in progress last.
pub(super) fn last_minutes(now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let last = now.timestamp_millis().div_euclid(60_000) * 60_000;
    (0..HOUR).rev().filter_map(move |back| DateTime::from_timestamp_millis(last - back * 60_000))
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
