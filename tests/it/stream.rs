//! Batches over `GET /v1/stream`.

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::bad_input::{PROJECTS, now};
use crate::support::{Served, database};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(served: &Served) -> Socket {
    connect_async(format!("ws://{}/v1/stream", served.address)).await.unwrap().0
}

fn batch(batch_id: &str, project: &str, name: &str) -> Message {
    let rows = json!([{"type": "event", "at": now(), "name": name}]);
    let context = json!({"project": project, "session_id": "s", "service": "voice_call"});
    Message::text(json!({"batch_id": batch_id, "context": context, "rows": rows}).to_string())
}

/// The next acknowledgement, or the code of the close.
async fn hear(socket: &mut Socket) -> Result<Value, u16> {
    loop {
        match socket.next().await.expect("a message").unwrap() {
            Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
            Message::Close(frame) => return Err(frame.map_or(1005, |frame| frame.code.into())),
            _ => {}
        }
    }
}

#[tokio::test]
async fn each_message_is_acknowledged_in_its_turn() {
    let endpoint = database().await;
    let served = Served::start(&endpoint, "", &PROJECTS);
    let mut socket = open(&served).await;
    // More than may wait at once: the rest waits in the socket.
    for n in 0..60 {
        let message = match n % 4 {
            0 => batch(&format!("b-{n}"), "open", "exploded"),
            1 => batch(&format!("b-{n}"), "locked", "leave"),
            _ => batch(&format!("b-{n}"), "open", "leave"),
        };
        socket.send(message).await.unwrap();
    }
    for n in 0..60 {
        let answer = hear(&mut socket).await.unwrap();
        let status = match n % 4 {
            0 => 422,
            1 => 401,
            _ => 202,
        };
        assert_eq!((&answer["status"], &answer["batch_id"]), (&json!(status), &json!(format!("b-{n}"))), "{answer}");
        assert_eq!(answer["error"].is_string(), status != 202, "{answer}");
    }
    socket.send(batch("b-2", "open", "leave")).await.unwrap();
    assert_eq!(hear(&mut socket).await.unwrap()["duplicate"], true, "over another way it is the same batch");
    served.delivered().await;
    let stored: Vec<u64> = endpoint.rows("SELECT count() FROM session_events").await.unwrap();
    assert_eq!(stored, [30]);
}

#[tokio::test]
async fn what_is_no_text_closes_the_stream_and_no_other() {
    let served = Served::start(&database().await, "", &PROJECTS);
    let (mut one, mut other) = (open(&served).await, open(&served).await);
    one.send(batch("b-1", "open", "leave")).await.unwrap();
    one.send(Message::binary(b"{}".to_vec())).await.unwrap();
    assert_eq!(hear(&mut one).await.unwrap()["status"], 202, "what came before is acknowledged");
    assert_eq!(hear(&mut one).await, Err(1003));
    other.send(batch("b-2", "open", "leave")).await.unwrap();
    assert_eq!(hear(&mut other).await.unwrap()["status"], 202);
}

#[tokio::test]
async fn a_server_that_stops_says_so_and_acknowledges_what_it_took() {
    let endpoint = database().await;
    let served = Served::start(&endpoint, "", &PROJECTS);
    let mut socket = open(&served).await;
    socket.send(batch("b-1", "open", "leave")).await.unwrap();
    assert_eq!(hear(&mut socket).await.unwrap()["status"], 202);
    let (stopped, heard) = tokio::join!(served.stop(), hear(&mut socket));
    assert!(stopped);
    assert_eq!(heard, Err(1001));
}

#[tokio::test]
async fn a_plain_request_is_told_to_open_a_websocket() {
    let served = Served::start(&database().await, "", &PROJECTS);
    let request = format!("http://{}/v1/stream", served.address).replace("http", "ws");
    let refused = connect_async(format!("{request}er")).await;
    assert!(matches!(refused, Err(Error::Http(response)) if response.status() == 404));
    let (status, answer) = crate::bad_input::exchange(&served, "GET /v1/stream HTTP/1.1\r\nhost: qoe\r\nconnection: close", b"").await;
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().unwrap().contains("WebSocket"), "{answer}");
}
