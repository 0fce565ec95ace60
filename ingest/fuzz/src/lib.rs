//! What the fuzz targets share: the moment they run at, a disk in memory, and what must be true of every row that was kept.

pub mod disk;
pub mod kept;
pub mod segments;

use qoe_store::Millis;

/// The moment of arrival: inputs mean the same whenever they run.
pub const NOW: Millis = Millis(1_795_404_861_069);
