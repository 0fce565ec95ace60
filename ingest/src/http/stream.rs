//! `GET /v1/stream`: batches over a WebSocket, one a message, each acknowledged in its turn with what HTTP would have answered.
//!
//! A stream reads no further while [`crate::StreamConfig::unacknowledged`] batches wait for their acknowledgement, or faster than
//! [`crate::StreamConfig::messages_per_second`]: what it does not read waits with the sender. It ends when its sender closes it, falls silent or
//! stops reading, breaks the protocol, or when the server is about to stop; what was taken is acknowledged first, where anyone still listens.

mod pace;

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use futures::stream::{FuturesOrdered, SplitSink, SplitStream};
use futures::{FutureExt, SinkExt, StreamExt};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_tungstenite::tungstenite;

use super::body::Payload;
use super::error::ApiError;
use super::reception::{NotTaken, Taken, take};
use super::sender::Sender;
use crate::edge::shape::Format;
use crate::edge::streams::OpenStream;
use crate::intake::Intake;
use crate::wire::{Acknowledgement, Answer};
use pace::Pace;

/// How long the other side may take to read one acknowledgement; our choice, as long as it may take to send a body.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// How long the other side may take to answer our goodbye.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);
/// What is read at once, bytes: a stream that says little holds little.
const READ_BUFFER: usize = 16 << 10;

/// Opens a stream.
pub(super) async fn open(
    State(intake): State<Intake>,
    head: Parts,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade =
        upgrade.map_err(|rejection| ApiError::BadRequest(format!("open this address as a WebSocket: {}", rejection.body_text())))?;
    let place = intake.streams().admit()?;
    let limit = intake.config().encoded_bytes;
    let sender = Sender::of_head(&head);
    let upgrade = upgrade.max_message_size(limit).max_frame_size(limit).read_buffer_size(READ_BUFFER).write_buffer_size(0);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let (sink, source) = socket.split();
        Stream { intake, sender, place, sink, source }.run().await;
    }))
}

struct Stream {
    intake: Intake,
    sender: Sender,
    place: OpenStream,
    sink: SplitSink<WebSocket, Message>,
    source: SplitStream<WebSocket>,
}

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The other side closed it, or is gone.
    Theirs,
    /// The server is about to stop.
    Stopping,
    /// Nothing was heard for too long.
    Silent,
    /// A message over the limit.
    TooBig,
    /// A message that is no text.
    Binary,
    /// Text that is not UTF-8.
    NotText,
    /// Frames that cannot be.
    Protocol,
}

impl Stream {
    async fn run(mut self) {
        let end = self.talk().await.unwrap_or(End::Theirs);
        tracing::debug!(?end, "a stream ended");
        self.say_goodbye(end).await;
    }

    /// Reads and acknowledges. `None` if nobody listens any more.
    async fn talk(&mut self) -> Option<End> {
        let config = self.intake.config().clone();
        let mut closing = self.place.closing();
        let mut waiting = FuturesOrdered::new();
        let mut heard_at = Instant::now();
        let mut ping = interval_at(heard_at + config.stream.ping_every, config.stream.ping_every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pace = Pace::new(config.stream.messages_per_second);
        let end = loop {
            let room = waiting.len() < config.stream.unacknowledged.get();
            let next = async {
                sleep_until(pace.ready_at()).await;
                self.source.next().await
            };
            tokio::select! {
                biased;
                Some(text) = waiting.next(), if !waiting.is_empty() => say(&mut self.sink, Message::text::<String>(text)).await?,
                _ = closing.wait_for(|closing| *closing).map(drop) => break End::Stopping,
                _ = ping.tick() => say(&mut self.sink, Message::Ping(Bytes::new())).await?,
                message = next, if room => {
                    heard_at = Instant::now();
                    pace.took(heard_at);
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            self.place.count_message();
                            waiting.push_back(answer(&self.intake, &self.sender, text.into()));
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(Message::Binary(_))) => break End::Binary,
                        Some(Ok(Message::Close(_))) | None => return None,
                        Some(Err(error)) => break ending(error)?,
                    }
                }
                () = sleep_until(heard_at + config.stream.idle_within) => return Some(End::Silent),
            }
        };
        // What was taken is acknowledged; each waits no longer than `answer_within`.
        while let Some(text) = waiting.next().await {
            say(&mut self.sink, Message::text::<String>(text)).await?;
        }
        Some(end)
    }

    async fn say_goodbye(mut self, end: End) {
        let Some(frame) = end.frame() else { return };
        if say(&mut self.sink, Message::Close(Some(frame))).await.is_none() {
            return;
        }
        // Closed at once, what is still on its way here would be answered with a reset, which may overtake the goodbye. A message that was too big is
        // not read on, since nothing bounds it any more.
        let answered = async {
            if end == End::TooBig {
                std::future::pending::<Infallible>().await;
            }
            while let Some(Ok(_)) = self.source.next().await {}
        };
        let _ = timeout(GOODBYE_WITHIN, answered).await;
    }
}

