//! Who came back, over small files.

use qoe_query::Definitions;
use qoe_query::frame::Input;
use qoe_query::retention::{Bands, CohortBy, CohortsAnswer, CohortsQuestion, DayClock, RetentionError, Split};
use qoe_query::statistics::retention::Cell;
use qoe_query::statistics::{Confidence, Return};
use tempfile::TempDir;

/// A file of this kind with this in it.
async fn file(ending: &str, text: &str) -> (TempDir, Input) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("events.{ending}"));
    std::fs::write(&path, text).unwrap();
    let input = Input::file(&path, &Definitions::default()).await.unwrap();
    (folder, input)
}

fn question(days: &[u32]) -> CohortsQuestion {
    CohortsQuestion {
        user: "user".into(),
        times: vec!["at".into()],
        first_seen: None,
        split: None,
        days: days.iter().copied().map(Return::On).collect(),
        clock: DayClock::UTC,
        cohort: CohortBy::Day,
        since: None,
        until: None,
        condition: None,
        level: Confidence::P95,
    }
}

async fn ask(question: &CohortsQuestion, text: &str) -> Result<CohortsAnswer, RetentionError> {
    let (_folder, input) = file("csv", text).await;
    question.ask(&input, None).await
}

fn counts(cells: &[Cell]) -> Vec<(u64, u64)> {
    cells.iter().map(|cell| (cell.counts.hits, cell.counts.n)).collect()
}

fn at(text: &str) -> Option<chrono::DateTime<chrono::Utc>> {
    Some(text.parse().unwrap())
}

/// Two come on the 1st, one of them is back on the 2nd and the 8th; one comes on the 7th.
const EVENTS: &str = "user,at\na,2026-11-01T10:00:00Z\na,2026-11-02T23:00:00Z\na,2026-11-02T23:00:00Z\na,2026-11-08T01:00:00Z\n\
                      b,2026-11-01T23:30:00Z\nc,2026-11-07T09:00:00Z\n";

#[tokio::test]
async fn a_cell_is_null_until_all_of_its_cohort_was_observed() {
    let answer = ask(&question(&[1, 7, 30]), EVENTS).await.unwrap();
    assert_eq!(counts(&answer.curve), [(1, 3), (1, 2), (0, 0)]);
    assert_eq!(answer.curve[2].share, None);
    let shares = |row: usize| answer.cohorts[row].cells.iter().map(|cell| cell.map(|cell| cell.value)).collect::<Vec<_>>();
    assert_eq!((answer.cohorts[0].first_day.to_string().as_str(), answer.cohorts[0].users), ("2026-11-01", 2));
    assert_eq!((shares(0), shares(1)), (vec![Some(0.5), Some(0.5), None], vec![Some(0.0), None, None]));
    assert!(answer.end_assumed && answer.nothing_before && !answer.dated);
    // Observation ends within the 8th, so the 7th day of those who came on the 1st was not over.
    let until = CohortsQuestion { until: at("2026-11-08T12:00:00Z"), ..question(&[1, 7]) };
    let answer = ask(&until, EVENTS).await.unwrap();
    assert_eq!(counts(&answer.curve), [(1, 2), (0, 0)]);
    assert_eq!((answer.observed.1.to_string().as_str(), answer.end_assumed), ("2026-11-07", false));
}

#[tokio::test]
async fn days_are_those_of_the_zone_or_windows_of_24_hours() {
    // In Shanghai b comes on the 2nd and a is back on the 3rd, which is its second day.
    let shanghai = CohortsQuestion { clock: DayClock::calendar("Asia/Shanghai").unwrap(), ..question(&[1, 2]) };
    let answer = ask(&shanghai, EVENTS).await.unwrap();
    assert_eq!(counts(&answer.curve), [(0, 3), (1, 2)]);
    assert_eq!(answer.cohorts.len(), 3);
    let windows = CohortsQuestion { clock: DayClock::Windows, ..question(&[1, 6, 7]) };
    let answer = ask(&windows, EVENTS).await.unwrap();
    // 37 hours are within the second window; c's was not over.
    assert_eq!(counts(&answer.curve), [(1, 2), (1, 2), (0, 0)]);
}

#[tokio::test]
async fn dates_are_the_same_days_in_every_zone() {
    let york = CohortsQuestion { clock: DayClock::calendar("America/New_York").unwrap(), ..question(&[1]) };
    let answer = ask(&york, "user,at\na,2026-11-01\na,2026-11-02\nb,2026-11-01\n").await.unwrap();
    assert_eq!((counts(&answer.curve), answer.cohorts[0].first_day.to_string()), (vec![(1, 2)], "2026-11-01".to_owned()));
    assert!(answer.dated && !answer.end_assumed);
}

#[tokio::test]
async fn meanings_of_return_differ() {
    let days = vec![Return::OnOrAfter(2), Return::Within(1..=3), Return::Within(4..=6)];
    let answer = ask(&CohortsQuestion { days, ..question(&[]) }, EVENTS).await.unwrap();
    assert_eq!(counts(&answer.curve), [(1, 2), (1, 2), (0, 2)]);
}

