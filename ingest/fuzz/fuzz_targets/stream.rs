//! The messages of one stream, a line each, on one intake with a spool behind it: what each is answered, and what is on the disk in the end.

#![no_main]

use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use qoe_ingest::spool::log::{Depth, Log, LogConfig, Position, Walk};
use qoe_ingest::spool::{Spool, SpoolConfig};
use qoe_ingest::{Delivery, DeliveryConfig, Intake, IntakeConfig, Projects};
use qoe_ingest_fuzz::disk::MemoryDisk;
use qoe_ingest_fuzz::{NOW, SALT, identity};
use qoe_store::Endpoint;
use serde_json::Value;

/// Most messages of one input.
const MESSAGES: usize = 16;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(talk(text));
});

async fn talk(text: &str) {
    let disk = MemoryDisk::default();
    disk.put("id", identity());
    let (spool, found) = Spool::over(Arc::new(disk.clone()), SpoolConfig::default(), None).expect("an empty disk opens");
    // Nobody listens there: rows wait in the spool.
    let nowhere = Endpoint::new("http://127.0.0.1:1", "default", "", "qoe");
    let delivery = Delivery::start(nowhere, spool, found, DeliveryConfig::default()).await;
    let projects = Projects::new([("open".to_owned(), None), ("locked".to_owned(), Some("wk_secret".to_owned()))]);
    let config = IntakeConfig { dimension_values: NonZeroUsize::new(3).expect("three"), ..IntakeConfig::default() };
    let intake = Intake::with_clock(projects, delivery, config, || NOW);
    let mut stored = 0;
    for message in text.lines().take(MESSAGES) {
        let before = rows(&intake);
        let answer = qoe_ingest::http::answer_message(&intake, Bytes::copy_from_slice(message.as_bytes())).await;
        // Also what is set aside, which no answer waits for.
        intake.delivery().spool().flushed().await;
        let more = rows(&intake) - before;
        stored += more;
        check(message, &answer, more);
    }
    assert_eq!(on_disk(&disk), stored, "rows on the disk");
}

fn rows(intake: &Intake) -> u64 {
    intake.delivery().spool().counts().rows.load(std::sync::atomic::Ordering::Relaxed)
}

/// An answer is as WIRE.md says, and says what happened.
fn check(message: &str, answer: &str, stored: u64) {
    let answer: Value = serde_json::from_str(answer).expect("an answer is JSON");
    let status = answer["status"].as_u64().expect("an answer has a status");
    let error = answer["error"].as_str();
    match status {
        202 => {
            let accepted = answer["accepted"].as_u64().expect("a count");
            assert!(accepted > 0 && error.is_none());
            // Members that are skipped may hold what a reader of all of it would refuse.
            let Ok(sent) = serde_json::from_str::<Value>(message) else { return };
            let rows = sent["rows"].as_array().expect("with rows").len() as u64;
            let rejected = answer["rejected"].as_array().expect("a list").len() as u64;
            let duplicate = answer["duplicate"] == true;
            assert!(if duplicate { stored == 0 && rejected <= 8 } else { accepted + rejected == rows });
            assert_eq!(answer["batch_id"].as_str(), sent["batch_id"].as_str());
        }
        400 | 401 | 404 | 413 => assert!(error.is_some_and(|error| !error.is_empty()) && stored == 0),
        // Rows out of time are set aside.
        422 => assert!(
            error.is_some_and(|error| !error.is_empty()) && stored <= answer["rejected"].as_array().map_or(0, |rows| rows.len() as u64) + 1
        ),
        // Nothing here is a fault of ours, and the disk is good.
        other => panic!("status {other}: {answer}"),
    }
}

/// Rows in the log, as a restart finds them.
fn on_disk(disk: &MemoryDisk) -> u64 {
    let disk = Arc::new(disk.clone());
    let config = LogConfig { segment_bytes: 1 << 20, segment_age_ms: i64::MAX };
    let (log, damaged) = Log::open(disk.clone(), config, SALT, |_| {}).expect("the log opens");
    assert_eq!(damaged, 0);
    let mut walk = Walk::new(disk, log.extents().clone(), Position { segment: 0, offset: 0 });
    let mut rows = 0;
    while let Some(frame) = walk.next(Depth::Whole).expect("the log can be read") {
        rows += u64::from(frame.header.rows);
    }
    assert_eq!(walk.damaged, 0);
    rows
}
