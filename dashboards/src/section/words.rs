//! What people wrote.

use qoe_query::satisfaction::words::ThemeName;
use qoe_query::satisfaction::{AnalysisError, FallbackAnswer, WordsAnswer};
use qoe_query::statistics::keyness::{Keyness, KeynessError, MIN_TEXTS};
use qoe_query::statistics::word_measures::WordMeasure;
use qoe_query::words::{ThemeRow, WordRow};

use super::numbers::{Unit, cells, count, figure, interval, number, p_value};
use super::{Section, Table};
use crate::plot::{Chart, Drawn};
use crate::view::Lang;

/// Words shown in each table; the JSON has all.
const SHOWN: usize = 15;
/// Words named in a sentence.
const NAMED: usize = 5;

/// The answer as people read it; `fallback` is what an assistant said it did not understand, where it was asked for.
pub fn words(answer: &WordsAnswer, fallback: Option<&Result<FallbackAnswer, AnalysisError>>, lang: Lang) -> Section {
    let mut section = Section::new("words", lang.pick("What people wrote", "用户怎么说"));
    section.says.push(frequent(answer, lang));
    compared(answer, lang, &mut section);
    section.says.extend(themes_say(answer, lang));
    section.says.extend(measures_say(answer, lang));
    warnings(answer, lang, &mut section);
    section.tables.push(frequency_table(answer, lang));
    if let Some(table) = keyness_table(answer, lang) {
        section.tables.push(table);
    }
    section.tables.push(theme_table(answer, lang));
    if !answer.pairs.is_empty() {
        section.tables.push(pair_table(answer, lang));
    }
    section.charts.extend(chart(answer, lang));
    method(answer, lang, &mut section);
    match fallback {
        Some(Ok(found)) => fallback_says(found, lang, &mut section),
        Some(Err(error)) => section.warnings.push(lang.pick(
            format!("How often the assistant did not understand cannot be said: {error}."),
            format!("无法判断助手多常听不懂：{error}。"),
        )),
        None => {}
    }
    section
}

fn low(answer: &WordsAnswer, lang: Lang) -> String {
    let low = (answer.low_at_most * 100.0).round() / 100.0;
    lang.pick(format!("at most {low}"), format!("不高于 {low} 分"))
}

/// The level of the intervals as a table's head.
pub(super) fn level_head(level: qoe_query::statistics::Confidence, lang: Lang) -> String {
    let percent = (level.level() * 1000.0).round() / 10.0;
    lang.pick(format!("{percent} % interval"), format!("{percent} % 区间"))
}

fn list(items: &[String], lang: Lang) -> String {
    items.join(lang.pick(", ", "、"))
}

fn frequent(answer: &WordsAnswer, lang: Lang) -> String {
    let named = |row: &WordRow| {
        lang.pick(
            format!("{} ({})", row.word.text, number(row.share.value, Unit::Share)),
            format!("{}（{}）", row.word.text, number(row.share.value, Unit::Share)),
        )
    };
    let most: Vec<String> = answer.words.table.iter().take(NAMED).map(named).collect();
    let told = count(answer.words.texts.told);
    let who = if answer.by_person {
        lang.pick("people wrote something that has words", "位用户写下了有内容的文字")
    } else {
        lang.pick("texts have words", "条文本有内容")
    };
    lang.pick(format!("{told} {who}; most often: {}.", list(&most, lang)), format!("{told} {who}，最常出现的词：{}。", list(&most, lang)))
}

/// Words with what sets them apart, the discontented's first.
fn keyed(answer: &WordsAnswer) -> Vec<(&WordRow, &Keyness)> {
    let mut keyed: Vec<(&WordRow, &Keyness)> = answer.words.table.iter().filter_map(|row| Some((row, row.keyness.as_ref()?))).collect();
    keyed.sort_by(|a, b| b.1.z.total_cmp(&a.1.z));
    keyed
}