#[tokio::test]
async fn who_was_there_before_is_no_newcomer() {
    let since = CohortsQuestion { since: at("2026-11-02T00:00:00Z"), ..question(&[1]) };
    let answer = ask(&since, EVENTS).await.unwrap();
    assert_eq!((answer.newcomers, answer.not_new, answer.nothing_before), (1, 2, false));
    let first_seen = CohortsQuestion { first_seen: Some("first".into()), ..question(&[1]) };
    let text = "user,at,first\na,2026-11-01T10:00:00Z,2026-10-01T00:00:00Z\nb,2026-11-02T10:00:00Z,2026-11-01T09:00:00Z\n\
                c,2026-11-02T10:00:00Z,2026-11-03T09:00:00Z\nd,2026-11-02T10:00:00Z,\ne,,2026-11-01T08:00:00Z\n,2026-11-01T08:00:00Z,\n";
    let answer = ask(&first_seen, text).await.unwrap();
    assert_eq!((answer.newcomers, answer.not_new, answer.before_first, answer.without_first, answer.unplaced), (2, 1, 1, 1, 1));
    assert_eq!(counts(&answer.curve), [(1, 2)]);
}

#[tokio::test]
async fn groups_are_told_from_the_first_day_and_the_largest_is_held_against() {
    let text = "user,at,service,rtt_ms\na,2026-11-01T10:00:00Z,,40\na,2026-11-01T11:00:00Z,voice,80\na,2026-11-02T11:00:00Z,video,900\n\
                b,2026-11-01T10:00:00Z,voice,50\nc,2026-11-01T10:00:00Z,video,300\nc,2026-11-02T10:00:00Z,voice,10\n\
                d,2026-11-01T10:00:00Z,,\nd,2026-11-02T10:00:00Z,video,10\n";
    let by = CohortsQuestion { split: Some(Split::By("service".into())), ..question(&[1]) };
    let split = ask(&by, text).await.unwrap().split.unwrap();
    let groups: Vec<(&str, u64, u64)> =
        split.groups.iter().map(|group| (group.curve.label.as_str(), group.users, group.curve.cells[0].counts.hits)).collect();
    assert_eq!(groups, [("voice", 2, 1), ("video", 1, 1), ("", 1, 1)]);
    assert_eq!(split.groups[0].curve.less_first[0], None);
    assert_eq!(split.groups[1].curve.less_first[0].unwrap().value, 0.5);
    let band = Bands::new("rtt_ms", vec![60.0, 100.0]).unwrap();
    let split = ask(&CohortsQuestion { split: Some(Split::Band(band)), ..question(&[1]) }, text).await.unwrap().split.unwrap();
    let groups: Vec<(&str, u64)> = split.groups.iter().map(|group| (group.curve.label.as_str(), group.users)).collect();
    // a's first day has a mean of 60, at the cut.
    assert_eq!(groups, [("< 60", 1), ("60 – 100", 1), ("≥ 100", 1), ("", 1)]);
}

#[tokio::test]
async fn rows_of_json_are_read_as_well() {
    let text = "{\"user\":1,\"at\":1793527200000}\n{\"user\":1,\"at\":1793613600000}\n{\"user\":2,\"at\":1793527200000}\n";
    let (_folder, input) = file("ndjson", text).await;
    let answer = question(&[1]).ask(&input, None).await.unwrap();
    assert_eq!((counts(&answer.curve), answer.observed.0.to_string()), (vec![(1, 2)], "2026-11-01".to_owned()));
}

#[tokio::test]
async fn what_cannot_be_said_is_said() {
    let error = |question: CohortsQuestion, text: &'static str| async move { ask(&question, text).await.unwrap_err().to_string() };
    assert_eq!(error(question(&[9]), EVENTS).await, "of none of 3 newcomers has day 9 been observed yet, so no return can be told");
    let late = CohortsQuestion { since: at("2026-11-08T00:00:00Z"), ..question(&[1]) };
    assert_eq!(error(late, EVENTS).await, "none of 3 users is new in the period, so nobody's return can be told");
    let backwards = CohortsQuestion { until: at("2026-11-01T12:00:00Z"), ..question(&[1]) };
    let said = "no day was observed from beginning to end: observation runs from 2026-11-01 to 2026-11-01";
    assert_eq!(error(backwards, EVENTS).await, said);
    assert_eq!(error(question(&[1]), "user,at\n,2026-11-01T10:00:00Z\na,\n").await, "none of 2 rows says who was there and when");
    let nobody = CohortsQuestion { condition: Some("user = 'z'".into()), ..question(&[1]) };
    assert_eq!(error(nobody, EVENTS).await, "there are no rows where user = 'z'");
    let unknown = CohortsQuestion { split: Some(Split::By("colour".into())), ..question(&[1]) };
    assert!(matches!(ask(&unknown, EVENTS).await, Err(RetentionError::Frame(_))));
}

#[tokio::test]
async fn numbers_of_seconds_are_no_times() {
    let error = |text: &'static str| async move {
        let error = ask(&question(&[1]), text).await.unwrap_err();
        std::error::Error::source(&error).unwrap().to_string()
    };
    let said = error("user,at\na,1793491200\na,1793577600\n").await;
    assert!(said.contains("\"at\" is 1793491200 in row 1, which as milliseconds since 1970 is 1970-01-21"), "{said}");
    assert!(said.contains("a thousand times the seconds"), "{said}");
    let said = error("user,at\na,1793491200000\na,1793577600000000\n").await;
    assert!(said.contains("1793577600000000 in row 2"), "{said}");
    // Numbers that come as text too.
    let said = error("user,at\na,2026-11-01T10:00:00+08:00 \na,1793491200\n").await;
    assert!(said.contains("1793491200"), "{said}");
    let text = "user,at\na,1793491200000\na,1793577600000\nb,1793491200000\nb,1793664000000\n";
    assert_eq!(counts(&ask(&question(&[1]), text).await.unwrap().curve), [(1, 2)]);
}
