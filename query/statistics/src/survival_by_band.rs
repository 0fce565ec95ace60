//! Survival curves of bands of quality side by side, and whether and by how much they differ.

use crate::estimate::{Confidence, Estimate};
use crate::kaplan_meier::{KaplanMeier, KaplanMeierError, Quantile, RestrictedMean};
use crate::log_rank::{Groups, LogRank, LogRankError, log_rank};
use crate::spell::{SpellError, Spells, same_length};

/// Why bands have no curves.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ByBandError {
    /// Columns of the wrong length.
    #[error("bands do not fit the spells")]
    Spells(#[from] SpellError),
    /// A code without a label.
    #[error("row {row} is of band {code}, but there are {bands} bands")]
    Unknown {
        /// Where, from 0.
        row: usize,
        /// Its code.
        code: u32,
        /// How many bands have labels.
        bands: usize,
    },
    /// The curve of a band.
    #[error("no curve of band {band:?}")]
    Curve {
        /// Which.
        band: String,
        /// Why.
        source: KaplanMeierError,
    },
}

/// One band.
#[derive(Debug, Clone)]
pub struct Band {
    /// Its name.
    pub label: String,
    /// Its spells.
    pub n: u64,
    /// How many of them ended with the event.
    pub events: u64,
    /// Its curve.
    pub curve: KaplanMeier,
    /// The median time.
    pub median: Quantile,
    /// The mean time up to the common horizon, or why it cannot be told.
    pub restricted_mean: Result<RestrictedMean, KaplanMeierError>,
    /// That mean less the first band's; `None` for the first band itself and where either is not known. Differences of several bands are not adjusted
    /// for their number.
    pub less_first: Option<Estimate>,
    /// The standard error of that difference.
    pub standard_error: Option<f64>,
}

/// Bands side by side.
#[derive(Debug, Clone)]
pub struct ByBand {
    /// The bands with spells, in order of their codes.
    pub bands: Vec<Band>,
    /// The names of those without.
    pub empty: Vec<String>,
    /// Up to when means were taken.
    pub horizon: f64,
    /// Whether the bands' hazards are the same, or why that cannot be told.
    pub log_rank: Result<LogRank, LogRankError>,
}

/// The curves of the bands that `codes` (indices into `labels`) name, their log-rank test, and the differences of their restricted means from the first
/// band's. Means are taken up to `horizon`; without one up to the last time to which every band was watched.
pub fn by_band(
    spells: &Spells<'_>,
    codes: &[u32],
    labels: &[String],
    horizon: Option<f64>,
    level: Confidence,
) -> Result<ByBand, ByBandError> {
    same_length("band codes", codes.len(), spells.rows())?;
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); labels.len()];
    for (row, code) in codes.iter().enumerate() {
        let unknown = ByBandError::Unknown { row, code: *code, bands: labels.len() };
        rows.get_mut(*code as usize).ok_or(unknown)?.push(row);
    }
    let (some, empty): (Vec<usize>, Vec<usize>) = (0..labels.len()).partition(|band| !rows[*band].is_empty());
    let mut curves = Vec::new();
    for band in &some {
        let failed = |source| ByBandError::Curve { band: labels[*band].clone(), source };
        curves.push((labels[*band].clone(), curve(spells, &rows[*band])?.map_err(failed)?));
    }
    let horizon = horizon.unwrap_or_else(|| watched_by_all(&curves));
    let mut bands: Vec<Band> = Vec::new();
    for (label, curve) in curves {
        let restricted_mean = curve.restricted_mean(horizon, level);
        let first = bands.first().and_then(|first| first.restricted_mean.as_ref().ok());
        let pair = first.zip(restricted_mean.as_ref().ok());
        let less_first = pair.and_then(|(first, this)| RestrictedMean::difference(this, first, level));
        let standard_error = pair.map(|(first, this)| first.standard_error.hypot(this.standard_error));
        let (n, events, median) = (curve.rows(), curve.events(), curve.median(level));
        bands.push(Band { label, n, events, curve, median, restricted_mean, less_first, standard_error });
    }
    let log_rank = compare(spells, codes, labels, &some);
    let empty = empty.into_iter().map(|band| labels[band].clone()).collect();
    Ok(ByBand { bands, empty, horizon, log_rank })
}

