//! Who sends, as far as the request's head and the connection tell.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};

use super::KEY;
use crate::access::Peer;

/// Kept from a request whose body, or whose messages, are still to be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Sender {
    /// The key that came beside the body.
    pub key: Option<String>,
    origin: Option<String>,
    address: Option<IpAddr>,
}

impl Sender {
    /// The sender of a request. What stands in `X-Forwarded-For` is not believed: anyone can write it.
    pub fn of(headers: &HeaderMap, extensions: &Extensions) -> Self {
        let key = headers.get(KEY).and_then(|key| key.to_str().ok()).map(str::to_owned);
        // An origin that is no text is still one, and in no list.
        let origin = headers.get(header::ORIGIN).map(|origin| String::from_utf8_lossy(origin.as_bytes()).into_owned());
        let address = extensions.get::<ConnectInfo<SocketAddr>>().map(|connection| connection.0.ip());
        Sender { key, origin, address }
    }

    /// The same of a head.
    pub fn of_head(head: &Parts) -> Self {
        Sender::of(&head.headers, &head.extensions)
    }

    pub fn peer(&self) -> Peer<'_> {
        Peer { origin: self.origin.as_deref(), address: self.address }
    }
}
