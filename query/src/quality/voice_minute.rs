//! The E-model over one minute of one session: from what a report measured to a score with its label.
//!
//! Delay is Ta = rtt / 2 + jitter buffer + 20 ms; loss counts discards, because to the listener a packet that came too late
//! is lost. A minute whose round trip or loss was not measured has no score: an average over minutes with blanks read as
//! perfect would be the better the less was measured.

use super::codec::{CodecTable, NotComputable};
use super::label::{Band, Label, Score};
use super::loss::{BurstRatio, Loss};
use super::rating::{Mos, RFactor, mos};
use super::ratio::Ratio;
use super::recipe::{Recipe, RecipeConstants};
use super::wideband::wideband_mos;

/// What capture, packetisation and playout add to the network and the jitter buffer, ms. Our choice: one packet of 20 ms,
/// the default packet of RTP audio (RFC 3551) and of every browser; devices add more, which no report tells.
pub const PACKET_MS: f64 = 20.0;

/// One-way delay from mouth to ear in ms, estimated as rtt / 2 + jitter buffer + 20.
///
/// Half the round trip takes the path for symmetric. Where the jitter buffer's delay is not known it counts as 0, and the
/// result is a lower bound. `None` when the round trip was not measured or is no duration.
pub fn one_way_delay_ms(rtt_ms: Option<f64>, jitter_buffer_ms: Option<f64>) -> Option<f64> {
    let duration = |ms: &f64| ms.is_finite() && *ms >= 0.0;
    let rtt = rtt_ms.filter(duration)?;
    Some(rtt / 2.0 + jitter_buffer_ms.filter(duration).unwrap_or(0.0) + PACKET_MS)
}

/// The share of packets the decoder did not get: (lost + discarded) / (received + lost), 0 to 1.
///
/// Discarded packets were received, so they stand in the denominator already. `lost` is signed, as late duplicates make the
/// counter fall. `None` when received or lost was not measured, and when nothing was expected.
pub fn loss_with_discards(received: Option<u64>, lost: Option<i64>, discarded: Option<u64>) -> Option<Ratio> {
    let (received, lost) = (received? as f64, lost? as f64);
    Ratio::of(lost + discarded.unwrap_or(0) as f64, received + lost)
}

/// What was measured of the audio that one participant received in one minute. `None` is "not measured", never 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct VoiceMinute<'a> {
    /// Mean round-trip time, ms.
    pub rtt_ms: Option<f64>,
    /// Mean time that audio waited in the jitter buffer, ms.
    pub jitter_buffer_ms: Option<f64>,
    /// Packets received, discarded ones included.
    pub packets_received: Option<u64>,
    /// Packets lost, signed.
    pub packets_lost: Option<i64>,
    /// Packets received too late and thrown away.
    pub packets_discarded: Option<u64>,
    /// How clustered the loss was.
    pub burst: Option<BurstRatio>,
    /// The codec, as the report names it.
    pub codec: Option<&'a str>,
}

/// Why a minute has no voice score.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotScored {
    /// No round trip, hence no delay.
    #[error("round-trip time was not measured")]
    NoRtt,
    /// No packet counts, hence no loss; or no packet was expected.
    #[error("packet loss was not measured")]
    NoLoss,
    /// The report names no codec.
    #[error("the codec is not named")]
    NoCodec,
    /// The codec cannot be scored.
    #[error(transparent)]
    Codec(#[from] NotComputable),
}

/// The score of a minute, labelled with its band and with what was assumed.
///
/// A codec without a published loss factor is refused also in a minute without loss: if only its clean minutes had scores,
/// their average would leave out just the bad ones.
pub fn voice_score(minute: &VoiceMinute<'_>, codecs: &CodecTable) -> Result<Score, NotScored> {
    let ta_ms = one_way_delay_ms(minute.rtt_ms, minute.jitter_buffer_ms).ok_or(NotScored::NoRtt)?;
    let ratio = loss_with_discards(minute.packets_received, minute.packets_lost, minute.packets_discarded).ok_or(NotScored::NoLoss)?;
    let codec = codecs.find(minute.codec.ok_or(NotScored::NoCodec)?)?;
    let loss = Loss { ratio, burst: minute.burst.unwrap_or(BurstRatio::RANDOM) };
    let (impairment, used) = codec.under(loss)?;
    let unknown = || NotComputable::OtherBand { codec: codec.name.clone(), has: codec.band, wanted: Band::Narrow };
    let constants = RecipeConstants::of(codec.band).ok_or_else(unknown)?;
    let recipe = Recipe { ta_ms, loss_ratio: used.ratio.get(), ie: impairment.ie, bpl: impairment.bpl, burst_r: used.burst.get() };
    let r = RFactor::new(recipe.r(constants)).ok_or(NotComputable::Delay { ta_ms })?;
    let mut assumptions = vec![String::from("one-way delay is half the round trip, plus jitter buffer and 20 ms")];
    let mut assume = |when: bool, what: &str| {
        if when {
            assumptions.push(what.to_owned());
        }
    };
    assume(minute.jitter_buffer_ms.is_none(), "jitter-buffer delay was not measured and counts as 0");
    assume(minute.packets_discarded.is_none(), "discarded packets were not measured and count as 0");
    assume(minute.burst.is_none(), "loss is random");
    assume(!loss.is_validated(), "loss is burstier than the model was validated for");
    assume(true, "echo is cancelled");
    assumptions.extend(codec.assumption.clone());
    Ok(Score { r, mos: mos_in(codec.band, r), label: Label { band: codec.band, assumptions } })
}