/// Takes one message in at once. Answers its acknowledgement, once its rows are safe.
pub(super) fn answer(intake: &Intake, sender: &Sender, text: Bytes) -> impl Future<Output = String> + use<> {
    let taken = taken(intake, sender, text);
    let within = intake.config().answer_within;
    async move {
        let taken = match taken {
            Ok(taken) => taken.kept(within).await,
            not_taken => not_taken,
        };
        acknowledgement(&taken)
    }
}

fn taken(intake: &Intake, sender: &Sender, text: Bytes) -> Result<Taken, NotTaken> {
    let refused = |error| NotTaken { batch_id: None, error };
    intake.delivery().spool().check("").map_err(|error| refused(error.into()))?;
    let payload = Payload::new(Format::Json, sender.clone(), text).map_err(refused)?;
    take(intake, &payload, None, Payload::batch)
}

/// Sends one message; `None` if it cannot be sent.
async fn say(sink: &mut SplitSink<WebSocket, Message>, message: Message) -> Option<()> {
    timeout(SEND_WITHIN, sink.send(message)).await.ok()?.ok()
}

/// What a fault of the connection means; `None` if it is gone.
fn ending(error: axum::Error) -> Option<End> {
    match error.into_inner().downcast_ref::<tungstenite::Error>()? {
        tungstenite::Error::Capacity(_) => Some(End::TooBig),
        tungstenite::Error::Utf8(_) => Some(End::NotText),
        tungstenite::Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => None,
        tungstenite::Error::Protocol(_) => Some(End::Protocol),
        _ => None,
    }
}

impl End {
    /// The code of RFC 6455, 7.4.1, and what to mend.
    fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            End::Theirs => return None,
            End::Stopping => (close_code::AWAY, "the server stops: open another stream in a few seconds"),
            End::Silent => (close_code::POLICY, "nothing was heard, not even an answer to a ping"),
            End::TooBig => (close_code::SIZE, "the message is larger than a body may be: send it in parts"),
            End::Binary => (close_code::UNSUPPORTED, "send each batch as a text message"),
            End::NotText => (close_code::INVALID, "the message is not UTF-8 text"),
            End::Protocol => (close_code::PROTOCOL, "the frames break the protocol"),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

fn acknowledgement(taken: &Result<Taken, NotTaken>) -> String {
    let acknowledgement = match taken {
        Ok(taken) => Acknowledgement { status: StatusCode::ACCEPTED.as_u16(), retry_after_s: None, answer: Answer::Taken(taken.answer()) },
        Err(NotTaken { batch_id, error }) => Acknowledgement {
            status: error.status().as_u16(),
            retry_after_s: error.retry_after(),
            answer: Answer::Refused { batch_id: batch_id.as_deref(), refused: error.refused() },
        },
    };
    // Numbers, strings and lists of them: writing those does not fail.
    serde_json::to_string(&acknowledgement).unwrap_or_default()
}
