//! `qoe report`: an answer as a file of its own.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use qoe_dashboards::report::{Provenance, Report, Tile, render};
use qoe_dashboards::{Lang, section, wire};
use qoe_query::frame::Repeated;
use qoe_query::relations::{self, Survey, Window};
use qoe_query::report::{ReportError, ReportQuestion, ReportSources, SatisfactionReport, satisfaction_report};
use qoe_query::retention::DayClock;
use qoe_query::statistics::scale::Kind;
use qoe_query::vendor_record::VendorInputs;

use crate::data::{Data, DataArgs};
use crate::exit::WrongUse;
use crate::satisfaction::PrintArgs;
use crate::satisfaction::score::kind;

/// Which report.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(subcommand)]
    report: Which,
}

#[derive(Debug, Subcommand)]
enum Which {
    /// What people felt and what it did to them: corrected scores, what moves them, return, words, changes.
    Satisfaction(Box<SatisfactionArgs>),
}

/// What the report is about, and where to.
#[derive(Debug, Args)]
pub struct SatisfactionArgs {
    /// How people were asked: csat, nps, ces, acr or thumbs.
    #[arg(long, value_parser = kind, value_name = "KIND", default_value = "csat")]
    kind: Kind,
    /// Scores by the values of each of these columns too.
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    by: Vec<String>,
    /// From a store: answers about this dimension, such as stability [default: about the whole]. Scores about each: --by dimension.
    #[arg(long, default_value = "", hide_default_value = true)]
    dimension: String,
    /// The zone whose calendar counts the days.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    tz: String,
    /// The day from which the age of answers is counted [default: today].
    #[arg(long, value_name = "DAY")]
    as_of: Option<chrono::NaiveDate>,
    /// The file to write; `-` writes to stdout.
    #[arg(long, short, value_name = "FILE", default_value = "satisfaction.html")]
    out: PathBuf,
    /// Write the charts too, as PNG, into this folder. It takes a qoe with the feature png and a font for every letter.
    #[arg(long, value_name = "DIR")]
    png: Option<PathBuf>,
    #[command(flatten)]
    print: PrintArgs,
    #[command(flatten)]
    data: DataArgs,
}

/// The column with when a session began.
const STARTED_AT: &str = "started_at";

/// Asks and writes.
pub async fn run(args: ReportArgs) -> anyhow::Result<()> {
    match args.report {
        Which::Satisfaction(args) => satisfaction(*args).await,
    }
}

async fn satisfaction(args: SatisfactionArgs) -> anyhow::Result<()> {
    let clock = DayClock::calendar(&args.tz)
        .ok_or_else(|| WrongUse(format!("--tz {:?} is no zone of the time zone database: write Asia/Shanghai or UTC", args.tz)))?;
    let data = args.data.open_spanned().await?;
    if args.data.is_file() && args.data.is_spanned() && !data.has(STARTED_AT) {
        return Err(WrongUse(format!("--since and --until choose rows by {STARTED_AT}, a column that the file does not have")).into());
    }
    let question = ReportQuestion {
        kind: args.kind,
        by: args.by.clone(),
        clock,
        condition: args.data.condition_within(STARTED_AT),
        now: args.as_of().and_hms_opt(0, 0, 0).context("a day begins at midnight")?.and_utc(),
        level: args.print.level,
        seed: args.print.seed,
    };
    let answered = ask(&args, &question, &data).await;
    let made = Made {
        source: args.data.source(&data),
        hash: args.data.hash()?.map_or_else(String::new, |hash| format!("sha256:{hash}")),
        command: args.command(&data),
        zone: args.tz.clone(),
        questions: questions(&args, &data, args.print.lang()),
        repeated: data.repeated(),
    };
    data.close().await;
    let report = answered?;
    if let Some(folder) = &args.png {
        pictures(&report, args.print.lang(), folder)?;
    }
    let repeated = made.repeated;
    args.print.print_or(
        || wire::of_rows(wire::report::report(&report), repeated),
        |lang| {
            let page = render(&page(&report, lang, made), lang);
            if args.out.as_os_str() == "-" {
                return std::io::stdout().lock().write_all(page.as_bytes()).context("write to stdout");
            }
            std::fs::write(&args.out, page).with_context(|| format!("write {}", args.out.display()))?;
            tracing::info!("wrote {}", args.out.display());
            Ok(())
        },
    )
}

/// Each chart as a file, named for its part and its number in it.
fn pictures(report: &SatisfactionReport, lang: Lang, folder: &std::path::Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    for section in section::report::sections(report, lang) {
        for (at, chart) in section.charts.iter().enumerate() {
            let path = folder.join(format!("{}-{}.png", section.id, at + 1));
            let picture = chart.png(lang, 2.0).with_context(|| format!("draw {}", path.display()))?;
            std::fs::write(&path, picture).with_context(|| format!("write {}", path.display()))?;
        }
    }
    Ok(())
}

