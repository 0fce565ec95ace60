//! From a sample's being sent to its being visible on an open board.
//!
//! A service of its own with the demo's fleet playing, one open board narrowed to vendor `bench`, and sessions that send one sample each: a sample is
//! visible when the board's newest row is that sample or a later one.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::Utc;
use qoe_fixtures::{Fleet, FleetConfig};
use qoe_ingest::{IntakeConfig, SpoolConfig};
use qoe_query::Definitions;
use qoe_store::Millis;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::quantile;
use crate::access::StoreArgs;
use crate::listen::Patience;
use crate::serve::{Entrance, Service};

const PROJECT: &str = "bench";

/// How many, against how much going on.
#[derive(Debug, clap::Args)]
pub struct FreshnessArgs {
    /// Samples to follow.
    #[arg(long, default_value_t = 200)]
    samples: u32,
    /// Sessions that are live beside them.
    #[arg(long, default_value_t = 400)]
    sessions: usize,
}

/// Measures and prints.
pub async fn run(args: FreshnessArgs) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("qoe-bench-{}", std::process::id()));
    let access = StoreArgs::embedded(folder.clone()).hold("bench").await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let delivery = access.delivery("bench", SpoolConfig::default()).await?;
    let entrance = Entrance::on_loopback(&access.endpoint, PROJECT).await?;
    let service = Service::new(&access.endpoint, delivery, entrance, Definitions::default(), IntakeConfig::default());

    let now = Millis(Utc::now().timestamp_millis());
    let config = FleetConfig { concurrent_sessions: args.sessions, start: Millis(now.0 - 300_000), ..FleetConfig::demo(PROJECT, 1, now) };
    let mut fleet = Fleet::new(config);
    service.delivery.deliver(fleet.advance(now)).await?;
    let (delivery, draining) = (service.delivery.clone(), service.delivery.clone());
    let player = tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(500));
        loop {
            ticks.tick().await;
            drop(delivery.submit(fleet.advance(Millis(Utc::now().timestamp_millis()))));
        }
    });
    let serving = tokio::spawn(service.serve(listener, Patience::default()));
    let followed = follow(address, args.samples).await;
    player.abort();
    serving.abort();
    draining.drain(Duration::from_secs(5)).await;
    access.close().await;
    let _ = std::fs::remove_dir_all(&folder);
    let mut seen = followed?;
    seen.sort_by(f64::total_cmp);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} of {} samples seen on the open board; from sent to visible, ms", seen.len(), args.samples)?;
    writeln!(
        out,
        "p50 {:.0}  p95 {:.0}  p99 {:.0}  max {:.0}",
        quantile(&seen, 0.5),
        quantile(&seen, 0.95),
        quantile(&seen, 0.99),
        quantile(&seen, 1.0)
    )?;
    anyhow::ensure!(seen.len() == args.samples as usize, "not every sample was seen within 30 s");
    Ok(())
}

async fn follow(address: SocketAddr, samples: u32) -> anyhow::Result<Vec<f64>> {
    let (events, mut board) = mpsc::unbounded_channel();
    let watching = tokio::spawn(watch(address, events));
    // By the time that each sample carries.
    let mut sent: BTreeMap<i64, Instant> = BTreeMap::new();
    let mut seen = Vec::new();
    // Not a divisor of any period of the service's.
    let mut ticks = tokio::time::interval(Duration::from_millis(313));
    let mut next = 0;
    let give_up = Instant::now() + Duration::from_millis(313) * samples + Duration::from_secs(30);
    while seen.len() < samples as usize && Instant::now() < give_up {
        tokio::select! {
            _ = ticks.tick(), if next < samples => {
                let at = Utc::now().timestamp_millis();
                sent.insert(at, Instant::now());
                tokio::spawn(post(address, at));
                next += 1;
            }
            text = board.recv() => {
                let (at, text): (Instant, String) = text.context("the board's stream of events ended")?;
                let Some(newest) = newest(&text) else { continue };
                sent.retain(|carried, began| {
                    let visible = *carried <= newest;
                    if visible {
                        seen.push((at - *began).as_secs_f64() * 1e3);
                    }
                    !visible
                });
            }
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
    watching.abort();
    Ok(seen)
}

/// The time of the newest row, as the page was told.
fn newest(event: &str) -> Option<i64> {
    let stamp = event.split_once("data-newest=")?.1.trim_start_matches(['\\', '"']);
    let stamp = stamp.split(['\\', '"']).next()?;
    Some(chrono::DateTime::parse_from_rfc3339(stamp).ok()?.timestamp_millis())
}

async fn watch(address: SocketAddr, events: mpsc::UnboundedSender<(Instant, String)>) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let request =
        format!("GET /board/events?project={PROJECT}&f.vendor=bench HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut lines = BufReader::new(stream);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).await? > 0 {
        if events.send((Instant::now(), String::from_utf8_lossy(&line).into_owned())).is_err() {
            break;
        }
        line.clear();
    }
    Ok(())
}

async fn post(address: SocketAddr, at: i64) -> anyhow::Result<()> {
    let body = serde_json::json!({
        "sent_at": at,
        "context": {"project": PROJECT, "session_id": format!("fresh-{at}"), "service": "voice_call", "vendor": "bench"},
        "rows": [{
            "type": "sample", "at": at, "stream_id": "0:inbound:1", "kind": "audio", "direction": "inbound", "codec": "opus", "interval_ms": 2000,
            "rtt_ms": 40, "packets_received": 100, "packets_lost": 0,
        }],
    })
    .to_string();
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "POST /v1/telemetry HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    anyhow::ensure!(answer.starts_with("HTTP/1.1 202"), "the service answered {}", answer.lines().next().unwrap_or_default());
    Ok(())
}
