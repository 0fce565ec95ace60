//! Whether a POC's run is sound.

use qoe_query::poc::Randomised;
use qoe_query::poc::check::{CheckAnswer, Finding, Found, Severity, Unlike};

use super::numbers::{Unit, count, number, p_value, plain};
use super::{Section, Table};
use crate::view::Lang;

/// The answer as people read it.
pub fn poc_check(answer: &CheckAnswer, lang: Lang) -> Section {
    let mut section = Section::new("poc-check", lang.pick("Whether the run is sound", "实验运行是否有效"));
    section.says.push(headline(answer, lang));
    section.says.extend(reasons(answer, lang));
    section.warnings.extend(doubts(answer, lang));
    let mut arms = Table::new("", &lang.pick(["vendor", "rows", "units"], ["供应商", "行", "单元"]));
    answer.arms.iter().for_each(|arm| arms.row([arm.name.clone(), count(arm.rows), count(arm.units)]));
    section.tables.push(arms);
    let mut table = Table::new(lang.pick("Each check", "各项检查"), &lang.pick(["", "found"], ["", "发现"])).words(1);
    answer
        .findings
        .iter()
        .for_each(|finding| table.row([severity(finding.severity, lang).to_owned(), sentence(answer, &finding.found, lang)]));
    section.tables.push(table);
    section.method.push(method(answer, lang));
    section
}

/// Why the run is invalid, without a stop; `None`: it is not.
pub fn invalid(answer: &CheckAnswer, lang: Lang) -> Option<String> {
    let finding = answer.findings.first().filter(|finding| finding.severity == Severity::Invalid)?;
    Some(sentence(answer, &finding.found, lang).trim_end_matches(['.', '。']).to_owned())
}

fn headline(answer: &CheckAnswer, lang: Lang) -> String {
    let (grave, doubts) = (|severity| answer.findings.iter().filter(|finding| finding.severity == severity).count(), answer.findings.len());
    match answer.worst() {
        Severity::Invalid => lang.pick(
            format!("The run is invalid: {} of {doubts} checks say that what it shows cannot be trusted.", grave(Severity::Invalid)),
            format!("本次运行无效：{doubts} 项检查中有 {} 项表明结果不可信。", grave(Severity::Invalid)),
        ),
        Severity::Warning => lang.pick(
            format!("The run is not invalid; {} of {doubts} checks are to be looked at.", grave(Severity::Warning)),
            format!("本次运行没有失效；{doubts} 项检查中有 {} 项需要留意。", grave(Severity::Warning)),
        ),
        Severity::Fine => lang.pick(format!("The run is sound in all {doubts} checks."), format!("{doubts} 项检查全部通过。")),
    }
}

/// Why the run is invalid, a sentence each with what mends it.
pub fn reasons(answer: &CheckAnswer, lang: Lang) -> Vec<String> {
    answer.findings.iter().filter(|finding| finding.severity == Severity::Invalid).map(|finding| said(answer, finding, lang)).collect()
}

/// What is to be looked at before anything is decided.
pub fn doubts(answer: &CheckAnswer, lang: Lang) -> Vec<String> {
    answer.findings.iter().filter(|finding| finding.severity == Severity::Warning).map(|finding| said(answer, finding, lang)).collect()
}

/// That an invalid run decides nothing, and the gravest reason; `None` of a run that is not.
pub fn nothing_decided(answer: &CheckAnswer, lang: Lang) -> Option<String> {
    let why = invalid(answer, lang)?;
    Some(lang.pick(format!("The run is invalid, and decides nothing: {why}."), format!("本次测试无效，不能据此决定：{why}。")))
}

/// A severity in words.
pub fn severity(severity: Severity, lang: Lang) -> &'static str {
    match severity {
        Severity::Invalid => lang.pick("invalid", "无效"),
        Severity::Warning => lang.pick("warning", "注意"),
        Severity::Fine => lang.pick("fine", "正常"),
    }
}

/// What was found, and what mends it.
fn said(answer: &CheckAnswer, finding: &Finding, lang: Lang) -> String {
    format!("{}{}{}", sentence(answer, &finding.found, lang), lang.pick(" ", ""), mend(&finding.found, lang))
}

fn share(part: u64, of: u64) -> String {
    number(part as f64 / of.max(1) as f64, Unit::Share)
}

