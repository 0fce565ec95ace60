//! The quality models as SQL functions.
//!
//! | function | answers |
//! |---|---|
//! | `one_way_delay_ms(rtt_ms, jitter_buffer_ms)` | rtt / 2 + jitter buffer (0 where null) + 20 ms |
//! | `r_factor(one_way_delay_ms, loss_ratio, codec)` | R on the scale of the codec's band; null where a figure is missing or the codec is not scored |
//! | `mos_of(r, codec)` | the estimated MOS-CQ of a rating on the codec's scale |
//! | `mos_cq(one_way_delay_ms, loss_ratio, codec)` | the estimated MOS-CQ of that R; never average it over bands |
//! | `mos_band(codec)` | `NB` or `WB`; null for a codec that is not scored |
//! | `good_minute(service, scenario, industry, one_way_delay_ms, loss_ratio, audible_concealment_ratio, freeze_ratio, gap_ms, frame_rate, response_ms, interruption_ms)` | true, false, or null where no objective was measured |
//! | `connect_best_ms(service, scenario, industry)` | within how many ms a connect counts as the best |
//! | `message_limit_s(service, scenario, industry)` | within how many seconds a message counts as good: 1, 3 or 5 |

use datafusion::arrow::datatypes::DataType::{Boolean, Float64, Int64, Utf8};
use datafusion::functions::core::expr_fn::{coalesce, greatest, least};
use datafusion::functions::math::expr_fn::{log2, power};
use datafusion::logical_expr::{Expr, lit, when};

use super::formula::Formula;
use crate::catalog::Definitions;
use crate::quality::recipe::DELAY_KNEE_MS;
use crate::quality::{Codec, CodecTable, Measure, Objectives, PACKET_MS, RecipeConstants, Rule, Side};

/// The measures that judge a minute, in the order of `good_minute`'s arguments from the fourth on.
const JUDGED: [Measure; 8] = [
    Measure::OneWayDelay,
    Measure::Loss,
    Measure::AudibleConcealment,
    Measure::Freeze,
    Measure::Gap,
    Measure::FrameRate,
    Measure::Response,
    Measure::Interruption,
];

/// The functions, by these definitions.
pub fn formulas(definitions: &Definitions) -> Vec<Formula> {
    let [rated, read, scored, banded] = std::array::from_fn(|_| definitions.codecs.clone());
    let (judged, messages, connects) = (definitions.objectives.clone(), definitions.objectives.clone(), definitions.objectives.clone());
    let minute: Vec<_> = [Utf8, Utf8, Utf8].into_iter().chain(JUDGED.map(|_| Float64)).collect();
    vec![
        Formula::new("one_way_delay_ms", &[Float64, Float64], Float64, |a| {
            a[0].clone() / lit(2.0) + coalesce(vec![a[1].clone(), lit(0.0)]) + lit(PACKET_MS)
        }),
        Formula::new("r_factor", &[Float64, Float64, Utf8], Float64, move |a| rating(&rated, &a[0], &a[1], &a[2])),
        Formula::new("mos_of", &[Float64, Utf8], Float64, move |a| mos(&read, a[0].clone(), &a[1])),
        Formula::new("mos_cq", &[Float64, Float64, Utf8], Float64, move |a| mos(&scored, rating(&scored, &a[0], &a[1], &a[2]), &a[2])),
        Formula::new("mos_band", &[Utf8], Utf8, move |a| {
            let rows = scored_codecs(&banded).map(|(codec, _)| (a[0].clone().eq(lit(codec.name.as_str())), lit(codec.band.code())));
            case(rows.collect(), lit(datafusion::scalar::ScalarValue::Utf8(None)))
        }),
        Formula::new("good_minute", &minute, Boolean, move |a| good_minute(&judged, a)),
        Formula::new("message_limit_s", &[Utf8, Utf8, Utf8], Int64, move |a| {
            let limit_ms = limit(&messages.rules("messaging", Measure::Delivery), &a[1], &a[2], |ms| lit((ms / 1000.0) as i64));
            case(vec![(a[0].clone().eq(lit("messaging")), limit_ms)], lit(datafusion::scalar::ScalarValue::Int64(None)))
        }),
        Formula::new("connect_best_ms", &[Utf8, Utf8, Utf8], Float64, move |a| {
            let services = connects
                .services()
                .map(|service| (a[0].clone().eq(lit(service)), limit(&connects.rules(service, Measure::ConnectBest), &a[1], &a[2], lit)));
            case(services.collect(), null())
        }),
    ]
}

/// `CASE WHEN ... THEN ... ELSE ... END`.
fn case(branches: Vec<(Expr, Expr)>, otherwise: Expr) -> Expr {
    let mut branches = branches.into_iter();
    let Some((condition, then)) = branches.next() else { return otherwise };
    let mut builder = when(condition, then);
    for (condition, then) in branches {
        builder = builder.when(condition, then);
    }
    builder.otherwise(otherwise).expect("a CASE whose branches have one type is well formed")
}

fn scored_codecs(codecs: &CodecTable) -> impl Iterator<Item = (&Codec, f64)> {
    codecs.scored().filter_map(|codec| Some((codec, codec.bpl?))).filter(|(codec, _)| RecipeConstants::of(codec.band).is_some())
}

