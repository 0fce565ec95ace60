//! The disk of the spool fills up, and is freed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

use crate::support::engine::shared;
use crate::support::ledger::Ledger;
use crate::support::proxy::Proxy;
use crate::support::server::Site;
use crate::support::traffic::{Load, Traffic};
use crate::support::{client, seed, times, until};

/// A small disk.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> SmallDisk {
        std::fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(at).output().expect("run mount");
        let said = String::from_utf8_lossy(&mounted.stderr).into_owned();
        assert!(
            mounted.status.success(),
            "this test needs leave to mount a tmpfs on {} (run it as root, or in a container with CAP_SYS_ADMIN): {said}",
            at.display()
        );
        SmallDisk(at.to_owned())
    }

    /// Another program takes room, all or all but so many bytes of it.
    fn fill(&self, leave: u64) {
        let filler = self.0.join("filler");
        let mut length = 24u64 << 20;
        // The length that still fits, found from above.
        while std::fs::write(&filler, vec![1; length as usize]).is_err() {
            length -= 64 << 10;
        }
        std::fs::write(&filler, vec![1; length.saturating_sub(leave) as usize]).unwrap();
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_turns_senders_away_until_there_is_room() {
    let ledger = Ledger::new(seed());
    let database = shared().database();
    let proxy = Proxy::before(&database.url).await;
    let site = Site::new(Some(database.at(&proxy.url)), &["--spool-keep-minutes", "0"]);
    let disk = SmallDisk::mount(&site.path().join("spool"));
    let server = site.start().await;
    let traffic = Traffic::start(&ledger, &site.address(), Load { abandon: 0.0, ..Load::default() });
    ledger.more(20).await;
    for round in 0..times(2, 20) {
        let full = async || (site.metric("qoe_spool_healthy").await? == 0).then_some(());
        if round % 2 == 0 {
            // Another program takes all room, and gives it back.
            disk.fill(0);
            until("the disk is full", full).await;
            let before = ledger.pushed_back.load(Relaxed);
            until("senders are turned away", async || (ledger.pushed_back.load(Relaxed) > before).then_some(())).await;
            let answer = client::get(server.address(), "/readyz").await.unwrap();
            assert_eq!((answer.status, answer.retry_after), (503, Some(10)), "{}", answer.text);
            assert!(answer.text.contains("the disk of the spool is full"), "{}", answer.text);
            disk.free();
        } else {
            // What waits takes it: only delivery makes room again.
            proxy.open(false);
            disk.fill(3 << 20);
            until("the disk is full", full).await;
            proxy.open(true);
        }
        until("rows are taken again", async || (site.metric("qoe_spool_healthy").await? == 1).then_some(())).await;
        ledger.more(20).await;
        if round % 2 == 1 {
            disk.free();
        }
    }
    traffic.finish().await;
    site.drained().await;
    ledger.check(&database.endpoint()).await;
    drop(server);
}
