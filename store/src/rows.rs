//! The nouns: one struct a table, with the columns' own names and units. Meaning and unit of each field stand with the column in `schema/`,
//! which a test compares with these structs name by name.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema, SchemaRef};

use crate::cell::Cell;

/// A short string that many rows share.
pub type Label = Arc<str>;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

/// The five service categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Voice calls.
    VoiceCall,
    /// Video calls.
    VideoCall,
    /// Interactive live streaming.
    LiveStreaming,
    /// Instant messages.
    Messaging,
    /// Conversations with an AI.
    ConversationalAi,
}

impl Service {
    /// Every category, in the order they are shown.
    pub const ALL: [Service; 5] =
        [Service::VoiceCall, Service::VideoCall, Service::LiveStreaming, Service::Messaging, Service::ConversationalAi];

    /// The name used on the wire and in columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Service::VoiceCall => "voice_call",
            Service::VideoCall => "video_call",
            Service::LiveStreaming => "live_streaming",
            Service::Messaging => "messaging",
            Service::ConversationalAi => "conversational_ai",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Service {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Service::ALL
            .into_iter()
            .find(|service| service.as_str() == name)
            .ok_or_else(|| format!("service {name:?} is not one of {}", Service::ALL.map(Service::as_str).join(", ")))
    }
}

/// When a row happened, by whose clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stamp {
    /// By the server's clock: `client_at` corrected by the skew seen at `sent_at`.
    pub observed_at: Millis,
    /// By the client's clock.
    pub client_at: Millis,
    /// When the batch was sent, by the client's clock.
    pub sent_at: Option<Millis>,
    /// When the batch arrived, by the server's clock.
    pub received_at: Millis,
}

impl Stamp {
    /// A row whose clocks all agree, at `epoch_ms`.
    pub fn at(epoch_ms: i64) -> Self {
        let at = Millis(epoch_ms);
        Stamp { observed_at: at, client_at: at, sent_at: Some(at), received_at: at }
    }
}

/// Which batch of which spool carried a row: settles what was delivered.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The spool.
    pub spool_id: Label,
    /// The batch within it.
    pub batch_seq: u64,
}

/// A struct whose rows go to one table.
pub trait Row {
    /// The table.
    const TABLE: Table;
    /// Arrow schema of the table's rows.
    fn schema() -> SchemaRef;
    /// The rows as columns.
    fn batch(rows: &[Self], delivery: &Delivery) -> RecordBatch
    where
        Self: Sized;
}

macro_rules! keys {
    ($($field:ident: $type:ty,)*) => {
        /// What every row carries beside its measures. Labels that were not stated are empty.
        #[allow(missing_docs, reason = "meaning and unit stand with the columns in schema/parts/keys.sql")]
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Keys { $(pub $field: $type,)* }

        fn key_fields(fields: &mut Vec<Field>) {
            $(fields.push(Field::new(stringify!($field), <$type as Cell>::data_type(), <$type as Cell>::NULLABLE));)*
            for (name, nullable) in [("observed_at", false), ("client_at", false), ("sent_at", true), ("received_at", false)] {
                fields.push(Field::new(name, <Millis as Cell>::data_type(), nullable));
            }
            fields.push(Field::new("spool_id", <String as Cell>::data_type(), false));
            fields.push(Field::new("batch_seq", <u64 as Cell>::data_type(), false));
        }

        fn key_columns<'a>(rows: impl ExactSizeIterator<Item = (&'a Keys, &'a Stamp)> + Clone, delivery: &Delivery) -> Vec<ArrayRef> {
            let keys = || rows.clone().map(|(keys, _)| keys);
            let stamps = || rows.clone().map(|(_, stamp)| stamp);
            vec![
                $(<$type as Cell>::column(keys().map(|keys| &keys.$field)),)*
                Cell::column(stamps().map(|stamp| &stamp.observed_at)),
                Cell::column(stamps().map(|stamp| &stamp.client_at)),
                Cell::column(stamps().map(|stamp| &stamp.sent_at)),
                Cell::column(stamps().map(|stamp| &stamp.received_at)),
                Cell::column(rows.clone().map(|_| &delivery.spool_id)),
                Cell::column(rows.clone().map(|_| &delivery.batch_seq)),
            ]
        }
    };
}

keys! {
    project: Label, call_id: Label, session_id: Label, user_id: Label,
    vendor: Label, service: Label, scenario: Label, industry: Label, app_version: Label, sdk: Label,
    region: Label, country: Label, network: Label, platform: Label, os: Label, device_class: Label,
    poc: Label, arm: Label, stratum: Label, first_seen: Option<Millis>, attributes: BTreeMap<String, String>,
}

