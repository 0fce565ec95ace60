//! The pages as a whole, over answers that are made up.

mod http;
mod poc;

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use qoe_query::board::{Board, Dimension, Filter, SessionTimeline};
use qoe_query::poc::Randomised;
use qoe_query::poc::check::CheckAnswer;
use tokio::sync::oneshot;

use crate::source::{Source, SourceError};
use crate::view::{Lang, View};
use crate::{
    AnalysisAsked, Comparison, PocAsked, SatisfactionAsked, SatisfactionReport, Settings, Step, WrittenAnswers, WrittenPoc, render_board,
    render_satisfaction, render_session, synthetic, synthetic_report,
};

const HOSTILE: &str = "<script>alert('x')</script>\"><img src=x onerror=y>";

/// 2026-11-23 04:03:04 UTC.
pub(crate) fn moment() -> DateTime<Utc> {
    "2026-11-23T04:03:04Z".parse().unwrap()
}

pub(crate) fn board() -> Arc<Board> {
    synthetic::board(moment())
}

pub(crate) fn away() -> SourceError {
    SourceError::Unavailable(Arc::new(std::io::Error::other("connection refused")))
}

pub(crate) fn failing() -> SourceError {
    SourceError::Failed(Arc::new(std::io::Error::other("no such column")))
}

type Answers = VecDeque<Result<Arc<Board>, SourceError>>;

/// Answers from a list, then never. The session `s-1` exists.
#[derive(Clone)]
pub(crate) struct Scripted {
    boards: Arc<Mutex<Answers>>,
    late: Arc<Mutex<Option<oneshot::Receiver<Arc<Board>>>>>,
}

impl Scripted {
    pub fn boards(answers: impl IntoIterator<Item = Result<Arc<Board>, SourceError>>) -> Scripted {
        Scripted { boards: Arc::new(Mutex::new(answers.into_iter().collect())), late: Arc::default() }
    }

    /// Answers when told to.
    pub fn late() -> (Scripted, oneshot::Sender<Arc<Board>>) {
        let (send, receive) = oneshot::channel();
        (Scripted { late: Arc::new(Mutex::new(Some(receive))), ..Scripted::boards([]) }, send)
    }
}

impl Source for Scripted {
    async fn board(&self, project: &str, _filter: &Filter) -> Result<Arc<Board>, SourceError> {
        if project == "nowhere" {
            return Err(SourceError::UnknownProject { project: project.to_owned() });
        }
        let late = self.late.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(late) = late {
            return Ok(late.await.unwrap());
        }
        let answer = self.boards.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match answer {
            Some(answer) => answer,
            None => pending().await,
        }
    }

    async fn session(&self, _project: &str, session_id: &str) -> Result<Option<SessionTimeline>, SourceError> {
        Ok((session_id == "s-1").then(|| synthetic::session(session_id, moment())))
    }

    async fn satisfaction(&self, project: &str, asked: &SatisfactionAsked) -> Result<Arc<SatisfactionReport>, SourceError> {
        match project {
            "nowhere" => Err(SourceError::UnknownProject { project: project.to_owned() }),
            "away" => Err(away()),
            _ => Ok(Arc::new(synthetic_report::satisfaction(asked, moment()))),
        }
    }

    async fn check(&self, _project: &str, _asked: &PocAsked) -> Result<CheckAnswer, SourceError> {
        Ok(CheckAnswer { arms: Vec::new(), randomised: Randomised::User, findings: Vec::new(), spoilt: Vec::new() })
    }

    async fn comparison(&self, project: &str, asked: &PocAsked) -> Result<Arc<Comparison>, SourceError> {
        match project {
            "nowhere" => Err(SourceError::UnknownProject { project: project.to_owned() }),
            "away" => Err(away()),
            _ => {
                let made = synthetic_report::satisfaction(&SatisfactionAsked::read(&[], &Default::default()).unwrap(), moment());
                let period = asked.period(moment()).unwrap();
                Ok(Arc::new(Comparison { period, english: made.english, chinese: made.chinese, json: made.json }))
            }
        }
    }

    async fn step(&self, project: &str, asked: &WrittenPoc, step: Step) -> Result<serde_json::Value, SourceError> {
        match project {
            "nowhere" => Err(SourceError::UnknownProject { project: project.to_owned() }),
            "away" => Err(away()),
            _ => Ok(serde_json::json!({"step": format!("{step:?}"), "poc": asked.poc.name, "claims": asked.poc.claims.len()})),
        }
    }

