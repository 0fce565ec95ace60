//! What is handed down to ClickHouse: that the board's questions are, and that the answers are those DataFusion would give.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion_federation::FederatedPlanNode;
use qoe_fixtures::{Fleet, FleetConfig};
use qoe_query::board::{Boards, Dimension, Filter, all_questions};
use qoe_query::frame::Input;
use qoe_query::relations::{self, Period, Window};
use qoe_query::{Catalog, Definitions, Limits, Mode};
use qoe_store::rows::{Feedback, Stamp};
use qoe_store::{Endpoint, Millis};

use crate::support::{database, insert};

const START: i64 = 1_795_392_000_000;
const MINUTES: i64 = 12;

/// Twelve minutes of a small fleet in project `p`, and a row of another project.
async fn fleet() -> Endpoint {
    let endpoint = database().await;
    let config =
        FleetConfig { concurrent_sessions: 60, start: Millis(START), ..FleetConfig::demo("p", 5, Millis(START + MINUTES * 60_000)) };
    let mut fleet = Fleet::new(config);
    let mut records = fleet.advance(Millis(START + MINUTES * 60_000));
    // Some sessions answer again, one of them twice in one moment.
    let again = |(at, answer): (i64, &Feedback)| {
        let later = Stamp::at(answer.stamp.observed_at.0 + (at % 4) * 1_000);
        let invitation_id = format!("{}again{at}", answer.invitation_id).as_str().into();
        Feedback { stamp: later, score: answer.scale_low, invitation_id, text: format!("{at}"), ..answer.clone() }
    };
    let answers: Vec<Feedback> = (0..).zip(records.Feedback.iter().chain(records.Feedback.iter().step_by(3))).map(again).collect();
    records.Feedback.extend(answers);
    insert(&endpoint, &records, 1).await;
    let other = FleetConfig { concurrent_sessions: 5, start: Millis(START), ..FleetConfig::demo("other", 6, Millis(START + 120_000)) };
    insert(&endpoint, &Fleet::new(other).advance(Millis(START + 120_000)), 2).await;
    endpoint
}

async fn contexts(endpoint: &Endpoint) -> (SessionContext, SessionContext) {
    let catalog = Catalog::open(endpoint, &Limits::default(), Definitions::default()).await.unwrap();
    (catalog.session("p", Mode::PushDown).unwrap(), catalog.session("p", Mode::RowsOnly).unwrap())
}

