//! A stand-in for ClickHouse's HTTP interface: takes inserts and remembers them. What a real one does with tokens and rows is tested end to
//! end elsewhere; here the point is what it is sent, and when.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use qoe_store::Endpoint;

/// What an insert is answered.
#[derive(Debug, Clone)]
pub enum Answer {
    Ok,
    /// An error in ClickHouse's words.
    Error(&'static str),
    /// Done, but late.
    After(Duration),
}

/// An insert as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insert {
    pub table: String,
    pub token: String,
    pub bytes: Bytes,
}

#[derive(Debug, Default)]
struct Heard {
    inserts: Vec<Insert>,
    answers: VecDeque<Answer>,
    /// What is said to whoever wants a table made.
    no_tables: Option<&'static str>,
}

#[derive(Debug, Clone, Default)]
pub struct ClickHouse {
    heard: Arc<Mutex<Heard>>,
    url: String,
}

impl ClickHouse {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let clickhouse = ClickHouse { url, ..ClickHouse::default() };
        let app = Router::new().fallback(answer).with_state(clickhouse.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        clickhouse
    }

    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(&self.url, "default", "", "qoe")
    }

    /// What the next inserts are answered; after these all succeed.
    pub fn answers(&self, answers: &[Answer]) {
        self.heard.lock().unwrap().answers.extend(answers.iter().cloned());
    }

    /// Makes no table from here on, for this reason.
    pub fn makes_no_table(&self, words: &'static str) {
        self.heard.lock().unwrap().no_tables = Some(words);
    }

    /// Every insert that came, also those that were answered with an error.
    pub fn inserts(&self) -> Vec<Insert> {
        self.heard.lock().unwrap().inserts.clone()
    }

    pub fn tables(&self) -> Vec<String> {
        self.inserts().into_iter().map(|insert| insert.table).collect()
    }
}

async fn answer(State(clickhouse): State<ClickHouse>, Query(settings): Query<Vec<(String, String)>>, body: Bytes) -> (StatusCode, String) {
    let setting = |name: &str| settings.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let Some(token) = setting("insert_deduplication_token") else {
        let no_tables = clickhouse.heard.lock().unwrap().no_tables.filter(|_| body.starts_with(b"CREATE TABLE"));
        return no_tables.map_or((StatusCode::OK, String::new()), |words| (StatusCode::INTERNAL_SERVER_ERROR, words.to_owned()));
    };
    let query = setting("query").unwrap();
    let table = query.trim_start_matches("INSERT INTO").trim_start().trim_start_matches('`').split(['`', ' ']).next().unwrap().to_owned();
    assert_eq!(setting("async_insert").as_deref(), Some("0"));
    let answer = {
        let mut heard = clickhouse.heard.lock().unwrap();
        heard.inserts.push(Insert { table, token, bytes: body });
        heard.answers.pop_front().unwrap_or(Answer::Ok)
    };
    match answer {
        Answer::Ok => (StatusCode::OK, String::new()),
        Answer::Error(words) => (StatusCode::INTERNAL_SERVER_ERROR, words.to_owned()),
        Answer::After(wait) => {
            tokio::time::sleep(wait).await;
            (StatusCode::OK, String::new())
        }
    }
}
