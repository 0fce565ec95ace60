//! Parts of an answer for a page.

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

/// The section as HTML. Method stands folded under its tables; a printed page unfolds it.
pub fn html(section: &Section, lang: Lang) -> String {
    let mut out = format!("<section id=\"{}\" class=\"part\">\n<h2>{}</h2>\n", escape(section.id), escape(&section.title));
    for sentence in &section.says {
        out.push_str(&format!("<p class=\"says\">{}</p>\n", escape(sentence)));
    }
    if !section.warnings.is_empty() {
        out.push_str("<ul class=\"warnings\">\n");
        for warning in &section.warnings {
            out.push_str(&format!("<li>{}</li>\n", escape(warning)));
        }
        out.push_str("</ul>\n");
    }
    for chart in &section.charts {
        out.push_str(&format!("<figure>{}<figcaption>{}</figcaption></figure>\n", chart.svg(lang), escape(&chart.caption)));
    }
    for table in &section.tables {
        out.push_str(&table_html(table));
    }
    if !section.method.is_empty() {
        out.push_str(&format!("<details class=\"method\"><summary>{}</summary>\n", lang.pick("How this was come by", "计算方法")));
        for line in &section.method {
            out.push_str(&format!("<p>{}</p>\n", escape(line)));
        }
        out.push_str("</details>\n");
    }
    out.push_str("</section>\n");
    out
}

fn table_html(table: &Table) -> String {
    let class = |align: Align| if align == Align::Right { " class=\"number\"" } else { "" };
    let mut out = String::from("<div class=\"scroll\"><table>\n");
    if !table.caption.is_empty() {
        out.push_str(&format!("<caption>{}</caption>\n", escape(&table.caption)));
    }
    out.push_str("<thead><tr>");
    for head in &table.heads {
        out.push_str(&format!("<th scope=\"col\"{}>{}</th>", class(head.align), escape(&head.text)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for (at, (cell, head)) in row.iter().zip(&table.heads).enumerate() {
            let (open, close) = if at == 0 { ("<th scope=\"row\"", "</th>") } else { ("<td", "</td>") };
            out.push_str(&format!("{open}{}>{}{close}", class(head.align), escape(cell)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

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
