//! What analyses read of a store, as questions in SQL: one row a session with how it was and what was said of it, one row an answer, one row a
//! presence. The columns carry the names that a file handed to the same analysis is to have.

use chrono::{DateTime, Utc};

use crate::board::{text, time};

/// A half-open span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// From here on.
    pub since: DateTime<Utc>,
    /// Up to here, this moment left out.
    pub until: DateTime<Utc>,
}

impl Period {
    pub(crate) fn holds(&self, column: &str) -> String {
        format!("{column} >= {} AND {column} < {}", time(self.since), time(self.until))
    }
}

/// Labels of a session, by which answers and sessions can be told apart.
pub const LABELS: [&str; 12] =
    ["vendor", "service", "scenario", "industry", "app_version", "region", "country", "network", "platform", "os", "device_class", "arm"];

/// Measures of a session.
pub const MEASURES: [&str; 13] = [
    "connect_ms",
    "rtt_ms",
    "jitter_ms",
    "loss_ratio",
    "audible_concealment_ratio",
    "freeze_ratio",
    "gap_ratio",
    "frame_rate",
    "height",
    "response_ms",
    "interruption_ms",
    "fallback_ratio",
    "delivery_ms",
];

/// Over which part of a session its measures are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// All of it.
    Whole,
    /// Its first seconds: what was known before the rest came about.
    First {
        /// How many, s.
        seconds: u32,
    },
}

/// How people were asked, and about what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Survey<'a> {
    /// The kind of survey, such as csat.
    pub kind: &'a str,
    /// The dimension answers are about, such as stability; empty: the whole.
    pub dimension: &'a str,
}

/// One row a session that began in the period: who and where ([`LABELS`]), `started_at`, `minutes`, `left` (whether its end was seen: a polite
/// leave), `joined`, `tenure_days`, the [`MEASURES`], and of the survey of `kind` whether it was `asked`, and `answered`, `score`, `scale_low`,
/// `scale_high`, `text` and `language` of the last answer about the whole, and how many `earlier` ones there were.
pub fn sessions(period: Period, kind: &str, window: Window) -> String {
    sessions_about(period, Survey { kind, dimension: "" }, window)
}

/// The same with the answers about this dimension.
pub fn sessions_about(period: Period, survey: Survey<'_>, window: Window) -> String {
    labelled(period, survey, window, &[])
}

/// The same of all of a session for a vendor trial, with the satisfaction survey, and who it belongs to there besides: `call_id`, by name and by number, `poc`,
/// `stratum`.
pub fn poc_sessions(period: Period) -> String {
    labelled(period, Survey { kind: "csat", dimension: "" }, Window::Whole, &poc_columns())
}

/// The same without the survey and without `tenure_days`: of the rollup of sessions alone, for counts that are asked for while a trial runs.
pub fn poc_sessions_alone(period: Period) -> String {
    let measures = whole().map(|(name, sql)| format!("{sql} AS {name}")).join(", ");
    format!("SELECT {}, {measures} FROM sessions AS s WHERE {}", presence(&poc_columns()), period.holds("s.first_at"))
}

fn poc_columns() -> Vec<&'static str> {
    POC_LABELS.into_iter().chain(LOOKED_OVER).collect()
}

/// Labels that only a trial's sessions have.
const POC_LABELS: [&str; 4] = ["call_id", "call_number", "poc", "stratum"];

/// What tells whether sessions can be compared: labels of which several vendors stand behind one session, definitions of a freeze, clocks.
const LOOKED_OVER: [&str; 7] = ["least_vendor", "least_arm", "defined_freezes", "vendor_freezes", "skew_s_sum", "skew_n", "far_clocks"];

/// Who and where, when, how long, and whether it was joined.
fn presence(more: &[&str]) -> String {
    let labels = LABELS.iter().chain(more).map(|label| format!("s.{label} AS {label}")).collect::<Vec<_>>().join(", ");
    format!(
        "s.session_id AS session_id, s.user_id AS user_id, {labels}, s.first_at AS started_at, \
         CAST(to_unixtime(s.last_at) - to_unixtime(s.first_at) AS DOUBLE) / 60.0 AS minutes, s.leaves > 0 AS left, \
         CASE WHEN s.joins > 0 THEN 1 WHEN s.failed_joins > 0 THEN 0 END AS joined"
    )
}

