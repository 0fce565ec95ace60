//! What is written and not delivered, bytes by project.
//!
//! It is kept by the numbers of frames: what is delivered is all up to a number, so that a frame which was counted when it was written and could not be read
//! when its turn came is off the books with those after it.

use std::collections::{BTreeMap, VecDeque};

use super::frame::Share;

/// Most stretches that are told apart. Of more, two neighbours become one.
const STRETCHES: usize = 256;

/// Frames before this number, from those of the stretch before on.
#[derive(Debug)]
struct Stretch {
    until: u64,
    shares: BTreeMap<String, u64>,
}

/// What is not delivered.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    stretches: VecDeque<Stretch>,
    all: BTreeMap<String, u64>,
}

impl Backlog {
    /// What a restart found, in frames before this number.
    pub fn found(until: u64, shares: BTreeMap<String, u64>) -> Backlog {
        let mut backlog = Backlog::default();
        if !shares.is_empty() {
            backlog.written(until.saturating_sub(1), shares.into_iter().map(|(project, bytes)| Share { project, bytes }).collect());
        }
        backlog
    }

    /// Frame `seq` was written.
    pub fn written(&mut self, seq: u64, shares: Vec<Share>) {
        let mut stretch = Stretch { until: seq + 1, shares: BTreeMap::new() };
        for Share { project, bytes } in shares {
            *self.all.entry(project.clone()).or_default() += bytes;
            *stretch.shares.entry(project).or_default() += bytes;
        }
        self.stretches.push_back(stretch);
        if self.stretches.len() > STRETCHES {
            self.join_neighbours();
        }
    }

    /// Each two become one: those that came together go together.
    fn join_neighbours(&mut self) {
        let mut joined: VecDeque<Stretch> = VecDeque::with_capacity(STRETCHES);
        for (index, stretch) in std::mem::take(&mut self.stretches).into_iter().enumerate() {
            match joined.back_mut().filter(|_| index % 2 == 1) {
                Some(before) => {
                    before.until = stretch.until;
                    for (project, bytes) in stretch.shares {
                        *before.shares.entry(project).or_default() += bytes;
                    }
                }
                None => joined.push_back(stretch),
            }
        }
        self.stretches = joined;
    }

    /// All before this number is delivered or lost; `shares` is what was delivered last.
    pub fn over_before(&mut self, seq: u64, shares: &BTreeMap<String, u64>) {
        let mut last = shares.clone();
        while let Some(stretch) = self.stretches.pop_front_if(|stretch| stretch.until <= seq) {
            for (project, bytes) in &stretch.shares {
                take(&mut self.all, project, *bytes);
                take(&mut last, project, *bytes);
            }
        }
        // What of it was in a stretch that is not over.
        if let Some(front) = self.stretches.front_mut() {
            for (project, bytes) in last {
                let taken = take(&mut front.shares, &project, bytes);
                take(&mut self.all, &project, taken);
            }
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Bytes in all.
    pub fn bytes(&self) -> u64 {
        self.all.values().sum()
    }

    /// Projects that have any.
    pub fn projects(&self) -> usize {
        self.all.len()
    }

    /// Bytes of one.
    pub fn of(&self, project: &str) -> u64 {
        self.all.get(project).copied().unwrap_or(0)
    }
}

/// Takes as much as there is; answers how much.
fn take(from: &mut BTreeMap<String, u64>, project: &str, bytes: u64) -> u64 {
    let Some(left) = from.get_mut(project) else { return 0 };
    let taken = bytes.min(*left);
    *left -= taken;
    if *left == 0 {
        from.remove(project);
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(bytes: u64) -> Vec<Share> {
        vec![Share { project: "p".to_owned(), bytes }]
    }

    fn delivered(bytes: u64) -> BTreeMap<String, u64> {
        BTreeMap::from([("p".to_owned(), bytes)])
    }

    #[test]
    fn what_could_not_be_read_does_not_stay_on_the_books() {
        let mut backlog = Backlog::default();
        (0..10).for_each(|seq| backlog.written(seq, shares(10)));
        // Of five frames one was damaged.
        backlog.over_before(5, &delivered(40));
        assert_eq!((backlog.bytes(), backlog.of("p"), backlog.projects()), (50, 50, 1));
        // And the last of all, after which nothing is left to deliver.
        backlog.over_before(9, &delivered(40));
        assert_eq!(backlog.bytes(), 10);
        backlog.over_before(10, &BTreeMap::new());
        assert!(backlog.is_empty());
    }

    #[test]
    fn what_a_restart_found_goes_bit_by_bit() {
        let mut backlog = Backlog::found(100, delivered(1_000));
        backlog.written(100, shares(5));
        backlog.over_before(40, &delivered(300));
        assert_eq!(backlog.bytes(), 705);
        backlog.over_before(100, &delivered(600));
        assert_eq!(backlog.bytes(), 5, "100 bytes of it were damaged");
        assert!(Backlog::found(7, BTreeMap::new()).is_empty());
    }

    #[test]
    fn of_many_frames_the_sums_stay_right_and_the_list_short() {
        let mut backlog = Backlog::default();
        for seq in 0..10_000 {
            backlog.written(seq, shares(seq % 7));
            assert!(backlog.stretches.len() <= STRETCHES);
        }
        let sum = |range: std::ops::Range<u64>| range.map(|seq| seq % 7).sum::<u64>();
        for until in (0..10_000).step_by(100) {
            assert_eq!(backlog.bytes(), sum(until..10_000), "{until}");
            backlog.over_before(until + 100, &delivered(sum(until..until + 100)));
        }
        assert!(backlog.is_empty());
    }
}
