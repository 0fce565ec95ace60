//! The numbers of a correction.

use qoe_query::satisfaction::correct::{CorrectGroup, Correction, Own};
use qoe_query::statistics::Corrected;
use qoe_query::statistics::balance::{Balance, Contrast};
use qoe_query::statistics::calibration::Calibration;
use qoe_query::statistics::sensitivity::{Band, Direction, ODDS};

use super::{Telling, words};
use crate::section::Table;
use crate::section::numbers::{Unit, cells, count, figure, interval, number, percent};
use crate::section::score::named;
use crate::view::Lang;

/// How many columns a table of balance shows: those that differed most.
const WORST: usize = 10;
const NONE: &str = "–";

impl Telling<'_> {
    pub(super) fn tables(&self) -> Vec<Table> {
        let mut tables = Vec::new();
        if !self.answer.groups.is_empty() {
            tables.push(self.groups());
        }
        if let Ok(Correction::Own(own)) = &self.answer.all.corrected {
            tables.extend([self.scores(own), self.weights(&own.corrected)]);
            tables.extend(own.band.as_ref().map(|band| self.sensitivity(band, &own.corrected)));
            tables.push(balance(&own.corrected.balance, self.lang));
            let answering =
                self.lang.pick("Who answered: as many as the model of answering says, by tenths", "作答率的校准：按预测分十组，预测与实际");
            let answers = self.lang.pick("Answers: as the model of answers says, by tenths", "得分的校准：按预测分十组，预测与实际");
            tables.push(self.calibration(answering, &own.corrected.answering, Unit::Share));
            tables.push(self.calibration(answers, &own.corrected.answering_with, self.unit));
        }
        tables
    }

    fn interval_head(&self) -> String {
        let level = percent(self.answer.level);
        self.lang.pick(format!("{level} interval"), format!("{level} 区间"))
    }

    fn scores(&self, own: &Own) -> Table {
        let heads = [
            self.lang.pick("estimate", "估计"),
            self.lang.pick("score", "得分"),
            &self.interval_head(),
            self.lang.pick("answers", "作答数"),
        ];
        let mut table = Table::new("", &heads);
        for (name, estimate) in self.estimates(own) {
            let [value, ends] = cells(&estimate, self.unit);
            table.row([name.to_owned(), value, ends, count(estimate.n)]);
        }
        table
    }

    fn weights(&self, of: &Corrected) -> Table {
        let mut table = Table::new("", &[self.lang.pick("what weighting costs", "加权的代价"), self.lang.pick("value", "数值")]);
        let mut row = |en: &str, zh: &str, value: String| table.row([self.lang.pick(en, zh).to_owned(), value]);
        row("share that answered", "作答率", figure(&of.rate, Unit::Share));
        row("answers of equal weight that say as much (Kish)", "有效样本量（Kish）", number(of.effective_n, Unit::Plain(0)));
        row("variance by weighting, times (design effect)", "设计效应（方差放大倍数）", number(of.design_effect, Unit::Plain(2)));
        row("greatest weight, in mean weights", "最大权重（平均权重的倍数）", number(of.overlap.greatest_weight, Unit::Plain(1)));
        row("weights cut at the cap", "被截断的权重数", count(of.trimmed_weights));
        row("of all weight, cut off", "被截去的权重占比", number(of.trimmed_share, Unit::Share));
        row(
            "silent less likely to answer than anyone who did",
            "作答可能性低于所有作答者的未作答者占比",
            number(of.overlap.silent_beyond, Unit::Share),
        );
        table
    }

    fn sensitivity(&self, band: &Band, corrected: &Corrected) -> Table {
        let even = band.points.iter().find(|point| point.odds == 1.0).map_or(corrected.trimmed.value, |point| point.estimate.value);
        let (even, score) = (number(even, self.unit), number(corrected.augmented.value, self.unit));
        let caption = self.lang.pick(
            format!(
                "The score, were extremes so many times as ready to answer as others like them. It leans on weights alone, since a tilt has no model of \
                 answers: so odds of 1 give {even}, and not the corrected {score}; read how far it moves from there"
            ),
            format!(
                "敏感性分析：假设极端评价者的作答几率为同类其他人的若干倍时的得分。倾斜只作用于权重，不使用得分模型，因此 1 倍时为 {even}，而不是校正得分 {score}；应看得分由此移动多少"
            ),
        );
        let heads: Vec<String> = Direction::ALL.iter().map(|direction| words::who(*direction, self.lang).to_owned()).collect();
        let heads: Vec<&str> = std::iter::once(self.lang.pick("odds", "几率倍数")).chain(heads.iter().map(String::as_str)).collect();
        let mut table = Table::new(caption, &heads);
        for odds in ODDS {
            let cell = |direction: &Direction| {
                let point = band.points.iter().find(|point| point.odds == odds && point.direction == *direction);
                point.map_or_else(|| NONE.to_owned(), |point| figure(&point.estimate, self.unit))
            };
            table.row(std::iter::once(format!("{odds}")).chain(Direction::ALL.iter().map(cell)));
        }
        table
    }

    fn calibration(&self, caption: &str, calibration: &Calibration, unit: Unit) -> Table {
        let interval_head = self.interval_head();
        let heads =
            [self.lang.pick("group", "组"), self.lang.pick("predicted", "预测"), self.lang.pick("observed", "实际"), &interval_head, "n"];
        let mut table = Table::new(caption, &heads);
        for (at, bin) in calibration.bins.iter().enumerate() {
            let ends = bin.interval.map_or_else(|| NONE.to_owned(), |ends| interval(ends.low, ends.high, unit));
            table.row([(at + 1).to_string(), number(bin.predicted, unit), number(bin.observed, unit), ends, count(bin.n)]);
        }
        table
    }

    fn groups(&self) -> Table {
        let by = self.answer.by.join(" · ");
        let interval_head = self.interval_head();
        let heads = [
            by.as_str(),
            self.lang.pick("asked", "受邀"),
            self.lang.pick("answered", "作答"),
            self.lang.pick("raw", "原始"),
            self.lang.pick("corrected", "校正后"),
            &interval_head,
            self.lang.pick("odds 1 to 10", "几率 1–10 倍"),
            self.lang.pick("models", "模型"),
        ];
        let mut table = Table::new(self.lang.pick("By group", "按分组"), &heads).words(7);
        for group in std::iter::once(&self.answer.all).chain(&self.answer.groups) {
            table.row(self.group(group));
        }
        table
    }

    fn group(&self, group: &CorrectGroup) -> Vec<String> {
        let start = [named(&group.values, self.lang), count(group.asked), count(group.answered)];
        let none = || NONE.to_owned();
        let rest = match &group.corrected {
            Ok(corrected) => {
                let (score, raw) = (corrected.score(), corrected.raw());
                let (band, model) = match corrected {
                    Correction::Own(own) => (own.band.as_ref(), self.lang.pick("own", "自有")),
                    Correction::Pooled { .. } => (None, self.lang.pick("everyone's", "全体共用")),
                    Correction::NobodySilent { .. } => (None, self.lang.pick("none needed", "无需")),
                };
                let band = band.map_or_else(none, |band| interval(band.values.0, band.values.1, self.unit));
                let [score, ends] = cells(score, self.unit);
                let scores = [number(raw.value, self.unit), score, ends];
                scores.into_iter().chain([band, model.to_owned()]).collect()
            }
            Err(_) => vec![none(); 5],
        };
        start.into_iter().chain(rest).collect()
    }
}

