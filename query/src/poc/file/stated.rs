//! Vendors, metrics and claims, each held against what it must be.

use toml::Spanned;

use super::{Wrong, kind, raw};
use crate::poc::metric::{Metric, MetricKind, Rank};
use crate::poc::spec::{Claim, Hypothesis, Side, allocation_fits};

pub(super) fn vendors(raw: raw::Vendors) -> Result<(Vec<String>, Option<Vec<f64>>), Wrong> {
    let Some(stated) = raw.arms else {
        return match raw.allocation {
            Some(shares) => {
                Err(Wrong::new(shares.span(), "vendors.allocation", "shares of which vendors? state vendors.arms too, in the same order"))
            }
            None => Ok((Vec::new(), None)),
        };
    };
    let (at, arms) = (stated.span(), stated.into_inner());
    let refused = |what: &str| Err(Wrong::new(at.clone(), "vendors.arms", what));
    if arms.len() < 2 {
        return refused(
            "a POC compares two vendors or more: name them as the arm column does, or leave arms out and all that are found are compared",
        );
    }
    if arms.iter().any(|arm| arm.trim().is_empty()) || (1..arms.len()).any(|at| arms[..at].contains(&arms[at])) {
        return refused("a vendor is named twice, or has no name: name each once");
    }
    let Some(shares) = raw.allocation else { return Ok((arms, None)) };
    allocation_fits(&arms, shares.get_ref()).map_err(|what| Wrong::new(shares.span(), "vendors.allocation", what))?;
    Ok((arms, Some(shares.into_inner())))
}

pub(super) fn metric(raw: raw::Metric, rank: Rank, before: &[Metric]) -> Result<Metric, Wrong> {
    let (at, name) = (raw.name.span(), raw.name.into_inner());
    let section = if rank == Rank::Primary { "primary" } else { "secondary" };
    let key = format!("{section} {name:?}");
    if name.trim().is_empty() {
        return Err(Wrong::new(at, section, "a metric has no name: it is its column too, unless what is stated"));
    }
    let better = raw.better.get_ref().parse().map_err(|()| {
        Wrong::new(
            raw.better.span(),
            format!("{key}.better"),
            format!("{:?} is no direction: write \"lower\" or \"higher\"", raw.better.get_ref()),
        )
    })?;
    let kind = raw.kind.as_ref().map_or(Ok(MetricKind::Mean), |text| kind(text, &key))?;
    let stated = raw.margin.as_ref().map(toml::Spanned::span);
    let margin = raw.margin.map(|margin| match *margin.get_ref() {
        value if value > 0.0 && value.is_finite() => Ok(value),
        value => Err(Wrong::new(
            margin.span(),
            format!("{key}.margin"),
            format!("{value} is no difference that matters: it is above zero, whichever way is better"),
        )),
    });
    let what = raw.what.map_or_else(|| name.clone(), Spanned::into_inner);
    if let Some(other) = before.iter().find(|other| other.name == name) {
        let what = match other.rank == rank {
            true => "is stated twice: leave one out, or give it another name".to_owned(),
            false => "is both primary and secondary: leave one out, for a metric decides or does not".to_owned(),
        };
        return Err(Wrong::new(at, key, what));
    }
    if let Some(other) = before.iter().find(|other| other.what == what && other.kind == kind) {
        return Err(Wrong::new(at, key, format!("is the same as {:?}, {} of {what}: leave one out", other.name, kind.name())));
    }
    let metric = Metric { name, what, kind, better, margin: margin.transpose()?, rank, before: raw.before };
    metric.margin_fits(&metric.kind).map_err(|error| Wrong::new(stated.unwrap_or(at), format!("{key}.margin"), error.to_string()))?;
    Ok(metric)
}

