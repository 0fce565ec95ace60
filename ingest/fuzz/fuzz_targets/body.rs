//! A body of `POST /v1/telemetry` or `/v1/feedback`: unpacked, measured, read and admitted, twice.
//!
//! The first byte says how it is written and packed: `0` JSON, `1` NDJSON, `2` a feedback; `3` to `5` the same in gzip, `6` to `8` in zstd.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use qoe_ingest::edge::shape::{self, Format};
use qoe_ingest::edge::unpack::{Encoding, unpack};
use qoe_ingest::wire::Batch;
use qoe_ingest::{Admission, Arrival, Clocks, Dimensions, Peer, Projects, Reducer, Sequences};
use qoe_ingest_fuzz::{NOW, kept};
use qoe_store::Millis;

/// As `qoe serve` has it by default.
const DECODED_BYTES: usize = 8 << 20;

fuzz_target!(|input: &[u8]| {
    let Some((how, sent)) = input.split_first() else { return };
    let how = how.wrapping_sub(b'0') % 9;
    let encoding = [Encoding::Identity, Encoding::Gzip, Encoding::Zstd][usize::from(how / 3)];
    let format = if how % 3 == 1 { Format::Ndjson } else { Format::Json };
    let Ok(body) = unpack(encoding, Bytes::copy_from_slice(sent), DECODED_BYTES) else { return };
    assert!(body.len() <= DECODED_BYTES);
    if shape::check(&body, format).is_err() {
        return;
    }
    let batch = match how % 3 {
        0 => Batch::from_json(&body),
        1 => Batch::from_ndjson(&body),
        _ => Batch::from_feedback(&body),
    };
    match batch {
        Ok(batch) => admit(&batch),
        Err(error) => assert!(error.to_string().len() <= kept::REASON_BYTES, "an error of {} bytes", error.to_string().len()),
    }
});

/// Two copies of a batch, as a sender whose network is poor would send them.
fn admit(batch: &Batch<'_>) {
    let projects = Projects::new([("open".to_owned(), None), ("locked".to_owned(), Some("wk_secret".to_owned()))]);
    let (reducer, clocks) = (Reducer::default(), Clocks::default());
    let (dimensions, sequences) = (Dimensions::default(), Sequences::default());
    let admission = Admission { projects: &projects, reducer: &reducer, clocks: &clocks, dimensions: &dimensions, sequences: &sequences };
    for received_at in [NOW, Millis(NOW.0 + 5_000)] {
        match admission.admit(Arrival { batch, key: None, peer: Peer::default(), sent_at: None, received_at }) {
            Ok(admitted) => {
                assert_eq!(admitted.accepted + admitted.rejections.len(), batch.rows());
                let indices = || batch.sections.iter().flat_map(|section| &section.rows).map(|row| row.index);
                for rejection in &admitted.rejections {
                    assert!(indices().any(|index| index == rejection.row));
                    let bytes = rejection.refusal.reason.len();
                    assert!(bytes <= kept::REASON_BYTES, "a refusal of {bytes} bytes");
                }
                kept::check(&admitted.records, received_at);
            }
            Err(refusal) => {
                let bytes = refusal.to_string().len();
                assert!(bytes <= kept::REASON_BYTES, "a refusal of {bytes} bytes");
            }
        }
    }
}
