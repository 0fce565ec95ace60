//! The tables change under a running server.

use crate::support::engine::shared;
use crate::support::ledger::Ledger;
use crate::support::server::Site;
use crate::support::traffic::{Load, POISON_CONSTRAINT, Traffic};
use crate::support::{seed, times};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_column_is_no_matter_and_rows_a_constraint_refuses_are_dead_letters() {
    let ledger = Ledger::new(seed());
    let site = Site::new(Some(shared().database()), &[]);
    let _server = site.start().await;
    let clickhouse = site.clickhouse();
    let traffic = Traffic::start(&ledger, &site.address(), Load::default());
    ledger.more(50).await;
    clickhouse.execute("ALTER TABLE samples ADD COLUMN x UInt8 DEFAULT 1").await.unwrap();
    clickhouse.execute(POISON_CONSTRAINT).await.unwrap();
    ledger.more(50).await;
    let bad = Traffic::start(&ledger, &site.address(), Load { poison: 0.02, ..Load::default() });
    ledger.more(times(200, 10_000)).await;
    traffic.finish().await;
    bad.finish().await;
    site.drained().await;
    ledger.check(&clickhouse).await;

    let ask = async |sql: &str| clickhouse.rows::<u64>(sql).await.unwrap()[0];
    let dead = ask("SELECT count() FROM dead_letters").await;
    assert!(dead > 0, "no row was refused");
    let plain = "SELECT countIf(meant_for != 'samples' OR reason NOT LIKE '%no_poison%' OR JSONExtractString(row, 'codec') != 'poison') FROM dead_letters";
    assert_eq!(ask(plain).await, 0, "rows among the dead letters that are no poison, or do not say why");
    assert_eq!(ask("SELECT countIf(codec = 'poison') FROM samples").await, 0);
    assert_eq!(ask("SELECT countIf(x != 1) FROM samples").await, 0);
    assert_eq!(site.metric("qoe_delivery_dead_letters_total").await, Some(dead));
}
