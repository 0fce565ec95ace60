//! The rows of the codec table: published figures, and our assumptions where there are none.
//!
//! ITU-T G.113 (09/2024): Appendix I, Tables I.1 (Ie) and I.4 (Ie with Bpl), narrowband; Appendix IV, Tables IV.1 (Ie,wb,
//! one ear), IV.3 (Ie,wb, both ears) and IV.4 (Bpl,wb, both ears, uniform loss), wideband. It calls all of them provisional
//! planning values. Opus stands in none of its tables; figures fitted by Alahmadi (MIT licence, 2021) can be chosen by name.

use std::collections::BTreeMap;

use super::codec::Codec;
use super::label::Band;

const APPENDIX_I: &str = "ITU-T G.113 (09/2024) Appendix I, Tables I.1 and I.4";
const APPENDIX_IV: &str = "ITU-T G.113 (09/2024) Appendix IV, Tables IV.1, IV.3 and IV.4";
const OPUS_FIT: &str = "Alahmadi, E-model factors of Opus fitted to listening quality, Opus_emodel.js (MIT licence, 2021)";

/// Names, Ie, Bpl, and what is assumed by scoring the codec so.
type NarrowRow = (&'static [&'static str], f64, Option<f64>, Option<&'static str>);

/// Narrowband codecs, from G.113 Appendix I.
const NARROW: [NarrowRow; 11] = [
    (&["pcmu", "pcma", "g711"], 0.0, Some(25.1), Some("G.711 with packet-loss concealment (PLC) in the receiver")),
    (&["pcmu-no-plc", "pcma-no-plc", "g711-no-plc"], 0.0, Some(4.3), None),
    (&["opus"], 0.0, Some(25.1), Some("opus scored as G.711 with PLC; no G.113 value")),
    (&["g729", "g729a"], 11.0, Some(19.0), Some("G.729 scored as G.729A with VAD, the form with a published Bpl")),
    (&["g723"], 15.0, Some(16.1), Some("G.723.1 scored at 6.3 kbit/s with VAD, the form with a published Bpl")),
    (&["gsm-efr"], 5.0, Some(10.0), None),
    (&["g726-40"], 2.0, None, None),
    (&["g726-32"], 7.0, None, None),
    (&["g726-24"], 25.0, None, None),
    (&["g726-16"], 50.0, None, None),
    (&["g728"], 7.0, None, None),
];

/// AMR-WB: mode in kbit/s, Ie,wb for one ear (a handset), Ie,wb and Bpl,wb for both ears (a headset). The worse 23.85 is as
/// published, in three tables. No Bpl exists for one ear.
const AMR_WB: [(&str, f64, Option<f64>, Option<f64>); 9] = [
    ("6.60", 41.0, Some(56.0), None),
    ("8.85", 26.0, Some(41.0), None),
    ("12.65", 13.0, Some(20.0), Some(4.3)),
    ("14.25", 10.0, None, None),
    ("15.85", 7.0, Some(17.0), None),
    ("18.25", 5.0, None, None),
    ("19.85", 3.0, None, None),
    ("23.05", 1.0, Some(8.0), Some(4.6)),
    ("23.85", 8.0, Some(10.0), Some(4.9)),
];