async fn ask(args: &SatisfactionArgs, question: &ReportQuestion, data: &Data) -> anyhow::Result<SatisfactionReport> {
    let kind = args.kind.name();
    let sessions = data.input(|period| relations::sessions_about(period, args.survey(), Window::Whole)).await?;
    let sources = match data {
        Data::File { .. } => ReportSources { sessions, answers: None, visits: None, releases: None, vendors: None, period: None },
        Data::Store { period, .. } => ReportSources {
            sessions,
            answers: match args.by.iter().any(|by| by == "dimension") {
                true => Some(data.input(|period| relations::answers(period, kind, relations::EVERY_DIMENSION)).await?),
                false => None,
            },
            visits: Some(data.input(|period| relations::visits(period.until)).await?),
            releases: Some(data.input(relations::releases).await?),
            vendors: Some(VendorInputs {
                tickets: data.input(relations::tickets).await?,
                releases: data.input(relations::releases).await?,
                integration: data.input(relations::integration).await?,
            }),
            period: Some(*period),
        },
    };
    let report = satisfaction_report(question, &sources, &args.data.definitions()?, |part| data.progress().part(part)).await;
    report.map_err(|error| match error {
        ReportError::Read(error) => error.into(),
        error => error.into(),
    })
}

/// What the tables are that the questions behind the figures are put to, for whoever checks.
fn questions(args: &SatisfactionArgs, data: &Data, lang: Lang) -> Vec<(String, String)> {
    let Data::Store { period, .. } = data else {
        let name = lang.pick("data: the file, in any DataFusion", "data：即该文件，可在任意 DataFusion 中查询");
        return vec![(name.to_owned(), args.data.external_table())];
    };
    let how = |table: &str| {
        lang.pick(
            format!("{table}: put WITH {table} AS (...) before a question to qoe sql"),
            format!("{table}：用 qoe sql 查询时在前面加 WITH {table} AS (...)"),
        )
    };
    let about = (args.by.iter().any(|by| by == "dimension"))
        .then(|| (how("answers"), relations::answers(*period, args.kind.name(), relations::EVERY_DIMENSION)));
    let tables = [
        (how("data"), relations::sessions_about(*period, args.survey(), Window::Whole)),
        (how("visits"), relations::visits(period.until)),
        ("releases".to_owned(), relations::releases(*period)),
        ("tickets".to_owned(), relations::tickets(*period)),
        ("integration".to_owned(), relations::integration(*period)),
    ];
    tables.into_iter().chain(about).collect()
}

/// What a report was made of.
struct Made {
    source: String,
    hash: String,
    command: String,
    zone: String,
    questions: Vec<(String, String)>,
    repeated: Option<Repeated>,
}

fn page(report: &SatisfactionReport, lang: Lang, made: Made) -> Report {
    let tiles = section::report::tiles(report, lang).into_iter().map(|[name, value, interval, note]| Tile { name, value, interval, note });
    // To the minute: what a reader needs; the command has it to the end.
    let minute = |at: DateTime<Utc>| at.with_timezone(&report.question.clock.tz()).format("%Y-%m-%d %H:%M").to_string();
    let period = report.period.map(|period| format!("{} – {}", minute(period.since), minute(period.until)));
    let mut headline = section::report::headline(report, lang);
    headline.warnings.extend(made.repeated.map(|repeated| section::repeated(repeated, lang)));
    Report {
        title: lang.pick("Satisfaction and return", "满意度与留存").to_owned(),
        provenance: Provenance {
            source: made.source,
            period: period.unwrap_or_default(),
            zone: made.zone,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_hash: made.hash,
            command: made.command,
        },
        tiles: tiles.collect(),
        headline,
        sections: section::report::sections(report, lang),
        appendix: section::report::appendix(report, made.questions, lang),
    }
}

impl SatisfactionArgs {
    fn as_of(&self) -> chrono::NaiveDate {
        self.as_of.unwrap_or_else(|| Utc::now().date_naive())
    }

    fn survey(&self) -> Survey<'_> {
        Survey { kind: self.kind.name(), dimension: &self.dimension }
    }

    /// The command that makes this report again.
    fn command(&self, data: &Data) -> String {
        let by = if self.by.is_empty() { String::new() } else { format!(" --by {}", self.by.join(",")) };
        let about = if self.dimension.is_empty() { String::new() } else { format!(" --dimension {}", self.dimension) };
        let (kind, tz, seed, as_of) = (self.kind.name(), &self.tz, self.print.seed, self.as_of());
        format!("qoe report satisfaction --kind {kind}{about}{by} --tz {tz} --seed {seed} --as-of {as_of}{}", self.data.flags(data))
    }
}