fn compared(answer: &WordsAnswer, lang: Lang, section: &mut Section) {
    let (lower, others) = (count(answer.words.texts.low), count(answer.words.texts.other));
    let low = low(answer, lang);
    if let Some(error) = &answer.words.not_compared {
        section.warnings.push(match error {
            KeynessError::NotEnough { .. } => lang.pick(
                format!("Which words set low scores apart cannot be said: {lower} texts scored {low}, {others} scored higher, and each side needs 2."),
                format!("无法判断哪些词与低分相关：评分{low}的文本 {lower} 条，评分更高的 {others} 条，两侧都至少需要 2 条。"),
            ),
            other => other.to_string(),
        });
        return;
    }
    let keyed = keyed(answer);
    if keyed.is_empty() {
        section.warnings.push(lang.pick(
            format!("No word stands in {MIN_TEXTS} or more scored texts, so none can be set against scores."),
            format!("没有任何词出现在 {MIN_TEXTS} 条以上的已评分文本中，无法与评分对照。"),
        ));
        return;
    }
    let alpha = 1.0 - answer.level.level();
    let odds = |(row, keyness): &(&WordRow, &Keyness)| {
        let of = &keyness.log_odds;
        let range = interval(of.low.exp(), of.high.exp(), Unit::Plain(1));
        let value = number(of.value.exp(), Unit::Plain(1));
        lang.pick(format!("{} (odds × {value}, {range})", row.word.text), format!("{}（优势比 {value}，{range}）", row.word.text))
    };
    let clear: Vec<String> = keyed.iter().filter(|(_, keyness)| keyness.q <= alpha && keyness.z > 0.0).take(NAMED).map(odds).collect();
    section.says.push(match clear.is_empty() {
        false => lang.pick(
            format!("Those who scored {low} ({lower}) use these words more often than the others ({others}): {}.", list(&clear, lang)),
            format!("评分{low}者（{lower}）比其他人（{others}）更常用的词：{}。", list(&clear, lang)),
        ),
        true => lang.pick(
            format!("Inconclusive: no word is told apart as more frequent among those who scored {low} ({lower}) than among the others ({others})."),
            format!("尚无定论：没有发现评分{low}者（{lower}）比其他人（{others}）明显更常用的词。"),
        ),
    });
}

fn name(name: &ThemeName, lang: Lang) -> String {
    lang.pick(name.en.clone(), name.zh.clone())
}

fn themes(answer: &WordsAnswer) -> Vec<(&ThemeName, &ThemeRow)> {
    let mut themes: Vec<(&ThemeName, &ThemeRow)> = answer.names.iter().zip(&answer.words.themes).collect();
    themes.sort_by(|a, b| b.1.share.value.total_cmp(&a.1.share.value));
    themes
}

fn themes_say(answer: &WordsAnswer, lang: Lang) -> Vec<String> {
    let themes = themes(answer);
    let mentioned: Vec<String> = themes
        .iter()
        .filter(|(_, row)| row.share.value > 0.0)
        .take(3)
        .map(|(theme, row)| {
            let share = figure(&row.share, Unit::Share);
            format!("{} {share}", name(theme, lang))
        })
        .collect();
    if mentioned.is_empty() {
        return vec![lang.pick("No text mentions a theme of the dictionary.", "没有文本涉及词典中的主题。").to_owned()];
    }
    let mut says = vec![
        lang.pick(format!("Most mentioned themes: {}.", list(&mentioned, lang)), format!("提及最多的主题：{}。", list(&mentioned, lang))),
    ];
    let mut lower: Vec<_> =
        themes.iter().filter_map(|(theme, row)| Some((theme, row.apart.as_ref().filter(|apart| apart.high < 0.0)?))).collect();
    lower.sort_by(|a, b| a.1.value.total_cmp(&b.1.value));
    let lower: Vec<String> =
        lower.into_iter().take(3).map(|(theme, apart)| format!("{} {}", name(theme, lang), figure(apart, Unit::Plain(2)))).collect();
    if !lower.is_empty() {
        says.push(lang.pick(
            format!(
                "Those who mention these themes score lower than those who do not, each theme taken by itself: {}.",
                list(&lower, lang)
            ),
            format!("提及以下主题者的评分低于未提及者（各主题单独比较）：{}。", list(&lower, lang)),
        ));
    }
    says
}

