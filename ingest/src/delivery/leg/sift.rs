//! Finding the rows of a parcel that ClickHouse will not have.
//!
//! They are looked for by halves, in a table that keeps nothing and refuses what the real one would: that costs some 20 to 35 ms a try, where an insert that
//! is kept costs hundreds. Nothing of it is written down; what was found is. It ends early with [`MOST`] of them.

use std::ops::Range;
use std::sync::Arc;

use super::parcel::Parcel;

/// Most rows that are found before they are buried and written down, our choice: one insert of dead letters, each of which holds its row as text, and one
/// decision of 4 KB. It is also what a restart may have to find again: two tries each where all are refused, a dozen where one in a hundred is.
pub(super) const MOST: usize = 1_000;

/// Rows that may be refused.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Suspect {
    rows: Range<u32>,
    /// One of them is: they were refused together with rows that since were not.
    is_sure: bool,
    /// The second half of what was refused comes next.
    is_first_half: bool,
}

/// What is known so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sift {
    parcel: Parcel,
    /// The next last.
    suspects: Vec<Suspect>,
    found: Vec<(u32, Arc<str>)>,
}

impl Sift {
    /// Begins with all of it: what the real table refuses and this one does not, it is not to be asked about.
    pub fn new(parcel: Parcel) -> Sift {
        let all = Suspect { rows: parcel.rows.clone(), is_sure: false, is_first_half: false };
        Sift { parcel, suspects: vec![all], found: Vec::new() }
    }

    /// What to try next; `None` when all is known, or enough.
    pub fn next(&self) -> Option<Parcel> {
        let suspect = self.suspects.last().filter(|_| self.found.len() < MOST)?;
        Some(Parcel::named("probe-", suspect.rows.clone(), &self.parcel.without))
    }

    /// These rows would be taken.
    pub fn accepted(&mut self) {
        if let Some(suspect) = self.suspects.pop()
            && suspect.is_first_half
            && let Some(second) = self.suspects.last_mut()
        {
            second.is_sure = true;
        }
        self.settle();
    }

    /// They would not.
    pub fn refused(&mut self, reason: Arc<str>) {
        let Some(suspect) = self.suspects.pop() else { return };
        if self.parcel.count_in(&suspect.rows) > 1 {
            self.halve(suspect.rows);
        } else {
            let row = Parcel::named("", suspect.rows, &self.parcel.without).first();
            self.found.extend(row.map(|row| (row, reason)));
        }
        self.settle();
    }

    fn halve(&mut self, rows: Range<u32>) {
        let middle = rows.start + (rows.end - rows.start) / 2;
        self.suspects.push(Suspect { rows: middle..rows.end, is_sure: false, is_first_half: false });
        self.suspects.push(Suspect { rows: rows.start..middle, is_sure: false, is_first_half: true });
    }

    /// What needs no try: halves without rows, and several rows of which one is known to be refused.
    fn settle(&mut self) {
        while let Some(suspect) = self.suspects.last() {
            match self.parcel.count_in(&suspect.rows) {
                0 => return self.accepted(),
                2.. if suspect.is_sure => {
                    let rows = suspect.rows.clone();
                    self.suspects.pop();
                    self.halve(rows);
                }
                _ => return,
            }
        }
    }

    /// Which rows of the parcel are judged: all, or those before the first that are not.
    pub fn judged(&self) -> Range<u32> {
        self.parcel.rows.start..self.suspects.last().map_or(self.parcel.rows.end, |suspect| suspect.rows.start)
    }

    /// Those of them that are refused, rising, with their reasons.
    pub fn found(self) -> Vec<(u32, Arc<str>)> {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// What is found, and in how many tries.
    fn sift(parcel: &Parcel, poison: &BTreeSet<u32>) -> (Vec<u32>, usize) {
        let mut sift = Sift::new(parcel.clone());
        let mut tries = 0;
        while let Some(parcel) = sift.next() {
            tries += 1;
            let is_refused = parcel.rows.clone().any(|row| poison.contains(&row) && !parcel.without.contains(&row));
            if is_refused { sift.refused("no".into()) } else { sift.accepted() }
        }
        (sift.found().into_iter().map(|(row, _)| row).collect(), tries)
    }

    proptest! {
        #[test]
        fn all_refused_rows_are_found_and_no_other(
            rows in 1u32..200, poison in proptest::collection::btree_set(0u32..200, 0..20), without in proptest::collection::btree_set(0u32..200, 0..20),
        ) {
            let without: Vec<u32> = without.into_iter().collect();
            let parcel = Parcel::named("", 0..rows, &without);
            let expected: Vec<u32> = poison.iter().copied().filter(|row| *row < rows && !without.contains(row)).collect();
            prop_assert_eq!(sift(&parcel, &poison).0, expected);
        }
    }

    #[test]
    fn one_row_of_a_hundred_is_found_in_a_dozen_tries() {
        let poison: BTreeSet<u32> = (0..200u32).map(|n| n * 100 + n * n % 89).collect();
        let (found, tries) = sift(&Parcel::whole(20_000), &poison);
        assert_eq!(found.len(), 200);
        assert!(tries <= 200 * 12, "{tries} tries");
    }
}
