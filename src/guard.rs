//! Who may look: what stands before pages, API, event streams and metrics.
//!
//! Everything is shut but what is listed as open: health, the browser client, intake (which has keys of its own), the pages' styles and scripts.
//! A page that is added later is shut without anyone remembering to.
//!
//! On loopback the machine's own users may look. A page elsewhere that gives its own name the address 127.0.0.1 (DNS rebinding) makes a browser
//! ask here under that name, so the name is checked. Anywhere else, and on loopback with `--require-read-key` (behind a proxy), a read key is
//! needed: as a bearer token, or once at the login page, for which the browser gets a random session token.

mod host;
mod sessions;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Form, Query, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use futures::StreamExt;
use qoe_dashboards::{Asked, Shut, shut};
use qoe_store::Millis;
use qoe_store::keys::{AccessKey, CurrentKeys, Keyring, Kind, Ledger, Presented, Reason, Refused, Unfit};
use serde::Deserialize;

use sessions::{LIFETIME_S, Sessions};

/// The browser's session token.
const COOKIE_NAME: &str = "qoe_session";
/// Largest login form, bytes: a key and the address of a page.
const FORM_BYTES: usize = 16 << 10;

/// Who may look at pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// Whoever is on this machine; only under loopback's own names.
    OpenOnLoopback,
    /// Who has a read key.
    BehindReadKey,
}

/// What decides.
#[derive(Debug, Clone)]
pub struct Guard(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pages: Pages,
    keys: CurrentKeys,
    ledger: Arc<Ledger>,
    sessions: Sessions,
    default_project: String,
    clock: fn() -> Millis,
}

/// By what somebody passed, to be asked again while an event stream is open.
#[derive(Debug, Clone)]
enum Pass {
    Key(String),
    Session(String),
}

impl Guard {
    /// Guards pages of which those that name no project are `default_project`'s.
    pub fn new(pages: Pages, keys: CurrentKeys, ledger: Arc<Ledger>, default_project: &str, clock: fn() -> Millis) -> Self {
        let default_project = default_project.to_owned();
        Guard(Arc::new(Inner { pages, keys, ledger, sessions: Sessions::default(), default_project, clock }))
    }

    /// Puts itself before everything in `app`.
    pub fn protect(self, app: Router) -> Router {
        let login = Router::new().route("/login", post(login)).layer(DefaultBodyLimit::max(FORM_BYTES)).with_state(self.clone());
        app.merge(login).layer(from_fn_with_state(self, pass))
    }

    /// The key by which this request may look, and what has to stay true for that.
    fn reader(&self, headers: &HeaderMap, keys: &Keyring, caller: Caller) -> Result<(AccessKey, Pass), Shut> {
        if let Some(bearer) = bearer(headers) {
            let key = self.read_key(bearer, keys, caller)?;
            return Ok((key.clone(), Pass::Key(key.id.clone())));
        }
        let token = cookie(headers).ok_or(Shut::NoKey)?;
        let key_id = self.0.sessions.key_id(token, caller.now).ok_or(Shut::NoKey)?;
        let key = keys.valid(&key_id).ok_or(Shut::Revoked)?;
        Ok((key.clone(), Pass::Session(token.to_owned())))
    }

    /// The read key that this text is.
    fn read_key<'a>(&self, text: &str, keys: &'a Keyring, caller: Caller) -> Result<&'a AccessKey, Shut> {
        let (shut, reason, key_id) = match keys.find(text) {
            Ok(key) if key.kind == Kind::Read => return Ok(key),
            Ok(key) | Err(Unfit::Revoked(key)) if key.kind == Kind::Write => (Shut::WriteKey, Reason::WrongKind, key.id.as_str()),
            Ok(key) | Err(Unfit::Revoked(key)) => (Shut::Revoked, Reason::Revoked, key.id.as_str()),
            Err(Unfit::Unknown) if Presented::read(text).is_some_and(|presented| presented.kind == Kind::Write) => {
                (Shut::WriteKey, Reason::WrongKind, "")
            }
            Err(Unfit::Unknown) => (Shut::UnknownKey, Reason::UnknownKey, ""),
        };
        self.0.ledger.refused(Refused { reason, key_id, project: "", address: caller.address }, caller.now);
        Err(shut)
    }

    fn still(&self, pass: &Pass) -> bool {
        let keys = self.0.keys.get();
        match pass {
            Pass::Key(id) => keys.valid(id).is_some(),
            Pass::Session(token) => self.0.sessions.key_id(token, (self.0.clock)()).is_some_and(|id| keys.valid(&id).is_some()),
        }
    }
}

/// Whence and when.
#[derive(Debug, Clone, Copy)]
struct Caller {
    address: Option<std::net::IpAddr>,
    now: Millis,
}

impl Caller {
    fn of(request: &Request, now: Millis) -> Self {
        Caller { address: request.extensions().get::<ConnectInfo<std::net::SocketAddr>>().map(|connection| connection.0.ip()), now }
    }
}

/// What needs no read key.
fn is_open(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz") || ["/v1/", "/sdk/", "/assets/"].iter().any(|open| path.starts_with(open))
}

