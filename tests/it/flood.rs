//! Senders that are slow, silent or too many, against a running `qoe serve` of little patience.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::bad_input::{PROJECTS, exchange, good_batch_is_taken};
use crate::support::{Served, database};

const GET: &str = "GET /healthz HTTP/1.1\r\nhost: qoe\r\n";

async fn served(before: &str, arguments: &[&str]) -> Served {
    Served::start(&database().await, before, &[&PROJECTS[..], arguments].concat())
}

/// What the server says until it hangs up.
async fn last_words(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    // A reset is an end, too.
    let _ = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut said)).await.expect("the server hangs up within 30 s");
    String::from_utf8_lossy(&said).into_owned()
}

/// What a new connection from this address is answered.
async fn ask_from(served: &Served, from: &str) -> String {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(from.parse().unwrap()).unwrap();
    let mut stream = socket.connect(served.address).await.unwrap();
    let _ = stream.write_all(format!("{GET}connection: close\r\n\r\n").as_bytes()).await;
    last_words(&mut stream).await
}

#[tokio::test]
async fn a_head_that_trickles_is_cut() {
    let served = served("", &["--head-within", "300ms"]).await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    assert_eq!(last_words(&mut silent).await, "");
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    slow.write_all(GET.as_bytes()).await.unwrap();
    let (mut heard, mut said) = slow.split();
    let trickle = async {
        // Each byte comes in time; the head does not.
        while said.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let end = async { while heard.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(Duration::from_secs(30), async {
        tokio::select! { () = trickle => {}, () = end => {} }
    })
    .await
    .expect("it is cut");
    good_batch_is_taken(&served).await;
}

#[tokio::test]
async fn a_body_that_trickles_is_answered_408() {
    let served = served("", &["--body-within", "300ms"]).await;
    let head = "POST /v1/telemetry HTTP/1.1\r\nhost: qoe\r\ncontent-type: application/json\r\ntransfer-encoding: chunked";
    let (status, answer) = exchange(&served, head, b"1\r\n{\r\n").await;
    assert_eq!(status, 408, "{answer}");
    good_batch_is_taken(&served).await;
}

#[tokio::test]
async fn a_connection_that_is_not_used_is_closed_and_one_in_use_is_not() {
    let served = served("", &["--idle-within", "300ms", "--head-within", "20s"]).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(format!("{GET}\r\n").as_bytes()).await.unwrap();
        let mut answer = [0; 512];
        let read = stream.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200"));
    }
    assert_eq!(last_words(&mut stream).await, "");
    let page = exchange_text(&served, "/metrics").await;
    assert!(page.contains("\nqoe_timed_out_connections_total 1\n"), "{page}");
}

async fn exchange_text(served: &Served, path: &str) -> String {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
    last_words(&mut stream).await
}

#[tokio::test]
async fn heads_too_long_or_too_many_are_refused() {
    let served = served("", &[]).await;
    let many: String = (0..1000).map(|n| format!("x-{n}: 1\r\n")).collect();
    let long = format!("x: {}\r\n", "a".repeat(200_000));
    for flood in [many, long] {
        let (status, _) = exchange(&served, format!("{GET}connection: close\r\n{flood}").trim_end(), b"").await;
        assert_eq!(status, 431, "{} bytes", flood.len());
    }
    good_batch_is_taken(&served).await;
}

#[tokio::test]
async fn one_address_takes_its_share_of_connections_and_no_more() {
    let served = served("", &["--max-connections-per-address", "8", "--max-connections", "10"]).await;
    let mut flood = Vec::new();
    for _ in 0..8 {
        // Each is answered, so that it is known to be held.
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(format!("{GET}\r\n").as_bytes()).await.unwrap();
        assert!(stream.read(&mut [0; 512]).await.unwrap() > 0);
        flood.push(stream);
    }
    let refused = ask_from(&served, "127.0.0.1:0").await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("8 connections from one address"), "{refused}");
    let other = ask_from(&served, "127.0.0.2:0").await;
    assert!(other.starts_with("HTTP/1.1 200"), "{other}");
    drop(flood);
    // The server sees the ends of the connections when it gets to them.
    let freed = async { while !ask_from(&served, "127.0.0.1:0").await.starts_with("HTTP/1.1 200") {} };
    tokio::time::timeout(Duration::from_secs(30), freed).await.expect("the places are free again");
}

#[tokio::test]
async fn running_out_of_files_ends_nothing() {
    // With 64 files of which it needs some itself, 100 connections are too many.
    let mut served = served("ulimit -n 64;", &[]).await;
    let mut flood = Vec::new();
    for _ in 0..100 {
        flood.push(TcpStream::connect(served.address).await.unwrap());
    }
    drop(flood);
    assert!(ask_from(&served, "127.0.0.1:0").await.starts_with("HTTP/1.1 200"));
    assert!(served.is_alive());
    good_batch_is_taken(&served).await;
}