/// The last time at which every curve is known; of curves that all come down to 0, the last exit.
fn watched_by_all(curves: &[(String, KaplanMeier)]) -> f64 {
    let open = curves.iter().filter(|(_, curve)| !curve.ended()).map(|(_, curve)| curve.last()).reduce(f64::min);
    open.unwrap_or_else(|| curves.iter().map(|(_, curve)| curve.last()).fold(0.0, f64::max))
}

/// The test of the bands that are not empty.
fn compare(spells: &Spells<'_>, codes: &[u32], labels: &[String], some: &[usize]) -> Result<LogRank, LogRankError> {
    let mut place = vec![0_u32; labels.len()];
    (0..).zip(some).for_each(|(at, band)| place[*band] = at);
    let codes: Vec<u32> = codes.iter().map(|code| place[*code as usize]).collect();
    let labels: Vec<String> = some.iter().map(|band| labels[*band].clone()).collect();
    log_rank(spells, Groups { codes: &codes, labels: &labels, strata: None })
}

fn curve(spells: &Spells<'_>, rows: &[usize]) -> Result<Result<KaplanMeier, KaplanMeierError>, SpellError> {
    let take = |values: &[f64]| -> Vec<f64> { rows.iter().map(|row| values[*row]).collect() };
    let exit = take(spells.exit());
    let event: Vec<bool> = rows.iter().map(|row| spells.event()[*row]).collect();
    let (entry, weight) = (spells.entry().map(take), spells.weights().map(take));
    let mut own = Spells::new(&exit, &event)?;
    if let Some(entry) = &entry {
        own = own.entering(entry)?;
    }
    if let Some(weight) = &weight {
        own = own.weighing(weight)?;
    }
    Ok(KaplanMeier::new(&own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_have_curves_a_test_and_differences_and_empty_ones_are_named() {
        let labels = ["good", "fair", "poor"].map(String::from);
        let exit: Vec<f64> = (1..=40).map(f64::from).collect();
        let event: Vec<bool> = (0..40).map(|i| i % 5 != 0).collect();
        let codes: Vec<u32> = (0..40).map(|i| if i % 3 == 0 { 2 } else { 0 }).collect();
        let spells = Spells::new(&exit, &event).unwrap();
        let got = by_band(&spells, &codes, &labels, Some(30.0), Confidence::P95).unwrap();
        assert_eq!(got.empty, ["fair"]);
        assert_eq!((got.bands[0].n, got.bands[1].n, got.bands[1].label.as_str()), (26, 14, "poor"));
        assert_eq!(got.bands[0].less_first, None);
        let (first, second) = (got.bands[0].restricted_mean.as_ref().unwrap(), got.bands[1].restricted_mean.as_ref().unwrap());
        let less = got.bands[1].less_first.unwrap();
        assert!((less.value - (second.mean.value - first.mean.value)).abs() < 1e-12 && less.n == 40);
        assert_eq!(got.log_rank.unwrap().freedom, 1);
    }

    #[test]
    fn one_band_has_a_curve_but_no_test() {
        let labels = ["good".to_owned()];
        let spells = Spells::new(&[1.0, 2.0, 3.0], &[true, true, false]).unwrap();
        let got = by_band(&spells, &[0, 0, 0], &labels, None, Confidence::P95).unwrap();
        assert_eq!(got.log_rank, Err(LogRankError::OneGroup { groups: 1 }));
        assert_eq!(got.horizon, 3.0);
        let error = by_band(&spells, &[0, 1, 0], &labels, None, Confidence::P95).unwrap_err();
        assert_eq!(error.to_string(), "row 1 is of band 1, but there are 1 bands");
    }

    #[test]
    fn a_band_in_which_nothing_happens_has_no_mean_and_no_difference() {
        let labels = ["good", "poor"].map(String::from);
        let spells = Spells::new(&[5.0, 6.0, 1.0, 2.0, 6.0], &[false, false, true, true, false]).unwrap();
        let got = by_band(&spells, &[0, 0, 1, 1, 1], &labels, Some(5.0), Confidence::P95).unwrap();
        assert_eq!(got.bands[0].restricted_mean, Err(KaplanMeierError::NoSpread { horizon: 5.0, events: 0, rows: 2 }));
        assert_eq!(got.bands[1].less_first, None);
        assert!(got.bands[1].restricted_mean.is_ok() && got.log_rank.is_ok());
    }
}
