//! Unpacking with a cap: a body that unpacks to more than it may is given up where it passes its limit, so that it never occupies memory.

use std::io::{self, Read};

use axum::http::{HeaderMap, header};
use bytes::Bytes;

/// Most bytes unpacked for each that was sent; our choice. Telemetry packs ten to thirtyfold, a bomb a thousandfold.
pub const MAX_RATIO: usize = 100;
/// What may be unpacked whatever the ratio, bytes: a small body of little but repetition is no bomb.
const ALWAYS_ALLOWED: usize = 64 << 10;
/// Most members of one gzip body; our choice: what a block-wise packer makes of the largest body, and a bound on the work of beginning each.
const MAX_MEMBERS: usize = 256;
/// Largest window of a zstd frame, as a power of two: 8 MiB, more than which no body has.
const MAX_WINDOW_LOG: u32 = 23;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// It is not.
    Identity,
    /// RFC 1952, in one member or several.
    Gzip,
    /// RFC 8878, in one frame or several.
    Zstd,
}

/// An encoding that is not read here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// Another than ours.
    #[error("content encoding {encoding:?} is not read here: send gzip, zstd, or none")]
    Unknown {
        /// As it was sent.
        encoding: String,
    },
    /// Packed more than once.
    #[error("content encodings {encodings:?} are nested: pack the body once, as gzip or zstd")]
    Nested {
        /// As they were sent.
        encodings: String,
    },
}

/// Why a body cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// It is larger than it may be.
    #[error("the unpacked body is larger than {limit} bytes: send it in parts")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// It is packed tighter than telemetry is.
    #[error("{sent} bytes unpack to more than {MAX_RATIO} times as many: no telemetry does, send it in parts or packed less")]
    TooTight {
        /// Bytes as sent.
        sent: usize,
    },
    /// It goes on in ever new members.
    #[error("the gzip body has more than {MAX_MEMBERS} members: pack it as one")]
    TooManyMembers,
    /// It is broken, or goes on with something else.
    #[error("the body cannot be unpacked as {encoding}: {reason} at byte {at} of {sent}; send it whole, and nothing behind it")]
    Broken {
        /// Its encoding.
        encoding: &'static str,
        /// In the decoder's words.
        reason: String,
        /// Where it was read up to.
        at: usize,
        /// Bytes as sent.
        sent: usize,
    },
}

impl Encoding {
    /// What the headers say, over all lines and lists of them.
    pub fn of(headers: &HeaderMap) -> Result<Self, EncodingError> {
        let mut stated = headers
            .get_all(header::CONTENT_ENCODING)
            .iter()
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
            .map(|name| name.trim_ascii().to_ascii_lowercase())
            .filter(|name| !name.is_empty() && name != b"identity");
        let Some(first) = stated.next() else { return Ok(Encoding::Identity) };
        if let Some(second) = stated.next() {
            let encodings = [first, second].map(|name| String::from_utf8_lossy(&name).into_owned()).join(", ");
            return Err(EncodingError::Nested { encodings });
        }
        match first.as_slice() {
            b"gzip" | b"x-gzip" => Ok(Encoding::Gzip),
            b"zstd" => Ok(Encoding::Zstd),
            other => Err(EncodingError::Unknown { encoding: String::from_utf8_lossy(other).into_owned() }),
        }
    }
}

/// What was packed, up to `limit` bytes. What is not packed is handed back as it came.
pub fn unpack(encoding: Encoding, sent: Bytes, limit: usize) -> Result<Bytes, UnpackError> {
    match encoding {
        Encoding::Identity if sent.len() > limit => Err(UnpackError::TooLarge { limit }),
        Encoding::Identity => Ok(sent),
        Encoding::Gzip => gunzip(&sent, limit).map(Bytes::from),
        Encoding::Zstd => unzstd(&sent, limit).map(Bytes::from),
    }
}

/// Every member, one behind the other.
fn gunzip(sent: &[u8], limit: usize) -> Result<Vec<u8>, UnpackError> {
    let mut unpacked = Vec::new();
    let mut rest = sent;
    for _ in 0..MAX_MEMBERS {
        let mut member = flate2::bufread::GzDecoder::new(rest);
        let read = read(&mut member, &mut unpacked, sent.len(), limit)?;
        rest = member.into_inner();
        read.map_err(|reason| broken("gzip", &reason, sent, rest))?;
        if rest.is_empty() {
            return Ok(unpacked);
        }
    }
    Err(UnpackError::TooManyMembers)
}

/// Every frame, one behind the other.
fn unzstd(sent: &[u8], limit: usize) -> Result<Vec<u8>, UnpackError> {
    let mut unpacked = Vec::new();
    let mut frames = zstd::stream::read::Decoder::with_buffer(sent).map_err(|reason| broken("zstd", &reason, sent, sent))?;
    frames.window_log_max(MAX_WINDOW_LOG).map_err(|reason| broken("zstd", &reason, sent, sent))?;
    let read = read(&mut frames, &mut unpacked, sent.len(), limit)?;
    let rest = frames.finish();
    read.map_err(|reason| broken("zstd", &reason, sent, rest))?;
    Ok(unpacked)
}

/// Reads to the end, but no further than one byte over what is allowed. The outer error is about the limits, the inner one about the body.
fn read(from: impl Read, into: &mut Vec<u8>, sent: usize, limit: usize) -> Result<io::Result<()>, UnpackError> {
    let by_ratio = ALWAYS_ALLOWED.max(sent.saturating_mul(MAX_RATIO));
    let allowed = limit.min(by_ratio);
    let room = allowed + 1 - into.len();
    let read = from.take(room as u64).read_to_end(into);
    if into.len() <= allowed {
        return Ok(read.map(drop));
    }
    Err(if allowed == limit { UnpackError::TooLarge { limit } } else { UnpackError::TooTight { sent } })
}