async fn answer(context: &SessionContext, sql: &str) -> RecordBatch {
    let frame = context.sql(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.collect().await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    concat_batches(&batches.first().map_or(schema, RecordBatch::schema), &batches).unwrap()
}

/// What of a plan is handed down.
#[derive(Debug, PartialEq)]
enum Handed {
    /// All of it, as one statement that aggregates.
    Aggregated,
    /// All of it, as one statement.
    Whole,
    /// A part.
    Partly,
}

async fn handed(context: &SessionContext, sql: &str) -> Handed {
    let plan = context.sql(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}")).into_optimized_plan().unwrap();
    let LogicalPlan::Extension(extension) = &plan else { return Handed::Partly };
    let Some(node) = extension.node.as_any().downcast_ref::<FederatedPlanNode>() else { return Handed::Partly };
    if aggregates_every_table(node.plan()) { Handed::Aggregated } else { Handed::Whole }
}

/// Whether no table's rows come out without having been aggregated.
fn aggregates_every_table(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(_) => true,
        LogicalPlan::TableScan(_) => false,
        plan => !plan.inputs().is_empty() && plan.inputs().into_iter().all(aggregates_every_table),
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(START + MINUTES * 60_000).unwrap()
}

#[tokio::test]
async fn the_board_never_pulls_rows() {
    let endpoint = fleet().await;
    let (context, _) = contexts(&endpoint).await;
    let narrowed = Filter(vec![(Dimension::Vendor, "borealis".into()), (Dimension::Region, "o'hare".into())]);
    for filter in [Filter::default(), narrowed] {
        for (question, sql) in all_questions(&filter, now()) {
            assert_eq!(handed(&context, &sql).await, Handed::Aggregated, "{question}: {sql}");
            answer(&context, &sql).await;
        }
    }
}

#[tokio::test]
async fn a_check_of_a_vendor_trial_never_pulls_rows() {
    use qoe_query::poc::{Industry, Language, Poc, Randomised, check, example};
    let endpoint = fleet().await;
    let catalog = Catalog::open(&endpoint, &Limits::default(), Definitions::default()).await.unwrap();
    let period = Period { since: DateTime::from_timestamp_millis(START).unwrap(), until: now() };
    for (industry, randomised) in Industry::ALL.into_iter().flat_map(|of| [(of, Randomised::User), (of, Randomised::Call)]) {
        let mut poc = Poc { randomised, ..Poc::parse(&example(industry, Language::English)).unwrap() };
        poc.arms.clear();
        let input = Input::store(&catalog, "p", &check::sessions(&poc, period)).await.unwrap();
        let condition = poc.condition(None);
        for (question, sql) in check::questions(&poc, period, condition.as_deref(), &["aurora".into(), "borealis".into()]) {
            assert_eq!(handed(input.context(), &sql).await, Handed::Aggregated, "{question}: {sql}");
            answer(input.context(), &sql).await;
        }
    }
}

#[tokio::test]
async fn the_board_says_the_same_when_datafusion_does_it_all() {
    let endpoint = fleet().await;
    let (pushed, alone) = contexts(&endpoint).await;
    for (question, sql) in all_questions(&Filter::default(), now()) {
        // Quantiles are approximate in both; their columns are told by name.
        // Some quantiles here are of a few dozen values with gaps between them, where two t-digests may choose either side of a gap: of those only that
        // both are there. Quantiles of many values are held to 2 % below.
        check(&pushed, &alone, &sql, question, f64::INFINITY).await;
    }
}

#[tokio::test]
async fn boards_are_served_from_the_same_data() {
    let endpoint = fleet().await;
    let boards = Boards::new(endpoint, Definitions::default(), vec!["p".into()]);
    assert!(boards.board("q", &Filter::default()).await.unwrap_err().to_string().contains("no project \"q\""));
    let board = boards.board("p", &Filter::default()).await.unwrap();
    assert_eq!((board.windows.len(), board.minutes.len()), (3, 60));
}

/// Every kind of thing that is handed down, against DataFusion alone: counts, sums and keys exactly, floats to 1e-9, approximate quantiles to 2 %.
#[tokio::test]
async fn handed_down_answers_are_datafusions_own() {
    let endpoint = fleet().await;
    let (pushed, alone) = contexts(&endpoint).await;
    let minute = "arrow_cast('2026-11-23T00:04:00Z', 'Timestamp(Millisecond, Some(\"UTC\"))')";
    for sql in [
        "select count(*) as n from samples".to_owned(),
        "select count(*) as n, sum(lost) as lost from (select session_id, sum(packets_lost) as lost from samples group by session_id) as s where lost > 3".into(),
        "select count(*) as n from (select session_id from samples group by session_id having sum(packets_lost) > 3) as s".into(),
        "select vendor, sum(packets_lost) as lost from samples group by vendor having sum(packets_lost) > 3 order by vendor".into(),
        "select vendor, count(*) as n, sum(packets_received) as received, sum(packets_lost) as lost from samples group by vendor".into(),
        "select service, region, avg(rtt_ms) as mean, min(rtt_ms) as low, max(rtt_ms) as high from samples group by service, region".into(),
        "select kind, direction, count(distinct session_id) as sessions from samples group by kind, direction".into(),
        "select count(rtt_ms) as with_rtt, count(freeze_ms) as with_freeze, count(*) as n from samples".into(),
        "select approx_percentile_cont(rtt_ms, 0.5) as approx_p50, approx_percentile_cont(rtt_ms, 0.95) as approx_p95 from samples".into(),
        "select vendor, approx_percentile_cont(jitter_ms, 0.95) filter (where kind = 'audio') as approx_p95 from samples group by vendor".into(),
        "select approx_median(rtt_ms) as approx_median, approx_distinct(user_id) as approx_users from samples".into(),
        "select count(*) filter (where kind = 'video') as video, sum(case when packets_lost > 0 then 1 else 0 end) as lossy from samples".into(),
        "select sum(frames_decoded) as none from samples where vendor = 'nobody'".into(),
        "select max(rtt_ms) as none, count(*) as n from samples where vendor = 'nobody'".into(),
        "select date_trunc('minute', observed_at) as minute, count(*) as n from samples group by 1".into(),
        "select date_trunc('hour', observed_at) as hour, date_trunc('day', observed_at) as day, date_trunc('week', observed_at) as week, count(*) as n from samples group by 1, 2, 3".into(),
        "select date_bin(interval '90 seconds', observed_at) as slot, count(*) as n from samples group by 1".into(),
        format!("select count(*) as n, min(observed_at) as first, max(observed_at) as last from samples where observed_at >= {minute}"),
        format!("select name, count(*) as n from session_events where observed_at < {minute} and name in ('joined', 'leave') group by name"),
        "select vendor, n from (select vendor, count(*) as n from sessions group by vendor) as v where n > 3 order by n desc, vendor limit 2".into(),
        "select session_id, minute, rtt_ms_sum / cast(rtt_n as double) as mean from session_minutes where rtt_n > 0".into(),
        "select s.session_id, s.samples, m.minutes from sessions s join (select session_id, count(*) as minutes from session_minutes group by session_id) m on s.session_id = m.session_id".into(),
        "select s.session_id, count(t.turn_id) as n from sessions s left join turns t on s.session_id = t.session_id where s.vendor = 'aurora' group by s.session_id".into(),
        "select sessions.session_id, turns.turn_id from sessions left join turns on sessions.session_id = turns.session_id where sessions.vendor = 'aurora'".into(),
        "select s.session_id, t.turn_id from sessions s left join (select * from turns where response_ms > 800.0) t on s.session_id = t.session_id".into(),
        "select s.session_id, t.turn_id from (select * from turns where response_ms > 800.0) t right join sessions s on s.session_id = t.session_id where s.region <> 'cn-east'".into(),
        "select s.vendor, t.turn_id from sessions s left join (select t.session_id, t.turn_id from turns t join session_events e on t.session_id = e.session_id where e.name = 'joined' and t.response_ms > 500.0) t on s.session_id = t.session_id".into(),
        "select s.vendor, count(*) as n, sum(t.response_ms) as total from sessions s left join turns t on s.session_id = t.session_id group by s.vendor".into(),
        format!("select s.session_id, s.first_at, t.n from sessions as s left join (select session_id, count(*) as n from turns group by session_id) as t on s.session_id = t.session_id where s.first_at >= {minute}"),
        format!("select sessions.session_id, first_at, n from sessions left join (select session_id, count(*) as n from turns group by session_id) as t on sessions.session_id = t.session_id where first_at >= {minute} and vendor <> 'aurora'"),
        "select vendor, count(*) as n, sum(n) as turns from (select s.session_id, s.vendor, t.n from sessions as s left join (select session_id, count(*) as n from turns group by session_id) as t on s.session_id = t.session_id where s.vendor <> 'x') as j group by vendor order by vendor".into(),
        "select s.session_id, t.turn_id from sessions as s join turns as t on s.session_id = t.session_id order by s.session_id, t.turn_id limit 5".into(),
        format!("select s.session_id, s.vendor, t.response_ms from turns as t right join sessions as s on s.session_id = t.session_id and t.response_ms > 500.0 where s.first_at >= {minute} and s.service = 'conversational_ai'"),
        format!("select s.session_id, s.vendor, m.minute from sessions as s join session_minutes as m on s.session_id = m.session_id where s.vendor = 'aurora' and m.vendor <> 'x' and m.minute >= {minute}"),
        format!("select j.session_id, j.user_id, n from (select s.session_id, s.user_id, s.first_at, t.n, u.hours from sessions as s left join (select session_id, count(*) as n from turns group by session_id) as t on s.session_id = t.session_id left join (select user_id, count(*) as hours from user_hours group by user_id) as u on s.user_id = u.user_id where s.first_at >= {minute}) as j where hours > 0"),
        "select s.session_id, count(t.turn_id) as n, max(u.samples) as samples from sessions s left join turns t on s.session_id = t.session_id left join user_hours u on s.user_id = u.user_id where s.vendor = 'aurora' and s.samples > 3 group by s.session_id".into(),
        "select s.vendor, t.turn_id, u.samples from sessions s left join turns t on s.session_id = t.session_id left join user_hours u on s.user_id = u.user_id where s.samples > 3 and (t.turn_id is null or s.samples > 5)".into(),
        "select s.session_id, t.turn_id, u.samples from sessions s left join turns t on s.session_id = t.session_id left join user_hours u on s.user_id = u.user_id where u.samples > 3 and s.region <> 'cn-east'".into(),
        "select s.vendor, t.turn_id, u.samples from sessions s left join turns t on s.session_id = t.session_id join user_hours u on s.user_id = u.user_id where t.turn_id is null or u.samples > 3".into(),
        "select distinct s.vendor, t.turn_id from sessions s left join turns t on s.session_id = t.session_id left join user_hours u on s.user_id = u.user_id".into(),
        "select j.vendor, u.samples from (select s.vendor, s.user_id, t.turn_id from sessions s left join turns t on s.session_id = t.session_id left join feedback f on f.session_id = s.session_id) as j left join user_hours u on j.user_id = u.user_id".into(),
        "select vendor, avg(connect_ms) as mean from session_events where name = 'joined' and connect_ms is not null group by vendor having count(*) > 1".into(),
        "select distinct vendor, region from sessions".into(),
        "select coalesce(response_ms, -1.0) as response, nullif(model, '') as model from turns".into(),
        "select sqrt(rtt_ms_sum) as a, power(rtt_ms_sum, 0.5) as b, ln(rtt_ms_sum + 1.0) as c, exp(0.0 - rtt_ms_sum / 1e6) as d, floor(rtt_ms_sum) as e, abs(0.0 - rtt_ms_sum) as f from sessions".into(),
        "select session_id, greatest(rtt_ms_sum, jitter_ms_sum) as g, least(rtt_ms_sum, jitter_ms_sum) as l from sessions".into(),
        "select session_id, r_factor(one_way_delay_ms(rtt_ms_sum / cast(rtt_n as double), null), 0.01, audio_codec) as r, mos_cq(100.0, 0.02, audio_codec) as mos, mos_band(audio_codec) as band from sessions where rtt_n > 0".into(),
        "select wilson_low(sum(cast(joins as double)), sum(cast(attempts as double))) as low, wilson_high(sum(cast(joins as double)), sum(cast(attempts as double))) as high from sessions".into(),
        "select count(*) as n from samples where not (vendor = 'aurora' or region = 'cn-east') and codec like 'vp%'".into(),
        "select delivered, lost, count(*) as n, sum(delivery_ms) as ms from messages group by delivered, lost".into(),
        "select hour, sum(samples) as samples, count(*) as people from user_hours group by hour".into(),
        r"select count(*) as n from feedback where text <> 'a\b''c' and score between 1 and 5".into(),
        "select vendor from releases where version <> '' order by vendor, version limit 3".into(),
    ] {
        assert_ne!(handed(&pushed, &sql).await, Handed::Partly, "not handed down: {sql}");
        check(&pushed, &alone, &sql, &sql, 0.02).await;
    }
}

/// What analyses read of a store, against DataFusion alone.
#[tokio::test]
async fn relations_are_the_same_when_datafusion_does_it_all() {
    let endpoint = fleet().await;
    let (pushed, alone) = contexts(&endpoint).await;
    // The last minutes only, so that there is something to leave out.
    let period = Period { since: DateTime::from_timestamp_millis(START + 6 * 60_000).unwrap(), until: now() };
    for sql in [
        relations::sessions(period, "csat", Window::Whole),
        relations::sessions(period, "csat", Window::First { seconds: 60 }),
        relations::answers(period, "csat", ""),
        relations::answers(period, "csat", relations::EVERY_DIMENSION),
        relations::invitations(period, "csat"),
        relations::visits(period.until),
        relations::releases(period),
    ] {
        assert_ne!(handed(&pushed, &sql).await, Handed::Partly, "not handed down: {sql}");
        check(&pushed, &alone, &sql, &sql, 0.02).await;
    }
    // As people narrow them with --where: by what is joined too.
    for window in [Window::Whole, Window::First { seconds: 60 }] {
        let sessions = relations::sessions(period, "csat", window);
        for condition in ["country = 'CN'", "rtt_ms > 100", "user_id = 'x'", "score >= 4", "score IS NULL", "tenure_days < 1 AND asked = 1"]
        {
            let sql = format!("SELECT data.* FROM ({sessions}) AS data WHERE {condition}");
            assert_ne!(handed(&pushed, &sql).await, Handed::Partly, "not handed down: {sql}");
            check(&pushed, &alone, &sql, condition, 0.02).await;
        }
    }
    let begun = format!(
        "select count(*) as n from sessions where first_at >= arrow_cast('{}', 'Timestamp(Millisecond, Some(\"UTC\"))')",
        period.since.to_rfc3339()
    );
    let rows = answer(&pushed, &relations::sessions(period, "csat", Window::Whole)).await.num_rows() as i64;
    let counted = cast(answer(&alone, &begun).await.column(0), &DataType::Int64).unwrap();
    assert_eq!(rows, counted.as_primitive::<datafusion::arrow::datatypes::Int64Type>().value(0));
    assert!(rows > 0);
}

/// What ClickHouse would answer otherwise stays in DataFusion, and the answer is right.
#[tokio::test]
async fn what_differs_stays_in_datafusion() {
    let endpoint = fleet().await;
    let (pushed, alone) = contexts(&endpoint).await;
    for sql in [
        "select round(rtt_ms) as r, count(*) as n from samples group by 1",
        "select packets_received / 7 as sevenths, count(*) as n from samples group by 1",
        "select stddev(rtt_ms) as s from samples",
        "select session_id, row_number() over (order by session_id) as n from sessions",
        "select count(*) as n from sessions where session_id in (select session_id from turns)",
        "select count(*) as n from sessions where vendor not in (select vendor from turns)",
        "select upper(vendor) as v, count(*) as n from sessions group by 1",
        "select vendor, region, count(*) as n from sessions group by rollup(vendor, region)",
        // What is computed of the sums stays here, the sums do not.
        "select vendor, sum(packets_lost) * 1.0 / (sum(packets_lost) + sum(packets_received)) as m from samples group by vendor",
        "select vendor, count(distinct session_id) as sessions, sum(packets_lost) * 1.0 / (sum(packets_lost) + sum(packets_received)) as m from samples group by vendor",
        "select vendor, sum(packets_lost) * 1.0 / (sum(packets_lost) + sum(packets_received)) as m from samples group by vendor having sum(packets_lost) > 3 order by 2 limit 5",
        "select session_id, attributes from sessions join samples using (session_id) order by observed_at, stream_id limit 1",
    ] {
        assert_eq!(handed(&pushed, sql).await, Handed::Partly, "handed down: {sql}");
        check(&pushed, &alone, sql, sql, 0.02).await;
    }
}

#[tokio::test]
async fn a_project_sees_itself_alone() {
    let endpoint = fleet().await;
    let (context, _) = contexts(&endpoint).await;
    for table in ["samples", "session_events", "session_minutes", "sessions", "user_hours"] {
        for sql in [
            format!("select distinct project from {table}"),
            format!("select project from {table} where project = 'other' or true group by project"),
            format!(
                "select a.project from {table} a join {table} b on a.project = b.project where b.project <> 'p' or a.project is not null group by a.project"
            ),
            format!("select upper(project) as project from {table} group by 1"),
        ] {
            let projects = answer(&context, &sql).await;
            assert_eq!(projects.num_rows(), 1, "{sql}");
            assert!(projects.column(0).as_string_opt::<i32>().is_none_or(|names| names.value(0).eq_ignore_ascii_case("p")), "{sql}");
        }
    }
    assert!(context.sql("select * from schema_migrations").await.is_err());
    assert!(context.sql("select * from session_minutes_rollup").await.is_err());
}

async fn check(pushed: &SessionContext, alone: &SessionContext, sql: &str, what: &str, approximately: f64) {
    let (left, right) = (answer(pushed, sql).await, answer(alone, sql).await);
    let ordered = sql.to_lowercase().contains("order by") && !sql.contains("OVER (");
    let (left, right) = (lines(&left, ordered), lines(&right, ordered));
    assert_eq!(left.len(), right.len(), "rows of {what}");
    for (a, b) in left.iter().zip(&right) {
        for (x, y) in a.iter().zip(b) {
            assert!(alike(x, y, approximately), "{what}\n handed down: {a:?}\n datafusion:  {b:?}");
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    Float(f64),
    Approximate(f64),
    Null,
}

fn alike(x: &Value, y: &Value, approximately: f64) -> bool {
    let near = |a: f64, b: f64, tolerance: f64| (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1e-9);
    match (x, y) {
        (Value::Float(a), Value::Float(b)) => near(*a, *b, 1e-9),
        (Value::Approximate(a), Value::Approximate(b)) => near(*a, *b, approximately),
        (x, y) => x == y,
    }
}

/// The answer's cells, its lines sorted by their exact cells unless the question orders them.
fn lines(batch: &RecordBatch, ordered: bool) -> Vec<Vec<Value>> {
    let approximate = |name: &str| ["approx", "_p50", "_p95", "p50_", "p95_", "p5_"].iter().any(|mark| name.contains(mark));
    let mut lines: Vec<Vec<Value>> = (0..batch.num_rows())
        .map(|row| {
            let cell = |(field, column): (&Arc<datafusion::arrow::datatypes::Field>, &Arc<dyn Array>)| {
                if column.is_null(row) {
                    Value::Null
                } else if approximate(field.name()) || column.data_type().is_floating() {
                    let number = cast(column, &DataType::Float64).unwrap().as_primitive::<Float64Type>().value(row);
                    if approximate(field.name()) { Value::Approximate(number) } else { Value::Float(number) }
                } else {
                    Value::Text(datafusion::arrow::util::display::array_value_to_string(column, row).unwrap())
                }
            };
            batch.schema().fields().iter().zip(batch.columns()).map(cell).collect()
        })
        .collect();
    if !ordered {
        let key = |line: &Vec<Value>| {
            let exact = line.iter().map(|value| match value {
                Value::Text(text) => text.clone(),
                Value::Float(x) => format!("{x:.6e}"),
                _ => String::new(),
            });
            exact.collect::<Vec<_>>()
        };
        lines.sort_by_key(key);
    }
    lines
}
