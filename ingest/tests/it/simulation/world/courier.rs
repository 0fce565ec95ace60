//! The courier of a world: what it has in hand, a step at a time.

use arrow::array::RecordBatch;

use super::*;

impl World {
    pub(super) fn courier_steps(&mut self) {
        for _ in 0..self.rng.random_range(1..6) {
            self.courier_step();
        }
    }

    /// Whether it found something to do.
    pub(super) fn courier_step(&mut self) -> bool {
        let now = self.now;
        let Some(process) = self.process() else { return true };
        match std::mem::replace(&mut process.work, Work::Gathering(Shipment::default())) {
            Work::Gathering(shipment) => self.gather(shipment),
            Work::Sealing(shipment, sealed) => {
                let marked = process.core.mark(&Mark::Sealed(sealed), now.wall);
                let done = self.judge(marked).is_some();
                if done {
                    note!(self, "sealed {}: frames {} to {}", sealed.shipment, sealed.first, sealed.last);
                    self.all_is_flushed();
                }
                let work = match done {
                    true => Work::Riding(sealed, legs(Journey::First, &shipment), Then::Settle),
                    false => Work::Sealing(shipment, sealed),
                };
                self.set_work(work);
                true
            }
            Work::Riding(sealed, legs, then) => {
                self.ride(sealed, legs, then);
                true
            }
            Work::Settling(sealed) => {
                let marked = process.core.mark(&Mark::Settled { shipment: sealed.shipment, through: sealed.last }, now.wall);
                if self.judge(marked).is_none() {
                    self.set_work(Work::Settling(sealed));
                    return true;
                }
                note!(self, "settled {}", sealed.shipment);
                let (keep_ms, started) = (self.keep_ms, self.clickhouse_started());
                let Some(process) = self.process.as_mut() else { return true };
                process.route.settle(sealed, Millis(now.wall.0 - keep_ms));
                // What cannot be removed is tried again.
                let is_unflushed = process.core.reclaim(now, if process.full { 0 } else { keep_ms }).is_err();
                if (!process.route.knows_clickhouse() || std::mem::take(&mut process.outage_ended))
                    && process.route.clickhouse_started(started)
                {
                    let again = process.route.settled().copied().collect();
                    self.repair(again);
                }
                if is_unflushed {
                    self.give_up_loose();
                }
                true
            }
        }
    }

    fn set_work(&mut self, work: Work) {
        if let Some(process) = self.process.as_mut() {
            process.work = work;
        }
    }

    fn gather(&mut self, mut shipment: Shipment) -> bool {
        let now = self.now;
        let patient = self.rng.random_bool(0.3);
        let Some(process) = self.process.as_mut() else { return true };
        if let Some(open) = process.route.open().cloned() {
            let mut reader = Reader::new(process.core.disk().clone(), process.core.extents().clone(), open.sealed.segment);
            // What could not be read is read again.
            if let Ok(shipment) = Shipment::read(&mut reader, &open.sealed) {
                process.work = Work::Riding(open.sealed, legs(Journey::Resumed(&open), &shipment), Then::Settle);
            }
            return true;
        }
        let from = if shipment.is_empty() { process.route.from() } else { shipment.until() };
        let gathered = shipment.gather(&mut process.reader, from, &LIMITS);
        if shipment.is_empty() && matches!(gathered, Ok(false)) {
            return false;
        }
        let goes = !patient || matches!(gathered, Ok(true));
        process.work = match if goes { process.route.seal(&shipment, now) } else { None } {
            Some(sealed) => Work::Sealing(shipment, sealed),
            None => Work::Gathering(shipment),
        };
        true
    }

    pub(super) fn repair(&mut self, mut again: Vec<Sealed>) {
        let Some(process) = self.process.as_mut() else { return };
        let Some(sealed) = again.pop() else { return };
        let mut reader = Reader::new(process.core.disk().clone(), process.core.extents().clone(), sealed.segment);
        if let Ok(shipment) = Shipment::read(&mut reader, &sealed) {
            process.work = Work::Riding(sealed, legs(Journey::Repair, &shipment), Then::Repair(again));
            note!(self, "looks for {} again", sealed.shipment);
        }
    }

