//! What clients do: post bodies over connections that stay open, as fast as they are answered or at a pace.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Where to and what.
#[derive(Clone)]
pub struct Target {
    /// The server.
    pub address: SocketAddr,
    /// Path and query.
    pub path: String,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// Makes the next body, of so many rows.
    pub next: Arc<dyn Fn() -> Bytes + Send + Sync>,
    /// Rows of each body.
    pub rows: usize,
}

/// How hard.
#[derive(Debug, Clone, Copy)]
pub struct Push {
    /// Connections, each of which has one post under way at a time.
    pub connections: usize,
    /// For how long.
    pub lasting: Duration,
    /// Posts a second of all together; without it, as fast as they are answered.
    pub pace: Option<f64>,
}

/// A post that was acknowledged.
#[derive(Debug, Clone, Copy)]
pub struct Ack {
    /// When.
    pub at: Instant,
    /// Since it was to be sent.
    pub took: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Driven {
    /// In order of time.
    pub acks: Vec<Ack>,
    /// Posts that were told to come again, or sent away with their connection.
    pub refused: u64,
    /// Rows of the acknowledged.
    pub rows: u64,
    /// How long it took in all.
    pub elapsed: Duration,
}

impl Driven {
    /// Milliseconds from send to acknowledgement, sorted.
    pub fn latencies(&self) -> Vec<f64> {
        let mut all: Vec<f64> = self.acks.iter().map(|ack| ack.took.as_secs_f64() * 1e3).collect();
        all.sort_by(f64::total_cmp);
        all
    }
}

/// Posts until the time is over.
pub async fn drive(target: &Target, push: Push) -> anyhow::Result<Driven> {
    let (began, turn) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let clients = (0..push.connections).map(|_| tokio::spawn(client(target.clone(), push, began, turn.clone())));
    let mut driven = Driven::default();
    for client in clients.collect::<Vec<_>>() {
        let (acks, refused) = client.await.context("a client of the load")??;
        driven.acks.extend(acks);
        driven.refused += refused;
    }
    driven.elapsed = began.elapsed();
    driven.acks.sort_by_key(|ack| ack.at);
    driven.rows = (driven.acks.len() * target.rows) as u64;
    Ok(driven)
}

async fn client(target: Target, push: Push, began: Instant, turn: Arc<AtomicU64>) -> anyhow::Result<(Vec<Ack>, u64)> {
    let (mut acks, mut refused) = (Vec::new(), 0);
    let mut sender = connect(target.address).await?;
    while began.elapsed() < push.lasting {
        let mut due = Instant::now();
        if let Some(pace) = push.pace {
            // A post that could not be sent on time waited since then, whoever was to blame.
            due = began + Duration::from_secs_f64(turn.fetch_add(1, Relaxed) as f64 / pace);
            if due > began + push.lasting {
                break;
            }
            tokio::time::sleep_until(due.into()).await;
        }
        let Ok((status, answer)) = post(&mut sender, &target, (target.next)()).await else {
            // A post that is sent away before its body was read ends the connection.
            refused += 1;
            sender = connect(target.address).await?;
            continue;
        };
        match status {
            status if status.is_success() => acks.push(Ack { at: Instant::now(), took: due.elapsed() }),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                refused += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            status => anyhow::bail!("{} answered {status}: {}", target.path, String::from_utf8_lossy(&answer)),
        }
    }
    Ok((acks, refused))
}

/// One post on a connection of its own.
pub async fn once(target: &Target) -> anyhow::Result<StatusCode> {
    let mut sender = connect(target.address).await?;
    Ok(post(&mut sender, target, (target.next)()).await?.0)
}

/// The body found at a path.
pub async fn get(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut sender = connect(address).await?;
    let request = Request::get(path).header("Host", address.to_string()).body(Full::new(Bytes::new()))?;
    let answer = sender.send_request(request).await?.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

async fn connect(address: SocketAddr) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with its sender; what breaks it, the request under way is told.
    tokio::spawn(connection);
    Ok(sender)
}

async fn post(sender: &mut SendRequest<Full<Bytes>>, target: &Target, body: Bytes) -> anyhow::Result<(StatusCode, Bytes)> {
    let mut request = Request::post(&target.path).header("Host", target.address.to_string());
    for (name, value) in &target.headers {
        request = request.header(*name, value);
    }
    let answer = sender.send_request(request.body(Full::new(body))?).await?;
    let status = answer.status();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}
