//! Retention against pandas, by hand, and by its properties.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

const P95: Confidence = Confidence::P95;

/// The known answers of `fixtures/reference/retention.json`, which `retention.py` beside it makes.
fn reference() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/retention.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|n| n.as_i64().unwrap()).collect()
}

fn pairs(value: &Value) -> Vec<Option<Counts>> {
    let pair = |pair: &Value| pair.as_array().map(|p| Counts { hits: p[0].as_u64().unwrap(), n: p[1].as_u64().unwrap() });
    value.as_array().unwrap().iter().map(pair).collect()
}

fn meanings() -> [Return; 5] {
    [Return::On(1), Return::On(7), Return::OnOrAfter(1), Return::OnOrAfter(7), Return::Within(3..=9)]
}

fn counted(cells: &[Cell]) -> Vec<Option<Counts>> {
    cells.iter().map(|cell| Some(cell.counts)).collect()
}

#[track_caller]
fn check_ends(got: Estimate, want: &Value) {
    for (got, want) in [(got.low, &want[0]), (got.high, &want[1])] {
        assert!((got - want.as_f64().unwrap()).abs() < 1e-6, "{got} is not {want}");
    }
}

#[test]
fn curves_cohorts_groups_and_windows_as_pandas_counts_them() {
    let known = reference();
    let (input, want) = (&known["input"], &known["expected"]);
    let users: Vec<u32> = numbers(&input["user"]).into_iter().map(|user| user as u32).collect();
    let days: Vec<i32> = numbers(&input["day"]).into_iter().map(|day| day as i32).collect();
    let ms = numbers(&input["ms"]);
    let (first, last) = (input["first"].as_i64().unwrap(), input["last"].as_i64().unwrap());
    let observed = Observed { first: first as i32, last: last as i32 };
    let histories = Histories::by_calendar_day(Events { users: &users, at: &days }, observed, Newcomers::ByFirstEvent).unwrap();
    assert_eq!(histories.left_out(), want["left_out"].as_u64().unwrap());
    let all = curve(&histories, &meanings(), P95);
    assert_eq!(counted(&all), pairs(&want["curve"]));
    (0..5).for_each(|at| check_ends(all[at].share.unwrap(), &want["wilson"][at]));

    let weeks = grid(&histories, &meanings(), |day| day.div_euclid(7), P95);
    assert_eq!(weeks.len(), want["weeks"].as_array().unwrap().len());
    for (got, want) in weeks.iter().zip(want["weeks"].as_array().unwrap()) {
        assert_eq!((i64::from(got.key), got.size), (want["key"].as_i64().unwrap(), want["size"].as_u64().unwrap()));
        let shares = pairs(&want["cells"]).into_iter().map(|counts| counts.and_then(|counts| share(counts.hits, counts.n, P95)));
        assert_eq!(got.cells, shares.collect::<Vec<_>>());
    }

    let codes: Vec<u32> = (0..120).map(|user| user % 2).collect();
    let groups = curves_by_group(&histories, &codes, &["even", "odd"].map(String::from), &meanings(), P95).unwrap();
    for (got, want) in groups.iter().zip(want["groups"].as_array().unwrap()) {
        assert_eq!(counted(&got.cells), pairs(want));
    }
    assert_eq!(groups[0].less_first, vec![None; 5]);
    (0..5).for_each(|at| check_ends(groups[1].less_first[at].unwrap(), &want["differences"][at]));

    let observed = Observed { first: first * MS_PER_DAY, last: (last + 1) * MS_PER_DAY - 1 };
    let histories = Histories::by_24_hours(Events { users: &users, at: &ms }, observed, Newcomers::ByFirstEvent).unwrap();
    assert_eq!(counted(&curve(&histories, &meanings(), P95)), pairs(&want["windows"]));
}

fn of<'a, T>(users: &'a [u32], at: &'a [T]) -> Events<'a, T> {
    Events { users, at }
}

/// Two users come on day 0, one on day 8 of ten; day 7 of the last was not observed.
#[test]
fn a_day_not_yet_over_is_not_a_day_without_return() {
    let events = of(&[0, 0, 1, 2], &[0, 7, 0, 8]);
    let histories = Histories::by_calendar_day(events, Observed { first: 0, last: 10 }, Newcomers::ByFirstEvent).unwrap();
    let day7 = [Return::On(7), Return::On(1)];
    let cells = curve(&histories, &day7, P95);
    assert_eq!((cells[0].counts, cells[1].counts), (Counts { hits: 1, n: 2 }, Counts { hits: 0, n: 3 }));
    let cohorts = grid(&histories, &day7, |day| day, P95);
    assert_eq!(cohorts[0].cells[0].unwrap().value, 0.5);
    assert_eq!(cohorts[1].cells[0], None);
    assert_eq!(cohorts[1].cells[1].unwrap().value, 0.0);
    // All users in one cohort: day 7 is not known of all of it.
    assert_eq!(grid(&histories, &day7, |_| 0, P95)[0].cells[0], None);
    let times = times_to_return(&histories);
    assert_eq!((times.days, times.returned), (vec![7.0, 10.0, 2.0], vec![true, false, false]));
}

