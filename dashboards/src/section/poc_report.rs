//! The report of a POC: what was decided, in one page, and what it rests on.

use qoe_query::poc::compare::{CompareAnswer, MetricAnswer, PairAnswer, Shift};
use qoe_query::poc::{Poc, Rank, Stopping};
use qoe_query::statistics::verdict::Shown;

use super::numbers::{Unit, count, number, percent, plain};
use super::poc_check::nothing_decided;
use super::poc_compare::{invalid, names, poc_compare, sentence, unit, verdict};
use super::poc_told::reached;
use super::{Section, Table};
use crate::plot::{Chart, Drawn};
use crate::view::Lang;

/// Sentences on the first page.
const MOST_SENTENCES: usize = 5;
/// Metrics a matrix has columns for; of more it goes on in another.
const ABREAST: usize = 3;
/// Pairs whose distributions are drawn; more lines say nothing.
const MOST_PAIRS: usize = 10;

/// For each vendor: the decisive comparisons it won, lost, and those that are open.
pub fn tiles(answer: &CompareAnswer, lang: Lang) -> Vec<[String; 4]> {
    let tile = |arm: usize| {
        let tally = tally(answer, arm);
        let decided = lang
            .pick(format!("{} better, {} worse", tally.better, tally.worse), format!("{} 项更优，{} 项更差", tally.better, tally.worse));
        let open = lang.pick(
            format!("{} equivalent or non-inferior, {} inconclusive", tally.close, tally.open),
            format!("{} 项等效或非劣，{} 项尚无定论", tally.close, tally.open),
        );
        let (decided, open) = if answer.invalid() { (invalid(lang).to_owned(), String::new()) } else { (decided, open) };
        let of = &answer.arms[arm];
        let n = lang.pick(
            format!("{} rows of {} units", count(of.rows), count(of.units)),
            format!("{} 条记录，{} 个单位", count(of.rows), count(of.units)),
        );
        [of.name.clone(), decided, open, n]
    };
    (0..answer.arms.len()).map(tile).collect()
}

#[derive(Default)]
struct Tally {
    better: u32,
    worse: u32,
    close: u32,
    open: u32,
}

/// What a vendor's decisive comparisons came to.
fn tally(answer: &CompareAnswer, arm: usize) -> Tally {
    let mut tally = Tally::default();
    for pair in answer.metrics.iter().filter(|of| of.metric.rank == Rank::Primary).flat_map(|of| &of.pairs) {
        if pair.first != arm && pair.second != arm {
            continue;
        }
        let shown = pair.overall.as_ref().map_or(Shown::Inconclusive, |found| found.verdict());
        let shown = if pair.first == arm { shown } else { shown.reversed() };
        match shown {
            Shown::Better => tally.better += 1,
            Shown::Inferior => tally.worse += 1,
            Shown::Equivalent | Shown::NonInferior => tally.close += 1,
            Shown::Inconclusive => tally.open += 1,
        }
    }
    tally
}

/// What was found, for whoever decides.
pub fn headline(answer: &CompareAnswer, lang: Lang) -> Section {
    let mut section = Section::new("headline", lang.pick("What was found", "结论"));
    match answer.checked.as_ref().and_then(|checked| nothing_decided(checked, lang)) {
        Some(nothing) => section.warnings.push(nothing),
        None => section.says.push(leader(answer, lang)),
    }
    let mut told: Vec<(u8, String)> = Vec::new();
    // Of an invalid run nothing is to be remembered but that.
    for of in answer.metrics.iter().filter(|of| of.metric.rank == Rank::Primary && !answer.invalid()) {
        for pair in &of.pairs {
            let open = pair.overall.as_ref().map_or(true, |found| found.verdict() == Shown::Inconclusive);
            told.push((u8::from(open), sentence(answer, of, pair, lang)));
        }
    }
    told.sort_by_key(|(open, _)| *open);
    let more = told.len().saturating_sub(MOST_SENTENCES);
    section.says.extend(told.into_iter().take(MOST_SENTENCES).map(|(_, sentence)| sentence));
    if more > 0 {
        section.says.push(lang.pick(format!("The matrix below has {more} more."), format!("另有 {more} 项对比见下方矩阵。")));
    }
    section.tables.extend(matrix(answer, lang));
    section
}