fn labelled(period: Period, survey: Survey<'_>, window: Window, more: &[&str]) -> String {
    let (measures, baseline) = match window {
        Window::Whole => (whole().map(|(name, sql)| format!("{sql} AS {name}")).join(", "), String::new()),
        Window::First { seconds } => (first_columns(), first(period, seconds)),
    };
    let of = format!("session_id <> '' AND kind = {} AND dimension = {}", text(survey.kind), text(survey.dimension));
    let said = last(&["session_id"], &SAID, &of);
    let asked = format!(
        "SELECT session_id, count(*) AS asked FROM survey_invitations WHERE state = 'shown' AND kind = {} GROUP BY session_id",
        text(survey.kind)
    );
    format!(
        "SELECT {}, CAST(to_unixtime(s.first_at) - to_unixtime(u.first_seen) AS DOUBLE) / 86400.0 AS tenure_days, {measures}, \
         CASE WHEN i.asked > 0 OR f.score IS NOT NULL THEN 1 ELSE 0 END AS asked, \
         CASE WHEN f.score IS NOT NULL THEN 1 ELSE 0 END AS answered, \
         f.score AS score, f.scale_low AS scale_low, f.scale_high AS scale_high, f.text AS text, f.language AS language, f.earlier AS earlier \
         FROM sessions AS s \
         LEFT JOIN ({asked}) AS i ON i.session_id = s.session_id \
         LEFT JOIN ({said}) AS f ON f.session_id = s.session_id \
         LEFT JOIN (SELECT user_id, min(first_at) AS first_seen FROM user_hours GROUP BY user_id) AS u ON u.user_id = s.user_id \
         {baseline} WHERE {}",
        presence(more),
        period.holds("s.first_at"),
    )
}

/// What an answer says.
const SAID: [&str; 5] = ["score", "scale_low", "scale_high", "text", "language"];

/// One row a session (or what else `of` tells apart) of the answers that meet a condition: these columns of the last of them, and how many `earlier` ones there
/// were; of two in one moment the greater of each. An answer that states no session stands for itself.
fn last(of: &[&str], columns: &[&str], condition: &str) -> String {
    let of = of.join(", ");
    // In layers, and without a condition on the window, which would be written as QUALIFY.
    let latest = format!("SELECT *, max(observed_at) OVER (PARTITION BY {of}) AS latest_at FROM feedback WHERE {condition}");
    let own = "CASE WHEN session_id = '' THEN user_id ELSE '' END AS own_user, CASE WHEN session_id = '' THEN invitation_id ELSE '' END AS own_invitation";
    let marked = format!("SELECT *, CASE WHEN session_id = '' THEN observed_at ELSE latest_at END AS last_at, {own} FROM ({latest}) AS c");
    let columns = columns.iter().map(|column| format!("max(CASE WHEN observed_at = last_at THEN {column} END) AS {column}"));
    let columns = columns.collect::<Vec<_>>().join(", ");
    format!(
        "SELECT {of}, last_at, {columns}, count(*) - 1 AS earlier FROM ({marked}) AS d GROUP BY {of}, last_at, own_user, own_invitation"
    )
}

/// The dimension that stands for all of them, the whole too.
pub const EVERY_DIMENSION: &str = "all";

/// One row an answer of this kind in the period, about this dimension (empty: the whole; [`EVERY_DIMENSION`]: about anything), of a session the last about
/// each: [`LABELS`], `session_id`, `user_id`, `observed_at`, `invitation_id`, `score`, `scale_low`, `scale_high`, `dimension` (`whole` of answers about the
/// whole), `text`, `language`, and how many `earlier` ones there were.
pub fn answers(period: Period, kind: &str, dimension: &str) -> String {
    let labels = LABELS.join(", ");
    let about = if dimension == EVERY_DIMENSION { String::new() } else { format!("dimension = {} AND ", text(dimension)) };
    let condition = format!("kind = {} AND {about}{}", text(kind), period.holds("observed_at"));
    let columns: Vec<&str> = ["user_id", "invitation_id"].into_iter().chain(LABELS).chain(SAID).collect();
    format!(
        "SELECT session_id, user_id, {labels}, last_at AS observed_at, invitation_id, score, scale_low, scale_high, \
         CASE WHEN dimension = '' THEN 'whole' ELSE dimension END AS dimension, text, language, earlier FROM ({}) AS l",
        last(&["session_id", "dimension"], &columns, &condition)
    )
}

