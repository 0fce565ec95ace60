//! A `getStats()` report as browsers write it: names and units of W3C "Identifiers for WebRTC's Statistics API".

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Text;

/// Most objects in one report; our choice, far above the largest conference seen in one page.
const MAX_OBJECTS: usize = 5_000;

/// One statistics object, of whatever type: the members that are read of any of them. Counters are cumulative, times are seconds, except
/// `timestamp` and `lastPacketReceivedTimestamp`, which are epoch milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the members keep the names and meanings of the W3C document")]
pub struct RtcStats<'a> {
    #[serde(rename = "type", borrow)]
    pub stats_type: Option<Text<'a>>,
    pub id: Option<Text<'a>>,
    pub timestamp: Option<f64>,
    pub kind: Option<Text<'a>>,
    pub media_type: Option<Text<'a>>,
    pub is_remote: Option<bool>,
    pub ssrc: Option<i64>,
    pub rid: Option<Text<'a>>,
    pub codec_id: Option<Text<'a>>,
    pub transport_id: Option<Text<'a>>,
    pub remote_id: Option<Text<'a>>,
    pub local_id: Option<Text<'a>>,
    pub mime_type: Option<Text<'a>>,
    pub selected_candidate_pair_id: Option<Text<'a>>,
    pub state: Option<Text<'a>>,
    pub nominated: Option<bool>,
    pub selected: Option<bool>,

    pub packets_received: Option<f64>,
    pub packets_lost: Option<f64>,
    pub packets_discarded: Option<f64>,
    pub last_packet_received_timestamp: Option<f64>,
    pub bytes_received: Option<f64>,
    pub jitter: Option<f64>,
    pub jitter_buffer_delay: Option<f64>,
    pub jitter_buffer_emitted_count: Option<f64>,
    pub concealed_samples: Option<f64>,
    pub silent_concealed_samples: Option<f64>,
    pub total_samples_received: Option<f64>,
    pub frames_decoded: Option<f64>,
    pub frames_dropped: Option<f64>,
    pub frame_width: Option<f64>,
    pub frame_height: Option<f64>,
    pub freeze_count: Option<f64>,
    pub total_freezes_duration: Option<f64>,

    pub packets_sent: Option<f64>,
    pub bytes_sent: Option<f64>,
    pub frames_encoded: Option<f64>,
    pub quality_limitation_reason: Option<Text<'a>>,

    pub round_trip_time: Option<f64>,
    pub current_round_trip_time: Option<f64>,
    pub total_round_trip_time: Option<f64>,
    pub round_trip_time_measurements: Option<f64>,
    pub responses_received: Option<f64>,
}

impl RtcStats<'_> {
    /// Whether it is of this type.
    pub fn is(&self, stats_type: &str) -> bool {
        self.stats_type.as_deref() == Some(stats_type)
    }
}

/// A report: an array of statistics objects, or the same as an object by id.
#[derive(Debug, Clone, Default)]
pub struct Report<'a>(pub Vec<RtcStats<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Report<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ReportVisitor;

        impl<'de> Visitor<'de> for ReportVisitor {
            type Value = Vec<RtcStats<'de>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a report: an array of RTCStats, or an object of them by id")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(stats) = array.next_element()? {
                    push(&mut all, stats)?;
                }
                Ok(all)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some((id, mut stats)) = object.next_entry::<Text<'de>, RtcStats<'de>>()? {
                    stats.id.get_or_insert(id);
                    push(&mut all, stats)?;
                }
                Ok(all)
            }
        }

        fn push<'a, E: Error>(all: &mut Vec<RtcStats<'a>>, stats: RtcStats<'a>) -> Result<(), E> {
            if all.len() == MAX_OBJECTS {
                return Err(E::custom(format_args!("a report of more than {MAX_OBJECTS} objects")));
            }
            all.push(stats);
            Ok(())
        }

        deserializer.deserialize_any(ReportVisitor).map(Report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_by_id_reads_as_the_array_does() {
        let array: Report<'_> = serde_json::from_str(r#"[{"type":"codec","id":"C","mimeType":"audio/opus","clockRate":48000}]"#).unwrap();
        let object: Report<'_> = serde_json::from_str(r#"{"C":{"type":"codec","mimeType":"audio/opus"}}"#).unwrap();
        assert_eq!(array.0, object.0);
    }

    #[test]
    fn what_a_browser_could_not_measure_is_absent() {
        // JSON.stringify writes NaN and Infinity as null.
        let report: Report<'_> = serde_json::from_str(r#"[{"type":"inbound-rtp","jitter":null}]"#).unwrap();
        assert_eq!(report.0[0].jitter, None);
    }

    #[test]
    fn a_counter_of_the_wrong_type_is_named() {
        let error = serde_json::from_str::<Report<'_>>(r#"[{"type":"inbound-rtp","packetsLost":"many"}]"#).unwrap_err().to_string();
        assert!(error.contains("\"many\"") && error.contains("column"), "{error}");
    }

    #[test]
    fn a_report_without_end_is_refused() {
        let report = format!("[{}]", vec!["{}"; MAX_OBJECTS + 1].join(","));
        assert!(serde_json::from_str::<Report<'_>>(&report).is_err());
    }
}
