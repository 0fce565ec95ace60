//! The last 60 minutes one by one, as charts.

use std::collections::BTreeMap;

use qoe_query::board::{Board, Minute};

use crate::chart::{self, Spec};
use crate::clock::Zone;
use crate::drawing::Ink;
use crate::wire::{ChartGroup, ChartGroups, rounded};
use crate::wire::{Kind, Series};
use crate::words::Words;

/// The numbers of the charts. Counts of minutes without sessions are 0; what was not measured is a gap.
pub(super) fn group(board: &Board) -> ChartGroup {
    let minutes = &board.minutes;
    let values = |of: fn(&Minute) -> Option<f64>| minutes.iter().map(|minute| rounded(of(minute))).collect::<Vec<_>>();
    ChartGroup {
        from_s: minutes.first().map_or(0, |minute| minute.at.timestamp()),
        to_s: minutes.last().map_or(0, |minute| minute.at.timestamp() + 60),
        at_s: minutes.iter().map(|minute| minute.at.timestamp() as f64).collect(),
        series: BTreeMap::from([
            ("good", values(|minute| Some(minute.good as f64))),
            ("bad", values(|minute| Some(minute.bad as f64))),
            ("unclassified", values(|minute| Some(minute.unclassified as f64))),
            ("silent", values(|minute| Some(minute.silent as f64))),
            ("rtt_ms_p50", values(|minute| minute.rtt_ms_p50)),
            ("rtt_ms_p95", values(|minute| minute.rtt_ms_p95)),
            ("jitter_ms_p95", values(|minute| minute.jitter_ms_p95)),
            ("loss_ratio_p95", values(|minute| minute.loss_ratio_p95)),
            ("freeze_ratio_p95", values(|minute| minute.freeze_ratio_p95)),
            ("connect_ms_p95", values(|minute| minute.connect_ms_p95)),
            ("mos_nb_mean", values(|minute| minute.mos_nb_mean)),
            ("response_ms_p95", values(|minute| minute.response_ms_p95)),
        ]),
    }
}

/// The charts in the order shown, each with its table.
pub(super) fn charts(groups: &ChartGroups, zone: Zone, words: &Words) -> askama::Result<Vec<String>> {
    let group = groups.get("minutes").cloned().unwrap_or_default();
    specs(words).iter().map(|spec| chart::render(spec, "minutes", &group, zone, words)).collect()
}

fn specs(words: &Words) -> Vec<Spec> {
    let chart = &words.chart;
    let lines = |id: &str, title: &str, unit, floor, series| Spec {
        id: id.to_owned(),
        title: title.to_owned(),
        unit,
        kind: Kind::Lines,
        floor: (0.0, floor),
        series,
    };
    let p95 = |key, decimals| Series::second(key, "p95", decimals);
    let only_p95 = |key, decimals| Series { dashed: false, ..p95(key, decimals) };
    vec![
        Spec {
            id: "minutes".to_owned(),
            title: chart.minutes.to_owned(),
            unit: "",
            kind: Kind::Stack,
            floor: (0.0, 4.0),
            series: vec![
                Series::first("bad", chart.bad, 0).ink(Ink::Bad),
                Series::first("silent", chart.silent, 0).ink(Ink::Silent),
                Series::first("unclassified", chart.unclassified, 0).ink(Ink::Unclassified),
                Series::first("good", chart.good, 0).ink(Ink::Good),
            ],
        },
        lines("rtt", chart.rtt, "ms", 100.0, vec![Series::first("rtt_ms_p50", "p50", 0), p95("rtt_ms_p95", 0)]),
        lines("loss", chart.loss, "%", 1.0, vec![only_p95("loss_ratio_p95", 2).percent()]),
        lines("jitter", chart.jitter, "ms", 10.0, vec![only_p95("jitter_ms_p95", 1)]),
        lines("freeze", chart.freeze, "%", 1.0, vec![only_p95("freeze_ratio_p95", 2).percent()]),
        lines("connect", chart.connect, "ms", 100.0, vec![only_p95("connect_ms_p95", 0)]),
        Spec { floor: (1.0, 4.5), ..lines("mos", chart.mos, "", 0.0, vec![Series::first("mos_nb_mean", chart.mean, 2)]) },
        lines("response", chart.response, "ms", 500.0, vec![only_p95("response_ms_p95", 0)]),
    ]
}
