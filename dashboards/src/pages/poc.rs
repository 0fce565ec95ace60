//! The addresses of a POC: asked in short by a link, or with the text of a `poc.toml`.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FormRejection};
use axum::extract::{DefaultBodyLimit, Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use super::{App, Pairs};
use crate::errors::{Cause, Format, PageError};
use crate::poc::{MOST_BYTES, Pasted, PocAsked, Step, WrittenError, WrittenPoc, render_poc, render_written};
use crate::source::{Source, SourceError};
use crate::wire;

/// Longest form, bytes: in one, a letter of three bytes takes nine.
const FORM_BYTES: usize = 3 * MOST_BYTES + (4 << 10);

type Linked<S> = (State<App<S>>, Pairs, HeaderMap);
type Posted<S> = (State<App<S>>, Pairs, HeaderMap, Result<Bytes, BytesRejection>);
type Filled<S> = (State<App<S>>, Pairs, HeaderMap, Result<Form<Vec<(String, String)>>, FormRejection>);

pub(super) fn routes<S: Source>() -> Router<App<S>> {
    let steps = Router::new()
        .route("/api/poc", get(compare::<S>))
        .route("/api/poc/compare", get(compare::<S>).post(|posted| step::<S>(Step::Compare, posted)))
        .route("/api/poc/check", get(check::<S>).post(|posted| step::<S>(Step::Check, posted)))
        .route("/api/poc/claims", get(claims::<S>).post(|posted| step::<S>(Step::Claims, posted)))
        .route("/api/poc/plan", post(|posted| step::<S>(Step::Plan, posted)))
        .route("/api/poc/scorecard", post(|posted| step::<S>(Step::Scorecard, posted)))
        .layer(DefaultBodyLimit::max(MOST_BYTES));
    steps.merge(Router::new().route("/poc", get(page::<S>).post(pasted::<S>)).layer(DefaultBodyLimit::max(FORM_BYTES)))
}

async fn page<S: Source>((State(app), Query(pairs), headers): Linked<S>) -> Result<Response, PageError> {
    let view = app.read(&pairs, &headers, Format::Html)?;
    let refuse = |cause: Cause| app.refuse(cause, &view, Format::Html);
    if let Some(example) = Pasted::example(&pairs, view.language()).map_err(|error| refuse(error.into()))? {
        let page = render_written(&example, None, &view, &app.settings).map_err(|error| refuse(error.into()))?;
        return Ok(Html(page).into_response());
    }
    let asked = PocAsked::read(&pairs, &view.filter).map_err(|error| refuse(error.into()))?;
    let compared = app.source.comparison(&view.project, &asked).await.map_err(|error| refuse(error.into()))?;
    let page = render_poc(&compared, &asked, &view, &app.settings).map_err(|error| refuse(error.into()))?;
    Ok(Html(page).into_response())
}

/// What is wrong with the text is said beside it, so that it can be mended where it stands.
async fn pasted<S: Source>((State(app), Query(pairs), headers, form): Filled<S>) -> Result<Response, PageError> {
    let view = app.read(&pairs, &headers, Format::Html)?;
    let refuse = |cause: Cause| app.refuse(cause, &view, Format::Html);
    let Form(fields) = form.map_err(|rejection| refuse(unread(rejection.status()).into()))?;
    let mut pasted = Pasted::of(fields);
    let (status, answers) = match WrittenPoc::of_file(&pasted.text, &pasted.pairs(), &view.filter) {
        Err(WrittenError::TooLong) => return Err(refuse(WrittenError::TooLong.into())),
        Err(error) => {
            pasted.refused = Some(error.to_string());
            (StatusCode::BAD_REQUEST, None)
        }
        Ok(asked) => match app.source.written(&view.project, &asked).await {
            Ok(answers) => (StatusCode::OK, Some(answers)),
            Err(SourceError::Misasked { why }) => {
                pasted.refused = Some(why);
                (StatusCode::BAD_REQUEST, None)
            }
            Err(error) => return Err(refuse(error.into())),
        },
    };
    let page = render_written(&pasted, answers.as_ref(), &view, &app.settings).map_err(|error| refuse(error.into()))?;
    Ok((status, Html(page)).into_response())
}

async fn compare<S: Source>((State(app), Query(pairs), headers): Linked<S>) -> Result<Response, PageError> {
    let view = app.read(&pairs, &headers, Format::Json)?;
    let asked = PocAsked::read(&pairs, &view.filter).map_err(|error| app.refuse(error, &view, Format::Json))?;
    let compared = app.source.comparison(&view.project, &asked).await.map_err(|error| app.refuse(error, &view, Format::Json))?;
    Ok(Json(&compared.json).into_response())
}

async fn check<S: Source>((State(app), Query(pairs), headers): Linked<S>) -> Result<Response, PageError> {
    let view = app.read(&pairs, &headers, Format::Json)?;
    let asked = PocAsked::read(&pairs, &view.filter).map_err(|error| app.refuse(error, &view, Format::Json))?;
    let checked = app.source.check(&view.project, &asked).await.map_err(|error| app.refuse(error, &view, Format::Json))?;
    Ok(Json(wire::poc_check::poc_check(&checked)).into_response())
}

async fn claims<S: Source>((State(app), Query(pairs), headers): Linked<S>) -> Result<Response, PageError> {
    let view = app.read(&pairs, &headers, Format::Json)?;
    let asked = WrittenPoc::of_claims(&view.project, &pairs, &view.filter);
    let asked = asked.map_err(|error| app.refuse(error, &view, Format::Json))?;
    let answer = app.source.step(&view.project, &asked, Step::Claims).await.map_err(|error| app.refuse(error, &view, Format::Json))?;
    Ok(Json(answer).into_response())
}

/// One step of the file in the body.
async fn step<S: Source>(step: Step, (State(app), Query(pairs), headers, body): Posted<S>) -> Result<Response, PageError> {
    let view = app.read(&pairs, &headers, Format::Json)?;
    let refuse = |cause: Cause| app.refuse(cause, &view, Format::Json);
    let body = body.map_err(|rejection| refuse(unread(rejection.status()).into()))?;
    let text = std::str::from_utf8(&body).map_err(|_| refuse(WrittenError::NotText.into()))?;
    let asked = WrittenPoc::read(step, text, &pairs, &view.filter).map_err(|error| refuse(error.into()))?;
    let answer = app.source.step(&view.project, &asked, step).await.map_err(|error| refuse(unfit(error)))?;
    Ok(Json(answer).into_response())
}

/// A body that was not read: too long, or none that a browser sends.
fn unread(status: StatusCode) -> WrittenError {
    if status == StatusCode::PAYLOAD_TOO_LARGE { WrittenError::TooLong } else { WrittenError::NotText }
}

/// What cannot be asked is the file's fault here, and not the link's.
fn unfit(error: SourceError) -> Cause {
    match error {
        SourceError::Misasked { why } => WrittenError::Unfit { why }.into(),
        error => error.into(),
    }
}