/// The MOS of a rating on the scale of its band.
pub(super) fn mos_in(band: Band, r: RFactor) -> Mos {
    match band {
        Band::Narrow => mos(r),
        Band::Wide | Band::Full => wideband_mos(r),
    }
}

#[cfg(test)]
mod tests {
    use super::super::e_model::Transmission;
    use super::super::loss::Impairment;
    use super::*;

    const MINUTE: VoiceMinute<'static> = VoiceMinute {
        rtt_ms: Some(160.0),
        jitter_buffer_ms: Some(50.0),
        packets_received: Some(2970),
        packets_lost: Some(30),
        packets_discarded: Some(30),
        burst: None,
        codec: Some("audio/opus"),
    };

    fn score(minute: VoiceMinute<'_>) -> Result<Score, NotScored> {
        voice_score(&minute, &CodecTable::default())
    }

    #[test]
    fn a_minute_is_the_full_model_at_its_delay_and_loss() {
        let got = score(MINUTE).unwrap();
        let loss = Loss::random(Ratio::from_percent(2.0).unwrap());
        let full = Transmission::default().with_one_way_delay_ms(150.0).with_codec(Impairment { ie: 0.0, bpl: 25.1 }, loss);
        assert!((got.r.get() - full.rating().r.get()).abs() < 1e-9);
        assert_eq!(got.mos.to_string(), "4.23");
    }

    #[test]
    fn the_label_says_band_and_every_assumption() {
        let label = score(MINUTE).unwrap().label;
        assert_eq!(label.band, Band::Narrow);
        assert_eq!(
            label.assumptions,
            [
                "one-way delay is half the round trip, plus jitter buffer and 20 ms",
                "loss is random",
                "echo is cancelled",
                "opus scored as G.711 with PLC; no G.113 value",
            ]
        );
        let bare = score(VoiceMinute { jitter_buffer_ms: None, packets_discarded: None, ..MINUTE }).unwrap();
        assert_eq!(bare.label.assumptions.len(), 6);
    }

    #[test]
    fn a_minute_with_nothing_measured_is_not_a_perfect_one() {
        assert_eq!(score(VoiceMinute { rtt_ms: None, ..MINUTE }), Err(NotScored::NoRtt));
        assert_eq!(score(VoiceMinute { rtt_ms: Some(f64::NAN), ..MINUTE }), Err(NotScored::NoRtt));
        assert_eq!(score(VoiceMinute { packets_lost: None, ..MINUTE }), Err(NotScored::NoLoss));
        assert_eq!(score(VoiceMinute { packets_received: Some(0), packets_lost: Some(0), ..MINUTE }), Err(NotScored::NoLoss));
        assert_eq!(score(VoiceMinute { codec: None, ..MINUTE }), Err(NotScored::NoCodec));
    }

    #[test]
    fn a_codec_without_loss_factor_does_not_score_its_clean_minutes_only() {
        let clean = VoiceMinute { packets_lost: Some(0), packets_discarded: Some(0), codec: Some("audio/G722"), ..MINUTE };
        assert_eq!(score(clean).unwrap_err().to_string(), "no packet-loss factor is published for g722");
    }

    #[test]
    fn packets_that_came_too_late_are_lost_to_the_listener() {
        assert_eq!(loss_with_discards(Some(2970), Some(30), Some(30)), Ratio::new(0.02));
        assert_eq!(loss_with_discards(Some(2970), Some(30), None), Ratio::new(0.01));
        assert_eq!(loss_with_discards(Some(100), Some(-3), Some(0)), Some(Ratio::ZERO));
        assert_eq!(loss_with_discards(Some(0), Some(50), None), Some(Ratio::ONE));
        assert_eq!(loss_with_discards(Some(0), Some(0), Some(0)), None);
    }

    #[test]
    fn a_wideband_codec_is_scored_on_its_own_scale() {
        let got = score(VoiceMinute { codec: Some("amr-wb-12.65-diotic"), ..MINUTE }).unwrap();
        assert_eq!(got.label.band, Band::Wide);
        assert!((got.r.get() - (129.0 - 1.29 * 0.163_531 - 43.809_524)).abs() < 1e-5);
    }
}
