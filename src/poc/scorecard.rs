//! `qoe poc scorecard`: the whole picture, weighed.

use std::path::PathBuf;

use anyhow::Context as _;
use qoe_dashboards::report::{Provenance, Report, render};
use qoe_dashboards::section::poc_scorecard::held_to;
use qoe_dashboards::{Lang, section, wire};
use qoe_query::frame::Input;
use qoe_query::poc::Poc;
use qoe_query::poc::check::CheckAnswer;
use qoe_query::poc::scorecard::{Evidence, EvidenceSources, Fact, Gathered, Profile, Profiles, ScorecardQuestion, Weight, gathered};
use qoe_query::relations;
use qoe_query::statistics::weighing::Draws;
use qoe_query::vendor_record::VendorInputs;

use super::args::PocArgs;
use super::check::{held, sound};
use crate::data::Data;

/// What is weighed by what.
#[derive(Debug, clap::Args)]
pub struct ScorecardArgs {
    /// Whose weights: finance, education, entertainment, ecommerce_live, traditional, or one of --profiles [default: the POC's, else traditional].
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Profiles of your own, in a file that replaces the built-in ones.
    #[arg(long, value_name = "FILE")]
    profiles: Option<PathBuf>,
    /// A weight of your own beside the profile's, whose weights sum to 100: quality=40; again for more.
    #[arg(long = "weight", value_name = "DIMENSION=WEIGHT", value_parser = weight)]
    weights: Vec<Weight>,
    /// What no session measures: VENDOR:DIMENSION.ITEM=VALUE, with where it is shown behind @, such as "acme:security.audit_log=1@report of 2026"; again for
    /// more. An item of your own, which the profile's checklist does not have, is written with a plus: security.+pen_test.
    #[arg(long = "fact", value_name = "FACT", value_parser = fact)]
    facts: Vec<Fact>,
    /// Weigh facts alone: read neither file nor store.
    #[arg(long)]
    facts_only: bool,
    /// How often weights and scores are drawn anew.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    draws: u32,
    /// How closely drawn weights keep to those given, 1 or more.
    #[arg(long, value_name = "N", default_value_t = 20.0)]
    concentration: f64,
    /// Write a page of its own, whose weights can be moved.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    poc: PocArgs,
}

fn weight(text: &str) -> Result<Weight, String> {
    let refused = || format!("{text:?} is no weight: write DIMENSION=WEIGHT, such as quality=40");
    let (dimension, weight) = text.split_once('=').ok_or_else(refused)?;
    let weight = weight.trim().parse().map_err(|_| refused())?;
    Ok(Weight { dimension: dimension.trim().to_owned(), weight, reason: "--weight".to_owned() })
}

fn fact(text: &str) -> Result<Fact, String> {
    let refused =
        || format!("{text:?} is no fact: write VENDOR:DIMENSION.ITEM=VALUE, such as \"acme:security.audit_log=1@report of 2026\"");
    let (stated, evidence) = text.split_once('@').map_or((text, None), |(stated, evidence)| (stated, Some(evidence.trim().to_owned())));
    let (name, value) = stated.rsplit_once('=').ok_or_else(refused)?;
    let (arm, item) = name.rsplit_once(':').ok_or_else(refused)?;
    let (dimension, item) = item.split_once('.').ok_or_else(refused)?;
    let (item, new) = item.trim().strip_prefix('+').map_or((item.trim(), false), |item| (item, true));
    let value = match value.trim() {
        "yes" | "true" => 1.0,
        "no" | "false" => 0.0,
        number => number.parse().map_err(|_| refused())?,
    };
    Ok(Fact { arm: arm.trim().to_owned(), dimension: dimension.trim().to_owned(), item: item.to_owned(), value, evidence, new, line: None })
}

