//! A way to ClickHouse that can be shut, and that tampers with inserts.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::until;

/// What is done to an insert.
#[derive(Clone)]
pub enum Tamper {
    /// ClickHouse stores it, and its answer gets lost.
    LoseAnswer,
    /// The connection is reset when half of it is sent.
    Cut,
    /// It never gets there; this is answered.
    Answer(&'static str),
    /// It goes there, and so long after it was sent this is done.
    During(Duration, Arc<dyn Fn() + Send + Sync>),
}

struct State {
    target: String,
    open: AtomicBool,
    /// What is done to the inserts to come; nothing to those after.
    plan: Mutex<VecDeque<Option<Tamper>>>,
    tampered: AtomicUsize,
}

pub struct Proxy {
    pub url: String,
    state: Arc<State>,
}

impl Proxy {
    pub async fn before(url: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        let target = url.trim_start_matches("http://").to_owned();
        let state = Arc::new(State { target, open: AtomicBool::new(true), plan: Mutex::default(), tampered: AtomicUsize::new(0) });
        let shared = state.clone();
        tokio::spawn(async move {
            loop {
                let (inbound, _) = listener.accept().await.unwrap();
                // A broken connection is what this is for.
                tokio::spawn(carry(inbound, shared.clone()));
            }
        });
        Proxy { url: proxy, state }
    }

    pub fn open(&self, open: bool) {
        self.state.open.store(open, SeqCst);
    }

    /// Does this to the next inserts, each followed by one that is let through, and waits until all of it is done.
    pub async fn tamper(&self, plan: Vec<Tamper>) {
        // No more at once than can be done in time.
        for lot in plan.chunks(10) {
            let wanted = self.state.tampered.load(SeqCst) + lot.len();
            self.state.plan.lock().unwrap().extend(lot.iter().cloned().flat_map(|tamper| [Some(tamper), None]));
            until("inserts are tampered with", async || (self.state.tampered.load(SeqCst) >= wanted).then_some(())).await;
        }
    }
}

/// One request and its answer.
async fn carry(mut inbound: TcpStream, state: Arc<State>) -> io::Result<()> {
    let request = read_request(&mut inbound).await?;
    if !state.open.load(SeqCst) {
        return Ok(());
    }
    let line = String::from_utf8_lossy(&request[..request.iter().position(|byte| *byte == b'\n').unwrap_or(0)]).into_owned();
    let tamper = if line.contains("INSERT") { state.plan.lock().unwrap().pop_front().flatten() } else { None };
    if tamper.is_some() {
        state.tampered.fetch_add(1, SeqCst);
    }
    if let Some(Tamper::Answer(answer)) = tamper {
        let head = format!("HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", answer.len());
        return inbound.write_all((head + answer).as_bytes()).await;
    }
    let mut outbound = TcpStream::connect(&state.target).await?;
    if let Some(Tamper::Cut) = tamper {
        outbound.write_all(&request[..request.len() / 2]).await?;
        outbound.set_zero_linger()?;
        return inbound.set_zero_linger();
    }
    outbound.write_all(&request).await?;
    if let Some(Tamper::During(after, act)) = &tamper {
        tokio::time::sleep(*after).await;
        act();
    }
    if let Some(Tamper::LoseAnswer) = tamper {
        outbound.read_to_end(&mut Vec::new()).await?;
        return Ok(());
    }
    tokio::io::copy(&mut outbound, &mut inbound).await?;
    Ok(())
}

/// A whole request, told to be the last of its connection.
async fn read_request(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let body = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        fill(stream, &mut bytes).await?;
    };
    let head = String::from_utf8_lossy(&bytes[..body]).to_ascii_lowercase();
    if head.contains("transfer-encoding: chunked") {
        let mut at = body;
        loop {
            let Some(line) = bytes[at..].windows(2).position(|two| two == b"\r\n") else {
                fill(stream, &mut bytes).await?;
                continue;
            };
            let length = std::str::from_utf8(&bytes[at..at + line]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
            let length = length.ok_or(io::ErrorKind::InvalidData)?;
            at += line + 2 + length + 2;
            while bytes.len() < at {
                fill(stream, &mut bytes).await?;
            }
            if length == 0 {
                break;
            }
        }
    } else {
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
        while bytes.len() < body + length {
            fill(stream, &mut bytes).await?;
        }
    }
    bytes.splice(body - 2..body - 2, *b"connection: close\r\n");
    Ok(bytes)
}

async fn fill(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(bytes).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}
