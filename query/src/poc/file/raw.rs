//! The shapes of the file. Values that may be refused know where they stand.

use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub name: Spanned<String>,
    #[serde(default)]
    pub vendors: Vendors,
    #[serde(default)]
    pub scope: Scope,
    pub columns: Columns,
    pub design: Design,
    #[serde(default)]
    pub primary: Vec<Metric>,
    #[serde(default)]
    pub secondary: Vec<Metric>,
    #[serde(default)]
    pub claim: Vec<Spanned<Claim>>,
    #[serde(default)]
    pub scorecard: Scorecard,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Vendors {
    pub arms: Option<Spanned<Vec<String>>>,
    pub allocation: Option<Spanned<Vec<f64>>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Scope {
    pub services: Vec<String>,
    pub scenarios: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Columns {
    pub arm: String,
    pub unit: Option<String>,
    pub pair: Option<String>,
    #[serde(default)]
    pub strata: Vec<Spanned<String>>,
    pub time: Option<String>,
    pub session: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Design {
    pub randomised: Spanned<String>,
    pub minimum_days: Spanned<f64>,
    pub stopping: Spanned<String>,
    pub narrowest_at: Option<Spanned<f64>>,
    pub level: Spanned<f64>,
    pub power: Spanned<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metric {
    pub name: Spanned<String>,
    pub what: Option<Spanned<String>>,
    pub better: Spanned<String>,
    pub kind: Option<Spanned<String>>,
    pub margin: Option<Spanned<f64>>,
    pub before: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claim {
    pub said: Spanned<String>,
    pub arm: Option<Spanned<String>>,
    pub quantiles: Option<Spanned<Quantiles>>,
    pub share: Option<Spanned<Bounded>>,
    pub mean: Option<Spanned<Bounded>>,
    pub effect: Option<Spanned<Effect>>,
    #[serde(default)]
    pub untestable: bool,
    pub every: Option<Spanned<String>>,
    pub of: Option<Spanned<Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quantiles {
    pub what: String,
    pub quantiles: Vec<f64>,
    pub at_most: Option<f64>,
    pub at_least: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bounded {
    pub what: String,
    pub at_most: Option<f64>,
    pub at_least: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Effect {
    pub treatment: String,
    pub outcome: String,
    pub more: f64,
    #[serde(default)]
    pub confounders: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Scorecard {
    pub profile: Option<Spanned<String>>,
    #[serde(default)]
    pub weight: Vec<Weight>,
    #[serde(default)]
    pub fact: Vec<Fact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Weight {
    pub dimension: Spanned<String>,
    pub weight: Spanned<f64>,
    pub reason: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fact {
    pub arm: Spanned<String>,
    pub dimension: Spanned<String>,
    pub item: Spanned<String>,
    pub value: FactValue,
    pub evidence: Option<String>,
    #[serde(default)]
    pub new: bool,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a number, or true or false")]
pub(super) enum FactValue {
    Flag(bool),
    Number(f64),
}
