//! An outcome against a measure: points with their intervals, a smooth line, and where it bends.

use super::axis::{Axis, Reading, span};
use super::frame::{Frame, reading, within};
use super::sheet::{Look, Side, Stroke, Words, draw};
use super::{Figure, label};
use crate::drawing::Ink;
use crate::section::numbers::{Unit, interval, number};
use crate::view::Lang;

/// What is drawn.
pub(super) struct Curve<'a> {
    pub x: &'a str,
    pub y: &'a str,
    pub points: &'a [(f64, Figure)],
    pub smooth: &'a [(f64, f64)],
    pub knee: Option<Figure>,
}

/// Draws it; `None` if nothing can be drawn.
pub(super) fn curve(curve: &Curve<'_>, title: &str, lang: Lang) -> Option<String> {
    let points: Vec<(f64, Figure)> =
        curve.points.iter().filter(|(x, figure)| x.is_finite() && figure.is_drawable()).map(|(x, figure)| (*x, figure.closed())).collect();
    let (at, mut figures): (Vec<f64>, Vec<Figure>) = points.into_iter().unzip();
    within(curve.y, &mut figures);
    let points: Vec<(f64, Figure)> = at.into_iter().zip(figures).collect();
    let smooth: Vec<(f64, f64)> = curve.smooth.iter().filter(|(x, y)| x.is_finite() && y.is_finite()).copied().collect();
    let knee = curve.knee.filter(Figure::is_drawable);
    let across = span(points.iter().map(|(x, _)| *x).chain(smooth.iter().map(|(x, _)| *x)).chain(knee.map(|knee| knee.value)))?;
    let up: Vec<f64> = points.iter().flat_map(|(_, figure)| [figure.low, figure.high]).chain(smooth.iter().map(|(_, y)| *y)).collect();
    let up_span = span(up.iter().copied())?;
    let on = reading(curve.x, across);
    let across = Axis::tight(padded(across), 7, on);
    let frame = Frame::new(across, Axis::rounded(up_span, 5, reading(curve.y, up_span)), if knee.is_some() { 18.0 } else { 0.0 }, 12.0);
    Some(draw(frame.size(), title, lang, |sheet| {
        if let Some(knee) = knee {
            let (low, high) = (frame.x.at(knee.closed().low), frame.x.at(knee.closed().high));
            let (top, bottom) = (frame.top, frame.bottom);
            sheet.shape(&[(low, top), (high, top), (high, bottom), (low, bottom)], Ink::Second, 0.18)?;
        }
        frame.draw(sheet, curve.x, curve.y)?;
        if let Some(knee) = knee {
            let x = frame.x.at(knee.value);
            sheet.line(&[(x, frame.top - 2.0), (x, frame.bottom)], Stroke { ink: Ink::Second, width: 1.75, dash: 5 })?;
            let told = bend(knee, &frame, on, lang);
            let half = label::width(&told, 12.0) / 2.0 + 2.0;
            let middle = x.clamp((frame.left + half).min(frame.right - half), (frame.right - half).max(frame.left + half));
            sheet.words((middle, frame.top - 11.0), &Words::strong(&told, Side::Middle))?;
        }
        let line: Vec<(f64, f64)> = smooth.iter().map(|(x, y)| frame.at(*x, *y)).collect();
        sheet.line(&line, Stroke::plain(Ink::First, 2.25))?;
        for (x, figure) in &points {
            let (low, high) = (frame.at(*x, figure.low), frame.at(*x, figure.high));
            let bar = Stroke::plain(Ink::Strong, 1.25);
            sheet.line(&[low, high], bar)?;
            for (x, y) in [low, high] {
                sheet.line(&[(x - 3.0, y), (x + 3.0, y)], bar)?;
            }
            sheet.marker(frame.at(*x, figure.value), 3.5, Look(0))?;
        }
        Ok(())
    }))
}

fn padded((low, high): (f64, f64)) -> (f64, f64) {
    let room = (high - low) * 0.03;
    (if low >= 0.0 { (low - room).max(0.0) } else { low - room }, high + room)
}

/// The bend in words, in the digits its scale deserves.
fn bend(knee: Figure, frame: &Frame, on: Reading, lang: Lang) -> String {
    let width = frame.x.ticks.windows(2).map(|pair| pair[1].0 - pair[0].0).fold(f64::INFINITY, f64::min);
    let decimals = if width.is_finite() { (1.0 - (width * 1.000_001).log10().floor()).clamp(0.0, 4.0) as usize } else { 2 };
    let unit = if on == Reading::Share { Unit::Share } else { Unit::Plain(decimals) };
    let value = number(knee.value, unit);
    if !(knee.low.is_finite() && knee.high.is_finite()) {
        return lang.pick(format!("knee {value}"), format!("拐点 {value}"));
    }
    let ends = interval(knee.low, knee.high, unit);
    lang.pick(format!("knee {value} ({ends})"), format!("拐点 {value}（{ends}）"))
}