/// Pairs, the surest first; of those as sure, measures that are larger with the word.
fn sorted(answer: &WordsAnswer) -> Vec<&WordMeasure> {
    let mut pairs: Vec<&WordMeasure> = answer.pairs.iter().collect();
    pairs.sort_by(|a, b| a.q.total_cmp(&b.q).then(a.p.total_cmp(&b.p)).then(b.superiority.value.total_cmp(&a.superiority.value)));
    pairs
}

fn measures_say(answer: &WordsAnswer, lang: Lang) -> Vec<String> {
    if answer.measures.is_empty() {
        return Vec::new();
    }
    if answer.pairs.is_empty() {
        return vec![lang.pick(
            format!(
                "No word can be set against {}: too few texts with and without it are measured, or the measure does not vary.",
                answer.measures.join(", ")
            ),
            format!("无法将词语与 {} 对照：含该词与不含该词的文本中有测量值的太少，或指标没有变化。", answer.measures.join("、")),
        )];
    }
    let alpha = 1.0 - answer.level.level();
    let clear = sorted(answer).into_iter().filter(|pair| pair.q <= alpha).take(3);
    let says: Vec<String> = clear.map(|pair| pair_says(answer, pair, lang)).collect();
    if says.is_empty() {
        return vec![lang.pick(
            format!(
                "Inconclusive: none of {} pairs of a word and a measure is told apart from no association.",
                count(answer.pairs.len() as u64)
            ),
            format!("尚无定论：{} 组词语与指标中，没有一组能确认存在关联。", count(answer.pairs.len() as u64)),
        )];
    }
    says
}

fn pair_says(answer: &WordsAnswer, pair: &WordMeasure, lang: Lang) -> String {
    let (word, measure) = (&answer.words.table[pair.word].word.text, &answer.measures[pair.measure]);
    let up = pair.superiority.value > 0.5;
    let often = if up { pair.superiority } else { pair.superiority.complement() };
    let often = figure(&often, Unit::Share);
    let (en, zh) = if up { ("larger", "更大") } else { ("smaller", "更小") };
    lang.pick(
        format!("Where the text has {word}, {measure} is {en} than where it has not in {often} of comparisons: an association."),
        format!("文本含“{word}”时，{measure} 在 {often} 的两两比较中{zh}（相关关系）。"),
    )
}

fn warnings(answer: &WordsAnswer, lang: Lang, section: &mut Section) {
    let (rows, texts) = (&answer.rows, &answer.words.texts);
    let scale = answer.instrument.scale();
    if rows.off_scale > 0 {
        section.warnings.push(lang.pick(
            format!(
                "{} scores lie outside the scale of {} to {}; their texts count as without a score.",
                count(rows.off_scale),
                scale.low,
                scale.high
            ),
            format!("{} 个评分超出量表 {}–{}，其文本按无评分处理。", count(rows.off_scale), scale.low, scale.high),
        ));
    }
    if rows.other_scale > 0 {
        section.warnings.push(lang.pick(
            format!("{} texts were scored on another scale and count as without a score.", count(rows.other_scale)),
            format!("{} 条文本使用了其他量表，按无评分处理。", count(rows.other_scale)),
        ));
    }
    if rows.alike > 0 && !answer.by_person {
        section.warnings.push(lang.pick(
            format!("{} longer texts repeat another letter by letter; if they are one person's, they make words look surer than they are: name the column of persons.", count(rows.alike)),
            format!("{} 条较长文本与其他文本完全相同；若出自同一人，会高估词语结果的可靠性，请指定用户列。", count(rows.alike)),
        ));
    }
    if texts.cut > 0 {
        section.warnings.push(lang.pick(
            format!("{} texts are longer than 32 KiB and were read up to there.", count(texts.cut)),
            format!("{} 条文本超过 32 KiB，只读取了前面部分。", count(texts.cut)),
        ));
    }
}

