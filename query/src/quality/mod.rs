//! How good it was, from what was measured: the voice model, what a good minute is, and words for figures.
//!
//! Numbers in, numbers out: nothing here waits, reads a clock, or knows a table or a query. In reading order:
//!
//! | module | answers |
//! |---|---|
//! | [`ratio`], [`loss`] | what a share is; what packet loss costs with a codec |
//! | [`rating`] | R, MOS, and the way from one to the other |
//! | [`e_model`] | R of a narrowband connection, with every step (ITU-T G.107) |
//! | [`codec`], `codec_table` | what each codec is worth, or why it is not scored (ITU-T G.113) |
//! | [`wideband`] | R and MOS on the wideband scale (ITU-T G.107.1) |
//! | [`label`] | what must be said with a score; means within one band |
//! | [`recipe`] | the same formula as plain arithmetic, for a database |
//! | [`voice_minute`] | the score of one minute of one session |
//! | [`score`](mod@score) | one set of figures with its whole derivation |
//! | [`measure`], [`objectives`] | what can be judged, and the limits by service, industry and scenario |
//! | [`good_minute`] | the verdict on a minute, and the good-minute ratio |
//! | [`bands`] | words: satisfaction, freeze, frame rate, resolution |

pub mod bands;
pub mod codec;
mod codec_table;
pub mod e_model;
pub mod good_minute;
pub mod label;
pub mod loss;
pub mod measure;
pub mod objectives;
pub mod rating;
pub mod ratio;
pub mod recipe;
pub mod score;
pub mod voice_minute;
pub mod wideband;

pub use bands::{PictureBand, Resolution, Satisfaction};
pub use codec::{Codec, CodecEdit, CodecEditError, CodecTable, NotComputable, codec_key};
pub use e_model::{Rating, Transmission};
pub use good_minute::{
    Delivery, GoodMinuteRatio, MinuteCounts, MinuteMeasures, MinuteVerdict, Presence, Reason, good_minute_ratio, judge_message,
    judge_minute,
};
pub use label::{Band, Label, MOS_KIND, MeanScore, MixedBands, Score, mean_score};
pub use loss::{BurstRatio, Impairment, Loss, ie_eff};
pub use measure::{DELIVERY_STEPS_MS, Measure, Role, SERVICES, Side};
pub use objectives::{Context, DEFAULT_OBJECTIVES, Holding, Objective, Objectives, ObjectivesError, Rule};
pub use rating::{Mos, RFactor, mos};
pub use ratio::Ratio;
pub use recipe::{Recipe, RecipeConstants};
pub use score::{ScoreError, ScoreInput, ScoreSteps, Step, loss_ratio, score};
pub use voice_minute::{NotScored, PACKET_MS, VoiceMinute, loss_with_discards, one_way_delay_ms, voice_score};
pub use wideband::{WIDEBAND_CEILING, WIDEBAND_STRETCH, WidebandRating, wideband_mos, wideband_rating};
