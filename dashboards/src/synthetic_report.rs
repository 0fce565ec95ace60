//! A made-up report and page of satisfaction, for tests and for the preview: one chart of each kind, long names, late data.

use chrono::{DateTime, Duration, Utc};
use qoe_query::relations::Period;

use super::plot::{Chart, Drawn, Figure};
use super::report::{Provenance, Report, Tile};
use super::section::{Section, Table};
use super::{Lang, SatisfactionAsked, SatisfactionReport, wire};

fn figure(value: f64, half: f64) -> Figure {
    Figure { value, low: value - half, high: value + half }
}

/// The page's answer, as of a moment.
pub fn satisfaction(asked: &SatisfactionAsked, now: DateTime<Utc>) -> SatisfactionReport {
    let period = asked.period(now).unwrap_or(Period { since: now - Duration::days(30), until: now });
    let json = wire::satisfaction::satisfaction(period, asked, None);
    SatisfactionReport { period, english: sections(Lang::En), chinese: sections(Lang::Zh), json }
}

/// The whole report.
pub fn report(lang: Lang) -> Report {
    Report {
        title: lang.pick("Satisfaction and retention, November 2026", "2026 年 11 月满意度与留存报告").to_owned(),
        provenance: Provenance {
            source: lang.pick("project meet", "项目 meet").to_owned(),
            period: "2026-11-01 – 2026-11-24".to_owned(),
            zone: "Asia/Shanghai".to_owned(),
            version: "0.1.0".to_owned(),
            data_hash: "sha256:9f2c…41ab (48,210 rows)".to_owned(),
            command: "qoe report --project meet --since 2026-11-01 --until 2026-11-24 --lang zh".to_owned(),
        },
        tiles: tiles(lang),
        headline: headline(lang),
        sections: sections(lang),
        appendix: vec![
            (lang.pick("A good minute", "良好分钟的定义").to_owned(), "[video_call]\none_way_delay_ms_max = 400\nloss_ratio_max = 0.05\n".to_owned()),
            (
                lang.pick("Answers", "问卷回答").to_owned(),
                "SELECT session_id, user_id, vendor, observed_at, score\nFROM feedback\nWHERE kind = 'csat' AND dimension = '' AND observed_at >= TIMESTAMP '2026-11-01 00:00:00'".to_owned(),
            ),
        ],
    }
}

fn tiles(lang: Lang) -> Vec<Tile> {
    let tile = |name: &str, value: &str, interval: &str, note: &str| Tile {
        name: name.to_owned(),
        value: value.to_owned(),
        interval: interval.to_owned(),
        note: note.to_owned(),
    };
    vec![
        tile("CSAT", "66.0 %", "61.2 – 70.4 %", lang.pick("of 412 answers", "412 份回答")),
        tile(
            lang.pick("CSAT, silence corrected", "CSAT（校正未作答）"),
            "58.3 %",
            "52.0 – 64.9 %",
            lang.pick("of 3,104 asked", "3,104 位受邀者"),
        ),
        tile(lang.pick("Back after 7 days", "7 日留存率"), "43.8 %", "41.9 – 45.7 %", lang.pick("of 2,610 newcomers", "2,610 位新用户")),
        tile(lang.pick("Answered", "作答率"), "13.3 %", "12.1 – 14.5 %", lang.pick("of those asked", "占受邀者")),
    ]
}

fn headline(lang: Lang) -> Section {
    let says = lang.pick(
        [
            "66.0 % of those who answered were satisfied (61.2 – 70.4 %).",
            "Corrected for who stayed silent it is 58.3 % (52.0 – 64.9 %): those with bad calls answered less often.",
            "From about 212 ms of round-trip time on, satisfaction falls; this is an association, not an effect.",
            "Of newcomers 43.8 % were back after 7 days. Between the vendors the difference is inconclusive.",
        ],
        [
            "作答用户中 66.0 % 表示满意（61.2 – 70.4 %）。",
            "校正未作答者后为 58.3 %（52.0 – 64.9 %）：通话质量差的用户更少作答。",
            "往返时延超过约 212 ms 后满意度下降；这是相关关系，不代表因果效应。",
            "新用户 7 日留存率为 43.8 %。各厂商之间的差异尚无定论。",
        ],
    );
    Section { says: says.map(str::to_owned).to_vec(), ..Section::new("headline", lang.pick("In short", "结论摘要")) }
}

