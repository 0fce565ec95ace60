//! What went wrong, as a page for people and as problem JSON for `/api`: one mapping to status codes for both.

use askama::Template;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};

use crate::Settings;
use crate::frame::{Choice, Frame};
use crate::poc::WrittenError;
use crate::source::{SourceError, chain};
use crate::view::{View, ViewError};
use crate::wire::Problem;

/// After how many seconds to try again while ClickHouse is away.
const AGAIN_S: u32 = 3;

/// Whom the answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Html,
    Json,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error("read the link")]
    Link(#[from] ViewError),
    #[error("read a poc.toml")]
    Poc(#[source] Box<WrittenError>),
    #[error("answer a question")]
    Source(#[from] SourceError),
    #[error("no session {id:?}")]
    UnknownSession { id: String },
    #[error("no analysis {name:?}")]
    UnknownAnalysis { name: String },
    #[error("render a page")]
    Render(#[from] askama::Error),
}

impl From<WrittenError> for Cause {
    fn from(error: WrittenError) -> Cause {
        Cause::Poc(Box::new(error))
    }
}

/// A failure on its way to whoever asked, in their language and format.
#[derive(Debug)]
pub(crate) struct PageError {
    pub cause: Cause,
    pub format: Format,
    /// The view asked for, or what could be read of it.
    pub view: Box<View>,
    pub settings: Settings,
}

/// What a cause comes to: status, stable code, title, what to do.
struct Told {
    status: StatusCode,
    code: &'static str,
    title: String,
    detail: String,
    todo: Vec<&'static str>,
}

impl PageError {
    fn told(&self) -> Told {
        let words = &self.view.words().problem;
        let told = |status, code, title: &str, detail: String, todo: &[&'static str]| Told {
            status,
            code,
            title: title.to_owned(),
            detail,
            todo: todo.to_vec(),
        };
        match &self.cause {
            Cause::Poc(error) => match &**error {
                WrittenError::TooLong => told(StatusCode::PAYLOAD_TOO_LARGE, "too_long", words.too_long, error.to_string(), &[]),
                WrittenError::Link(error) => {
                    told(StatusCode::BAD_REQUEST, "bad_link", words.bad_link, error.to_string(), &[words.bad_link_todo])
                }
                _ => told(StatusCode::BAD_REQUEST, "bad_poc", words.bad_poc, error.to_string(), &[]),
            },
            Cause::Link(error) => told(StatusCode::BAD_REQUEST, "bad_link", words.bad_link, error.to_string(), &[words.bad_link_todo]),
            Cause::Source(SourceError::Misasked { why }) => {
                told(StatusCode::BAD_REQUEST, "bad_link", words.bad_link, why.clone(), &[words.bad_link_todo])
            }
            Cause::Source(SourceError::UnknownProject { project }) => told(
                StatusCode::NOT_FOUND,
                "unknown_project",
                &(words.unknown_project)(project),
                String::new(),
                &words.unknown_project_todo,
            ),
            Cause::UnknownSession { id } => {
                told(StatusCode::NOT_FOUND, "unknown_session", &(words.unknown_session)(id), String::new(), &words.unknown_session_todo)
            }
            Cause::UnknownAnalysis { name } => {
                let there = "there are /api/satisfaction/score, correct, drivers, curve, stability, words and drift, and /api/retention/cohorts, survival and effect";
                told(StatusCode::NOT_FOUND, "unknown_analysis", words.bad_link, format!("no analysis {name:?}: {there}"), &[])
            }
            Cause::Source(SourceError::Unavailable(_)) => {
                told(StatusCode::SERVICE_UNAVAILABLE, "clickhouse_away", words.away, String::new(), &[words.away_todo])
            }
            Cause::Source(SourceError::Failed(_)) | Cause::Render(_) => {
                told(StatusCode::INTERNAL_SERVER_ERROR, "failed", words.failed, String::new(), &[words.failed_todo])
            }
        }
    }

    fn page(&self, told: &Told) -> askama::Result<String> {
        let words = self.view.words();
        let away = told.status == StatusCode::SERVICE_UNAVAILABLE;
        let unfiltered = self.view.unfiltered();
        let mut links = Vec::new();
        if told.code != "unknown_project" {
            links.push(Choice { label: words.problem.to_board.to_owned(), href: unfiltered.href("/board"), current: false });
        }
        if self.view.project != self.settings.default_project {
            let default = View { project_stated: false, ..unfiltered };
            links.push(Choice {
                label: format!("{}: {}", words.problem.to_default, self.settings.default_project),
                href: default.href("/board"),
                current: false,
            });
        }
        Page {
            frame: Frame { again_s: if away { AGAIN_S } else { 0 }, ..Frame::of(&self.view, "/board", told.title.clone(), &self.settings) },
            told,
            links,
        }
        .render()
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let told = self.told();
        if told.status.is_server_error() {
            tracing::error!(code = told.code, project = self.view.project, error = chain(&self.cause), "no answer to a page");
        }
        let body = match self.format {
            Format::Json => problem(&told),
            // Nothing more can be shown than the title if even this page does not render.
            Format::Html => self.page(&told).map(|page| Html(page).into_response()).unwrap_or_else(|_| told.title.clone().into_response()),
        };
        let mut response = (told.status, body).into_response();
        if told.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(AGAIN_S));
        }
        response
    }
}

fn problem(told: &Told) -> Response {
    let detail = if told.detail.is_empty() { told.todo.join(" ") } else { format!("{}. {}", told.detail, told.todo.join(" ")) };
    let detail = detail.trim_end().to_owned();
    let problem = Problem { kind: "about:blank", title: &told.title, status: told.status.as_u16(), code: told.code, detail: &detail };
    ([(CONTENT_TYPE, "application/problem+json")], serde_json::to_string(&problem).unwrap_or_default()).into_response()
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Page<'a> {
    frame: Frame,
    told: &'a Told,
    links: Vec<Choice>,
}