fn broken(encoding: &'static str, reason: &io::Error, sent: &[u8], rest: &[u8]) -> UnpackError {
    UnpackError::Broken { encoding, reason: reason.to_string(), at: sent.len() - rest.len(), sent: sent.len() }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::http::HeaderValue;

    use super::*;

    const LIMIT: usize = 8 << 20;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).unwrap()
    }

    /// Bytes that hardly pack.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 7u32;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(length)
        .collect()
    }

    /// What came out, or what was said instead.
    #[track_caller]
    fn check(encoding: Encoding, sent: &[u8], expected: Result<&[u8], &str>) {
        match (unpack(encoding, Bytes::copy_from_slice(sent), LIMIT), expected) {
            (Ok(unpacked), Ok(expected)) => assert!(unpacked == expected, "{} bytes instead of {}", unpacked.len(), expected.len()),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (got, expected) => panic!("{:?} instead of {:?}", got.map(|bytes| bytes.len()), expected.map(<[u8]>::len)),
        }
    }

    #[test]
    fn what_was_packed_comes_out_in_one_part_or_several() {
        for bytes in [b"".as_slice(), b"{}", &noise(300_000)] {
            check(Encoding::Identity, bytes, Ok(bytes));
            check(Encoding::Gzip, &gzip(bytes), Ok(bytes));
            check(Encoding::Zstd, &zstd(bytes), Ok(bytes));
        }
        check(Encoding::Gzip, &[gzip(b"{\"rows\":"), gzip(b"[]}")].concat(), Ok(b"{\"rows\":[]}"));
        check(Encoding::Zstd, &[zstd(b"{\"rows\":"), zstd(b"[]}")].concat(), Ok(b"{\"rows\":[]}"));
    }

    #[test]
    fn a_body_cut_short_or_followed_by_something_else_is_refused() {
        let text = noise(10_000);
        for (encoding, whole) in [(Encoding::Gzip, gzip(&text)), (Encoding::Zstd, zstd(&text))] {
            for length in [0, 1, whole.len() / 2, whole.len() - 1] {
                if encoding == Encoding::Gzip || length > 0 {
                    check(encoding, &whole[..length], Err("cannot be unpacked"));
                }
            }
            for behind in [b"x".as_slice(), b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", b"{\"rows\":[]}"] {
                check(encoding, &[&whole, behind].concat(), Err("nothing behind it"));
            }
        }
        let mut lying = gzip(b"{}");
        let last = lying.len() - 1;
        lying[last] ^= 1;
        check(Encoding::Gzip, &lying, Err("cannot be unpacked"));
    }

    #[test]
    fn a_bomb_is_given_up_at_its_limit() {
        let bomb = vec![0; 32 << 20];
        check(Encoding::Gzip, &gzip(&bomb), Err("more than 100 times"));
        check(Encoding::Zstd, &zstd(&bomb), Err("more than 100 times"));
        let large = noise(LIMIT / 2).repeat(3);
        check(Encoding::Zstd, &zstd(&large), Err("larger than 8388608"));
        check(Encoding::Gzip, &[gzip(&large[..LIMIT]), gzip(b"1")].concat(), Err("larger than 8388608"));
    }

    #[test]
    fn a_bomb_in_many_parts_is_one_bomb() {
        let part = vec![b' '; 60 << 10];
        check(Encoding::Gzip, &gzip(&part).repeat(100), Err("more than 100 times"));
        check(Encoding::Zstd, &zstd(&part).repeat(100), Err("more than 100 times"));
        check(Encoding::Gzip, &gzip(b"").repeat(MAX_MEMBERS + 1), Err("more than 256 members"));
    }

    #[test]
    fn exactly_the_limit_is_allowed() {
        let text = noise(1000);
        assert_eq!(unpack(Encoding::Gzip, gzip(&text).into(), 1000).unwrap(), text);
        assert_eq!(unpack(Encoding::Zstd, zstd(&text).into(), 1000).unwrap(), text);
        assert!(matches!(unpack(Encoding::Gzip, gzip(&text).into(), 999), Err(UnpackError::TooLarge { limit: 999 })));
        check(Encoding::Gzip, &gzip(&vec![b' '; ALWAYS_ALLOWED]), Ok(&vec![b' '; ALWAYS_ALLOWED]));
        check(Encoding::Gzip, &gzip(&vec![b' '; ALWAYS_ALLOWED + 1]), Err("more than 100 times"));
    }

    #[test]
    fn one_encoding_is_read_and_nested_ones_are_refused() {
        let of = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(line));
            }
            Encoding::of(&headers)
        };
        assert_eq!(of(&[]), Ok(Encoding::Identity));
        assert_eq!(of(&["identity"]), Ok(Encoding::Identity));
        assert_eq!(of(&[" GZIP ,"]), Ok(Encoding::Gzip));
        assert_eq!(of(&["identity", "zstd"]), Ok(Encoding::Zstd));
        for nested in [["gzip, gzip"].as_slice(), &["gzip", "zstd"]] {
            assert!(matches!(of(nested), Err(EncodingError::Nested { .. })), "{nested:?}");
        }
        assert!(matches!(of(&["br"]), Err(EncodingError::Unknown { .. })));
    }
}