fn sections(lang: Lang) -> Vec<Section> {
    vec![scores(lang), dose(lang), survival(lang), cohorts(lang), hazards(lang), over_time(lang), nothing(lang)]
}

fn scores(lang: Lang) -> Section {
    let names = lang.pick(
        [
            "all",
            "borealis · video_call",
            "aurora · voice_call",
            "meridian · live_streaming",
            "a vendor with a name that is longer than any column",
            "not stated",
        ],
        ["全部", "北极光 · 视频通话", "极光 · 语音通话", "子午线 · 互动直播", "名字比任何一列都要长得多的某个实时音视频服务厂商", "未说明"],
    );
    let figures = [figure(0.66, 0.046), figure(0.58, 0.09), figure(0.71, 0.07), figure(0.69, 0.11), figure(0.62, 0.19), figure(0.4, 0.36)];
    let rows: Vec<(String, Figure)> = names.iter().map(|name| (*name).to_owned()).zip(figures).collect();
    let heads = lang.pick(["vendor · service", "score", "95 % interval", "n"], ["厂商 · 业务", "得分", "95 % 区间", "n"]);
    let mut table = Table::new("", &heads);
    for (at, (name, figure)) in rows.iter().enumerate() {
        let ends = format!("{:.1} – {:.1} %", figure.low * 100.0, figure.high * 100.0);
        table.row([name.clone(), format!("{:.1} %", figure.value * 100.0), ends, (412 / (at + 1)).to_string()]);
    }
    Section {
        says: vec![
            lang.pick("CSAT: 66.0 % (61.2 – 70.4 %) from 412 answers.", "CSAT：66.0 %（61.2 – 70.4 %），共 412 份回答。").to_owned(),
        ],
        warnings: vec![
            lang.pick("3 answers lie outside the scale of 1 to 5 and were left out.", "3 份回答超出量表 1–5，未计入。").to_owned(),
            lang.pick(
                "Of those asked 13.3 % answered; what the others felt is not in these scores.",
                "受邀者中 13.3 % 作答；未作答者的感受不在这些分数之内。",
            )
            .to_owned(),
        ],
        charts: vec![Chart {
            caption: lang.pick("CSAT by vendor and service, with 95 % intervals", "按厂商与业务划分的 CSAT 与 95 % 区间").to_owned(),
            drawn: Drawn::Forest {
                axis: lang.pick("CSAT: share of answers in the top two of five", "CSAT：评分为五级中最高两级的比例").to_owned(),
                share: true,
                nothing: None,
                sides: None,
                rows,
            },
        }],
        tables: vec![table],
        method: vec![
            lang.pick("Interval: Wilson; answers all weigh the same. Level 95 %.", "区间方法：Wilson；每份回答权重相同；置信水平 95 %。")
                .to_owned(),
        ],
        ..Section::new("scores", lang.pick("What people said", "用户评价"))
    }
}

