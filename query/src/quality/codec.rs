//! What a codec is worth to the E-model: found by the name reports give it, or refused with the reason.
//!
//! The rows are in `codec_table.rs`. A codec that nothing published covers is scored only under an assumption that is
//! written on the score, and can be changed in the configuration; one without an assumption is not scored, because a number
//! made up for it would look like any other.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::codec_table;
use super::label::Band;
use super::loss::{Impairment, Loss};

/// The impairment of one codec, with where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Codec {
    /// The key it is found by: lower case, without `audio/` and clock rate.
    pub name: String,
    /// Ie without loss, in points of R on the scale of the band, 0 to 95.
    pub ie: f64,
    /// Bpl under random loss, in percent, above 0; `None` where nothing is published, and loss is not computable.
    pub bpl: Option<f64>,
    /// Bpl fitted to bursty loss, where a source has one apart.
    pub bpl_bursty: Option<f64>,
    /// The scale of these figures.
    pub band: Band,
    /// Document and table, or the operator's own words.
    pub source: String,
    /// Whether the source itself calls the figures provisional, as G.113 does with all of its.
    pub provisional: bool,
    /// What is taken for granted by scoring the codec so; `None` when the figures are its own.
    pub assumption: Option<String>,
}

impl Codec {
    /// The figures for this loss, and the loss to use them with.
    ///
    /// Where the burst ratio is above 1 and the source fitted a Bpl to bursty loss, that Bpl is used and the burst ratio is
    /// not, since it would count the bursts twice (our choice: the sources do not say). [`NotComputable::NoLossFactor`]
    /// when no Bpl is published.
    pub fn under(&self, loss: Loss) -> Result<(Impairment, Loss), NotComputable> {
        let bursty = self.bpl_bursty.filter(|_| loss.burst.get() > 1.0);
        match (bursty, self.bpl) {
            (Some(bpl), _) => Ok((Impairment { ie: self.ie, bpl }, Loss::random(loss.ratio))),
            (None, Some(bpl)) => Ok((Impairment { ie: self.ie, bpl }, loss)),
            (None, None) => Err(NotComputable::NoLossFactor { codec: self.name.clone() }),
        }
    }

    /// Refuses when the codec's figures are on another scale than `band`.
    pub fn expect_band(&self, band: Band) -> Result<(), NotComputable> {
        if self.band == band {
            return Ok(());
        }
        Err(NotComputable::OtherBand { codec: self.name.clone(), has: self.band, wanted: band })
    }
}

/// Why there is no rating. A reason to show, not a failure.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotComputable {
    /// The name is in no row.
    #[error("no impairment is known for codec {codec:?} and none is assumed")]
    UnknownCodec {
        /// The name as it was given.
        codec: String,
    },
    /// The codec is known, and known not to be scorable.
    #[error("{codec} is not scored: {reason}")]
    Refused {
        /// The codec's key.
        codec: String,
        /// Why not.
        reason: String,
    },
    /// There is loss, and nothing published says how the codec stands it.
    #[error("no packet-loss factor is published for {codec}")]
    NoLossFactor {
        /// The codec's key.
        codec: String,
    },
    /// The codec's figures are on another scale than the model that was asked.
    #[error("{codec} is on the {has} scale and not on the {wanted} one")]
    OtherBand {
        /// The codec's key.
        codec: String,
        /// The band its figures are for.
        has: Band,
        /// The band that was asked for.
        wanted: Band,
    },
    /// A delay that is no delay.
    #[error("one-way delay of {ta_ms} ms is not a number of milliseconds from 0")]
    Delay {
        /// What was given.
        ta_ms: f64,
    },
}

/// The codecs that can be scored, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct CodecTable {
    rows: BTreeMap<String, Result<Codec, String>>,
}

impl Default for CodecTable {
    /// The published rows and our default assumptions.
    fn default() -> Self {
        Self { rows: codec_table::rows() }
    }
}

impl CodecTable {
    /// The codec of this name, as a MIME type (`audio/opus`), an RTP name (`PCMU/8000`) or a key of the table.
    pub fn find(&self, name: &str) -> Result<&Codec, NotComputable> {
        let key = codec_key(name);
        match self.rows.get(&key) {
            Some(Ok(codec)) => Ok(codec),
            Some(Err(reason)) => Err(NotComputable::Refused { codec: key, reason: reason.clone() }),
            None => Err(NotComputable::UnknownCodec { codec: name.to_owned() }),
        }
    }

    /// Every codec that can be scored, by key: what an adapter turns into a lookup.
    pub fn scored(&self) -> impl Iterator<Item = &Codec> {
        self.rows.values().filter_map(|row| row.as_ref().ok())
    }

