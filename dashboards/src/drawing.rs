//! Pictures drawn on the server: SVG by plotters, then given classes, so that a page's light and dark styles reach them. Taken
//! out of a page they keep their own colours.

mod chart;
mod sparkline;
mod whisker;

pub(crate) use chart::chart;
pub(crate) use sparkline::sparkline;
pub(crate) use whisker::{Whiskers, whisker};

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::section::escape;

pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(crate) type DrawError<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

/// What a stroke or an area means. Each has a colour of its own (Wong's colour-blind-safe palette and greys), by which its
/// class is found again in the finished SVG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Good,
    Bad,
    Silent,
    Unclassified,
    First,
    Second,
    Third,
    Fourth,
    Fifth,
    Sixth,
    Grid,
    Text,
    Strong,
    Faint,
}

impl Ink {
    const ALL: [Ink; 14] = [
        Ink::Good,
        Ink::Bad,
        Ink::Silent,
        Ink::Unclassified,
        Ink::First,
        Ink::Second,
        Ink::Third,
        Ink::Fourth,
        Ink::Fifth,
        Ink::Sixth,
        Ink::Grid,
        Ink::Text,
        Ink::Strong,
        Ink::Faint,
    ];

    pub(crate) fn rgb(self) -> RGBColor {
        match self {
            Ink::Good => RGBColor(0x00, 0x9E, 0x73),
            Ink::Bad => RGBColor(0xD5, 0x5E, 0x00),
            Ink::Silent => RGBColor(0xCC, 0x79, 0xA7),
            Ink::Unclassified => RGBColor(0xA8, 0xAD, 0xB4),
            Ink::First => RGBColor(0x00, 0x72, 0xB2),
            Ink::Second => RGBColor(0xE6, 0x9F, 0x00),
            // Series mean nothing by their colours: a step beside those of the verdicts, so that each is found by its own.
            Ink::Third => RGBColor(0x00, 0x9E, 0x74),
            Ink::Fourth => RGBColor(0xCC, 0x79, 0xA8),
            Ink::Fifth => RGBColor(0xD5, 0x5E, 0x01),
            Ink::Sixth => RGBColor(0x33, 0x3A, 0x42),
            Ink::Grid => RGBColor(0xE1, 0xE4, 0xE8),
            Ink::Text => RGBColor(0x5B, 0x64, 0x70),
            Ink::Strong => RGBColor(0x14, 0x18, 0x1D),
            Ink::Faint => RGBColor(0x8A, 0x93, 0x9F),
        }
    }

    /// Its name in class names and chart specifications.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Ink::Good => "good",
            Ink::Bad => "bad",
            Ink::Silent => "silent",
            Ink::Unclassified => "unclassified",
            Ink::First => "first",
            Ink::Second => "second",
            Ink::Third => "third",
            Ink::Fourth => "fourth",
            Ink::Fifth => "fifth",
            Ink::Sixth => "sixth",
            Ink::Grid => "grid",
            Ink::Text => "text",
            Ink::Strong => "strong",
            Ink::Faint => "faint",
        }
    }

    pub(crate) fn line(self, width: u32) -> ShapeStyle {
        self.rgb().stroke_width(width)
    }

    pub(crate) fn area(self) -> ShapeStyle {
        self.rgb().filled()
    }
}

/// Runs `paint` on an area of `size` and returns the SVG, labelled for readers who do not see it. A picture that cannot be
/// drawn is left out, and logged: the figures stand beside it.
fn picture(size: (u32, u32), class: &str, label: &str, paint: impl FnOnce(&Area<'_>) -> Result<(), String>) -> String {
    match painted(size, paint) {
        Ok(svg) => svg.replacen("<svg", &format!("<svg class=\"{class}\" role=\"img\" aria-label=\"{}\"", escape(label)), 1),
        Err(error) => {
            tracing::error!(class, error, "draw a picture");
            String::new()
        }
    }
}

/// The SVG that `paint` paints on an area of `size`, each ink with its class.
pub(crate) fn painted(size: (u32, u32), paint: impl FnOnce(&Area<'_>) -> Result<(), String>) -> Result<String, String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        paint(&area).and_then(|()| area.present().map_err(|error| error.to_string()))?;
    }
    let mut svg = svg.replace('\n', "");
    for ink in Ink::ALL {
        let RGBColor(red, green, blue) = ink.rgb();
        for paint in ["fill", "stroke"] {
            let colour = format!("{paint}=\"#{red:02X}{green:02X}{blue:02X}\"");
            svg = svg.replace(&colour, &format!("{colour} class=\"{paint}-{}\"", ink.name()));
        }
    }
    Ok(svg)
}

/// Lets plotters' errors pass a closure that knows nothing of the backend's lifetime.
pub(crate) fn told(error: DrawError<'_>) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_classes_colours_and_an_escaped_label() {
        let svg = picture((20, 10), "spark", "<b> & \"c\"", |area| {
            area.draw(&PathElement::new(vec![(0, 0), (5, 5)], Ink::Bad.line(2))).map_err(told)
        });
        assert!(svg.starts_with("<svg class=\"spark\" role=\"img\" aria-label=\"&lt;b&gt; &amp; &quot;c&quot;\""), "{svg}");
        assert!(svg.contains("stroke=\"#D55E00\" class=\"stroke-bad\""), "{svg}");
        assert!(!svg.contains("style="), "inline styles are refused by the content security policy");
    }
}
