//! What is found under which name, what is refused, and what a configuration may change.

use super::super::loss::BurstRatio;
use super::super::ratio::Ratio;
use super::*;

#[track_caller]
fn check(name: &str, ie: f64, bpl: Option<f64>, band: Band) {
    let table = CodecTable::default();
    let codec = table.find(name).unwrap();
    assert_eq!((codec.ie, codec.bpl, codec.band), (ie, bpl, band), "{name}");
    assert!(codec.provisional && codec.source.len() > 10, "{name}");
}

#[test]
fn codecs_are_found_by_the_names_that_reports_use() {
    check("PCMU", 0.0, Some(25.1), Band::Narrow);
    check("audio/PCMA", 0.0, Some(25.1), Band::Narrow);
    check("PCMU/8000", 0.0, Some(25.1), Band::Narrow);
    check("g711-no-plc", 0.0, Some(4.3), Band::Narrow);
    check("audio/G729", 11.0, Some(19.0), Band::Narrow);
    check("G723", 15.0, Some(16.1), Band::Narrow);
    check("GSM-EFR", 5.0, Some(10.0), Band::Narrow);
    check("G726-32", 7.0, None, Band::Narrow);
    check("audio/G722", 13.0, None, Band::Wide);
    check("amr-wb-12.65-diotic", 20.0, Some(4.3), Band::Wide);
    check("opus-wb-vbr-13", 19.958_882, Some(19.496_087), Band::Wide);
    check("opus-nb-cbr-11", 2.030_115, Some(15.951_648), Band::Narrow);
}

#[test]
fn opus_is_scored_as_g711_and_says_so() {
    let table = CodecTable::default();
    let opus = table.find("audio/opus").unwrap();
    assert_eq!(opus.assumption.as_deref(), Some("opus scored as G.711 with PLC; no G.113 value"));
    assert_eq!((opus.ie, opus.bpl, opus.band), (0.0, Some(25.1), Band::Narrow));
}

#[test]
fn an_unknown_codec_is_not_scored_like_an_average_one() {
    let table = CodecTable::default();
    for (name, want) in [
        ("audio/lyra", "no impairment is known for codec \"audio/lyra\" and none is assumed"),
        ("", "no impairment is known for codec \"\" and none is assumed"),
        ("AMR", "amr is not scored: G.113 publishes no Ie for narrowband AMR, and that of a relative would be borrowed"),
    ] {
        assert_eq!(table.find(name).unwrap_err().to_string(), want);
    }
    for name in ["AMR-WB", "audio/EVS", "audio/red", "telephone-event"] {
        assert!(matches!(table.find(name), Err(NotComputable::Refused { .. })), "{name}");
    }
}

/// G.113 gives 23.85 kbit/s a worse Ie than 23.05; it stands in three of its tables and is no slip.
#[test]
fn the_published_inversion_of_amr_wb_is_not_smoothed() {
    let table = CodecTable::default();
    let ie = |name| table.find(name).unwrap().ie;
    assert!(ie("amr-wb-23.85-monotic") > ie("amr-wb-23.05-monotic"));
    assert!(matches!(table.find("amr-wb-19.85-diotic"), Err(NotComputable::UnknownCodec { .. })));
}

#[test]
fn every_figure_is_in_range() {
    for codec in CodecTable::default().scored() {
        assert!((0.0..=95.0).contains(&codec.ie), "{codec:?}");
        assert!([codec.bpl, codec.bpl_bursty].into_iter().flatten().all(|bpl| bpl > 0.0), "{codec:?}");
        assert!(codec.band != Band::Full, "{codec:?}");
        assert_eq!(codec.name, codec_key(&codec.name));
    }
}

#[test]
fn a_bpl_fitted_to_bursts_does_not_count_the_bursts_twice() {
    let table = CodecTable::default();
    let loss = Loss { ratio: Ratio::from_percent(2.0).unwrap(), burst: BurstRatio::new(1.8).unwrap() };
    let (fitted, used) = table.find("opus-nb-vbr-9").unwrap().under(loss).unwrap();
    assert_eq!((fitted.bpl, used.burst), (12.442_225, BurstRatio::RANDOM));
    let (plain, used) = table.find("pcmu").unwrap().under(loss).unwrap();
    assert_eq!((plain.bpl, used.burst.get()), (25.1, 1.8));
}

fn edit(toml: &str) -> Result<CodecTable, CodecEditError> {
    CodecTable::default().edited(&toml::from_str(toml).unwrap())
}

#[test]
fn an_operator_may_score_opus_otherwise_or_not_at_all() {
    let fitted = edit("[opus]\nscored_as = 'opus-wb-vbr-13'").unwrap();
    let opus = fitted.find("audio/opus").unwrap();
    assert_eq!((opus.band, opus.assumption.as_deref()), (Band::Wide, Some("opus scored as opus-wb-vbr-13 by configuration")));

    let own = edit("[lyra]\nie = 12.0\nbpl = 18.0\nband = 'wb'\nsource = 'our listening test, 2026-03'").unwrap();
    assert_eq!(own.find("audio/lyra").unwrap().source, "our listening test, 2026-03");

    let off = edit("[opus]\nscored_as = 'none'").unwrap();
    assert_eq!(off.find("opus").unwrap_err().to_string(), "opus is not scored: switched off in the configuration");
}

#[test]
fn a_wrong_edit_says_which_codec_and_key() {
    for (toml, want) in [
        ("[opus]\nscored_as = 'mp3'", "codec opus: scored_as = \"mp3\" is no codec that can be scored"),
        ("[opus]\nbpl = 3.0", "codec opus: give either scored_as, or ie with band and source"),
        ("[opus]\nie = 96.0", "codec opus: ie must be 0 to 95"),
        ("[opus]\nie = 9.0\nbpl = 0.0", "codec opus: bpl must be a number above 0"),
        ("[opus]\nie = 9.0\nband = 'FB'", "codec opus: band must be \"NB\" or \"WB\""),
        ("[opus]\nie = 9.0\nband = 'NB'", "codec opus: source must be where the figures come from"),
    ] {
        assert_eq!(edit(toml).unwrap_err().to_string(), want);
    }
    assert!(toml::from_str::<BTreeMap<String, CodecEdit>>("[opus]\nbpI = 3.0").is_err());
}
