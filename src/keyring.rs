//! The keys while the service runs: read at the start, renewed every few seconds, and what was seen of their use written down.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::Utc;
use qoe_store::keys::{CurrentKeys, Keyring, Ledger, Taken, table};
use qoe_store::{Endpoint, Millis};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often keys are read: with [`PATIENCE`], a revoked key stops well within ten seconds.
const EVERY: Duration = Duration::from_secs(3);
/// How long reading or writing may take, so that a ClickHouse that hangs does not hold up the next attempt.
const PATIENCE: Duration = Duration::from_secs(4);

/// The time by this machine's clock.
pub fn now() -> Millis {
    Millis(Utc::now().timestamp_millis())
}

/// The keys of a store, kept up to date.
#[derive(Debug)]
pub struct KeyWatch {
    endpoint: Endpoint,
    /// The keys as they are now.
    pub keys: CurrentKeys,
    /// What is seen of their use.
    pub ledger: Arc<Ledger>,
    tasks: JoinSet<()>,
}

impl KeyWatch {
    /// Reads the keys.
    pub async fn start(endpoint: &Endpoint) -> anyhow::Result<Self> {
        let keys = table::all(endpoint).await.context("start with the store's keys")?;
        let keys = CurrentKeys::new(Keyring::new(keys));
        Ok(KeyWatch { endpoint: endpoint.clone(), keys, ledger: Arc::default(), tasks: JoinSet::new() })
    }

    /// Keeps them up to date from now on: `renew` is given each new reading. While ClickHouse is away the last ones stay.
    pub fn keep(&mut self, renew: impl Fn(Keyring) + Send + 'static) {
        self.tasks.spawn(read(self.endpoint.clone(), renew));
        self.tasks.spawn(write(self.endpoint.clone(), Arc::clone(&self.ledger)));
    }

    /// Writes down what is left.
    pub async fn close(mut self) {
        self.tasks.shutdown().await;
        match timeout(PATIENCE, self.ledger.write(&self.endpoint, Taken::All, now())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = chain(&error), "the last refusals and uses of keys are not in the audit"),
            Err(_) => tracing::warn!("the last refusals and uses of keys are not in the audit: ClickHouse did not answer in time"),
        }
    }
}

async fn read(endpoint: Endpoint, renew: impl Fn(Keyring)) {
    let mut ticks = every();
    let mut outage = Outage::default();
    loop {
        ticks.tick().await;
        if let Some(keys) = read_once(&endpoint, &mut outage).await {
            renew(keys);
        }
    }
}

/// The keys; `None` while they cannot be had, when those before stay valid.
async fn read_once(endpoint: &Endpoint, outage: &mut Outage) -> Option<Keyring> {
    match timeout(PATIENCE, table::all(endpoint)).await {
        Ok(Ok(keys)) => {
            outage.over("reading the keys works again");
            return Some(Keyring::new(keys));
        }
        Ok(Err(error)) => outage.goes_on(&format!("keys stay as they were: {}", chain(&error))),
        Err(_) => outage.goes_on("keys stay as they were: ClickHouse did not answer in time"),
    }
    None
}

async fn write(endpoint: Endpoint, ledger: Arc<Ledger>) {
    let mut ticks = every();
    let mut outage = Outage::default();
    loop {
        ticks.tick().await;
        // Never given up half-way: what is under way is either written or counted again.
        match ledger.write(&endpoint, Taken::Due, now()).await {
            Ok(()) => outage.over("the audit is written again"),
            Err(error) => outage.goes_on(&format!("the audit is kept in memory: {}", chain(&error))),
        }
    }
}

fn every() -> tokio::time::Interval {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Says that something does not work when it begins, and when it is over.
#[derive(Debug, Default)]
struct Outage {
    is_on: bool,
}

impl Outage {
    fn goes_on(&mut self, why: &str) {
        if !std::mem::replace(&mut self.is_on, true) {
            tracing::warn!("{why}");
        }
    }

    fn over(&mut self, what: &str) {
        if std::mem::take(&mut self.is_on) {
            tracing::info!("{what}");
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn while_clickhouse_is_away_there_is_no_new_keyring_to_replace_the_old_one() {
        // Bound and never listened on: every connection is refused.
        let nowhere = tokio::net::TcpSocket::new_v4().unwrap();
        nowhere.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let endpoint = Endpoint::new(&format!("http://{}", nowhere.local_addr().unwrap()), "default", "", "qoe");
        let mut outage = Outage::default();
        assert!(read_once(&endpoint, &mut outage).await.is_none());
        assert!(outage.is_on);
    }
}
