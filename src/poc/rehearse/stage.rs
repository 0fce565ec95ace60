//! The page that makes the calls, and what it is handed: one run after the other, each with a relay of its own.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use qoe_fixtures::relay::{Impairment, Relay, Run};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::outcome::{Outcome, Told};

/// Time between two reports of a connection, ms. Half of what clients take by themselves: calls of a rehearsal are short.
const INTERVAL_MS: u32 = 1_000;

/// A run, and what its packets will meet.
#[derive(Debug, Clone)]
pub struct Take {
    /// As scheduled.
    pub run: Run,
    /// From the caller to the callee, with what is planted.
    pub there: Impairment,
    /// From the callee to the caller.
    pub back: Impairment,
}

impl Take {
    /// What errors call it.
    pub fn name(&self) -> String {
        format!("{} of {}", self.run.run, self.run.arm)
    }
}

/// What stands on every row.
#[derive(Debug, Clone)]
pub struct Labels {
    /// The comparison.
    pub poc: String,
    /// The project.
    pub project: String,
    /// Its write key.
    pub key: Option<String>,
}

/// The page, served.
pub struct Stage {
    /// Its address.
    pub page: String,
    finished: mpsc::UnboundedReceiver<anyhow::Result<Outcome>>,
    server: tokio::task::JoinHandle<()>,
}

struct Play {
    /// Tells this rehearsal's calls from those of another with the same name.
    name: String,
    labels: Labels,
    server: String,
    at_once: u8,
    /// Calls begun.
    made: AtomicU32,
    waiting: Mutex<std::vec::IntoIter<Take>>,
    /// By call.
    under_way: Mutex<HashMap<String, (Take, Relay)>>,
    tell: mpsc::UnboundedSender<anyhow::Result<Outcome>>,
}

type Shared = State<Arc<Play>>;

impl Stage {
    /// Serves the page on a free port of loopback, under a path that nobody guesses.
    pub async fn open(takes: Vec<Take>, labels: Labels, server: &str, at_once: u8) -> anyhow::Result<Stage> {
        let secret = uuid::Uuid::new_v4().simple().to_string();
        let name = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
        let (tell, finished) = mpsc::unbounded_channel();
        let play = Play {
            name,
            labels,
            server: server.to_owned(),
            at_once,
            made: AtomicU32::new(0),
            waiting: Mutex::new(takes.into_iter()),
            under_way: Mutex::default(),
            tell,
        };
        let file = |kind: &'static str, text: &'static str| get(move || async move { ([(header::CONTENT_TYPE, kind)], text) });
        let app = Router::new()
            .route("/page.html", file("text/html; charset=utf-8", include_str!("page.html")))
            .route("/page.js", file("text/javascript; charset=utf-8", include_str!("page.js")))
            .route("/begin", post(begin))
            .route("/next", post(next))
            .route("/done", post(done));
        let app = Router::new().nest(&format!("/{secret}"), app).with_state(Arc::new(play));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let page = format!("http://{}/{secret}/page.html", listener.local_addr()?);
        let server = tokio::spawn(async move {
            // It ends with the stage; that it cannot go on shows as calls that do not end.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Stage { page, finished, server })
    }

    /// The next call that ended.
    pub async fn finished(&mut self) -> anyhow::Result<Outcome> {
        self.finished.recv().await.context("the page is gone")?
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock<T>(held: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn begin(State(play): Shared) -> Json<Value> {
    Json(json!({"server": play.server, "at_once": play.at_once}))
}

async fn next(State(play): Shared) -> Response {
    let Some(take) = lock(&play.waiting).next() else { return StatusCode::NO_CONTENT.into_response() };
    let relay = match Relay::start(take.there, take.back, take.run.seed).await {
        Ok(relay) => relay,
        Err(error) => {
            let _ = play.tell.send(Err(anyhow::Error::new(error).context(format!("start the relay of run {}", take.name()))));
            return StatusCode::NO_CONTENT.into_response();
        }
    };
    // Both ends of a call, and the calls of a pair, are of one tester: their rows go together.
    let tester = format!("{}-{}-{}", play.labels.poc, take.run.run, play.name);
    let call_id = format!("{tester}.{}", play.made.fetch_add(1, Ordering::Relaxed) + 1);
    let Run { run, arm, stratum, profile, seconds, seed } = &take.run;
    let task = json!({
        "call_id": call_id,
        "seconds": seconds,
        "interval_ms": INTERVAL_MS,
        "relay": {"caller": relay.caller_sends_to.to_string(), "callee": relay.callee_sends_to.to_string()},
        "labels": {
            "key": play.labels.key, "project": play.labels.project, "service": "video_call", "scenario": "one_to_one",
            "userId": tester, "vendor": arm, "poc": play.labels.poc, "arm": arm, "stratum": stratum,
            "attributes": {"run": run, "profile": profile, "seed": seed.to_string()},
        },
    });
    lock(&play.under_way).insert(call_id, (take, relay));
    Json(task).into_response()
}

async fn done(State(play): Shared, body: String) -> StatusCode {
    let _ = play.tell.send(conclude(&play, &body).await);
    StatusCode::NO_CONTENT
}

async fn conclude(play: &Play, body: &str) -> anyhow::Result<Outcome> {
    let told: Told = serde_json::from_str(body).context("understand what the page says of a call")?;
    let call = told.call_id.as_deref().and_then(|call_id| lock(&play.under_way).remove_entry(call_id));
    let Some((call_id, (take, relay))) = call else {
        anyhow::bail!("the page cannot make calls: {}", told.error.unwrap_or_default());
    };
    let ports = [relay.caller_sends_to, relay.callee_sends_to];
    Outcome::new(call_id, take, ports, relay.stop().await, told)
}