async fn pass(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    if is_open(request.uri().path()) {
        return next.run(request).await;
    }
    let asked = Asked::of(request.uri(), request.headers());
    if guard.0.pages == Pages::OpenOnLoopback {
        let host = request.headers().get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
        let host = request.uri().authority().map(|authority| authority.as_str().to_owned()).or(host);
        // Browsers always name a host; who does not is none.
        return match host.filter(|host| !host::is_loopback(host)) {
            Some(host) => shut(&Shut::ForeignHost { host: host.chars().take(200).collect() }, &asked),
            None => next.run(request).await,
        };
    }
    let caller = Caller::of(&request, (guard.0.clock)());
    if request.uri().path() == "/login" {
        request.extensions_mut().insert((asked, caller));
        return next.run(request).await;
    }
    let keys = guard.0.keys.get();
    let (key, pass) = match guard.reader(request.headers(), &keys, caller) {
        Ok(passed) => passed,
        Err(why) => return shut(&why, &asked),
    };
    guard.0.ledger.used(&key.id, caller.now);
    let Some(projects) = projects(request.uri()) else { return shut(&Shut::BadLink, &asked) };
    if let Some(project) = beyond(&key, &projects, &guard.0.default_project) {
        if projects.is_empty() && asked.is_page() {
            return to(&of_first_project(request.uri(), &key));
        }
        let refused = Refused { reason: Reason::WrongProject, key_id: &key.id, project: "", address: caller.address };
        guard.0.ledger.refused(refused, caller.now);
        return shut(&Shut::OtherProject { project: project.to_owned(), opened: key.projects.clone() }, &asked);
    }
    while_valid(guard, pass, next.run(request).await)
}

/// The projects a link asks for: every one it names, whichever of them a handler goes by. `None` if the link cannot be read.
fn projects(uri: &Uri) -> Option<Vec<String>> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    Some(pairs.into_iter().filter(|(name, value)| name == "project" && !value.is_empty()).map(|(_, value)| value).collect())
}

/// The first project asked for that the key does not open; a link that names none asks for the default one.
fn beyond<'a>(key: &AccessKey, projects: &'a [String], default: &'a str) -> Option<&'a str> {
    match projects {
        [] => (!key.opens(default)).then_some(default),
        named => named.iter().map(String::as_str).find(|project| !key.opens(project)),
    }
}

/// The same page of the first project that the key opens.
fn of_first_project(uri: &Uri, key: &AccessKey) -> String {
    let project = key.projects.first().map_or("", String::as_str);
    let project: String = project
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let path = if uri.path() == "/" { "/board" } else { uri.path() };
    match uri.query().filter(|query| !query.is_empty()) {
        Some(query) => format!("{path}?{query}&project={project}"),
        None => format!("{path}?project={project}"),
    }
}

/// An event stream ends with the key that opened it.
fn while_valid(guard: Guard, pass: Pass, response: Response) -> Response {
    let streams = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if !streams {
        return response;
    }
    let (parts, body) = response.into_parts();
    let frames = body.into_data_stream().take_while(move |_| std::future::ready(guard.still(&pass)));
    Response::from_parts(parts, Body::from_stream(frames))
}

#[derive(Deserialize)]
struct Login {
    key: String,
    #[serde(default)]
    next: String,
}

async fn login(
    State(guard): State<Guard>,
    asker: Option<Extension<(Asked, Caller)>>,
    headers: HeaderMap,
    form: Result<Form<Login>, axum::extract::rejection::FormRejection>,
) -> Response {
    // On open loopback nobody needs a key, whoever posts one.
    let Some(Extension((asked, caller))) = asker else { return to("/") };
    let Ok(Form(Login { key, next })) = form else { return shut(&Shut::NoKey, &asked.on_the_way_to("/")) };
    let next = within(&next);
    let asked = asked.on_the_way_to(&next);
    let keys = guard.0.keys.get();
    let opened = guard.read_key(key.trim(), &keys, caller).and_then(|key| {
        guard.0.ledger.used(&key.id, caller.now);
        guard.0.sessions.open(&key.id, caller.now).map_err(|error| {
            tracing::error!(%error, "open a session");
            Shut::NoKey
        })
    });
    match opened {
        Ok(token) => {
            // Behind a proxy that speaks TLS the cookie must not go out without it.
            let secure = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
            let secure = if secure { "; Secure" } else { "" };
            let set = format!("{COOKIE_NAME}={token}; Path=/; Max-Age={LIFETIME_S}; HttpOnly; SameSite=Strict{secure}");
            ([(SET_COOKIE, set)], to(&next)).into_response()
        }
        Err(why) => shut(&why, &asked),
    }
}

/// A page of this server, whatever the form says.
fn within(next: &str) -> String {
    let own = next.starts_with('/') && !next.starts_with("//") && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own { next.to_owned() } else { "/".to_owned() }
}

fn to(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, path.to_owned())]).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE_NAME).map(|(_, token)| token)
}

#[cfg(test)]
mod tests;
