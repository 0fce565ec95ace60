//! ClickHouse, and the way to it, fail while senders send.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use rand::RngExt;
use rand::seq::SliceRandom;
use rustix::process::Signal;

use crate::support::engine::Engine;
use crate::support::ledger::Ledger;
use crate::support::proxy::{Proxy, Tamper};
use crate::support::server::Site;
use crate::support::traffic::{Load, Traffic};
use crate::support::{dice, long, seed, times, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clickhouse_killed_within_inserts_has_every_row_once() {
    let seed = seed();
    let (ledger, mut dice) = (Ledger::new(seed), dice(seed));
    let engine = Arc::new(Engine::start().await);
    let database = engine.database();
    let proxy = Proxy::before(&database.url).await;
    let site = Site::new(Some(database.at(&proxy.url)), &[]);
    let _server = site.start().await;
    let traffic = Traffic::start(&ledger, &site.address(), Load::default());
    let kills = Arc::new(AtomicUsize::new(0));
    for _ in 0..times(5, 200) {
        let (engine, kills) = (engine.clone(), kills.clone());
        let kill = move || {
            kills.fetch_add(usize::from(engine.signal(Signal::KILL)), SeqCst);
        };
        proxy.tamper(vec![Tamper::During(Duration::from_millis(dice.random_range(0..60)), Arc::new(kill))]).await;
        until("inserts go on", async || (site.metric("qoe_delivery_available").await? == 1).then_some(())).await;
    }
    traffic.finish().await;
    site.drained().await;
    assert!(kills.load(SeqCst) > 0, "nothing was killed");
    ledger.check(&database.endpoint()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inserts_that_are_cut_refused_or_not_answered_are_stored_once() {
    let seed = seed();
    let (ledger, mut dice) = (Ledger::new(seed), dice(seed));
    let engine = Engine::start().await;
    let database = engine.database();
    let proxy = Proxy::before(&database.url).await;
    let site = Site::new(Some(database.at(&proxy.url)), &[]);
    let _server = site.start().await;
    let traffic = Traffic::start(&ledger, &site.address(), Load::default());

    let each = [
        Tamper::LoseAnswer,
        Tamper::Cut,
        Tamper::Answer("upstream went away"),
        Tamper::Answer("Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)"),
        Tamper::Answer("Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)"),
        Tamper::Answer("Code: 252. DB::Exception: Too many parts (3000). (TOO_MANY_PARTS)"),
    ];
    let mut plan: Vec<Tamper> = each.iter().cycle().take(each.len() * times(2, 50)).cloned().collect();
    plan.shuffle(&mut dice);
    proxy.tamper(plan).await;

    assert!(engine.signal(Signal::STOP));
    outlast(&ledger, Duration::from_secs(if long() { 60 } else { 5 })).await;
    assert!(engine.signal(Signal::CONT));
    ledger.more(20).await;

    proxy.open(false);
    outlast(&ledger, Duration::from_secs(if long() { 300 } else { 10 })).await;
    assert!(site.metric("qoe_spool_undelivered_bytes").await > Some(0), "nothing can be delivered now");
    proxy.open(true);

    traffic.finish().await;
    site.drained().await;
    assert_eq!(site.metric("qoe_delivery_dead_letters_total").await, Some(0), "what passes is no reason to give a row up");
    ledger.check(&database.endpoint()).await;
}

/// Lets so much time pass, in which batches are acknowledged as ever.
async fn outlast(ledger: &Ledger, time: Duration) {
    tokio::time::sleep(time).await;
    ledger.more(20).await;
}
