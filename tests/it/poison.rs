//! Rows that ClickHouse refuses, among many that it takes.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use qoe_store::rows::Records;
use qoe_store::{Keys, Sample, Stamp};

use crate::support::{database, spooled};

const ROWS: u32 = 20_000;

/// One row in a hundred is refused, by a constraint of the table. When each half was an insert that is kept, it took 3,200 of them.
#[tokio::test]
async fn one_refused_row_of_a_hundred_holds_nobody_up() {
    let endpoint = database().await;
    endpoint.execute("ALTER TABLE samples ADD CONSTRAINT no_poison CHECK codec != 'poison'").await.unwrap();
    let way = spooled(&endpoint).await;
    let keys = std::sync::Arc::new(Keys { project: "p".into(), session_id: "s".into(), user_id: "u".into(), ..Keys::default() });
    let now = chrono::Utc::now().timestamp_millis();
    let sample = |seq: u32| Sample {
        keys: keys.clone(),
        stamp: Stamp::at(now - i64::from(seq % 3) * 86_400_000),
        stream_id: "0".into(),
        seq,
        kind: "audio".into(),
        direction: "inbound".into(),
        codec: if seq % 100 == seq / 100 % 100 { "poison" } else { "opus" }.into(),
        interval_ms: 2_000,
        ..Sample::default()
    };
    way.delivery.deliver(Records { Samples: (0..ROWS).map(sample).collect(), ..Records::default() }).await.unwrap();
    assert_eq!(way.delivery.drain(Duration::from_secs(600)).await, 0);
    let count = async |table: &str| endpoint.rows::<u64>(&format!("SELECT count() FROM {table}")).await.unwrap()[0];
    assert_eq!((count("samples").await, count("dead_letters").await), (19_800, 200));
    let counts = way.delivery.counts();
    let (inserts, failed, probes) = (counts.inserts.load(Relaxed), counts.failed_attempts.load(Relaxed), counts.probes.load(Relaxed));
    assert!(inserts + failed <= 4, "{inserts} kept and {failed} refused, after {probes} probes");
    assert!(probes <= 2_600, "{probes} probes");
    let left: Vec<String> =
        endpoint.rows("SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE '%probe%'").await.unwrap();
    assert_eq!(left, Vec::<String>::new());
}
