//! The score of a part of those asked, such as one region, by the correction of the whole: where the part has too few answers for models of its own.

use nalgebra::DVector;

use crate::estimate::{Confidence, Estimate};
use crate::influence::{Spread, totals};
use crate::response::{Asked, Corrected};

impl Corrected {
    /// The answers of the rows that are `of` the part, weighted by the trimmed weights of the whole (Hajek's ratio). The interval is by influence, and
    /// allows for the model of answering having been estimated from everyone. Right where silence goes by the same covariates in the part as in the
    /// whole. `None` when no answer is of the part, when those that are do not vary, and for another number of rows than were asked.
    pub fn part(&self, asked: &Asked<'_>, of: &[bool], level: Confidence) -> Option<Estimate> {
        let (respondents, propensity) = (&self.fit.respondents, &self.fit.propensity);
        if of.len() != respondents.answered.len() || asked.design.rows() != of.len() {
            return None;
        }
        let places: Vec<usize> = (0..respondents.rows.len()).filter(|place| of[respondents.rows[*place]]).collect();
        if places.iter().all(|place| respondents.contributions[*place] == respondents.contributions[places[0]]) {
            return None;
        }
        let total: f64 = places.iter().map(|place| propensity.cut(*place)).sum();
        let mean = places.iter().map(|place| propensity.cut(*place) * respondents.contributions[*place]).sum::<f64>() / total;
        let pull = |place: usize| (respondents.contributions[place] - mean) / total;
        let mut gradient = DVector::zeros(asked.design.columns());
        for place in places.iter().copied().filter(|place| propensity.moves(*place)) {
            // As in the weighted mean of the whole: d (1 / p) / d coefficients = -(1 - p) / p x.
            let moved = -(propensity.cut(place) - 1.0) * pull(place);
            gradient.iter_mut().zip(asked.design.row(respondents.rows[place])).for_each(|(sum, x)| *sum += moved * x);
        }
        let mut influence = propensity.through(asked.design, &respondents.answered, &gradient);
        places.iter().for_each(|place| influence[respondents.rows[*place]] += propensity.cut(*place) * pull(*place));
        let clusters = self.fit.clusters.as_ref();
        let units = clusters.map_or(places.len(), |clusters| clusters.touched(places.iter().map(|place| respondents.rows[*place])));
        Spread::of(&totals(influence, clusters), units, 1)?.interval(&asked.instrument, mean, level, places.len() as u64)
    }

    /// How many answers count as separate observations: of as many people, where rows are clustered.
    pub fn units(&self) -> u64 {
        self.fit.units as u64
    }
}
