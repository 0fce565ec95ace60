//! Streams over a real socket: who answers pings is kept, who does not is cut off.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures::StreamExt;
use qoe_ingest::{Intake, IntakeConfig, Projects, StreamConfig, router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

use crate::delivery::{nowhere, quick, start};

const IDLE: Duration = Duration::from_millis(400);

/// A server that pings often and waits shortly.
async fn serve() -> SocketAddr {
    let stream = StreamConfig { ping_every: IDLE / 4, idle_within: IDLE, ..StreamConfig::default() };
    let config = IntakeConfig { stream, ..IntakeConfig::default() };
    let intake = Intake::new(Projects::open("p"), start(nowhere().await, quick()).await, config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router(intake)).await });
    address
}

#[tokio::test]
async fn a_stream_that_answers_pings_is_kept_though_it_says_nothing() {
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{}/v1/stream", serve().await)).await.unwrap();
    let (began, mut pings) = (Instant::now(), 0);
    while began.elapsed() < IDLE * 3 {
        // Who reads answers.
        match tokio::time::timeout(IDLE * 3, socket.next()).await.unwrap().unwrap().unwrap() {
            Message::Ping(_) => pings += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(pings >= 3, "{pings} pings");
}

#[tokio::test]
async fn a_stream_that_does_not_answer_pings_is_told_why_it_ends() {
    let mut stream = TcpStream::connect(serve().await).await.unwrap();
    let request = "GET /v1/stream HTTP/1.1\r\nhost: qoe\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let began = Instant::now();
    let mut said = Vec::new();
    tokio::time::timeout(IDLE * 25, stream.read_to_end(&mut said)).await.expect("it is cut off").unwrap();
    assert!(began.elapsed() >= IDLE, "not before it was silent for so long");
    let head = said.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    let frames = &said[head..];
    assert_eq!(frames[..2], [0x89, 0], "a ping");
    let close = frames.windows(2).position(|bytes| bytes[0] == 0x88).expect("a goodbye");
    assert_eq!(u16::from_be_bytes([frames[close + 2], frames[close + 3]]), 1008);
    assert!(String::from_utf8_lossy(&frames[close + 4..]).contains("nothing was heard"));
}
