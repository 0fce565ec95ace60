//! What charts are drawn on: plotters' SVG, in px with quarters, with dashes, words of any script and words behind words.

use std::cell::RefCell;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::label;
use crate::drawing::{Area, Ink, painted, told};
use crate::section::escape;
use crate::view::Lang;

/// Units of the drawing to a px: plotters knows whole units alone, and whole px would make curves into stairs.
const SCALE: f64 = 4.0;

/// Width of all charts but wide grids, px.
pub(super) const WIDTH: f64 = 720.0;

/// Size of words, px.
pub(super) const TEXT: f64 = 12.0;

/// The fonts of all words; the first that has a glyph draws it.
const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";

/// Dashes by which lines are told apart without colours, in units of the drawing. A line's dash is found again in the finished SVG by its
/// opacity, which is less than 1 by as many thousandths.
const DASHES: [&str; 6] = ["", "28 14", "7 13", "30 12 7 12", "52 14", "14 12"];

/// How a line is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    pub ink: Ink,
    /// px.
    pub width: f64,
    /// Which of the dashes; 0 is none.
    pub dash: usize,
}

impl Stroke {
    pub const fn plain(ink: Ink, width: f64) -> Stroke {
        Stroke { ink, width, dash: 0 }
    }

    /// A thin dashed line that points something out.
    pub const GUIDE: Stroke = Stroke { ink: Ink::Faint, width: 1.25, dash: 5 };
}

/// A colour, a dash and a marker that go together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look(pub usize);

impl Look {
    pub fn ink(self) -> Ink {
        [Ink::First, Ink::Second, Ink::Third, Ink::Fourth, Ink::Fifth, Ink::Sixth][self.0 % 6]
    }

    pub fn stroke(self) -> Stroke {
        Stroke { ink: self.ink(), width: 2.25, dash: (self.0 + self.0 / 6) % 5 }
    }
}

/// Which side of a text its place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Start,
    Middle,
    End,
}

/// Words and how they are set.
pub(super) struct Words<'t> {
    pub text: &'t str,
    /// What is read where the text was cut.
    pub room: f64,
    pub side: Side,
    pub size: f64,
    pub colour: RGBColor,
}

impl<'t> Words<'t> {
    /// Words in the colour of axes.
    pub fn new(text: &'t str, side: Side) -> Words<'t> {
        Words { text, room: f64::INFINITY, side, size: TEXT, colour: Ink::Text.rgb() }
    }

    /// Words that are read first.
    pub fn strong(text: &'t str, side: Side) -> Words<'t> {
        Words { colour: Ink::Strong.rgb(), ..Words::new(text, side) }
    }

    /// Cut to this room, px.
    pub fn within(self, room: f64) -> Words<'t> {
        Words { room, ..self }
    }

    /// In this size, px.
    pub fn sized(self, size: f64) -> Words<'t> {
        Words { size, ..self }
    }
}

/// The sheet at work.
pub(super) struct Sheet<'s, 'a> {
    area: &'s Area<'a>,
    /// What stands for the words until the drawing is done: plotters writes a place holder, so that nothing people wrote passes through it.
    texts: &'s RefCell<Vec<String>>,
}

/// How drawing ends.
pub(super) type Drawing = Result<(), String>;

/// Draws on a sheet of `size` px. What cannot be drawn is left out, and logged: the figures stand in the tables.
pub(super) fn draw(size: (f64, f64), title: &str, lang: Lang, paint: impl FnOnce(&Sheet<'_, '_>) -> Drawing) -> String {
    let texts = RefCell::new(Vec::new());
    let units = (unit(size.0) as u32, unit(size.1) as u32);
    match painted(units, |area| paint(&Sheet { area, texts: &texts })) {
        Ok(svg) => finished(&svg, size, title, lang, &texts.into_inner()),
        Err(error) => {
            tracing::error!(title, error, "draw a chart");
            String::new()
        }
    }
}

