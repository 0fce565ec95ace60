//! How fast senders may send: rows under a key, batches under a key from one address. Bounded memory, whoever comes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use qoe_store::Millis;
use qoe_store::keys::{AccessKey, Rates};

use super::bucket::Bucket;
use crate::lock;

/// Most (key, address) pairs told apart. A pair that rested is forgotten; when all are busy, further addresses of a key share one bucket.
const MAX_SENDERS: usize = 65_536;
/// How long to look for pairs that rested only once, ms: it walks over all of them.
const SWEEP_EVERY_MS: i64 = 1000;

/// What there was too much of, and how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooMany {
    /// Rows of the key.
    Rows(NonZeroU32),
    /// Batches of the key from this address.
    Batches(NonZeroU32),
}

/// The buckets.
#[derive(Debug, Default)]
pub struct Pace {
    buckets: Mutex<Buckets>,
    shared: AtomicU64,
}

#[derive(Debug, Default)]
struct Buckets {
    rows: HashMap<String, Bucket>,
    /// The rate stands beside the bucket, so that it can be told whether it is full.
    batches: HashMap<(String, Option<IpAddr>), (Bucket, NonZeroU32)>,
    swept_at: Option<Millis>,
}

impl Pace {
    /// Takes one batch of `rows` rows, or tells how long to wait. Rows count once the batch may pass.
    pub fn take(&self, key: &AccessKey, address: Option<IpAddr>, rows: usize, now: Millis) -> Result<(), TooMany> {
        let Rates { rows_per_second, batches_per_second } = key.rates;
        // A key of rate 0, which no command makes, is as slow as can be.
        let (rows_rate, batches_rate) = (at_least_one(rows_per_second), at_least_one(batches_per_second));
        let mut buckets = lock(&self.buckets);
        let sender = self.sender(&mut buckets, key, address, now);
        let (bucket, rate) = buckets.batches.entry(sender).or_insert_with(|| (Bucket::full(batches_rate, now), batches_rate));
        *rate = batches_rate;
        bucket.take(1, batches_rate, now).map_err(TooMany::Batches)?;
        let bucket = buckets.rows.entry(key.id.clone()).or_insert_with(|| Bucket::full(rows_rate, now));
        bucket.take(u32::try_from(rows).unwrap_or(u32::MAX), rows_rate, now).map_err(TooMany::Rows)
    }

    fn sender(&self, buckets: &mut Buckets, key: &AccessKey, address: Option<IpAddr>, now: Millis) -> (String, Option<IpAddr>) {
        let sender = (key.id.clone(), address.map(household));
        if buckets.batches.len() < MAX_SENDERS || buckets.batches.contains_key(&sender) {
            return sender;
        }
        if buckets.swept_at.is_none_or(|swept| (now.0 - swept.0).abs() >= SWEEP_EVERY_MS) {
            buckets.swept_at = Some(now);
            buckets.batches.retain(|_, (bucket, rate)| !bucket.is_full(*rate, now));
        }
        if buckets.batches.len() < MAX_SENDERS {
            return sender;
        }
        self.shared.fetch_add(1, Relaxed);
        (sender.0, None)
    }

    /// Forgets keys that are no more.
    pub fn retain(&self, valid: impl Fn(&str) -> bool) {
        let mut buckets = lock(&self.buckets);
        buckets.rows.retain(|id, _| valid(id));
        buckets.batches.retain(|(id, _), _| valid(id));
    }

    /// How many (key, address) pairs are told apart.
    pub fn senders(&self) -> usize {
        lock(&self.buckets).batches.len()
    }

    /// How many batches came from addresses for which there was no bucket of their own.
    pub fn shared(&self) -> u64 {
        self.shared.load(Relaxed)
    }
}

fn at_least_one(rate: u32) -> NonZeroU32 {
    NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN)
}

/// The address as far as it tells senders apart: one IPv6 sender has a /64 to choose from.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::tests::write_key;

    fn key(rows_per_second: u32, batches_per_second: u32) -> AccessKey {
        AccessKey { rates: Rates { rows_per_second, batches_per_second }, ..write_key("p", &[]).0 }
    }

    fn address(host: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(std::net::Ipv4Addr::from_bits(host)))
    }

    #[test]
    fn batches_are_counted_by_address_and_rows_by_key() {
        let (pace, key, now) = (Pace::default(), key(10, 1), Millis(0));
        for _ in 0..10 {
            pace.take(&key, address(1), 1, now).unwrap();
        }
        assert_eq!(pace.take(&key, address(1), 1, now), Err(TooMany::Batches(NonZeroU32::MIN)));
        pace.take(&key, address(2), 90, now).unwrap();
        assert!(matches!(pace.take(&key, address(3), 1, now), Err(TooMany::Rows(_))), "a hundred rows were saved up, for all of them");
        let other = AccessKey { id: "other".to_owned(), ..key };
        pace.take(&other, address(1), 1, now).unwrap();
    }

    #[test]
    fn one_network_of_ipv6_is_one_sender() {
        let (pace, key) = (Pace::default(), key(1000, 1));
        for host in 0..10 {
            pace.take(&key, Some(format!("2001:db8::{host}").parse().unwrap()), 1, Millis(0)).unwrap();
        }
        assert!(pace.take(&key, Some("2001:db8::ffff".parse().unwrap()), 1, Millis(0)).is_err());
        pace.take(&key, Some("2001:db8:0:1::1".parse().unwrap()), 1, Millis(0)).unwrap();
    }

    #[test]
    fn at_its_bound_the_memory_stays_and_addresses_share() {
        let (pace, key) = (Pace::default(), key(1_000_000, 1));
        for host in 0..MAX_SENDERS as u32 {
            pace.take(&key, address(host), 1, Millis(0)).unwrap();
        }
        let passed = (0..100).filter(|host| pace.take(&key, address(1_000_000 + host), 1, Millis(0)).is_ok()).count();
        assert_eq!((passed, pace.shared()), (10, 100), "all of them together have one bucket");
        assert!(pace.senders() <= MAX_SENDERS + 1);
        pace.take(&key, address(2_000_000), 1, Millis(20_000)).unwrap();
        assert_eq!(pace.senders(), 1, "those that rested are forgotten");
    }

    #[test]
    fn a_key_that_is_gone_is_forgotten() {
        let (pace, key) = (Pace::default(), key(1, 1));
        pace.take(&key, address(1), 1, Millis(0)).unwrap();
        pace.retain(|_| false);
        assert_eq!(pace.senders(), 0);
    }
}