    async fn written(&self, project: &str, asked: &WrittenPoc) -> Result<WrittenAnswers, SourceError> {
        match project {
            "nowhere" => Err(SourceError::UnknownProject { project: project.to_owned() }),
            "away" => Err(away()),
            _ => {
                let usual = SatisfactionAsked::read(&[], &Default::default()).unwrap();
                let made = synthetic_report::satisfaction(&usual, moment());
                let (name, period) = (asked.poc.name.clone(), asked.link.period(moment()).unwrap());
                Ok(WrittenAnswers { name, period, english: made.english, chinese: made.chinese })
            }
        }
    }

    async fn analysis(&self, project: &str, asked: &AnalysisAsked) -> Result<serde_json::Value, SourceError> {
        match project {
            "nowhere" => Err(SourceError::UnknownProject { project: project.to_owned() }),
            "away" => Err(away()),
            _ => Ok(serde_json::json!({"level": asked.level.level()})),
        }
    }
}

fn settings() -> Settings {
    Settings { default_project: "default".to_owned(), version: "0.0.0-test".to_owned() }
}

fn in_language(lang: Lang) -> View {
    View { lang: Some(lang), ..View::of_project("default") }
}

#[track_caller]
fn contains(page: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(page.contains(wanted), "{wanted:?} is not on the page");
    }
}

#[test]
fn the_board_shows_every_figure_with_its_n_and_interval() {
    let english = render_board(&board(), &in_language(Lang::En), &settings()).unwrap();
    contains(
        &english,
        &[
            "Where and since when",
            "borealis",
            "31.2%",
            "[26.6, 35.8]",
            "rest 3.1%",
            "237",
            "[198, 275]",
            "n 842 session-minutes",
            "78 sessions",
            "since 03:41",
            "22 min ago",
            "may be chance",
            "539",
            "gone silent",
            "93.8%",
            "n 30,060",
            "93.7% if silent were bad",
            "84 / 412",
            "96% covered",
            "4.11 / 2.99",
            "opus scored as G.711 with PLC",
            "not measured",
            "–",
            "04:03:04 +00:00",
            "3 s earlier",
            "lang=\"en\"",
        ],
    );
    let chinese = render_board(&board(), &in_language(Lang::Zh), &settings()).unwrap();
    contains(
        &chinese,
        &[
            "问题在哪里",
            "31.2%",
            "[26.6, 35.8]",
            "自 03:41 起",
            "已持续 22 分钟",
            "可能是偶然",
            "静默失联",
            "良好分钟占比",
            "往返时延",
            "抖动",
            "丢包率",
            "卡顿率",
            "建连耗时（接通耗时）",
            "覆盖率 96%",
            "对话式 AI",
            "东南亚",
            "未测量",
            "置信区间",
            "lang=\"zh-CN\"",
        ],
    );
}

#[test]
fn a_page_needs_no_inline_style_or_script() {
    for page in [
        render_board(&board(), &in_language(Lang::En), &settings()).unwrap(),
        render_session(&synthetic::session("s-1", moment()), "s-1", &in_language(Lang::En), &settings()).unwrap(),
        satisfaction(&[], Lang::En),
    ] {
        assert!(!page.contains("style="), "inline style");
        assert!(!page.contains(" onclick=") && !page.contains("<style"), "inline handler or style sheet");
        let inline =
            page.split("<script").skip(1).filter(|rest| !rest.starts_with(" src=") && !rest.starts_with(" type=\"application/json\""));
        assert_eq!(inline.count(), 0, "inline script");
        assert_eq!(page.matches("//").count(), page.matches("http://www.w3.org/2000/svg").count(), "an address of another server");
    }
}

