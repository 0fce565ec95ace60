//! The addresses: each handler reads the link, asks, renders.

mod poc;

use axum::extract::{Path, Query, State};
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::Settings;
use crate::assets;
use crate::board::render_board;
use crate::errors::{Cause, Format, PageError};
use crate::events;
use crate::satisfaction::{AnalysisAsked, SatisfactionAsked, render_satisfaction};
use crate::session::render_session;
use crate::source::Source;
use crate::view::{Lang, View};
use crate::wire::{BoardAnswer, SessionAnswer};

/// Nothing but what this server serves, and nothing written into the page: neither scripts nor styles.
pub(crate) const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

struct App<S> {
    source: S,
    settings: Settings,
}

impl<S: Clone> Clone for App<S> {
    fn clone(&self) -> App<S> {
        App { source: self.source.clone(), settings: self.settings.clone() }
    }
}

type Pairs = Query<Vec<(String, String)>>;

/// The pages over any source of answers.
pub fn router_over<S: Source>(source: S, settings: Settings) -> Router {
    let pages = Router::new()
        .route("/", get(root))
        .route("/board", get(board::<S>))
        .route("/board/events", get(board_events::<S>))
        .route("/session/{id}", get(session::<S>))
        .route("/satisfaction", get(satisfaction::<S>))
        .merge(poc::routes::<S>())
        .route("/api/board", get(board_answer::<S>))
        .route("/api/session/{id}", get(session_answer::<S>))
        .route("/api/satisfaction", get(satisfaction_answer::<S>))
        .route("/api/satisfaction/{analysis}", get(satisfaction_analysis::<S>))
        .route("/api/retention/{analysis}", get(retention_analysis::<S>))
        .with_state(App { source, settings })
        .layer(SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, HeaderValue::from_static("no-store")));
    pages
        .merge(assets::router())
        .layer(SetResponseHeaderLayer::overriding(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)))
        .layer(SetResponseHeaderLayer::overriding(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
        .layer(SetResponseHeaderLayer::overriding(REFERRER_POLICY, HeaderValue::from_static("same-origin")))
}

async fn root() -> Redirect {
    Redirect::temporary("/board")
}

async fn board<S: Source>(State(app): State<App<S>>, Query(pairs): Pairs, headers: HeaderMap) -> Result<Response, PageError> {
    let view = app.read(&pairs, &headers, Format::Html)?;
    let board = app.source.board(&view.project, &view.filter).await.map_err(|error| app.refuse(error, &view, Format::Html))?;
    let page = render_board(&board, &view, &app.settings).map_err(|error| app.refuse(error, &view, Format::Html))?;
    Ok(Html(page).into_response())
}

async fn board_events<S: Source>(State(app): State<App<S>>, Query(pairs): Pairs, headers: HeaderMap) -> Result<Response, PageError> {
    let view = app.read(&pairs, &headers, Format::Json)?;
    Ok(Sse::new(events::updates(app.source, view)).keep_alive(KeepAlive::default()).into_response())
}

async fn session<S: Source>(
    State(app): State<App<S>>,
    Path(id): Path<String>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let view = app.read(&pairs, &headers, Format::Html)?;
    let session = app.source.session(&view.project, &id).await.map_err(|error| app.refuse(error, &view, Format::Html))?;
    let session = session.ok_or_else(|| app.refuse(Cause::UnknownSession { id: id.clone() }, &view, Format::Html))?;
    let page = render_session(&session, &id, &view, &app.settings).map_err(|error| app.refuse(error, &view, Format::Html))?;
    Ok(Html(page).into_response())
}

async fn board_answer<S: Source>(State(app): State<App<S>>, Query(pairs): Pairs, headers: HeaderMap) -> Result<Response, PageError> {
    let view = app.read(&pairs, &headers, Format::Json)?;
    let board = app.source.board(&view.project, &view.filter).await.map_err(|error| app.refuse(error, &view, Format::Json))?;
    Ok(Json(BoardAnswer::of(&view.project, &view.filter, &board)).into_response())
}

async fn session_answer<S: Source>(
    State(app): State<App<S>>,
    Path(id): Path<String>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let view = app.read(&pairs, &headers, Format::Json)?;
    let session = app.source.session(&view.project, &id).await.map_err(|error| app.refuse(error, &view, Format::Json))?;
    let session = session.ok_or_else(|| app.refuse(Cause::UnknownSession { id }, &view, Format::Json))?;
    Ok(Json(SessionAnswer::from(&session)).into_response())
}

async fn satisfaction<S: Source>(State(app): State<App<S>>, Query(pairs): Pairs, headers: HeaderMap) -> Result<Response, PageError> {
    let view = app.read(&pairs, &headers, Format::Html)?;
    let asked = SatisfactionAsked::read(&pairs, &view.filter).map_err(|error| app.refuse(error, &view, Format::Html))?;
    let report = app.source.satisfaction(&view.project, &asked).await.map_err(|error| app.refuse(error, &view, Format::Html))?;
    let page = render_satisfaction(&report, &asked, &view, &app.settings).map_err(|error| app.refuse(error, &view, Format::Html))?;
    Ok(Html(page).into_response())
}

async fn satisfaction_answer<S: Source>(State(app): State<App<S>>, Query(pairs): Pairs, headers: HeaderMap) -> Result<Response, PageError> {
    let view = app.read(&pairs, &headers, Format::Json)?;
    let asked = SatisfactionAsked::read(&pairs, &view.filter).map_err(|error| app.refuse(error, &view, Format::Json))?;
    let report = app.source.satisfaction(&view.project, &asked).await.map_err(|error| app.refuse(error, &view, Format::Json))?;
    Ok(Json(&report.json).into_response())
}

type Asking<S> = (State<App<S>>, Path<String>, Pairs, HeaderMap);

async fn satisfaction_analysis<S: Source>((State(app), Path(name), Query(pairs), headers): Asking<S>) -> Result<Response, PageError> {
    app.analysis(("satisfaction", &name), &pairs, &headers).await
}

async fn retention_analysis<S: Source>((State(app), Path(name), Query(pairs), headers): Asking<S>) -> Result<Response, PageError> {
    app.analysis(("retention", &name), &pairs, &headers).await
}

impl<S: Source> App<S> {
    async fn analysis(&self, (family, name): (&str, &str), pairs: &[(String, String)], headers: &HeaderMap) -> Result<Response, PageError> {
        let view = self.read(pairs, headers, Format::Json)?;
        let asked = AnalysisAsked::read(family, name, pairs, &view.filter);
        let asked = asked.ok_or_else(|| self.refuse(Cause::UnknownAnalysis { name: name.to_owned() }, &view, Format::Json))?;
        let asked = asked.map_err(|error| self.refuse(error, &view, Format::Json))?;
        let answer = self.source.analysis(&view.project, &asked).await.map_err(|error| self.refuse(error, &view, Format::Json))?;
        Ok(Json(answer).into_response())
    }
}

impl<S> App<S> {
    fn read(&self, pairs: &[(String, String)], headers: &HeaderMap, format: Format) -> Result<View, PageError> {
        let reader = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).map(Lang::accepted).unwrap_or_default();
        let bare = View { reader_lang: reader, ..View::of_project(&self.settings.default_project) };
        bare.clone().read(pairs).map_err(|error| {
            // The language of a broken link still counts, if that much of it can be read.
            let lang: Vec<_> = pairs.iter().filter(|(name, _)| name == "lang").cloned().collect();
            let view = bare.clone().read(&lang).unwrap_or(bare);
            self.refuse(error, &view, format)
        })
    }

    fn refuse(&self, cause: impl Into<Cause>, view: &View, format: Format) -> PageError {
        PageError { cause: cause.into(), format, view: Box::new(view.clone()), settings: self.settings.clone() }
    }
}
