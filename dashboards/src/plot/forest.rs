//! Figures with their intervals, one below the other, on one scale; the figures stand beside it in numbers.

use qoe_query::statistics::Estimate;

use super::axis::{Axis, DRAWABLE, Reading, span};
use super::sheet::{Drawing, Look, Sheet, Side, Stroke, TEXT, WIDTH, Words, draw};
use super::{Figure, Sides, label};
use crate::drawing::Ink;
use crate::section::numbers::{self, Unit, number};
use crate::view::Lang;

/// Height of a row, px.
const ROW: f64 = 25.0;
/// Below the rows: ticks and the scale's name.
const FOOT: f64 = 46.0;
/// One more line below, where sides have names.
const SIDES: f64 = 18.0;
const TOP: f64 = 6.0;
/// Rows drawn; the table has them all.
const ROWS: usize = 50;
/// How many times the usual interval, or the spread of the values, an end may lie outside all values before it is cut off.
const FAR: f64 = 1.5;

/// What is drawn.
pub(super) struct Forest<'a> {
    pub axis: &'a str,
    pub share: bool,
    pub nothing: Option<f64>,
    pub sides: Option<&'a Sides>,
    pub rows: &'a [(String, Figure)],
}

/// Draws it; `None` if no figure can be drawn.
pub(super) fn forest(forest: &Forest<'_>, title: &str, lang: Lang) -> Option<String> {
    let rows: Vec<(&str, Option<Figure>)> =
        forest.rows.iter().take(ROWS).map(|(name, figure)| (name.as_str(), Some(*figure).filter(Figure::is_drawable))).collect();
    let figures: Vec<Figure> = rows.iter().filter_map(|(_, figure)| *figure).collect();
    let axis = scale(forest, &figures)?;
    let unit = unit(forest, &figures);
    let told: Vec<String> = rows.iter().map(|(_, figure)| figure.map_or_else(|| "–".to_owned(), |figure| in_words(figure, unit))).collect();
    let widest = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| label::width(text, TEXT)).fold(0.0, f64::max);
    let left = widest(&mut rows.iter().map(|(name, _)| *name)).clamp(30.0, 220.0);
    let right = widest(&mut told.iter().map(String::as_str));
    let more = forest.rows.len().saturating_sub(ROWS);
    let bottom = TOP + ROW * (rows.len() + usize::from(more > 0)) as f64;
    let frame = (left + 16.0, WIDTH - right - 16.0);
    let axis = axis.between(frame.0, frame.1);
    let foot = FOOT + if forest.sides.is_some() { SIDES } else { 0.0 };
    Some(draw((WIDTH, bottom + foot), title, lang, |sheet| {
        grid(sheet, &axis, forest.nothing, bottom)?;
        if let Some(named) = forest.sides {
            sides(sheet, &axis, named, (frame, bottom), unit)?;
        }
        for (row, ((name, figure), told)) in rows.iter().zip(&told).enumerate() {
            let y = TOP + ROW * (row as f64 + 0.5);
            sheet.words((left, y), &Words::strong(name, Side::End).within(left))?;
            sheet.words((WIDTH - 2.0, y), &Words::strong(told, Side::End))?;
            if let Some(figure) = figure {
                whisker(sheet, &axis, *figure, y)?;
            }
        }
        if more > 0 {
            let text = lang.pick(format!("… and {more} more, in the table"), format!("……另有 {more} 项，见表格"));
            sheet.words((left, bottom - ROW / 2.0), &Words::new(&text, Side::End).within(left.max(200.0)))?;
        }
        let middle = (frame.0 + frame.1) / 2.0;
        let reach = 2.0 * (middle.min(WIDTH - middle) - 2.0);
        sheet.words((middle, bottom + 34.0), &Words::new(forest.axis, Side::Middle).within(reach))
    }))
}

fn grid(sheet: &Sheet<'_, '_>, axis: &Axis, nothing: Option<f64>, bottom: f64) -> Drawing {
    let mut free = f64::NEG_INFINITY;
    for (value, written) in &axis.ticks {
        let (x, half) = (axis.at(*value), label::width(written, TEXT) / 2.0);
        sheet.line(&[(x, TOP), (x, bottom + 4.0)], Stroke::plain(Ink::Grid, 1.0))?;
        if x - half > free {
            sheet.words((x, bottom + 15.0), &Words::new(written, Side::Middle))?;
            free = x + half + 6.0;
        }
    }
    let ends = [(axis.at(f64::NEG_INFINITY), bottom), (axis.at(f64::INFINITY), bottom)];
    sheet.line(&ends, Stroke::plain(Ink::Faint, 1.0))?;
    match nothing.filter(|nothing| axis.holds(*nothing)) {
        Some(nothing) => sheet.line(&[(axis.at(nothing), TOP), (axis.at(nothing), bottom)], Stroke::GUIDE),
        None => Ok(()),
    }
}

