//! What the fuzz targets share: the moment they run at, a disk in memory, and what must be true of every row that was kept.

pub mod disk;
pub mod kept;
pub mod segments;

use qoe_ingest::spool::salt::Salt;
use qoe_store::Millis;

/// The moment of arrival: inputs mean the same whenever they run.
pub const NOW: Millis = Millis(1_795_404_861_069);

/// What the checksums of frames in a laid out folder begin with.
pub const SALT: Salt = Salt::new([0x5a; 16]);

/// The file of a spool's name with that salt.
pub fn identity() -> Vec<u8> {
    let stated = format!("{NAME} {}", "5a".repeat(16));
    format!("{stated} {:08x}", crc32c::crc32c(stated.as_bytes())).into_bytes()
}

/// The name of the spool.
pub const NAME: &str = "019ab3a4-5e1b-7d57-8a53-0d2a6f0f7c11";
