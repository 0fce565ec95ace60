//! Rows that share the values of some columns.

use std::collections::BTreeMap;

use super::Frame;

/// Rows with the same values in the grouping columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The values, one a grouping column; empty where not stated.
    pub values: Vec<String>,
    /// Which rows.
    pub rows: Vec<usize>,
}

impl Group {
    /// Whether each of so many rows is of the group.
    pub fn mask(&self, rows: usize) -> Vec<bool> {
        let mut of = vec![false; rows];
        self.rows.iter().for_each(|row| of[*row] = true);
        of
    }
}

impl Frame {
    /// The rows by the values of these columns, which were wanted as categories; in alphabetical order.
    pub fn groups(&self, by: &[String]) -> Vec<Group> {
        let columns: Vec<(&[u32], &[String])> = by.iter().map(|name| self.categories(name)).collect();
        let mut found: BTreeMap<Vec<u32>, Vec<usize>> = BTreeMap::new();
        let mut key = Vec::with_capacity(columns.len());
        for row in 0..self.rows() {
            key.clear();
            key.extend(columns.iter().map(|(codes, _)| codes[row]));
            match found.get_mut(key.as_slice()) {
                Some(rows) => rows.push(row),
                None => {
                    found.insert(key.clone(), vec![row]);
                }
            }
        }
        let value = |(_, labels): &(&[u32], &[String]), code: u32| labels.get(code as usize).cloned().unwrap_or_default();
        let group = |(codes, rows): (Vec<u32>, Vec<usize>)| Group {
            values: columns.iter().zip(codes).map(|(column, code)| value(column, code)).collect(),
            rows,
        };
        found.into_iter().map(group).collect()
    }
}