/// What was drawn, in the plural.
pub fn unit(randomised: Randomised, lang: Lang) -> &'static str {
    match randomised {
        Randomised::User => lang.pick("users", "用户"),
        Randomised::Call => lang.pick("calls", "通话"),
        Randomised::PairedRun => lang.pick("paired runs", "成对测试"),
    }
}

/// A value of each vendor.
fn each<T>(answer: &CheckAnswer, values: &[T], show: impl Fn(&T) -> String) -> String {
    answer.arms.iter().zip(values).map(|(arm, value)| format!("{} {}", arm.name, show(value))).collect::<Vec<_>>().join(", ")
}

/// What was found, with its figures.
pub fn sentence(answer: &CheckAnswer, found: &Found, lang: Lang) -> String {
    let name = |arm: usize| answer.arms.get(arm).map_or("", |arm| arm.name.as_str());
    match found {
        Found::SampleRatio { units, shares, p_value: p } => {
            let expected: u64 = units.iter().sum();
            let want = each(answer, shares, |share| count((share * expected as f64).round() as u64));
            let (seen, what, p) = (each(answer, units, |units| count(*units)), unit(answer.randomised, lang), p_value(*p));
            lang.pick(
                format!("Sample ratio: {seen} {what} where {want} were to be expected (chi-square p {p})."),
                format!("样本比例：{seen}（{what}），应为 {want}（卡方 p {p}）。"),
            )
        }
        Found::Contaminated { units, of } => lang.pick(
            format!(
                "{} of {} users ({}) have rows of several vendors, though users were drawn.",
                count(*units),
                count(*of),
                share(*units, *of)
            ),
            format!("按用户随机，却有 {} / {} 个用户（{}）出现在多家供应商中。", count(*units), count(*of), share(*units, *of)),
        ),
        Found::SharedSessions { sessions, of } => lang.pick(
            format!("{} of {} sessions have rows of several vendors.", count(*sessions), count(*of)),
            format!("{} / {} 个会话出现在多家供应商中。", count(*sessions), count(*of)),
        ),
        Found::IncompletePairs { pairs, of } => lang.pick(
            format!("{} of {} pairs lack a vendor.", count(*pairs), count(*of)),
            format!("{} / {} 对测试缺少某家供应商。", count(*pairs), count(*of)),
        ),
        Found::Missing { metric, missing, rows, p_value: p, .. } => {
            let lacks: Vec<(u64, u64)> = missing.iter().copied().zip(rows.iter().copied()).collect();
            let seen = each(answer, &lacks, |(missing, rows)| share(*missing, *rows));
            let test = p.map_or_else(String::new, |p| {
                let p = p_value(p);
                lang.pick(format!(" (chi-square p {p})"), format!("（卡方 p {p}）"))
            });
            lang.pick(format!("Rows without {metric}: {seen}{test}."), format!("缺少 {metric} 的行：{seen}{test}。"))
        }
        Found::Imbalance { column, p_value: p, arm, value, observed, expected } => {
            let (vendor, value, observed, expected, p) =
                (name(*arm), if value.is_empty() { "–" } else { value }, count(*observed), count(expected.round() as u64), p_value(*p));
            lang.pick(
                format!("Vendors by {column}: farthest off is {vendor} in {value}, {observed} units where {expected} were to be expected (chi-square p {p})."),
                format!("供应商在 {column} 上的分布：偏离最大的是 {vendor} 的 {value}，{observed} 个单元，应为 {expected}（卡方 p {p}）。"),
            )
        }
        Found::Clock { skew_s, far } => {
            let seen: Vec<(Option<f64>, f64)> = skew_s.iter().copied().zip(far.iter().copied()).collect();
            let off = |(skew, far): &(Option<f64>, f64)| {
                format!(
                    "{} s ({})",
                    skew.map_or_else(|| "–".to_owned(), |skew| plain((skew * 10.0).round() / 10.0)),
                    number(*far, Unit::Share)
                )
            };
            let seen = each(answer, &seen, off);
            lang.pick(
                format!("Clocks off by, and more than a minute off: {seen}."),
                format!("时钟偏差（及偏差超过一分钟的比例）：{seen}。"),
            )
        }
        Found::Definitions { own, stated, .. } => {
            let seen: Vec<(u64, u64)> = own.iter().copied().zip(stated.iter().copied()).collect();
            let seen = each(answer, &seen, |(own, stated)| format!("{} / {}", count(*own), count(*stated)));
            lang.pick(format!("Freezes by the vendor's own definition: {seen} rows."), format!("按供应商自有定义计算卡顿的行：{seen}。"))
        }
        Found::UnitsDiffer { metric, medians, between: (low, high) } => {
            let median = |arm: usize| medians.get(arm).copied().flatten().map_or_else(|| "–".to_owned(), plain);
            lang.pick(
                format!(
                    "Medians of {metric} are {} ({}) and {} ({}), about a thousand apart.",
                    median(*low),
                    name(*low),
                    median(*high),
                    name(*high)
                ),
                format!("{metric} 的中位数为 {}（{}）与 {}（{}），相差约一千倍。", median(*low), name(*low), median(*high), name(*high)),
            )
        }
        Found::Outliers { metric, rows, of } => lang.pick(
            format!(
                "{} of {} values of {metric} ({}) lie beyond the median by ten interquartile ranges.",
                count(*rows),
                count(*of),
                share(*rows, *of)
            ),
            format!("{metric} 有 {} / {} 个值（{}）超出中位数加 10 倍四分位距。", count(*rows), count(*of), share(*rows, *of)),
        ),
        Found::Unlike { metric, unlike, medians } => unlikeness(answer, metric, *unlike, medians, lang),
        Found::Constant { metric, value } => {
            lang.pick(format!("All values of {metric} are {}.", plain(*value)), format!("{metric} 的所有值都是 {}。", plain(*value)))
        }
        Found::Times { middle, apart, p_value: p } => {
            let span = |middle: &Option<(i64, i64)>| {
                middle.map_or_else(|| "–".to_owned(), |(from, to)| format!("{} – {}", moment(from), moment(to)))
            };
            let (seen, apart, p) = (each(answer, middle, span), number(*apart, Unit::Share), p_value(*p));
            lang.pick(
                format!("Nine in ten units were first seen: {seen}; vendors' shares lie up to {apart} apart (chi-square p {p})."),
                format!("九成单元首次出现的时间：{seen}；各家占比最多相差 {apart}（卡方 p {p}）。"),
            )
        }
        Found::OddTimes { ahead, ancient, of } => lang.pick(
            format!("Of {} times {} lie ahead of now and {} before the year 2000.", count(*of), count(*ahead), count(*ancient)),
            format!("{} 个时间中有 {} 个晚于现在，{} 个早于 2000 年。", count(*of), count(*ahead), count(*ancient)),
        ),
        Found::NoUnit { column, users, rows } => lang.pick(
            format!("{} rows are of {} in {column}, and are taken for independent of each other.", count(*rows), count(*users)),
            format!("{} 行来自 {column} 中的 {} 个取值，却被当作互相独立。", count(*rows), count(*users)),
        ),
        Found::Namesakes { names } => {
            let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
            lang.pick(
                format!("Vendors {} differ in nothing but case or blanks.", names.join(", ")),
                format!("供应商 {} 仅大小写或空格不同。", names.join("、")),
            )
        }
        Found::Impossible { metric, rows, of } => lang.pick(
            format!("{} of {} values of {metric} ({}) cannot be.", count(*rows), count(*of), share(*rows, *of)),
            format!("{metric} 有 {} / {} 个值（{}）不可能存在。", count(*rows), count(*of), share(*rows, *of)),
        ),
        Found::Duplicates { rows, of } => lang.pick(
            format!("{} of {} rows are there again.", count(*rows), count(*of)),
            format!("{} / {} 行重复出现。", count(*rows), count(*of)),
        ),
        Found::Elsewhere { unstated, others, of } => lang.pick(
            format!(
                "Of {} rows {} say no vendor and {} are of vendors outside the POC; they are left out.",
                count(*of),
                count(*unstated),
                count(*others)
            ),
            format!("{} 行中有 {} 行未注明供应商，{} 行属于 POC 之外的供应商，均未计入。", count(*of), count(*unstated), count(*others)),
        ),
        Found::NoRows { arm } => lang.pick(format!("No row is of {}.", name(*arm)), format!("没有 {} 的任何一行。", name(*arm))),
        Found::Days { ran, least } => {
            let (ran, least) = (plain((ran * 10.0).round() / 10.0), plain(*least));
            lang.pick(format!("It has run for {ran} days, of {least} at least."), format!("已运行 {ran} 天，至少需 {least} 天。"))
        }
        Found::Units { units, fewest, planned } => {
            let (seen, few, what) = (count(*units), count(*fewest), unit(answer.randomised, lang));
            let planned = planned.map_or_else(String::new, |planned| {
                lang.pick(
                    format!(", of {} planned ({})", count(planned), share(*units, planned)),
                    format!("，计划 {}（{}）", count(planned), share(*units, planned)),
                )
            });
            lang.pick(
                format!("{seen} {what} so far{planned}; the fewest of one vendor are {few}."),
                format!("目前 {seen}（{what}）{planned}；最少的一家有 {few}。"),
            )
        }
    }
}

