//! The server is killed, or asked to end, while senders send.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use qoe_ingest::failpoint::FailPoint;
use rand::RngExt;
use rustix::process::Signal;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::engine::shared;
use crate::support::ledger::Ledger;
use crate::support::server::Site;
use crate::support::traffic::{Load, POISON_CONSTRAINT, Traffic};
use crate::support::{client, dice, seed, times, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_with_its_clickhouse_it_loses_and_doubles_nothing() {
    let seed = seed();
    let (ledger, mut dice) = (Ledger::new(seed), dice(seed));
    let site = Site::new(None, &[]);
    let mut server = site.start().await;
    let traffic = Traffic::start(&ledger, &site.address(), Load::default());
    for round in 0..times(5, 100) {
        ledger.more(5).await;
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..2500))).await;
        if round % 3 == 2 {
            // Its ClickHouse alone: the server goes on, and starts another.
            assert!(server.kill_engine(), "it has a ClickHouse");
            until("its end is noticed", async || server.said().contains("the embedded ClickHouse ended").then_some(())).await;
            until("ClickHouse is back", async || site.clickhouse().ping().await.ok()).await;
        } else {
            server.kill();
            server = site.start().await;
        }
    }
    traffic.finish().await;
    site.drained().await;
    ledger.check(&site.clickhouse()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_each_step_it_loses_and_doubles_nothing() {
    let seed = seed();
    let (ledger, mut dice) = (Ledger::new(seed), dice(seed));
    // What is delivered is not kept, so that each group of batches begins a segment and each shipment removes some.
    let site = Site::new(Some(shared().database()), &["--spool-keep-minutes", "0", "--spool-mib", "16"]);
    let server = site.start().await;
    site.clickhouse().execute(POISON_CONSTRAINT).await.unwrap();
    let traffic = Traffic::start(&ledger, &site.address(), Load { pause: Duration::from_millis(150), ..Load::default() });
    ledger.more(5).await;
    server.kill();
    let (mut poisoning, mut last) = (None, Vec::new());
    for _ in 0..times(1, 20) {
        for point in FailPoint::ALL {
            // Rows that ClickHouse refuses cost it many inserts each, so they come only where it takes them to get there.
            if matches!(point, FailPoint::AfterSplit | FailPoint::BeforeBury | FailPoint::AfterBury) {
                let load = Load { senders: 1, pause: Duration::from_millis(150), poison: 0.03, ..Load::default() };
                poisoning.get_or_insert_with(|| Traffic::start(&ledger, &site.address(), load));
            } else if let Some(poisoning) = poisoning.take() {
                last.push(tokio::spawn(poisoning.finish()));
            }
            // What happens with every group is waited for a few times, what happens with a shipment once or twice.
            let often = matches!(point, FailPoint::BeforeWrite | FailPoint::BeforeFlush | FailPoint::AfterFlush | FailPoint::NewSegment);
            let at = format!("{}:{}", point.as_str(), dice.random_range(1..=if often { 30 } else { 2 }));
            let (status, said) = site.start_doomed(&["--fail-at", &at]).await;
            assert_eq!(status.signal(), Some(Signal::ABORT.as_raw()), "seed {seed}, {at}: {said}");
            println!("ended at {at}, {} batches acknowledged", ledger.acknowledged());
        }
    }
    let _server = site.start().await;
    traffic.finish().await;
    for poisoning in last {
        poisoning.await.unwrap();
    }
    site.drained().await;
    ledger.check(&site.clickhouse()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_to_end_under_load_it_refuses_who_comes_and_keeps_what_it_took() {
    let ledger = Ledger::new(seed());
    let site = Site::new(Some(shared().database()), &[]);
    for _ in 0..times(2, 30) {
        let mut server = site.start().await;
        let traffic = Traffic::start(&ledger, &site.address(), Load { abandon: 0.0, ..Load::default() });
        ledger.more(50).await;
        // Somebody whose request is not whole is waited for, and meanwhile nobody else comes in.
        let mut slow = TcpStream::connect(server.address()).await.unwrap();
        slow.write_all(&client::post("{}").as_bytes()[..40]).await.unwrap();
        server.signal(Signal::TERM);
        let address = server.address();
        let ending = async {
            until("connections are refused", async || TcpStream::connect(address).await.err()).await;
            server.ended().await
        };
        let status = tokio::time::timeout(Duration::from_secs(10), ending).await.expect("it ends within 10 s");
        assert_eq!(status.code(), Some(0), "{}", server.said());
        let next = site.start().await;
        traffic.finish().await;
        site.drained().await;
        ledger.check(&site.clickhouse()).await;
        next.kill();
    }
}