/// One row an asking of this kind in the period: [`LABELS`], `session_id`, `observed_at`, `invitation_id`, `state` (shown or dismissed).
pub fn invitations(period: Period, kind: &str) -> String {
    let labels = LABELS.join(", ");
    format!(
        "SELECT session_id, {labels}, observed_at, invitation_id, state FROM survey_invitations WHERE kind = {} AND {}",
        text(kind),
        period.holds("observed_at")
    )
}

/// One row a presence of a person before `until`, to the hour (its first and its last moment in that hour): `user_id`, `at`, `at_last`, `service`.
/// Whoever was there before the period is no newcomer in it, so all that went before is needed.
pub fn visits(until: DateTime<Utc>) -> String {
    format!("SELECT user_id, first_at AS at, last_at AS at_last, service FROM user_hours WHERE first_at < {}", time(until))
}

/// One row a release in the period: `observed_at`, `vendor`, `version`, `breaking_changes`.
pub fn releases(period: Period) -> String {
    format!("SELECT observed_at, vendor, version, breaking_changes FROM releases WHERE {}", period.holds("observed_at"))
}

/// One row a turn of an assistant in the period that says whether it was a fallback: [`LABELS`], `session_id`, `user_id`, `observed_at`, `fallback`.
pub fn turns(period: Period) -> String {
    format!(
        "SELECT session_id, user_id, {}, observed_at, fallback FROM turns WHERE fallback IS NOT NULL AND {}",
        LABELS.join(", "),
        period.holds("observed_at")
    )
}

/// One row a ticket opened in the period, as it is known last: `ticket_id`, `vendor`, `opened_at`, `first_response_at`, `resolved_at`.
pub fn tickets(period: Period) -> String {
    format!(
        "SELECT ticket_id, max(vendor) AS vendor, min(opened_at) AS opened_at, min(first_response_at) AS first_response_at, \
         max(resolved_at) AS resolved_at FROM support_tickets WHERE {} GROUP BY ticket_id",
        period.holds("opened_at")
    )
}

/// One row a step of integration in the period: `vendor`, `step`, `hours`, `defects`.
pub fn integration(period: Period) -> String {
    format!("SELECT vendor, step, hours, defects FROM integration_log WHERE {}", period.holds("observed_at"))
}

fn ratio(value: &str, over: &str) -> String {
    format!("CASE WHEN {over} > 0 THEN CAST({value} AS DOUBLE) / CAST({over} AS DOUBLE) END")
}

