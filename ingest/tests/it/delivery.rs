use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use qoe_ingest::Outcome;
use qoe_ingest::delivery::{Delivery, DeliveryConfig};
use qoe_ingest::spool::{Backpressure, Spool, SpoolConfig};
use qoe_store::{Activity, Endpoint, Keys, Records, SessionEvent, Stamp};

use crate::clickhouse::{Answer, ClickHouse};
use crate::disk::SimDisk;

pub const TOO_MANY_PARTS: Answer = Answer::Error("Code: 252. DB::Exception: Too many parts (3000). (TOO_MANY_PARTS)");
pub const NULL_IN_COLUMN: Answer = Answer::Error("Code: 349. DB::Exception: Cannot convert NULL value to non-Nullable type");

/// As by default, in a tenth of the time.
pub fn quick() -> DeliveryConfig {
    DeliveryConfig {
        max_age: Duration::from_millis(20),
        first_wait: Duration::from_millis(20),
        longest_wait: Duration::from_millis(50),
        attempt: Duration::from_secs(5),
        ..DeliveryConfig::default()
    }
}

/// Delivery of what is on this disk.
pub async fn start_on(disk: &SimDisk, endpoint: Endpoint, spool: SpoolConfig, config: DeliveryConfig) -> Delivery {
    let (spool, found) = Spool::over(Arc::new(disk.clone()), spool, None).unwrap();
    Delivery::start(endpoint, spool, found, config).await
}

/// Delivery from a spool of its own.
pub async fn start(endpoint: Endpoint, config: DeliveryConfig) -> Delivery {
    start_on(&SimDisk::default(), endpoint, SpoolConfig::default(), config).await
}

const LONG: Duration = Duration::from_secs(30);

fn keys() -> Arc<Keys> {
    Arc::new(Keys { project: "p".into(), ..Keys::default() })
}

fn events(rows: usize) -> Records {
    let event = SessionEvent { keys: keys(), stamp: Stamp::at(1_795_404_861_069), name: "joined".into(), ..SessionEvent::default() };
    Records { SessionEvents: vec![event; rows], ..Records::default() }
}

fn activity() -> Records {
    Records { Activity: vec![Activity { keys: keys(), stamp: Stamp::at(1_795_404_861_069), ..Activity::default() }], ..Records::default() }
}

/// A port nobody listens on.
pub async fn nowhere() -> Endpoint {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    Endpoint::new(&format!("http://{}", listener.local_addr().unwrap()), "default", "", "qoe")
}

#[tokio::test]
async fn rows_handed_over_together_or_shortly_after_go_in_one_insert_a_table() {
    let clickhouse = ClickHouse::start().await;
    let delivery = start(clickhouse.endpoint(), DeliveryConfig { max_age: Duration::from_millis(300), ..quick() }).await;
    let tickets = [delivery.submit(events(3)), delivery.submit(activity()), delivery.submit(events(2))];
    for ticket in tickets {
        assert_eq!(ticket.outcome().await, Outcome::Kept);
    }
    assert_eq!(delivery.drain(LONG).await, 0);
    let mut tables = clickhouse.tables();
    tables.sort();
    assert_eq!(tables, ["activity", "session_events"]);
    let inserts = clickhouse.inserts();
    let token = |table: &str| inserts.iter().find(|insert| insert.table == table).unwrap().token.clone();
    let spool = delivery.spool().id();
    assert_eq!((token("activity"), token("session_events")), (format!("{spool}:0:activity"), format!("{spool}:0:session_events")));
    assert_eq!((delivery.counts().rows.load(Relaxed), delivery.counts().shipments.load(Relaxed)), (6, 1));
}

