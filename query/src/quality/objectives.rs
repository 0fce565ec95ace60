//! What a good minute is: limits by service, overridden by industry and by scenario, each with its source.
//!
//! Only `[service.NAME]` says which measures a service is judged by. `[industry.NAME]`, `[scenario.NAME]` and
//! `[industry_scenario.INDUSTRY.SCENARIO]` change the limit of a measure where the service has it, and never add one: a
//! stricter delay for an industry must not begin to judge its messages by delay. The most specific table wins:
//! service < industry < scenario < both. A file replaces the built-in one as a whole; what it does not list is not judged.

use std::collections::BTreeMap;

use super::measure::{Measure, Role};

mod file;

pub use file::ObjectivesError;

/// The built-in objectives, which are also the example to copy.
pub const DEFAULT_OBJECTIVES: &str = include_str!("../../objectives.toml");

/// One limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// What is judged.
    pub measure: Measure,
    /// The limit, in the unit of the measure's key.
    pub limit: f64,
    /// Why this value: a publication, or "our choice" and the reason.
    pub source: String,
    /// The table it stands in, such as `service.voice_call`.
    pub table: String,
}

/// Whose objectives are asked for. An empty industry or scenario is one that was not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Context<'a> {
    /// One of [`SERVICES`](super::SERVICES).
    pub service: &'a str,
    /// Such as `finance`.
    pub industry: &'a str,
    /// Such as `one_to_one`.
    pub scenario: &'a str,
}

/// One candidate for the limit of a measure: it applies where the industry and the scenario it names are those of the row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule<'a> {
    /// The industry it is for; `None` for any.
    pub industry: Option<&'a str>,
    /// The scenario it is for; `None` for any.
    pub scenario: Option<&'a str>,
    /// What then holds.
    pub objective: &'a Objective,
}

type Limits = BTreeMap<Measure, Objective>;

/// All objectives of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Objectives {
    services: BTreeMap<String, Limits>,
    industries: BTreeMap<String, Limits>,
    scenarios: BTreeMap<String, Limits>,
    both: BTreeMap<(String, String), Limits>,
}

impl Default for Objectives {
    /// The built-in objectives. They are part of the program and tested, so they parse.
    fn default() -> Self {
        Self::parse(DEFAULT_OBJECTIVES).expect("the built-in objectives parse, as a test proves")
    }
}

impl Objectives {
    /// The services that have objectives.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// The candidates for one measure of one service, most specific first: the first that applies holds. Empty when the
    /// service is not judged by it. An adapter turns this into a `CASE`.
    pub fn rules(&self, service: &str, measure: Measure) -> Vec<Rule<'_>> {
        let Some(base) = self.services.get(service).and_then(|limits| limits.get(&measure)) else {
            return Vec::new();
        };
        let both = self.both.iter().map(|((industry, scenario), limits)| (Some(industry), Some(scenario), limits));
        let scenarios = self.scenarios.iter().map(|(scenario, limits)| (None, Some(scenario), limits));
        let industries = self.industries.iter().map(|(industry, limits)| (Some(industry), None, limits));
        both.chain(scenarios)
            .chain(industries)
            .filter_map(|(industry, scenario, limits)| {
                let objective = limits.get(&measure)?;
                Some(Rule { industry: industry.map(String::as_str), scenario: scenario.map(String::as_str), objective })
            })
            .chain([Rule { industry: None, scenario: None, objective: base }])
            .collect()
    }

    /// What holds in one context; empty for a service that has no objectives.
    pub fn holding(&self, context: Context<'_>) -> Holding<'_> {
        let applies = |rule: &Rule<'_>| {
            rule.industry.is_none_or(|industry| industry == context.industry)
                && rule.scenario.is_none_or(|scenario| scenario == context.scenario)
        };
        let first = |measure| self.rules(context.service, measure).into_iter().find(applies).map(|rule| rule.objective);
        Holding { objectives: Measure::ALL.into_iter().filter_map(first).collect() }
    }
}

/// The objectives that hold in one context.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Holding<'a> {
    objectives: Vec<&'a Objective>,
}

impl<'a> Holding<'a> {
    /// The objective on a measure; `None` when it is not judged here.
    pub fn get(&self, measure: Measure) -> Option<&'a Objective> {
        self.objectives.iter().copied().find(|objective| objective.measure == measure)
    }

    /// Those that decide whether a minute is good.
    pub fn headline(&self) -> impl Iterator<Item = &'a Objective> + '_ {
        self.of(Role::Headline)
    }

    /// Those that stand beside the headline.
    pub fn beside(&self) -> impl Iterator<Item = &'a Objective> + '_ {
        self.of(Role::Beside)
    }

    fn of(&self, role: Role) -> impl Iterator<Item = &'a Objective> + '_ {
        self.objectives.iter().copied().filter(move |objective| objective.measure.role() == role)
    }
}

#[cfg(test)]
mod tests;
