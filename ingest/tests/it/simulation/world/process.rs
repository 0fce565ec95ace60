//! The process of a world: started, killed, and what its thread does when the disk fails.

use super::*;

impl World {
    pub(super) fn restart(&mut self, why: &str) {
        note!(self, "{why}");
        self.process = None;
        self.disk.kill();
    }

    pub(super) fn power_fails(&mut self) {
        self.process = None;
        let rng = &mut self.rng;
        self.disk.crash(|below| rng.random_range(0..below));
        for batch in self.batches.iter_mut().filter(|batch| batch.loose) {
            batch.perishable = true;
        }
        // The machine's uptime begins anew, at its next start.
        (self.now.boot, self.now.up_ms) = (self.now.boot + 1, 10_000);
        note!(self, "the power fails");
        if self.rng.random_bool(0.3) {
            self.clickhouse.reboot(self.time, &mut self.rng);
            note!(self, "and clickhouse's, forgot {}", self.clickhouse.forgot_tokens);
        }
    }

    /// The process, started if it is not there; `None` while it cannot be.
    pub(super) fn process(&mut self) -> Option<&mut Process> {
        if self.disk.is_dead() {
            self.restart("died");
        }
        if self.process.as_ref().is_some_and(|process| process.failed) && self.rng.random_bool(0.2) {
            self.restart("restarted after the disk failed");
        }
        if self.process.is_none() {
            // That the first flush after a death fails is one fault more than we can bear: nobody is left who knows what was acknowledged.
            self.disk.fail_sync_after(None);
            match Core::open(Arc::new(self.disk.clone()), self.config, self.now) {
                Err(error) => {
                    note!(self, "cannot start: {error:?}");
                    return None;
                }
                Ok(_) if self.disk.is_dead() => return None,
                Ok((core, found)) => {
                    assert_eq!(found.damaged, 0, "damage where nothing was damaged");
                    let at = found.unsealed.map_or_else(|| core.extents().all().last().map_or(0, |extent| extent.segment), |at| at.segment);
                    let open: Vec<u64> = found.open.iter().map(|open| open.sealed.shipment).collect();
                    note!(self, "starts: open {open:?}, from {}, next shipment {}", found.first_unsealed, found.next_shipment);
                    self.process = Some(Process {
                        reader: Reader::new(core.disk().clone(), core.extents().clone(), at),
                        route: Route::new(&found),
                        work: Work::Gathering(Shipment::default()),
                        fresh: found.entries.iter().map(|(.., entry)| (entry.name, *entry)).collect(),
                        full: found.full,
                        failed: false,
                        outage_ended: false,
                        core,
                    });
                }
            }
        }
        self.process.as_mut()
    }

    pub(super) fn is_dead(&self) -> bool {
        self.disk.is_dead() || self.process.is_none()
    }

    /// What the thread that writes makes of a failure.
    pub(super) fn judge<T>(&mut self, done: Result<T, AppendError>) -> Option<T> {
        let process = self.process.as_mut()?;
        match done {
            _ if self.disk.is_dead() => None,
            Ok(done) => Some(done),
            Err(error) => {
                process.full |= matches!(error, AppendError::Full(_));
                process.failed |= !matches!(error, AppendError::Full(_));
                if process.full && !process.failed {
                    // As the thread does: tried again later.
                    let _ = process.core.release_ballast();
                }
                if process.failed {
                    self.give_up_loose();
                }
                note!(self, "the disk: {error:?}");
                None
            }
        }
    }

    pub(super) fn tick(&mut self) {
        let (now, keep_ms) = (self.now, self.keep_ms);
        let Some(process) = self.process() else { return };
        let keep_ms = if process.full { 0 } else { keep_ms };
        let reclaimed = process.core.reclaim(now, keep_ms);
        let is_unflushed = reclaimed.is_err();
        if process.full && !process.failed && process.core.restore_ballast().is_ok() {
            process.full = false;
        }
        note!(self, "tick: reclaimed {reclaimed:?}");
        if is_unflushed {
            self.give_up_loose();
        }
    }

    pub(super) fn flush_log(&mut self) {
        let Some(process) = self.process() else { return };
        let flushed = process.core.flush();
        if self.judge(flushed).is_some() {
            self.all_is_flushed();
        }
    }

    /// What a flush that failed should have flushed may be gone.
    pub(super) fn give_up_loose(&mut self) {
        self.batches.iter_mut().for_each(|batch| batch.perishable |= batch.loose);
    }

    pub(super) fn all_is_flushed(&mut self) {
        self.batches.iter_mut().for_each(|batch| batch.loose = false);
    }

    /// What is in memory is bounded: what is in files goes first.
    pub(super) fn forget_what_is_on_disk(&mut self) {
        let Some(process) = self.process() else { return };
        let runs = process.core.runs().clone();
        process.fresh.retain(|name, _| !matches!(runs.find(*name), Ok(Some(_))));
    }
}
