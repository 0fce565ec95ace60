//! What was sent and how it was answered, and what ClickHouse must hold because of it.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use qoe_store::Endpoint;

use super::client::Answer;
use super::traffic::Batch;

/// How a batch ended for its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// With a 202.
    Acknowledged,
    /// Without an answer, or with one that says to try again: it may be stored or not.
    Unanswered,
    /// With an answer that should not be.
    Refused,
}

struct Sent {
    rows: u64,
    poison: u64,
    fate: Fate,
}

/// Of all senders of a test.
pub struct Ledger {
    pub seed: u64,
    sent: Mutex<BTreeMap<String, Sent>>,
    wrong: Mutex<Vec<String>>,
    /// Senders so far.
    senders: AtomicU64,
    /// Answers that said a batch had come before.
    pub duplicates: AtomicU64,
    /// Answers 503 and 429.
    pub pushed_back: AtomicU64,
    /// Attempts that got no answer.
    pub broken: AtomicU64,
}

/// Every row there is, by batch: stored, distinct among those, dead, distinct among those, distinct among all.
const STORED: &str = "
SELECT splitByChar('/', id)[1] AS batch, countIf(dead = 0), uniqExactIf(id, dead = 0), countIf(dead = 1), uniqExactIf(id, dead = 1), uniqExact(id)
FROM (
    SELECT stream_id AS id, 0 AS dead FROM samples
    UNION ALL SELECT message_id, 0 FROM messages
    UNION ALL SELECT reason, 0 FROM session_events
    UNION ALL SELECT JSONExtractString(row, 'stream_id'), 1 FROM dead_letters
) GROUP BY batch";

/// A base table, and its sums beside the rollups' columns that must agree with them; the first also in `user_hours`.
const SUMS: &[(&str, &[(&str, &str)])] = &[
    (
        "samples",
        &[
            ("count()", "samples"),
            ("sum(packets_received)", "packets_received"),
            ("sum(packets_lost)", "packets_lost"),
            ("sum(rtt_ms)", "rtt_ms_sum"),
        ],
    ),
    ("messages", &[("count()", "messages"), ("sum(delivery_ms)", "delivery_ms_sum")]),
    ("session_events", &[("countIf(name = 'joined')", "joins"), ("sum(connect_ms)", "connect_ms_sum")]),
];

impl Ledger {
    pub fn new(seed: u64) -> std::sync::Arc<Ledger> {
        std::sync::Arc::new(Ledger {
            seed,
            sent: Mutex::default(),
            wrong: Mutex::default(),
            senders: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
            pushed_back: AtomicU64::new(0),
            broken: AtomicU64::new(0),
        })
    }

    /// A number that no other sender has.
    pub fn sender(&self) -> u64 {
        self.senders.fetch_add(1, Relaxed)
    }

    pub fn begin(&self, batch: &Batch) {
        let sent = Sent { rows: batch.rows, poison: batch.poison, fate: Fate::Unanswered };
        self.sent.lock().unwrap().insert(batch.name.clone(), sent);
    }

    pub fn end(&self, name: &str, fate: Fate) {
        if let Some(sent) = self.sent.lock().unwrap().get_mut(name) {
            sent.fate = fate;
        }
    }

    /// What an answer says about its batch; notes answers that should not be.
    pub fn judge(&self, batch: &Batch, answer: &io::Result<Answer>) -> Fate {
        let Ok(answer) = answer else {
            self.broken.fetch_add(1, Relaxed);
            return Fate::Unanswered;
        };
        match answer.status {
            202 => {
                if answer.is_duplicate() {
                    self.duplicates.fetch_add(1, Relaxed);
                }
                if answer.json()["accepted"] != batch.rows {
                    self.note(format!("{} has {} rows and was answered {}", batch.name, batch.rows, answer.text));
                }
                Fate::Acknowledged
            }
            429 | 503 => {
                if self.pushed_back.fetch_add(1, Relaxed) == 0 {
                    println!("the first to be pushed back is {}: {}", batch.name, answer.text);
                }
                if answer.retry_after.is_none() {
                    self.note(format!("{} was answered {} without Retry-After: {}", batch.name, answer.status, answer.text));
                }
                Fate::Unanswered
            }
            status => {
                self.note(format!("{} was answered {status}: {}", batch.name, answer.text));
                Fate::Refused
            }
        }
    }

