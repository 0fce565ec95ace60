//! The lines of a derivation: symbol, words, value, unit and equation.

use super::super::codec::{Codec, NotComputable};
use super::super::e_model::{Rating, Transmission};
use super::super::label::Band;
use super::super::loss::{Impairment, Loss};
use super::super::rating::RFactor;
use super::super::ratio::Ratio;
use super::super::voice_minute::mos_in;
use super::super::wideband::wideband_rating;

/// One line of the derivation.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The symbol of the standard, such as `Ie,eff`.
    pub symbol: &'static str,
    /// What it is, in words.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// Its unit; empty for points of R and other bare numbers.
    pub unit: &'static str,
    /// Where it comes from: a standard with its equation, or the input.
    pub source: String,
}

/// The steps from delay, loss and codec to R and MOS on the codec's scale, and the R they arrive at.
pub(super) fn derivation(ta_ms: f64, loss: Loss, codec: &Codec) -> Result<(Vec<Step>, RFactor), NotComputable> {
    let mut steps = input_steps(ta_ms, loss, codec);
    let (r, name, equation) = match codec.band {
        Band::Narrow => {
            let r = narrowband(ta_ms, codec, loss, &mut steps)?;
            (r, "conversational quality, narrowband scale", g107("eq. B-4"))
        }
        Band::Wide | Band::Full => {
            let r = wideband(ta_ms, codec, loss, &mut steps)?;
            (r, "conversational quality, wideband scale", g107_1("eq. A-1 and A-2"))
        }
    };
    steps.push(point(codec.band.mos_name(), name, mos_in(codec.band, r).get(), equation));
    Ok((steps, r))
}

fn input_steps(ta_ms: f64, loss: Loss, codec: &Codec) -> Vec<Step> {
    let given = || String::from("input");
    let bpl = codec.under(loss).ok().map(|(impairment, _)| impairment.bpl);
    let mut steps = vec![
        Step { symbol: "Ta", name: "one-way delay, mouth to ear", value: ta_ms, unit: "ms", source: given() },
        Step { symbol: "Ppl", name: "packet loss", value: loss.ratio.percent(), unit: "%", source: given() },
        point("BurstR", "burst ratio", loss.burst.get(), given()),
        point("Ie", "codec impairment without loss", codec.ie, codec.source.clone()),
    ];
    steps.extend(bpl.map(|value| Step { symbol: "Bpl", name: "robustness to loss", value, unit: "%", source: codec.source.clone() }));
    steps
}

fn narrowband(ta_ms: f64, codec: &Codec, loss: Loss, steps: &mut Vec<Step>) -> Result<RFactor, NotComputable> {
    let (impairment, loss) = match codec.under(loss) {
        // Without loss Bpl has no part in the result: any will do.
        Err(_) if loss.ratio == Ratio::ZERO => (Impairment { ie: codec.ie, bpl: 1.0 }, Loss::NONE),
        known => known?,
    };
    let rating = Transmission::default().with_one_way_delay_ms(ta_ms).with_codec(impairment, loss).rating();
    steps.extend(rating_steps(&rating));
    Ok(rating.r)
}

fn rating_steps(rating: &Rating) -> [Step; 13] {
    let at = g107;
    [
        Step { symbol: "No", name: "noise at the 0 dBr point", value: rating.no_dbm0p, unit: "dBm0p", source: at("eq. 7-3") },
        point("Ro", "basic signal-to-noise ratio", rating.ro, at("eq. 7-2")),
        point("Iolr", "loudness", rating.iolr, at("eq. 7-9")),
        point("Ist", "sidetone", rating.ist, at("eq. 7-11")),
        point("Iq", "quantising", rating.iq, at("eq. 7-13")),
        point("Is", "simultaneous impairments", rating.is, at("eq. 7-8")),
        point("Idte", "talker echo", rating.idte, at("eq. 7-19")),
        point("Idle", "listener echo", rating.idle, at("eq. 7-25")),
        point("Idd", "absolute delay", rating.idd, at("eq. 7-27")),
        point("Id", "delay impairments", rating.id, at("eq. 7-18")),
        point("Ie,eff", "codec and loss", rating.ie_eff, at("eq. 7-29")),
        point("A", "advantage", rating.a, at("clause 7.6")),
        point("R", "rating = Ro - Is - Id - Ie,eff + A", rating.r.get(), at("eq. 7-1")),
    ]
}

fn wideband(ta_ms: f64, codec: &Codec, loss: Loss, steps: &mut Vec<Step>) -> Result<RFactor, NotComputable> {
    let rating = wideband_rating(ta_ms, codec, loss)?;
    steps.extend([
        point("Ro", "clean wideband channel", rating.ro, g107_1("eq. 7-2")),
        point("Idd", "absolute delay", rating.idd, g107_1("eq. 7-13")),
        point("Ie,eff", "codec and loss", rating.ie_eff, g107_1("eq. 7-15")),
        point("R", "rating = Ro - Idd - Ie,eff", rating.r.get(), g107_1("eq. 7-1")),
    ]);
    Ok(rating.r)
}

fn g107(equation: &str) -> String {
    format!("ITU-T G.107 (06/2015), {equation}")
}

fn g107_1(equation: &str) -> String {
    format!("ITU-T G.107.1 (06/2019), {equation}")
}

fn point(symbol: &'static str, name: &'static str, value: f64, source: String) -> Step {
    Step { symbol, name, value, unit: "", source }
}
