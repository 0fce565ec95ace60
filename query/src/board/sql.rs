//! The board's questions in SQL. Each gives sums, counts and quantiles by slice, minute or session; none gives rows of samples.
//!
//! They share two sub-questions: `presence`, one row a session of the window with its last word, and `judged`, one row a session-minute with its
//! measures and its verdict.

use chrono::{DateTime, Utc};

use super::answers::{Dimension, Filter};

/// What every question is asked about.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    /// Only these sessions.
    pub filter: &'a Filter,
    /// Start of the window.
    pub from: DateTime<Utc>,
    /// Its end: now.
    pub now: DateTime<Utc>,
}

/// A string literal.
pub fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// A timestamp literal to the millisecond.
pub fn time(at: DateTime<Utc>) -> String {
    format!("arrow_cast('{}', 'Timestamp(Millisecond, Some(\"UTC\"))')", at.format("%Y-%m-%dT%H:%M:%S%.3fZ"))
}

fn dimensions(prefix: &str) -> String {
    Dimension::ALL.map(|dimension| format!("{prefix}{}", dimension.column())).join(", ")
}

fn largest_dimensions() -> String {
    Dimension::ALL.map(|dimension| format!("max({0}) AS {0}", dimension.column())).join(", ")
}

impl Filter {
    /// The condition on columns of the dimensions' names.
    pub fn condition(&self) -> String {
        let conditions: Vec<String> = self.0.iter().map(|(dimension, value)| format!("{} = {}", dimension.column(), text(value))).collect();
        if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") }
    }
}

