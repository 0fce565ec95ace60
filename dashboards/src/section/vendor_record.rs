//! What vendors were like to work with.

use qoe_query::statistics::Confidence;
use qoe_query::statistics::kaplan_meier::Quantile;
use qoe_query::vendor_record::VendorRecord;

use super::numbers::{Unit, count, number, percent};
use super::score::named;
use super::{Section, Table};
use crate::view::Lang;

/// The records as people read them.
pub fn vendor_record(records: &[VendorRecord], level: Confidence, lang: Lang) -> Section {
    let mut section = Section::new("vendor-record", lang.pick("What quality does not show", "质量指标之外"));
    if records.is_empty() {
        section.says.push(lang.pick(
            "No tickets, releases or integration steps were logged in this period, so nothing can be said of them.".to_owned(),
            "这一时段没有工单、版本发布或接入记录，无从评价。".to_owned(),
        ));
        return section;
    }
    let heads = lang.pick(
        ["vendor", "tickets", "first answer, h", "resolved, h", "releases", "days each", "breaking", "hours to first call", "defects"],
        ["厂商", "工单", "首次响应（小时）", "解决（小时）", "版本", "平均间隔（天）", "不兼容变更", "首次通话用时（小时）", "缺陷"],
    );
    let mut table = Table::new("", &heads);
    let plain = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| number(value, Unit::Plain(1)));
    for record in records {
        table.row([
            named(std::slice::from_ref(&record.vendor), lang),
            count(record.tickets),
            median(record.first_response_h.as_ref()),
            median(record.resolution_h.as_ref()),
            count(record.releases),
            plain(record.days_a_release),
            plain(record.breaking_changes),
            plain(record.first_call_h),
            plain(record.defects),
        ]);
    }
    section.tables.push(table);
    section.method.push(lang.pick(
        format!("Times of tickets are medians with {} intervals (Kaplan-Meier; a ticket still open counts as open, not as resolved). – : not logged, or fewer than half are over.", percent(level)),
        format!("工单时间为中位数及 {} 区间（Kaplan-Meier；未关闭的工单按未关闭计）。“–”表示没有记录，或结束的不足一半。", percent(level)),
    ));
    section
}

/// What is said where nothing of it can be known.
pub fn unknown(lang: Lang) -> Section {
    let mut section = Section::new("vendor-record", lang.pick("What quality does not show", "质量指标之外"));
    section.says.push(lang.pick(
        "Not known from a file: tickets, releases and integration steps are kept in a store (POST /v1/batch, or qoe import) and told apart by vendor.".to_owned(),
        "仅凭文件无从得知：工单、版本发布与接入过程记录在存储中（POST /v1/batch 或 qoe import），按厂商统计。".to_owned(),
    ));
    section
}

fn median(quantile: Option<&Quantile>) -> String {
    let end = |value: Option<f64>| value.map_or_else(|| "?".to_owned(), |value| number(value, Unit::Plain(1)));
    match quantile.and_then(|quantile| Some((quantile, quantile.value?))) {
        Some((quantile, value)) => format!("{} ({} – {})", number(value, Unit::Plain(1)), end(quantile.low), end(quantile.high)),
        None => "–".to_owned(),
    }
}