/// Whether one vendor is better than every other in something decisive and worse in nothing.
fn leader(answer: &CompareAnswer, lang: Lang) -> String {
    let tallies: Vec<Tally> = (0..answer.arms.len()).map(|arm| tally(answer, arm)).collect();
    let leads = |arm: usize| {
        tallies[arm].better > 0 && tallies[arm].worse == 0 && (0..tallies.len()).all(|other| other == arm || tallies[other].better == 0)
    };
    match (0..tallies.len()).find(|arm| leads(*arm)) {
        Some(arm) => {
            let (name, tally) = (&answer.arms[arm].name, &tallies[arm]);
            let open = tally.open;
            let rest = lang.pick(
                if open > 0 { format!("; {open} are inconclusive, so what it would lose there is not known") } else { String::new() },
                if open > 0 { format!("；另有 {open} 项尚无定论，其优劣未知") } else { String::new() },
            );
            lang.pick(
                format!(
                    "{name} is better in {} of its decisive comparisons and worse in none, and no other vendor is better in any{rest}.",
                    tally.better
                ),
                format!("{name} 在 {} 项主要对比中更优，无一更差，其他供应商均无更优项{rest}。", tally.better),
            )
        }
        None if alike(answer) => lang
            .pick(
                "The vendors are alike within the margins: in every decisive comparison they differ by less than matters.",
                "各供应商在界值之内并无差别：每一项主要对比的差异都小于有意义的程度。",
            )
            .to_owned(),
        None => lang
            .pick(
                "No vendor is better throughout: who wins depends on what is weighed most, or the data do not tell yet.",
                "没有任何供应商全面领先：取决于看重哪些指标，或数据尚不足以定论。",
            )
            .to_owned(),
    }
}

/// Whether all decisive comparisons are equivalent.
fn alike(answer: &CompareAnswer) -> bool {
    let mut decisive = answer.metrics.iter().filter(|of| of.metric.rank == Rank::Primary).flat_map(|of| &of.pairs).peekable();
    let equivalent =
        |pair: &PairAnswer| pair.overall.as_ref().is_ok_and(|found| found.told.iter().any(|told| told.shown == Shown::Equivalent));
    decisive.peek().is_some() && decisive.all(equivalent)
}

/// Verdicts of all metrics, a row a pair; reasons why nothing can be said stand with the differences.
fn matrix(answer: &CompareAnswer, lang: Lang) -> Vec<Table> {
    let rank = |of: &MetricAnswer| if of.metric.rank == Rank::Primary { "" } else { lang.pick(" (secondary)", "（次要）") };
    let mut heads = vec![lang.pick("first – second", "前者 – 后者").to_owned()];
    heads.extend(answer.metrics.iter().map(|of| format!("{}{}", of.metric.name, rank(of))));
    let caption = lang.pick(
        "Verdicts, of the first vendor beside the second, each with the adjusted interval of “better by” it was reached by",
        "结论矩阵（前者相对后者），附所依据的“优多少”的校正后区间",
    );
    let mut table = Table::new(caption, &heads.iter().map(String::as_str).collect::<Vec<_>>());
    for column in 1..heads.len() {
        table = table.words(column);
    }
    let pairs = answer.metrics.first().map_or(0, |of| of.pairs.len());
    for at in 0..pairs {
        let (first, second) = names(answer, &answer.metrics[0].pairs[at]);
        let mut cells = vec![format!("{first} – {second}")];
        cells.extend(answer.metrics.iter().map(|of| cell(of, &of.pairs[at], lang)));
        table.row(cells);
    }
    table.in_blocks(1, ABREAST)
}

fn cell(of: &MetricAnswer, pair: &PairAnswer, lang: Lang) -> String {
    let Ok(found) = &pair.overall else { return verdict(Shown::Inconclusive, lang).to_owned() };
    let reversed = pair.pooled.is_some_and(|pooled| pooled.reversed);
    format!("{}{}", reached(found, of, lang), if reversed { lang.pick(" (pooled: reversed)", "（合并后反向）") } else { "" })
}

/// The parts.
pub fn sections(answer: &CompareAnswer, shifts: &[Shift], lang: Lang) -> Vec<Section> {
    let mut parts = vec![poc_compare(answer, lang)];
    parts.extend(along(answer, shifts, lang));
    parts
}