    /// The table with the operator's own rows over it.
    pub fn edited(mut self, edits: &BTreeMap<String, CodecEdit>) -> Result<Self, CodecEditError> {
        for (name, edit) in edits {
            let key = codec_key(name);
            let row = self.row_of(&key, edit)?;
            self.rows.insert(key, row);
        }
        Ok(self)
    }

    fn row_of(&self, key: &str, edit: &CodecEdit) -> Result<Result<Codec, String>, CodecEditError> {
        let codec = || key.to_owned();
        match (&edit.scored_as, edit.ie) {
            (Some(other), None) if other == "none" => Ok(Err(String::from("switched off in the configuration"))),
            (Some(other), None) => {
                let Some(Ok(found)) = self.rows.get(&codec_key(other)) else {
                    return Err(CodecEditError::UnknownOther { codec: codec(), other: other.clone() });
                };
                let assumption = Some(format!("{key} scored as {} by configuration", found.name));
                Ok(Ok(Codec { name: codec(), assumption, ..found.clone() }))
            }
            (None, Some(ie)) => edit.figures(key, ie).map(Ok),
            (Some(_), Some(_)) | (None, None) => Err(CodecEditError::EitherOr { codec: codec() }),
        }
    }
}

/// The key under which a codec's name is looked up: lower case, without `audio/`, clock rate, channels and parameters.
///
/// ```
/// use qoe_query::quality::codec_key;
/// assert_eq!(codec_key("audio/opus"), "opus");
/// assert_eq!(codec_key("PCMU/8000"), "pcmu");
/// ```
pub fn codec_key(name: &str) -> String {
    let lower = name.trim().to_ascii_lowercase();
    let bare = lower.strip_prefix("audio/").unwrap_or(&lower);
    bare.split(['/', ';']).next().unwrap_or_default().trim().to_owned()
}

/// One codec in the configuration: scored like another (`scored_as`, or `"none"` for not at all), or with figures of its own.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodecEdit {
    /// The key of the codec to take the figures of, or `none`.
    pub scored_as: Option<String>,
    /// Ie without loss, 0 to 95 points of R.
    pub ie: Option<f64>,
    /// Bpl under random loss, percent, above 0.
    pub bpl: Option<f64>,
    /// Bpl under bursty loss, percent, above 0.
    pub bpl_bursty: Option<f64>,
    /// `NB` or `WB`; wanted with `ie`.
    pub band: Option<String>,
    /// Where the figures come from; wanted with `ie`.
    pub source: Option<String>,
}

impl CodecEdit {
    fn figures(&self, key: &str, ie: f64) -> Result<Codec, CodecEditError> {
        let wrong = |field: &'static str, wanted: &'static str| CodecEditError::Figure { codec: key.to_owned(), field, wanted };
        if !(0.0..=95.0).contains(&ie) {
            return Err(wrong("ie", "0 to 95"));
        }
        for (field, bpl) in [("bpl", self.bpl), ("bpl_bursty", self.bpl_bursty)] {
            if bpl.is_some_and(|bpl| !(bpl.is_finite() && bpl > 0.0)) {
                return Err(wrong(field, "a number above 0"));
            }
        }
        let band = self.band.as_deref().and_then(Band::from_code).filter(|band| *band != Band::Full);
        let source = self.source.clone().filter(|source| !source.trim().is_empty());
        Ok(Codec {
            name: key.to_owned(),
            ie,
            bpl: self.bpl,
            bpl_bursty: self.bpl_bursty,
            band: band.ok_or_else(|| wrong("band", "\"NB\" or \"WB\""))?,
            source: source.ok_or_else(|| wrong("source", "where the figures come from"))?,
            provisional: false,
            assumption: Some(format!("{key} scored with configured figures")),
        })
    }
}

/// What is wrong with a configured codec.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecEditError {
    /// `scored_as` names nothing that can be scored.
    #[error("codec {codec}: scored_as = {other:?} is no codec that can be scored")]
    UnknownOther {
        /// The codec being configured.
        codec: String,
        /// What it was to be scored as.
        other: String,
    },
    /// Both forms, or neither.
    #[error("codec {codec}: give either scored_as, or ie with band and source")]
    EitherOr {
        /// The codec being configured.
        codec: String,
    },
    /// A figure out of its range, or missing.
    #[error("codec {codec}: {field} must be {wanted}")]
    Figure {
        /// The codec being configured.
        codec: String,
        /// The key in the configuration.
        field: &'static str,
        /// What it may be.
        wanted: &'static str,
    },
}

#[cfg(test)]
mod tests;
