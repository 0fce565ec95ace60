//! Every case of `fixtures/bad-input`, over HTTP and over a stream, against a running `qoe serve`.

mod generate;

use std::path::PathBuf;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Served, database};

pub const PROJECTS: [&str; 8] = ["--project", "open", "--project", "locked=wk_locked", "--project", "other=wk_other", "--project", "good"];

#[derive(Debug, Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    body: Option<String>,
    generator: Option<String>,
    endpoint: Option<String>,
    content_type: Option<String>,
    encoding: Option<String>,
    key: Option<String>,
    status: u16,
    says: Option<String>,
    close: Option<u16>,
}

pub fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/bad-input").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Case {
    fn body(&self) -> Vec<u8> {
        if let Some(generator) = &self.generator {
            return generate::body(generator, self.encoding.as_deref());
        }
        let bytes = file(self.body.as_deref().expect("a file or a generator"));
        let Ok(text) = String::from_utf8(bytes.clone()) else { return bytes };
        let now = now();
        let moments = [("@now", now), ("@seconds", now / 1000), ("@microseconds", now * 1000)];
        moments.iter().fold(text, |text, (mark, moment)| text.replace(mark, &moment.to_string())).into()
    }

    /// What is wrong with an answer.
    fn fault(&self, how: &str, status: u64, answer: &Value) -> Option<String> {
        let says = self.says.as_deref().unwrap_or_default();
        let as_expected = status == u64::from(self.status) && answer["error"].as_str().unwrap_or_default().contains(says);
        (!as_expected).then(|| format!("{} {how}: {status} in place of {}, {says:?} in {answer}", self.name, self.status))
    }
}