/// The measures out of a session's sums, in the order of [`MEASURES`].
fn whole() -> [(&'static str, String); 13] {
    let audible = "CASE WHEN s.total_samples > 0 THEN (CAST(s.concealed_samples AS DOUBLE) - CAST(s.silent_concealed_samples AS DOUBLE)) / \
                   CAST(s.total_samples AS DOUBLE) END";
    let sql = [
        ratio("s.connect_ms_sum", "s.connect_n"),
        ratio("s.rtt_ms_sum", "s.rtt_n"),
        ratio("s.jitter_ms_sum", "s.jitter_n"),
        ratio("s.packets_lost", "(CAST(s.packets_received AS BIGINT) + s.packets_lost)"),
        audible.to_owned(),
        ratio("s.freeze_ms", "s.freeze_interval_ms"),
        ratio("s.gap_ms", "s.gap_interval_ms"),
        format!("1000.0 * {}", ratio("s.frames_decoded", "s.frames_interval_ms")),
        ratio("s.height_ms", "s.height_interval_ms"),
        ratio("s.response_ms_sum", "s.response_n"),
        ratio("s.interruption_ms_sum", "s.interruption_n"),
        ratio("s.fallbacks", "s.turns"),
        ratio("s.delivery_ms_sum", "s.delivery_n"),
    ];
    let mut sql = sql.into_iter();
    MEASURES.map(|name| (name, sql.next().unwrap_or_default()))
}

/// The measures of a session's start; connect time belongs there anyway, and what is not sampled is not known so early.
fn first_columns() -> String {
    let early = ["rtt_ms", "jitter_ms", "loss_ratio", "audible_concealment_ratio", "freeze_ratio", "gap_ratio", "frame_rate", "height"];
    let columns = MEASURES.iter().filter_map(|name| match *name {
        "connect_ms" => Some(format!("{} AS connect_ms", ratio("s.connect_ms_sum", "s.connect_n"))),
        name if early.contains(&name) => Some(format!("b.{name} AS {name}")),
        _ => None,
    });
    columns.collect::<Vec<_>>().join(", ")
}

/// The join with what was sampled in the first seconds of each session.
fn first(period: Period, seconds: u32) -> String {
    let inbound =
        |value: &str, what: &str| format!("sum(CASE WHEN p.direction = 'inbound' AND {what} THEN CAST({value} AS DOUBLE) ELSE 0.0 END)");
    let over = |value: String, over: String| format!("CASE WHEN {over} > 0.0 THEN {value} / {over} END");
    let lost = inbound("p.packets_lost", "p.packets_lost IS NOT NULL");
    let received = inbound("p.packets_received", "p.packets_received IS NOT NULL AND p.packets_lost IS NOT NULL");
    let measured = [
        ("rtt_ms", "avg(CAST(p.rtt_ms AS DOUBLE))".to_owned()),
        ("jitter_ms", "avg(CASE WHEN p.direction = 'inbound' AND p.kind = 'audio' THEN CAST(p.jitter_ms AS DOUBLE) END)".to_owned()),
        ("loss_ratio", over(lost.clone(), format!("({received} + {lost})"))),
        (
            "audible_concealment_ratio",
            over(
                inbound("p.concealed_samples", "p.concealed_samples IS NOT NULL AND p.total_samples IS NOT NULL"),
                inbound("p.total_samples", "p.concealed_samples IS NOT NULL AND p.total_samples IS NOT NULL"),
            ),
        ),
        (
            "freeze_ratio",
            over(
                inbound("p.freeze_ms", "p.freeze_ms IS NOT NULL AND p.freeze_definition <> 'vendor'"),
                inbound("p.interval_ms", "p.freeze_ms IS NOT NULL AND p.freeze_definition <> 'vendor'"),
            ),
        ),
        ("gap_ratio", over(inbound("p.gap_ms", "p.gap_ms IS NOT NULL"), inbound("p.interval_ms", "p.gap_ms IS NOT NULL"))),
        (
            "frame_rate",
            over(
                format!("1000.0 * {}", inbound("p.frames_decoded", "p.kind = 'video' AND p.frames_decoded IS NOT NULL")),
                inbound("p.interval_ms", "p.kind = 'video' AND p.frames_decoded IS NOT NULL"),
            ),
        ),
        ("height", "max(CASE WHEN p.direction = 'inbound' AND p.kind = 'video' THEN CAST(p.height AS DOUBLE) END)".to_owned()),
    ];
    let measured = measured.map(|(name, sql)| format!("{sql} AS {name}")).join(", ");
    format!(
        "LEFT JOIN (SELECT p.session_id AS session_id, {measured} FROM samples AS p \
         INNER JOIN (SELECT session_id, first_at FROM sessions) AS o ON o.session_id = p.session_id \
         WHERE {} AND to_unixtime(p.observed_at) - to_unixtime(o.first_at) < {seconds} GROUP BY p.session_id) AS b ON b.session_id = s.session_id",
        period.holds("p.observed_at"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_quote_stays_a_name() {
        let at = DateTime::from_timestamp(0, 0).unwrap();
        let sql = sessions(Period { since: at, until: at }, "x' OR 'x' = 'x", Window::Whole);
        assert!(sql.contains("kind = 'x'' OR ''x'' = ''x'"), "{sql}");
    }
}
