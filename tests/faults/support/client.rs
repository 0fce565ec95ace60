//! One request, one connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than the server takes to say that it cannot answer yet.
const PATIENCE: Duration = Duration::from_secs(15);

pub struct Answer {
    pub status: u16,
    pub retry_after: Option<u64>,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub fn is_duplicate(&self) -> bool {
        self.json()["duplicate"] == true
    }
}

pub fn post(body: &str) -> String {
    let length = body.len();
    format!("POST /v1/telemetry HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// Sends a batch; an error means that nobody knows whether it was taken.
pub async fn send(address: SocketAddr, body: &str) -> io::Result<Answer> {
    ask(address, &post(body).replacen("host: localhost", "host: localhost\r\nconnection: close", 1)).await
}

pub async fn get(address: SocketAddr, path: &str) -> io::Result<Answer> {
    ask(address, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")).await
}

async fn ask(address: SocketAddr, request: &str) -> io::Result<Answer> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        answer(&mut stream, request).await
    };
    tokio::time::timeout(PATIENCE, exchange).await?
}

/// One request on a connection that stays open.
pub async fn answer(stream: &mut TcpStream, request: &str) -> io::Result<Answer> {
    stream.write_all(request.as_bytes()).await?;
    let mut said = Vec::new();
    let head = loop {
        if let Some(end) = said.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break String::from_utf8_lossy(&said[..end]).to_ascii_lowercase();
        }
        more(stream, &mut said).await?;
    };
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.trim().parse::<u64>().ok());
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let whole = head.len() + 4 + header("content-length").ok_or(io::ErrorKind::InvalidData)? as usize;
    while said.len() < whole {
        more(stream, &mut said).await?;
    }
    Ok(Answer { status, retry_after: header("retry-after"), text: String::from_utf8_lossy(&said[head.len() + 4..]).into_owned() })
}

async fn more(stream: &mut TcpStream, said: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(said).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}
