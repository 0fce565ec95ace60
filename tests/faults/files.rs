//! The server runs out of file descriptors.

use std::time::Duration;

use tokio::net::TcpStream;

use crate::support::engine::shared;
use crate::support::ledger::Ledger;
use crate::support::server::Site;
use crate::support::traffic::{Batch, Load, Traffic};
use crate::support::{client, dice, seed, times, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_files_to_open_it_keeps_what_it_acknowledged_and_recovers() {
    let seed = seed();
    let (ledger, mut dice) = (Ledger::new(seed), dice(seed));
    // Each group of batches begins a segment, for which a file has to be opened.
    let site = Site::new(Some(shared().database()), &["--spool-keep-minutes", "0", "--idle-within", "600s"]);
    let server = site.start_after("ulimit -n 64", &[]).await;
    let traffic = Traffic::start(&ledger, &site.address(), Load { abandon: 0.0, ..Load::default() });
    for round in 0..times(2, 20) {
        ledger.more(20).await;
        let mut held = Vec::new();
        for _ in 0..150 {
            held.push(TcpStream::connect(server.address()).await.unwrap());
        }
        until("it runs out of files", async || server.said().contains("cannot accept connections").then_some(())).await;
        // Those that got in go on sending; what they are told holds.
        for (n, stream) in held.iter_mut().take(20).enumerate() {
            let batch = Batch::new(format!("{seed}-held-{round}-{n}"), "held", 0.0, &mut dice);
            ledger.begin(&batch);
            let request = client::post(&batch.body);
            let request = client::answer(stream, &request);
            let answer =
                tokio::time::timeout(Duration::from_secs(1), request).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
            ledger.end(&batch.name, ledger.judge(&batch, &answer));
        }
    }
    traffic.finish().await;
    site.drained().await;
    ledger.check(&site.clickhouse()).await;
}
