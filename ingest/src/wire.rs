//! The JSON shapes of `WIRE.md`, and nothing else: what a sender may write, as it may be written, before anything is believed.
//!
//! A batch is read in two steps. The first finds the context and where each row begins and ends; the second reads one row at a time, so that
//! one bad row never loses the others.

mod rows;
mod stats;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::ops::Deref;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::refusal::{abridged, shortened};

use rows::TypeAnywhere;
pub use rows::{
    ActivityRow, EventRow, FeedbackRow, IntegrationRow, InvitationRow, MessageRow, ReleaseRow, Row, SampleRow, StatsRow, TicketRow, Told,
    TurnRow,
};
pub use stats::{Report, RtcStats};

/// A string of the sender's, borrowed from the body where it holds no escapes.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }

        deserializer.deserialize_str(TextVisitor).map(Text)
    }
}

/// The keys a sender states for its rows. A field that is absent or null is not stated.
#[derive(Debug, Clone, Default, Deserialize)]
#[allow(missing_docs, reason = "meaning and unit stand with the columns of the store")]
pub struct Context<'a> {
    #[serde(borrow)]
    pub project: Option<Text<'a>>,
    pub call_id: Option<Text<'a>>,
    pub session_id: Option<Text<'a>>,
    pub user_id: Option<Text<'a>>,
    pub vendor: Option<Text<'a>>,
    pub service: Option<Text<'a>>,
    pub scenario: Option<Text<'a>>,
    pub industry: Option<Text<'a>>,
    pub app_version: Option<Text<'a>>,
    pub sdk: Option<Text<'a>>,
    pub region: Option<Text<'a>>,
    pub country: Option<Text<'a>>,
    pub network: Option<Text<'a>>,
    pub platform: Option<Text<'a>>,
    pub os: Option<Text<'a>>,
    pub device_class: Option<Text<'a>>,
    pub poc: Option<Text<'a>>,
    pub arm: Option<Text<'a>>,
    pub stratum: Option<Text<'a>>,
    pub first_seen: Option<f64>,
    #[serde(default, deserialize_with = "distinct")]
    pub attributes: Option<BTreeMap<Text<'a>, Text<'a>>>,
}

/// A map in which no name stands twice: of two values nobody can know which was meant.
fn distinct<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<BTreeMap<Text<'a>, Text<'a>>>, D::Error> {
    struct Distinct<'a>(BTreeMap<Text<'a>, Text<'a>>);
    struct MapVisitor;

    impl<'de> Visitor<'de> for MapVisitor {
        type Value = BTreeMap<Text<'de>, Text<'de>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of strings")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((name, value)) = members.next_entry::<Text<'de>, Text<'de>>()? {
                match map.entry(name) {
                    Entry::Vacant(entry) => entry.insert(value),
                    Entry::Occupied(entry) => {
                        return Err(A::Error::custom(format_args!("duplicate attribute {:?}", shortened(entry.key()))));
                    }
                };
            }
            Ok(map)
        }
    }

    impl<'de: 'a, 'a> Deserialize<'de> for Distinct<'a> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(MapVisitor).map(Distinct)
        }
    }

    Ok(Option::<Distinct<'a>>::deserialize(deserializer)?.map(|Distinct(map)| map))
}

/// A batch, read as far as its rows.
#[derive(Debug, Default)]
pub struct Batch<'a> {
    /// What opens the project.
    pub key: Option<Text<'a>>,
    /// The sender's name for this batch: the same one again is the same batch.
    pub batch_id: Option<Text<'a>>,
    /// The sender's number of it within the session, from 0.
    pub batch_seq: Option<u64>,
    /// When it was sent, by the sender's clock, epoch ms.
    pub sent_at: Option<f64>,
    /// The rows, under the context they stand in.
    pub sections: Vec<Section<'a>>,
}

/// Rows that share a context.
#[derive(Debug, Default)]
pub struct Section<'a> {
    /// The context.
    pub context: Context<'a>,
    /// The rows, unread.
    pub rows: Vec<Line<'a>>,
}

/// One row, unread.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Index in `rows`, or line number, from 0.
    pub index: usize,
    /// The row.
    pub json: &'a str,
    /// What it is where it need not say so: a body of `/v1/feedback`, which need not say when it was given either.
    pub assumed_type: Option<&'static str>,
}

/// Why a body is not a batch.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The JSON is broken or of another shape; says where.
    #[error("the body is not a batch: {}", abridged(.0.to_string()))]
    Json(serde_json::Error),
    /// A context line of NDJSON is broken: the rows below it cannot be placed.
    #[error("line {line} is not a context: {}", abridged(reason.to_string()))]
    ContextLine {
        /// From 0.
        line: usize,
        /// What is wrong.
        reason: serde_json::Error,
    },
    /// The text is not UTF-8.
    #[error("the body is not UTF-8 text: {0}")]
    Utf8(std::str::Utf8Error),
}