/// The margin as a line on either side, and which side is which.
fn sides(sheet: &Sheet<'_, '_>, axis: &Axis, sides: &Sides, ((left, right), bottom): ((f64, f64), f64), unit: Unit) -> Drawing {
    let y = bottom + 34.0 + SIDES;
    let margin = sides.margin.map(|margin| format!("- - ±{}", number(margin, unit)));
    for line in sides.margin.into_iter().flat_map(|margin| [-margin, margin]).filter(|line| axis.holds(*line)) {
        sheet.line(&[(axis.at(line), TOP), (axis.at(line), bottom)], Stroke { ink: Ink::Second, width: 1.25, dash: 3 })?;
    }
    let room = (right - left) / 3.0;
    sheet.words((left, y), &Words::new(&sides.worse, Side::Start).within(room))?;
    sheet.words((right, y), &Words::new(&sides.better, Side::End).within(room))?;
    sheet.words(((left + right) / 2.0, y), &Words::new(&margin.unwrap_or_default(), Side::Middle).within(room))
}

/// The interval, with an arrow at an end that lies outside, and the value.
fn whisker(sheet: &Sheet<'_, '_>, axis: &Axis, figure: Figure, y: f64) -> Drawing {
    let (low, high) = (axis.at(figure.low), axis.at(figure.high));
    let stroke = Stroke::plain(Ink::First, 2.0);
    sheet.line(&[(low, y), (high, y)], stroke)?;
    for (end, x, outwards) in [(figure.low, low, -1.0), (figure.high, high, 1.0)] {
        if axis.holds(end) {
            sheet.line(&[(x, y - 4.0), (x, y + 4.0)], stroke)?;
        } else {
            sheet.shape(&[(x, y), (x - 7.0 * outwards, y - 4.5), (x - 7.0 * outwards, y + 4.5)], Ink::First, 1.0)?;
        }
    }
    sheet.marker((axis.at(figure.value), y), 4.25, Look(0))
}

/// A scale that shows every value, and intervals as far as they are of the usual width.
fn scale(forest: &Forest<'_>, figures: &[Figure]) -> Option<Axis> {
    let margins = forest.sides.and_then(|sides| sides.margin).into_iter().flat_map(|margin| [-margin, margin]);
    let (low, high) = span(figures.iter().map(|figure| figure.value).chain(forest.nothing).chain(margins))?;
    let ratios = forest.nothing == Some(1.0) && !forest.share && figures.iter().all(|figure| figure.value > 0.0 && figure.low >= 0.0);
    let on = |value: f64| if ratios { value.max(1e-12).ln() } else { value };
    let mut widths: Vec<f64> = figures.iter().map(|figure| on(figure.high) - on(figure.low)).filter(|width| width.is_finite()).collect();
    widths.sort_by(f64::total_cmp);
    let usual = widths.get(widths.len() / 2).copied().unwrap_or(0.0).max(on(high) - on(low));
    let (least, greatest) = (on(low) - FAR * usual, on(high) + FAR * usual);
    let shown = |end: &f64| end.abs() <= DRAWABLE && on(*end) >= least && on(*end) <= greatest;
    let ends = figures.iter().flat_map(|figure| [figure.low, figure.high]).filter(shown);
    let (low, high) = span(ends.chain([low, high]))?;
    if ratios && low > 0.0 {
        let room = (high / low).powf(0.04);
        return Some(Axis::ratios(low / room, high * room));
    }
    let room = (high - low) * 0.04;
    let (low, high) = (low - room, high + room);
    let shares = forest.share && forest.nothing != Some(0.0) && figures.iter().all(|figure| (0.0..=1.0).contains(&figure.value));
    let (low, high) = if shares { (low.max(0.0), high.min(1.0)) } else { (low, high) };
    Some(Axis::tight((low, high), 6, if forest.share { Reading::Share } else { Reading::Plain }))
}

fn unit(forest: &Forest<'_>, figures: &[Figure]) -> Unit {
    match figures.iter().fold(0.0_f64, |largest, figure| largest.max(figure.value.abs())) {
        _ if forest.share => Unit::Share,
        largest if largest < 10.0 => Unit::Plain(2),
        largest if largest < 1000.0 => Unit::Plain(1),
        _ => Unit::Plain(0),
    }
}

/// The value with its interval; an end beyond all scales is endless.
fn in_words(figure: Figure, unit: Unit) -> String {
    let is_far = |end: f64| end.abs() > DRAWABLE;
    if !is_far(figure.low) && !is_far(figure.high) {
        let Figure { value, low, high } = figure;
        return numbers::figure(&Estimate { value, low, high, n: 0 }, unit);
    }
    let end = |end: f64, endless: &str| if is_far(end) { endless.to_owned() } else { number(end, unit) };
    format!("{} ({} – {})", number(figure.value, unit), end(figure.low, "-∞"), end(figure.high, "∞"))
}
