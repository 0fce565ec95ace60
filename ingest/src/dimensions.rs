//! How many values a dimension may have: senders choose them, and everything that groups by them pays.
//!
//! A dimension of a project holds so many live values. One more is stored as [`OTHER`] until one of them has gone unused for a day or two, so
//! that a sender that puts an id where a label belongs costs its own breakdown and nobody's memory.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use qoe_store::{Keys, Label, Millis};

use crate::lock;
use crate::recent::Recent;

/// What a value is stored as when its dimension is full.
pub const OTHER: &str = "other";

const DAY_MS: i64 = 86_400_000;

/// The labels of a row that senders choose freely, ids aside.
macro_rules! dimensions {
    ($($name:ident)*) => {
        /// Names of the dimensions, as they are stored.
        pub const NAMES: [&str; DIMENSIONS] = [$(stringify!($name)),*];
        const DIMENSIONS: usize = [$(stringify!($name)),*].len();

        fn labels(keys: &mut Keys) -> [&mut Label; DIMENSIONS] {
            [$(&mut keys.$name),*]
        }
    };
}

dimensions! { vendor scenario industry app_version sdk region country network platform os device_class poc arm stratum }

/// The values in use.
#[derive(Debug)]
pub struct Dimensions {
    limit: NonZeroUsize,
    /// One map for each project that is known here.
    projects: Mutex<HashMap<Label, [Recent<Label, ()>; DIMENSIONS]>>,
    overflowed: [AtomicU64; DIMENSIONS],
    other: Label,
}

impl Default for Dimensions {
    /// A thousand values each: more than anybody compares, and at most 4 MB a project.
    fn default() -> Self {
        Dimensions::new(NonZeroUsize::new(1000).unwrap_or(NonZeroUsize::MIN))
    }
}

impl Dimensions {
    /// So many live values in each dimension of each project.
    pub fn new(limit: NonZeroUsize) -> Self {
        Dimensions { limit, projects: Mutex::default(), overflowed: std::array::from_fn(|_| AtomicU64::new(0)), other: OTHER.into() }
    }

    /// Puts `OTHER` for each value for which there is no room. To be asked once for a context, of a project that took its key.
    pub fn bound(&self, keys: &mut Keys, now: Millis) {
        let project = keys.project.clone();
        let mut projects = lock(&self.projects);
        let dimensions = projects.entry(project).or_insert_with(|| std::array::from_fn(|_| Recent::new(DAY_MS)));
        for ((label, values), overflowed) in labels(keys).into_iter().zip(dimensions).zip(&self.overflowed) {
            if label.is_empty() || **label == *OTHER {
                continue;
            }
            values.tidy(now);
            if values.touch(&*label).is_some() {
                continue;
            }
            if values.len() < self.limit.get() {
                values.insert(label.clone(), ());
            } else {
                overflowed.fetch_add(1, Relaxed);
                *label = self.other.clone();
            }
        }
    }

    /// Contexts whose value was not kept, by dimension.
    pub fn overflowed(&self) -> impl Iterator<Item = (&'static str, u64)> {
        NAMES.into_iter().zip(self.overflowed.iter().map(|counter| counter.load(Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dimensions(limit: usize) -> Dimensions {
        Dimensions::new(NonZeroUsize::new(limit).unwrap())
    }

    fn vendor(dimensions: &Dimensions, project: &str, vendor: &str, now: i64) -> String {
        let mut keys = Keys { project: project.into(), vendor: vendor.into(), session_id: "s".into(), ..Keys::default() };
        dimensions.bound(&mut keys, Millis(now));
        assert_eq!(&*keys.session_id, "s");
        keys.vendor.to_string()
    }

    #[test]
    fn a_value_too_many_becomes_other_and_is_counted() {
        let dimensions = dimensions(2);
        let stored: Vec<String> = ["a", "b", "c", "a", "other", "", "d"].map(|name| vendor(&dimensions, "p", name, 0)).into();
        assert_eq!(stored, ["a", "b", "other", "a", "other", "", "other"]);
        assert_eq!(vendor(&dimensions, "q", "c", 0), "c", "another project has room of its own");
        let counted: Vec<(&str, u64)> = dimensions.overflowed().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [("vendor", 2)]);
    }

    #[test]
    fn a_value_that_went_out_of_use_makes_room() {
        let dimensions = dimensions(1);
        assert_eq!(vendor(&dimensions, "p", "old", 0), "old");
        assert_eq!(vendor(&dimensions, "p", "new", DAY_MS), "other", "the old one was in use a day ago");
        assert_eq!(vendor(&dimensions, "p", "new", 2 * DAY_MS), "new");
        assert_eq!(vendor(&dimensions, "p", "old", 2 * DAY_MS), "other");
    }

    #[test]
    fn values_without_end_hold_bounded_memory() {
        let dimensions = dimensions(10);
        for n in 0..1000 {
            vendor(&dimensions, "p", &n.to_string(), 0);
        }
        let projects = lock(&dimensions.projects);
        assert!(projects["p"].iter().all(|values| values.len() <= 10));
    }

    #[test]
    fn every_free_label_is_bounded_and_no_id_is() {
        let mut keys = Keys::default();
        for label in labels(&mut keys) {
            *label = "x".into();
        }
        for id in [&keys.project, &keys.call_id, &keys.session_id, &keys.user_id, &keys.service] {
            assert!(id.is_empty());
        }
    }
}
