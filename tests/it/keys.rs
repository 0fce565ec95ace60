//! Keys from the command to the handlers: made, used, refused, revoked, written down, there again after a restart.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use qoe_store::{Endpoint, Folder};
use serde_json::{Value, json};

/// How soon after `qoe keys` a running server must act on it.
const PROMISED: Duration = Duration::from_secs(10);

struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Ends it as an operator does, and waits for what it still writes down.
    fn stop(mut self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn qoe(store: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qoe"));
    command.args(arguments).arg("--store").arg(store).stdin(Stdio::null());
    command
}

fn serve(store: &Path, arguments: &[&str]) -> Server {
    let arguments: Vec<&str> = ["serve"].into_iter().chain(arguments.iter().copied()).collect();
    let child = qoe(store, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let pid = child.id();
    let listen = || Folder::running(store).filter(|running| running.pid == pid).and_then(|running| running.listen);
    let mut server = Server { child, address: String::new() };
    server.address = wait_for(Duration::from_secs(60), listen).trim_start_matches("http://").replace("0.0.0.0", "127.0.0.1");
    server
}

fn wait_for<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < limit, "not within {limit:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn keys(store: &Path, arguments: &[&str]) -> Output {
    let arguments: Vec<&str> = ["keys"].into_iter().chain(arguments.iter().copied()).collect();
    qoe(store, &arguments).output().unwrap()
}

fn keys_json(store: &Path, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    let output = keys(store, &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Server {
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let mut head = format!("{method} {path} HTTP/1.0\r\nHost: {}\r\nContent-Length: {}\r\n", self.address, body.len());
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        write!(stream, "{head}\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Reply { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn get(&self, path: &str, key: Option<&str>) -> Reply {
        let bearer = key.map(|key| format!("Bearer {key}"));
        let headers: Vec<(&str, &str)> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        self.ask("GET", path, &headers, "")
    }

    fn post(&self, key: Option<&str>, origin: Option<&str>, rows: usize) -> Reply {
        let at = chrono::Utc::now().timestamp_millis();
        let rows: Vec<Value> = (0..rows).map(|_| json!({ "type": "event", "at": at, "name": "leave" })).collect();
        let body = json!({ "context": { "project": "shop", "session_id": "s", "service": "voice_call" }, "rows": rows });
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(key.map(|key| ("x-qoe-key", key)));
        headers.extend(origin.map(|origin| ("origin", origin)));
        self.ask("POST", "/v1/telemetry", &headers, &body.to_string())
    }
}

#[track_caller]
fn check(reply: &Reply, status: u16, says: &str) {
    assert_eq!(reply.status, status, "{}", reply.body);
    assert!(reply.body.contains(says), "{}", reply.body);
}

async fn audit(endpoint: &Endpoint) -> Vec<(String, String, String, String, u64)> {
    let sql = "SELECT toString(actor), toString(action), toString(reason), key_id, sum(times) FROM audit GROUP BY ALL ORDER BY ALL";
    endpoint.rows(sql).await.unwrap()
}

#[tokio::test]
async fn keys_are_made_used_refused_revoked_and_written_down() {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(dir.path(), &["--listen", "127.0.0.1:0", "--project", "shop", "--require-read-key"]);
    check(&server.post(None, None, 1), 202, "accepted");

    let made =
        ["create", "write", "--project", "shop", "--origin", "https://shop.example", "--rows-per-second", "50", "--note", "the web shop"];
    let write = keys_json(dir.path(), &made);
    let read = keys_json(dir.path(), &["create", "read", "--project", "shop"]);
    let [[write_id, write_key], [read_id, read_key]] = [&write, &read].map(|key| [text(&key["id"]), text(&key["key"])]);
    assert!(write_key.starts_with("wk_") && write_key.len() >= 29 && read_key.starts_with("rk_") && read_key.len() >= 55);

    // The project has a key now, so that it takes nothing without.
    wait_for(PROMISED, || (server.post(None, None, 1).status == 401).then_some(()));
    check(&server.post(Some(write_key), None, 1), 202, "accepted");
    check(&server.post(Some(write_key), Some("https://shop.example"), 1), 202, "accepted");
    check(&server.post(Some(write_key), Some("https://evil.example"), 1), 403, "--origin https://evil.example");
    check(&server.post(Some(read_key), None, 1), 401, "write key");
    check(&server.post(Some("wk_1"), None, 1), 401, "write key");
    check(&server.post(Some(write_key), None, 2000), 202, "accepted");
    let fast = server.post(Some(write_key), None, 1);
    check(&fast, 429, "50 rows/s");
    let wait = fast.head.lines().find_map(|line| line.strip_prefix("retry-after: ")).unwrap().parse::<u64>().unwrap();
    assert!((1..=31).contains(&wait), "{wait} s for a debt of 1500 rows at 50 a second");

    for page in ["/board", "/api/board", "/session/s", "/metrics", "/board/events"] {
        assert_eq!(server.get(page, None).status, 401, "{page}");
    }
    check(&server.get("/api/board", None), 401, "qoe keys create read");
    check(&server.get("/api/board", Some(write_key)), 401, "read key");
    check(&server.get("/api/board", Some(read_key)), 200, "\"project\":\"shop\"");
    check(&server.get("/metrics", Some(read_key)), 200, "qoe_refused_uses_total");
    check(&server.get("/api/board?project=bank", Some(read_key)), 403, "shop");
    for open in ["/healthz", "/readyz", "/sdk/qoe.js"] {
        assert_eq!(server.get(open, None).status, 200, "{open}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
    let login = server.ask("POST", "/login", &form, &format!("key={read_key}&next=/board"));
    check(&login, 303, "");
    let cookie = login.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap().split(';').next().unwrap().to_owned();
    assert!(!cookie.contains(read_key));
    assert_eq!(server.ask("GET", "/board", &[("cookie", &cookie)], "").status, 200);

    let listed = keys_json(dir.path(), &["list"]);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!((text(&listed[0]["id"]), text(&listed[0]["key"]), text(&listed[0]["note"])), (write_id, write_key, "the web shop"));
    assert_eq!((text(&listed[1]["id"]), &listed[1]["key"]), (read_id, &Value::Null), "a secret is shown once");

    // Administration is no telemetry: it is not among what is asked in SQL.
    let tables = qoe(dir.path(), &["sql", "show tables"]).output().unwrap();
    let shown = String::from_utf8_lossy(&tables.stdout).into_owned();
    assert!(shown.contains("samples") && !shown.contains("audit") && !shown.contains("access_key"), "{shown}");
    let asked = qoe(dir.path(), &["sql", "select * from access_keys"]).output().unwrap();
    assert!(!asked.status.success());

    for (id, key) in [(write_id, write_key), (read_id, read_key)] {
        keys_json(dir.path(), &["revoke", id]);
        let refused = || (server.post(Some(key), None, 1).status == 401 && server.get("/api/board", Some(key)).status == 401).then_some(());
        wait_for(PROMISED, refused);
    }
    check(&server.post(Some(write_key), None, 1), 401, "revoked");
    assert_eq!(server.ask("GET", "/board", &[("cookie", &cookie)], "").status, 401, "sessions end with their key");

    server.stop();
    let server = serve(dir.path(), &["--listen", "127.0.0.1:0", "--project", "shop", "--require-read-key"]);
    check(&server.post(Some(write_key), None, 1), 401, "revoked");
    assert_eq!(server.post(None, None, 1).status, 401, "and the project does not open again");

    let endpoint = Folder::running(dir.path()).unwrap().endpoint("qoe");
    let written = audit(&endpoint).await;
    let has = |actor: &str, action: &str, reason: &str, id: &str| {
        written.iter().any(|row| (row.0.as_str(), row.1.as_str(), row.2.as_str(), row.3.as_str()) == (actor, action, reason, id))
    };
    for id in [write_id, read_id] {
        assert!(has("cli", "create", "", id) && has("cli", "revoke", "", id), "{written:?}");
    }
    for (reason, id) in [
        ("wrong_origin", write_id),
        ("too_many_rows", write_id),
        ("revoked", write_id),
        ("wrong_kind", read_id),
        ("wrong_kind", write_id),
        ("unknown_key", ""),
        ("missing_key", ""),
        ("wrong_project", read_id),
    ] {
        assert!(has("127.0.0.0/24", "refuse", reason, id), "{reason}: {written:?}");
    }
    for table in ["access_keys", "audit"] {
        let sql = |part: &str| format!("SELECT countIf(position(toString(tuple(*)), '{part}') > 0) FROM {table}");
        let (named, told): (Vec<u64>, Vec<u64>) =
            (endpoint.rows(&sql(read_id)).await.unwrap(), endpoint.rows(&sql(&read_key[20..])).await.unwrap());
        assert!(named[0] > 0 && told == [0], "{table} knows the key by its id and not by its secret: {named:?} {told:?}");
    }
    let used: Vec<u64> = endpoint.rows("SELECT countIf(last_used_at IS NOT NULL) FROM access_keys_now").await.unwrap();
    assert_eq!(used, [2]);
}

#[tokio::test]
async fn nobody_listens_to_the_world_without_keys() {
    let dir = tempfile::tempdir().unwrap();
    let listening = ["serve", "--listen", "0.0.0.0:0", "--project", "shop"];
    let refused = qoe(dir.path(), &listening).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("qoe keys create write --project shop"), "{said}");
    let demo = qoe(&dir.path().join("demo"), &["demo", "--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(demo.status.code(), Some(2), "{}", String::from_utf8_lossy(&demo.stderr));

    assert_eq!(keys(dir.path(), &["list"]).status.code(), Some(3), "there are none");
    assert_eq!(keys(dir.path(), &["revoke", "nosuchkey2"]).status.code(), Some(3));
    for wrong in [
        &["create", "write", "--project", "shop", "--origin", "shop.example"][..],
        &["create", "read"],
        &["create", "read", "--project", ""],
    ] {
        assert_eq!(keys(dir.path(), wrong).status.code(), Some(2), "{wrong:?}");
    }
    // As it says, and without a server running: then it does listen, and shows nothing to who has no key.
    let made = keys(dir.path(), &["create", "write", "--project", "shop"]);
    let key = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    let server = serve(dir.path(), &["--listen", "0.0.0.0:0"]);
    check(&server.post(Some(&key), None, 1), 202, "accepted");
    assert_eq!((server.post(None, None, 1).status, server.get("/api/board", None).status), (401, 401));
}

#[tokio::test]
async fn a_page_under_a_foreign_name_does_not_read_the_loopback_board() {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(dir.path(), &["--listen", "127.0.0.1:0"]);
    assert_eq!(server.get("/api/board", None).status, 200);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    write!(stream, "GET /api/board HTTP/1.0\r\nHost: rebound.example\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 421") || answer.starts_with("HTTP/1.1 421"), "{answer}");
    assert!(answer.contains("--require-read-key"), "{answer}");
}