#[test]
fn what_users_send_is_shown_and_never_run() {
    let mut board = (*board()).clone();
    board.slices[0].filter = Filter(vec![(Dimension::Vendor, HOSTILE.to_owned())]);
    board.worst[0].session_id = HOSTILE.to_owned();
    board.worst[0].call_id = HOSTILE.to_owned();
    board.worst[0].dimensions = vec![(Dimension::Network, HOSTILE.to_owned())];
    board.now.silent[0].session_id = HOSTILE.to_owned();
    board.now.live_by_service[0].0 = HOSTILE.to_owned();
    board.choices[0].1[0].0 = HOSTILE.to_owned();
    board.windows[0].mos[0].band = HOSTILE.to_owned();
    board.windows[0].mos[0].assumptions = vec![HOSTILE.to_owned()];
    let view = View { project: HOSTILE.to_owned(), ..in_language(Lang::En).with_filter(&[(Dimension::Region, HOSTILE.to_owned())]) };
    let page = render_board(&board, &view, &settings()).unwrap();
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "unescaped on the board");

    let mut session = synthetic::session(HOSTILE, moment());
    session.events[0].1 = HOSTILE.to_owned();
    session.events[0].2 = HOSTILE.to_owned();
    session.streams[0].stream_id = HOSTILE.to_owned();
    session.streams[0].codec = HOSTILE.to_owned();
    session.feedback[0].5 = HOSTILE.to_owned();
    session.feedback[0].1 = HOSTILE.to_owned();
    let page = render_session(&session, HOSTILE, &view, &settings()).unwrap();
    assert!(!page.contains("<script>alert") && !page.contains("<SCRIPT>") && !page.contains("<img"), "unescaped on the session's page");
}

#[test]
fn what_was_not_measured_is_a_dash_and_never_a_zero() {
    let mut board = (*board()).clone();
    let window = &mut board.windows[2];
    (window.good_minutes, window.rtt_ms, window.join_success) = (None, None, None);
    window.mos.clear();
    for minute in &mut board.minutes {
        minute.jitter_ms_p95 = None;
    }
    let page = render_board(&board, &in_language(Lang::En), &settings()).unwrap();
    // AI interruption of the first window was missing from the beginning, and both MOS bands lost the last window.
    assert_eq!(page.matches("<b>–</b><small>not measured</small>").count(), 6);
    assert!(page.contains("Not measured in this time."));
    assert!(!page.contains("NaN"));
}

#[test]
fn a_session_tells_its_story_in_both_languages() {
    let session = synthetic::session("s-1", moment());
    let english = render_session(&session, "s-1", &in_language(Lang::En), &settings()).unwrap();
    contains(
        &english,
        &[
            "one-way delay 512 ms &#62; 400 ms",
            "ice disconnected",
            "audio · received · opus",
            "2 (1 to 5)",
            "2.87 NB",
            "state-live",
            "View as table",
        ],
    );
    let chinese = render_session(&session, "s-1", &in_language(Lang::Zh), &settings()).unwrap();
    contains(&chinese, &["端到端时延 512 ms", "掉线", "音频 · 接收 · opus", "2（1 至 5）", "可闻补偿率", "在线"]);
}

fn satisfaction(pairs: &[(&str, &str)], lang: Lang) -> String {
    let pairs: Vec<(String, String)> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let view = in_language(lang).read(&pairs).unwrap();
    let asked = SatisfactionAsked::read(&pairs, &view.filter).unwrap();
    render_satisfaction(&synthetic_report::satisfaction(&asked, moment()), &asked, &view, &settings()).unwrap()
}

#[test]
fn satisfaction_shows_its_parts_in_both_languages() {
    contains(
        &satisfaction(&[], Lang::En),
        &["What people said", "<figure class=\"drawn\"><svg", "lang=\"en\"", "href=\"/board?lang=en\"", "aria-current=\"page\""],
    );
    contains(&satisfaction(&[], Lang::Zh), &["用户评价", "满意度", "拐点", "lang=\"zh-CN\""]);
}

#[test]
fn what_satisfaction_was_asked_stays_in_its_links_and_leaves_with_the_page() {
    let page = satisfaction(&[("since", "90d"), ("by", "vendor"), ("f.region", HOSTILE)], Lang::En);
    assert!(page.contains("lang=zh&#38;since=90d&#38;by=vendor") || page.contains("lang=zh&amp;since=90d&amp;by=vendor"), "{page}");
    let to_board = page.split("href=\"/board?").nth(1).unwrap().split('"').next().unwrap();
    assert!(!to_board.contains("since") && to_board.contains("f.region"), "{to_board}");
    contains(&page, &["<option value=\"90d\" selected>", "<option value=\"vendor\" selected>", "name=\"f.region\""]);
    assert!(!page.contains("<script>alert"), "unescaped");
}
