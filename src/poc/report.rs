//! `qoe poc report`: the comparison as a file that stands up in a meeting.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use qoe_dashboards::report::{Provenance, Report, Tile, render};
use qoe_dashboards::section::{Section, poc_check, poc_claims, poc_report};
use qoe_dashboards::{Lang, wire};
use qoe_query::frame::Input;
use qoe_query::poc::check::{CheckAnswer, CheckQuestion};
use qoe_query::poc::claims::ClaimsAnswer;
use qoe_query::poc::compare::{CompareAnswer, Shift};
use qoe_query::poc::{ClaimsQuestion, CompareQuestion};
use qoe_query::relations;
use serde_json::{Value, json};

use super::args::PocArgs;
use super::{check, claims, scorecard};
use crate::data::Data;

/// What the report is about, and where to.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    poc: PocArgs,
    /// Whose weights the scorecard starts from: finance, education, entertainment, ecommerce_live or traditional [default: the POC's].
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// How often whole units are drawn anew.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    resamples: usize,
    /// The file to write; `-` writes to stdout.
    #[arg(long, short, value_name = "FILE", default_value = "poc.html")]
    out: PathBuf,
}

/// A part that is written in the reader's language.
type Written = Box<dyn Fn(Lang) -> Section>;

/// The answers that a report is made of.
struct Answers {
    compared: CompareAnswer,
    shifts: Vec<Shift>,
    checked: anyhow::Result<CheckAnswer>,
    claims: Option<anyhow::Result<ClaimsAnswer>>,
    scorecard: Option<anyhow::Result<Written>>,
}

/// What it was made from.
struct Made {
    source: String,
    period: String,
    sql: Vec<(String, String)>,
}

/// Asks and writes.
pub async fn run(args: ReportArgs) -> anyhow::Result<()> {
    let mut poc = args.poc.poc()?;
    if let Some(profile) = &args.profile {
        (poc.scorecard.profile, poc.scorecard.profile_line) = (Some(profile.clone()), None);
    }
    if poc.scorecard.is_asked() {
        // What is mistyped is told before anything is read.
        scorecard::question(&poc, args.poc.print.seed).checked()?;
    }
    let condition = args.poc.condition(&poc)?;
    let question = CompareQuestion { poc, condition, resamples: args.resamples, seed: args.poc.print.seed };
    let (data, input) = args.poc.open().await?;
    let answered = ask(&args, &question, &data, &input).await;
    let made = Made::of(&args, &data, &question, &input).await;
    data.close().await;
    let (answers, made) = (answered?, made?);
    args.poc.print.print_or(
        || as_json(&answers),
        |lang| {
            let page = render(&page(&question, &answers, lang, made), lang);
            if args.out.as_os_str() == "-" {
                return std::io::stdout().lock().write_all(page.as_bytes()).context("write to stdout");
            }
            std::fs::write(&args.out, page).with_context(|| format!("write {}", args.out.display()))?;
            tracing::info!("wrote {}", args.out.display());
            Ok(())
        },
    )?;
    answers.compared.checked.as_ref().map_or(Ok(()), check::sound)
}

async fn ask(args: &ReportArgs, question: &CompareQuestion, data: &Data, input: &Input) -> anyhow::Result<Answers> {
    let (poc, condition, seed) = (&question.poc, question.condition.clone(), question.seed);
    data.progress().part("compare");
    let (frame, session) = question.read(input).await?;
    let (mut compared, shifts) = (question.answer(&frame, session.as_deref())?, question.shifts(&frame)?);
    drop(frame);
    data.progress().part("check");
    let checked = check::checked(CheckQuestion { poc: poc.clone(), condition: condition.clone(), planned: None }, data).await;
    if let Ok(checked) = &checked {
        compared.hold_to(checked.clone());
    }
    data.progress().part("claims");
    let claims = match poc.claims.is_empty() {
        true => None,
        false => Some(claims::tested(poc, &ClaimsQuestion::of(poc, args.poc.asked(poc)?.as_deref()), data, input).await),
    };
    data.progress().part("scorecard");
    let scorecard = match poc.scorecard.is_asked() {
        false => None,
        true => Some(scorecard::section(poc, (data, input), condition, seed).await.map(|section| Box::new(section) as Written)),
    };
    Ok(Answers { compared, shifts, checked, claims, scorecard })
}

fn as_json(answers: &Answers) -> Value {
    let why = |error: &anyhow::Error| json!({"why": format!("{error:#}")});
    json!({
        "compare": wire::poc_compare::poc_compare(&answers.compared),
        "check": answers.checked.as_ref().map_or_else(why, wire::poc_check::poc_check),
        "claims": answers.claims.as_ref().map(|claims| claims.as_ref().map_or_else(why, wire::poc_claims::claims)),
    })
}

fn page(question: &CompareQuestion, answers: &Answers, lang: Lang, made: Made) -> Report {
    let compared = &answers.compared;
    let tiles = poc_report::tiles(compared, lang).into_iter().map(|[name, value, interval, note]| Tile { name, value, interval, note });
    let headline = poc_report::headline(compared, lang);
    let mut sections = poc_report::sections(compared, &answers.shifts, lang);
    let told = |id, title: &str, part: Result<Section, &anyhow::Error>| {
        part.unwrap_or_else(|error| Section { warnings: vec![format!("{error:#}")], ..Section::new(id, title) })
    };
    if let Some(claims) = &answers.claims {
        sections.push(told(
            "claims",
            lang.pick("What vendors claim", "供应商的说法"),
            claims.as_ref().map(|claims| poc_claims::claims(claims, lang)),
        ));
    }
    if let Some(scorecard) = &answers.scorecard {
        sections.push(told("scorecard", lang.pick("The whole picture", "综合评分卡"), scorecard.as_ref().map(|section| section(lang))));
    }
    let checked = answers.checked.as_ref().map(|checked| poc_check::poc_check(checked, lang));
    sections.push(told("check", lang.pick("Whether the run is sound", "测试是否有效"), checked));
    let mut appendix = vec![(lang.pick("Metrics and columns", "指标与列").to_owned(), poc_report::definitions(&question.poc, lang))];
    appendix.extend(made.sql);
    appendix.extend(question.condition.iter().map(|condition| (lang.pick("Rows", "记录范围").to_owned(), condition.clone())));
    Report {
        title: lang.pick(format!("Vendor comparison: {}", question.poc.name), format!("供应商对比：{}", question.poc.name)),
        provenance: Provenance {
            source: made.source,
            period: made.period,
            zone: "UTC".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_hash: String::new(),
            command: command(),
        },
        tiles: tiles.collect(),
        headline,
        sections,
        appendix,
    }
}

/// The command that makes this report again.
fn command() -> String {
    let words = std::env::args().skip(1).map(|word| if word.contains(' ') { format!("{word:?}") } else { word });
    std::iter::once("qoe".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

impl Made {
    async fn of(args: &ReportArgs, data: &Data, question: &CompareQuestion, input: &Input) -> anyhow::Result<Made> {
        let columns = input.columns().await?;
        let asked = input.question(&question.wanted(&columns), question.condition.as_deref()).await?;
        let mut sql = vec![("compare".to_owned(), asked)];
        let period = match data {
            Data::File { .. } => String::new(),
            Data::Store { period, .. } => {
                sql.push(("data".to_owned(), relations::poc_sessions(*period)));
                format!("{} – {}", period.since.to_rfc3339(), period.until.to_rfc3339())
            }
        };
        Ok(Made { source: args.poc.data.source(data), period, sql })
    }
}
