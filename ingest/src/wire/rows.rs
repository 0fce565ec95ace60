//! The rows of a batch, by their `type`. Fields not named here are ignored.

#![allow(missing_docs, reason = "the fields are the table of WIRE.md; their units stand with the columns of the store")]

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Report, Text};

macro_rules! rows {
    ($($name:literal $variant:ident($row:ident) { $($fields:tt)* })*) => {
        $(
            #[derive(Debug, Deserialize)]
            pub struct $row<'a> {
                #[serde(rename = "type")]
                pub row_type: Option<IgnoredAny>,
                pub at: Option<f64>,
                #[serde(borrow)]
                pub context: Option<&'a RawValue>,
                $($fields)*
            }
        )*

        /// A row, read.
        #[derive(Debug)]
        #[allow(clippy::large_enum_variant, reason = "samples, the largest, are nearly all there is")]
        pub enum Row<'a> { $($variant($row<'a>),)* }

        impl<'a> Row<'a> {
            /// What a row may be.
            pub const TYPES: &'static [&'static str] = &[$($name,)*];

            /// Whether its type stood among the fields that were read.
            fn has_type(&self) -> bool {
                match self { $(Row::$variant(row) => row.row_type.is_some(),)* }
            }

            /// Its type.
            pub fn type_name(&self) -> &'static str {
                match self { $(Row::$variant(_) => $name,)* }
            }

            /// When it happened, by the sender's clock, epoch ms.
            pub fn at(&self) -> Option<f64> {
                match self { $(Row::$variant(row) => row.at,)* }
            }

            /// Context of the row's own, unread.
            pub fn context(&self) -> Option<&'a RawValue> {
                match self { $(Row::$variant(row) => row.context,)* }
            }

            /// Reads the fields of a row of this type; `None` where there is no such type.
            fn fields<D: Deserializer<'a>>(row_type: &str, fields: D) -> Result<Option<Self>, D::Error> {
                match row_type {
                    $($name => $row::deserialize(fields).map(|row| Some(Row::$variant(row))),)*
                    _ => IgnoredAny::deserialize(fields).map(|_| None),
                }
            }
        }
    };
}

rows! {
    "stats" Stats(StatsRow) {
        #[serde(borrow)]
        pub connection: Option<Text<'a>>,
        pub report: Report<'a>,
        pub muted: Option<Vec<Text<'a>>>,
    }
    "sample" Sample(SampleRow) {
        #[serde(borrow)]
        pub stream_id: Option<Text<'a>>,
        pub seq: Option<u32>,
        pub kind: Option<Text<'a>>,
        pub direction: Option<Text<'a>>,
        pub codec: Option<Text<'a>>,
        pub interval_ms: Option<f64>,
        pub rtt_ms: Option<f64>,
        pub jitter_ms: Option<f64>,
        pub packets_received: Option<u32>,
        pub packets_lost: Option<i32>,
        pub packets_discarded: Option<u32>,
        pub packets_sent: Option<u32>,
        pub bytes: Option<u64>,
        pub jitter_buffer_delay_ms: Option<f64>,
        pub jitter_buffer_emitted: Option<u64>,
        pub concealed_samples: Option<u64>,
        pub silent_concealed_samples: Option<u64>,
        pub total_samples: Option<u64>,
        pub frames_decoded: Option<u32>,
        pub frames_dropped: Option<u32>,
        pub freeze_count: Option<u32>,
        pub freeze_ms: Option<f64>,
        pub freeze_definition: Option<Text<'a>>,
        pub gap_ms: Option<f64>,
        pub width: Option<u16>,
        pub height: Option<u16>,
        pub quality_limitation: Option<Text<'a>>,
    }
    "event" Event(EventRow) {
        #[serde(borrow)]
        pub name: Option<Text<'a>>,
        pub connect_ms: Option<f64>,
        pub duration_ms: Option<f64>,
        pub reason: Option<Text<'a>>,
    }
    "turn" Turn(TurnRow) {
        #[serde(borrow)]
        pub turn_id: Option<Text<'a>>,
        pub model: Option<Text<'a>>,
        pub response_ms: Option<f64>,
        pub interruption_ms: Option<f64>,
        pub false_interruptions: Option<u32>,
        pub missed_interruptions: Option<u32>,
        pub understood: Option<bool>,
        pub fallback: Option<bool>,
        pub vad_ms: Option<f64>,
        pub asr_ms: Option<f64>,
        pub llm_ms: Option<f64>,
        pub tts_ms: Option<f64>,
    }
    "message" Message(MessageRow) {
        #[serde(borrow)]
        pub message_id: Option<Text<'a>>,
        pub delivered: Option<bool>,
        pub delivery_ms: Option<f64>,
        pub lost: Option<bool>,
        pub duplicated: Option<bool>,
        pub out_of_order: Option<bool>,
        pub bytes: Option<u64>,
    }
    "invitation" Invitation(InvitationRow) {
        #[serde(borrow)]
        pub invitation_id: Option<Text<'a>>,
        pub state: Option<Text<'a>>,
        pub kind: Option<Text<'a>>,
    }
    "feedback" Feedback(FeedbackRow) {
        #[serde(borrow)]
        pub invitation_id: Option<Text<'a>>,
        pub kind: Option<Text<'a>>,
        pub score: Option<f64>,
        pub scale_low: Option<f64>,
        pub scale_high: Option<f64>,
        pub dimension: Option<Text<'a>>,
        pub text: Option<Text<'a>>,
        pub language: Option<Text<'a>>,
    }
    "activity" Activity(ActivityRow) {
        #[serde(borrow)]
        pub name: Option<Text<'a>>,
        pub minutes: Option<f64>,
    }
    "ticket" Ticket(TicketRow) {
        #[serde(borrow)]
        pub ticket_id: Option<Text<'a>>,
        pub opened_at: Option<f64>,
        pub first_response_at: Option<f64>,
        pub resolved_at: Option<f64>,
        pub severity: Option<Text<'a>>,
        pub subject: Option<Text<'a>>,
    }
    "release" Release(ReleaseRow) {
        #[serde(borrow)]
        pub version: Option<Text<'a>>,
        pub breaking_changes: Option<u32>,
        pub notes: Option<Text<'a>>,
    }
    "integration" Integration(IntegrationRow) {
        #[serde(borrow)]
        pub step: Option<Text<'a>>,
        pub hours: Option<f64>,
        pub defects: Option<u32>,
    }
}

