//! The scale that answers were given on, where each carries its own.

use std::collections::HashMap;

use crate::frame::Frame;
use crate::statistics::scale::{Kind, Scale};

/// Where the scale of answers is known from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered<'a> {
    /// How people were asked.
    pub kind: Kind,
    /// As it was stated, which goes before everything.
    pub stated: Option<Scale>,
    /// The columns with its ends.
    pub bounds: Option<&'a (String, String)>,
}

/// The scale that most answers were given on, and which answers were given on another.
pub(super) struct Scales {
    pub scale: Scale,
    pub other: Vec<bool>,
}

impl Scales {
    /// The stated scale, or the one most answers carry, or the customary one of the kind.
    pub fn of(offered: Offered<'_>, frame: &Frame) -> Scales {
        let customary = offered.stated.unwrap_or_else(|| offered.kind.customary());
        let Some((low, high)) = offered.bounds.filter(|_| offered.stated.is_none()) else {
            return Scales { scale: customary, other: vec![false; frame.rows()] };
        };
        let (low, high) = (frame.numbers(low), frame.numbers(high));
        let carried = |row: &usize| !low[*row].is_nan() && !high[*row].is_nan();
        let mut counts: HashMap<(u64, u64), u64> = HashMap::new();
        for row in (0..frame.rows()).filter(carried) {
            *counts.entry((low[row].to_bits(), high[row].to_bits())).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(bounds, count)| (*count, *bounds)).map(|(bounds, _)| bounds);
        let scale = most.map_or(customary, |(low, high)| Scale { low: f64::from_bits(low), high: f64::from_bits(high) });
        let other = (0..frame.rows()).map(|row| carried(&row) && (low[row] != scale.low || high[row] != scale.high)).collect();
        Scales { scale, other }
    }
}
