//! The accept loop: who may connect, how long a connection may be slow or silent, and how all of them end.

mod patience;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use qoe_ingest::Connections;
use qoe_ingest::edge::connections::Crowded;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use patience::{Patient, Phase};

/// Most header lines of a request, the number browsers and proxies stay well below.
const MAX_HEADERS: usize = 100;
/// Largest head of a request, bytes; our choice, four times what proxies commonly let through. It is read in pieces of that size, so that one of up to
/// twice as much may get through.
const MAX_HEAD_BYTES: usize = 32 << 10;
/// Wait after a connection could not be accepted for want of files or memory: others end meanwhile.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// How long a connection may be slow or silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// From the first byte of a request's head to its last.
    pub head: Duration,
    /// Between requests, and while an answer is not read: longer than proxies keep an unused connection, so that they close it first.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { head: Duration::from_secs(10), idle: Duration::from_secs(75) }
    }
}

/// Connections under way.
pub struct Listening {
    under_way: JoinSet<()>,
    stop: watch::Sender<bool>,
}

/// Accepts until `stop`, then accepts no more and tells each connection to end with the request it is at.
pub async fn accept(
    listener: TcpListener,
    app: Router,
    connections: Connections,
    patience: Patience,
    stop: impl Future<Output = ()>,
) -> Listening {
    let mut listening = Listening { under_way: JoinSet::new(), stop: watch::Sender::new(false) };
    let mut stop = pin!(stop);
    let mut short_of_files = false;
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            Some(_) = listening.under_way.join_next(), if !listening.under_way.is_empty() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                short_of_files = false;
                listening.take(stream, peer, &app, &connections, patience);
            }
            Err(error) if is_of_the_other_side(&error) => tracing::debug!(%error, "a connection was gone before it was accepted"),
            Err(error) => {
                if !short_of_files {
                    tracing::error!(%error, held = connections.held(), "cannot accept connections: raise the limit on open files; trying on");
                }
                short_of_files = true;
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    listening.stop.send_replace(true);
    listening
}

fn is_of_the_other_side(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

impl Listening {
    fn take(&mut self, stream: TcpStream, peer: SocketAddr, app: &Router, connections: &Connections, patience: Patience) {
        let place = match connections.admit(peer.ip()) {
            Ok(place) => place,
            Err(crowded) => return send_away(&stream, &crowded),
        };
        // Without it only small answers would wait for company.
        let _ = stream.set_nodelay(true);
        let phase = Arc::new(Phase::default());
        let io = TokioIo::new(Patient::new(stream, place, phase.clone(), patience, connections.clone()));
        let app = TowerToHyperService::new(app.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let (app, phase) = (app.clone(), phase.clone());
            async move {
                phase.serving();
                let response = app.call(request).await;
                if !matches!(&response, Ok(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS) {
                    phase.waiting();
                }
                response
            }
        });
        let connection = http1::Builder::new()
            .header_read_timeout(None)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(io, service)
            .with_upgrades();
        let mut stop = self.stop.subscribe();
        self.under_way.spawn(async move {
            let mut connection = pin!(connection);
            let served = tokio::select! {
                served = connection.as_mut() => served,
                () = told_to(&mut stop) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = served {
                tracing::debug!(%error, %peer, "a connection broke");
            }
        });
    }

    /// Waits until every connection has ended.
    pub async fn ended(mut self) {
        while self.under_way.join_next().await.is_some() {}
    }
}

/// Waits for word to stop; the end of the accept loop is that, too.
async fn told_to(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Says why in one write, which a new connection takes whole, and hangs up.
fn send_away(stream: &TcpStream, crowded: &Crowded) {
    tracing::debug!(%crowded, "a connection was refused");
    let body = format!("{{\"error\":\"{crowded}\",\"rejected\":[]}}");
    let head =
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 5\r\nconnection: close\r\ncontent-length:";
    // Whoever does not read it notices that the connection is closed.
    let _ = stream.try_write(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes());
}