#[derive(Deserialize)]
struct JsonBatch<'a> {
    #[serde(borrow)]
    key: Option<Text<'a>>,
    batch_id: Option<Text<'a>>,
    batch_seq: Option<f64>,
    sent_at: Option<f64>,
    context: Option<Context<'a>>,
    rows: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct ContextLine<'a> {
    #[serde(borrow)]
    key: Option<Text<'a>>,
    batch_id: Option<Text<'a>>,
    batch_seq: Option<f64>,
    sent_at: Option<f64>,
    #[serde(flatten)]
    context: Context<'a>,
}

#[derive(Deserialize)]
struct JsonFeedback<'a> {
    #[serde(borrow)]
    key: Option<Text<'a>>,
    batch_id: Option<Text<'a>>,
    sent_at: Option<f64>,
    context: Option<Context<'a>>,
}

impl<'a> Batch<'a> {
    /// One JSON object.
    pub fn from_json(body: &'a [u8]) -> Result<Self, ReadError> {
        // Checked once for all, and not string by string: what is skipped has to be text as well.
        let text = std::str::from_utf8(body).map_err(ReadError::Utf8)?;
        let JsonBatch { key, batch_id, batch_seq, sent_at, context, rows } = serde_json::from_str(text).map_err(ReadError::Json)?;
        let rows = rows.into_iter().enumerate().map(|(index, row)| Line { index, json: row.get(), assumed_type: None }).collect();
        let batch_seq = numbered(batch_seq);
        Ok(Batch { key, batch_id, batch_seq, sent_at, sections: vec![Section { context: context.unwrap_or_default(), rows }] })
    }

    /// One JSON value a line.
    pub fn from_ndjson(body: &'a [u8]) -> Result<Self, ReadError> {
        let mut batch = Batch { sections: vec![Section::default()], ..Batch::default() };
        for (index, line) in std::str::from_utf8(body).map_err(ReadError::Utf8)?.lines().enumerate() {
            let json = line.trim();
            if json.is_empty() {
                continue;
            }
            if is_context(json) {
                let line: ContextLine<'a> = serde_json::from_str(json).map_err(|reason| ReadError::ContextLine { line: index, reason })?;
                batch.key = batch.key.or(line.key);
                batch.batch_id = batch.batch_id.or(line.batch_id);
                batch.batch_seq = batch.batch_seq.or(numbered(line.batch_seq));
                batch.sent_at = batch.sent_at.or(line.sent_at);
                batch.sections.push(Section { context: line.context, rows: Vec::new() });
            } else if let Some(section) = batch.sections.last_mut() {
                section.rows.push(Line { index, json, assumed_type: None });
            }
        }
        Ok(batch)
    }

    /// One feedback row that is a body by itself.
    pub fn from_feedback(body: &'a [u8]) -> Result<Self, ReadError> {
        let text = std::str::from_utf8(body).map_err(ReadError::Utf8)?;
        let JsonFeedback { key, batch_id, sent_at, context } = serde_json::from_str(text).map_err(ReadError::Json)?;
        let rows = vec![Line { index: 0, json: text, assumed_type: Some("feedback") }];
        Ok(Batch { key, batch_id, batch_seq: None, sent_at, sections: vec![Section { context: context.unwrap_or_default(), rows }] })
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.sections.iter().map(|section| section.rows.len()).sum()
    }
}

/// A number of a batch; another figure is none.
fn numbered(batch_seq: Option<f64>) -> Option<u64> {
    batch_seq.filter(|seq| seq.fract() == 0.0 && (0.0..=9_007_199_254_740_991.0).contains(seq)).map(|seq| seq as u64)
}

fn is_context(json: &str) -> bool {
    // Rows are many and contexts few: what does not hold the word, nor hides it behind an escape, is not read for it.
    (json.contains("\"context\"") || json.contains('\\'))
        && serde_json::from_str::<TypeAnywhere<'_>>(json).is_ok_and(|row| row.row_type.as_deref() == Some("context"))
}

/// The answer to one message of a stream.
#[derive(Debug, Serialize)]
pub struct Acknowledgement<'a> {
    /// What HTTP would have answered.
    pub status: u16,
    /// When to send it again, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// The body of that answer.
    #[serde(flatten)]
    pub answer: Answer<'a>,
}

/// What a batch came to.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer<'a> {
    /// Something was kept.
    Taken(Receipt<'a>),
    /// Nothing was.
    Refused {
        /// As it was sent, where the message could be read that far.
        #[serde(skip_serializing_if = "Option::is_none")]
        batch_id: Option<&'a str>,
        /// Why.
        #[serde(flatten)]
        refused: Refused,
    },
}

/// What may stand in the address.
#[derive(Debug, Default, Deserialize)]
pub struct Attempt {
    /// When this attempt was sent, by the sender's clock, epoch ms: a batch that is sent again says within when it was sent first.
    pub sent_at: Option<f64>,
}

