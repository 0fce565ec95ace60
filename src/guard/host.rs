//! Names of this machine as its own users write them.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether a `Host` is loopback's own name or address, with any port.
pub fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => return address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()) && is_port(port),
            None => return false,
        },
        None => host.split_once(':').map_or((host, ""), |(name, _)| (name, &host[name.len()..])),
    };
    let loopback = name.eq_ignore_ascii_case("localhost") || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    loopback && is_port(port)
}

/// Nothing, or a colon and digits.
fn is_port(port: &str) -> bool {
    port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopbacks_own_names_are_loopback() {
        for own in ["localhost", "LOCALHOST:8480", "127.0.0.1", "127.0.0.1:1", "127.8.9.1:80", "[::1]", "[::1]:8480"] {
            assert!(is_loopback(own), "{own}");
        }
        for foreign in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8480",
            "0.0.0.0:8480",
            "10.0.0.1",
            "[::]",
            "[::1",
            "[::2]:80",
            "::1",
            "localhost:",
            "localhost:x",
            "localhost:1:2",
            "localhost:99999",
            "127.1",
            "2130706433",
            "evil.example:80@localhost",
            " localhost",
        ] {
            assert!(!is_loopback(foreign), "{foreign}");
        }
    }
}
