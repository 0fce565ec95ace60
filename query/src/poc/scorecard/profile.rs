//! What dimensions are worth by industry, and how figures become scores: the built-in profiles, or a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::poc::claims::Said;
use crate::poc::near::meant;

/// The built-in profiles, which are also the example to copy.
pub const DEFAULT_PROFILES: &str = include_str!("../../../poc_profiles.toml");

/// The dimensions of a scorecard, in the order in which they are shown.
pub const DIMENSIONS: [&str; 9] =
    ["quality", "satisfaction", "features", "integration", "support", "releases", "security", "localisation", "price"];

/// The profile of those who name none.
pub const DEFAULT_PROFILE: &str = "traditional";

/// All profiles of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Profiles {
    profiles: BTreeMap<String, Profile>,
}

/// One industry's.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// As files and commands call it.
    pub name: String,
    /// As people do.
    pub called: Said,
    /// The weight and the reason of each of [`DIMENSIONS`].
    pub weights: Vec<(f64, Said)>,
    bounds: BTreeMap<String, BTreeMap<String, Bounds>>,
    checklists: BTreeMap<String, Checklist>,
}

/// Between which figures scores run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// The figure that scores 1, and all beyond it.
    pub best: f64,
    /// The figure that scores 0, and all beyond it.
    pub worst: f64,
    /// Why these.
    pub source: String,
}

/// What is asked of every vendor.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    /// The items.
    pub items: Vec<String>,
    /// Whether a tick needs evidence to count.
    #[serde(default)]
    pub evidence: bool,
}

