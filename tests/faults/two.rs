//! Two servers on one store.

use crate::support::engine::shared;
use crate::support::ledger::Ledger;
use crate::support::seed;
use crate::support::server::Site;
use crate::support::traffic::{Load, Traffic};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_is_refused_and_the_first_undisturbed() {
    for database in [None, Some(shared().database())] {
        let embedded = database.is_none();
        let ledger = Ledger::new(seed());
        let site = Site::new(database, &[]);
        let mut first = site.start().await;
        let traffic = Traffic::start(&ledger, &site.address(), Load { abandon: 0.0, ..Load::default() });
        ledger.more(10).await;
        let refused = site.refused().await;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains("in use by") && said.contains("--store"), "{said}");
        assert!(!embedded || said.contains(&format!("process {}", first.pid())), "{said}");
        ledger.more(10).await;
        traffic.finish().await;
        site.drained().await;
        assert!(first.is_alive());
        ledger.check(&site.clickhouse()).await;
        assert_eq!(ledger.broken.load(std::sync::atomic::Ordering::Relaxed), 0, "requests that broke");
    }
}