fn finished(svg: &str, size: (f64, f64), title: &str, lang: Lang, texts: &[String]) -> String {
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    let mut body = body.replace(" font-family=\"sans-serif\"", "").replace(" opacity=\"1\"", "").replace(" \"", "\"");
    for (number, dash) in DASHES.iter().enumerate().skip(1) {
        let opacity = format!(" opacity=\"{}\"", opacity(number));
        body = body.replace(&opacity, &format!(" stroke-dasharray=\"{dash}\""));
    }
    let mut pieces = body.split('\u{E000}');
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (number, rest) = piece.split_once('\u{E001}').unwrap_or(("", piece));
        filled.push_str(number.parse().ok().and_then(|number: usize| texts.get(number)).map_or("", String::as_str));
        filled.push_str(rest);
    }
    let (width, height) = size;
    format!(
        "<svg class=\"plot-svg\" role=\"img\" lang=\"{}\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {} {}\" xmlns=\"http://www.w3.org/2000/svg\" \
         font-family=\"{FONTS}\" stroke-linejoin=\"round\"><title>{}</title>{filled}",
        lang.pick("en", "zh-CN"),
        unit(width),
        unit(height),
        escape(&plain(title)),
    )
}

fn unit(px: f64) -> i32 {
    (px * SCALE).round() as i32
}

fn opacity(dash: usize) -> f64 {
    (1000 - dash) as f64 / 1000.0
}

fn place((x, y): (f64, f64)) -> (i32, i32) {
    (unit(x), unit(y))
}

/// Without what no font draws and no XML holds.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

impl Sheet<'_, '_> {
    /// A line through these places.
    pub fn line(&self, through: &[(f64, f64)], stroke: Stroke) -> Drawing {
        if through.len() < 2 {
            return Ok(());
        }
        let colour = stroke.ink.rgb().mix(opacity(stroke.dash));
        let style = colour.stroke_width(unit(stroke.width) as u32);
        self.area.draw(&PathElement::new(through.iter().map(|at| place(*at)).collect::<Vec<_>>(), style)).map_err(told)
    }

    /// A filled shape, as opaque as given: 1 hides what is behind it.
    pub fn shape(&self, around: &[(f64, f64)], ink: Ink, opaque: f64) -> Drawing {
        let corners = around.iter().map(|at| place(*at)).collect::<Vec<_>>();
        self.area.draw(&Polygon::new(corners, ink.rgb().mix(opaque).filled())).map_err(told)
    }

    /// A filled rectangle of a colour that no theme changes.
    pub fn cell(&self, from: (f64, f64), to: (f64, f64), colour: RGBColor) -> Drawing {
        self.area.draw(&Rectangle::new([place(from), place(to)], colour.filled())).map_err(told)
    }

    /// A rectangle's outline.
    pub fn outline(&self, from: (f64, f64), to: (f64, f64), stroke: Stroke) -> Drawing {
        self.line(&[from, (to.0, from.1), to, (from.0, to.1), from], stroke)
    }

    /// The marker of a look, `radius` px around its middle.
    pub fn marker(&self, (x, y): (f64, f64), radius: f64, look: Look) -> Drawing {
        let r = radius;
        match look.0 % 5 {
            0 => self.area.draw(&Circle::new(place((x, y)), unit(r), look.ink().area())).map_err(told),
            1 => self.shape(&[(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)], look.ink(), 1.0),
            2 => self.shape(&[(x, y - r * 1.25), (x + r * 1.2, y + r), (x - r * 1.2, y + r)], look.ink(), 1.0),
            3 => self.shape(&[(x, y - r * 1.35), (x + r * 1.35, y), (x, y + r * 1.35), (x - r * 1.35, y)], look.ink(), 1.0),
            _ => self.shape(&[(x, y + r * 1.25), (x + r * 1.2, y - r), (x - r * 1.2, y - r)], look.ink(), 1.0),
        }
    }

    /// Words, their middle at this height.
    pub fn words(&self, at: (f64, f64), words: &Words<'_>) -> Drawing {
        let full = plain(words.text);
        let shown = label::fit(&full, words.size, words.room);
        let behind = if shown == full { String::new() } else { format!("<title>{}</title>", escape(&full)) };
        let number = {
            let mut texts = self.texts.borrow_mut();
            texts.push(format!("{behind}{}", escape(&shown)));
            texts.len() - 1
        };
        let side = match words.side {
            Side::Start => HPos::Left,
            Side::Middle => HPos::Center,
            Side::End => HPos::Right,
        };
        // The backend divides sizes by 1.24, which is meant for bitmaps.
        let style = ("sans-serif", words.size * SCALE * 1.24).into_font().color(&words.colour).pos(Pos::new(side, VPos::Center));
        self.area.draw(&Text::new(format!("\u{E000}{number}\u{E001}"), place(at), style)).map_err(told)
    }
}
