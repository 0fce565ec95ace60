//! A grid of shares, darker where more: cohorts by day. What is not known yet stays empty.

use plotters::style::RGBColor;

use super::label;
use super::sheet::{Drawing, Sheet, Side, Stroke, TEXT, WIDTH, Words, draw};
use crate::drawing::Ink;
use crate::view::Lang;

const ROW: f64 = 26.0;
const TOP: f64 = 24.0;
/// Below the rows: what the shades mean.
const FOOT: f64 = 40.0;
/// Rows drawn; the table has them all.
const ROWS: usize = 60;
/// Narrowest and widest cell, px.
const CELL: (f64, f64) = (38.0, 72.0);
const CELL_TEXT: f64 = 11.0;
/// From the shade of none to the shade of the most.
const SHADES: usize = 10;
/// Words in cells; the same on light and on dark pages, as the cells are.
const ON_LIGHT: RGBColor = RGBColor(0x10, 0x14, 0x18);
const ON_DARK: RGBColor = RGBColor(0xFF, 0xFF, 0xFE);

type Row = (String, Vec<Option<f64>>);

/// Draws it; `None` if there is no cell.
pub(super) fn grid(columns: &[String], rows: &[Row], title: &str, lang: Lang) -> Option<String> {
    let shown = &rows[..rows.len().min(ROWS)];
    let cells = |row: &Row| {
        row.1.iter().take(columns.len()).map(|cell| cell.filter(|share| (-1e-9..=1.0 + 1e-9).contains(share))).collect::<Vec<_>>()
    };
    let known: Vec<f64> = shown.iter().flat_map(cells).flatten().collect();
    if known.is_empty() {
        return None;
    }
    let most = known.iter().fold(0.0_f64, |most, share| most.max(*share)).max(1e-9);
    let most = (most * SHADES as f64).ceil() / SHADES as f64;
    let left = shown.iter().map(|(name, _)| label::width(name, TEXT)).fold(0.0, f64::max).clamp(40.0, 200.0) + 10.0;
    let cell = ((WIDTH - left - 2.0) / columns.len() as f64).clamp(CELL.0, CELL.1);
    let width = (left + cell * columns.len() as f64 + 2.0).max(WIDTH);
    let more = rows.len() - shown.len();
    let bottom = TOP + ROW * (shown.len() + usize::from(more > 0)) as f64;
    Some(draw((width, bottom + FOOT), title, lang, |sheet| {
        for (at, name) in columns.iter().enumerate() {
            let middle = left + cell * (at as f64 + 0.5);
            sheet.words((middle, TOP - 11.0), &Words::new(name, Side::Middle).within(cell - 2.0))?;
        }
        for (number, row) in shown.iter().enumerate() {
            let y = TOP + ROW * number as f64;
            sheet.words((left - 8.0, y + ROW / 2.0), &Words::strong(&row.0, Side::End).within(left - 10.0))?;
            for (at, share) in cells(row).into_iter().enumerate() {
                let x = left + cell * at as f64;
                draw_cell(sheet, (x + 1.0, y + 1.0), (x + cell - 1.0, y + ROW - 1.0), share, most)?;
            }
        }
        if more > 0 {
            let text = lang.pick(format!("… and {more} more rows, in the table"), format!("……另有 {more} 行，见表格"));
            sheet.words((left, bottom - ROW / 2.0), &Words::new(&text, Side::Start))?;
        }
        legend(sheet, (left, bottom + 18.0), most, lang)
    }))
}

fn draw_cell(sheet: &Sheet<'_, '_>, from: (f64, f64), to: (f64, f64), share: Option<f64>, most: f64) -> Drawing {
    let Some(share) = share else {
        return sheet.outline(from, to, Stroke::plain(Ink::Grid, 1.0));
    };
    let shade = (share / most * SHADES as f64).round().clamp(0.0, SHADES as f64) as usize;
    sheet.cell(from, to, colour(shade))?;
    let ink = if shade * 2 > SHADES { ON_DARK } else { ON_LIGHT };
    let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
    sheet.words(middle, &Words { colour: ink, ..Words::new(&percent(share), Side::Middle).sized(CELL_TEXT) })
}

/// Whole percent; something never shows as 0, nor all but a few as 100.
fn percent(share: f64) -> String {
    match share * 100.0 {
        some if some > 0.0 && some < 0.5 => "<1%".to_owned(),
        most if (99.5..100.0).contains(&most) => ">99%".to_owned(),
        percent => format!("{percent:.0}%"),
    }
}

fn colour(shade: usize) -> RGBColor {
    let part = shade as f64 / SHADES as f64;
    let mix = |light: f64, dark: f64| (light + (dark - light) * part).round() as u8;
    RGBColor(mix(238.0, 8.0), mix(244.0, 72.0), mix(249.0, 122.0))
}

fn legend(sheet: &Sheet<'_, '_>, (x, y): (f64, f64), most: f64, lang: Lang) -> Drawing {
    let step = 14.0;
    for shade in 0..=SHADES {
        let from = x + 30.0 + step * shade as f64;
        sheet.cell((from, y - 6.0), (from + step, y + 6.0), colour(shade))?;
    }
    sheet.words((x + 24.0, y), &Words::new("0%", Side::End))?;
    let end = x + 30.0 + step * (SHADES + 1) as f64;
    sheet.words((end + 6.0, y), &Words::new(&percent(most), Side::Start))?;
    sheet.outline((end + 64.0, y - 6.0), (end + 84.0, y + 6.0), Stroke::plain(Ink::Faint, 1.0))?;
    sheet.words((end + 90.0, y), &Words::new(lang.pick("not known yet", "尚无数据"), Side::Start))
}