#[tokio::test]
async fn a_full_shipment_does_not_wait_for_its_age() {
    let clickhouse = ClickHouse::start().await;
    let config = DeliveryConfig { max_age: Duration::from_secs(60), max_rows: NonZeroU64::new(10).unwrap(), ..quick() };
    let delivery = start(clickhouse.endpoint(), config).await;
    let begun = Instant::now();
    drop(delivery.submit(events(10)));
    assert_eq!(delivery.drain(LONG).await, 0);
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn an_insert_that_fails_is_repeated_unchanged_until_it_succeeds() {
    let clickhouse = ClickHouse::start().await;
    clickhouse.answers(&[TOO_MANY_PARTS, TOO_MANY_PARTS, Answer::Error("<html>502 Bad Gateway</html>")]);
    let delivery = start(clickhouse.endpoint(), quick()).await;
    assert_eq!(delivery.submit(events(5)).outcome().await, Outcome::Kept, "kept, whatever ClickHouse says");
    while delivery.is_available() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(delivery.spool().check("p"), Ok(()));
    assert_eq!(delivery.drain(LONG).await, 0);
    assert!(delivery.is_available());
    let inserts = clickhouse.inserts();
    assert_eq!(inserts.len(), 4);
    assert!(inserts.iter().all(|insert| *insert == inserts[0]), "the same token and the same bytes");
    assert_eq!(delivery.counts().failed_attempts.load(Relaxed), 3);
}

#[tokio::test]
async fn an_insert_that_hangs_is_repeated() {
    let clickhouse = ClickHouse::start().await;
    clickhouse.answers(&[Answer::After(Duration::from_secs(60))]);
    let delivery = start(clickhouse.endpoint(), DeliveryConfig { attempt: Duration::from_secs(1), ..quick() }).await;
    drop(delivery.submit(events(1)));
    assert_eq!(delivery.drain(LONG).await, 0);
    let inserts = clickhouse.inserts();
    assert!(inserts.len() >= 2 && inserts.iter().all(|insert| *insert == inserts[0]), "{} inserts", inserts.len());
}

#[tokio::test]
async fn a_row_clickhouse_will_not_have_is_found_among_the_dead_letters_and_stops_nobody_else() {
    let clickhouse = ClickHouse::start().await;
    // The whole; then, where nothing is kept, the whole, the first half, of that the first row and the second, and the second half.
    clickhouse.answers(&[NULL_IN_COLUMN, NULL_IN_COLUMN, NULL_IN_COLUMN, Answer::Ok, NULL_IN_COLUMN, Answer::Ok]);
    let delivery = start(clickhouse.endpoint(), quick()).await;
    drop(delivery.submit(events(4)));
    assert_eq!(delivery.drain(LONG).await, 0);
    let spool = delivery.spool().id();
    let (probes, kept): (Vec<_>, Vec<_>) = clickhouse.inserts().into_iter().partition(|insert| insert.table.contains("_probe_"));
    let tokens: Vec<String> = kept.into_iter().map(|insert| insert.token.replace(&**spool, "s")).collect();
    let sifted = format!("s:0:session_events:sifted-0-4-less-1-{:08x}", crc32c::crc32c(&1u32.to_le_bytes()));
    assert_eq!(tokens, ["s:0:session_events", "s:0:session_events:dead-1", &sifted]);
    assert_eq!((probes.len(), delivery.counts().probes.load(Relaxed)), (5, 5));
    assert_eq!(delivery.counts().dead_letters.load(Relaxed), 1);
    drop(delivery.submit(activity()));
    assert_eq!(delivery.drain(LONG).await, 0);
    assert!(delivery.is_available());
}

/// The account may not make tables, or the words could be taken for a fault of the rows.
#[tokio::test]
async fn a_row_clickhouse_will_not_have_is_found_by_halves_where_no_table_can_be_made() {
    for words in ["Code: 497. DB::Exception: Not enough privileges", "Code: 36. DB::Exception: Bad arguments"] {
        let clickhouse = ClickHouse::start().await;
        clickhouse.makes_no_table(words);
        // The whole, its first half, of that the first row and the second.
        clickhouse.answers(&[NULL_IN_COLUMN, NULL_IN_COLUMN, Answer::Ok, NULL_IN_COLUMN]);
        let delivery = start(clickhouse.endpoint(), quick()).await;
        drop(delivery.submit(events(4)));
        assert_eq!(delivery.drain(LONG).await, 0, "{words}");
        let spool = delivery.spool().id();
        let tokens: Vec<String> = clickhouse.inserts().into_iter().map(|insert| insert.token.replace(&**spool, "s")).collect();
        let expected = ["", ":0-2", ":0-1", ":1-2", ":dead-1", ":2-4"].map(|suffix| format!("s:0:session_events{suffix}"));
        assert_eq!(tokens, expected, "{words}");
        assert_eq!(delivery.counts().dead_letters.load(Relaxed), 1);
    }
}

#[tokio::test]
async fn what_is_kept_while_clickhouse_is_away_is_delivered_by_the_next_process() {
    let disk = SimDisk::default();
    let away = start_on(&disk, nowhere().await, SpoolConfig::default(), quick()).await;
    assert_eq!(away.submit(events(3)).outcome().await, Outcome::Kept);
    assert!(away.drain(Duration::from_millis(200)).await > 0 && !away.is_available());
    let id = away.spool().id().clone();
    // The process dies: nothing of it touches the disk any more.
    let after = SimDisk::default();
    for name in disk.names() {
        after.put(&name, disk.bytes(&name));
    }
    drop(away);

    let clickhouse = ClickHouse::start().await;
    let delivery = start_on(&after, clickhouse.endpoint(), SpoolConfig::default(), quick()).await;
    assert!(delivery.spool().backlog_bytes() > 0);
    assert_eq!(delivery.drain(LONG).await, 0);
    assert_eq!(delivery.spool().id(), &id);
    let inserts = clickhouse.inserts();
    assert_eq!(inserts.iter().map(|insert| insert.token.clone()).collect::<Vec<_>>(), [format!("{id}:0:session_events")]);
}

/// What a disk holds when the process on it dies.
fn left_by(disk: &SimDisk) -> SimDisk {
    let left = SimDisk::default();
    for name in disk.names() {
        left.put(&name, disk.bytes(&name));
    }
    left
}

#[tokio::test]
async fn rows_that_are_damaged_on_the_disk_do_not_stay_on_the_books() {
    let mut disk = SimDisk::default();
    // Two processes, so that the first segment is known to be whole and opened by its headers.
    for rows in [3, 2] {
        let away = start_on(&disk, nowhere().await, SpoolConfig::default(), quick()).await;
        assert_eq!(away.submit(events(rows)).outcome().await, Outcome::Kept);
        disk = left_by(&disk);
    }
    let first = disk.names().into_iter().find(|name| name.ends_with(".seg")).unwrap();
    let mut bytes = disk.bytes(&first);
    // In the body of the frame of rows, behind which no other of rows comes.
    let middle = bytes.len() - 400;
    bytes[middle] ^= 1;
    disk.put(&first, bytes);
    let clickhouse = ClickHouse::start().await;
    let delivery = start_on(&disk, clickhouse.endpoint(), SpoolConfig::default(), quick()).await;
    assert!(delivery.spool().backlog_bytes() > 0);
    assert_eq!(delivery.drain(LONG).await, 0);
    assert_eq!(delivery.counts().delivered_rows.load(Relaxed), 2);
    assert_eq!(delivery.spool().oldest_undelivered(), Duration::ZERO);
}

#[tokio::test]
async fn a_full_queue_refuses_and_an_importer_waits_for_room() {
    let clickhouse = ClickHouse::start().await;
    let limit = std::num::NonZeroUsize::new(10).unwrap();
    let config = SpoolConfig { queue_rows: limit, ..SpoolConfig::default() };
    let disk = SimDisk::default();
    let delivery = start_on(&disk, clickhouse.endpoint(), config, quick()).await;
    let stalled = disk.stall();
    for _ in 0..200 {
        drop(delivery.submit(events(10)));
    }
    assert_eq!(delivery.spool().check("p"), Err(Backpressure::Busy { limit }));
    drop(stalled);
    assert_eq!(delivery.deliver(events(4)).await, Ok(()));
    assert_eq!(delivery.drain(LONG).await, 0);
    assert_eq!(delivery.counts().delivered_rows.load(Relaxed), 2004);
}

#[tokio::test]
async fn a_history_of_many_days_goes_a_few_days_at_a_time() {
    let clickhouse = ClickHouse::start().await;
    let delivery = start(clickhouse.endpoint(), quick()).await;
    let mut records = events(101);
    for (day, event) in records.SessionEvents.iter_mut().enumerate() {
        event.stamp = Stamp::at(1_700_000_000_000 + day as i64 * 86_400_000);
    }
    assert_eq!(delivery.deliver(records).await, Ok(()));
    assert_eq!(delivery.drain(LONG).await, 0);
    assert_eq!((clickhouse.inserts().len(), delivery.counts().delivered_rows.load(Relaxed)), (12, 101));
}

#[tokio::test]
async fn draining_runs_out_of_patience() {
    let clickhouse = ClickHouse::start().await;
    let delivery = start(clickhouse.endpoint(), quick()).await;
    clickhouse.answers(&[Answer::After(Duration::from_secs(60))]);
    drop(delivery.submit(events(7)));
    assert!(delivery.drain(Duration::from_millis(50)).await > 0);
}
