//! Who sends, as far as the request's head and the connection tell.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::header;

use crate::access::Peer;

/// Kept from a request whose body is still to be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Sender {
    origin: Option<String>,
    address: Option<IpAddr>,
}

impl Sender {
    /// The sender of a request. What stands in `X-Forwarded-For` is not believed: anyone can write it.
    pub fn of(request: &Request) -> Self {
        // An origin that is no text is still one, and in no list.
        let origin = request.headers().get(header::ORIGIN).map(|origin| String::from_utf8_lossy(origin.as_bytes()).into_owned());
        let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|connection| connection.0.ip());
        Sender { origin, address }
    }

    pub fn peer(&self) -> Peer<'_> {
        Peer { origin: self.origin.as_deref(), address: self.address }
    }
}