fn frequency_table(answer: &WordsAnswer, lang: Lang) -> Table {
    let range = level_head(answer.level, lang);
    let heads = [lang.pick("word", "词"), lang.pick("share of texts", "文本占比"), range.as_str(), lang.pick("texts", "文本数")];
    let mut table = Table::new(lang.pick("Most frequent words", "高频词"), &heads);
    for row in answer.words.table.iter().take(SHOWN) {
        let share = &row.share;
        table.row([
            row.word.text.clone(),
            number(share.value, Unit::Share),
            interval(share.low, share.high, Unit::Share),
            count(row.texts.len() as u64),
        ]);
    }
    table
}

/// The ends of the order: what sets low scores apart most, then what sets the others apart most.
fn ends<T>(mut all: Vec<T>) -> Vec<T> {
    if all.len() > SHOWN {
        let tail = all.split_off(all.len() - 5);
        all.truncate(SHOWN - 5);
        all.extend(tail);
    }
    all
}

fn keyness_table(answer: &WordsAnswer, lang: Lang) -> Option<Table> {
    let keyed = ends(keyed(answer));
    let range = level_head(answer.level, lang);
    let heads = [
        lang.pick("word", "词"),
        lang.pick("log-odds", "对数优势比"),
        range.as_str(),
        "z",
        "p",
        lang.pick("q (BH)", "q（BH）"),
        lang.pick("texts", "文本数"),
    ];
    let caption = lang.pick(
        format!("Words of those who scored {} against the others'; above 0: more frequent among low scores", low(answer, lang)),
        format!("评分{}者与其他人的用词对比；大于 0：低分者更常用", low(answer, lang)),
    );
    let mut table = Table::new(caption, &heads);
    for (row, keyness) in &keyed {
        let of = &keyness.log_odds;
        table.row([
            row.word.text.clone(),
            number(of.value, Unit::Plain(2)),
            interval(of.low, of.high, Unit::Plain(2)),
            number(keyness.z, Unit::Plain(1)),
            p_value(keyness.p),
            p_value(keyness.q),
            count(of.n),
        ]);
    }
    (!keyed.is_empty()).then_some(table)
}

fn theme_table(answer: &WordsAnswer, lang: Lang) -> Table {
    let range = level_head(answer.level, lang);
    let heads = [
        lang.pick("theme", "主题"),
        lang.pick("share of texts", "文本占比"),
        range.as_str(),
        lang.pick("mean score", "平均分"),
        range.as_str(),
        lang.pick("less those without", "与未提及者之差"),
        range.as_str(),
    ];
    let mut table = Table::new(lang.pick("Themes", "主题"), &heads);
    let two = |estimate: Option<&qoe_query::statistics::Estimate>| match estimate {
        Some(of) => cells(of, Unit::Plain(2)),
        None => ["–".to_owned(), "–".to_owned()],
    };
    for (theme, row) in themes(answer) {
        let shown = [cells(&row.share, Unit::Share), two(row.score.as_ref()), two(row.apart.as_ref())];
        table.row(std::iter::once(name(theme, lang)).chain(shown.into_iter().flatten()));
    }
    table
}

fn pair_table(answer: &WordsAnswer, lang: Lang) -> Table {
    let range = level_head(answer.level, lang);
    let heads = [
        lang.pick("word", "词"),
        lang.pick("measure", "指标"),
        lang.pick("larger with the word", "含该词时更大的概率"),
        range.as_str(),
        "p",
        lang.pick("q (BH)", "q（BH）"),
        lang.pick("texts with it", "含该词文本数"),
    ];
    let mut table = Table::new(lang.pick("Words and measures of the same rows", "词语与同一记录的指标"), &heads).words(1);
    for pair in sorted(answer).into_iter().take(SHOWN) {
        let of = &pair.superiority;
        table.row([
            answer.words.table[pair.word].word.text.clone(),
            answer.measures[pair.measure].clone(),
            number(of.value, Unit::Share),
            interval(of.low, of.high, Unit::Share),
            p_value(pair.p),
            p_value(pair.q),
            count(pair.with),
        ]);
    }
    table
}

