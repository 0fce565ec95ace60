//! A real call in a real browser, watched by the browser client, seen on the board.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use qoe_store::Folder;
use serde_json::Value;

/// How soon after a report is sent its session must be on the board.
const VISIBLE_WITHIN_MS: f64 = 5000.0;

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(store: &Path) -> (Server, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qoe"));
    command.args(["serve", "--project", "e2e", "--listen", "127.0.0.1:0", "--store"]).arg(store);
    let server = Server(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let began = Instant::now();
    loop {
        if let Some(listen) = Folder::running(store).and_then(|running| running.listen) {
            return (server, listen);
        }
        assert!(began.elapsed() < Duration::from_secs(60), "qoe serve did not start");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn get(server: &str, path: &str) -> (u16, Value) {
    let host = server.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

fn number(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("no number at {path} in {value}"))
}

fn now_ms() -> f64 {
    chrono::Utc::now().timestamp_millis() as f64
}

#[tokio::test]
async fn a_call_in_chromium_is_on_the_board_with_the_pages_own_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, address) = serve(dir.path());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/call.mjs");
    let call = Command::new("node")
        .arg(script)
        .args([
            "--server",
            &address,
            "--project",
            "e2e",
            "--session",
            "S",
            "--seconds",
            "10",
            "--service",
            "video_call",
            "--vendor",
            "acme",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node is installed");

    let began = Instant::now();
    let seen_at = loop {
        if get(&address, "/api/session/S-caller?project=e2e").1["streams"].as_array().is_some_and(|streams| !streams.is_empty()) {
            break now_ms();
        }
        assert!(began.elapsed() < Duration::from_secs(60), "the call did not come to the board");
        std::thread::sleep(Duration::from_millis(100));
    };
    let (_, board) = get(&address, "/api/board?project=e2e");
    assert_eq!(number(&board, "/now/live_sessions"), 2.0, "both ends are live while the call is on: {}", board["now"]);

    let finished = call.wait_with_output().unwrap();
    assert!(finished.status.success(), "{}", String::from_utf8_lossy(&finished.stderr));
    let truth: Value = serde_json::from_slice(&finished.stdout).unwrap();
    // The first report is where differences start from; the second makes the first sample.
    let sent_at = number(&truth, "/sides/caller/reports_at/1");
    assert!(seen_at - sent_at < VISIBLE_WITHIN_MS, "seen {} ms after it was sent", seen_at - sent_at);

    let endpoint = Folder::running(dir.path()).unwrap().endpoint("qoe");
    // What was acknowledged is on its way for a second or so; the goodbye comes last.
    let goodbyes = "SELECT sum(leaves) FROM sessions WHERE session_id IN ('S-caller', 'S-callee')";
    let ended = Instant::now();
    while endpoint.rows::<u64>(goodbyes).await.unwrap() != [2] {
        assert!(ended.elapsed() < Duration::from_secs(20), "both goodbyes arrive");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for side in ["caller", "callee"] {
        for (kind, counters) in [
            (
                "audio",
                vec![
                    ("packets_received", "packetsReceived"),
                    ("packets_lost", "packetsLost"),
                    ("bytes", "bytesReceived"),
                    ("total_samples", "totalSamplesReceived"),
                    ("concealed_samples", "concealedSamples"),
                ],
            ),
            (
                "video",
                vec![
                    ("packets_received", "packetsReceived"),
                    ("packets_lost", "packetsLost"),
                    ("bytes", "bytesReceived"),
                    ("frames_decoded", "framesDecoded"),
                    ("freeze_count", "freezeCount"),
                ],
            ),
        ] {
            for (column, counter) in counters {
                let sql = format!(
                    "SELECT toFloat64(assumeNotNull(sum({column}))) FROM samples WHERE session_id = 'S-{side}' AND kind = '{kind}' AND direction = 'inbound'"
                );
                let stored: Vec<f64> = endpoint.rows(&sql).await.unwrap();
                let read = |report: &str| number(&truth, &format!("/sides/{side}/{report}/{kind}/{counter}"));
                assert_eq!(stored, [read("last") - read("first")], "{side} {kind} {counter}");
            }
        }
        let left: Vec<u64> = endpoint.rows(&format!("SELECT leaves FROM sessions WHERE session_id = 'S-{side}'")).await.unwrap();
        assert_eq!(left, [1], "{side} said goodbye, by beacon");
    }
    let answered: Vec<(f64, String)> = endpoint.rows("SELECT score, kind FROM feedback").await.unwrap();
    assert_eq!(answered, [(number(&truth, "/feedback/score"), "csat".to_owned())]);
    assert_eq!(truth["page_errors"], serde_json::json!([]), "the client never troubles the page");

    let (status, _) = get(&address, "/api/session/nobody?project=e2e");
    assert_eq!(status, 404);
}

#[test]
fn a_capture_imports_as_two_sessions() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, _) = serve(dir.path());
    let qoe = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_qoe")).args(words).arg("--store").arg(dir.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/captures/sample-call.jsonl.gz");
    let (code, said, complained) = qoe(&["import", "--project", "e2e", "--as-if-now", capture]);
    assert_eq!(code, Some(0), "{complained}");
    assert!(said.contains("sample-call-caller") && said.contains("sample-call-callee"), "{said}");
    let sql = "select session_id, joins, leaves, gap_ms > 0 as gap from sessions order by session_id";
    let (_, rows, _) = qoe(&["sql", "--project", "e2e", "--json", sql]);
    let rows: Value = serde_json::from_str(&rows).unwrap();
    assert_eq!(rows[0]["session_id"], "sample-call-callee");
    for change in ["drop table samples", "insert into activity (name) values ('x')", "copy (select 1) to 'x.csv'"] {
        let (code, _, complained) = qoe(&["sql", "--project", "e2e", change]);
        assert_ne!(code, Some(0), "{change}: {complained}");
    }
    assert_eq!((&rows[1]["joins"], &rows[1]["gap"]), (&serde_json::json!(1), &serde_json::json!(true)), "the blackout shows: {rows}");
    let (code, _, complained) =
        qoe(&["import", "--project", "e2e", concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/captures/sample-call.rtcstats.gz")]);
    assert_eq!(code, Some(1), "{complained}");
    assert!(complained.contains("rtcstats"), "{complained}");
}