fn dose(lang: Lang) -> Section {
    let satisfied = |ms: f64| 0.74 - 0.34 / (1.0 + (-(ms - 260.0) / 55.0).exp());
    let points = [30.0, 60.0, 90.0, 130.0, 170.0, 220.0, 280.0, 350.0, 430.0, 520.0];
    let drawn = Drawn::Curve {
        x: lang.pick("round-trip time, ms", "往返时延（ms）").to_owned(),
        y: lang.pick("satisfied, %", "满意率（%）").to_owned(),
        points: points
            .iter()
            .enumerate()
            .map(|(at, ms)| (*ms, figure(satisfied(*ms) + [0.012, -0.018, 0.02][at % 3], 0.03 + at as f64 * 0.006)))
            .collect(),
        smooth: (0..=98).map(|at| 30.0 + f64::from(at) * 5.0).map(|ms| (ms, satisfied(ms))).collect(),
        knee: Some(Figure { value: 212.0, low: 181.0, high: 244.0 }),
    };
    Section {
        says: vec![
            lang.pick(
                "Satisfaction is level up to about 212 ms (181 – 244 ms) and falls from there on.",
                "往返时延在约 212 ms（181 – 244 ms）以内满意率基本持平，超过后开始下降。",
            )
            .to_owned(),
        ],
        charts: vec![Chart { caption: lang.pick("Satisfied by round-trip time", "满意率与往返时延的关系").to_owned(), drawn }],
        method: vec![
            lang.pick("Binned means and a spline of 4 knots; an association.", "分箱均值与 4 节点样条；仅为相关关系。").to_owned(),
        ],
        ..Section::new("dose", lang.pick("Where it tips", "满意度拐点"))
    }
}

fn survival(lang: Lang) -> Section {
    let line = |rate: f64| {
        (0..=45)
            .map(|step| {
                let (minutes, step) = (f64::from(step) * 2.0, f64::from(step));
                (minutes, figure((-rate * minutes).exp(), 0.004 + step * 0.0011))
            })
            .collect::<Vec<_>>()
    };
    let names = lang.pick(["good minutes", "some bad minutes", "mostly bad minutes"], ["质量良好", "部分不良", "大多不良"]);
    let lines = names.iter().zip([0.006, 0.0065, 0.03]).map(|(name, rate)| ((*name).to_owned(), line(rate))).collect();
    let drawn = Drawn::Lines {
        x: lang.pick("minutes since the join", "入会后的分钟数").to_owned(),
        y: lang.pick("still in the session", "仍在会话中的比例").to_owned(),
        steps: true,
        lines,
        marks: vec![],
    };
    Section {
        says: vec![lang.pick("Sessions with mostly bad minutes end sooner.", "不良分钟占多数的会话更早结束。").to_owned()],
        charts: vec![Chart {
            caption: lang.pick("Still in the session, by quality, with 95 % bands", "按质量划分的会话存续率与 95 % 置信带").to_owned(),
            drawn,
        }],
        ..Section::new("survival", lang.pick("Who stays in the call", "会话存续"))
    }
}

fn cohorts(lang: Lang) -> Section {
    let columns = (0..14).map(|day| lang.pick(format!("D{day}"), format!("第{day}日"))).collect();
    let rows = (0..9).map(|cohort| {
        let cells = (0..14).map(|day| {
            (cohort + day < 16).then(|| if day == 0 { 1.0 } else { 0.62 / (1.0 + 0.22 * f64::from(day)) - 0.012 * f64::from(cohort) })
        });
        (
            lang.pick(
                format!("2026-11-{:02} (n {})", cohort + 1, 310 - cohort * 11),
                format!("11 月 {} 日（n {}）", cohort + 1, 310 - cohort * 11),
            ),
            cells.collect(),
        )
    });
    let drawn = Drawn::Grid { columns, rows: rows.collect() };
    Section {
        says: vec![
            lang.pick(
                "Newcomers of later days come back a little less; the difference is inconclusive.",
                "较晚批次的新用户回访略少；差异尚无定论。",
            )
            .to_owned(),
        ],
        charts: vec![Chart {
            caption: lang.pick("Newcomers by day who were back on day N", "各日新用户在第 N 日的回访率").to_owned(),
            drawn,
        }],
        ..Section::new("cohorts", lang.pick("Who comes back", "新用户留存"))
    }
}

