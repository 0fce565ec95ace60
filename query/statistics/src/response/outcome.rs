//! What answers depend on: models of answers, predicted for everyone.

use nalgebra::{DMatrix, DVector};

use crate::design::Design;
use crate::influence::parallel_rows;
use crate::linear::{Normal, solve};
use crate::logistic::{Penalty, expit};
use crate::parallel::over_blocks;
use crate::response::propensity::{PER_COLUMN, Propensity, RIDGE, held};
use crate::response::{Asked, Respondents};
use crate::scale::Kind;
use crate::weights::stabilised;

/// The mean prediction over everyone.
#[derive(Debug, Clone)]
pub(crate) struct Predicted {
    /// The mean.
    pub value: f64,
    /// How each row moved it.
    pub influence: Vec<f64>,
    /// The prediction for each respondent.
    pub of_respondents: Vec<f64>,
}

/// A model of a part of the score.
struct Model {
    coefficients: DVector<f64>,
    /// Inverse of its (penalised, weighted) information.
    inverse: DMatrix<f64>,
    link: Link,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    Identity,
    Logit,
}

impl Model {
    fn mean(&self, row: &[f64]) -> f64 {
        let predictor: f64 = row.iter().zip(self.coefficients.iter()).map(|(x, b)| x * b).sum();
        if self.link == Link::Logit { expit(predictor) } else { predictor }
    }

    /// How much the mean moves with its predictor.
    fn slope(&self, mean: f64) -> f64 {
        if self.link == Link::Logit { mean * (1.0 - mean) } else { 1.0 }
    }
}

/// The score predicted for everyone by models fitted to the answers with their trimmed weights. As weighted residuals of these models sum to 0, the mean
/// prediction is the augmented estimate itself. `None` when answers have no model.
pub(crate) fn predict(asked: &Asked<'_>, respondents: &Respondents, propensity: &Propensity) -> Option<Predicted> {
    let equal = |value: f64| respondents.contributions.iter().map(|y| f64::from(u8::from(*y == value))).collect::<Vec<f64>>();
    let parts = match asked.instrument.kind() {
        Kind::Csat | Kind::Thumbs => vec![(1.0, Link::Logit, equal(1.0))],
        Kind::Nps => vec![(100.0, Link::Logit, equal(100.0)), (-100.0, Link::Logit, equal(-100.0))],
        Kind::Ces | Kind::Acr => vec![(1.0, Link::Identity, respondents.contributions.clone())],
    };
    let of = asked.design.select(&respondents.rows);
    let weights = stabilised(&propensity.trimmed.weights)?;
    let mut whole = Predicted { value: 0.0, influence: vec![0.0; asked.design.rows()], of_respondents: vec![0.0; respondents.rows.len()] };
    for (factor, link, response) in parts {
        let Some(part) = Part { asked, respondents, propensity, of: &of, weights: &weights, response: &response }.predict(link)? else {
            // Promoters or detractors that do not occur: nothing of them is predicted.
            whole.value += factor * response[0];
            whole.of_respondents.iter_mut().for_each(|sum| *sum += factor * response[0]);
            continue;
        };
        whole.value += factor * part.value;
        whole.influence.iter_mut().zip(&part.influence).for_each(|(sum, value)| *sum += factor * value);
        whole.of_respondents.iter_mut().zip(&part.of_respondents).for_each(|(sum, value)| *sum += factor * value);
    }
    Some(whole)
}

struct Part<'a> {
    asked: &'a Asked<'a>,
    respondents: &'a Respondents,
    propensity: &'a Propensity,
    /// The respondents' rows of the design.
    of: &'a Design,
    weights: &'a [f64],
    response: &'a [f64],
}

impl Part<'_> {
    /// `Some(None)` when the response is the same for all.
    fn predict(&self, link: Link) -> Option<Option<Predicted>> {
        if self.response.iter().all(|y| *y == self.response[0]) {
            return Some(None);
        }
        let model = if link == Link::Logit { self.logit()? } else { self.line()? };
        let design = self.asked.design;
        let everyone = design.rows() as f64;
        let predictions = parallel_rows(design.rows(), |row| model.mean(design.row(row)));
        let value = predictions.iter().sum::<f64>() / everyone;
        // How the mean prediction moves with the model's coefficients, and from there with each answer.
        let gradient = weighted_rows(design, |row| model.slope(predictions[row]) / everyone);
        let direction = &model.inverse * gradient;
        let of_respondents: Vec<f64> = self.respondents.rows.iter().map(|row| predictions[*row]).collect();
        let reach = |place: usize| {
            let residual = self.response[place] - of_respondents[place];
            self.weights[place] * residual * self.of.predict(place, direction.as_slice())
        };
        // The weights move with the model of answering, d (1 / p) = -(1 - p) / p x, except those cut.
        let moved = |place: usize| {
            let silent = 1.0 - 1.0 / self.propensity.weights[place];
            if self.propensity.moves(place) { -silent * reach(place) } else { 0.0 }
        };
        let through = weighted_rows(self.of, moved);
        let mut influence = self.propensity.through(design, &self.respondents.answered, &through);
        influence.iter_mut().zip(&predictions).for_each(|(sum, mean)| *sum += (mean - value) / everyone);
        self.respondents.rows.iter().enumerate().for_each(|(place, row)| influence[*row] += reach(place));
        Some(Some(Predicted { value, influence, of_respondents }))
    }

    fn logit(&self) -> Option<Model> {
        let outcome: Vec<bool> = self.response.iter().map(|y| *y == 1.0).collect();
        let (model, _) = held(self.of, &outcome, Some(self.weights), Penalty::None).ok()?;
        Some(Model { coefficients: model.coefficients, inverse: model.covariance, link: Link::Logit })
    }

    fn line(&self) -> Option<Model> {
        let mut normal = Normal::of(self.of, |place| (self.weights[place], self.response[place]));
        let few = self.of.rows() < PER_COLUMN * self.of.columns();
        let plain = solve(&normal.gram, &normal.right).filter(|_| !few);
        let (coefficients, inverse) = plain.or_else(|| {
            (1..self.of.columns()).for_each(|column| normal.gram[(column, column)] += RIDGE);
            solve(&normal.gram, &normal.right)
        })?;
        Some(Model { coefficients, inverse, link: Link::Identity })
    }
}

/// The sum of the rows, each times its own weight.
pub(crate) fn weighted_rows(design: &Design, weight: impl Fn(usize) -> f64 + Sync) -> DVector<f64> {
    let block = |rows: std::ops::Range<usize>| {
        let mut sum = vec![0.0; design.columns()];
        for row in rows {
            let weight = weight(row);
            sum.iter_mut().zip(design.row(row)).for_each(|(sum, x)| *sum += weight * x);
        }
        sum
    };
    let add = |mut a: Vec<f64>, b: Vec<f64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    DVector::from_vec(over_blocks(design.rows(), block, add).unwrap_or_else(|| vec![0.0; design.columns()]))
}
