//! Two scales at right angles, their ticks and names: what curves and lines are drawn in.

use super::axis::{Axis, Reading};
use super::sheet::{Drawing, Sheet, Side, Stroke, TEXT, WIDTH, Words};
use super::{Figure, label};
use crate::drawing::Ink;

/// Height between the scales' ends, px.
const HEIGHT: f64 = 260.0;
/// Below: ticks and the name of the lower scale.
const FOOT: f64 = 46.0;
/// Above: the name of the upright scale, which stands level so that Chinese reads well.
const HEAD: f64 = 28.0;

/// The frame and where it stands on the sheet, px.
pub(super) struct Frame {
    pub x: Axis,
    pub y: Axis,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

/// Whether a scale's name says that its values are shares.
fn shares(name: &str) -> bool {
    ["%", "％", "share", "比例", "_ratio"].iter().any(|word| name.contains(word))
}

/// Figures whose intervals reach no further than shares do, where the scale's name says that they are shares and their values are: a scale of shares
/// ends at 0 and 100 %, whatever a normal interval says.
pub(super) fn within(name: &str, figures: &mut [Figure]) {
    if shares(name) && figures.iter().all(|figure| (0.0..=1.0).contains(&figure.value)) {
        figures.iter_mut().for_each(|figure| *figure = figure.of_share());
    }
}

/// How the values of a scale are read: in percent if its name says that they are shares, and they can be.
pub(super) fn reading(name: &str, (low, high): (f64, f64)) -> Reading {
    let share = shares(name) && low >= -1.001 && high <= 1.001;
    if share { Reading::Share } else { Reading::Plain }
}

impl Frame {
    /// A frame that leaves this much room above for what is marked, and to the right for names of lines.
    pub fn new(x: Axis, y: Axis, above: f64, right: f64) -> Frame {
        Frame::of_height(x, y, above, right, HEIGHT)
    }

    /// The same, this high at least.
    pub fn of_height(x: Axis, y: Axis, above: f64, right: f64, height: f64) -> Frame {
        let widest = y.ticks.iter().map(|(_, written)| label::width(written, TEXT)).fold(0.0, f64::max);
        let (left, right, top) = (widest + 12.0, WIDTH - right, HEAD + above);
        let bottom = top + height.max(HEIGHT);
        Frame { x: x.between(left, right), y: y.between(bottom, top), left, right, top, bottom }
    }

    /// The sheet it needs.
    pub fn size(&self) -> (f64, f64) {
        (WIDTH, self.bottom + FOOT)
    }

    /// Where a point stands.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x.at(x), self.y.at(y))
    }

    /// Draws the scales with their names.
    pub fn draw(&self, sheet: &Sheet<'_, '_>, x_name: &str, y_name: &str) -> Drawing {
        for (value, written) in &self.y.ticks {
            let y = self.y.at(*value);
            sheet.line(&[(self.left, y), (self.right, y)], Stroke::plain(Ink::Grid, 1.0))?;
            sheet.words((self.left - 7.0, y), &Words::new(written, Side::End))?;
        }
        let mut free = f64::NEG_INFINITY;
        for (value, written) in &self.x.ticks {
            let (x, half) = (self.x.at(*value), label::width(written, TEXT) / 2.0);
            sheet.line(&[(x, self.bottom), (x, self.bottom + 4.0)], Stroke::plain(Ink::Faint, 1.0))?;
            if x - half > free {
                sheet.words((x, self.bottom + 15.0), &Words::new(written, Side::Middle))?;
                free = x + half + 6.0;
            }
        }
        sheet.line(&[(self.left, self.bottom), (self.right, self.bottom)], Stroke::plain(Ink::Faint, 1.0))?;
        sheet.words((2.0, 11.0), &Words::new(y_name, Side::Start).within(WIDTH - 4.0))?;
        let middle = (self.left + self.right) / 2.0;
        let reach = 2.0 * (middle.min(WIDTH - middle) - 2.0);
        sheet.words((middle, self.bottom + 34.0), &Words::new(x_name, Side::Middle).within(reach))
    }
}
