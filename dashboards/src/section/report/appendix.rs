//! The questions behind a report, in SQL.

use qoe_query::report::{Behind, SatisfactionReport};

use super::title;
use crate::view::Lang;

/// One question for each part, under the part's name. Those that stand before tell what `data` and the other tables are.
pub fn appendix(report: &SatisfactionReport, before: Vec<(String, String)>, lang: Lang) -> Vec<(String, String)> {
    let name = |behind: &Behind| match behind.of.as_str() {
        "" => title(behind.part, lang).to_owned(),
        of => lang.pick(format!("{}: {of}", title(behind.part, lang)), format!("{}：{of}", title(behind.part, lang))),
    };
    let lacking = |behind: &&Behind| report.lacking.iter().any(|lacking| lacking.part == behind.part);
    let parts = report.behind.iter().filter(|behind| !lacking(behind)).map(|behind| (name(behind), behind.sql.clone()));
    before.into_iter().chain(parts).collect()
}
