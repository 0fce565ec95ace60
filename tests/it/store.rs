//! The embedded ClickHouse and the tables in it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use qoe_store::embedded::Embedded;
use qoe_store::rows::Records;
use qoe_store::{Folder, Keys, Sample, Stamp, Table, schema};

use crate::support::{database, insert, launcher};

fn sample(session: &str, seq: u32, at: i64) -> Sample {
    let keys =
        Keys { project: "p".into(), session_id: session.into(), user_id: "u".into(), service: "voice_call".into(), ..Keys::default() };
    Sample {
        keys: keys.into(),
        stamp: Stamp::at(at),
        stream_id: "0:inbound:1".into(),
        seq,
        kind: "audio".into(),
        direction: "inbound".into(),
        interval_ms: 2000,
        rtt_ms: Some(50.0),
        packets_received: Some(98),
        packets_lost: Some(2),
        ..Sample::default()
    }
}

#[tokio::test]
async fn every_struct_has_the_columns_of_its_table() {
    let endpoint = database().await;
    for table in Table::ALL {
        let sql = format!(
            "SELECT name FROM system.columns WHERE database = '{}' AND table = '{}' ORDER BY position",
            endpoint.database(),
            table.name()
        );
        let columns: Vec<String> = endpoint.rows(&sql).await.unwrap();
        let fields: Vec<String> = table.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(columns, fields, "{}", table.name());
    }
}

#[tokio::test]
async fn every_column_says_what_it_means() {
    let endpoint = database().await;
    let sql = format!(
        "SELECT table || '.' || name FROM system.columns WHERE database = '{}' AND comment = '' \
         AND table IN (SELECT name FROM system.tables WHERE database = '{0}' AND engine LIKE '%MergeTree')",
        endpoint.database()
    );
    let silent: Vec<String> = endpoint.rows(&sql).await.unwrap();
    assert_eq!(silent, Vec::<String>::new());
}

#[tokio::test]
async fn every_table_is_durable_and_remembers_tokens() {
    let endpoint = database().await;
    let sql = format!(
        "SELECT name FROM system.tables WHERE database = '{}' AND engine LIKE '%MergeTree' AND name != 'schema_migrations' AND NOT \
         (engine_full LIKE '%fsync_after_insert = 1%' AND engine_full LIKE '%fsync_part_directory = 1%' \
         AND engine_full LIKE '%non_replicated_deduplication_window = 10000%')",
        endpoint.database()
    );
    let careless: Vec<String> = endpoint.rows(&sql).await.unwrap();
    assert_eq!(careless, Vec::<String>::new());
}

#[tokio::test]
async fn a_batch_sent_thrice_is_stored_once_in_tables_and_rollups() {
    let endpoint = database().await;
    let mut records = Records::default();
    for seq in 0..100 {
        records.push(sample("s", seq, 1_795_404_861_000 + i64::from(seq) * 2000).into());
    }
    for _ in 0..3 {
        insert(&endpoint, &records, 1).await;
    }
    let stored: Vec<u64> = endpoint.rows("SELECT count() FROM samples").await.unwrap();
    assert_eq!(stored, [100]);
    for view in schema::ROLLUPS {
        let rolled: Vec<u64> = endpoint.rows(&format!("SELECT sum(samples) FROM {view}")).await.unwrap();
        assert_eq!(rolled, [100], "{view}");
    }
    let loss: Vec<(u64, i64)> = endpoint.rows("SELECT packets_received, packets_lost FROM sessions").await.unwrap();
    assert_eq!(loss, [(9800, 200)]);
}

#[tokio::test]
async fn a_changed_schema_file_is_refused() {
    let endpoint = database().await;
    schema::apply(&endpoint).await.expect("the same files again change nothing");
    endpoint.execute("ALTER TABLE schema_migrations UPDATE hash = 'x' WHERE number = 1 SETTINGS mutations_sync = 2").await.unwrap();
    let refused = schema::apply(&endpoint).await.unwrap_err().to_string();
    assert!(refused.contains("schema file 1 (base)"), "{refused}");
}