/// A moment to the minute.
fn moment(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms).map_or_else(|| "–".to_owned(), |time| time.format("%Y-%m-%d %H:%M").to_string())
}

/// How values look to be in several units.
fn unlikeness(answer: &CheckAnswer, metric: &str, unlike: Unlike, medians: &[Option<f64>], lang: Lang) -> String {
    let name = |arm: usize| answer.arms.get(arm).map_or("", |arm| arm.name.as_str());
    let middle = |arm: usize| medians.get(arm).copied().flatten().map_or_else(|| "–".to_owned(), plain);
    match unlike {
        Unlike::Factor { low, high, factor } => lang.pick(
            format!(
                "Values of {metric} are about {} times as large of {} as of {} (medians {} and {}).",
                plain(factor),
                name(high),
                name(low),
                middle(high),
                middle(low)
            ),
            format!("{metric}：{} 约为 {} 的 {} 倍（中位数 {} 与 {}）。", name(high), name(low), plain(factor), middle(high), middle(low)),
        ),
        Unlike::Yes { low, high, yes } => lang.pick(
            format!("Yes is 1 in {metric} of {} and {} of {}.", name(low), plain(yes), name(high)),
            format!("{metric} 中“是”在 {} 记为 1，在 {} 记为 {}。", name(low), name(high), plain(yes)),
        ),
        Unlike::Range { low, high, most: [least, most] } => lang.pick(
            format!(
                "Values of {metric} go up to {} of {} and to {} of {} (medians {} and {}).",
                plain(least),
                name(low),
                plain(most),
                name(high),
                middle(low),
                middle(high)
            ),
            format!(
                "{metric} 的最大值：{} 为 {}，{} 为 {}（中位数 {} 与 {}）。",
                name(low),
                plain(least),
                name(high),
                plain(most),
                middle(low),
                middle(high)
            ),
        ),
        Unlike::Mixed { arm, share } => lang.pick(
            format!("{} of {}'s values of {metric} lie about a thousand times off its others.", number(share, Unit::Share), name(arm)),
            format!("{} 的 {metric} 有 {} 与其余相差约一千倍。", name(arm), number(share, Unit::Share)),
        ),
        Unlike::Zeros { arm, share } => lang.pick(
            format!("{} of {}'s values of {metric} are exactly 0, where others have hardly any.", number(share, Unit::Share), name(arm)),
            format!("{} 的 {metric} 有 {} 恰为 0，其他家几乎没有。", name(arm), number(share, Unit::Share)),
        ),
    }
}

