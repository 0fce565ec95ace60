//! Lines over a scale, each with a band and its name beside its end: survival, retention, scores over time.

use super::axis::{Axis, DRAWABLE, Reading, moment, span};
use super::frame::{Frame, reading, within};
use super::sheet::{Drawing, Look, Sheet, Side, Stroke, TEXT, WIDTH, Words, draw};
use super::{Figure, label};
use crate::drawing::Ink;
use crate::view::Lang;

/// Lines drawn; the table has them all.
const LINES: usize = 12;
/// Height of a line's name, px.
const NAME: f64 = 17.0;
/// Widest name of a line, px.
const NAME_ROOM: f64 = 150.0;
/// The piece of line before its name, with the gaps around it.
const SAMPLE: f64 = 40.0;
/// Height of a mark's name, px.
const MARK: f64 = 15.0;
/// Widest name of a mark, px.
const MARK_ROOM: f64 = 130.0;
/// Marks drawn.
const MARKS: usize = 24;
/// From this value on the lower scale counts seconds since 1970.
const SINCE_1970: f64 = 1e8;

type Points = Vec<(f64, Figure)>;

/// What is drawn.
pub(super) struct Lines<'a> {
    pub x: &'a str,
    pub y: &'a str,
    pub steps: bool,
    pub lines: &'a [(String, Points)],
    pub marks: &'a [(f64, String)],
}

/// Draws them; `None` if no point can be drawn.
pub(super) fn lines(asked: &Lines<'_>, title: &str, lang: Lang) -> Option<String> {
    let lines: Vec<(&str, Vec<Points>)> = asked.lines.iter().take(LINES).map(|(name, points)| (name.as_str(), runs(points))).collect();
    let lines: Vec<(&str, Vec<Points>)> = bounded(asked.y, lines);
    let all = || lines.iter().flat_map(|(_, runs)| runs.iter().flatten());
    let across = span(all().map(|(x, _)| *x).chain(asked.marks.iter().map(|(x, _)| *x)))?;
    let up = span(all().flat_map(|(_, figure)| [figure.low, figure.value, figure.high]))?;
    let on = if across.0 >= SINCE_1970 { Reading::Moment } else { Reading::Plain };
    let shares = asked.steps && all().all(|(_, figure)| (0.0..=1.0).contains(&figure.value));
    let y = if shares { Axis::rounded((0.0, 1.0), 5, Reading::Share) } else { Axis::rounded(up, 5, reading(asked.y, up)) };
    let more = asked.lines.len().saturating_sub(LINES);
    let named = lines.len() > 1 || lines.iter().any(|(name, _)| !name.is_empty() && *name != asked.y);
    let widest = lines.iter().map(|(name, _)| label::width(name, TEXT)).fold(0.0, f64::max).min(NAME_ROOM);
    let x = Axis::tight(across, 8, on);
    let right = if named { widest + SAMPLE + 4.0 } else { 14.0 };
    // Names of marks need to know where the marks will stand.
    let marked = levels(asked.marks, &Frame::new(x.clone(), y.clone(), 0.0, right), on);
    let above = MARK * marked.iter().map(|mark| mark.level + 1).max().unwrap_or(0) as f64;
    let frame = Frame::of_height(x, y, above, right, NAME * (lines.len() + 1) as f64);
    Some(draw(frame.size(), title, lang, |sheet| {
        let faint = if lines.len() > 3 { 0.09 } else { 0.16 };
        for (number, (_, runs)) in lines.iter().enumerate() {
            runs.iter().try_for_each(|run| sheet.shape(&band(run, &frame, asked.steps), Look(number).ink(), faint))?;
        }
        frame.draw(sheet, asked.x, asked.y)?;
        marks(sheet, &marked, &frame)?;
        for (number, (_, runs)) in lines.iter().enumerate() {
            runs.iter().try_for_each(|run| line(sheet, run, &frame, asked.steps, Look(number)))?;
        }
        if named { names(sheet, &lines, &frame, more, lang) } else { Ok(()) }
    }))
}

/// Bands of shares end at 0 and 100 %, if all lines are of shares.
fn bounded<'a>(y: &str, mut lines: Vec<(&'a str, Vec<Points>)>) -> Vec<(&'a str, Vec<Points>)> {
    let mut figures: Vec<Figure> = lines.iter().flat_map(|(_, runs)| runs.iter().flatten().map(|(_, figure)| *figure)).collect();
    within(y, &mut figures);
    let places = lines.iter_mut().flat_map(|(_, runs)| runs.iter_mut().flatten());
    places.zip(figures).for_each(|((_, place), figure)| *place = figure);
    lines
}

/// The stretches that can be drawn, with ends at the value where there are none.
fn runs(points: &Points) -> Vec<Points> {
    let split = points.split(|(x, figure)| !(x.abs() <= DRAWABLE && figure.is_drawable()));
    split.filter(|run| !run.is_empty()).map(|run| run.iter().map(|(x, figure)| (*x, figure.closed())).collect()).collect()
}

