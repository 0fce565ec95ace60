//! The end of a world: everything is mended, and the ledger is read.

use super::*;

impl World {
    /// Everything is mended, everyone who was not answered asks again, and all is delivered.
    pub fn heal(&mut self) {
        note!(self, "all is mended");
        self.disk.die_after(None);
        self.disk.set_room(None);
        self.disk.fail_sync_after(None);
        self.disk.fail_read_after(None);
        (self.clickhouse.is_down, self.clickhouse.is_well) = (false, true);
        let (now, keep_ms) = (self.now, self.keep_ms);
        // Also where the flush that failed was that before something is removed: nobody was told yet.
        if self.process.as_mut().is_some_and(|process| process.failed || process.core.reclaim(now, keep_ms).is_err()) {
            self.restart("restarted to mend it");
        }
        self.tick();
        self.deliver_on_a_full_disk();
        for index in 0..self.batches.len() {
            if self.batches[index].name.is_some() && !self.batches[index].acknowledged && !self.batches[index].retired {
                self.send(&[index]);
                self.send(&[index]);
            }
        }
        self.drain();
        let keep_ms = self.keep_ms;
        self.pass(keep_ms);
        let now = self.now;
        let process = self.process().unwrap();
        process.core.reclaim(now, keep_ms).unwrap();
        let segments = process.core.extents().all().iter().filter(|extent| extent.end > 0).count();
        assert!(segments <= 1, "{segments} segments are left of what is delivered");
        // Also the process after this one remembers.
        self.restart("restarted at the end");
        for index in 0..self.batches.len() {
            if self.batches[index].name.is_some() && self.batches[index].acknowledged && !self.batches[index].retired {
                self.send(&[index]);
            }
        }
        self.drain();
    }

    /// A disk that fills up while there is something to deliver, and stays full, keeps nothing from being delivered.
    pub(super) fn deliver_on_a_full_disk(&mut self) {
        for room in [None, Some(100)] {
            self.disk.set_room(room);
            let batch = self.new_batch();
            self.send(&[batch]);
        }
        self.drain();
        self.disk.set_room(None);
        self.tick();
    }

    pub(super) fn drain(&mut self) {
        for _ in 0..PATIENCE {
            if !self.courier_step() {
                return;
            }
        }
        panic!("what is in the spool is not delivered");
    }

    /// Every acknowledged row is there once, and no row twice.
    pub fn check(&self) {
        for (index, batch) in self.batches.iter().enumerate() {
            for (id, table, nature) in &batch.rows {
                let key = ((*table).to_owned(), id.clone());
                let stored = self.clickhouse.rows.get(&key).copied().unwrap_or_default();
                let dead = self.clickhouse.dead_letters.get(&key).copied().unwrap_or_default();
                let what = format!("row {id} of batch {index}, {nature:?}: {stored} times stored, {dead} times a dead letter: {batch:?}");
                assert!(stored <= 1, "twice: {what}");
                assert!(dead <= 1 || self.clickhouse.forgot_tokens, "buried twice: {what}");
                assert!(dead == 0 || *nature != Nature::Sound, "buried alive: {what}");
                assert!(stored == 0 || *nature != Nature::Poison, "impossible: {what}");
                let kept = batch.acknowledged && !batch.perishable;
                assert!(stored + dead > 0 || !kept, "lost: {what}");
            }
        }
    }
}