/// Opus by band, rate control and kbit/s: Ie, Bpl under random and under bursty loss. The fit also has superwideband rows;
/// they need the fullband model (G.107.2), which is not computed here.
const OPUS: [(&str, f64, f64, f64); 17] = [
    ("nb-vbr-6", 23.002_335, 24.564_485, 15.355_035),
    ("nb-vbr-7", 21.255_459, 22.458_850, 14.425_495),
    ("nb-vbr-8", 16.024_434, 20.258_667, 13.479_630),
    ("nb-vbr-9", 11.736_744, 18.908_298, 12.442_225),
    ("nb-cbr-6", 46.268_343, 8.939_711, 5.655_040),
    ("nb-cbr-7", 31.734_804, 18.179_143, 11.764_463),
    ("nb-cbr-8", 19.245_478, 15.128_234, 10.131_584),
    ("nb-cbr-9", 13.208_798, 17.239_210, 11.364_271),
    ("nb-cbr-10", 6.197_366, 15.329_730, 10.470_440),
    ("nb-cbr-11", 2.030_115, 15.951_648, 10.733_137),
    ("wb-vbr-11", 28.413_223, 23.939_796, 20.119_874),
    ("wb-vbr-12", 23.295_057, 22.215_186, 18.903_761),
    ("wb-vbr-13", 19.958_882, 19.496_087, 16.919_556),
    ("wb-cbr-12", 29.764_351, 24.809_480, 20.777_040),
    ("wb-cbr-13", 26.161_082, 23.004_719, 19.372_252),
    ("wb-cbr-14", 20.771_946, 17.562_310, 15.848_247),
    ("wb-cbr-15", 18.062_750, 18.737_408, 16.097_407),
];

/// Known codecs that are not scored, with the reason.
const REFUSED: [(&str, &str); 6] = [
    ("amr", "G.113 publishes no Ie for narrowband AMR, and that of a relative would be borrowed"),
    ("amr-wb", "its modes span a whole MOS point and reports do not name the mode; choose one such as amr-wb-12.65-diotic"),
    ("evs", "G.113 has it only on the fullband scale, which is not computed"),
    ("red", "it is a wrapper for redundant copies, and the codec inside is not named"),
    ("telephone-event", "it carries key presses and no speech"),
    ("cn", "it carries comfort noise and no speech"),
];

/// All rows by key: a codec, or the reason it is not scored.
pub(super) fn rows() -> BTreeMap<String, Result<Codec, String>> {
    let refused = REFUSED.iter().map(|(name, reason)| ((*name).to_owned(), Err((*reason).to_owned())));
    let codecs = narrow().chain(wide()).chain(opus_fit());
    codecs.map(|codec| (codec.name.clone(), Ok(codec))).chain(refused).collect()
}

fn narrow() -> impl Iterator<Item = Codec> {
    NARROW.iter().flat_map(|(names, ie, bpl, assumption)| {
        names.iter().map(|name| Codec {
            name: (*name).to_owned(),
            ie: *ie,
            bpl: *bpl,
            bpl_bursty: None,
            band: Band::Narrow,
            source: String::from(APPENDIX_I),
            provisional: true,
            assumption: assumption.map(String::from),
        })
    })
}

fn wide() -> impl Iterator<Item = Codec> {
    let row = |name: String, ie: f64, bpl: Option<f64>| Codec {
        name,
        ie,
        bpl,
        bpl_bursty: None,
        band: Band::Wide,
        source: String::from(APPENDIX_IV),
        provisional: true,
        assumption: None,
    };
    let amr_wb = AMR_WB.iter().flat_map(move |(mode, one_ear, both_ears, bpl)| {
        let monotic = row(format!("amr-wb-{mode}-monotic"), *one_ear, None);
        let diotic = both_ears.map(|ie| row(format!("amr-wb-{mode}-diotic"), ie, *bpl));
        [Some(monotic), diotic].into_iter().flatten()
    });
    // G.722 over RTP runs at 64 kbit/s; the table has 13 for that rate and no Bpl.
    amr_wb.chain([row(String::from("g722"), 13.0, None)])
}

fn opus_fit() -> impl Iterator<Item = Codec> {
    OPUS.iter().map(|(form, ie, random, bursty)| Codec {
        name: format!("opus-{form}"),
        ie: *ie,
        bpl: Some(*random),
        bpl_bursty: Some(*bursty),
        band: if form.starts_with("wb") { Band::Wide } else { Band::Narrow },
        source: String::from(OPUS_FIT),
        provisional: true,
        assumption: Some(String::from("Opus factors of a published fit, taken to be on the scale of their band; no G.113 value")),
    })
}
