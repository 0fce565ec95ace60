//! Parts of an answer for a page.

use unicode_width::UnicodeWidthStr;

use super::{Align, Section, Table};
use crate::view::Lang;

/// Text made safe to stand in HTML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

/// Where and how a section stands.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its anchor.
    pub id: &'a str,
    /// How its method stands.
    pub method: Method,
}

/// How a method stands under its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Until it is asked for.
    Folded,
    /// As in print.
    Open,
}

/// The section as HTML, on a page that can be asked for its method.
pub fn html(section: &Section, lang: Lang) -> String {
    html_at(section, &Place { id: section.id, method: Method::Folded }, lang)
}

/// The section as HTML in its place. Its heading is of the second level.
pub fn html_at(section: &Section, place: &Place<'_>, lang: Lang) -> String {
    let id = escape(place.id);
    let mut out = format!(
        "<section id=\"{id}\" class=\"part\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{}</h2>\n",
        escape(&section.title)
    );
    for sentence in &section.says {
        out.push_str(&format!("<p class=\"says\">{}</p>\n", escape(sentence)));
    }
    if !section.warnings.is_empty() {
        out.push_str(&format!("<ul class=\"warnings\" aria-label=\"{}\">\n", lang.pick("Beware", "注意")));
        for warning in &section.warnings {
            out.push_str(&format!("<li>{}</li>\n", escape(warning)));
        }
        out.push_str("</ul>\n");
    }
    for chart in &section.charts {
        out.push_str(&format!("<figure class=\"drawn\">{}<figcaption>{}</figcaption></figure>\n", chart.svg(lang), escape(&chart.caption)));
    }
    if let Some(live) = &section.live {
        out.push_str(&format!(
            "<div class=\"live\" data-live=\"{}\"><script type=\"application/json\">{}</script></div>\n",
            live.script,
            embedded(&live.data)
        ));
    }
    for table in &section.tables {
        out.push_str(&table_html(table, &section.title));
    }
    if !section.method.is_empty() {
        let open = if place.method == Method::Open { " open" } else { "" };
        out.push_str(&format!("<details class=\"method\"{open}><summary>{}</summary>\n", lang.pick("How this was come by", "计算方法")));
        for line in &section.method {
            out.push_str(&format!("<p>{}</p>\n", escape(line)));
        }
        out.push_str("</details>\n");
    }
    out.push_str("</section>\n");
    out
}

/// JSON that can stand in a page: no text in it ends the script or begins a comment.
fn embedded(data: &serde_json::Value) -> String {
    data.to_string().replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// Columns of text up to which a cell is not broken, even on paper.
const SHORT: usize = 14;
/// The same of a head.
const SHORT_HEAD: usize = 8;
/// Columns of text beyond which a cell is broken, even on a screen.
const LONG: usize = 44;

/// How a cell stands and breaks: numbers to the right; what is short keeps together, what is long goes on below.
fn class(align: Align, text: &str, short: usize) -> String {
    let breaks = match text.width() {
        width if width <= short => " short",
        width if width > LONG => " long",
        _ => "",
    };
    let all = format!("{}{breaks}", if align == Align::Right { "number" } else { "" });
    if all.is_empty() { all } else { format!(" class=\"{}\"", all.trim_start()) }
}

/// A table that says nothing of itself is named after what it stands in, for readers who come upon it alone.
fn table_html(table: &Table, within: &str) -> String {
    let (caption, name) = if table.caption.is_empty() {
        (format!("<caption><span class=\"out-of-sight\">{}</span></caption>", escape(within)), within)
    } else {
        (format!("<caption>{}</caption>", escape(&table.caption)), table.caption.as_str())
    };
    let mut out = format!("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{}\"><table>\n{caption}\n", escape(name));
    out.push_str("<thead><tr>");
    for head in &table.heads {
        out.push_str(&format!("<th scope=\"col\"{}>{}</th>", class(head.align, &head.text, SHORT_HEAD), escape(&head.text)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for (at, (cell, head)) in row.iter().zip(&table.heads).enumerate() {
            let (open, close) = if at == 0 { ("<th scope=\"row\"", "</th>") } else { ("<td", "</td>") };
            out.push_str(&format!("{open}{}>{}{close}", class(head.align, cell, SHORT), escape(cell)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::section::Live;

    #[test]
    fn what_a_script_works_on_stays_data() {
        let live = Live { script: "scorecard", data: serde_json::json!({"name": "</script><!--<script>alert(1)"}) };
        let page = html(&Section { live: Some(live), ..Section::new("card", "card") }, Lang::En);
        assert_eq!((page.matches("<script").count(), page.matches("</script").count(), page.matches("<!--").count()), (1, 1, 0), "{page}");
    }

    #[test]
    fn what_people_wrote_stays_text() {
        let mut table = Table::new("<b>", &["word"]);
        table.row(["<script>alert('1')</script>".to_owned()]);
        let section = Section { tables: vec![table], ..Section::new("words", "\"words\" & more") };
        let page = html(&section, Lang::En);
        assert!(!page.contains("<script>") && !page.contains("<b>"));
        assert!(page.contains("&lt;script&gt;alert(&#39;1&#39;)") && page.contains("&quot;words&quot; &amp; more"));
    }
}
