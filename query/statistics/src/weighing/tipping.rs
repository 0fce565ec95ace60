//! The smallest change of weights with which a rival is ahead.

use super::Weighed;

/// Where a rival draws level. Anything beyond it puts the rival ahead.
#[derive(Debug, Clone, PartialEq)]
pub struct Tipping {
    /// Which vendor.
    pub rival: usize,
    /// The sum of the absolute changes of weights that add up to 1: 0 to 2. 0.2 is a tenth of all weight, moved elsewhere. 0: the rival is level or ahead over
    /// what is known of both.
    pub change: f64,
    /// The weights there.
    pub weights: Vec<f64>,
    /// The same by one dimension alone, where one can do it: the nearest.
    pub alone: Option<Alone>,
}

/// One dimension's weight changed, the others keeping their proportions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alone {
    /// Which dimension.
    pub dimension: usize,
    /// Its weight as it is.
    pub from: f64,
    /// Its weight where the rival draws level.
    pub to: f64,
}

impl Weighed {
    /// The smallest change of weights, in the sum of absolute changes, with which the rival draws level with the leader; `None` where the rival is better in
    /// nothing, so that no weights put it ahead. Over dimensions that are known of both; the others keep their weights and count as alike.
    ///
    /// Exact and in closed form. Weight moved from a dimension to another changes the lead by the difference of the two gaps, so it is best moved to the one
    /// dimension where the rival is furthest ahead, and from where it is furthest behind first, until the lead is gone: a fractional knapsack, whose greedy
    /// solution is that of the linear programme (Dantzig, Operations Research 5 (1957), 266-277).
    pub fn tipping(&self, leader: usize, rival: usize) -> Option<Tipping> {
        let gaps = self.gaps(leader, rival);
        let mut sources: Vec<(usize, f64)> = gaps.iter().enumerate().filter_map(|(dimension, gap)| Some((dimension, (*gap)?))).collect();
        sources.sort_by(|a, b| b.1.total_cmp(&a.1));
        let (best, least) = *sources.last()?;
        let lead: f64 = sources.iter().map(|(dimension, gap)| self.weights[*dimension] * gap).sum();
        let mut weights = self.weights.clone();
        if lead <= 0.0 {
            return Some(Tipping { rival, change: 0.0, weights, alone: None });
        }
        if least >= 0.0 {
            return None;
        }
        let (mut left, mut moved) = (lead, 0.0);
        for (dimension, gap) in sources.iter().filter(|(_, gap)| *gap > least) {
            let step = self.weights[*dimension].min(left / (gap - least));
            weights[*dimension] -= step;
            weights[best] += step;
            moved += step;
            left -= step * (gap - least);
            if left <= lead * 1e-15 {
                break;
            }
        }
        Some(Tipping { rival, change: 2.0 * moved, weights, alone: self.alone(&gaps, lead) })
    }

    /// The lead is linear in one weight when the others keep their proportions.
    fn alone(&self, gaps: &[Option<f64>], lead: f64) -> Option<Alone> {
        let one = |(dimension, gap): (usize, &Option<f64>)| {
            let (from, gap) = (self.weights[dimension], (*gap)?);
            if from >= 1.0 {
                return None;
            }
            let rest = (lead - from * gap) / (1.0 - from);
            let to = rest / (rest - gap);
            (to.is_finite() && (0.0..=1.0).contains(&to)).then_some(Alone { dimension, from, to })
        };
        gaps.iter().enumerate().filter_map(one).min_by(|a, b| (a.to - a.from).abs().total_cmp(&(b.to - b.from).abs()))
    }
}
