//! A claim that the data so far speak against: no number of sessions shows what is not so.

use std::fmt;

use crate::poc::claims::Said;
use crate::poc::spec::Side;

/// What is seen beside what is claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Contradicted {
    /// Which figure is claimed.
    pub figure: ClaimedFigure,
    /// What the data say of it: of shares and quantiles 0 to 1, of a mean in the column's unit.
    pub seen: f64,
    /// What is claimed of it, likewise.
    pub claimed: f64,
    /// On which side of that it was to lie.
    pub side: Side,
}

/// A figure that a claim is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClaimedFigure {
    /// The share of yes.
    Share,
    /// A quantile, 0 to 1; what is seen and claimed is the share of rows within its bound.
    Quantile(f64),
    /// The mean.
    Mean,
}

/// Most decimals of a percentage: finer shares than these no POC shows.
const MOST_DECIMALS: usize = 6;

impl Contradicted {
    /// What is seen and what is claimed as people read them, with as many decimals as tell them apart.
    pub fn shown(&self) -> (String, String) {
        let share = |value: f64, decimals: usize| format!("{:.decimals$} %", value * 100.0);
        match self.figure {
            ClaimedFigure::Mean => (plain(self.seen), plain(self.claimed)),
            _ => {
                let apart = |decimals: &usize| share(self.seen, *decimals) != share(self.claimed, *decimals);
                let decimals = (2..=MOST_DECIMALS).find(apart).unwrap_or(2);
                (share(self.seen, decimals), share(self.claimed, decimals))
            }
        }
    }

    /// The same in a sentence, without its stop, in both languages.
    pub fn said(&self) -> Said {
        let (seen, claimed) = self.shown();
        let (en, zh) = match (self.seen == self.claimed, self.side) {
            (true, _) => ("no better than", "并不优于"),
            (false, Side::AtLeast) => ("below", "低于"),
            (false, Side::AtMost) => ("above", "高于"),
        };
        let (so_far, so_far_zh) = match self.figure {
            ClaimedFigure::Quantile(q) => {
                let q = plain(q * 100.0);
                (
                    format!("the data so far have {seen} of sessions within the bound, {en} the {claimed} that p{q} takes"),
                    format!("现有数据中有 {seen} 的会话在界限之内，{zh} p{q} 所需的 {claimed}"),
                )
            }
            _ => (format!("the data so far say {seen}, {en} the claimed {claimed}"), format!("现有数据为 {seen}，{zh}所称的 {claimed}")),
        };
        Said::new(
            format!("{so_far}: if it stays so, more sessions will not show the claim; it would take a better service"),
            format!("{so_far_zh}：若保持不变，再多会话也无法证明该说法，只能改进服务本身"),
        )
    }
}

/// A figure to four places, without zeros behind them.
fn plain(value: f64) -> String {
    ((value * 1e4).round() / 1e4).to_string()
}

impl fmt::Display for Contradicted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said().en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(figure: ClaimedFigure, seen: f64, claimed: f64, side: Side, en: &str, zh: &str) {
        let said = Contradicted { figure, seen, claimed, side }.said();
        assert!(said.en.starts_with(en) && said.en.ends_with("it would take a better service"), "{}", said.en);
        assert!(said.zh.starts_with(zh), "{}", said.zh);
    }

    #[test]
    fn what_is_seen_is_told_apart_from_what_is_claimed() {
        use ClaimedFigure::{Mean, Quantile, Share};
        check(
            Share,
            0.995,
            0.9999,
            Side::AtLeast,
            "the data so far say 99.50 %, below the claimed 99.99 %:",
            "现有数据为 99.50 %，低于所称的 99.99 %：",
        );
        check(
            Share,
            0.999_899,
            0.9999,
            Side::AtLeast,
            "the data so far say 99.9899 %, below the claimed 99.9900 %:",
            "现有数据为 99.9899 %",
        );
        check(
            Share,
            0.02,
            0.01,
            Side::AtMost,
            "the data so far say 2.00 %, above the claimed 1.00 %:",
            "现有数据为 2.00 %，高于所称的 1.00 %：",
        );
        check(
            Share,
            0.99,
            0.99,
            Side::AtLeast,
            "the data so far say 99.00 %, no better than the claimed 99.00 %:",
            "现有数据为 99.00 %，并不优于所称的",
        );
        check(
            Mean,
            612.25,
            600.0,
            Side::AtMost,
            "the data so far say 612.25, above the claimed 600:",
            "现有数据为 612.25，高于所称的 600：",
        );
        let (en, zh) = (
            "the data so far have 91.20 % of sessions within the bound, below the 95.00 % that p95 takes:",
            "现有数据中有 91.20 % 的会话在界限之内，低于 p95 所需的 95.00 %：",
        );
        check(Quantile(0.95), 0.912, 0.95, Side::AtLeast, en, zh);
    }
}
