//! Parts of an answer for a terminal.

use unicode_width::UnicodeWidthStr;

use super::{Align, Section, Table};

/// The section as text. Charts are left out: their numbers stand in the tables.
pub fn text(section: &Section) -> String {
    let mut out = format!("{}\n", section.title);
    for sentence in &section.says {
        out.push_str(&format!("  {sentence}\n"));
    }
    for warning in &section.warnings {
        out.push_str(&format!("  ! {warning}\n"));
    }
    for table in &section.tables {
        out.push('\n');
        out.push_str(&table_text(table));
    }
    if !section.method.is_empty() {
        out.push('\n');
        for line in &section.method {
            out.push_str(&format!("  {line}\n"));
        }
    }
    out
}

fn table_text(table: &Table) -> String {
    let cells = |row: &[String], column: usize| row.get(column).map_or("", String::as_str).to_owned();
    let widths: Vec<usize> = (0..table.heads.len())
        .map(|column| table.rows.iter().map(|row| cells(row, column).width()).chain([table.heads[column].text.width()]).max().unwrap_or(0))
        .collect();
    let line = |texts: Vec<String>| {
        let padded = texts.iter().zip(&table.heads).zip(&widths).map(|((text, head), width)| {
            let room = " ".repeat(width.saturating_sub(text.width()));
            match head.align {
                Align::Left => format!("{text}{room}"),
                Align::Right => format!("{room}{text}"),
            }
        });
        format!("  {}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    let mut out = String::new();
    if !table.caption.is_empty() {
        out.push_str(&format!("  {}\n", table.caption));
    }
    out.push_str(&line(table.heads.iter().map(|head| head.text.clone()).collect()));
    out.push_str(&line(widths.iter().map(|width| "-".repeat(*width)).collect()));
    for row in &table.rows {
        out.push_str(&line((0..table.heads.len()).map(|column| cells(row, column)).collect()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_in_chinese_too() {
        let mut table = Table::new("", &["业务", "n"]);
        table.row(["语音通话".to_owned(), "7".to_owned()]);
        table.row(["IM".to_owned(), "12".to_owned()]);
        assert_eq!(table_text(&table), "  业务       n\n  --------  --\n  语音通话   7\n  IM        12\n");
    }
}
