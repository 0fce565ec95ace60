//! The file.

use super::{Provenance, Report, Tile};
use crate::section::{Method, Place, Section, escape, html_at};
use crate::view::Lang;

const COLOURS: &str = include_str!("../../assets/colours.css");
const PARTS: &str = include_str!("../../assets/parts.css");
const REPORT: &str = include_str!("../../assets/report.css");
const SCORECARD: &str = include_str!("../../assets/scorecard.css");
/// Scripts that parts of a report may have, by name. They ask nothing of any server.
const SCRIPTS: [(&str, &str); 1] = [("scorecard", include_str!("../../assets/scorecard.js"))];

/// The whole page.
pub(super) fn page(report: &Report, lang: Lang) -> String {
    let placed = placed(&report.sections);
    let mut out = head(report, lang);
    out.push_str(&cover(report, lang));
    out.push_str("<main id=\"main\">\n");
    out.push_str(&first(report, lang));
    out.push_str(&contents(report, &placed, lang));
    for (id, section) in &placed {
        out.push_str(&html_at(section, &Place { id, method: Method::Open }, lang));
    }
    out.push_str(&appendix(&report.appendix, lang));
    out.push_str(&provenance(&report.provenance, lang));
    out.push_str("</main>\n");
    out.push_str(&scripts(report));
    out.push_str("</body>\n</html>\n");
    out
}

/// The scripts of those parts that their reader may change, each once.
fn scripts(report: &Report) -> String {
    let wanted = |name: &str| report.sections.iter().any(|section| section.live.as_ref().is_some_and(|live| live.script == name));
    let scripts = SCRIPTS.iter().filter(|(name, _)| wanted(name));
    scripts.map(|(_, script)| format!("<script type=\"module\">\n{script}</script>\n")).collect()
}

/// Each section with an anchor of its own.
fn placed(sections: &[Section]) -> Vec<(String, &Section)> {
    let own = ["main", "headline", "contents", "appendix", "provenance"];
    let mut placed: Vec<(String, &Section)> = Vec::new();
    for section in sections {
        let is_taken = |id: &str| own.contains(&id) || placed.iter().any(|(other, _)| other == id);
        let mut id = section.id.to_owned();
        let mut number = 2;
        while id.is_empty() || is_taken(&id) {
            id = format!("{}-{number}", if section.id.is_empty() { "part" } else { section.id });
            number += 1;
        }
        placed.push((id, section));
    }
    placed
}

fn head(report: &Report, lang: Lang) -> String {
    let live = if report.sections.iter().any(|section| section.live.is_some()) { SCORECARD } else { "" };
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"qoe {}\">\n<title>{}</title>\n\
         <style>\n{COLOURS}{PARTS}{REPORT}{live}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">{}</a>\n",
        lang.pick("en", "zh-CN"),
        escape(&report.provenance.version),
        escape(&report.title),
        lang.pick("Skip to content", "跳到正文"),
    )
}

fn cover(report: &Report, lang: Lang) -> String {
    let Provenance { source, period, zone, .. } = &report.provenance;
    let period = if zone.is_empty() || period.is_empty() {
        period.clone()
    } else {
        lang.pick(format!("{period} ({zone})"), format!("{period}（{zone}）"))
    };
    let stated: Vec<String> = [source, &period].into_iter().filter(|text| !text.is_empty()).map(|text| escape(text)).collect();
    format!("<header class=\"cover\">\n<h1>{}</h1>\n<p>{}</p>\n</header>\n", escape(&report.title), stated.join(" · "))
}

fn first(report: &Report, lang: Lang) -> String {
    let mut out = String::from("<div class=\"first\">\n");
    if !report.tiles.is_empty() {
        let tiles: String = report.tiles.iter().map(tile).collect();
        out.push_str(&format!("<ul class=\"tiles\" aria-label=\"{}\">\n{tiles}</ul>\n", lang.pick("Key figures", "关键指标")));
    }
    out.push_str(&html_at(&report.headline, &Place { id: "headline", method: Method::Open }, lang));
    out.push_str("</div>\n");
    out
}

fn tile(tile: &Tile) -> String {
    let line =
        |class: &str, text: &str| if text.is_empty() { String::new() } else { format!("<span class=\"{class}\">{}</span>", escape(text)) };
    let lines = [line("name", &tile.name), line("value", &tile.value), line("range", &tile.interval), line("aside", &tile.note)];
    format!("<li>{}</li>\n", lines.concat())
}

fn contents(report: &Report, placed: &[(String, &Section)], lang: Lang) -> String {
    let mut links: Vec<(&str, &str)> = placed.iter().map(|(id, section)| (id.as_str(), section.title.as_str())).collect();
    if !report.appendix.is_empty() {
        links.push(("appendix", appendix_title(lang)));
    }
    links.push(("provenance", provenance_title(lang)));
    let links: String =
        links.into_iter().map(|(id, title)| format!("<li><a href=\"#{}\">{}</a></li>\n", escape(id), escape(title))).collect();
    format!(
        "<nav class=\"toc\" aria-labelledby=\"contents\">\n<h2 id=\"contents\">{}</h2>\n<ol>\n{links}</ol>\n</nav>\n",
        lang.pick("Contents", "目录")
    )
}

fn appendix_title(lang: Lang) -> &'static str {
    lang.pick("Definitions and queries", "定义与查询语句")
}

fn provenance_title(lang: Lang) -> &'static str {
    lang.pick("What this was made from", "数据来源与版本")
}

fn appendix(texts: &[(String, String)], lang: Lang) -> String {
    if texts.is_empty() {
        return String::new();
    }
    let texts: String =
        texts.iter().map(|(title, text)| format!("<div>\n<h3>{}</h3>\n<pre>{}</pre>\n</div>\n", escape(title), escape(text))).collect();
    format!(
        "<section class=\"appendix\" id=\"appendix\" aria-labelledby=\"appendix-title\">\n<h2 id=\"appendix-title\">{}</h2>\n{texts}</section>\n",
        appendix_title(lang)
    )
}

fn provenance(provenance: &Provenance, lang: Lang) -> String {
    let lines = [
        (lang.pick("Source", "数据来源"), &provenance.source),
        (lang.pick("Period", "时间范围"), &provenance.period),
        (lang.pick("Time zone", "时区"), &provenance.zone),
        (lang.pick("Hash of the data", "数据哈希"), &provenance.data_hash),
        (lang.pick("Made by", "生成命令"), &provenance.command),
        (lang.pick("Version", "版本"), &provenance.version),
    ];
    let lines: String = lines
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| format!("<dt>{name}</dt><dd>{}</dd>\n", escape(text)))
        .collect();
    format!(
        "<section class=\"provenance\" id=\"provenance\" aria-labelledby=\"provenance-title\">\n<h2 id=\"provenance-title\">{}</h2>\n<dl>\n{lines}</dl>\n</section>\n",
        provenance_title(lang)
    )
}
