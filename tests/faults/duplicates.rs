//! One batch, many copies.

use tokio::task::JoinSet;

use crate::support::engine::shared;
use crate::support::ledger::{Fate, Ledger};
use crate::support::server::Site;
use crate::support::traffic::Batch;
use crate::support::{client, dice, seed};

const COPIES: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_sent_a_hundred_times_at_once_and_again_later_is_stored_once() {
    let ledger = Ledger::new(seed());
    let site = Site::new(Some(shared().database()), &[]);
    let batch = Batch::new(format!("{}-copies", ledger.seed), "s", 0.0, &mut dice(ledger.seed));
    ledger.begin(&batch);
    // The third server finds the name where the second found it, or where the second put it.
    for expected in [COPIES - 1, COPIES, COPIES] {
        let server = site.start().await;
        let mut copies = JoinSet::new();
        for _ in 0..COPIES {
            let (address, body) = (server.address(), batch.body.clone());
            copies.spawn(async move { client::send(address, &body).await });
        }
        let mut duplicates = 0;
        while let Some(answer) = copies.join_next().await {
            let answer = answer.unwrap();
            assert_eq!(ledger.judge(&batch, &answer), Fate::Acknowledged);
            duplicates += usize::from(answer.unwrap().is_duplicate());
        }
        ledger.end(&batch.name, Fate::Acknowledged);
        assert_eq!(duplicates, expected);
        site.drained().await;
        server.kill();
    }
    ledger.check(&site.clickhouse()).await;
}