/// Joined, or each value held until the next one.
fn path(points: impl Iterator<Item = (f64, f64)>, steps: bool) -> Vec<(f64, f64)> {
    let mut path: Vec<(f64, f64)> = Vec::new();
    for (x, y) in points {
        if let (true, Some((_, before))) = (steps, path.last().copied()) {
            path.push((x, before));
        }
        path.push((x, y));
    }
    path
}

fn band(run: &Points, frame: &Frame, steps: bool) -> Vec<(f64, f64)> {
    let mut around = path(run.iter().map(|(x, figure)| frame.at(*x, figure.high)), steps);
    let lower = path(run.iter().map(|(x, figure)| frame.at(*x, figure.low)), steps);
    around.extend(lower.into_iter().rev());
    around
}

fn line(sheet: &Sheet<'_, '_>, run: &Points, frame: &Frame, steps: bool, look: Look) -> Drawing {
    sheet.line(&path(run.iter().map(|(x, figure)| frame.at(*x, figure.value)), steps), look.stroke())?;
    // Few points are shown as points; of many, some, so that lines are told apart where they cross.
    let every = if steps { run.len().div_ceil(6) } else { run.len().div_ceil(32) }.max(1);
    let offset = if run.len() > every { every / 2 } else { 0 };
    run.iter().skip(offset).step_by(every).try_for_each(|(x, figure)| sheet.marker(frame.at(*x, figure.value), 3.25, look))
}

/// A mark on the sheet: where its line stands, its name, from where to where that goes, and on which level above the frame.
struct Mark {
    at: f64,
    name: String,
    from: f64,
    to: f64,
    level: usize,
}

impl Mark {
    /// Whether neither name lies on the other, nor on the line that leads to it.
    fn leaves_room_for(&self, other: &Mark) -> bool {
        let on = |name: &Mark, line: &Mark| line.level > name.level && line.at > name.from - 2.0 && line.at < name.to;
        let overlap = self.level == other.level && self.from < other.to + 6.0 && other.from < self.to + 6.0;
        !(overlap || on(self, other) || on(other, self))
    }
}

/// Each mark with its name to the right of its line, on the lowest level where it is in nobody's way.
fn levels(marks: &[(f64, String)], frame: &Frame, on: Reading) -> Vec<Mark> {
    let mut sorted: Vec<&(f64, String)> = marks.iter().filter(|(x, _)| frame.x.holds(*x)).take(MARKS).collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut placed: Vec<Mark> = Vec::new();
    for (x, name) in sorted {
        let name = if name.is_empty() && on == Reading::Moment { moment(*x) } else { name.clone() };
        let (at, width) = (frame.x.at(*x), label::width(&label::fit(&name, TEXT, MARK_ROOM), TEXT));
        let from = if at + width + 4.0 > WIDTH { at - width - 3.0 } else { at + 3.0 };
        let mut mark = Mark { at, name, from, to: from + width, level: 0 };
        while !placed.iter().all(|other| other.leaves_room_for(&mark)) && mark.level < MARKS {
            mark.level += 1;
        }
        placed.push(mark);
    }
    placed
}

fn marks(sheet: &Sheet<'_, '_>, marks: &[Mark], frame: &Frame) -> Drawing {
    for mark in marks {
        let height = frame.top - 7.0 - MARK * mark.level as f64;
        sheet.line(&[(mark.at, height - 6.0), (mark.at, frame.bottom)], Stroke::GUIDE)?;
        sheet.words((mark.from, height), &Words::strong(&mark.name, Side::Start).within(MARK_ROOM))?;
    }
    Ok(())
}

/// Each line's name to the right of its end, moved apart where ends lie close.
fn names(sheet: &Sheet<'_, '_>, lines: &[(&str, Vec<Points>)], frame: &Frame, more: usize, lang: Lang) -> Drawing {
    let end = |runs: &[Points]| runs.last().and_then(|run| run.last()).map(|(x, figure)| frame.at(*x, figure.value));
    let mut placed: Vec<(usize, f64)> =
        lines.iter().enumerate().map(|(number, (_, runs))| (number, end(runs).map_or(frame.bottom, |(_, y)| y))).collect();
    placed.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut free = frame.top;
    for (_, y) in &mut placed {
        *y = y.max(free);
        free = *y + NAME;
    }
    let mut limit = frame.bottom - if more > 0 { NAME } else { 0.0 };
    for (_, y) in placed.iter_mut().rev() {
        *y = y.min(limit);
        limit = *y - NAME;
    }
    for (number, y) in &placed {
        let (look, from) = (Look(*number), frame.right + 8.0);
        sheet.line(&[(from, *y), (from + 26.0, *y)], look.stroke())?;
        sheet.marker((from + 13.0, *y), 3.25, look)?;
        sheet.words((from + 31.0, *y), &Words::strong(lines[*number].0, Side::Start).within(NAME_ROOM))?;
    }
    if more > 0 {
        let text = lang.pick(format!("+ {more} more"), format!("另有 {more} 条"));
        sheet.words((frame.right + 8.0, frame.bottom), &Words { colour: Ink::Text.rgb(), ..Words::new(&text, Side::Start) })?;
    }
    Ok(())
}
