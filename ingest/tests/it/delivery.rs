use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use qoe_ingest::delivery::{Backpressure, Delivery, DeliveryConfig, Outcome, Undelivered};
use qoe_store::{Activity, Endpoint, Records, SessionEvent, Stamp};

use crate::clickhouse::{Answer, ClickHouse};

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

fn events(rows: usize) -> Records {
    let event = SessionEvent { stamp: Stamp::at(1_795_404_861_069), name: "joined".into(), ..SessionEvent::default() };
    Records { SessionEvents: vec![event; rows], ..Records::default() }
}

fn activity() -> Records {
    Records { Activity: vec![Activity { stamp: Stamp::at(1_795_404_861_069), ..Activity::default() }], ..Records::default() }
}

/// A port nobody listens on.
pub async fn nowhere() -> Endpoint {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    Endpoint::new(&format!("http://{}", listener.local_addr().unwrap()), "default", "", "qoe")
}

#[tokio::test]
async fn rows_handed_over_together_or_shortly_after_go_in_one_insert_a_table() {
    let clickhouse = ClickHouse::start().await;
    let delivery = Delivery::start(clickhouse.endpoint(), DeliveryConfig { max_age: Duration::from_millis(300), ..quick() }).await;
    let tickets = [delivery.submit(events(3)), delivery.submit(activity()), delivery.submit(events(2))];
    for ticket in tickets {
        assert_eq!(ticket.outcome().await, Outcome::Stored);
    }
    let mut tables = clickhouse.tables();
    tables.sort();
    assert_eq!(tables, ["activity", "session_events"]);
    let inserts = clickhouse.inserts();
    let token = |table: &str| inserts.iter().find(|insert| insert.table == table).unwrap().token.clone();
    let (spool, rest) = token("activity").split_once(':').map(|(spool, rest)| (spool.to_owned(), rest.to_owned())).unwrap();
    assert_eq!((rest.as_str(), token("session_events")), ("1:activity", format!("{spool}:1:session_events")));
    assert_eq!((delivery.counts().rows.load(Relaxed), delivery.queued_rows()), (6, 0));
}

#[tokio::test]
async fn a_full_batch_does_not_wait_for_its_age() {
    let clickhouse = ClickHouse::start().await;
    let config = DeliveryConfig { max_age: Duration::from_secs(60), max_rows: NonZeroUsize::new(10).unwrap(), ..quick() };
    let delivery = Delivery::start(clickhouse.endpoint(), config).await;
    let begun = Instant::now();
    assert_eq!(delivery.submit(events(10)).outcome().await, Outcome::Stored);
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn an_insert_that_fails_is_repeated_unchanged_until_it_succeeds() {
    let clickhouse = ClickHouse::start().await;
    clickhouse.answers(&[TOO_MANY_PARTS, TOO_MANY_PARTS, Answer::Error("<html>502 Bad Gateway</html>")]);
    let delivery = Delivery::start(clickhouse.endpoint(), quick()).await;
    let ticket = delivery.submit(events(5));
    let away = async {
        while delivery.check() != Err(Backpressure::Away) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    away.await;
    assert_eq!(ticket.outcome().await, Outcome::Stored);
    assert_eq!(delivery.check(), Ok(()));
    let inserts = clickhouse.inserts();
    assert_eq!(inserts.len(), 4);
    assert!(inserts.iter().all(|insert| *insert == inserts[0]), "the same token and the same bytes");
    assert_eq!(delivery.counts().failed_attempts.load(Relaxed), 3);
}

#[tokio::test]
async fn an_insert_that_hangs_is_repeated() {
    let clickhouse = ClickHouse::start().await;
    clickhouse.answers(&[Answer::After(Duration::from_secs(60))]);
    let delivery = Delivery::start(clickhouse.endpoint(), DeliveryConfig { attempt: Duration::from_millis(50), ..quick() }).await;
    assert_eq!(delivery.submit(events(1)).outcome().await, Outcome::Stored);
    let inserts = clickhouse.inserts();
    assert_eq!((inserts.len(), &inserts[0]), (2, &inserts[1]));
}

#[tokio::test]
async fn refused_rows_are_told_to_those_who_sent_them_and_stop_nobody_else() {
    let clickhouse = ClickHouse::start().await;
    clickhouse.answers(&[NULL_IN_COLUMN]);
    let delivery = Delivery::start(clickhouse.endpoint(), quick()).await;
    let undelivered = delivery.deliver(events(2)).await.unwrap_err();
    assert!(matches!(&undelivered, Undelivered::Refused { reason, .. } if reason.contains("349")), "{undelivered}");
    assert_eq!(delivery.counts().refused_rows.load(Relaxed), 2);
    assert_eq!(delivery.deliver(activity()).await, Ok(()));
    assert!(delivery.is_available());
}

#[tokio::test]
async fn a_clickhouse_that_never_answered_takes_nothing_until_it_does() {
    let delivery = Delivery::start(nowhere().await, quick()).await;
    assert_eq!(delivery.check(), Err(Backpressure::Away));
}

#[tokio::test]
async fn a_full_queue_refuses_and_an_importer_waits_for_room() {
    let clickhouse = ClickHouse::start().await;
    clickhouse.answers(&[Answer::After(Duration::from_millis(100))]);
    let delivery = Delivery::start(clickhouse.endpoint(), DeliveryConfig { queue_rows: NonZeroUsize::new(10).unwrap(), ..quick() }).await;
    let first = delivery.submit(events(10));
    assert_eq!(delivery.check(), Err(Backpressure::Full { limit: NonZeroUsize::new(10).unwrap() }));
    assert_eq!(delivery.deliver(events(4)).await, Ok(()));
    assert_eq!(first.outcome_so_far(), Some(Outcome::Stored), "the importer came after");
    assert_eq!(delivery.check(), Ok(()));
}

#[tokio::test]
async fn what_waits_is_sent_before_the_end() {
    let clickhouse = ClickHouse::start().await;
    let delivery = Delivery::start(clickhouse.endpoint(), DeliveryConfig { max_age: Duration::from_millis(100), ..quick() }).await;
    let ticket = delivery.submit(events(1));
    drop(delivery);
    assert_eq!(ticket.outcome().await, Outcome::Stored);

    let delivery = Delivery::start(clickhouse.endpoint(), quick()).await;
    delivery.submit(events(1));
    assert_eq!(delivery.drain(Duration::from_secs(10)).await, 0);
    clickhouse.answers(&[Answer::After(Duration::from_secs(60))]);
    delivery.submit(events(7));
    assert_eq!(delivery.drain(Duration::from_millis(50)).await, 7);
}
