//! Serves the pages over a made-up board, for work on their looks: `cargo run --example preview -- [PORT]`. With `--report FOLDER` it writes a
//! made-up report there instead, `report-en.html` and `report-zh.html`.
//!
//! The project `away` plays ClickHouse out for 20 of every 40 seconds, `empty` has nothing to show, `calm` nothing bad, and
//! `unknown` does not exist. The session `none` does not exist either.

use std::sync::Arc;

use chrono::Utc;
use qoe_dashboards::{
    AnalysisAsked, Comparison, Lang, PocAsked, SatisfactionAsked, SatisfactionReport, Settings, Source, SourceError, Step, WrittenAnswers,
    WrittenPoc, plot, report, router_over, section, wire,
};
use qoe_query::board::{Board, Filter, SessionTimeline, SessionsNow};
use qoe_query::poc::Randomised;
use qoe_query::poc::check::CheckAnswer;

#[path = "../src/synthetic.rs"]
mod synthetic;
#[path = "../src/synthetic_report.rs"]
mod synthetic_report;

#[derive(Clone)]
struct MadeUp;

impl Source for MadeUp {
    async fn board(&self, project: &str, _filter: &Filter) -> Result<Arc<Board>, SourceError> {
        let board = synthetic::board(Utc::now());
        match project {
            "unknown" => Err(SourceError::UnknownProject { project: project.to_owned() }),
            "away" if Utc::now().timestamp() % 40 >= 20 => {
                Err(SourceError::Unavailable(Arc::new(std::io::Error::other("connection refused"))))
            }
            "empty" => Ok(Arc::new(empty(&board))),
            "calm" => Ok(Arc::new(Board { slices: board.slices[3..].to_vec(), worst: vec![], ..(*board).clone() })),
            _ => Ok(board),
        }
    }

    async fn session(&self, _project: &str, session_id: &str) -> Result<Option<SessionTimeline>, SourceError> {
        Ok((session_id != "none").then(|| synthetic::session(session_id, Utc::now())))
    }

    async fn satisfaction(&self, _project: &str, asked: &SatisfactionAsked) -> Result<Arc<SatisfactionReport>, SourceError> {
        Ok(Arc::new(synthetic_report::satisfaction(asked, Utc::now())))
    }

    async fn analysis(&self, _project: &str, asked: &AnalysisAsked) -> Result<serde_json::Value, SourceError> {
        Ok(serde_json::json!({"level": asked.level.level()}))
    }

    async fn step(&self, _project: &str, asked: &WrittenPoc, _step: Step) -> Result<serde_json::Value, SourceError> {
        Ok(serde_json::json!({"name": asked.poc.name}))
    }

    async fn written(&self, project: &str, asked: &WrittenPoc) -> Result<WrittenAnswers, SourceError> {
        let compared = self.comparison(project, &asked.link).await?;
        let (english, chinese) = (compared.english.clone(), compared.chinese.clone());
        Ok(WrittenAnswers { name: asked.poc.name.clone(), period: compared.period, english, chinese })
    }

    async fn check(&self, _project: &str, _asked: &PocAsked) -> Result<CheckAnswer, SourceError> {
        Ok(CheckAnswer { arms: Vec::new(), randomised: Randomised::User, findings: Vec::new(), spoilt: Vec::new() })
    }

    async fn comparison(&self, _project: &str, asked: &PocAsked) -> Result<Arc<Comparison>, SourceError> {
        let now = Utc::now();
        let period = asked.period(now).map_err(|error| SourceError::Misasked { why: error.to_string() })?;
        let usual = SatisfactionAsked::read(&[], &Filter::default()).map_err(|error| SourceError::Misasked { why: error.to_string() })?;
        let made = synthetic_report::satisfaction(&usual, now);
        Ok(Arc::new(Comparison { period, english: made.english, chinese: made.chinese, json: made.json }))
    }
}

fn empty(board: &Board) -> Board {
    let mut empty = Board {
        newest: None,
        slices: vec![],
        now: SessionsNow::default(),
        worst: vec![],
        choices: board.choices.iter().map(|(dimension, _)| (*dimension, vec![])).collect(),
        ..board.clone()
    };
    for window in &mut empty.windows {
        (window.sessions, window.session_minutes) = (0, 0);
        (window.good_minutes, window.connect_ms, window.connect_best, window.join_success) = (None, None, None, None);
        (window.rtt_ms, window.jitter_ms, window.loss_ratio, window.freeze_ratio) = (None, None, None, None);
        (window.response_ms, window.interruption_ms) = (None, None);
        window.mos.clear();
    }
    for minute in &mut empty.minutes {
        (minute.sessions, minute.good, minute.bad, minute.unclassified, minute.silent) = (0, 0, 0, 0, 0);
        (minute.rtt_ms_p50, minute.rtt_ms_p95, minute.jitter_ms_p95, minute.loss_ratio_p95) = (None, None, None, None);
        (minute.freeze_ratio_p95, minute.connect_ms_p95, minute.mos_nb_mean, minute.response_ms_p95) = (None, None, None, None);
    }
    empty
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, folder] = arguments.as_slice()
        && flag == "--report"
    {
        for lang in [Lang::En, Lang::Zh] {
            let path = std::path::Path::new(folder).join(format!("report-{}.html", lang.tag()));
            std::fs::write(path, report::render(&synthetic_report::report(lang), lang))?;
        }
        return Ok(());
    }
    let port: u16 = arguments.first().map_or(Ok(8490), |port| port.parse())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let settings = Settings { default_project: "default".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    eprintln!("http://127.0.0.1:{port}/board");
    axum::serve(listener, router_over(MadeUp, settings)).await?;
    Ok(())
}