fn hazards(lang: Lang) -> Section {
    let ratio = |value: f64, low: f64, high: f64| Figure { value, low, high };
    let rows = vec![
        (lang.pick("loss, per 1 %", "丢包率每增加 1 %").to_owned(), ratio(1.31, 1.12, 1.53)),
        (lang.pick("freeze, per 1 %", "卡顿率每增加 1 %").to_owned(), ratio(1.18, 1.01, 1.38)),
        (lang.pick("network: 3g against wifi", "网络：3G 相比 Wi-Fi").to_owned(), ratio(2.6, 1.4, 4.9)),
        (lang.pick("tenure, per 30 days", "注册时长每增加 30 天").to_owned(), ratio(0.82, 0.71, 0.95)),
        (lang.pick("platform: kiosk", "平台：自助终端").to_owned(), ratio(1.4, 0.02, 96.0)),
        (lang.pick("service: not estimable", "业务：无法估计").to_owned(), ratio(f64::NAN, f64::NAN, f64::NAN)),
    ];
    let drawn = Drawn::Forest {
        axis: lang.pick("hazard ratio of leaving", "流失风险比").to_owned(),
        share: false,
        nothing: Some(1.0),
        sides: None,
        rows,
    };
    Section {
        says: vec![lang.pick("Loss, freezes and 3g go with leaving sooner.", "丢包、卡顿与 3G 网络与更早流失相关。").to_owned()],
        charts: vec![Chart { caption: lang.pick("Hazard ratios with 95 % intervals", "风险比与 95 % 区间").to_owned(), drawn }],
        ..Section::new("hazards", lang.pick("What goes with leaving", "与流失相关的因素"))
    }
}

fn over_time(lang: Lang) -> Section {
    let first = 1_793_491_200.0;
    let line = |level: f64, turn: f64, by: f64| {
        (0..24)
            .map(|day| {
                let day = f64::from(day);
                (first + day * 86_400.0, figure(level + if day >= turn { by } else { 0.0 } + 0.01 * (day * 1.7).sin(), 0.03))
            })
            .collect::<Vec<_>>()
    };
    let lines = vec![
        ("borealis".to_owned(), line(0.68, 11.0, -0.11)),
        ("aurora".to_owned(), line(0.71, 30.0, 0.0)),
        (lang.pick("meridian, the third vendor", "子午线（第三家厂商）").to_owned(), line(0.66, 30.0, 0.0)),
        ("zephyr".to_owned(), line(0.65, 30.0, 0.0)),
    ];
    let at = |day: f64, name: &str| (first + day * 86_400.0, name.to_owned());
    let marks =
        vec![at(10.5, "borealis 3.2.1"), at(11.0, lang.pick("change", "变点")), at(12.4, "aurora 9.0.4-rc.1"), at(22.8, "zephyr 2.0")];
    let drawn = Drawn::Lines {
        x: lang.pick("day (UTC)", "日期（UTC）").to_owned(),
        y: lang.pick("satisfied, %", "满意率（%）").to_owned(),
        steps: false,
        lines,
        marks,
    };
    Section {
        says: vec![
            lang.pick(
                "The score of borealis fell on 12 November, a day after its release 3.2.1.",
                "北极光的得分在 11 月 12 日下降，即其 3.2.1 版本发布后一天。",
            )
            .to_owned(),
        ],
        charts: vec![Chart {
            caption: lang.pick("CSAT by day, with releases and changes", "逐日 CSAT 与版本发布、变点").to_owned(),
            drawn,
        }],
        ..Section::new("over-time", lang.pick("Over time", "随时间变化"))
    }
}

fn nothing(lang: Lang) -> Section {
    let drawn = Drawn::Lines { x: String::new(), y: String::new(), steps: false, lines: vec![], marks: vec![] };
    Section {
        warnings: vec![
            lang.pick("Everyone is censored: no time to leaving can be given.", "所有记录均为删失：无法给出流失时间。").to_owned(),
        ],
        charts: vec![Chart { caption: lang.pick("Time to leaving", "流失时间").to_owned(), drawn }],
        ..Section::new("leaving", lang.pick("Time to leaving", "流失时间"))
    }
}