macro_rules! tables {
    ($($(#[$doc:meta])* $row:ident in $table:ident $name:literal { $($field:ident: $type:ty,)* })*) => {
        /// A base table.
        #[allow(missing_docs, reason = "the variants are the table names")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Table { $($table,)* }

        impl Table {
            /// Every base table.
            pub const ALL: &'static [Table] = &[$(Table::$table,)*];

            /// Its name in ClickHouse.
            pub fn name(self) -> &'static str {
                match self { $(Table::$table => $name,)* }
            }

            /// Arrow schema of its rows.
            pub fn schema(self) -> SchemaRef {
                match self { $(Table::$table => $row::schema(),)* }
            }

            /// The table of this name.
            pub fn named(name: &str) -> Option<Table> {
                Table::ALL.iter().copied().find(|table| table.name() == name)
            }
        }

        /// A row of any table.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs, clippy::large_enum_variant, reason = "samples, the largest, are nearly all there is")]
        pub enum Record { $($row($row),)* }

        impl Record {
            /// The table it goes to.
            pub fn table(&self) -> Table {
                match self { $(Record::$row(_) => Table::$table,)* }
            }

            /// Its keys.
            pub fn keys(&self) -> &Arc<Keys> {
                match self { $(Record::$row(row) => &row.keys,)* }
            }

            /// Its times.
            pub fn stamp(&self) -> &Stamp {
                match self { $(Record::$row(row) => &row.stamp,)* }
            }

            /// Its times, to be changed.
            pub fn stamp_mut(&mut self) -> &mut Stamp {
                match self { $(Record::$row(row) => &mut row.stamp,)* }
            }
        }

        /// Rows sorted into their tables, waiting to be delivered.
        #[allow(missing_docs, reason = "one list a table")]
        #[derive(Debug, Clone, Default)]
        pub struct Records { $(pub $table: Vec<$row>,)* }

        impl Records {
            /// Adds one row.
            pub fn push(&mut self, record: Record) {
                match record { $(Record::$row(row) => self.$table.push(row),)* }
            }

            /// The keys of any row; `None` without rows.
            pub fn first(&self) -> Option<&Arc<Keys>> {
                None $(.or_else(|| self.$table.first().map(|row| &row.keys)))*
            }

            /// How many rows wait.
            pub fn len(&self) -> usize {
                0 $(+ self.$table.len())*
            }

            /// Whether none waits.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// The tables that have rows, and how many.
            pub fn tables(&self) -> impl Iterator<Item = (Table, usize)> {
                [$((Table::$table, self.$table.len())),*].into_iter().filter(|(_, rows)| *rows > 0)
            }

            /// The first and the last moment at which something happened; `None` without rows.
            pub fn span(&self) -> Option<(Millis, Millis)> {
                span(std::iter::empty() $(.chain(self.$table.iter().map(|row| row.stamp.observed_at)))*)
            }

            /// The same of the rows in tables that ClickHouse partitions by day; the others go by month.
            pub fn span_by_day(&self) -> Option<(Millis, Millis)> {
                let by_day = Table::is_by_day;
                let moments = std::iter::empty()
                    $(.chain(self.$table.iter().filter(|_| by_day(Table::$table)).map(|row| row.stamp.observed_at)))*;
                span(moments)
            }

            /// Takes out the rows from this moment on.
            pub fn split_off(&mut self, from: Millis) -> Records {
                Records { $($table: self.$table.extract_if(.., |row| row.stamp.observed_at >= from).collect(),)* }
            }

            /// Moves all of `other` here.
            pub fn append(&mut self, other: &mut Records) {
                $(self.$table.append(&mut other.$table);)*
            }

            /// One batch a table that has rows.
            pub fn batches(&self, delivery: &Delivery) -> Vec<(Table, RecordBatch)> {
                let mut batches = Vec::new();
                $(if !self.$table.is_empty() { batches.push((Table::$table, $row::batch(&self.$table, delivery))); })*
                batches
            }
        }

        $(
            $(#[$doc])*
            #[allow(missing_docs, reason = "meaning and unit stand with the columns in schema/0001_base.sql")]
            #[derive(Debug, Clone, Default, PartialEq)]
            pub struct $row { pub keys: Arc<Keys>, pub stamp: Stamp, $(pub $field: $type,)* }

            impl From<$row> for Record {
                fn from(row: $row) -> Record { Record::$row(row) }
            }

            impl Row for $row {
                const TABLE: Table = Table::$table;

                fn schema() -> SchemaRef {
                    let mut fields = Vec::new();
                    key_fields(&mut fields);
                    $(fields.push(Field::new(stringify!($field), <$type as Cell>::data_type(), <$type as Cell>::NULLABLE));)*
                    Arc::new(Schema::new(fields))
                }

                fn batch(rows: &[Self], delivery: &Delivery) -> RecordBatch {
                    let mut columns = key_columns(rows.iter().map(|row| (&*row.keys, &row.stamp)), delivery);
                    $(columns.push(<$type as Cell>::column(rows.iter().map(|row| &row.$field)));)*
                    // The schema and the columns come from one list of fields, and every column has one value a row.
                    RecordBatch::try_new(Self::schema(), columns).expect("columns follow the schema they were made from")
                }
            }
        )*
    };
}

impl Table {
    /// Whether ClickHouse partitions it by day; the others by month.
    pub fn is_by_day(self) -> bool {
        matches!(self, Table::Samples | Table::SessionEvents | Table::Turns | Table::Messages | Table::DeadLetters | Table::SequenceGaps)
    }
}

fn span(mut moments: impl Iterator<Item = Millis>) -> Option<(Millis, Millis)> {
    let first = moments.next()?;
    Some(moments.fold((first, first), |(first, last), at| (first.min(at), last.max(at))))
}

#[allow(non_snake_case, reason = "the lists are named for the tables' variants")]
mod generated {
    use super::*;

    tables! {
        /// One stream over one interval.
        Sample in Samples "samples" {
            stream_id: Label, seq: u32, kind: Label, direction: Label, codec: Label, interval_ms: u32,
            rtt_ms: Option<f32>, jitter_ms: Option<f32>,
            packets_received: Option<u32>, packets_lost: Option<i32>, packets_discarded: Option<u32>, packets_sent: Option<u32>, bytes: Option<u64>,
            jitter_buffer_delay_ms: Option<f64>, jitter_buffer_emitted: Option<u64>,
            concealed_samples: Option<u64>, silent_concealed_samples: Option<u64>, total_samples: Option<u64>,
            frames_decoded: Option<u32>, frames_dropped: Option<u32>,
            freeze_count: Option<u32>, freeze_ms: Option<f64>, freeze_definition: Label, gap_ms: Option<f64>,
            width: Option<u16>, height: Option<u16>, quality_limitation: Label,
        }
        /// Something that happened in a session.
        SessionEvent in SessionEvents "session_events" {
            name: Label, connect_ms: Option<f64>, duration_ms: Option<f64>, reason: Label,
        }
        /// One turn of a conversation with an AI.
        Turn in Turns "turns" {
            turn_id: Label, model: Label, response_ms: Option<f64>, interruption_ms: Option<f64>,
            false_interruptions: Option<u32>, missed_interruptions: Option<u32>, understood: Option<bool>, fallback: Option<bool>,
            vad_ms: Option<f64>, asr_ms: Option<f64>, llm_ms: Option<f64>, tts_ms: Option<f64>,
        }
        /// One message.
        Message in Messages "messages" {
            message_id: Label, delivered: Option<bool>, delivery_ms: Option<f64>,
            lost: Option<bool>, duplicated: Option<bool>, out_of_order: Option<bool>, bytes: Option<u64>,
        }
        /// One asking for an opinion, shown or dismissed.
        Invitation in SurveyInvitations "survey_invitations" { invitation_id: Label, state: Label, kind: Label, }
        /// One answer.
        Feedback in Feedback "feedback" {
            invitation_id: Label, kind: Label, score: f64, scale_low: f64, scale_high: f64, dimension: Label, text: String, language: Label,
        }
        /// One support ticket with a vendor.
        Ticket in SupportTickets "support_tickets" {
            ticket_id: Label, opened_at: Millis, first_response_at: Option<Millis>, resolved_at: Option<Millis>, severity: Label, subject: String,
        }
        /// One release of a vendor's product.
        Release in Releases "releases" { version: Label, breaking_changes: Option<u32>, notes: String, }
        /// One step of integrating a vendor.
        Integration in IntegrationLog "integration_log" { step: Label, hours: Option<f64>, defects: Option<u32>, }
        /// A person was there: a return is any activity or session.
        Activity in Activity "activity" { name: Label, minutes: Option<f64>, }
        /// A row that could not be stored where it belongs.
        DeadLetter in DeadLetters "dead_letters" { meant_for: Label, reason: String, row: String, }
        /// Batches of a session that did not arrive before one that did.
        SequenceGap in SequenceGaps "sequence_gaps" { batches: i32, }
    }
}

pub use generated::{
    Activity, DeadLetter, Feedback, Integration, Invitation, Message, Record, Records, Release, Sample, SequenceGap, SessionEvent, Table,
    Ticket, Turn,
};