/// Respondents against everyone asked, the columns that differed most first.
fn balance(balance: &Balance, lang: Lang) -> Table {
    let caption = lang.pick(
        format!(
            "Those who answered against everyone asked: the columns that differ most ({WORST} at most), in standard deviations of everyone asked"
        ),
        format!("作答者与全体受邀者的协变量平衡：差异最大的至多 {WORST} 项（标准化均值差，以全体受邀者的标准差为单位）"),
    );
    let heads = [
        lang.pick("column", "协变量"),
        lang.pick("answered", "作答者"),
        lang.pick("weighted", "加权后作答者"),
        lang.pick("asked", "全体受邀者"),
        lang.pick("before", "加权前差异"),
        lang.pick("after", "加权后差异"),
    ];
    let mut table = Table::new(caption, &heads);
    let mut columns: Vec<_> = balance.columns.iter().collect();
    columns.sort_by(|a, b| size(&b.before).total_cmp(&size(&a.before)));
    for column in columns.into_iter().take(WORST) {
        let mean = |value: f64| if column.column.contains(" = ") { number(value, Unit::Share) } else { significant(value) };
        let difference = |contrast: &Contrast| contrast.difference.map_or_else(|| NONE.to_owned(), |by| number(by, Unit::Plain(3)));
        table.row([
            words::column(&column.column, lang),
            mean(column.before.first),
            mean(column.after.first),
            mean(column.before.second),
            difference(&column.before),
            difference(&column.after),
        ]);
    }
    table
}

fn size(contrast: &Contrast) -> f64 {
    contrast.difference.map_or(-1.0, f64::abs)
}

/// A number of any unit to three significant digits.
fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return number(value, Unit::Plain(0));
    }
    let digits = value.abs().log10().floor();
    number(value, Unit::Plain((2.0 - digits).clamp(0.0, 8.0) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_keep_three_digits() {
        let read = [0.0, 0.012_34, 1.234, 123.4, 12_345.6, -0.5].map(significant);
        assert_eq!(read, ["0", "0.0123", "1.23", "123", "12346", "-0.500"]);
    }
}
