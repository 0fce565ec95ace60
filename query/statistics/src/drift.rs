//! What may have gone stale: change of a net promoter score and of a top-box share between waves, conclusions past their time, and which release a
//! change of level coincides with.

use statrs::distribution::{Binomial, DiscreteCDF};

use crate::estimate::{Confidence, Estimate};

/// Answers to "would you recommend us", 0 to 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NetPromoter {
    /// 9 and 10.
    pub promoters: u64,
    /// 7 and 8.
    pub passives: u64,
    /// 0 to 6.
    pub detractors: u64,
}

impl NetPromoter {
    fn n(&self) -> u64 {
        self.promoters + self.passives + self.detractors
    }

    /// 100 (p - d) and its squared standard error 100^2 (p + d - (p - d)^2) / n, of these answers and some more of each kind.
    fn score(&self, more: [f64; 3]) -> (f64, f64) {
        let n = self.n() as f64 + more.iter().sum::<f64>();
        let (p, d) = ((self.promoters as f64 + more[0]) / n, (self.detractors as f64 + more[2]) / n);
        (100.0 * (p - d), 1e4 * (p + d - (p - d).powi(2)) / n)
    }
}

/// Pseudo-answers for the interval: adjusted Wald (Rocks, Interval estimation for the net promoter score, The American Statistician 70 (2016),
/// 365-372), three quarters of a promoter and of a detractor and one and a half passives, so that ten promoters of ten do not look certain.
const ADJUSTMENT: [f64; 3] = [0.75, 1.5, 0.75];

/// The net promoter score of this wave less that of the last, in points, -200 to 200, for people asked independently of each other.
///
/// The value is that of the answers; the interval is around the adjusted scores and always holds the value. `n` is the answers in both. `None` when
/// either wave has none.
pub fn net_promoter_difference(last: NetPromoter, this: NetPromoter, level: Confidence) -> Option<Estimate> {
    if last.n() == 0 || this.n() == 0 {
        return None;
    }
    let value = this.score([0.0; 3]).0 - last.score([0.0; 3]).0;
    let ((a, variance_a), (b, variance_b)) = (last.score(ADJUSTMENT), this.score(ADJUSTMENT));
    let half = level.z() * (variance_a + variance_b).sqrt();
    Some(Estimate { value, low: (b - a - half).max(-200.0).min(value), high: (b - a + half).min(200.0).max(value), n: last.n() + this.n() })
}

/// People asked twice of whom some changed sides: satisfied (top box) or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Switched {
    /// Satisfied now and not before.
    pub gained: u64,
    /// Satisfied before and not now.
    pub lost: u64,
    /// Everyone asked both times.
    pub n: u64,
}

/// How the share of the satisfied changed among the same people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TopBoxChange {
    /// The share now less the share before, -1 to 1.
    pub difference: Estimate,
    /// How often as lopsided a change would come about if switching were as likely either way.
    pub p: f64,
}

/// The change of a share among people asked twice.
///
/// Interval: adjusted Wald (Bonett and Price, J. Educ. Behav. Stat. 37 (2012), 479-488): one more of each kind of switch. `p`: McNemar's exact
/// test; 1 when nobody switched. `None` for nobody, and for more who switched than there were.
pub fn top_box_change(of: Switched, level: Confidence) -> Option<TopBoxChange> {
    let switched = of.gained.checked_add(of.lost)?;
    if of.n == 0 || switched > of.n {
        return None;
    }
    let n = of.n as f64;
    let value = (of.gained as f64 - of.lost as f64) / n;
    let (up, down) = ((of.gained + 1) as f64 / (n + 2.0), (of.lost + 1) as f64 / (n + 2.0));
    let half = level.z() * ((up + down - (up - down).powi(2)) / (n + 2.0)).sqrt();
    let difference =
        Estimate { value, low: (up - down - half).max(-1.0).min(value), high: (up - down + half).min(1.0).max(value), n: of.n };
    let fewer = of.gained.min(of.lost);
    let p = if switched == 0 { 1.0 } else { (2.0 * Binomial::new(0.5, switched).ok()?.cdf(fewer)).min(1.0) };
    Some(TopBoxChange { difference, p })
}

/// Half a year: how old a conclusion may grow before it is flagged. Products, networks and people change; our choice.
pub const STALE_AFTER_DAYS: u32 = 183;

/// Whether a conclusion drawn so many days ago is older than `limit_days` (see [`STALE_AFTER_DAYS`]) and should be drawn again.
pub fn stale(age_days: u32, limit_days: u32) -> bool {
    age_days > limit_days
}

/// A release that a change of level coincides with, which is not to say that it caused it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coincidence {
    /// Which of the given releases is nearest.
    pub release: usize,
    /// Its time less that of the change: negative when the release came first.
    pub offset: f64,
    /// Releases within the window, this one included.
    pub within: usize,
    /// The share of the whole span that lies within a window of some release, 0 to 1: how often a change at any other time would have coincided too.
    /// Near 1 the coincidence says nothing.
    pub by_chance: f64,
}

