//! What a vendor was like to work with: what no quality measure shows. How long support took to answer and to resolve, how often releases came and
//! broke something, how many hours and defects it took to the first call.

use crate::frame::{Frame, Input, Want};
use crate::relations::Period;
use crate::satisfaction::AnalysisError;
use crate::statistics::kaplan_meier::{KaplanMeier, Quantile};
use crate::statistics::{Confidence, Spells};

/// The rows behind a record.
#[derive(Debug, Clone)]
pub struct VendorInputs {
    /// Tickets, with the columns of [`crate::relations::tickets`].
    pub tickets: Input,
    /// Releases, with the columns of [`crate::relations::releases`].
    pub releases: Input,
    /// Steps of integration, with the columns of [`crate::relations::integration`].
    pub integration: Input,
}

/// One vendor's record. What was not logged is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct VendorRecord {
    /// Whose; empty where not stated.
    pub vendor: String,
    /// Tickets opened.
    pub tickets: u64,
    /// Hours to the first answer by a person, the median; tickets still waiting count as waiting.
    pub first_response_h: Option<Quantile>,
    /// Hours to the resolution, the median; tickets still open count as open.
    pub resolution_h: Option<Quantile>,
    /// Releases.
    pub releases: u64,
    /// Days of the period for each release.
    pub days_a_release: Option<f64>,
    /// Breaking changes in releases that state them.
    pub breaking_changes: Option<f64>,
    /// Working hours logged up to the first call.
    pub first_call_h: Option<f64>,
    /// Defects met on the way.
    pub defects: Option<f64>,
}

const HOUR_MS: f64 = 3_600_000.0;

/// The record of every vendor with a row in the period, in alphabetical order.
pub async fn vendor_records(inputs: &VendorInputs, period: Period, level: Confidence) -> Result<Vec<VendorRecord>, AnalysisError> {
    let vendor = || Want::category("vendor");
    let tickets =
        inputs.tickets.read(&[vendor(), Want::time("opened_at"), Want::time("first_response_at"), Want::time("resolved_at")], None).await?;
    let releases = inputs.releases.read(&[vendor(), Want::number("breaking_changes")], None).await?;
    let integration =
        inputs.integration.read(&[vendor(), Want::category("step"), Want::number("hours"), Want::number("defects")], None).await?;
    let mut vendors: Vec<String> = [&tickets, &releases, &integration].iter().flat_map(|frame| stated(frame)).collect();
    vendors.sort();
    vendors.dedup();
    let until_ms = period.until.timestamp_millis() as f64;
    let days = (period.until - period.since).as_seconds_f64() / 86_400.0;
    let record = |vendor: String| {
        let (opened, released, logged) = (rows(&tickets, &vendor), rows(&releases, &vendor), rows(&integration, &vendor));
        VendorRecord {
            tickets: opened.len() as u64,
            first_response_h: waited(&tickets, &opened, "first_response_at", until_ms, level),
            resolution_h: waited(&tickets, &opened, "resolved_at", until_ms, level),
            releases: released.len() as u64,
            days_a_release: (!released.is_empty()).then(|| days / released.len() as f64),
            breaking_changes: total(&releases, &released, "breaking_changes"),
            first_call_h: first_call(&integration, &logged),
            defects: total(&integration, &logged, "defects"),
            vendor,
        }
    };
    Ok(vendors.into_iter().map(record).collect())
}

fn stated(frame: &Frame) -> Vec<String> {
    let (codes, labels) = frame.categories("vendor");
    let missing = codes.iter().any(|code| *code as usize >= labels.len()).then(String::new);
    labels.iter().cloned().chain(missing).collect()
}

fn rows(frame: &Frame, vendor: &str) -> Vec<usize> {
    let (codes, labels) = frame.categories("vendor");
    let label = |code: u32| labels.get(code as usize).map_or("", String::as_str);
    (0..frame.rows()).filter(|row| label(codes[*row]) == vendor).collect()
}

/// The median wait of these tickets until `what`, hours. A wait that is not over is one of at least its length so far.
fn waited(frame: &Frame, rows: &[usize], what: &str, until_ms: f64, level: Confidence) -> Option<Quantile> {
    let (opened, ended) = (frame.times("opened_at"), frame.times(what));
    let spell = |row: &usize| {
        let from = opened[*row]? as f64;
        let hours = (ended[*row].map_or(until_ms, |at| at as f64) - from) / HOUR_MS;
        (hours >= 0.0).then_some((hours, ended[*row].is_some()))
    };
    let (hours, over): (Vec<f64>, Vec<bool>) = rows.iter().filter_map(spell).unzip();
    let spells = Spells::new(&hours, &over).ok()?;
    Some(KaplanMeier::new(&spells).ok()?.median(level))
}

fn total(frame: &Frame, rows: &[usize], column: &str) -> Option<f64> {
    let stated: Vec<f64> = rows.iter().map(|row| frame.numbers(column)[*row]).filter(|value| !value.is_nan()).collect();
    (!stated.is_empty()).then(|| stated.iter().sum())
}

/// Hours of the steps named `first_call`, or of all steps where none is.
fn first_call(frame: &Frame, rows: &[usize]) -> Option<f64> {
    let (codes, labels) = frame.categories("step");
    let named: Vec<usize> =
        rows.iter().copied().filter(|row| labels.get(codes[*row] as usize).is_some_and(|step| step == "first_call")).collect();
    total(frame, if named.is_empty() { rows } else { &named }, "hours")
}
