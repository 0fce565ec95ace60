//! The report as a whole.

use super::*;
use crate::synthetic_report as synthetic;

const HOSTILE: &str = "</style><script>alert('x')</script>";

#[test]
fn a_report_asks_nothing_of_any_server_and_runs_nothing() {
    for lang in [Lang::En, Lang::Zh] {
        let page = render(&synthetic::report(lang), lang);
        assert!(
            !page.contains("<script")
                && !page.contains("<link")
                && !page.contains("<img")
                && !page.contains("@import")
                && !page.contains("url(")
        );
        assert_eq!(page.matches("http").count(), page.matches("http://www.w3.org/2000/svg").count(), "an address of a server");
        assert!(!page.contains("NaN"));
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(render(&synthetic::report(Lang::Zh), Lang::Zh), render(&synthetic::report(Lang::Zh), Lang::Zh));
}

#[test]
fn what_people_wrote_stays_text() {
    let mut report = synthetic::report(Lang::En);
    report.title = HOSTILE.to_owned();
    report.provenance.source = HOSTILE.to_owned();
    report.tiles[0].value = HOSTILE.to_owned();
    report.headline.says.push(HOSTILE.to_owned());
    report.sections[0].charts[0].caption = HOSTILE.to_owned();
    report.appendix.push((HOSTILE.to_owned(), HOSTILE.to_owned()));
    let page = render(&report, Lang::En);
    assert!(!page.contains("<script") && page.matches("</style>").count() == 1);
}

#[test]
fn every_link_has_its_place_even_when_parts_share_a_name() {
    let mut report = synthetic::report(Lang::En);
    report.sections.push(report.sections[0].clone());
    report.sections.push(Section { id: "", ..report.sections[0].clone() });
    let page = render(&report, Lang::En);
    for link in page.split("href=\"#").skip(1) {
        let id = link.split('"').next().unwrap();
        assert_eq!(page.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}");
    }
}

#[test]
fn headings_stand_in_order_and_tables_have_captions_and_scopes() {
    let page = render(&synthetic::report(Lang::Zh), Lang::Zh);
    assert_eq!(page.matches("<h1").count(), 1);
    let levels: Vec<u32> = page.split("<h").skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10)).collect();
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    assert_eq!(page.matches("<table").count(), page.matches("<caption").count());
    assert_eq!(page.matches("<th ").count(), page.matches("<th scope=").count());
    assert_eq!(page.matches("<figure").count(), page.matches("<figcaption").count());
}

#[test]
fn methods_stand_open_so_that_they_are_printed() {
    let page = render(&synthetic::report(Lang::En), Lang::En);
    assert!(page.contains("<details class=\"method\" open>") && !page.contains("<details class=\"method\">"));
}

#[test]
fn a_part_that_its_reader_may_change_brings_its_script_once_and_asks_nothing_of_any_server() {
    let mut report = synthetic::report(Lang::En);
    let live = crate::section::Live { script: "scorecard", data: serde_json::json!({"name": HOSTILE}) };
    for part in &mut report.sections[..2] {
        part.live = Some(live.clone());
    }
    let page = render(&report, Lang::En);
    assert_eq!((page.matches("<script type=\"module\">").count(), page.matches("application/json").count()), (1, 2));
    assert_eq!(page.matches("<script").count(), page.matches("</script>").count(), "no text ends a script");
    assert_eq!(page.matches("http").count(), page.matches("http://www.w3.org/2000/svg").count(), "an address of a server");
    assert!(!page.contains("src=") && !page.contains("@import"));
}
