//! The best way to cut a series into so many levels.

use super::series::Scaled;

/// Where each of `pieces` levels begins but the first, such that the weighted squares about the levels are least, and those squares; `None` when
/// there is no room for pieces of `least` periods.
///
/// Dynamic programming over all cuts (Jackson et al., IEEE Signal Processing Letters 12 (2005), 105-108): exact, in time pieces x n^2.
pub(super) fn optimal(series: &Scaled, pieces: usize, least: usize) -> Option<(Vec<usize>, f64)> {
    let (n, squares) = (series.len(), series.running_squares());
    if pieces == 0 || n < pieces * least {
        return None;
    }
    // best[to]: the least cost of the first `to` periods in the pieces so far; from[piece][to]: where the last of them begins.
    let mut best: Vec<f64> = (0..=n).map(|to| if to >= least { series.cost(0, to, &squares) } else { f64::INFINITY }).collect();
    let mut from = Vec::with_capacity(pieces);
    for piece in 1..pieces {
        let mut next = vec![f64::INFINITY; n + 1];
        let mut begins = vec![0; n + 1];
        for to in (piece + 1) * least..=n {
            let costs = (piece * least..=to - least).map(|begin| (begin, best[begin] + series.cost(begin, to, &squares)));
            if let Some((begin, cost)) = costs.reduce(|least, other| if other.1 < least.1 { other } else { least }) {
                (next[to], begins[to]) = (cost, begin);
            }
        }
        best = next;
        from.push(begins);
    }
    let mut cuts = Vec::with_capacity(pieces - 1);
    let mut to = n;
    for begins in from.iter().rev() {
        to = begins[to];
        cuts.push(to);
    }
    cuts.reverse();
    Some((cuts, best[n]))
}
