//! Senders that behave as `WIRE.md` asks: one batch at a time, sent again unchanged until it is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::ledger::{Fate, Ledger};
use super::{DEADLINE, client, dice};

/// Longest wait that a sender is talked into; the server asks for more.
const LONGEST_WAIT_MS: u64 = 200;
/// A row that [`POISON_CONSTRAINT`] does not let in.
pub const POISON: &str = "poison";
/// What makes ClickHouse refuse such rows.
pub const POISON_CONSTRAINT: &str = "ALTER TABLE samples ADD CONSTRAINT no_poison CHECK codec != 'poison'";

/// How much is sent, and how.
#[derive(Clone, Copy)]
pub struct Load {
    pub senders: u64,
    /// Between batches.
    pub pause: Duration,
    /// Share of samples that are poison.
    pub poison: f64,
    /// Probability that a sender gives a batch up when it was not answered.
    pub abandon: f64,
}

impl Default for Load {
    fn default() -> Self {
        Load { senders: 4, pause: Duration::from_millis(10), poison: 0.0, abandon: 0.05 }
    }
}

/// A batch as it is sent, every time.
pub struct Batch {
    pub name: String,
    pub body: String,
    pub rows: u64,
    pub poison: u64,
}

impl Batch {
    /// Samples, messages and joins of the last three days. Each row has an id of its own in a column that is kept: `batch/row`.
    pub fn new(name: String, session: &str, poison: f64, dice: &mut ChaCha8Rng) -> Batch {
        let now = chrono::Utc::now().timestamp_millis();
        let rows = dice.random_range(1..=20u64);
        let mut poisoned = 0;
        let listed: Vec<Value> = (0..rows)
            .map(|row| {
                let (id, at) = (format!("{name}/{row}"), now - dice.random_range(0..3i64) * 86_400_000);
                let n = dice.random_range(1..200u32);
                match dice.random_range(0..10) {
                    0..6 => {
                        let bad = dice.random_bool(poison);
                        poisoned += u64::from(bad);
                        json!({"type": "sample", "at": at, "stream_id": id, "seq": row, "kind": "audio", "direction": "inbound", "interval_ms": 2000,
                            "codec": if bad { POISON } else { "opus" }, "rtt_ms": n, "packets_received": 100 + n, "packets_lost": n % 7})
                    }
                    6..9 => json!({"type": "message", "at": at, "message_id": id, "delivered": true, "delivery_ms": n}),
                    _ => json!({"type": "event", "at": at, "name": "joined", "connect_ms": n, "reason": id}),
                }
            })
            .collect();
        let context = json!({"project": "default", "session_id": session, "user_id": format!("u-{session}"), "service": "video_call"});
        let body = json!({"batch_id": name, "context": context, "rows": listed}).to_string();
        Batch { name, body, rows, poison: poisoned }
    }
}

/// Senders at work.
pub struct Traffic {
    stop: Arc<AtomicBool>,
    senders: JoinSet<()>,
}

impl Traffic {
    pub fn start(ledger: &Arc<Ledger>, address: &watch::Receiver<Option<SocketAddr>>, load: Load) -> Traffic {
        let stop = Arc::new(AtomicBool::new(false));
        let mut senders = JoinSet::new();
        for _ in 0..load.senders {
            let number = ledger.sender();
            let sender = Sender {
                ledger: ledger.clone(),
                address: address.clone(),
                load,
                number,
                dice: dice(ledger.seed.wrapping_mul(1000).wrapping_add(number)),
            };
            senders.spawn(sender.run(stop.clone()));
        }
        Traffic { stop, senders }
    }

    /// Lets each sender bring the batch at hand to its end.
    pub async fn finish(mut self) {
        self.stop.store(true, Relaxed);
        let all = async {
            while let Some(sender) = self.senders.join_next().await {
                sender.expect("a sender does not fail");
            }
        };
        tokio::time::timeout(DEADLINE, all).await.expect("every sender gets an answer once the fault is gone");
    }
}

struct Sender {
    ledger: Arc<Ledger>,
    address: watch::Receiver<Option<SocketAddr>>,
    load: Load,
    number: u64,
    dice: ChaCha8Rng,
}

impl Sender {
    async fn run(mut self, stop: Arc<AtomicBool>) {
        for n in 0.. {
            if stop.load(Relaxed) {
                return;
            }
            let session = format!("s-{}-{}", self.number, n / 50);
            let batch = Batch::new(format!("{}-{}-{n}", self.ledger.seed, self.number), &session, self.load.poison, &mut self.dice);
            self.ledger.begin(&batch);
            let fate = self.bring(&batch).await;
            self.ledger.end(&batch.name, fate);
            tokio::time::sleep(self.load.pause).await;
        }
    }

    async fn bring(&mut self, batch: &Batch) -> Fate {
        loop {
            let address = *self.address.borrow();
            let answer = match address {
                Some(address) => client::send(address, &batch.body).await,
                None => Err(std::io::ErrorKind::NotConnected.into()),
            };
            let fate = self.ledger.judge(batch, &answer);
            if fate != Fate::Unanswered || self.dice.random_bool(self.load.abandon) {
                return fate;
            }
            let asked = answer.ok().and_then(|answer| answer.retry_after).map_or(LONGEST_WAIT_MS / 4, |seconds| seconds * 1000);
            tokio::time::sleep(Duration::from_millis(asked.min(LONGEST_WAIT_MS))).await;
        }
    }
}
