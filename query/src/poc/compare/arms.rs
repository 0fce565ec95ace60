//! Whose rows are whose: rows by vendor and stratum, those of one unit beside each other.

use super::{CompareError, ComparedArm, MOST_STRATA};
use crate::frame::Frame;
use crate::poc::spec::Poc;

/// Vendors that can be compared at once.
const MOST_ARMS: usize = 20;

/// Where each row stands.
pub(super) struct Arms {
    /// The vendors.
    pub names: Vec<String>,
    /// The strata; none were asked for: empty.
    pub strata: Vec<String>,
    /// Rows of vendors that are not compared.
    pub elsewhere: u64,
    /// Vendor, by row; beyond the names: not compared.
    pub arm: Vec<u32>,
    /// Stratum, by row; all 0 where none were asked for.
    stratum: Vec<u32>,
    /// Unit, by row; none: each row is its own.
    unit: Option<Vec<u32>>,
    /// Whether units were named, and are not just pairs.
    named: bool,
    /// Pair, by row.
    pub pair: Option<Vec<u32>>,
    /// Rows of each vendor, by unit.
    rows: Vec<Vec<u32>>,
}

impl Arms {
    pub(super) fn of(poc: &Poc, frame: &Frame) -> Result<Arms, CompareError> {
        let (names, arm) = named(poc, frame)?;
        let (strata, stratum) = stratified(&poc.columns.strata, frame)?;
        let pair = poc.columns.pair.as_ref().map(|pair| frame.persons(pair));
        let persons = poc.columns.unit.as_ref().map(|unit| frame.persons(unit));
        let named = persons.is_some();
        // Runs of a pair go together too, whoever they are of.
        let unit = persons.or_else(|| pair.clone());
        let mut order: Vec<u32> = (0..frame.rows() as u32).collect();
        if let Some(unit) = &unit {
            order.sort_by_key(|row| unit[*row as usize]);
        }
        let mut rows = vec![Vec::new(); names.len()];
        let mut elsewhere = 0;
        for row in order {
            match rows.get_mut(arm[row as usize] as usize) {
                Some(own) => own.push(row),
                None => elsewhere += 1,
            }
        }
        let found: Vec<String> = names.iter().zip(&rows).filter(|(_, rows)| !rows.is_empty()).map(|(name, _)| name.clone()).collect();
        if found.len() < 2 {
            return Err(CompareError::OneVendor { column: poc.columns.arm.clone(), found });
        }
        Ok(Arms { names, strata, elsewhere, arm, stratum, unit, named, pair, rows })
    }

    /// How many vendors.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// How many strata; one where none were asked for.
    pub(super) fn strata(&self) -> usize {
        self.strata.len().max(1)
    }

    /// Rows of one vendor, those of a unit beside each other.
    pub(super) fn rows(&self, arm: usize) -> &[u32] {
        &self.rows[arm]
    }

    /// The stratum of a row.
    pub(super) fn stratum(&self, row: u32) -> usize {
        self.stratum[row as usize] as usize
    }

    /// The unit of a row.
    pub(super) fn unit(&self, row: u32) -> u32 {
        self.unit.as_ref().map_or(row, |unit| unit[row as usize])
    }

    /// Whether rows go together in units.
    pub(super) fn clustered(&self) -> bool {
        self.unit.is_some()
    }

    /// Rows and units of each vendor.
    pub(super) fn counted(&self) -> Vec<ComparedArm> {
        let units = |rows: &[u32]| match &self.unit {
            None => rows.len() as u64,
            Some(unit) => rows.chunk_by(|a, b| unit[*a as usize] == unit[*b as usize]).count() as u64,
        };
        let arm = |(name, rows): (&String, &Vec<u32>)| ComparedArm { name: name.clone(), rows: rows.len() as u64, units: units(rows) };
        self.names.iter().zip(&self.rows).map(arm).collect()
    }

    /// Units that have rows of more than one vendor.
    pub(super) fn contaminated(&self) -> u64 {
        self.unit.as_ref().filter(|_| self.named).map_or(0, |unit| self.shared(unit))
    }

    /// How many of these (a code a row) have rows of more than one vendor.
    pub(super) fn shared(&self, codes: &[u32]) -> u64 {
        const NOBODY: u32 = u32::MAX;
        const SEVERAL: u32 = u32::MAX - 1;
        let most = codes.iter().max().map_or(0, |most| *most as usize + 1);
        let mut whose = vec![NOBODY; most];
        for (code, arm) in codes.iter().zip(&self.arm).filter(|(_, arm)| (**arm as usize) < self.names.len()) {
            let whose = &mut whose[*code as usize];
            *whose = if *whose == NOBODY || whose == arm { *arm } else { SEVERAL };
        }
        whose.iter().filter(|arm| **arm == SEVERAL).count() as u64
    }
}

/// The vendors, and which each row is of.
fn named(poc: &Poc, frame: &Frame) -> Result<(Vec<String>, Vec<u32>), CompareError> {
    let column = &poc.columns.arm;
    let (codes, labels) = frame.categories(column);
    let names = if poc.arms.is_empty() { labels.to_vec() } else { poc.arms.clone() };
    let missing: Vec<String> = names.iter().filter(|name| !labels.contains(name)).cloned().collect();
    if !missing.is_empty() {
        return Err(CompareError::NoSuchVendor { column: column.clone(), missing, found: labels.to_vec() });
    }
    if names.len() > MOST_ARMS {
        return Err(CompareError::TooManyVendors { column: column.clone(), found: names.len(), most: MOST_ARMS });
    }
    let place = |label: &String| names.iter().position(|name| name == label).map_or(u32::MAX, |at| at as u32);
    let places: Vec<u32> = labels.iter().map(place).collect();
    Ok((names, codes.iter().map(|code| places.get(*code as usize).copied().unwrap_or(u32::MAX)).collect()))
}

/// The strata, and which each row is in: one for each combination of values that occurs.
fn stratified(by: &[String], frame: &Frame) -> Result<(Vec<String>, Vec<u32>), CompareError> {
    if by.is_empty() {
        return Ok((Vec::new(), vec![0; frame.rows()]));
    }
    let groups = frame.groups(by);
    if groups.len() > MOST_STRATA {
        return Err(CompareError::TooManyStrata { columns: by.join(", "), found: groups.len(), most: MOST_STRATA });
    }
    let mut stratum = vec![0; frame.rows()];
    for (at, group) in groups.iter().enumerate() {
        group.rows.iter().for_each(|row| stratum[*row] = at as u32);
    }
    let stated = |value: &String| if value.is_empty() { "–".to_owned() } else { value.clone() };
    let name = |values: &[String]| values.iter().map(stated).collect::<Vec<_>>().join(" · ");
    Ok((groups.iter().map(|group| name(&group.values)).collect(), stratum))
}
