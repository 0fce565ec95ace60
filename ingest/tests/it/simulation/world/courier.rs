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
                    true => ride(Dispatch::new(sealed), Journey::First, &shipment, Then::Settle),
                    false => Work::Sealing(shipment, sealed),
                };
                self.set_work(work);
                true
            }
            Work::Riding(dispatch, legs, then) => {
                self.ride(dispatch, legs, then);
                true
            }
            Work::Settling(dispatch) => {
                let sealed = dispatch.sealed;
                let marked = process.core.mark(&Mark::Settled { shipment: sealed.shipment, through: sealed.last }, now.wall);
                if self.judge(marked).is_none() {
                    self.set_work(Work::Settling(dispatch));
                    return true;
                }
                note!(self, "settled {}", sealed.shipment);
                let (keep_ms, started) = (self.keep_ms, self.clickhouse_started());
                let Some(process) = self.process.as_mut() else { return true };
                process.route.settle(dispatch, Millis(now.wall.0 - keep_ms));
                // What cannot be removed is tried again.
                let is_unflushed = process.core.reclaim(now, if process.full { 0 } else { keep_ms }).is_err();
                if (!process.route.knows_clickhouse() || std::mem::take(&mut process.outage_ended))
                    && process.route.clickhouse_started(started)
                {
                    let again = process.route.take_settled();
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
                process.work = ride(open, Journey::Resumed, &shipment, Then::Settle);
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

    pub(super) fn repair(&mut self, mut again: VecDeque<Dispatch>) {
        let Some(process) = self.process.as_mut() else { return };
        let Some(dispatch) = again.pop_front() else { return };
        let mut reader = Reader::new(process.core.disk().clone(), process.core.extents().clone(), dispatch.sealed.segment);
        match Shipment::read(&mut reader, &dispatch.sealed) {
            Ok(shipment) => {
                note!(self, "looks for {} again", dispatch.sealed.shipment);
                process.work = ride(dispatch, Journey::Repair, &shipment, Then::Repair(again));
            }
            // What could not be read is not looked for.
            Err(_) => std::iter::once(dispatch).chain(again).for_each(|dispatch| process.route.repaired(dispatch)),
        }
    }

    fn ride(&mut self, mut dispatch: Dispatch, mut legs: Vec<(String, Cargo, Leg)>, then: Then) {
        legs.retain(|(.., leg)| leg.next() != Step::Done);
        if legs.is_empty() {
            match (then, self.process.as_mut()) {
                (Then::Settle, _) => self.set_work(Work::Settling(dispatch)),
                (Then::Repair(again), Some(process)) => {
                    process.route.repaired(dispatch);
                    self.repair(again);
                }
                (Then::Repair(_), None) => {}
            }
            return;
        }
        let choice = self.rng.random_range(0..legs.len());
        let (table, cargo, leg) = &mut legs[choice];
        self.leg_step(&mut dispatch, table, cargo, leg);
        if !self.is_dead() {
            self.set_work(Work::Riding(dispatch, legs, then));
        }
    }

    fn leg_step(&mut self, dispatch: &mut Dispatch, table: &str, cargo: &Cargo, leg: &mut Leg) {
        let sealed = dispatch.sealed;
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
                self.leg_step(dispatch, table, cargo, leg);
            }
            Step::Count => match self.clickhouse.count(table, (sealed.first, sealed.last), rng) {
                Ok(stored) => {
                    note!(self, "{} {table}: has {stored:?}, tokens {trust:?}", sealed.shipment);
                    leg.counted(&cargo.held(&stored).unwrap(), trust);
                    self.leg_step(dispatch, table, cargo, leg);
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
                    dispatch.splits.push((table.to_owned(), split));
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

fn ride(dispatch: Dispatch, journey: Journey, shipment: &Shipment, then: Then) -> Work {
    let legs = journey.legs(shipment, &dispatch, WAITS).into_iter();
    let legs = legs.map(|(table, cargo, leg)| (table.to_owned(), cargo.clone(), leg)).collect();
    Work::Riding(dispatch, legs, then)
}