/// The answer to a batch of which something was kept.
#[derive(Debug, Serialize)]
pub struct Receipt<'a> {
    /// As it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<&'a str>,
    /// How many rows were kept.
    pub accepted: usize,
    /// Which were not.
    pub rejected: Vec<Rejected>,
    /// The batch had been stored before; nothing was stored again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
    /// How safely it is kept, where that is less than flushed to the disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub durability: Option<String>,
}

/// One row that was not kept.
#[derive(Debug, Serialize)]
pub struct Rejected {
    /// Index in `rows`, or line number, from 0.
    pub row: usize,
    /// What to mend.
    pub reason: String,
}

/// The answer to a request that was refused.
#[derive(Debug, Serialize)]
pub struct Refused {
    /// What to mend.
    pub error: String,
    /// The rows it is about, when it is about rows.
    pub rejected: Vec<Rejected>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_row_does_not_spoil_the_reading_of_the_others() {
        let body = br#"{"context":{"project":"p"},"rows":[{"type":"event","at":1e999},{"type":7},"x",{"type":"event","at":1}]}"#;
        let batch = Batch::from_json(body).unwrap();
        assert_eq!(batch.rows(), 4);
        let read = |line: &Line<'_>| Told::read(line.json).is_ok();
        assert_eq!(batch.sections[0].rows.iter().map(read).collect::<Vec<_>>(), [false, false, false, true]);
    }

    #[test]
    fn ndjson_rows_stand_under_the_context_above_them() {
        let body = b"{\"type\":\"context\",\"batch_id\":\"b\",\"project\":\"p\",\"session_id\":\"s-1\"}\n{\"type\":\"event\"}\n\n\
            {\"type\":\"context\",\"project\":\"p\",\"session_id\":\"s-2\"}\r\n{\"type\":\"turn\"}\n{broken";
        let batch = Batch::from_ndjson(body).unwrap();
        assert_eq!(batch.batch_id.as_deref(), Some("b"));
        let placed: Vec<(Option<&str>, Vec<usize>)> = batch
            .sections
            .iter()
            .map(|section| (section.context.session_id.as_deref(), section.rows.iter().map(|row| row.index).collect()))
            .collect();
        assert_eq!(placed, [(None, vec![]), (Some("s-1"), vec![1]), (Some("s-2"), vec![4, 5])]);
    }

    #[test]
    fn malformed_json_says_where() {
        let error = Batch::from_json(b"{\"rows\":\n [}").unwrap_err().to_string();
        assert!(error.contains("line 2 column 3"), "{error}");
    }

    #[test]
    fn null_is_absent_and_unknown_fields_are_ignored() {
        let batch = Batch::from_json(br#"{"key":null,"future":[1],"context":{"vendor":null,"shoe_size":9},"rows":[]}"#).unwrap();
        assert!(batch.key.is_none() && batch.sections[0].context.vendor.is_none());
    }

    #[test]
    fn what_stands_twice_is_refused_and_what_is_not_read_is_not_looked_at() {
        for (body, twice) in [
            (r#"{"rows":[],"rows":[]}"#, "duplicate field `rows`"),
            (r#"{"context":{"vendor":"a","vendor":"b"},"rows":[]}"#, "duplicate field `vendor`"),
            (r#"{"context":{"attributes":{"a":"1","a":"2"}},"rows":[]}"#, "duplicate attribute \"a\""),
        ] {
            let error = Batch::from_json(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(twice), "{error}");
        }
        let line = br#"{"type":"context","project":"p","attributes":{"a":"1","a":"2"}}"#;
        assert!(matches!(Batch::from_ndjson(line), Err(ReadError::ContextLine { line: 0, .. })));
        for (row, twice) in [
            (r#"{"type":"event","at":1,"name":"joined","name":"leave"}"#, "duplicate field `name`"),
            (r#"{"type":"event","at":1,"type":"turn"}"#, "duplicate field `type`"),
            (r#"{"at":1,"type":"event","type":"turn"}"#, "duplicate field `type`"),
        ] {
            let error = Told::read(row).unwrap_err().to_string();
            assert!(error.contains(twice), "{error}");
        }
        assert!(Told::read(r#"{"type":"event","at":1,"name":"joined","future":1,"future":2}"#).is_ok());
        assert!(Batch::from_json(br#"{"context":{"attributes":null},"rows":[]}"#).unwrap().sections[0].context.attributes.is_none());
    }

    #[test]
    fn text_that_is_not_utf8_is_refused_also_where_it_is_skipped() {
        let error = Batch::from_json(b"{\"future\":\"\xff\",\"rows\":[]}").unwrap_err().to_string();
        assert!(error.contains("index 11"), "{error}");
    }

    #[test]
    fn nesting_without_end_is_an_error_not_a_crash() {
        let body = format!("{{\"rows\":{}", "[".repeat(1_000_000));
        assert!(Batch::from_json(body.as_bytes()).is_err());
    }
}