    fn ride(&mut self, sealed: Sealed, mut legs: Vec<(String, Cargo, Leg)>, then: Then) {
        legs.retain(|(.., leg)| leg.next() != Step::Done);
        if legs.is_empty() {
            match then {
                Then::Settle => self.set_work(Work::Settling(sealed)),
                Then::Repair(again) => self.repair(again),
            }
            return;
        }
        let choice = self.rng.random_range(0..legs.len());
        let (table, cargo, leg) = &mut legs[choice];
        let dead_letters = self.clickhouse.dead_letters.clone();
        self.leg_step(&sealed, table, cargo, leg);
        self.buried_anew |= matches!(then, Then::Repair(_)) && self.clickhouse.dead_letters != dead_letters;
        if !self.is_dead() {
            self.set_work(Work::Riding(sealed, legs, then));
        }
    }

    fn leg_step(&mut self, sealed: &Sealed, table: &str, cargo: &Cargo, leg: &mut Leg) {
        let spool = match self.process.as_ref() {
            Some(process) => process.core.id().to_string(),
            None => return,
        };
        let token = |suffix: &str| route::token(&spool, sealed.shipment, table, suffix);
        let trust = route::trust(&sealed.at, &self.now, self.clickhouse_up_ms());
        let rng = &mut self.rng;
        match leg.next() {
            Step::Done => {}
            Step::Wait(wait) => {
                self.pass(i64::try_from(wait.as_millis()).unwrap());
                leg.waited();
            }
            Step::Trust if self.clickhouse.is_down => {
                leg.uncounted();
            }
            Step::Trust => {
                leg.trusted(trust);
                // What ClickHouse said holds until it is sent something: were it to restart in between, the connection would break.
                self.leg_step(sealed, table, cargo, leg);
            }
            Step::Count => match self.clickhouse.count(table, (sealed.first, sealed.last), rng) {
                Ok(stored) => {
                    note!(self, "{} {table}: has {stored:?}, tokens {trust:?}", sealed.shipment);
                    leg.counted(&cargo.held(&stored).unwrap(), trust);
                    self.leg_step(sealed, table, cargo, leg);
                }
                Err(_) => {
                    leg.uncounted();
                }
            },
            Step::Insert(parcel) => {
                let token = token(&parcel.suffix);
                let inserted = if parcel.count() == cargo.rows() {
                    self.clickhouse.insert(table, &cargo.stream().concat(), &token, rng)
                } else {
                    self.clickhouse.insert_batches(table, &picked(cargo, &parcel), &token, rng)
                };
                note!(self, "insert {table} {:?} but {:?} as {}: {inserted:?}", parcel.rows, parcel.without, &token[36..]);
                match inserted {
                    Ok(()) => leg.inserted(),
                    Err(error) => leg.failed(Failure { verdict: Verdict::of(&error), reason: error.to_string().into() }),
                }
                if let Some(process) = self.process.as_mut() {
                    process.outage_ended = true;
                }
            }
            Step::Probe(parcel) => {
                let tried = self.clickhouse.probe(&picked(cargo, &parcel), rng);
                note!(self, "probe {table} {:?}: {tried:?}", parcel.rows);
                leg.probed(tried.map_err(|error| Failure { verdict: Verdict::of(&error), reason: error.to_string().into() }));
            }
            Step::Split(split) => {
                let mark = Mark::Split { shipment: sealed.shipment, table: table.to_owned(), split: split.clone() };
                let now = self.now.wall;
                let Some(process) = self.process.as_mut() else { return };
                let marked = process.core.mark(&mark, now);
                if self.judge(marked).is_some() {
                    note!(self, "split {} {table} {split:?}", sealed.shipment);
                    leg.split();
                }
            }
            Step::Bury(burial) => {
                let rows: Vec<u32> = burial.rows.iter().map(|(row, _)| *row).collect();
                let buried = self.clickhouse.bury(table, &cargo.singles(&rows).unwrap(), &token(&burial.suffix), rng);
                note!(self, "bury {} {table} {rows:?}: {buried:?}", sealed.shipment);
                if buried.is_ok() {
                    leg.buried();
                }
            }
        }
    }
}

fn picked(cargo: &Cargo, parcel: &Parcel) -> Vec<RecordBatch> {
    cargo.pick(&parcel.rows, &parcel.without).unwrap()
}

fn legs(journey: Journey<'_>, shipment: &Shipment) -> Vec<(String, Cargo, Leg)> {
    journey.legs(shipment, WAITS).into_iter().map(|(table, cargo, leg)| (table.to_owned(), cargo.clone(), leg)).collect()
}
