//! `qoe poc scorecard`: the whole picture, weighed.

use std::path::PathBuf;

use anyhow::Context as _;
use qoe_dashboards::report::{Provenance, Report, render};
use qoe_dashboards::{Lang, section, wire};
use qoe_query::frame::Input;
use qoe_query::poc::Poc;
use qoe_query::poc::scorecard::{
    Evidence, Fact, MeasuredQuality, Profile, Profiles, QualityQuestion, Scorecard, ScorecardQuestion, Weight, satisfaction_scores,
};
use qoe_query::relations::{self, LABELS, MEASURES};
use qoe_query::satisfaction::{CorrectQuestion, Covariates};
use qoe_query::statistics::scale::Kind;
use qoe_query::statistics::weighing::Draws;
use qoe_query::statistics::weights::Cap;
use qoe_query::vendor_record::{VendorInputs, VendorRecord, vendor_records};

use super::args::PocArgs;
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
    let gathered = match args.facts_only {
        true => Gathered { evidence: Evidence { arms: poc.arms.clone(), ..Evidence::default() }, ..Gathered::default() },
        false => gather(&args, &poc, profile).await?,
    };
    let card = question.answer(&gathered.evidence)?;
    let Some(path) = &args.out else {
        return args.poc.print.print(|| wire::poc_scorecard::scorecard(&card), |lang| shown(&card, &gathered, lang));
    };
    let lang = args.poc.print.lang();
    let page = render(&page(&card, &poc, &gathered, lang), lang);
    std::fs::write(path, page).with_context(|| format!("write {}", path.display()))?;
    tracing::info!("wrote {}", path.display());
    Ok(())
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
    let gathered = gathered(poc, profile, from, condition, seed).await?;
    let card = question.answer(&gathered.evidence)?;
    Ok(move |lang| shown(&card, &gathered, lang))
}

/// What was found, and what was not.
#[derive(Default)]
struct Gathered {
    evidence: Evidence,
    quality: MeasuredQuality,
    source: String,
    satisfaction: Option<String>,
}

async fn gather(args: &ScorecardArgs, poc: &Poc, profile: &Profile) -> anyhow::Result<Gathered> {
    let (data, input) = args.poc.open().await?;
    let source = args.poc.data.source(&data);
    let condition = poc.condition(args.poc.data.condition().as_deref());
    let found = gathered(poc, profile, (&data, &input), condition, args.poc.print.seed).await;
    data.close().await;
    Ok(Gathered { source, ..found? })
}

/// What a file or a store knows of a POC's vendors.
async fn gathered(poc: &Poc, profile: &Profile, from: (&Data, &Input), condition: Option<String>, seed: u64) -> anyhow::Result<Gathered> {
    let (quality, satisfaction, records) = read(poc, profile, from, condition, seed).await?;
    let (scores, why) = satisfaction;
    let evidence = Evidence { arms: poc.arms.clone(), quality: quality.scores.clone(), satisfaction: scores, records };
    Ok(Gathered { evidence, quality, source: String::new(), satisfaction: why })
}

type Found = (MeasuredQuality, (Vec<qoe_query::poc::scorecard::SatisfactionScore>, Option<String>), Vec<VendorRecord>);

async fn read(poc: &Poc, profile: &Profile, (data, input): (&Data, &Input), condition: Option<String>, seed: u64) -> anyhow::Result<Found> {
    let question =
        QualityQuestion { metrics: poc.metrics.clone(), columns: poc.columns.clone(), condition: condition.clone(), level: poc.level };
    let quality = question.ask(input, profile).await?;
    let satisfaction = satisfaction(poc, input, condition, seed).await?;
    let records = match data {
        Data::File(_) => Vec::new(),
        Data::Store { period, .. } => {
            let inputs = VendorInputs {
                tickets: data.input(relations::tickets).await?,
                releases: data.input(relations::releases).await?,
                integration: data.input(relations::integration).await?,
            };
            vendor_records(&inputs, *period, poc.level).await?
        }
    };
    Ok((quality, satisfaction, records))
}

/// Scores corrected for silence, by vendor, where people were asked; else why there are none.
async fn satisfaction(
    poc: &Poc,
    input: &Input,
    condition: Option<String>,
    seed: u64,
) -> anyhow::Result<(Vec<qoe_query::poc::scorecard::SatisfactionScore>, Option<String>)> {
    let columns = input.columns().await?;
    let has = |name: &str| columns.iter().any(|column| column == name);
    if !has("score") {
        return Ok((Vec::new(), None));
    }
    let known = LABELS.iter().chain(&MEASURES).filter(|name| has(name) && **name != poc.columns.arm && !["vendor", "arm"].contains(name));
    let asked = if has("asked") { Some("CAST(asked AS BIGINT) = 1".to_owned()) } else { None };
    let question = CorrectQuestion {
        kind: Kind::Csat,
        score: "score".to_owned(),
        answered: has("answered").then(|| "answered".to_owned()),
        covariates: Covariates::Measured(known.map(|name| (*name).to_owned()).collect()),
        bounds: (has("scale_low") && has("scale_high")).then(|| ("scale_low".to_owned(), "scale_high".to_owned())),
        scale: None,
        user: poc.columns.unit.clone(),
        by: vec![poc.columns.arm.clone()],
        target: None,
        cap: Cap::Multiple(10.0),
        margins: Vec::new(),
        condition: [asked, condition.map(|condition| format!("({condition})"))]
            .into_iter()
            .flatten()
            .reduce(|one, other| format!("{one} AND {other}")),
        level: poc.level,
        seed,
    };
    match question.ask(input).await {
        Ok(answer) => Ok((satisfaction_scores(&answer), None)),
        // People who were not asked, or too few answers: missing, as anything else that is not known.
        Err(error) => Ok((Vec::new(), Some(format!("{:#}", anyhow::Error::new(error))))),
    }
}

/// The section, with what was left out of it.
fn shown(card: &Scorecard, gathered: &Gathered, lang: Lang) -> section::Section {
    let mut section = section::poc_scorecard::scorecard(card, lang);
    let mut warn = |en: String, zh: String| section.warnings.push(lang.pick(en, zh));
    for metric in &gathered.quality.unbounded {
        warn(
            format!("{metric}: the profile does not say what is best and what is worst, so it is in no score."),
            format!("{metric}：模板未给出最好与最差的界限，因此不计分。"),
        );
    }
    for metric in &gathered.quality.unscored {
        warn(
            format!("{metric} is a comparison of two vendors and no figure of one, so it is in no score."),
            format!("{metric} 只用于两家之间的比较，没有单家数值，因此不计分。"),
        );
    }
    for (arm, metric, error) in &gathered.quality.failed {
        warn(format!("{metric} of {arm} is missing: {error}."), format!("{arm} 的 {metric} 缺失：{error}。"));
    }
    if let Some(why) = &gathered.satisfaction {
        warn(format!("Satisfaction is missing: {why}."), format!("满意度缺失：{why}。"));
    }
    section
}

fn page(card: &Scorecard, poc: &Poc, gathered: &Gathered, lang: Lang) -> Report {
    let whole = shown(card, gathered, lang);
    let says = whole.says.clone();
    Report {
        title: lang.pick(format!("Scorecard: {}", poc.name), format!("综合评分卡：{}", poc.name)),
        provenance: Provenance { source: gathered.source.clone(), version: env!("CARGO_PKG_VERSION").to_owned(), ..Provenance::default() },
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