/// Asks, and prints or writes.
pub async fn run(args: ScorecardArgs) -> anyhow::Result<()> {
    let mut poc = args.poc.poc()?;
    poc.scorecard.weights.extend(args.weights.iter().cloned());
    poc.scorecard.facts.extend(args.facts.iter().cloned());
    if let Some(profile) = &args.profile {
        (poc.scorecard.profile, poc.scorecard.profile_line) = (Some(profile.clone()), None);
    }
    let profiles = match &args.profiles {
        Some(path) => Profiles::read(path)?,
        None => Profiles::default(),
    };
    let draws = Draws { times: args.draws, concentration: args.concentration, level: poc.level, seed: args.poc.print.seed };
    let question = ScorecardQuestion { weighing: poc.scorecard.clone(), profiles, draws };
    let profile = question.profile()?;
    let (gathered, checked, source) = match args.facts_only {
        true => {
            let alone = Evidence { arms: poc.arms.clone(), ..Evidence::default() };
            (Gathered { evidence: alone, ..Gathered::default() }, None, String::new())
        }
        false => {
            let (data, input) = args.poc.open().await?;
            let condition = args.poc.condition(&poc)?;
            let found = gather(&poc, profile, (&data, &input), condition, args.poc.print.seed).await;
            let source = args.poc.data.source(&data);
            data.close().await;
            let (gathered, checked) = found?;
            (gathered, checked, source)
        }
    };
    let card = question.answer(&gathered.evidence)?;
    let Some(path) = &args.out else {
        args.poc
            .print
            .print(|| wire::poc_scorecard::held_to(&card, checked.as_ref()), |lang| held_to(&card, &gathered, checked.as_ref(), lang))?;
        return checked.as_ref().map_or(Ok(()), sound);
    };
    let lang = args.poc.print.lang();
    let page = render(&page(&poc, held_to(&card, &gathered, checked.as_ref(), lang), source, lang), lang);
    std::fs::write(path, page).with_context(|| format!("write {}", path.display()))?;
    tracing::info!("wrote {}", path.display());
    checked.as_ref().map_or(Ok(()), sound)
}

/// What a report weighs a POC by: the built-in profiles.
pub(super) fn question(poc: &Poc, seed: u64) -> ScorecardQuestion {
    let draws = Draws { times: 10_000, concentration: 20.0, level: poc.level, seed };
    ScorecardQuestion { weighing: poc.scorecard.clone(), profiles: Profiles::default(), draws }
}

/// The scorecard of a POC with the built-in profiles, as a part of a report.
pub(super) async fn section(
    poc: &Poc,
    from: (&Data, &Input),
    condition: Option<String>,
    seed: u64,
) -> anyhow::Result<impl Fn(Lang) -> section::Section + use<>> {
    let question = question(poc, seed);
    let profile = question.profile()?;
    let (gathered, checked) = gather(poc, profile, from, condition, seed).await?;
    let card = question.answer(&gathered.evidence)?;
    Ok(move |lang| held_to(&card, &gathered, checked.as_ref(), lang))
}

/// What a file or a store knows of a POC's vendors, and whether its rows are sound.
async fn gather(
    poc: &Poc,
    profile: &Profile,
    (data, input): (&Data, &Input),
    condition: Option<String>,
    seed: u64,
) -> anyhow::Result<(Gathered, Option<CheckAnswer>)> {
    let checked = held(poc.clone(), condition.clone(), data).await?;
    let records = match data {
        Data::File { .. } => None,
        Data::Store { period, .. } => {
            let (tickets, releases) = (data.input(relations::tickets).await?, data.input(relations::releases).await?);
            Some((VendorInputs { tickets, releases, integration: data.input(relations::integration).await? }, *period))
        }
    };
    Ok((gathered(poc, profile, &EvidenceSources { sessions: input.clone(), records }, condition, seed).await?, checked))
}

fn page(poc: &Poc, whole: section::Section, source: String, lang: Lang) -> Report {
    let says = whole.says.clone();
    Report {
        title: lang.pick(format!("Scorecard: {}", poc.name), format!("综合评分卡：{}", poc.name)),
        provenance: Provenance { source, version: env!("CARGO_PKG_VERSION").to_owned(), ..Provenance::default() },
        tiles: Vec::new(),
        headline: section::Section { says, ..section::Section::new("headline", lang.pick("In short", "结论摘要")) },
        sections: vec![section::Section { says: Vec::new(), ..whole }],
        appendix: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_and_weights_are_read_as_they_are_written() {
        let read = fact("acme:security.audit_log=yes@SOC 2 report, p. 4").unwrap();
        assert_eq!((read.arm.as_str(), read.dimension.as_str(), read.item.as_str(), read.value), ("acme", "security", "audit_log", 1.0));
        assert_eq!(read.evidence.as_deref(), Some("SOC 2 report, p. 4"));
        assert!(fact("acme:price.per_1000_minutes=NaN").unwrap().value.is_nan(), "what is no number is refused with the others");
        assert_eq!(weight("quality=40").unwrap().weight, 40.0);
        for wrong in ["acme", "acme:security=1", "security.audit_log=1", "acme:security.audit_log=many"] {
            assert!(fact(wrong).is_err(), "{wrong}");
        }
        assert!(weight("quality").is_err());
    }
}
