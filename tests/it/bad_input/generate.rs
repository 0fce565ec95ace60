//! Bodies that are too large or too binary to be files.

use std::io::Write;

use serde_json::json;

use super::now;

/// The body of this name, packed as `encoding` says.
pub fn body(name: &str, encoding: Option<&str>) -> Vec<u8> {
    let packed = |text: &[u8]| pack(text, encoding.unwrap_or_default());
    match name {
        "empty" => Vec::new(),
        "deep" => format!("{{\"rows\":[],\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)).into(),
        "endless" => "{\"rows\":[".repeat(100_000).into(),
        "million_members" => packed(format!("{{{}}}", members(1_000_000)).as_bytes()),
        "million_rows" => packed(format!("{{\"rows\":[{}]}}", numbers(1_000_000)).as_bytes()),
        "rows_too_many" => json!({"context": {"project": "open"}, "rows": vec![7; 10_001]}).to_string().into(),
        "lines_too_many" => "7\n".repeat(20_001).into(),
        "too_large" => format!("{{\"rows\":[],\"x\":\"{}\"}}", "x".repeat(1 << 20)).into(),
        "bomb" => packed(&vec![b' '; 64 << 20]),
        "large_unpacked" => packed(&noise(200_000).repeat(50)),
        "twice" => pack(&pack(b"{}", "gzip"), "gzip"),
        "cut_short" => {
            let mut body = packed(good().as_bytes());
            body.truncate(body.len() - 5);
            body
        }
        "trailing" => [packed(good().as_bytes()), b"<html>".to_vec()].concat(),
        "two_members" => {
            let batch = good();
            let (one, other) = batch.split_at(batch.len() / 2);
            [packed(one.as_bytes()), packed(other.as_bytes())].concat()
        }
        "hundred_and_one_days" => {
            let day = |n: i64| json!({"type": "ticket", "at": now() - n * 86_400_000, "ticket_id": format!("T-{n}")});
            json!({"context": {"project": "open"}, "rows": (0..101).map(day).collect::<Vec<_>>()}).to_string().into()
        }
        unknown => panic!("no generator {unknown:?}"),
    }
}

fn good() -> String {
    json!({"context": {"project": "open", "session_id": "s", "service": "voice_call"}, "rows": [{"type": "event", "at": now(), "name": "leave"}]})
        .to_string()
}

fn members(n: usize) -> String {
    noise(n).iter().map(|byte| format!("\"{}\":0", byte >> 5)).collect::<Vec<_>>().join(",")
}

fn numbers(n: usize) -> String {
    noise(n).iter().map(|byte| (byte >> 2).to_string()).collect::<Vec<_>>().join(",")
}

/// Bytes that hardly pack, so that what is made of them is no bomb.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 7u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn pack(bytes: &[u8], encoding: &str) -> Vec<u8> {
    match encoding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        "zstd" => zstd::encode_all(bytes, 3).unwrap(),
        _ => bytes.to_vec(),
    }
}
