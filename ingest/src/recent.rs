//! A bounded memory of what was in use lately.
//!
//! Two maps instead of a clock per entry: what is touched moves to the young one; at every turn the old one is dropped and the young one
//! becomes old. An entry is forgotten between one and two spans after it was last touched.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use qoe_store::Millis;

/// What was in use within the last span, or two.
#[derive(Debug)]
pub struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    span_ms: i64,
    turned_at: Option<Millis>,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    /// An empty memory of this span.
    pub fn new(span_ms: i64) -> Self {
        Recent { young: HashMap::new(), old: HashMap::new(), span_ms, turned_at: None }
    }

    /// Forgets what was not touched for a span, if a span has passed; answers what was forgotten.
    pub fn tidy(&mut self, now: Millis) -> HashMap<K, V> {
        let turned_at = *self.turned_at.get_or_insert(now);
        // A clock that was set back would otherwise keep everything until it has caught up.
        if (now.0 - turned_at.0).abs() < self.span_ms {
            return HashMap::new();
        }
        self.turned_at = Some(now);
        self.turn()
    }

    fn turn(&mut self) -> HashMap<K, V> {
        std::mem::replace(&mut self.old, std::mem::take(&mut self.young))
    }

    /// The entry, which is thereby in use.
    pub fn touch<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some((key, value)) = self.old.remove_entry(key) {
            self.young.insert(key, value);
        }
        self.young.get_mut(key)
    }

    /// Puts an entry in.
    pub fn insert(&mut self, key: K, value: V) {
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    /// Puts an entry in; of more than `limit` the half that was touched longest ago is forgotten.
    pub fn insert_within(&mut self, limit: usize, key: K, value: V) {
        if self.young.len() >= limit / 2 {
            self.turn();
        }
        self.insert(key, value);
    }

    /// Takes an entry out.
    pub fn remove<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.old.remove(key);
        self.young.remove(key);
    }

    /// How many entries it holds.
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_touched_stays_and_what_is_not_goes_within_two_spans() {
        let mut memory = Recent::new(10);
        memory.tidy(Millis(0));
        memory.insert("used", 1);
        memory.insert("idle", 2);
        let mut forgotten = Vec::new();
        for now in (0..=20).step_by(5) {
            forgotten.extend(memory.tidy(Millis(now)).into_keys());
            assert_eq!(memory.touch("used"), Some(&mut 1), "at {now}");
        }
        assert_eq!(forgotten, ["idle"]);
        assert_eq!(memory.len(), 1);
    }

    #[test]
    fn of_too_many_the_latest_half_stays() {
        let mut memory = Recent::new(10);
        for n in 0..1000 {
            memory.insert_within(100, n, ());
            assert!(memory.len() <= 100);
        }
        assert!((950..1000).all(|n| memory.touch(&n).is_some()));
    }

    #[test]
    fn a_clock_set_back_does_not_keep_everything_for_ever() {
        let mut memory = Recent::new(10);
        memory.tidy(Millis(1_000_000));
        memory.insert("a", 1);
        memory.tidy(Millis(0));
        memory.tidy(Millis(10));
        assert_eq!(memory.len(), 0);
    }
}