pub(super) fn claim(raw: Spanned<raw::Claim>, arms: &[String]) -> Result<Claim, Wrong> {
    let raw = raw.into_inner();
    let (at, said) = (raw.said.span(), raw.said.into_inner());
    let key = format!("claim {said:?}");
    if let Some(arm) = raw.arm.as_ref().filter(|arm| !arms.is_empty() && !arms.contains(arm.get_ref())) {
        return Err(Wrong::new(
            arm.span(),
            format!("{key}.arm"),
            format!("{:?} is no vendor of this POC: they are {}", arm.get_ref(), arms.join(", ")),
        ));
    }
    let forms = [
        raw.quantiles.map(|form| quantiles(form, &key)),
        raw.share.map(|form| share(form, &key)),
        raw.mean.map(|form| mean(form, &key)),
        raw.effect.map(|form| effect(form, &key)),
        raw.untestable.then_some(Ok(Hypothesis::Untestable)),
    ];
    let mut forms = forms.into_iter().flatten();
    let (Some(hypothesis), None) = (forms.next(), forms.next()) else {
        return Err(Wrong::new(
            at,
            key,
            "state exactly one of quantiles, share, mean and effect, or untestable = true: what would have to be so for the claim to hold",
        ));
    };
    let hypothesis = match (raw.every, raw.of, hypothesis?) {
        (None, None, one) => one,
        (None, Some(of), _) => {
            return Err(Wrong::new(of.span(), format!("{key}.of"), "parts of what? state every too, the column whose values they are"));
        }
        (Some(every), _, Hypothesis::Untestable) => {
            return Err(Wrong::new(
                every.span(),
                format!("{key}.every"),
                "what cannot be tested cannot be tested in every part either: leave one out",
            ));
        }
        (Some(every), of, each) => {
            Hypothesis::Everywhere { by: every.into_inner(), of: of.map(Spanned::into_inner).unwrap_or_default(), each: Box::new(each) }
        }
    };
    Ok(Claim { said, arm: raw.arm.map(Spanned::into_inner), hypothesis })
}

fn side(at: std::ops::Range<usize>, key: &str, at_most: Option<f64>, at_least: Option<f64>) -> Result<(f64, Side), Wrong> {
    let (bound, side) = match (at_most, at_least) {
        (Some(bound), None) => (bound, Side::AtMost),
        (None, Some(bound)) => (bound, Side::AtLeast),
        _ => return Err(Wrong::new(at, key, "state one bound: at_most or at_least")),
    };
    if !bound.is_finite() {
        return Err(Wrong::new(at, key, "the bound is no finite number"));
    }
    Ok((bound, side))
}

fn quantiles(raw: Spanned<raw::Quantiles>, key: &str) -> Result<Hypothesis, Wrong> {
    let (at, raw) = (raw.span(), raw.into_inner());
    let (bound, side) = side(at.clone(), &format!("{key}.quantiles"), raw.at_most, raw.at_least)?;
    if raw.quantiles.is_empty() || !raw.quantiles.iter().all(|quantile| *quantile > 0.0 && *quantile < 1.0) {
        return Err(Wrong::new(
            at,
            format!("{key}.quantiles"),
            "quantiles lie between 0 and 1: write [0.5, 0.95]; the least of all is no quantile",
        ));
    }
    Ok(Hypothesis::Quantiles { what: raw.what, quantiles: raw.quantiles, bound, side })
}

fn share(raw: Spanned<raw::Bounded>, key: &str) -> Result<Hypothesis, Wrong> {
    let (at, raw) = (raw.span(), raw.into_inner());
    let (bound, side) = side(at.clone(), &format!("{key}.share"), raw.at_most, raw.at_least)?;
    if !(bound > 0.0 && bound < 1.0) {
        return Err(Wrong::new(
            at,
            format!("{key}.share"),
            format!("a share that can be shown lies between 0 and 1, both excluded, not {bound}: write 0.9999"),
        ));
    }
    Ok(Hypothesis::Share { what: raw.what, bound, side })
}

fn mean(raw: Spanned<raw::Bounded>, key: &str) -> Result<Hypothesis, Wrong> {
    let (at, raw) = (raw.span(), raw.into_inner());
    let (bound, side) = side(at, &format!("{key}.mean"), raw.at_most, raw.at_least)?;
    Ok(Hypothesis::Mean { what: raw.what, bound, side })
}

fn effect(raw: Spanned<raw::Effect>, key: &str) -> Result<Hypothesis, Wrong> {
    let (at, raw) = (raw.span(), raw.into_inner());
    if !(raw.more.is_finite() && raw.more > -1.0 && raw.more != 0.0) {
        return Err(Wrong::new(at, format!("{key}.effect"), "more is by how much, above -1 and not 0: 0.103 for 10.3 %"));
    }
    Ok(Hypothesis::Effect { treatment: raw.treatment, outcome: raw.outcome, more: raw.more, confounders: raw.confounders })
}
