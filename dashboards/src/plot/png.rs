//! The same drawings as PNG, for where SVG cannot go, with the fonts of this machine.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

use super::Chart;
use crate::view::Lang;

/// Letters named in an error: enough to know the script by.
const NAMED: usize = 12;

/// Families taken for words where they are there, as their Latin letters fit beside Chinese.
const SANS: [&str; 8] =
    ["Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "Segoe UI", "DejaVu Sans", "Liberation Sans", "Arial"];

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PngError {
    /// Nothing on this machine draws these letters.
    #[error("no font on this machine draws {letters:?}: install one that does (on Debian: apt install fonts-noto-cjk), or take the SVG")]
    NoFont {
        /// Some of them.
        letters: String,
    },
    /// A picture of no size, or of more than memory holds.
    #[error("draw {width} by {height} px")]
    Size {
        /// px.
        width: u32,
        /// px.
        height: u32,
    },
    /// The drawing is not SVG.
    #[error("read the drawing: {why}")]
    Drawing {
        /// What is wrong with it.
        why: String,
    },
}

static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_system_fonts();
    let names: Vec<&str> = fonts.faces().flat_map(|face| face.families.iter().map(|(name, _)| name.as_str())).collect();
    let family = SANS.into_iter().find(|name| names.contains(name)).or(names.first().copied()).unwrap_or_default().to_owned();
    fonts.set_sans_serif_family(family);
    Arc::new(fonts)
});

impl Chart {
    /// The drawing in its own colours on white, `scale` pixels of the picture to one of the drawing.
    pub fn png(&self, lang: Lang, scale: f32) -> Result<Vec<u8>, PngError> {
        picture(&self.svg(lang), scale, &FONTS)
    }
}

fn picture(svg: &str, scale: f32, fonts: &Arc<Database>) -> Result<Vec<u8>, PngError> {
    let missing = undrawable(svg, fonts);
    if !missing.is_empty() {
        return Err(PngError::NoFont { letters: missing });
    }
    let options = Options { fontdb: Arc::clone(fonts), font_family: "sans-serif".to_owned(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| PngError::Drawing { why: error.to_string() })?;
    let (width, height) = ((tree.size().width() * scale).ceil() as u32, (tree.size().height() * scale).ceil() as u32);
    let too_large = || PngError::Size { width, height };
    let mut pixmap = Pixmap::new(width, height).ok_or_else(too_large)?;
    pixmap.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|_| too_large())
}

/// The first letters of the drawing's words that no font has.
fn undrawable(svg: &str, fonts: &Database) -> String {
    let mut wanted: Vec<char> = svg.split('>').flat_map(|piece| piece.split('<').next().unwrap_or("").chars()).collect();
    wanted.retain(|letter| !letter.is_whitespace() && !letter.is_control());
    wanted.sort_unstable();
    wanted.dedup();
    for face in fonts.faces() {
        if wanted.is_empty() {
            break;
        }
        fonts.with_face_data(face.id, |data, index| {
            if let Ok(face) = ttf_parser::Face::parse(data, index) {
                wanted.retain(|letter| face.glyph_index(*letter).is_none());
            }
        });
    }
    wanted.into_iter().take(NAMED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Drawn, Figure};

    fn chart(name: &str) -> Chart {
        let rows = vec![(name.to_owned(), Figure { value: 0.5, low: 0.4, high: 0.6 })];
        Chart { caption: name.to_owned(), drawn: Drawn::Forest { axis: "%".to_owned(), share: true, nothing: None, sides: None, rows } }
    }

    #[test]
    fn letters_that_no_font_has_are_named_and_not_left_out() {
        let error = picture(&chart("业务").svg(Lang::Zh), 1.0, &Arc::new(Database::new())).unwrap_err();
        assert!(error.to_string().contains("业务") && error.to_string().contains("fonts-noto-cjk"), "{error}");
    }

    #[test]
    fn a_picture_is_a_png_of_the_size_asked_for() {
        let png = chart("业务").png(Lang::Zh, 2.0).expect("this machine has fonts for Chinese");
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(&png[16..20], &1440_u32.to_be_bytes());
    }
}
