//! What the live board shows, as plain structs. Absent is `None`; every figure travels with its n.

use chrono::{DateTime, Utc};

use crate::statistics::Estimate;

/// A property of sessions by which the board slices and filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// Whose real-time service.
    Vendor,
    /// Service category.
    Service,
    /// Service region.
    Region,
    /// Access network.
    Network,
    /// Platform.
    Platform,
    /// Version of the application.
    AppVersion,
}

impl Dimension {
    /// Every dimension, in the order shown.
    pub const ALL: [Dimension; 6] =
        [Dimension::Vendor, Dimension::Service, Dimension::Region, Dimension::Network, Dimension::Platform, Dimension::AppVersion];

    /// Its column, which is also its name in a URL.
    pub fn column(self) -> &'static str {
        match self {
            Dimension::Vendor => "vendor",
            Dimension::Service => "service",
            Dimension::Region => "region",
            Dimension::Network => "network",
            Dimension::Platform => "platform",
            Dimension::AppVersion => "app_version",
        }
    }

    /// The dimension of that name.
    pub fn parse(name: &str) -> Option<Dimension> {
        Dimension::ALL.into_iter().find(|dimension| dimension.column() == name)
    }
}

/// Sessions whose dimensions have these values: all of the pairs must hold. Empty: every session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Filter(pub Vec<(Dimension, String)>);

/// The whole board at one moment.
#[derive(Debug, Clone)]
pub struct Board {
    /// When it was asked who is there. Windows, slices and series are of a few seconds before.
    pub as_of: DateTime<Utc>,
    /// The newest row of the last hour, if there is one: how far behind the data are.
    pub newest: Option<DateTime<Utc>>,
    /// Where it is bad and since when: worst first, over the last 60 minutes.
    pub slices: Vec<Slice>,
    /// Sessions now.
    pub now: SessionsNow,
    /// What did not arrive in the last 60 minutes.
    pub missing: Missing,
    /// The last 5, 15 and 60 minutes.
    pub windows: Vec<Window>,
    /// The last 60 minutes one by one, oldest first; minutes without rows are there with zeros and `None`.
    pub minutes: Vec<Minute>,
    /// The sessions with most bad minutes of the last 60.
    pub worst: Vec<SessionRow>,
    /// Values to filter by, with their sessions of the last 60 minutes, most first.
    pub choices: Vec<(Dimension, Vec<(String, u64)>)>,
}

/// Batches that clients numbered and that did not arrive: an estimate from the gaps in the numbers, blind to those after the last that did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Missing {
    /// How many.
    pub batches: u64,
    /// Of how many sessions.
    pub sessions: u64,
}

/// One slice of sessions whose bad minutes exceed what the rest would have had. It is told without the sessions of the slices before it, which are
/// neither in it nor in its rest.
#[derive(Debug, Clone)]
pub struct Slice {
    /// What the sessions have in common: one or two dimensions.
    pub filter: Filter,
    /// Sessions in it.
    pub sessions: u64,
    /// Judged session-minutes in it.
    pub minutes: u64,
    /// Of those, bad.
    pub bad: u64,
    /// Its share of bad minutes (interval: sessions as clusters).
    pub bad_share: Estimate,
    /// The rest's share of bad minutes.
    pub rest_share: Estimate,
    /// Bad minutes beyond what the rest's share would give, with its interval.
    pub excess: Estimate,
    /// Whether the interval of the excess lies above zero; where it does not, the slice may be chance.
    pub clear: bool,
    /// The minute in which it turned bad, when one can be told.
    pub onset: Option<DateTime<Utc>>,
    /// (minute, bad, judged) of the last 60 minutes, oldest first.
    pub series: Vec<(DateTime<Utc>, u64, u64)>,
}