    fn note(&self, wrong: String) {
        self.wrong.lock().unwrap().push(wrong);
    }

    /// Batches that were acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.sent.lock().unwrap().values().filter(|sent| sent.fate == Fate::Acknowledged).count()
    }

    /// Waits until so many more are acknowledged.
    pub async fn more(&self, batches: usize) {
        let enough = self.acknowledged() + batches;
        super::until("batches are acknowledged", async || (self.acknowledged() >= enough).then_some(())).await;
    }

    /// Holds ClickHouse to it.
    pub async fn check(&self, clickhouse: &Endpoint) {
        let wrong = self.wrong(clickhouse).await;
        let shown = wrong.iter().take(30).map(String::as_str).collect::<Vec<_>>().join("\n");
        assert!(wrong.is_empty(), "seed {}: {} wrong:\n{shown}", self.seed, wrong.len());
    }

    /// What is not as it should be.
    pub async fn wrong(&self, clickhouse: &Endpoint) -> Vec<String> {
        let mut wrong = std::mem::take(&mut *self.wrong.lock().unwrap());
        let mut stored: BTreeMap<String, [u64; 5]> = BTreeMap::new();
        for (batch, a, b, c, d, e) in clickhouse.rows::<(String, u64, u64, u64, u64, u64)>(STORED).await.unwrap() {
            stored.insert(batch, [a, b, c, d, e]);
        }
        wrong.extend(disagreements(clickhouse).await);
        let (mut rows, mut unanswered, mut of_those_stored) = (0, 0, 0);
        let sent = self.sent.lock().unwrap();
        for (name, Sent { rows: all, poison, fate }) in &*sent {
            let found = stored.remove(name).unwrap_or_default();
            let whole = [all - poison, all - poison, *poison, *poison, *all];
            match fate {
                Fate::Acknowledged => rows += all,
                Fate::Unanswered | Fate::Refused => {
                    unanswered += 1;
                    of_those_stored += u64::from(found != [0; 5]);
                }
            }
            if found != whole && (*fate == Fate::Acknowledged || found != [0; 5]) {
                let [stored, distinct, dead, distinct_dead, all_distinct] = found;
                wrong.push(format!(
                    "{name}, {fate:?}, {all} rows of which {poison} poison: {stored} stored ({distinct} distinct), {dead} dead ({distinct_dead} distinct), \
                     {all_distinct} distinct together"
                ));
            }
        }
        wrong.extend(stored.keys().map(|name| format!("{name} is stored and was never sent")));
        drop(sent);
        println!(
            "{} batches of {rows} rows acknowledged, {unanswered} not answered of which {of_those_stored} are stored; {} duplicates, {} pushed back, {} broken attempts",
            self.acknowledged(),
            self.duplicates.load(Relaxed),
            self.pushed_back.load(Relaxed),
            self.broken.load(Relaxed)
        );
        assert!(rows > 0, "nothing was acknowledged, so nothing was shown");
        wrong
    }
}

/// Where rollups differ from what they sum up.
async fn disagreements(clickhouse: &Endpoint) -> Vec<String> {
    let ask = async |sum: &str, from: &str| -> String {
        clickhouse.rows::<String>(&format!("SELECT toString(ifNull({sum}, 0)) FROM {from}")).await.unwrap().concat()
    };
    let mut wrong = Vec::new();
    for (table, sums) in SUMS {
        for (place, (sum, column)) in sums.iter().enumerate() {
            let base = ask(sum, table).await;
            let views = ["session_minutes", "sessions", "user_hours"];
            for view in &views[..if place == 0 { 3 } else { 2 }] {
                let rolled = ask(&format!("sum({column})"), view).await;
                if rolled != base {
                    wrong.push(format!("{column} of {view} are {rolled}, {sum} of {table} is {base}"));
                }
            }
        }
    }
    wrong
}