/// What mends it.
fn mend(found: &Found, lang: Lang) -> &'static str {
    match found {
        Found::SampleRatio { .. } => lang.pick(
            "Find where units are lost or sent elsewhere (assignment, crashes before the first row, filters) and run again: what is left was not left by chance. If other shares were planned, state them (--allocation).",
            "请查明单元在何处丢失或被改派（分配、首行之前的崩溃、过滤条件），然后重新运行：留下的样本已不是随机的。若计划的比例本就不同，请注明（--allocation）。",
        ),
        Found::Contaminated { .. } => lang.pick(
            "Keep each user with one vendor by the assignment list, and leave those with several out; or, if calls were drawn and not users, say so: randomised = call.",
            "请按分配表让每个用户只用一家供应商，并剔除用过多家的用户；若随机分配的是通话而非用户，请注明 randomised = call。",
        ),
        Found::SharedSessions { .. } => lang.pick(
            "A session has one vendor: give sessions keys that are not used again, or tag rows once.",
            "一个会话只属于一家供应商：会话标识不可复用，供应商标签只打一次。",
        ),
        Found::IncompletePairs { .. } => lang.pick(
            "Make the missing runs up, or find why a vendor could not: pairs that only one can complete say something.",
            "请补做缺失的测试，或查明某家为何做不成：只有一家能完成的测试本身就是结果。",
        ),
        Found::Missing { .. } => lang.pick(
            "Report it from every vendor alike before comparing it: calls that fail to report are seldom the good ones.",
            "比较之前请让各家同样上报：未上报的通话往往不是好的那些。",
        ),
        Found::Imbalance { .. } => lang.pick(
            "Compare within this column (--stratum), and assign by blocks within it.",
            "请在该列之内比较（--stratum），并在其内按区组分配。",
        ),
        Found::Clock { .. } => lang.pick(
            "Take times from one clock, or correct them at intake, before delays across clocks are compared.",
            "比较跨时钟的时延之前，请统一时钟或在接入时校正。",
        ),
        Found::Definitions { .. } => lang.pick(
            "A vendor's own definition cannot be compared: measure freezes by W3C's rule of every vendor.",
            "供应商自有定义不可比较：请对各家统一按 W3C 规则计算卡顿。",
        ),
        Found::UnitsDiffer { .. } => lang.pick("Milliseconds beside seconds? Bring both to one unit first.", "一家是毫秒、另一家是秒？请先统一单位。"),
        Found::Unlike { unlike: Unlike::Zeros { .. }, .. } => lang.pick(
            "Is 0 written where nothing was measured? Leave it empty there.",
            "是否把未测得的值记成了 0？请留空。",
        ),
        Found::Unlike { .. } => lang.pick("Two units or two scales? Bring all values to one first.", "单位或量表不同？请先统一。"),
        Found::Constant { .. } => lang.pick("See whether it is measured at all.", "请确认该指标是否真的被测量。"),
        Found::Times { .. } => lang.pick(
            "Use vendors at the same times (drawn anew each time), or compare within days (--stratum): what else changed in between differs too. See whether clocks or time zones do.",
            "请让各家在相同时间使用（随机分配），或在日期内比较（--stratum）：期间的其他变化也会造成差异。并请核对时钟与时区。",
        ),
        Found::OddTimes { .. } => lang.pick("Mend the clock or the unit of these times.", "请修正这些时间的时钟或单位。"),
        Found::NoUnit { .. } => lang.pick(
            "Name the column (--unit), so that rows of one go together: intervals are too narrow otherwise.",
            "请指明该列（--unit），让同一取值的行归为一组，否则区间过窄。",
        ),
        Found::Namesakes { .. } => lang.pick("Write each vendor in one way.", "请统一每家供应商的写法。"),
        Found::Outliers { .. } => lang.pick(
            "Look at some of them; if they are true, compare a quantile or an ordinal score instead of the mean.",
            "请抽查其中几条；如属实，请改比分位数或等级，而非均值。",
        ),
        Found::Impossible { .. } => lang.pick("Mend what measures it.", "请修正采集。"),
        Found::Duplicates { .. } => lang.pick("Leave the second of each out, and find what sends twice.", "请去掉重复行，并查明何处重复发送。"),
        Found::Elsewhere { .. } => lang.pick("Tag every row with its vendor, or name all vendors in the POC.", "请为每一行注明供应商，或在 POC 中列全供应商。"),
        Found::NoRows { .. } => lang.pick("Write its name as the arm column does, or wait for its rows.", "请核对名称与分组列是否一致，或等待其数据。"),
        Found::Days { .. } => lang.pick("Do not decide before that.", "在此之前请勿下结论。"),
        Found::Units { .. } => lang.pick("Do not decide before there are enough.", "数量足够之前请勿下结论。"),
    }
}

fn method(answer: &CheckAnswer, lang: Lang) -> String {
    let what = unit(answer.randomised, lang);
    lang.pick(
        format!("Units counted are {what}, which is what was given to vendors by chance. Pearson's chi-square, alpha 0.001: a run is checked often, and a false alarm stops it."),
        format!("计数单元为{what}，即随机分配的对象。Pearson 卡方检验，alpha 0.001：运行会被反复检查，误报会让它停下。"),
    )
}
