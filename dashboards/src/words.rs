//! Every word on the pages, in two languages. A word that one language lacks does not compile.

mod en;
mod values;
mod zh;

pub use en::EN;
pub use values::{dimension_value, event_name, key_name, key_value, measure_name, service_name};
pub use zh::ZH;

use qoe_query::board::Dimension;

/// The words of one language. Texts with a gap are functions of what fills it.
#[derive(Debug)]
pub struct Words {
    /// Its tag for `<html lang>`.
    pub tag: &'static str,
    /// Units.
    pub unit: Units,
    /// The frame of every page.
    pub page: Page,
    /// Filters.
    pub filter: Filters,
    /// Where it is bad and since when.
    pub slices: Slices,
    /// Who is there now.
    pub now: Now,
    /// Figures of the windows.
    pub figures: Figures,
    /// Charts.
    pub chart: Charts,
    /// Lists of sessions.
    pub sessions: Sessions,
    /// The page of one session.
    pub session: Session,
    /// The page of satisfaction.
    pub satisfaction: Satisfaction,
    /// Keys on the keyboard.
    pub keys: Keys,
    /// Pages that say what went wrong.
    pub problem: Problems,
    /// The page that takes a read key.
    pub gate: Gate,
    /// Dimensions, in the order of [`Dimension::ALL`].
    pub dimensions: [&'static str; 6],
    /// Stands for an empty value.
    pub not_stated: &'static str,
}

impl Words {
    /// What a dimension is called.
    pub fn dimension(&self, dimension: Dimension) -> &'static str {
        let position = Dimension::ALL.iter().position(|other| *other == dimension);
        position.map_or("", |position| self.dimensions[position])
    }
}

/// Units that are words.
#[derive(Debug)]
pub struct Units {
    pub second: &'static str,
    pub minute: &'static str,
    pub hour: &'static str,
    pub minutes: &'static str,
    pub sessions: &'static str,
    pub joins: &'static str,
    pub attempts: &'static str,
    /// "the last 5 min"
    pub last_minutes: fn(u32) -> String,
}

/// The frame of every page.
#[derive(Debug)]
pub struct Page {
    pub title: &'static str,
    pub pages: &'static str,
    pub skip: &'static str,
    pub project: &'static str,
    pub settings: &'static str,
    pub zone: &'static str,
    pub local_zone: &'static str,
    pub theme: &'static str,
    pub theme_system: &'static str,
    pub theme_light: &'static str,
    pub theme_dark: &'static str,
    /// The name of the other language, in that language.
    pub other_language: &'static str,
    pub help: &'static str,
    pub as_of: &'static str,
    /// How far the newest row lies behind.
    pub lag: fn(&str) -> String,
    pub no_rows: &'static str,
    pub live: &'static str,
    pub paused_without_script: &'static str,
    pub connection_lost: &'static str,
    /// ClickHouse is silent since, figures shown are of.
    pub away: fn(&str, &str) -> String,
    /// A question failed at; figures shown are of.
    pub failing: fn(&str, &str) -> String,
    pub method: &'static str,
}

/// Filters.
#[derive(Debug)]
pub struct Filters {
    pub title: &'static str,
    pub add: &'static str,
    pub search: &'static str,
    pub all_sessions: &'static str,
    pub remove: fn(&str) -> String,
    pub remove_all: &'static str,
    pub no_choices: &'static str,
}

/// Where it is bad and since when.
#[derive(Debug)]
pub struct Slices {
    pub title: &'static str,
    pub note: &'static str,
    pub what: &'static str,
    pub bad_share: &'static str,
    pub rest: &'static str,
    pub excess: &'static str,
    pub since: &'static str,
    pub trend: &'static str,
    pub may_be_chance: &'static str,
    /// Time of day.
    pub onset: fn(&str) -> String,
    /// Span.
    pub ago: fn(&str) -> String,
    pub no_onset: &'static str,
    pub select: fn(&str) -> String,
    /// Share and interval of the slice, the same of the rest.
    pub whisker: fn(&str, &str) -> String,
    /// Share now at its highest, onset.
    pub spark: fn(&str, &str) -> String,
    pub nothing: &'static str,
    /// The least judged minutes of a slice.
    pub nothing_note: fn(u64) -> String,
    pub no_data: &'static str,
    pub no_data_note: &'static str,
}

/// Who is there now.
#[derive(Debug)]
pub struct Now {
    pub title: &'static str,
    pub live: &'static str,
    pub note: &'static str,
    pub nobody: &'static str,
    pub gone_silent: &'static str,
    pub silent_note: &'static str,
    pub silent_list: &'static str,
    pub none_silent: &'static str,
    pub last_row: &'static str,
    /// Batches, sessions.
    pub missing: fn(&str, &str) -> String,
    pub missing_note: &'static str,
}

/// Figures of the windows.
#[derive(Debug)]
pub struct Figures {
    pub title: &'static str,
    pub note: &'static str,
    pub headline_caption: &'static str,
    pub media_caption: &'static str,
    pub good_minutes: &'static str,
    pub good_bad: fn(&str, &str) -> String,
    pub unclassified: fn(&str) -> String,
    pub silent: fn(&str) -> String,
    /// The ratio if silent minutes were bad, if they were good.
    pub silent_range: fn(&str, &str) -> String,
    pub join_success: &'static str,
    pub connect: &'static str,
    pub connect_best: &'static str,
    pub connect_best_note: &'static str,
    pub rtt: &'static str,
    pub jitter: &'static str,
    pub loss: &'static str,
    pub freeze: &'static str,
    /// The band.
    pub mos: fn(&str) -> String,
    pub mos_note: &'static str,
    pub mos_none: &'static str,
    pub assumptions: &'static str,
    pub response: &'static str,
    pub interruption: &'static str,
    pub p50_p95: &'static str,
    pub mean_p5: &'static str,
    pub not_measured: &'static str,
    pub covered: fn(&str) -> String,
}

