//! Charts over numbers that are made up, and over those that are none.

use super::*;

const HOSTILE: &str = "<script>alert('x')</script>\"&\u{E000}0\u{E001}\u{7}";

fn figure(value: f64, half: f64) -> Figure {
    Figure { value, low: value - half, high: value + half }
}

fn forest(rows: Vec<(String, Figure)>) -> Drawn {
    Drawn::Forest { axis: "CSAT, %".to_owned(), share: true, nothing: None, sides: None, rows }
}

fn lines(lines: Vec<(String, Vec<(f64, Figure)>)>, steps: bool, marks: Vec<(f64, String)>) -> Drawn {
    Drawn::Lines { x: "day".to_owned(), y: "%".to_owned(), steps, lines, marks }
}

fn curve(points: Vec<(f64, Figure)>, knee: Option<Figure>) -> Drawn {
    let smooth = points.iter().map(|(x, figure)| (*x, figure.value)).collect();
    Drawn::Curve { x: "ms".to_owned(), y: "%".to_owned(), points, smooth, knee }
}

fn svg(drawn: Drawn) -> String {
    Chart { caption: "A caption".to_owned(), drawn }.svg(Lang::En)
}

/// One of each kind, from a number a point and a name.
fn each(value: f64, half: f64, name: &str) -> Vec<Drawn> {
    let point = figure(value, half);
    vec![
        forest(vec![(name.to_owned(), point), ("other".to_owned(), figure(0.5, 0.1))]),
        Drawn::Forest { axis: name.to_owned(), share: false, nothing: Some(1.0), sides: None, rows: vec![(name.to_owned(), point)] },
        curve(vec![(value, point), (0.2, figure(0.5, 0.1))], Some(point)),
        lines(vec![(name.to_owned(), vec![(0.0, figure(1.0, 0.0)), (value, point)])], true, vec![(value, name.to_owned())]),
        lines(vec![(name.to_owned(), vec![(value, point)])], false, vec![]),
        Drawn::Grid { columns: vec![name.to_owned()], rows: vec![(name.to_owned(), vec![Some(value), None])] },
    ]
}

#[test]
fn a_number_that_is_none_never_reaches_a_drawing() {
    let ends = [0.0, 1.0, -1.0, 1e-300, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE];
    for value in ends {
        for half in ends {
            for drawn in each(value, half, "name") {
                let kind = format!("{drawn:?}");
                let svg = svg(drawn);
                assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"), "{kind}: {svg}");
                assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("2147483647"), "{kind}: {svg}");
                assert!(svg.len() < 60_000, "{kind}: {} bytes", svg.len());
            }
        }
    }
}

#[test]
fn nothing_to_draw_is_said_in_the_reader_s_language() {
    let grid = Drawn::Grid { columns: vec![], rows: vec![("a".to_owned(), vec![None])] };
    for drawn in [forest(vec![]), curve(vec![], None), lines(vec![("a".to_owned(), vec![])], true, vec![]), grid] {
        let chart = Chart { caption: String::new(), drawn };
        assert!(chart.svg(Lang::En).contains("Nothing to draw"), "{chart:?}");
        assert!(chart.svg(Lang::Zh).contains("没有可绘制的数据"), "{chart:?}");
    }
}

#[test]
fn what_people_wrote_stays_text() {
    for drawn in each(0.3, 0.1, HOSTILE) {
        let svg = Chart { caption: HOSTILE.to_owned(), drawn }.svg(Lang::Zh);
        assert!(!svg.contains("<script") && !svg.contains('\u{7}'), "{svg}");
        assert!(svg.contains("&lt;script&gt;"), "{svg}");
        assert!(!svg.contains("style="), "inline styles are refused by the content security policy");
    }
}

#[test]
fn the_same_numbers_give_the_same_bytes() {
    for (one, other) in each(0.3, 0.1, "名").into_iter().zip(each(0.3, 0.1, "名")) {
        assert_eq!(svg(one), svg(other));
    }
}

#[test]
fn a_long_name_is_cut_and_stands_whole_behind_itself() {
    let name = "一个名字非常非常非常非常非常非常非常非常非常非常长的业务";
    let svg = svg(forest(vec![(name.to_owned(), figure(0.5, 0.1))]));
    assert!(svg.contains(&format!("<title>{name}</title>")) && svg.contains('…'), "{svg}");
}

#[test]
fn lines_are_told_apart_without_colour() {
    let line = |end: f64| vec![(0.0, figure(1.0, 0.0)), (5.0, figure(end, 0.05))];
    let svg = svg(lines(vec![("a".into(), line(0.8)), ("b".into(), line(0.6)), ("c".into(), line(0.4))], true, vec![]));
    assert!(svg.contains("class=\"stroke-first\" stroke-width=\"9\" points"), "the first line is solid: {svg}");
    assert!(svg.contains("stroke-dasharray=\"28 14\" stroke=\"#E69F00\" class=\"stroke-second\""), "{svg}");
    assert!(svg.contains("stroke-dasharray=\"7 13\" stroke=\"#009E74\" class=\"stroke-third\""), "{svg}");
    assert!(!svg.contains("opacity=\"0.99"), "{svg}");
}

#[test]
fn an_interval_that_ran_away_does_not_flatten_the_others() {
    let rows =
        vec![("a".into(), figure(1.1, 0.2)), ("b".into(), figure(0.9, 0.2)), ("c".into(), Figure { value: 1.3, low: 0.1, high: 4e9 })];
    let svg = svg(Drawn::Forest { axis: "hazard ratio".into(), share: false, nothing: Some(1.0), sides: None, rows });
    assert!(svg.contains("polygon"), "an arrow: {svg}");
    assert!(!svg.contains(">1000<"), "{svg}");
}

#[test]
fn shares_are_read_in_percent_and_seconds_as_days() {
    let from = 1_793_577_600.0;
    let days = |end: f64| (0..20).map(|day| (from + f64::from(day) * 86_400.0, figure(end, 0.02))).collect::<Vec<_>>();
    let svg = svg(lines(vec![(String::new(), days(0.6))], false, vec![(from + 864_000.0, "3.2.1".into())]));
    assert!(svg.contains("60 %") && svg.contains("11-"), "{svg}");
    assert!(svg.contains("3.2.1"), "{svg}");
}
