//! What happens to a world: ClickHouse, the clocks, the disk.

use super::*;

impl World {
    pub(super) fn clickhouse_changes(&mut self) {
        match self.rng.random_range(0..4) {
            0 => self.clickhouse.is_down = !self.clickhouse.is_down,
            1 => self.clickhouse.restart(self.time),
            2 => self.clickhouse.reboot(self.time, &mut self.rng),
            _ => {
                // Long enough for other inserts to push tokens out.
                let hours = [3, 3, 3, 13][self.rng.random_range(0..4)];
                self.pass(hours * HOUR_MS);
                if self.rng.random_bool(0.3) {
                    self.clickhouse.forget_tokens();
                }
            }
        }
        note!(
            self,
            "clickhouse: down {}, booted {}, forgot {}",
            self.clickhouse.is_down,
            self.clickhouse.booted,
            self.clickhouse.forgot_tokens
        );
    }

    /// Somebody sets the clock on the wall, of this machine and of ClickHouse's. Often because one of them was started or stood still, so that tokens are
    /// forgotten and the clock tells another story before the courier looks.
    pub(super) fn clock_jumps(&mut self) {
        if self.rng.random_bool(0.7) {
            self.clickhouse_changes();
        }
        let by = [-DAY_MS, DAY_MS, -HOUR_MS, HOUR_MS, -3 * HOUR_MS, 60_000, -600_000][self.rng.random_range(0..7)];
        note!(self, "the clock moves by {by} ms");
        self.now.wall.0 += by;
    }

    /// Time passes, by whatever clock.
    pub(super) fn pass(&mut self, ms: i64) {
        self.time += ms;
        self.now.wall.0 += ms;
        self.now.up_ms += ms;
        for batch in &mut self.batches {
            batch.retired |= batch.taken.is_some_and(|taken| self.time - taken >= DAY_MS - 600_000);
        }
    }

    /// How long ClickHouse's machine has been up.
    pub(super) fn clickhouse_up_ms(&self) -> Option<i64> {
        Some(self.time - self.clickhouse.booted)
    }

    /// Since when ClickHouse says it runs, by the clock of now.
    pub(super) fn clickhouse_started(&self) -> Millis {
        Millis(self.now.wall.0 - (self.time - self.clickhouse.started))
    }

    pub(super) fn fill_disk(&mut self) {
        let room = self.rng.random_range(0..8_000);
        note!(self, "the disk has room for {room} bytes");
        self.disk.set_room(Some(room));
    }
}
