//! `qoe poc report`: the comparison as a file that stands up in a meeting.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use qoe_dashboards::report::{Provenance, Report, Tile, render};
use qoe_dashboards::{Lang, section, wire};
use qoe_query::poc::CompareQuestion;
use qoe_query::poc::compare::{CompareAnswer, Shift};
use qoe_query::relations;

use super::args::PocArgs;
use crate::data::Data;

/// What the report is about, and where to.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    poc: PocArgs,
    /// How often whole units are drawn anew.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    resamples: usize,
    /// The file to write; `-` writes to stdout.
    #[arg(long, short, value_name = "FILE", default_value = "poc.html")]
    out: PathBuf,
}

/// Asks and writes.
pub async fn run(args: ReportArgs) -> anyhow::Result<()> {
    let poc = args.poc.poc()?;
    let condition = poc.condition(args.poc.data.condition().as_deref());
    let question = CompareQuestion { poc, condition, resamples: args.resamples, seed: args.poc.print.seed };
    let (data, input) = args.poc.open().await?;
    let answered = async {
        let (frame, session) = question.read(&input).await?;
        Ok::<_, qoe_query::poc::CompareError>((question.answer(&frame, session.as_deref())?, question.shifts(&frame)?))
    };
    let answered = answered.await;
    let source = args.poc.data.source(&data);
    let (period, sql) = match &data {
        Data::Store { period, .. } => (
            format!("{} – {}", period.since.to_rfc3339(), period.until.to_rfc3339()),
            vec![("sessions".to_owned(), relations::poc_sessions(*period))],
        ),
        Data::File(_) => (String::new(), Vec::new()),
    };
    data.close().await;
    let (answer, shifts) = answered?;
    args.poc.print.print_or(
        || wire::poc_compare::poc_compare(&answer),
        |lang| {
            let report = page(&question, &answer, &shifts, lang, Made { source, period, sql });
            let page = render(&report, lang);
            if args.out.as_os_str() == "-" {
                return std::io::stdout().lock().write_all(page.as_bytes()).context("write to stdout");
            }
            std::fs::write(&args.out, page).with_context(|| format!("write {}", args.out.display()))?;
            tracing::info!("wrote {}", args.out.display());
            Ok(())
        },
    )
}

/// What it was made from.
struct Made {
    source: String,
    period: String,
    sql: Vec<(String, String)>,
}

fn page(question: &CompareQuestion, answer: &CompareAnswer, shifts: &[Shift], lang: Lang, made: Made) -> Report {
    let tiles =
        section::poc_report::tiles(answer, lang).into_iter().map(|[name, value, interval, note]| Tile { name, value, interval, note });
    let mut appendix = vec![(lang.pick("Metrics", "指标定义").to_owned(), section::poc_report::definitions(&question.poc, lang))];
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
            command: std::env::args().collect::<Vec<_>>().join(" "),
        },
        tiles: tiles.collect(),
        headline: section::poc_report::headline(answer, lang),
        sections: section::poc_report::sections(answer, shifts, lang),
        appendix,
    }
}