/// The release nearest to a change, at most `window` away; `None` when there is none, or a time is not finite.
///
/// Times are in one unit of the caller's choice, days say; `span` is the first and last time of the series in which the change was found. Of two
/// equally near the earlier one is named.
pub fn coincides_with(change: f64, releases: &[f64], window: f64, span: (f64, f64)) -> Option<Coincidence> {
    let finite = [change, window, span.0, span.1].iter().chain(releases).all(|time| time.is_finite());
    if !finite || window < 0.0 || span.0 >= span.1 {
        return None;
    }
    let near = || releases.iter().enumerate().map(|(at, time)| (at, time - change)).filter(|(_, offset)| offset.abs() <= window);
    let (release, offset) = near().min_by(|a, b| a.1.abs().total_cmp(&b.1.abs()).then(a.1.total_cmp(&b.1)))?;
    let mut sorted = releases.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (mut covered, mut reached) = (0.0, span.0);
    for time in sorted {
        let (from, to) = ((time - window).max(reached), (time + window).min(span.1));
        covered += (to - from).max(0.0);
        reached = reached.max(to);
    }
    Some(Coincidence { release, offset, within: near().count(), by_chance: covered / (span.1 - span.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference() -> serde_json::Value {
        let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/drift.json")).unwrap();
        serde_json::from_str(&file).unwrap()
    }

    /// statsmodels `mcnemar(exact=True)`; Bonett and Price's interval by numpy.
    #[test]
    fn a_top_box_change_is_mcnemars() {
        for want in reference()["expected"]["top_box"].as_array().unwrap() {
            let count = |name: &str| want[name].as_u64().unwrap();
            let of = Switched { gained: count("gained"), lost: count("lost"), n: count("n") };
            let got = top_box_change(of, Confidence::P95).unwrap();
            let all = [(got.p, "p"), (got.difference.value, "value"), (got.difference.low, "low"), (got.difference.high, "high")];
            for (got, name) in all {
                assert!((got - want[name].as_f64().unwrap()).abs() < 1e-6, "{name} of {of:?} is {got}");
            }
        }
        assert_eq!(top_box_change(Switched::default(), Confidence::P95), None);
        assert_eq!(top_box_change(Switched { gained: 2, lost: 2, n: 3 }, Confidence::P95), None);
        assert_eq!(top_box_change(Switched { gained: 0, lost: 0, n: 3 }, Confidence::P95).unwrap().p, 1.0);
    }

    /// The variance 100^2 (p + d - (p - d)^2) / n by numpy, and Rocks' pseudo-answers.
    #[test]
    fn a_net_promoter_difference_has_the_error_of_its_variance() {
        let reference = reference();
        let of = |wave: &str| {
            let counts: Vec<u64> = reference["input"]["nps"][wave].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
            NetPromoter { promoters: counts[0], passives: counts[1], detractors: counts[2] }
        };
        let (last, this) = (of("last"), of("this"));
        let want = |name: &str| reference["expected"]["nps"][name].as_f64().unwrap();
        assert!(((last.score([0.0; 3]).1 + this.score([0.0; 3]).1).sqrt() - want("error")).abs() < 1e-9);
        let got = net_promoter_difference(last, this, Confidence::P95).unwrap();
        for (got, name) in [(got.value, "value"), (got.low, "low"), (got.high, "high")] {
            assert!((got - want(name)).abs() < 1e-6, "{name}: {got}");
        }
    }

    #[test]
    fn all_promoters_are_not_certain() {
        let all = NetPromoter { promoters: 10, ..NetPromoter::default() };
        let got = net_promoter_difference(all, all, Confidence::P95).unwrap();
        assert!(got.value == 0.0 && got.low < -5.0 && got.high > 5.0, "{got:?}");
        assert_eq!(net_promoter_difference(NetPromoter::default(), all, Confidence::P95), None);
    }

    #[test]
    fn half_a_year_is_not_yet_stale() {
        assert!(!stale(183, STALE_AFTER_DAYS) && stale(184, STALE_AFTER_DAYS));
    }

    #[test]
    fn the_nearest_release_coincides() {
        let got = coincides_with(50.0, &[10.0, 48.0, 53.0, 90.0], 3.0, (0.0, 100.0)).unwrap();
        assert_eq!((got.release, got.offset, got.within), (1, -2.0, 2));
        // Windows of 6 each at 10 and 90, and one of 11 from 45 to 56.
        assert!((got.by_chance - 0.23).abs() < 1e-12);
        assert_eq!(coincides_with(50.0, &[10.0, 90.0], 3.0, (0.0, 100.0)), None);
        assert_eq!(coincides_with(50.0, &[f64::NAN], 3.0, (0.0, 100.0)), None);
    }

    #[test]
    fn weekly_releases_coincide_with_anything() {
        let weekly: Vec<f64> = (0..15).map(|week| f64::from(week) * 7.0).collect();
        assert_eq!(coincides_with(50.0, &weekly, 4.0, (0.0, 98.0)).unwrap().by_chance, 1.0);
    }
}
