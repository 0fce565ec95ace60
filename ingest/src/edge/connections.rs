//! Who may hold a connection: so many in all, and so many from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use crate::lock;

/// How many connections are held at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In all: each costs a file and some tens of KB.
    pub all: NonZeroUsize,
    /// From one address, for which an IPv6 network of 64 bits counts, since that much is given to one subscriber. A quarter of all, so that it takes
    /// several to shut the others out; behind a proxy all senders share its address, which is then to be given more.
    pub per_address: NonZeroUsize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        let connections = |n| NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN);
        ConnectionLimits { all: connections(4096), per_address: connections(1024) }
    }
}

/// Why a connection is not held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Crowded {
    /// There are enough.
    #[error("the server holds its limit of {limit} connections: come again later")]
    All {
        /// The limit.
        limit: NonZeroUsize,
    },
    /// There are enough from this address.
    #[error("the server holds its limit of {limit} connections from one address: use fewer, and keep them open")]
    Address {
        /// The limit.
        limit: NonZeroUsize,
    },
}

/// The connections held now. Clones share the count.
#[derive(Debug, Clone)]
pub struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: ConnectionLimits,
    held: Mutex<Held>,
    refused: AtomicU64,
    timed_out: AtomicU64,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Connections {
    /// None yet.
    pub fn new(limits: ConnectionLimits) -> Self {
        Connections(Arc::new(Inner { limits, held: Mutex::default(), refused: AtomicU64::new(0), timed_out: AtomicU64::new(0) }))
    }

    /// A place for a connection from this address, for as long as it is kept.
    pub fn admit(&self, address: IpAddr) -> Result<Place, Crowded> {
        let address = network(address);
        let limits = self.0.limits;
        let mut held = lock(&self.0.held);
        let refusal = if held.all >= limits.all.get() {
            Some(Crowded::All { limit: limits.all })
        } else if held.by_address.get(&address).is_some_and(|count| *count >= limits.per_address.get()) {
            Some(Crowded::Address { limit: limits.per_address })
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.0.refused.fetch_add(1, Relaxed);
            return Err(refusal);
        }
        held.all += 1;
        *held.by_address.entry(address).or_default() += 1;
        drop(held);
        Ok(Place { connections: self.clone(), address })
    }

    /// How many are held.
    pub fn held(&self) -> usize {
        lock(&self.0.held).all
    }

    /// How many were refused since the start.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Relaxed)
    }

    /// Counts one that was cut because it was silent or slow.
    pub fn count_timed_out(&self) {
        self.0.timed_out.fetch_add(1, Relaxed);
    }

    /// How many were cut since the start because they were silent or slow.
    pub fn timed_out(&self) -> u64 {
        self.0.timed_out.load(Relaxed)
    }
}

/// A place that is taken. It is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    connections: Connections,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = lock(&self.connections.0.held);
        held.all -= 1;
        if let Some(count) = held.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                held.by_address.remove(&self.address);
            }
        }
    }
}

/// What counts as one address.
fn network(address: IpAddr) -> IpAddr {
    const SUBSCRIBER: u128 = !0 << 64;
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & SUBSCRIBER).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(all: usize, per_address: usize) -> Connections {
        let limit = |n| NonZeroUsize::new(n).unwrap();
        Connections::new(ConnectionLimits { all: limit(all), per_address: limit(per_address) })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_does_not_shut_out_the_others_and_places_come_back() {
        let connections = connections(3, 2);
        let mut places: Vec<Place> = (0..2).map(|_| connections.admit(address("10.0.0.1")).unwrap()).collect();
        assert!(matches!(connections.admit(address("10.0.0.1")), Err(Crowded::Address { .. })));
        places.push(connections.admit(address("10.0.0.2")).unwrap());
        assert!(matches!(connections.admit(address("10.0.0.3")), Err(Crowded::All { .. })));
        assert_eq!((connections.held(), connections.refused()), (3, 2));
        drop(places);
        assert_eq!(connections.held(), 0);
        assert!(lock(&connections.0.held).by_address.is_empty(), "addresses are forgotten");
        assert!(connections.admit(address("10.0.0.1")).is_ok());
    }

    #[test]
    fn a_subscribers_network_is_one_address() {
        let connections = connections(10, 1);
        let _place = connections.admit(address("2001:db8:0:1::1")).unwrap();
        assert!(connections.admit(address("2001:db8:0:1:ffff::2")).is_err());
        let _other = connections.admit(address("2001:db8:0:2::1")).unwrap();
        let _mapped = connections.admit(address("::ffff:10.0.0.1")).unwrap();
        assert!(connections.admit(address("10.0.0.1")).is_err(), "the same address in its other form");
    }
}
