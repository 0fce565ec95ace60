//! Where a page comes from, as its browser says it: `scheme://host[:port]`.

use std::fmt;
use std::str::FromStr;

/// Longest origin read, bytes: the longest host name there is, a scheme and a port.
const MAX_BYTES: usize = 300;

/// An origin that a key allows: one exactly, or any.
///
/// Kept as browsers write it, in lower case and without the scheme's own port, so that comparing is comparing texts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

/// Why a text is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no origin ({why}): write scheme://host or scheme://host:port, such as https://app.example, or * for any")]
pub struct OriginError {
    text: String,
    why: &'static str,
}

impl Origin {
    /// Allows every origin.
    pub const ANY: &'static str = "*";

    /// As it is written in commands and columns.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request with this `Origin` header comes from there. What is no origin, such as `null` of a sandboxed page, comes from nowhere that
    /// could be listed.
    pub fn allows(&self, header: &str) -> bool {
        self.0 == Self::ANY || header.parse::<Origin>().is_ok_and(|origin| origin.0 != Self::ANY && origin.0 == self.0)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |why| OriginError { text: text.chars().take(MAX_BYTES).collect(), why };
        if text == Self::ANY {
            return Ok(Origin(text.to_owned()));
        }
        if text.len() > MAX_BYTES {
            return Err(wrong("too long"));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("no scheme"))?;
        let scheme = scheme.to_ascii_lowercase();
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        if !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) || !scheme.bytes().all(letters) {
            return Err(wrong("the scheme is none"));
        }
        if rest.contains(['/', '?', '#', '@']) {
            return Err(wrong("more than scheme, host and port"));
        }
        let (host, port) = split_port(rest).ok_or_else(|| wrong("the port is none"))?;
        if !is_host(host) {
            return Err(wrong("the host is none; international names are written in their xn-- form"));
        }
        let host = host.to_ascii_lowercase();
        match port.filter(|port| Some(*port) != own_port(&scheme)) {
            Some(port) => Ok(Origin(format!("{scheme}://{host}:{port}"))),
            None => Ok(Origin(format!("{scheme}://{host}"))),
        }
    }
}

fn own_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// Host and port; `None` where what follows the host is no port.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let from = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = authority[from..].find(':').map(|at| at + from) else { return Some((authority, None)) };
    let port = &authority[colon + 1..];
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    Some((&authority[..colon], Some(port.parse().ok().filter(|_| digits)?)))
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_kept_as_browsers_write_it() {
        for (text, kept) in [
            ("https://app.example", "https://app.example"),
            ("HTTPS://App.Example:443", "https://app.example"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("*", "*"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().as_str(), kept);
        }
    }

    #[test]
    fn nonsense_is_no_origin() {
        for text in [
            "",
            "null",
            "app.example",
            "https://",
            "https://app.example/",
            "https://app.example/x",
            "https://a@b",
            "https://a b",
            "://a",
            "https://*.example",
            "https://a:",
            "https://a:+8",
            "https://a:65536",
            "https://a:1:2",
            "https://[::1",
            "https://[x]",
            "1s://a",
            "https://bücher.example",
            "**",
            "https://a?b",
            "https://a#b",
        ] {
            let error = text.parse::<Origin>().unwrap_err();
            assert!(error.to_string().contains("scheme://host"), "{text:?}");
        }
        let long = format!("https://{}", "a".repeat(10_000)).parse::<Origin>().unwrap_err();
        assert!(long.to_string().len() < 600);
    }

    #[test]
    fn one_origin_allows_itself_and_no_other() {
        let origin: Origin = "https://app.example".parse().unwrap();
        assert!(origin.allows("https://app.example") && origin.allows("https://APP.example:443"));
        for other in
            ["http://app.example", "https://app.example:8443", "https://app.example.evil", "https://evil.app.example", "null", "*", ""]
        {
            assert!(!origin.allows(other), "{other}");
        }
        let any: Origin = "*".parse().unwrap();
        assert!(any.allows("https://anything.example") && any.allows("null"));
    }
}