/// Sends a request as it is and reads the answer: its status, 0 if there is none, and its body.
pub async fn exchange(served: &Served, head: &str, body: &[u8]) -> (u64, Value) {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    // A server that refuses early may hang up while the body is still on its way: the answer is there all the same.
    let _ = stream.write_all(format!("{head}\r\n\r\n").as_bytes()).await;
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await.expect("an answer within 30 s");
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

async fn post(served: &Served, case: &Case, body: &[u8]) -> (u64, Value) {
    let mut head = format!(
        "POST {} HTTP/1.1\r\nhost: qoe\r\nconnection: close\r\ncontent-type: {}\r\ncontent-length: {}",
        case.endpoint.as_deref().unwrap_or("/v1/telemetry"),
        case.content_type.as_deref().unwrap_or("application/json"),
        body.len()
    );
    for (name, value) in [("content-encoding", &case.encoding), ("x-qoe-key", &case.key)] {
        if let Some(value) = value {
            head.push_str(&format!("\r\n{name}: {value}"));
        }
    }
    exchange(served, &head, body).await
}

/// A batch nothing is wrong with, of a project that has nothing to do with the others.
pub async fn good_batch_is_taken(served: &Served) {
    let rows = json!([{"type": "event", "at": now(), "name": "leave"}]);
    let body = json!({"context": {"project": "good", "session_id": "s", "service": "voice_call"}, "rows": rows}).to_string();
    let head = format!(
        "POST /v1/telemetry HTTP/1.1\r\nhost: qoe\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}",
        body.len()
    );
    let (status, answer) = exchange(served, &head, body.as_bytes()).await;
    assert_eq!((status, &answer["accepted"]), (202, &json!(1)), "{answer}");
}

/// What a stream says to a message: an acknowledgement, or the code it is closed with.
async fn say(served: &Served, message: Message) -> Result<Value, u16> {
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{}/v1/stream", served.address)).await.unwrap();
    socket.send(message).await.unwrap();
    let answer = async {
        while let Some(message) = socket.next().await {
            match message.unwrap() {
                Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
                Message::Close(frame) => return Err(frame.map_or(1005, |frame| frame.code.into())),
                _ => {}
            }
        }
        panic!("the stream ended without a word")
    };
    tokio::time::timeout(Duration::from_secs(30), answer).await.expect("an answer within 30 s")
}

#[tokio::test]
async fn each_case_is_answered_and_harms_nobody_else() {
    let endpoint = database().await;
    let mut served = Served::start(&endpoint, "", &PROJECTS);
    let cases: Cases = toml::from_str(&String::from_utf8(file("cases.toml")).unwrap()).unwrap();
    assert!(cases.case.len() > 40);
    let mut faults = Vec::new();
    for case in &cases.case {
        let body = case.body();
        let (status, answer) = post(&served, case, &body).await;
        faults.extend(case.fault("over HTTP", status, &answer));
        assert!(served.is_alive(), "{}", case.name);
    }
    good_batch_is_taken(&served).await;
    for case in cases.case.iter().filter(|case| case.encoding.is_none() && case.content_type.is_none() && case.key.is_none()) {
        // What is not text is sent as text all the same: the frame's kind says so, whatever its bytes are.
        let body = case.body();
        let message = match String::from_utf8(body.clone()) {
            Ok(text) => Message::text(text),
            Err(_) => Message::Frame(text_frame(body)),
        };
        match (say(&served, message).await, case.close) {
            (Ok(answer), None) => faults.extend(case.fault("over a stream", answer["status"].as_u64().unwrap(), &answer)),
            (Err(code), Some(expected)) if code == expected => {}
            (got, expected) => faults.push(format!("{} over a stream: {got:?} in place of {expected:?}", case.name)),
        }
        assert!(served.is_alive(), "{}", case.name);
    }
    good_batch_is_taken(&served).await;
    served.delivered().await;
    let accepted: Vec<u64> = endpoint.rows("SELECT count() FROM session_events WHERE project = 'good'").await.unwrap();
    assert_eq!(accepted, [2]);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(served.stop().await, "it ends in order");
}

fn text_frame(body: Vec<u8>) -> tokio_tungstenite::tungstenite::protocol::frame::Frame {
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    tokio_tungstenite::tungstenite::protocol::frame::Frame::message(body, OpCode::Data(Data::Text), true)
}

#[tokio::test]
async fn a_content_length_that_lies_is_seen_through() {
    let endpoint = database().await;
    let served = Served::start(&endpoint, "", &[&PROJECTS[..], &["--body-within", "500ms"]].concat());
    let head = "POST /v1/telemetry HTTP/1.1\r\nhost: qoe\r\nconnection: close\r\ncontent-type: application/json";
    let lies = [
        ("more than comes", format!("{head}\r\ncontent-length: 1000"), 408, "did not arrive"),
        ("less than comes", format!("{head}\r\ncontent-length: 5"), 400, "EOF"),
        ("far more than may", format!("{head}\r\ncontent-length: 99999999999"), 413, "1048576"),
        ("below zero", format!("{head}\r\ncontent-length: -1"), 400, ""),
        ("two that differ", format!("{head}\r\ncontent-length: 13\r\ncontent-length: 14"), 400, ""),
    ];
    for (lie, head, status, says) in lies {
        let (got, answer) = exchange(&served, &head, b"{\"rows\": []}\n").await;
        assert_eq!(got, status, "{lie}: {answer}");
        assert!(answer.to_string().contains(says), "{lie}: {answer}");
    }
    good_batch_is_taken(&served).await;
}

#[tokio::test]
async fn texts_that_mean_something_elsewhere_are_kept_as_they_are_and_shown_as_text() {
    let endpoint = database().await;
    let served = Served::start(&endpoint, "", &PROJECTS);
    let payloads: Vec<String> = serde_json::from_slice(&file("payloads.json")).unwrap();
    for payload in &payloads {
        let labels =
            ["call_id", "session_id", "user_id", "vendor", "scenario", "industry", "app_version", "sdk", "region", "country", "network"]
                .into_iter()
                .chain(["platform", "os", "device_class", "poc", "arm", "stratum"]);
        let mut context: serde_json::Map<String, Value> = labels.map(|label| (label.to_owned(), json!(payload))).collect();
        context.insert("project".to_owned(), json!("open"));
        context.insert("service".to_owned(), json!("voice_call"));
        context.insert("attributes".to_owned(), json!({payload.as_str(): payload}));
        let at = now() - 1000;
        let rows = json!([
            {"type": "feedback", "at": at, "kind": "csat", "score": 1, "text": payload, "dimension": payload, "language": payload},
            {"type": "event", "at": at, "name": "drop", "reason": payload},
            {"type": "sample", "at": at, "stream_id": payload, "kind": "audio", "direction": "inbound", "interval_ms": 1000, "packets_received": 50, "codec": payload.to_lowercase()},
        ]);
        let body = json!({"context": context, "rows": rows}).to_string();
        let answer = say(&served, Message::text(body)).await.unwrap();
        assert_eq!((&answer["status"], &answer["rejected"]), (&json!(202), &json!([])), "{payload:?}: {answer}");
    }
    served.delivered().await;
    let mut expected = payloads.clone();
    expected.sort();
    for (table, columns) in [
        ("feedback", "text, dimension, language, vendor, session_id, user_id, arm, mapKeys(attributes)[1], mapValues(attributes)[1]"),
        ("session_events", "reason, region, app_version, call_id, stratum"),
        ("samples", "stream_id, network, os, poc"),
    ] {
        for column in columns.split(", ") {
            let mut stored: Vec<String> = endpoint.rows(&format!("SELECT toString({column}) FROM {table}")).await.unwrap();
            stored.sort();
            assert_eq!(stored, expected, "{column} of {table}");
        }
    }
    for path in ["/board?project=open", "/api/board?project=open"] {
        let page = page(&served, path).await;
        assert!(page.starts_with("HTTP/1.1 200"), "{path}: {}", &page[..page.len().min(300)]);
        for raw in ["<script>alert(1)", "<img src=x"] {
            assert!(!path.starts_with("/board") || !page.contains(raw), "{path} holds {raw}");
        }
    }
    let board = page(&served, "/board?project=open").await;
    assert!(board.contains("&lt;script&gt;") || board.contains("&#60;script&#62;"), "the payload is on the page, as text");
}

async fn page(served: &Served, path: &str) -> String {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
