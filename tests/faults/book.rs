//! The other tests are worth what the ledger notices.

use crate::support::engine::shared;
use crate::support::ledger::{Fate, Ledger};
use crate::support::seed;
use crate::support::server::Site;
use crate::support::traffic::{Load, Traffic};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledger_notices_what_is_missing_double_or_nobodys() {
    let ledger = Ledger::new(seed());
    let site = Site::new(Some(shared().database()), &[]);
    let _server = site.start().await;
    let traffic = Traffic::start(&ledger, &site.address(), Load { senders: 1, ..Load::default() });
    ledger.more(20).await;
    traffic.finish().await;
    site.drained().await;
    let clickhouse = site.clickhouse();
    ledger.check(&clickhouse).await;

    // One message is lost, one stored again past the token, and one is nobody's.
    let ids: Vec<String> = clickhouse.rows("SELECT message_id FROM messages ORDER BY message_id LIMIT 2").await.unwrap();
    let [lost, double] = ids.as_slice() else { panic!("messages were stored") };
    let delete = format!("DELETE FROM messages WHERE message_id = '{lost}' SETTINGS lightweight_deletes_sync = 2");
    clickhouse.execute(&delete).await.unwrap();
    let wrong = ledger.wrong(&clickhouse).await.join("\n");
    let batch = |id: &str| id.split('/').next().unwrap().to_owned();
    assert!(wrong.contains(&format!("{}, {:?}", batch(lost), Fate::Acknowledged)) && wrong.contains("messages of sessions are"), "{wrong}");

    clickhouse.execute(&format!("INSERT INTO messages SELECT * FROM messages WHERE message_id = '{double}'")).await.unwrap();
    let nobodys = format!(
        "INSERT INTO messages SELECT * REPLACE ('nobody/0' AS message_id) FROM (SELECT * FROM messages WHERE message_id = '{double}' LIMIT 1)"
    );
    clickhouse.execute(&nobodys).await.unwrap();
    let wrong = ledger.wrong(&clickhouse).await.join("\n");
    assert!(wrong.contains(&format!("{}, ", batch(double))) && wrong.contains("nobody is stored and was never sent"), "{wrong}");
}
