//! The simulated sessions as a store holds them: what clients would have sent of each, from the attempt to the answer.

use anyhow::Context as _;
use qoe_fixtures::FeltConfig;
use qoe_store::Endpoint;
use qoe_store::schema::literal;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

/// Where the rows of the simulation stand while they are told apart.
const FLAT: &str = "bench_felt";

/// Columns that every row carries.
const KEYS: &str = "project, session_id, call_id, user_id, vendor, service, scenario, industry, region, network, platform, device_class, observed_at, client_at, \
    received_at";

/// What these are made of, after the project; `{at}` is filled in.
const MADE_OF: &str = "lower(hex(MD5(concat(user_id, toString(toUnixTimestamp64Milli(started_at)))))) AS session, \
    session, user_id, vendor, service, scenario, industry, region, network, platform, device_class, {at} AS at, at, at";

/// A session's last moment.
const END: &str = "addMilliseconds(started_at, toInt64(minutes * 60000))";

/// What goes into which table: its own columns, what they are made of, when, and of which sessions.
const ROWS: [(&str, &str, &str, &str, &str); 8] = [
    ("session_events", "name", "'attempt'", "started_at", "1"),
    ("session_events", "name, connect_ms", "if(joined, 'joined', 'join_failed'), connect_ms", "started_at", "1"),
    ("session_events", "name", "if(left, 'leave', 'drop')", END, "1"),
    (
        "samples",
        "stream_id, seq, kind, direction, interval_ms, rtt_ms, jitter_ms, packets_received, packets_lost",
        "'a', 0, 'audio', 'inbound', 10000, rtt_ms, jitter_ms, 1000000 - round(loss_ratio * 1000000), round(loss_ratio * 1000000)",
        "started_at",
        "1",
    ),
    (
        "samples",
        "stream_id, seq, kind, direction, interval_ms, freeze_ms, freeze_definition, height",
        "'v', 0, 'video', 'inbound', 10000, freeze_ratio * 10000, 'w3c', height",
        "started_at",
        "isNotNull(height)",
    ),
    ("turns", "turn_id, response_ms", "session, response_ms", "started_at", "isNotNull(response_ms)"),
    ("survey_invitations", "invitation_id, state, kind", "session, 'shown', 'csat'", END, "asked"),
    (
        "feedback",
        "invitation_id, kind, score, scale_low, scale_high, text, language",
        "session, 'csat', score, scale_low, scale_high, text, language",
        END,
        "answered",
    ),
];

/// Brings the sessions into a project of a store, unless they are there; answers the project's name.
pub async fn fill(endpoint: &Endpoint, config: &FeltConfig) -> anyhow::Result<String> {
    let project = format!("report-{}-{}", config.people, config.seed);
    let there: Vec<u64> = endpoint.rows(&format!("SELECT count() FROM feedback WHERE project = {}", literal(&project))).await?;
    if there.first().is_some_and(|answers| *answers > 0) {
        return Ok(project);
    }
    endpoint.execute(&format!("DROP TABLE IF EXISTS {FLAT}")).await?;
    endpoint
        .execute(&format!(
            "CREATE TABLE {FLAT} (user_id String, started_at DateTime64(3, 'UTC'), \
             vendor Nullable(String), service Nullable(String), scenario Nullable(String), industry Nullable(String), region Nullable(String), \
             network Nullable(String), platform Nullable(String), device_class Nullable(String), text Nullable(String), language Nullable(String), \
             minutes Float64, tenure_days Float64, connect_ms Nullable(Float64), rtt_ms Float64, jitter_ms Float64, loss_ratio Float64, \
             freeze_ratio Nullable(Float64), height Nullable(Float64), response_ms Nullable(Float64), \
             score Nullable(Float64), scale_low Nullable(Float64), scale_high Nullable(Float64), \
             left Bool, joined Bool, asked Bool, answered Bool) ENGINE = MergeTree ORDER BY tuple()"
        ))
        .await?;
    let mut token = 0;
    block_in_place(|| {
        crate::simulate::batches(config, |batch| {
            token += 1;
            Handle::current().block_on(endpoint.insert(FLAT, &batch, &format!("{FLAT}-{token}"))).context("insert the simulation")
        })
    })?;
    for (table, columns, values, at, condition) in ROWS {
        let select = format!("SELECT {}, {}, {values} FROM {FLAT} WHERE {condition}", literal(&project), MADE_OF.replace("{at}", at));
        let sql = format!("INSERT INTO {table} ({KEYS}, {columns}) {select}");
        endpoint.with_setting("max_execution_time", "3600").execute(&sql).await.with_context(|| format!("fill {table}"))?;
    }
    // Rows of one session come within minutes of each other, and what lay for days has been merged.
    for table in ["sessions_rollup", "user_hours_rollup"] {
        endpoint.execute(&format!("OPTIMIZE TABLE {table} FINAL")).await.with_context(|| format!("merge {table}"))?;
    }
    endpoint.execute(&format!("DROP TABLE {FLAT}")).await?;
    Ok(project)
}