/// A row, as far as it could be told what it is.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a row is what nearly all are")]
pub enum Told<'a> {
    /// It is one.
    Row(Row<'a>),
    /// It is of a type that no row has.
    Unknown(Text<'a>),
    /// It says no type.
    Untyped,
}

impl<'a> Told<'a> {
    /// Reads a row once, where it says first what it is, as our clients write it; otherwise its type is looked for before.
    pub fn read(json: &'a str) -> Result<Self, serde_json::Error> {
        if let Some(told) = serde_json::from_str::<TypeFirst<'a>>(json)?.0 {
            return Ok(told);
        }
        let TypeAnywhere { row_type } = serde_json::from_str(json)?;
        row_type.map_or(Ok(Told::Untyped), |row_type| Told::of(row_type, json))
    }

    /// Reads a row of this type, whatever it says it is.
    pub fn assumed(row_type: &'static str, json: &'a str) -> Result<Self, serde_json::Error> {
        Told::of(Text(row_type.into()), json)
    }

    fn of(row_type: Text<'a>, json: &'a str) -> Result<Self, serde_json::Error> {
        let row = Row::fields(&row_type, &mut serde_json::Deserializer::from_str(json))?;
        Ok(row.map_or(Told::Unknown(row_type), Told::Row))
    }
}

/// What a row says it is, wherever that stands in it.
#[derive(Deserialize)]
pub(super) struct TypeAnywhere<'a> {
    #[serde(rename = "type", borrow)]
    pub row_type: Option<Text<'a>>,
}

/// A row whose first field is its type; `None` for another.
struct TypeFirst<'a>(Option<Told<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for TypeFirst<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowVisitor;

        impl<'de> Visitor<'de> for RowVisitor {
            type Value = Option<Told<'de>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row: an object with a type")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut row: A) -> Result<Self::Value, A::Error> {
                let first: Option<Text<'de>> = row.next_key()?;
                let typed =
                    if first.as_deref() == Some("type") { row.next_value::<Option<Text<'de>>>()? } else { skip_value(first, &mut row)? };
                let Some(row_type) = typed else {
                    IgnoredAny.visit_map(row)?;
                    return Ok(None);
                };
                let fields = Row::fields(&row_type, MapAccessDeserializer::new(row))?;
                if fields.as_ref().is_some_and(Row::has_type) {
                    return Err(A::Error::duplicate_field("type"));
                }
                Ok(Some(fields.map_or(Told::Unknown(row_type), Told::Row)))
            }
        }

        deserializer.deserialize_map(RowVisitor).map(TypeFirst)
    }
}

/// Passes over the value of a key that was read.
fn skip_value<'de, A: MapAccess<'de>>(key: Option<Text<'de>>, row: &mut A) -> Result<Option<Text<'de>>, A::Error> {
    if key.is_some() {
        row.next_value::<IgnoredAny>()?;
    }
    Ok(None)
}