/// Where in a distribution vendors differ.
fn along(answer: &CompareAnswer, shifts: &[Shift], lang: Lang) -> Option<Section> {
    if shifts.is_empty() {
        return None;
    }
    let mut section = Section::new("shifts", lang.pick("Where in the distribution they differ", "差异在分布中的位置"));
    let pairs = shifts.iter().filter(|shift| shift.metric == shifts[0].metric).count();
    if pairs > MOST_PAIRS {
        section.says.push(lang.pick(
            format!("{pairs} pairs are too many to draw: compare some of the vendors alone (--arms)."),
            format!("共 {pairs} 对，无法逐一绘制：请只选部分供应商比较（--arms）。"),
        ));
        return Some(section);
    }
    let mut at = 0;
    while at < shifts.len() {
        let metric = shifts[at].metric;
        let own: Vec<&Shift> = shifts[at..].iter().take_while(|shift| shift.metric == metric).collect();
        at += own.len();
        let of = &answer.metrics[metric];
        section.tables.extend(along_table(answer, &own, lang).in_blocks(1, ABREAST));
        let name = |shift: &Shift| format!("{} – {}", answer.arms[shift.first].name, answer.arms[shift.second].name);
        let share = unit(of) == Unit::Share;
        section.charts.push(Chart {
            caption: lang.pick(
                format!("{}: difference of quantiles, with {} intervals", of.metric.what, percent(answer.level)),
                format!("{}：分位数之差与 {} 区间", of.metric.what, percent(answer.level)),
            ),
            drawn: Drawn::Lines {
                x: lang.pick("share of rows below", "低于该值的记录占比").to_owned(),
                y: if share { format!("{} %", of.metric.what) } else { of.metric.what.clone() },
                steps: false,
                lines: own
                    .iter()
                    .map(|shift| (name(shift), shift.points.iter().map(|(q, estimate)| (*q, estimate.into())).collect()))
                    .collect(),
                marks: Vec::new(),
            },
        });
    }
    section.method.push(
        lang.pick(
            "First less second at each quantile, of all rows; intervals from order statistics adjusted for units, unadjusted for how many there are.",
            "各分位处前者减后者（全部记录）；区间由次序统计量得出并按单位校正，未作多重校正。",
        )
        .to_owned(),
    );
    Some(section)
}

fn along_table(answer: &CompareAnswer, shifts: &[&Shift], lang: Lang) -> Table {
    let of = &answer.metrics[shifts[0].metric];
    let names: Vec<String> =
        shifts.iter().map(|shift| format!("{} – {}", answer.arms[shift.first].name, answer.arms[shift.second].name)).collect();
    let mut heads = vec![lang.pick("quantile", "分位")];
    heads.extend(names.iter().map(String::as_str));
    let mut table = Table::new(of.metric.what.clone(), &heads);
    let mut quantiles: Vec<f64> = shifts.iter().flat_map(|shift| shift.points.iter().map(|(q, _)| *q)).collect();
    quantiles.sort_by(f64::total_cmp);
    quantiles.dedup();
    for q in quantiles {
        let mut cells = vec![format!("p{}", plain(q * 100.0))];
        cells.extend(shifts.iter().map(|shift| {
            let found = shift.points.iter().find(|(at, _)| *at == q);
            found.map_or_else(|| "–".to_owned(), |(_, estimate)| super::numbers::figure_in(estimate, unit(of), lang))
        }));
        table.row(cells);
    }
    table
}

/// What was compared, and by what definition, for whoever checks.
pub fn definitions(poc: &Poc, lang: Lang) -> String {
    let mut lines = Vec::new();
    for metric in &poc.metrics {
        let margin = metric
            .margin
            .map_or_else(String::new, |margin| lang.pick(format!(", margin {}", plain(margin)), format!("，界值 {}", plain(margin))));
        lines.push(format!("{} = {}: {}, {}{margin}", metric.name, metric.what, metric.kind.name(), metric.better.name()));
    }
    let unit = poc.columns.unit.as_deref().unwrap_or("–");
    let strata = if poc.columns.strata.is_empty() { "–".to_owned() } else { poc.columns.strata.join(", ") };
    lines.push(format!(
        "arm = {}, unit = {unit}, strata = {strata}, pair = {}",
        poc.columns.arm,
        poc.columns.pair.as_deref().unwrap_or("–")
    ));
    let stopping = match poc.stopping {
        Stopping::Fixed => "fixed".to_owned(),
        Stopping::AnyTime { narrowest_at } => format!("any time, narrowest at {narrowest_at}"),
    };
    lines.push(format!("level = {}, power = {}, stopping = {stopping}", percent(poc.level), number(poc.power, Unit::Share)));
    lines.join("\n")
}
