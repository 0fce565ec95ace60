//! Poisson weights of units: each follows from seed, block of resamples, and the unit's number.

/// Resamples that are drawn together: what vector instructions take at once.
pub(super) const LANES: usize = 16;

pub(super) struct Weights {
    seed: u64,
    /// The units' numbers, ascending, each once.
    names: Vec<u32>,
    /// The place of each number, where numbers are not too sparse for a table.
    table: Option<Vec<u32>>,
}

impl Weights {
    pub(super) fn of<'a>(names: impl Iterator<Item = &'a [u32]>, seed: u64) -> Weights {
        let mut known: Vec<u32> = Vec::new();
        for names in names {
            if known != names {
                known.extend(names);
                known.sort_unstable();
                known.dedup();
            }
        }
        let highest = known.last().map_or(0, |last| *last as usize);
        let table = (highest < 4 * known.len() + 1024).then(|| {
            let mut table = vec![0; highest + 1];
            (0..).zip(&known).for_each(|(place, name)| table[*name as usize] = place);
            table
        });
        Weights { seed, names: known, table }
    }

    /// Where the weights of these units stand.
    pub(super) fn places(&self, names: &[u32]) -> Vec<u32> {
        let place = |name: &u32| match &self.table {
            Some(table) => table[*name as usize],
            None => self.names.partition_point(|known| known < name) as u32,
        };
        names.iter().map(place).collect()
    }

    /// The weights of all units in a block of resamples.
    pub(super) fn draw(&self, block: u64) -> Vec<[u8; LANES]> {
        let key = mix(mix(self.seed ^ SALT).wrapping_add(block.wrapping_mul(GOLDEN)));
        self.names.iter().map(|name| poisson(key, u64::from(*name))).collect()
    }
}

const SALT: u64 = 0x71e5_a9b4_0c3d_2f68;
/// 2^64 over the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's output function (Steele, Lea, Flood, OOPSLA 2014).
fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// 65,536 times the probability that a Poisson(1) number is below 1, 2, ..., 8, rounded so that the mean is exactly 1 (and the variance 0.99997); none is
/// above 8, as one in a million would be.
const BELOW: [u16; 8] = [24_109, 48_219, 60_273, 64_292, 65_296, 65_497, 65_531, 65_535];

/// Sixteen weights of sixteen bits each.
fn poisson(key: u64, name: u64) -> [u8; LANES] {
    let mut bits = [0_u16; LANES];
    for (at, four) in bits.chunks_exact_mut(4).enumerate() {
        let word = mix(key.wrapping_add(GOLDEN.wrapping_mul(name.wrapping_mul(4).wrapping_add(at as u64))));
        for (lane, bits) in four.iter_mut().enumerate() {
            *bits = (word >> (16 * lane)) as u16;
        }
    }
    let mut weights = [0_u8; LANES];
    for (weight, bits) in weights.iter_mut().zip(bits) {
        *weight = BELOW.iter().fold(0, |weight, below| weight + u8::from(bits >= *below));
    }
    weights
}
