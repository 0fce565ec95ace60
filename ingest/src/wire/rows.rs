//! The rows of a batch, by their `type`. `type`, `at` and `context` are read apart ([`super::Head`]); fields not named here are ignored.

#![allow(missing_docs, reason = "the fields are the table of WIRE.md; their units stand with the columns of the store")]

use serde::Deserialize;

use super::{Report, Text};

#[derive(Debug, Deserialize)]
pub struct StatsRow<'a> {
    #[serde(borrow)]
    pub connection: Option<Text<'a>>,
    pub report: Report<'a>,
    pub muted: Option<Vec<Text<'a>>>,
}

#[derive(Debug, Deserialize)]
pub struct SampleRow<'a> {
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

#[derive(Debug, Deserialize)]
pub struct EventRow<'a> {
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    pub connect_ms: Option<f64>,
    pub duration_ms: Option<f64>,
    pub reason: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct TurnRow<'a> {
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

#[derive(Debug, Deserialize)]
pub struct MessageRow<'a> {
    #[serde(borrow)]
    pub message_id: Option<Text<'a>>,
    pub delivered: Option<bool>,
    pub delivery_ms: Option<f64>,
    pub lost: Option<bool>,
    pub duplicated: Option<bool>,
    pub out_of_order: Option<bool>,
    pub bytes: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub struct InvitationRow<'a> {
    #[serde(borrow)]
    pub invitation_id: Option<Text<'a>>,
    pub state: Option<Text<'a>>,
    pub kind: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct FeedbackRow<'a> {
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

#[derive(Debug, Deserialize)]
pub struct ActivityRow<'a> {
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    pub minutes: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub struct TicketRow<'a> {
    #[serde(borrow)]
    pub ticket_id: Option<Text<'a>>,
    pub opened_at: Option<f64>,
    pub first_response_at: Option<f64>,
    pub resolved_at: Option<f64>,
    pub severity: Option<Text<'a>>,
    pub subject: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct ReleaseRow<'a> {
    #[serde(borrow)]
    pub version: Option<Text<'a>>,
    pub breaking_changes: Option<u32>,
    pub notes: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct IntegrationRow<'a> {
    #[serde(borrow)]
    pub step: Option<Text<'a>>,
    pub hours: Option<f64>,
    pub defects: Option<u32>,
}