impl Scope<'_> {
    fn window(&self) -> String {
        let minute = self.from.timestamp_millis().div_euclid(60_000) * 60_000;
        let from = DateTime::from_timestamp_millis(minute).unwrap_or(self.from);
        format!("minute >= {} AND minute <= {} AND {}", time(from), time(self.now), self.filter.condition())
    }

    /// One row a session: when it was last heard of, and whether it said goodbye.
    fn presence(&self) -> String {
        format!(
            "SELECT session_id, max(last_at) AS last_at, min(first_at) AS first_at, sum(leaves) AS leaves, max(interval_ms) AS interval_ms, \
             max(call_id) AS call_id, {} FROM session_minutes WHERE {} GROUP BY session_id",
            largest_dimensions(),
            self.window()
        )
    }

    /// Reports stopped without a leave: silent for longer than three intervals. A session that never sampled cannot fall silent.
    fn silent(&self, of: &str) -> String {
        let now_ms = self.now.timestamp_millis();
        format!(
            "({of}interval_ms > 0 AND {of}leaves = 0 AND CAST(to_unixtime({of}last_at) AS DOUBLE) * 1000.0 + 3.0 * CAST({of}interval_ms AS DOUBLE) < {now_ms}.0)"
        )
    }

    /// One row a session-minute: what was measured, and the verdict in four columns that sum (`good`, `bad`, `unclassified`, `silent`).
    fn judged(&self) -> String {
        let ratio = |value: &str, over: &str| format!("CASE WHEN {over} > 0 THEN CAST({value} AS DOUBLE) / CAST({over} AS DOUBLE) END");
        let measures = [
            ("rtt_ms", ratio("rtt_ms_sum", "rtt_n")),
            ("jitter_ms", ratio("jitter_ms_sum", "jitter_n")),
            ("jitter_buffer_ms", ratio("jitter_buffer_delay_ms", "jitter_buffer_emitted")),
            ("loss_ratio", ratio("packets_lost", "(CAST(packets_received AS BIGINT) + packets_lost)")),
            (
                "audio_loss_ratio",
                "CASE WHEN CAST(audio_packets_received AS BIGINT) + audio_packets_lost > 0 THEN (CAST(audio_packets_lost AS DOUBLE) + \
                 CAST(audio_packets_discarded AS DOUBLE)) / CAST(CAST(audio_packets_received AS BIGINT) + audio_packets_lost AS DOUBLE) END"
                    .to_owned(),
            ),
            (
                "audible_concealment_ratio",
                "CASE WHEN total_samples > 0 THEN (CAST(concealed_samples AS DOUBLE) - CAST(silent_concealed_samples AS DOUBLE)) / \
                 CAST(total_samples AS DOUBLE) END"
                    .to_owned(),
            ),
            ("freeze_ratio", ratio("freeze_ms", "freeze_interval_ms")),
            ("gap_ms", "CASE WHEN gap_interval_ms > 0 THEN gap_ms END".to_owned()),
            ("frame_rate", format!("1000.0 * {}", ratio("frames_decoded", "frames_interval_ms"))),
            ("response_ms", ratio("response_ms_sum", "response_n")),
            ("interruption_ms", ratio("interruption_ms_sum", "interruption_n")),
        ];
        let measures = measures.map(|(name, sql)| format!("{sql} AS {name}")).join(", ");
        let kept = "minute, session_id, call_id, first_at, service, scenario, industry, audio_codec, failed_joins, messages, messages_judged, messages_1s, messages_3s, \
                    messages_5s, leaves, last_at, interval_ms";
        let named = format!(
            "SELECT {kept}, {}, {measures} FROM session_minutes WHERE {}",
            "vendor, region, network, platform, app_version",
            self.window()
        );
        let within =
            |seconds: u8| format!("WHEN message_limit_s(service, scenario, industry) = {seconds} THEN CAST(messages_{seconds}s AS BIGINT)");
        // In layers, so that what is used several times is written once.
        let delayed = format!("SELECT *, one_way_delay_ms(rtt_ms, jitter_buffer_ms) AS one_way_delay FROM ({named}) AS named");
        let rated = format!("SELECT *, r_factor(one_way_delay, audio_loss_ratio, audio_codec) AS r FROM ({delayed}) AS delayed");
        let verdict = format!(
            "SELECT *, good_minute(service, scenario, industry, one_way_delay, audio_loss_ratio, audible_concealment_ratio, freeze_ratio, gap_ms, \
             frame_rate, response_ms, interruption_ms) AS verdict, CASE {} {} {} ELSE 0 END AS messages_good, \
             mos_of(r, audio_codec) AS mos, mos_band(audio_codec) AS band FROM ({rated}) AS rated",
            within(1),
            within(3),
            within(5)
        );
        // A session's last word is a window over its minutes, not a second look at the table.
        let heard = format!(
            "SELECT *, max(last_at) OVER (PARTITION BY session_id) AS session_last_at, sum(leaves) OVER (PARTITION BY session_id) AS session_leaves, \
             max(interval_ms) OVER (PARTITION BY session_id) AS session_interval_ms FROM ({verdict}) AS v"
        );
        let silent = format!("{} AND last_at = session_last_at AND service <> 'messaging'", self.silent("session_"));
        let quiet = format!("SELECT *, CASE WHEN {silent} THEN 1 ELSE 0 END AS silent FROM ({heard}) AS h");
        let minute = |verdict: &str| format!("WHEN silent = 0 AND {verdict} THEN 1 ELSE 0");
        format!(
            "SELECT *, \
             CASE WHEN service = 'messaging' THEN messages_good {} END AS good, \
             CASE WHEN service = 'messaging' THEN CAST(messages_judged AS BIGINT) - messages_good {} END + CAST(failed_joins AS BIGINT) AS bad, \
             CASE WHEN service = 'messaging' THEN CAST(messages AS BIGINT) - CAST(messages_judged AS BIGINT) {} END AS unclassified \
             FROM ({quiet}) AS q",
            minute("verdict"),
            minute("NOT verdict"),
            minute("verdict IS NULL AND failed_joins = 0"),
        )
    }

    /// By window: quantiles of the measures over session-minutes, each with its n. One row.
    pub fn quantiles(&self, windows: &[(u32, DateTime<Utc>)], measures: &[&str]) -> String {
        let mut columns = Vec::new();
        for (w, from) in windows {
            for measure in measures {
                let filter = format!("FILTER (WHERE minute >= {} AND {measure} IS NOT NULL)", time(*from));
                columns.push(format!("approx_percentile_cont({measure}, 0.5) {filter} AS {measure}_p50_{w}"));
                columns.push(format!("approx_percentile_cont({measure}, 0.95) {filter} AS {measure}_p95_{w}"));
                columns.push(format!("count({measure}) {filter} AS {measure}_n_{w}"));
            }
        }
        format!("SELECT {} FROM ({}) AS j", columns.join(", "), self.judged())
    }

    /// By band: estimated MOS in each window. Asked apart from the other measures, which need none of the model's arithmetic.
    pub fn mos(&self, windows: &[(u32, DateTime<Utc>)]) -> String {
        let mut columns = Vec::new();
        for (w, from) in windows {
            let filter = format!("FILTER (WHERE minute >= {})", time(*from));
            columns.push(format!(
                "avg(mos) {filter} AS mean_{w}, approx_percentile_cont(mos, 0.05) {filter} AS p5_{w}, count(mos) {filter} AS n_{w}"
            ));
        }
        let scored = format!("SELECT minute, band, mos FROM ({}) AS j WHERE band IS NOT NULL AND mos IS NOT NULL", self.judged());
        format!("SELECT band, {} FROM ({scored}) AS m GROUP BY band ORDER BY band", columns.join(", "))
    }

    /// The codecs behind those scores.
    pub fn codecs(&self) -> String {
        format!(
            "SELECT audio_codec, count(*) AS n FROM session_minutes WHERE {} AND audio_codec != '' GROUP BY audio_codec ORDER BY n DESC",
            self.window()
        )
    }

    fn joins(&self) -> String {
        format!(
            "name IN ('joined', 'join_failed') AND observed_at >= {} AND observed_at <= {} AND {}",
            time(self.from),
            time(self.now),
            self.filter.condition()
        )
    }

    /// By window: how attempts to join went. One row.
    pub fn connects(&self, windows: &[(u32, DateTime<Utc>)]) -> String {
        let mut columns = Vec::new();
        for (w, from) in windows {
            let since = format!("observed_at >= {}", time(*from));
            let joined = format!("FILTER (WHERE {since} AND name = 'joined' AND connect_ms IS NOT NULL)");
            columns.push(format!(
                "approx_percentile_cont(connect_ms, 0.5) {joined} AS p50_{w}, approx_percentile_cont(connect_ms, 0.95) {joined} AS p95_{w}"
            ));
            columns.push(format!("count(connect_ms) {joined} AS n_{w}"));
            columns.push(format!(
                "count(connect_ms) FILTER (WHERE {since} AND name = 'joined' AND connect_ms <= connect_best_ms(service, scenario, industry)) AS best_{w}"
            ));
            columns.push(format!(
                "count(*) FILTER (WHERE {since} AND name = 'joined') AS joined_{w}, count(*) FILTER (WHERE {since}) AS tried_{w}"
            ));
        }
        format!("SELECT {} FROM session_events WHERE {}", columns.join(", "), self.joins())
    }

    /// By minute: sessions, verdicts and the bad ends of the measures.
    pub fn minutes(&self) -> String {
        let p95 = |measure: &str| format!("approx_percentile_cont({measure}, 0.95) FILTER (WHERE {measure} IS NOT NULL) AS {measure}_p95");
        format!(
            "SELECT minute, count(*) AS sessions, sum(good) AS good, sum(bad) AS bad, sum(unclassified) AS unclassified, sum(silent) AS silent, \
             approx_percentile_cont(rtt_ms, 0.5) FILTER (WHERE rtt_ms IS NOT NULL) AS rtt_ms_p50, {} \
             FROM ({}) AS j GROUP BY minute ORDER BY minute",
            ["rtt_ms", "jitter_ms", "loss_ratio", "freeze_ratio", "response_ms"].map(p95).join(", "),
            self.judged()
        )
    }

    /// By minute: the estimated narrowband MOS. Asked apart from the other measures, which need none of the model's arithmetic.
    pub fn mos_minutes(&self) -> String {
        format!(
            "SELECT minute, avg(mos) AS mos_nb_mean FROM ({}) AS j WHERE band = 'NB' AND mos IS NOT NULL GROUP BY minute",
            self.judged()
        )
    }

    /// By minute: connect time of joins.
    pub fn connect_minutes(&self) -> String {
        format!(
            "SELECT date_trunc('minute', observed_at) AS minute, approx_percentile_cont(connect_ms, 0.95) AS connect_ms_p95 FROM session_events \
             WHERE {} AND name = 'joined' AND connect_ms IS NOT NULL GROUP BY date_trunc('minute', observed_at)",
            self.joins()
        )
    }

    /// By combination of the dimensions and by window: sessions, session-minutes, and the verdicts with the sums over sessions that the interval of a
    /// share needs. Added up they make the headline and every slice.
    pub fn cells(&self, windows: &[(u32, DateTime<Utc>)]) -> String {
        let mut inner = Vec::new();
        let mut outer = Vec::new();
        for (w, from) in windows {
            let since = format!("minute >= {}", time(*from));
            for column in ["good", "bad", "unclassified", "silent"] {
                inner.push(format!("sum(CASE WHEN {since} THEN {column} ELSE 0 END) AS {column}_{w}"));
                outer.push(format!("sum({column}_{w}) AS {column}_{w}"));
            }
            inner.push(format!("sum(CASE WHEN {since} THEN 1 ELSE 0 END) AS minutes_{w}"));
            outer.push(format!("sum(minutes_{w}) AS minutes_{w}"));
            outer.push(format!("sum(CASE WHEN minutes_{w} > 0 THEN 1 ELSE 0 END) AS sessions_{w}"));
            outer.extend(cluster_sums(w));
        }
        format!(
            "SELECT {0}, {1} FROM (SELECT session_id, {2}, {3} FROM ({4}) AS j GROUP BY session_id) AS s GROUP BY {0}",
            dimensions(""),
            outer.join(", "),
            largest_dimensions(),
            inner.join(", "),
            self.judged()
        )
    }

    /// By minute: bad and judged minutes of each of these slices, of the sessions that are in none before it.
    pub fn slice_minutes(&self, slices: &[Filter]) -> String {
        let columns: Vec<String> = slices
            .iter()
            .enumerate()
            .map(|(i, slice)| {
                let before = slices[..i].iter().map(|slice| format!(" AND NOT ({})", slice.condition())).collect::<String>();
                let of = format!("{}{before}", slice.condition());
                format!("sum(CASE WHEN {of} THEN bad ELSE 0 END) AS bad_{i}, sum(CASE WHEN {of} THEN good + bad ELSE 0 END) AS total_{i}")
            })
            .collect();
        format!("SELECT minute, {} FROM ({}) AS j GROUP BY minute ORDER BY minute", columns.join(", "), self.judged())
    }

    /// By service: sessions that are live, and those that fell silent since `since`.
    pub fn presences(&self, since: DateTime<Utc>) -> String {
        let silent = self.silent("p.");
        format!(
            "SELECT service, count(*) FILTER (WHERE p.leaves = 0 AND NOT {silent} AND (p.interval_ms > 0 OR p.last_at >= {})) AS live, \
             count(*) FILTER (WHERE {silent} AND p.last_at >= {}) AS silent, max(p.last_at) AS newest FROM ({}) AS p GROUP BY service",
            time(self.now - chrono::TimeDelta::seconds(60)),
            time(since),
            self.presence()
        )
    }

    /// The sessions that fell silent last.
    pub fn silent_sessions(&self, since: DateTime<Utc>, limit: usize) -> String {
        format!(
            "SELECT session_id, call_id, {}, first_at, last_at, 0 AS good, 0 AS bad FROM ({}) AS p WHERE {} AND p.last_at >= {} \
             ORDER BY last_at DESC, session_id LIMIT {limit}",
            dimensions(""),
            self.presence(),
            self.silent("p."),
            time(since)
        )
    }

    /// Batches that did not arrive, and of how many sessions. One row. A batch that came late is taken back, so only sessions that still miss some count.
    pub fn missing(&self) -> String {
        format!(
            "SELECT sum(CASE WHEN gaps > 0 THEN 1 ELSE 0 END) AS sessions, sum(CASE WHEN gaps > 0 THEN gaps ELSE 0 END) AS batches FROM \
             (SELECT session_id, sum(batches) AS gaps FROM sequence_gaps WHERE observed_at >= {} AND observed_at <= {} AND {} GROUP BY session_id) AS s",
            time(self.from),
            time(self.now),
            self.filter.condition()
        )
    }

    /// The sessions with most bad minutes.
    pub fn worst(&self, limit: usize) -> String {
        format!(
            "SELECT session_id, call_id, {}, first_at, last_at, good, bad FROM \
             (SELECT session_id, max(call_id) AS call_id, {}, min(first_at) AS first_at, max(last_at) AS last_at, sum(good) AS good, sum(bad) AS bad \
             FROM ({}) AS j GROUP BY session_id) AS s WHERE bad > 0 ORDER BY bad DESC, good, session_id LIMIT {limit}",
            dimensions(""),
            largest_dimensions(),
            self.judged()
        )
    }
}

/// The sums over sessions of [`crate::statistics::ClusteredMinutes`] in one window.
fn cluster_sums(w: &u32) -> Vec<String> {
    let (b, t) = (format!("CAST(bad_{w} AS DOUBLE)"), format!("CAST(good_{w} + bad_{w} AS DOUBLE)"));
    vec![
        format!("sum(CASE WHEN good_{w} + bad_{w} > 0 THEN 1 ELSE 0 END) AS judged_{w}"),
        format!("sum({b} * {b}) AS bad_squared_{w}"),
        format!("sum({b} * {t}) AS bad_total_{w}"),
        format!("sum({t} * {t}) AS total_squared_{w}"),
    ]
}