#[tokio::test]
async fn the_last_hour_and_one_session_read_little() {
    let endpoint = database().await;
    let start = 1_795_392_000_000i64;
    let mut batch = 0;
    for hour in 0..6 {
        let mut records = Records::default();
        for session in 0..100 {
            for seq in 0..400u32 {
                records.push(sample(&format!("s-{hour}-{session}"), seq, start + hour * 3_600_000 + i64::from(seq) * 8000).into());
            }
        }
        batch += 1;
        insert(&endpoint, &records, batch).await;
    }
    endpoint.execute("OPTIMIZE TABLE samples FINAL").await.unwrap();
    let total: Vec<u64> = endpoint.rows("SELECT count() FROM samples").await.unwrap();
    let read = async |condition: &str| -> u64 {
        let sql = format!("SELECT sum(rows) FROM (EXPLAIN ESTIMATE SELECT count(rtt_ms) FROM samples WHERE project = 'p' AND {condition})");
        endpoint.rows::<u64>(&sql).await.unwrap()[0]
    };
    assert_eq!(total, [240_000]);
    let hour = read(&format!("observed_at >= fromUnixTimestamp64Milli({})", start + 5 * 3_600_000)).await;
    assert!(hour <= 60_000, "the last of six hours read {hour} of 240000 rows");
    let session = read("session_id = 's-3-50'").await;
    assert!(session <= 20_000, "one session read {session} of 240000 rows");
}

#[tokio::test]
async fn a_killed_engine_is_started_again_with_its_data() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::hold(dir.path()).unwrap();
    let embedded = Embedded::start(&folder, &launcher(), "qoe").await.unwrap();
    schema::apply(embedded.endpoint()).await.unwrap();
    let mut records = Records::default();
    records.push(sample("s", 0, 1_795_404_861_000).into());
    insert(embedded.endpoint(), &records, 1).await;
    let first = embedded.pid().unwrap();
    assert!(Command::new("kill").args(["-9", &first.to_string()]).status().unwrap().success());
    let stored = wait_for(Duration::from_secs(30), async || {
        let rows: Vec<u64> = embedded.endpoint().rows("SELECT count() FROM samples").await.ok()?;
        (embedded.pid() != Some(first)).then_some(rows)
    })
    .await;
    assert_eq!(stored, [1]);
    // What it has had it still knows, in tables and in what is summed of them, also of views that a schema file made anew.
    insert(embedded.endpoint(), &records, 1).await;
    for table in ["samples"].iter().chain(schema::ROLLUPS) {
        let count = if *table == "samples" { "count()" } else { "sum(samples)" };
        let stored: Vec<u64> = embedded.endpoint().rows(&format!("SELECT {count} FROM {table}")).await.unwrap();
        assert_eq!(stored, [1], "{table}");
    }
}

async fn wait_for<T>(limit: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(began.elapsed() < limit, "not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// `qoe serve` on a store of its own, for tests of whole processes.
fn serve(store: &std::path::Path) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_qoe"))
        .args(["serve", "--listen", "127.0.0.1:0", "--store"])
        .arg(store)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn one_server_a_store_and_all_end_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = serve(dir.path());
    let running = wait_for(Duration::from_secs(60), async || Folder::running(dir.path())).await;
    let engine = running.endpoint("qoe");
    engine.ping().await.unwrap();

    let second =
        Command::new(env!("CARGO_BIN_EXE_qoe")).args(["serve", "--listen", "127.0.0.1:0", "--store"]).arg(dir.path()).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(said.contains(&format!("process {}", server.id())) && said.contains("--store"), "{said}");

    let asked = Command::new(env!("CARGO_BIN_EXE_qoe"))
        .args(["sql", "--json", "select count(*) as n from samples", "--store"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&asked.stdout).trim(), r#"[{"n":0}]"#, "{}", String::from_utf8_lossy(&asked.stderr));

    // Killed with -9, it has no chance to stop its engine.
    server.kill().unwrap();
    server.wait().unwrap();
    wait_for(Duration::from_secs(5), async || engine.ping().await.err()).await;

    // And the store opens again at once.
    let mut again = serve(dir.path());
    wait_for(Duration::from_secs(60), async || Folder::running(dir.path()).filter(|found| found.pid == again.id())).await;
    again.kill().unwrap();
    again.wait().unwrap();
}