/// Charts.
#[derive(Debug)]
pub struct Charts {
    pub title: &'static str,
    pub note: &'static str,
    pub minutes: &'static str,
    pub good: &'static str,
    pub bad: &'static str,
    pub silent: &'static str,
    pub unclassified: &'static str,
    pub rtt: &'static str,
    pub loss: &'static str,
    pub jitter: &'static str,
    pub freeze: &'static str,
    pub connect: &'static str,
    pub mos: &'static str,
    pub response: &'static str,
    pub interruption: &'static str,
    pub concealment: &'static str,
    pub delay_jitter: &'static str,
    pub loss_concealment: &'static str,
    pub bitrate: &'static str,
    pub interruptions_of_media: &'static str,
    pub frozen: &'static str,
    pub gap: &'static str,
    pub frame_rate: &'static str,
    pub height: &'static str,
    pub turns: &'static str,
    pub mean: &'static str,
    pub as_table: &'static str,
    pub time: &'static str,
    pub no_values: &'static str,
    pub keyboard: fn(&str) -> String,
}

/// Lists of sessions.
#[derive(Debug)]
pub struct Sessions {
    pub worst: &'static str,
    pub worst_note: &'static str,
    pub none_bad: &'static str,
    pub session: &'static str,
    pub call: &'static str,
    pub dimensions: &'static str,
    pub seen: &'static str,
    pub bad: &'static str,
    pub of_minutes: &'static str,
}

/// The page of one session.
#[derive(Debug)]
pub struct Session {
    pub title: &'static str,
    pub back: &'static str,
    pub live: &'static str,
    pub left: &'static str,
    pub gone_silent: &'static str,
    pub keys: &'static str,
    pub timeline: &'static str,
    pub not_good: &'static str,
    pub all_good: &'static str,
    pub all_minutes: &'static str,
    pub bad_without_measure: &'static str,
    pub minutes_note: &'static str,
    pub minute: &'static str,
    pub verdict: &'static str,
    pub missed: &'static str,
    pub mos: &'static str,
    /// Good, bad, unclassified, silent minutes.
    pub summary: fn(u64, u64, u64, u64) -> String,
    pub events: &'static str,
    pub event: &'static str,
    pub detail: &'static str,
    pub no_events: &'static str,
    pub streams: &'static str,
    pub no_streams: &'static str,
    pub audio: &'static str,
    pub video: &'static str,
    pub inbound: &'static str,
    pub outbound: &'static str,
    pub turns: &'static str,
    pub feedback: &'static str,
    pub kind: &'static str,
    pub score: &'static str,
    /// Score, lowest, highest.
    pub score_of: fn(&str, &str, &str) -> String,
    pub text: &'static str,
    pub cut_off: &'static str,
}

/// The page of satisfaction.
#[derive(Debug)]
pub struct Satisfaction {
    pub title: &'static str,
    pub back: &'static str,
    /// From, to.
    pub period: fn(&str, &str) -> String,
    pub questions: &'static str,
    pub since: &'static str,
    /// So many days.
    pub days: fn(u32) -> String,
    pub since_then: fn(&str) -> String,
    pub kind: &'static str,
    pub by: &'static str,
    pub all: &'static str,
    /// What answers are about, and that they are about the whole.
    pub about: &'static str,
    pub whole: &'static str,
    pub ask: &'static str,
    pub contents: &'static str,
    pub filtered: &'static str,
    pub unfilter: &'static str,
    /// No answers of this kind.
    pub none: fn(&str) -> String,
}

/// Keys on the keyboard.
#[derive(Debug)]
pub struct Keys {
    pub title: &'static str,
    pub close: &'static str,
    pub enabled: &'static str,
    pub filter: &'static str,
    pub zone: &'static str,
    pub theme: &'static str,
    pub language: &'static str,
    pub next: &'static str,
    pub chart: &'static str,
    pub help: &'static str,
}

/// Pages that say what went wrong.
#[derive(Debug)]
pub struct Problems {
    pub bad_link: &'static str,
    pub bad_link_todo: &'static str,
    pub unknown_project: fn(&str) -> String,
    pub unknown_project_todo: [&'static str; 3],
    pub unknown_session: fn(&str) -> String,
    pub unknown_session_todo: [&'static str; 3],
    pub away: &'static str,
    pub away_todo: &'static str,
    pub failed: &'static str,
    pub failed_todo: &'static str,
    pub to_board: &'static str,
    pub to_default: &'static str,
}

/// The page that takes a read key.
#[derive(Debug)]
pub struct Gate {
    pub title: &'static str,
    pub no_key: &'static str,
    pub unknown_key: &'static str,
    pub write_key: &'static str,
    pub revoked: &'static str,
    /// The project asked for, and those the key opens.
    pub other_project: fn(&str, &[String]) -> String,
    pub foreign_host: fn(&str) -> String,
    pub label: &'static str,
    pub submit: &'static str,
    pub kept: &'static str,
    pub again: &'static str,
}