fn null() -> Expr {
    lit(datafusion::scalar::ScalarValue::Float64(None))
}

/// A figure of the codec: a CASE in which codecs with the same figure share a branch; null for a codec that is not scored.
fn of_codec(codecs: &CodecTable, codec: &Expr, figure: impl Fn(&Codec, f64, RecipeConstants) -> f64) -> Expr {
    let mut branches: Vec<(f64, Vec<Expr>)> = Vec::new();
    for (row, bpl) in scored_codecs(codecs) {
        let Some(constants) = RecipeConstants::of(row.band) else { continue };
        let value = figure(row, bpl, constants);
        match branches.iter_mut().find(|(known, _)| *known == value) {
            Some((_, names)) => names.push(lit(row.name.as_str())),
            None => branches.push((value, vec![lit(row.name.as_str())])),
        }
    }
    case(branches.into_iter().map(|(value, names)| (codec.clone().in_list(names, false), lit(value))).collect(), null())
}

/// [`crate::quality::Recipe::r`] for random loss, as an expression. A codec that is not scored has null figures, and so a null rating.
fn rating(codecs: &CodecTable, ta_ms: &Expr, loss_ratio: &Expr, codec: &Expr) -> Expr {
    let x = log2(greatest(vec![ta_ms.clone(), lit(DELAY_KNEE_MS)]) / lit(DELAY_KNEE_MS));
    let root = |x: Expr| power(lit(1.0) + power(x, lit(6.0)), lit(1.0 / 6.0));
    // At the knee and below it x is 0, and so is idd.
    let idd = lit(25.0) * (root(x.clone()) - lit(3.0) * root(x / lit(3.0)) + lit(2.0));
    // Signed counters can dip under 0 or over 1 by a late packet; the model knows neither.
    let p = lit(100.0) * least(vec![greatest(vec![loss_ratio.clone(), lit(0.0)]), lit(1.0)]);
    let ie = of_codec(codecs, codec, |codec, _, _| codec.ie);
    let bpl = of_codec(codecs, codec, |_, bpl, _| bpl);
    let ie_eff = ie.clone() + (lit(95.0) - ie) * least(vec![lit(1.0), p.clone() / (p + bpl)]);
    let anchor = of_codec(codecs, codec, |_, _, constants| constants.anchor);
    let weight = of_codec(codecs, codec, |_, _, constants| constants.delay_weight);
    // `greatest` and `least` pass over nulls, which here mean "not measured".
    let measured = ta_ms.clone().is_not_null().and(loss_ratio.clone().is_not_null());
    case(vec![(measured, anchor - weight * idd - ie_eff)], null())
}

/// [`crate::quality::Recipe::mos`]: the cubic, multiplied out, of a rating held between 0 and 100, where it is 1 and 4.5.
fn mos(codecs: &CodecTable, r: Expr, codec: &Expr) -> Expr {
    let s = r.clone() / of_codec(codecs, codec, |_, _, constants| constants.mos_divisor);
    let s = least(vec![greatest(vec![s, lit(0.0)]), lit(100.0)]);
    let cubic = lit(1.0) + s.clone() * (lit(-0.007) + s.clone() * (lit(0.00112) - lit(7e-6) * s));
    case(vec![(r.is_not_null(), greatest(vec![lit(1.0), cubic]))], null())
}

/// The limit that holds for a scenario and an industry: the first rule that applies.
fn limit(rules: &[Rule<'_>], scenario: &Expr, industry: &Expr, value: impl Fn(f64) -> Expr) -> Expr {
    let mut specific = Vec::new();
    for rule in rules {
        let conditions = [(industry, rule.industry), (scenario, rule.scenario)];
        let conditions = conditions.into_iter().filter_map(|(column, wanted)| Some(column.clone().eq(lit(wanted?))));
        match conditions.reduce(Expr::and) {
            Some(condition) => specific.push((condition, value(rule.objective.limit))),
            None => return case(specific, value(rule.objective.limit)),
        }
    }
    case(specific, null())
}

/// [`crate::quality::judge_minute`] for a minute whose reports came in.
fn good_minute(objectives: &Objectives, a: &[Expr]) -> Expr {
    let mut branches = Vec::new();
    for service in objectives.services() {
        let judged: Vec<(Expr, Expr)> = JUDGED
            .iter()
            .zip(&a[3..])
            .filter_map(|(measure, value)| {
                let rules = objectives.rules(service, *measure);
                (!rules.is_empty()).then(|| {
                    let limit = limit(&rules, &a[1], &a[2], lit);
                    let missed = match measure.side() {
                        Side::AtMost => value.clone().gt(limit),
                        Side::AtLeast => value.clone().lt(limit),
                    };
                    (missed, value.clone().is_not_null())
                })
            })
            .collect();
        let this = || a[0].clone().eq(lit(service));
        if let Some(missed) = judged.iter().map(|(missed, _)| missed.clone()).reduce(Expr::or) {
            branches.push((this().and(missed), lit(false)));
        }
        if let Some(measured) = judged.into_iter().map(|(_, measured)| measured).reduce(Expr::or) {
            branches.push((this().and(measured), lit(true)));
        }
    }
    case(branches, lit(datafusion::scalar::ScalarValue::Boolean(None)))
}