/// Who is in a session at this moment.
#[derive(Debug, Clone, Default)]
pub struct SessionsNow {
    /// Sessions that reported within three of their intervals and have not left.
    pub live: u64,
    /// Live sessions by service, most first.
    pub live_by_service: Vec<(String, u64)>,
    /// Sessions of the last 15 minutes that fell silent without a leave.
    pub gone_silent: u64,
    /// The latest of them.
    pub silent: Vec<SessionRow>,
}

/// One session in a list.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Its id.
    pub session_id: String,
    /// Its call.
    pub call_id: String,
    /// Its dimensions, in the order of [`Dimension::ALL`]; empty where not stated.
    pub dimensions: Vec<(Dimension, String)>,
    /// First and last row of the window.
    pub first_at: DateTime<Utc>,
    /// Last row.
    pub last_at: DateTime<Utc>,
    /// Good minutes.
    pub good: u64,
    /// Bad minutes.
    pub bad: u64,
}

/// The good-minute ratio, with what is uncertain about it.
#[derive(Debug, Clone, Copy)]
pub struct GoodMinutes {
    /// good / (good + bad); interval with sessions as clusters; n is good + bad.
    pub ratio: Estimate,
    /// Good session-minutes (for messaging: messages).
    pub good: u64,
    /// Bad ones.
    pub bad: u64,
    /// Minutes in which no objective was measured: in neither.
    pub unclassified: u64,
    /// Minutes in which reports stopped without a leave: in neither.
    pub silent: u64,
    /// The ratio if every silent minute had been good.
    pub if_silent_good: f64,
    /// The ratio if every silent minute had been bad.
    pub if_silent_bad: f64,
}

/// Quantiles over session-minutes (of connect time: over joins), approximate within 2 %.
#[derive(Debug, Clone, Copy)]
pub struct Quantiles {
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Session-minutes (joins) with a value.
    pub n: u64,
}

/// Figures of one window that ends now.
#[derive(Debug, Clone)]
pub struct Window {
    /// Its length, minutes.
    pub minutes: u32,
    /// Sessions in it.
    pub sessions: u64,
    /// Session-minutes in it: the denominator of every coverage.
    pub session_minutes: u64,
    /// The headline.
    pub good_minutes: Option<GoodMinutes>,
    /// Connect time of successful joins, ms.
    pub connect_ms: Option<Quantiles>,
    /// Share of joins connected within the best objective (600 ms by default).
    pub connect_best: Option<Estimate>,
    /// Share of attempts that joined.
    pub join_success: Option<Estimate>,
    /// Round-trip time, ms.
    pub rtt_ms: Option<Quantiles>,
    /// Jitter of audio received, ms.
    pub jitter_ms: Option<Quantiles>,
    /// Loss, 0 to 1.
    pub loss_ratio: Option<Quantiles>,
    /// Time frozen over video time, 0 to 1.
    pub freeze_ratio: Option<Quantiles>,
    /// Estimated MOS-CQ of audio, by band. Here p95 is the 5th percentile: the bad end.
    pub mos: Vec<MosFigure>,
    /// AI response time, ms.
    pub response_ms: Option<Quantiles>,
    /// AI interruption time, ms.
    pub interruption_ms: Option<Quantiles>,
}

/// Estimated MOS of one band.
#[derive(Debug, Clone)]
pub struct MosFigure {
    /// NB, WB or FB: figures of different bands are never mixed.
    pub band: String,
    /// Mean over session-minutes.
    pub mean: f64,
    /// 5th percentile over session-minutes.
    pub p5: f64,
    /// Session-minutes with a score.
    pub n: u64,
    /// What the score rests on, such as "opus scored as G.711 with PLC".
    pub assumptions: Vec<String>,
}