fn chart(answer: &WordsAnswer, lang: Lang) -> Option<Chart> {
    let rows: Vec<_> = ends(keyed(answer)).into_iter().map(|(row, keyness)| (row.word.text.clone(), (&keyness.log_odds).into())).collect();
    (!rows.is_empty()).then(|| Chart {
        caption: lang.pick(
            format!("Log-odds that a text of someone who scored {} has the word, against the others', with intervals", low(answer, lang)),
            format!("评分{}者相对其他人使用各词的对数优势比及区间", low(answer, lang)),
        ),
        drawn: Drawn::Forest {
            axis: lang.pick("log-odds ratio", "对数优势比").to_owned(),
            share: false,
            nothing: Some(0.0),
            sides: None,
            rows,
        },
    })
}

fn method(answer: &WordsAnswer, lang: Lang, section: &mut Section) {
    let (texts, rows) = (&answer.words.texts, &answer.rows);
    section.method.push(lang.pick(
        format!(
            "A text counts once for a word. Of {} rows {} have no text; of the texts {} have only signs, numbers or stop words. Shares: Wilson. Words against scores: log-odds ratio with an informative Dirichlet prior, for words of {MIN_TEXTS} or more scored texts; q allows for asking of all of them (Benjamini and Hochberg).",
            count(rows.all), count(rows.untold), count(texts.wordless)
        ),
        format!(
            "同一文本中每个词只计一次。共 {} 行，其中 {} 行没有文本；{} 条文本只有符号、数字或停用词。占比区间：Wilson。词语与评分：带信息先验（Dirichlet）的对数优势比，仅限出现在 {MIN_TEXTS} 条以上已评分文本中的词；q 为 Benjamini–Hochberg 校正，考虑了同时检验所有词。",
            count(rows.all), count(rows.untold), count(texts.wordless)
        ),
    ));
    section.method.push(lang.pick(
        "Themes: by a dictionary, praise and complaint alike; mean scores with Student's interval, not adjusted for the number of themes.".to_owned(),
        "主题由词典识别，不区分褒贬；平均分用 Student 区间，未按主题数量校正。".to_owned(),
    ));
    if !answer.measures.is_empty() {
        section.method.push(lang.pick(
            "Words and measures: how often a row with the word has the larger value than one without, ties counting half (Brunner and Munzel); an association, for what else differs is not held equal.".to_owned(),
            "词语与指标：含该词的记录取值更大的概率，相等计一半（Brunner–Munzel）；这是相关关系，没有控制其他差异。".to_owned(),
        ));
    }
    if !answer.sparse.is_empty() {
        section.method.push(lang.pick(
            format!("Measured in less than a fifth of the texts and left out: {}.", answer.sparse.join(", ")),
            format!("在不足五分之一的文本中有测量值、未纳入：{}。", answer.sparse.join("、")),
        ));
    }
}

fn fallback_says(found: &FallbackAnswer, lang: Lang, section: &mut Section) {
    section.says.push(lang.pick(
        format!(
            "The assistant said that it did not understand in {} of {} conversations, and again right after in {}.",
            figure(&found.any, Unit::Share),
            count(found.conversations),
            figure(&found.repeated, Unit::Share)
        ),
        format!(
            "{} 段对话中，{} 出现过助手表示没听懂；{} 连续两次以上表示没听懂。",
            count(found.conversations),
            figure(&found.any, Unit::Share),
            figure(&found.repeated, Unit::Share)
        ),
    ));
    let of = &found.counted;
    section.method.push(lang.pick(
        format!(
            "Fallbacks: {} of {} turns, {} of them right after another, at most {} in a row; conversations are the unit of the intervals (Wilson).",
            count(of.fallbacks), count(of.utterances), count(of.repeated), count(of.longest)
        ),
        format!(
            "兜底回复：{} 轮中有 {} 轮，其中 {} 轮紧接上一次兜底，最长连续 {} 轮；区间以对话为单位（Wilson）。",
            count(of.utterances), count(of.fallbacks), count(of.repeated), count(of.longest)
        ),
    ));
    if found.unplaced > 0 {
        section.warnings.push(lang.pick(
            format!("{} turns of no stated conversation or time were left out.", count(found.unplaced)),
            format!("{} 轮没有注明对话或时间，未计入。", count(found.unplaced)),
        ));
    }
}