/// The first midnight is 1 hour after the first event: by the calendar day 1 has come, by windows not.
#[test]
fn a_calendar_day_is_not_24_hours() {
    let at = [23 * 3_600_000_i64, 25 * 3_600_000];
    let days: Vec<i32> = at.iter().map(|ms| ms.div_euclid(MS_PER_DAY) as i32).collect();
    let calendar = Histories::by_calendar_day(of(&[0, 0], &days), Observed { first: 0, last: 5 }, Newcomers::ByFirstEvent).unwrap();
    let end = 6 * MS_PER_DAY - 1;
    let windows = Histories::by_24_hours(of(&[0, 0], &at), Observed { first: 0, last: end }, Newcomers::ByFirstEvent).unwrap();
    let hits = |histories: &Histories| curve(histories, &[Return::On(1)], P95)[0].counts.hits;
    assert_eq!((hits(&calendar), hits(&windows)), (1, 0));
    // Five days of the calendar are over since; of windows only four, the fifth ends an hour before midnight, the sixth does not.
    assert_eq!((calendar.users()[0].observed, windows.users()[0].observed.1), ((0, 5), 4));
}

#[test]
fn long_standing_users_are_not_taken_for_new_ones() {
    let events = of(&[0, 0, 1, 1], &[-5, 1, 0, 1]);
    let observed = Observed { first: 0, last: 3 };
    let histories = Histories::by_calendar_day(events, observed, Newcomers::ByFirstEvent).unwrap();
    assert_eq!((histories.users().len(), histories.left_out()), (1, 1));
    // With first days given: user 0 came on day -5, of which day 6 (the calendar's 1) was observed; user 2 came and was never seen again.
    let given = [Some(-5), Some(0), Some(0), None, Some(9)];
    let histories = Histories::by_calendar_day(events, observed, Newcomers::Given(&given)).unwrap();
    assert_eq!((histories.users().len(), histories.left_out()), (3, 1));
    let cells = curve(&histories, &[Return::On(1), Return::On(6), Return::On(2)], P95);
    assert_eq!(cells.iter().map(|cell| (cell.counts.hits, cell.counts.n)).collect::<Vec<_>>(), [(1, 2), (1, 1), (0, 2)]);
}

#[test]
fn what_makes_no_histories_is_refused() {
    let observed = Observed { first: 0, last: 3 };
    let error = |events: Events<'_, i32>, newcomers: Newcomers<'_, i32>| {
        Histories::by_calendar_day(events, observed, newcomers).unwrap_err().to_string()
    };
    assert_eq!(error(of(&[0], &[]), Newcomers::ByFirstEvent), "1 users stand beside 0 times of events");
    assert_eq!(error(of(&[4], &[0]), Newcomers::Given(&[None])), "user 4 has events, but first times are given for 1 users");
    let late = "1 users have events before the first time given for them, such as user 0";
    assert_eq!(error(of(&[0], &[0]), Newcomers::Given(&[Some(1)])), late);
    let backwards = Histories::by_calendar_day(of(&[], &[]), Observed { first: 3, last: 0 }, Newcomers::ByFirstEvent).unwrap_err();
    assert_eq!(backwards.to_string(), "observation ends at 0, before it begins at 3");
    let nobody = Histories::by_calendar_day(of(&[], &[]), observed, Newcomers::ByFirstEvent).unwrap();
    let cells = curve(&nobody, &[Return::On(1)], P95);
    assert_eq!((cells[0].counts.n, cells[0].share), (0, None));
    assert!(grid(&nobody, &[Return::On(1)], |day| day, P95).is_empty());
    let groups = curves_by_group(&nobody, &[], &["all".to_owned()], &[Return::On(1)], P95).unwrap();
    assert_eq!(groups[0].cells[0].share, None);
}

proptest! {
    #[test]
    fn who_is_back_on_a_day_is_back_on_it_or_later_and_order_does_not_matter(
        mut events in prop::collection::vec((0..8_u32, 0..20_i32), 0..60), day in 1..15_u32,
    ) {
        let split = |events: &[(u32, i32)]| -> Vec<Cell> {
            let (users, days): (Vec<u32>, Vec<i32>) = events.iter().copied().unzip();
            let observed = Observed { first: 0, last: 15 };
            let histories = Histories::by_calendar_day(of(&users, &days), observed, Newcomers::ByFirstEvent).unwrap();
            curve(&histories, &[Return::On(day), Return::OnOrAfter(day), Return::Within(day..=day)], P95)
        };
        let cells = split(&events);
        prop_assert!(cells[0].counts.hits <= cells[1].counts.hits && cells[0].counts.n == cells[1].counts.n);
        prop_assert_eq!(cells[0].counts, cells[2].counts);
        events.reverse();
        prop_assert_eq!(split(&events), cells);
    }
}