/// One minute of the last 60.
#[derive(Debug, Clone)]
pub struct Minute {
    /// Its start.
    pub at: DateTime<Utc>,
    /// Sessions in it.
    pub sessions: u64,
    /// Good session-minutes.
    pub good: u64,
    /// Bad ones.
    pub bad: u64,
    /// Unclassified ones.
    pub unclassified: u64,
    /// Ones in which reports stopped.
    pub silent: u64,
    /// Round-trip time: median over sessions, ms.
    pub rtt_ms_p50: Option<f64>,
    /// 95th percentile, ms.
    pub rtt_ms_p95: Option<f64>,
    /// Jitter: 95th percentile, ms.
    pub jitter_ms_p95: Option<f64>,
    /// Loss: 95th percentile, 0 to 1.
    pub loss_ratio_p95: Option<f64>,
    /// Freeze: 95th percentile, 0 to 1.
    pub freeze_ratio_p95: Option<f64>,
    /// Connect time of joins in this minute: 95th percentile, ms.
    pub connect_ms_p95: Option<f64>,
    /// Estimated narrowband MOS: mean over sessions.
    pub mos_nb_mean: Option<f64>,
    /// AI response time: 95th percentile, ms.
    pub response_ms_p95: Option<f64>,
}

/// One session from beginning to end.
#[derive(Debug, Clone)]
pub struct SessionTimeline {
    /// Its keys: (column, value), those that were stated.
    pub keys: Vec<(&'static str, String)>,
    /// First row.
    pub first_at: DateTime<Utc>,
    /// Last row.
    pub last_at: DateTime<Utc>,
    /// live, left or gone_silent.
    pub state: SessionState,
    /// Its minutes with their verdicts.
    pub minutes: Vec<JudgedMinute>,
    /// What happened in it, in order.
    pub events: Vec<(DateTime<Utc>, String, String)>,
    /// Its streams.
    pub streams: Vec<StreamSeries>,
    /// AI turns: (when, response_ms, interruption_ms).
    pub turns: Vec<(DateTime<Utc>, Option<f64>, Option<f64>)>,
    /// Answers given in it: (when, kind, score, scale_low, scale_high, text).
    pub feedback: Vec<(DateTime<Utc>, String, f64, f64, f64, String)>,
    /// Set when there was more than the timeline shows.
    pub cut_off: bool,
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// Reports come in.
    Live,
    /// It said it left.
    Left,
    /// Reports stopped without a leave.
    GoneSilent,
}

/// One minute of a session.
#[derive(Debug, Clone)]
pub struct JudgedMinute {
    /// Its start.
    pub at: DateTime<Utc>,
    /// good, bad, unclassified or silent.
    pub verdict: &'static str,
    /// Objectives missed: (measure name, value, limit).
    pub missed: Vec<(&'static str, f64, f64)>,
    /// Estimated MOS and its band.
    pub mos: Option<(f64, &'static str)>,
}

/// One stream of a session over time.
#[derive(Debug, Clone)]
pub struct StreamSeries {
    /// Its id.
    pub stream_id: String,
    /// audio or video.
    pub kind: String,
    /// inbound or outbound.
    pub direction: String,
    /// Codec.
    pub codec: String,
    /// Its samples, oldest first.
    pub points: Vec<StreamPoint>,
}

/// One sample of a stream, as ratios and means where counters would not speak.
#[derive(Debug, Clone)]
pub struct StreamPoint {
    /// End of the interval.
    pub at: DateTime<Utc>,
    /// Round-trip time, ms.
    pub rtt_ms: Option<f64>,
    /// Jitter, ms.
    pub jitter_ms: Option<f64>,
    /// lost / (lost + received).
    pub loss_ratio: Option<f64>,
    /// Bit rate, kbit/s.
    pub bitrate_kbps: Option<f64>,
    /// Concealed audible share of audio samples.
    pub audible_concealment_ratio: Option<f64>,
    /// Time frozen, ms.
    pub freeze_ms: Option<f64>,
    /// Time beyond 1 s without a packet, ms.
    pub gap_ms: Option<f64>,
    /// Frames per second.
    pub frame_rate: Option<f64>,
    /// Frame height, px.
    pub height: Option<u16>,
}
