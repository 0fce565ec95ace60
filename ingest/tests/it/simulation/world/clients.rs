//! The clients of a world, who send batches, some of them again.

use super::*;

impl World {
    pub(super) fn new_batch(&mut self) -> usize {
        let index = self.batches.len();
        let day = self.rng.random_range(0..3);
        let rows = (0..self.rng.random_range(1..5))
            .map(|row| {
                let nature = match self.rng.random_range(0..60) {
                    0 => Nature::Poison,
                    1 => Nature::ViewPoison,
                    _ => Nature::Sound,
                };
                let table = if self.rng.random_bool(0.3) { "activity" } else { "session_events" };
                (format!("{index}-{row}"), table, nature)
            })
            .collect();
        self.batches.push(Batch {
            name: self.rng.random_bool(0.8).then(|| self.rng.random()),
            rows,
            day,
            acknowledged: false,
            loose: false,
            perishable: false,
            taken: None,
            retired: false,
        });
        index
    }

    pub(super) fn clients_send(&mut self) {
        let mut chosen = Vec::new();
        for _ in 0..self.rng.random_range(1..4) {
            let again = (0..self.batches.len()).filter(|&index| self.batches[index].name.is_some() && !self.batches[index].retired);
            let again: Vec<usize> = again.collect();
            let batch = if again.is_empty() || self.rng.random_bool(0.6) {
                self.new_batch()
            } else {
                // Lately sent ones sooner.
                let from = if self.rng.random_bool(0.7) { again.len().saturating_sub(5) } else { 0 };
                again[self.rng.random_range(from..again.len())]
            };
            if !chosen.contains(&batch) {
                chosen.push(batch);
            }
        }
        self.send(&chosen);
    }

    /// Batches that arrive together.
    pub(super) fn send(&mut self, chosen: &[usize]) {
        let (now, time, flush) = (self.now, self.time, self.flush);
        let Some(process) = self.process() else { return };
        let (closed, runs) = (process.full || process.failed, process.core.runs().clone());
        let known = process.fresh.clone();
        let mut group = Group::default();
        let mut taken = Vec::new();
        for &index in chosen {
            let name = self.batches[index].name;
            let fresh = name.and_then(|name| known.get(&name).copied());
            let found = match name.filter(|_| fresh.is_none()).map(|name| runs.find(name)) {
                // It is told to come again.
                Some(Err(_)) => continue,
                Some(Ok(found)) => found,
                None => fresh,
            };
            if let Some(entry) = found {
                let batch = &mut self.batches[index];
                assert_eq!(entry.accepted as usize, batch.rows.len());
                note!(self, "batch {index} came before");
                batch.acknowledged = true;
                continue;
            }
            let batch = &mut self.batches[index];
            let forgiven = batch.perishable || !batch.acknowledged || self.disk.is_dead();
            assert!(forgiven, "batch {index} was acknowledged and is forgotten");
            if closed {
                continue;
            }
            batch.taken.get_or_insert(time);
            batch.write(&mut group, now.wall.0);
            taken.push(index);
        }
        if taken.is_empty() {
            return;
        }
        let Some(process) = self.process.as_mut() else { return };
        let appended = match process.core.append(&group, now, flush) {
            Ok(appended) => Ok(appended),
            Err(WriteError::Append(error)) => Err(error),
            Err(WriteError::Encode(error)) => panic!("{error}"),
        };
        let entries = group.entries.clone();
        let Some(appended) = self.judge(appended) else { return note!(self, "batches {taken:?} are not taken") };
        note!(self, "batches {taken:?} are frame {}", appended.seq);
        if let Some(process) = self.process.as_mut() {
            process.fresh.extend(entries.iter().map(|entry| (entry.name, *entry)));
        }
        for index in taken {
            let hears = self.rng.random_bool(0.9);
            let batch = &mut self.batches[index];
            // A machine that lost its power may have lost this again.
            (batch.acknowledged, batch.loose) = (hears, flush == Flush::Later);
            batch.perishable = false;
        }
    }
}

impl Batch {
    pub(super) fn write(&self, group: &mut Group, now: i64) {
        for (id, table, nature) in &self.rows {
            let keys = Keys { project: "p".into(), session_id: id.as_str().into(), user_id: nature.mark().into(), ..Keys::default() };
            let stamp = Stamp::at(now - now.rem_euclid(DAY_MS) - self.day * DAY_MS);
            let keys = Arc::new(keys);
            match *table {
                "activity" => group.records.Activity.push(Activity { keys, stamp, ..Activity::default() }),
                _ => group.records.SessionEvents.push(SessionEvent { keys, stamp, ..SessionEvent::default() }),
            }
        }
        group.entries.extend(self.name.map(|name| Entry { name, accepted: self.rows.len() as u32 }));
        *group.projects.entry("p".into()).or_default() += self.rows.len() as u64;
    }
}