/// Profiles that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ProfilesError {
    /// No such file.
    #[error("read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// No TOML of this shape.
    #[error("read the profiles")]
    Shape(#[from] toml::de::Error),
    /// A dimension that is none.
    #[error("{table}: {dimension:?} is no dimension of a scorecard: they are {}", DIMENSIONS.join(", "))]
    Dimension {
        /// Where.
        table: String,
        /// As written.
        dimension: String,
    },
    /// A dimension without a weight.
    #[error("profile {profile:?} does not weigh {dimension:?}: give each dimension a weight and a reason, 0 if it counts for nothing")]
    Unweighed {
        /// Which profile.
        profile: String,
        /// Which dimension.
        dimension: &'static str,
    },
    /// A weight that is none.
    #[error("profile {profile:?} weighs {dimension:?} with {weight}: a weight is a number of 0 or more")]
    Weight {
        /// Which profile.
        profile: String,
        /// Which dimension.
        dimension: &'static str,
        /// As written.
        weight: f64,
    },
    /// Bounds between which nothing lies.
    #[error("bounds of {dimension}.{item}: best and worst are numbers that differ, not {best} and {worst}")]
    Bounds {
        /// Which dimension.
        dimension: String,
        /// Which item.
        item: String,
        /// As written.
        best: f64,
        /// As written.
        worst: f64,
    },
    /// No such profile.
    #[error("{}there is no profile {name:?}: {meant}there are {known}", line.map_or_else(String::new, |line| format!("line {line}, scorecard.profile: ")))]
    Unknown {
        /// Where it is asked for in `poc.toml`, from 1.
        line: Option<usize>,
        /// What was probably meant, in words; empty: nothing is near.
        meant: String,
        /// As asked.
        name: String,
        /// Those there are.
        known: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    checklist: BTreeMap<String, Checklist>,
    #[serde(default)]
    bounds: BTreeMap<String, BTreeMap<String, Bounds>>,
    profile: BTreeMap<String, Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    en: String,
    zh: String,
    weights: BTreeMap<String, Weighed>,
    #[serde(default)]
    bounds: BTreeMap<String, BTreeMap<String, Bounds>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Weighed {
    weight: f64,
    en: String,
    zh: String,
}

impl Default for Profiles {
    /// The built-in profiles. They are part of the program and tested, so they parse.
    fn default() -> Self {
        Self::parse(DEFAULT_PROFILES).expect("the built-in profiles parse, as a test proves")
    }
}

impl Profiles {
    /// The profiles of this file.
    pub fn read(path: &Path) -> Result<Profiles, ProfilesError> {
        let text = std::fs::read_to_string(path).map_err(|source| ProfilesError::Read { path: path.to_owned(), source })?;
        Profiles::parse(&text)
    }

    /// The profiles of this TOML.
    pub fn parse(text: &str) -> Result<Profiles, ProfilesError> {
        let file: File = toml::from_str(text)?;
        let tables = file.checklist.keys().map(|key| ("checklist", key)).chain(file.bounds.keys().map(|key| ("bounds", key)));
        for (table, dimension) in tables {
            known(table, dimension)?;
        }
        check(&file.bounds)?;
        let mut profiles = BTreeMap::new();
        for (name, table) in file.profile {
            for dimension in table.weights.keys().chain(table.bounds.keys()) {
                known(&format!("profile.{name}"), dimension)?;
            }
            check(&table.bounds)?;
            let mut bounds = file.bounds.clone();
            for (dimension, own) in table.bounds {
                bounds.entry(dimension).or_default().extend(own);
            }
            let mut weights = Vec::new();
            for dimension in DIMENSIONS {
                let of = table.weights.get(dimension).ok_or_else(|| ProfilesError::Unweighed { profile: name.clone(), dimension })?;
                if !(of.weight >= 0.0 && of.weight.is_finite()) {
                    return Err(ProfilesError::Weight { profile: name, dimension, weight: of.weight });
                }
                weights.push((of.weight, Said::new(&*of.en, &*of.zh)));
            }
            let (called, checklists) = (Said::new(table.en, table.zh), file.checklist.clone());
            profiles.insert(name.clone(), Profile { name, called, weights, bounds, checklists });
        }
        Ok(Profiles { profiles })
    }

    /// A profile by its name, or that of those who name none.
    pub fn get(&self, name: Option<&str>) -> Result<&Profile, ProfilesError> {
        let name = name.unwrap_or(DEFAULT_PROFILE);
        let known = || self.profiles.keys().cloned().collect::<Vec<_>>().join(", ");
        self.profiles.get(name).ok_or_else(|| ProfilesError::Unknown {
            line: None,
            meant: meant(name, self.names()),
            name: name.to_owned(),
            known: known(),
        })
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }
}

impl Profile {
    /// Between which figures scores of an item run; `None` where nothing is stated.
    pub fn bounds(&self, dimension: &str, item: &str) -> Option<&Bounds> {
        self.bounds.get(dimension)?.get(item)
    }

    /// The items that have bounds.
    pub fn measured(&self, dimension: &str) -> impl Iterator<Item = &str> {
        self.bounds.get(dimension).into_iter().flat_map(BTreeMap::keys).map(String::as_str)
    }

    /// What is asked of every vendor in a dimension that is a checklist; `None`: it is none.
    pub fn checklist(&self, dimension: &str) -> Option<&Checklist> {
        self.checklists.get(dimension)
    }
}

fn known(table: &str, dimension: &str) -> Result<(), ProfilesError> {
    if DIMENSIONS.contains(&dimension) {
        return Ok(());
    }
    Err(ProfilesError::Dimension { table: table.to_owned(), dimension: dimension.to_owned() })
}

fn check(bounds: &BTreeMap<String, BTreeMap<String, Bounds>>) -> Result<(), ProfilesError> {
    let all = bounds.iter().flat_map(|(dimension, items)| items.iter().map(move |(item, bounds)| (dimension, item, bounds)));
    for (dimension, item, Bounds { best, worst, .. }) in all {
        if !(best.is_finite() && worst.is_finite() && best != worst) {
            return Err(ProfilesError::Bounds { dimension: dimension.clone(), item: item.clone(), best: *best, worst: *worst });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poc::Industry;
    use crate::relations::MEASURES;

    #[test]
    fn every_industry_has_a_profile_whose_weights_sum_to_a_hundred_and_say_why() {
        let profiles = Profiles::default();
        for industry in Industry::ALL {
            let profile = profiles.get(Some(industry.name())).unwrap();
            assert!((profile.weights.iter().map(|(weight, _)| weight).sum::<f64>() - 100.0).abs() < 1e-9, "{}", profile.name);
            assert!(profile.weights.iter().all(|(_, reason)| !reason.en.is_empty() && !reason.zh.is_empty()));
        }
        assert_eq!(profiles.names().count(), Industry::ALL.len());
    }

    #[test]
    fn every_measure_of_a_store_has_bounds() {
        let profiles = Profiles::default();
        let finance = profiles.get(Some("finance")).unwrap();
        for measure in MEASURES.iter().chain(&["joined", "minutes", "score"]) {
            assert!(finance.bounds("quality", measure).is_some(), "{measure}");
        }
        let worst = |name: &str| profiles.get(Some(name)).unwrap().bounds("quality", "joined").unwrap().worst;
        assert!(worst("finance") > worst("education"), "an industry may have bounds of its own");
    }

    #[test]
    fn what_cannot_be_weighed_by_is_refused() {
        let with = |from: &str, to: &str| Profiles::parse(&DEFAULT_PROFILES.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(with("[checklist.features]", "[checklist.beauty]").contains("they are quality, satisfaction"));
        assert!(with("quality = { weight = 25", "quality = { weight = -25").contains("0 or more"));
        assert!(with("first_call_h = { best = 4, worst = 80", "first_call_h = { best = 4, worst = 4").contains("differ"));
        assert!(matches!(Profiles::default().get(Some("space")), Err(ProfilesError::Unknown { .. })));
        let slip = Profiles::default().get(Some("financ")).unwrap_err().to_string();
        assert!(slip.contains("did you mean \"finance\"?"), "{slip}");
        let unweighed = DEFAULT_PROFILES.lines().filter(|line| !line.starts_with("price = {")).collect::<Vec<_>>().join("\n");
        assert!(matches!(Profiles::parse(&unweighed), Err(ProfilesError::Unweighed { dimension: "price", .. })));
    }
}
