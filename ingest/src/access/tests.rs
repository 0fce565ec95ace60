//! Who is let in, who is not, and what is noted of it.

use qoe_store::keys::{NewKey, Rates, issue};

use super::*;

const NOW: Millis = Millis(1_795_404_861_069);

pub fn write_key(project: &str, origins: &[&str]) -> (AccessKey, String) {
    let origins = origins.iter().map(|origin| origin.parse().unwrap()).collect();
    let wanted = NewKey { kind: Kind::Write, projects: vec![project.to_owned()], origins, rates: Rates::DEFAULT, note: String::new() };
    let issued = issue(wanted, NOW).unwrap();
    (issued.key, issued.text)
}

fn read_key(project: &str) -> (AccessKey, String) {
    let wanted =
        NewKey { kind: Kind::Read, projects: vec![project.to_owned()], origins: Vec::new(), rates: Rates::NONE, note: String::new() };
    let issued = issue(wanted, NOW).unwrap();
    (issued.key, issued.text)
}

fn projects(keys: Vec<AccessKey>) -> Projects {
    let projects = Projects::new([("open".into(), None), ("shut".into(), Some("wk_1".into())), ("shop".into(), None)]);
    projects.renew(Keyring::new(keys));
    projects
}

fn caller(key: Option<&str>) -> Caller<'_> {
    Caller { key, peer: Peer::default(), at: NOW }
}

fn noted(projects: &Projects) -> Vec<(&'static str, u64)> {
    projects.refusals().into_iter().filter(|(_, times)| *times > 0).map(|(reason, times)| (reason.as_str(), times)).collect()
}

#[test]
fn a_project_opens_to_its_own_key_only() {
    let projects = projects(Vec::new());
    assert_eq!(projects.check("open", &caller(None)), Ok(()));
    assert_eq!(projects.check("open", &caller(Some("anything"))), Ok(()));
    assert_eq!(projects.check("shut", &caller(Some("wk_1"))), Ok(()));
    for key in [None, Some(""), Some("wk_2"), Some("wk_11")] {
        assert!(matches!(projects.check("shut", &caller(key)), Err(AccessError::WrongKey { .. })), "{key:?}");
    }
    assert!(matches!(projects.check("other", &caller(Some("wk_1"))), Err(AccessError::UnknownProject { .. })));
    assert_eq!(noted(&projects), [("unknown_key", 4), ("missing_key", 1)]);
}

#[test]
fn a_key_of_the_store_opens_its_project_and_shuts_it_to_others() {
    let (key, text) = write_key("shop", &[]);
    let projects = projects(vec![key.clone()]);
    assert_eq!(projects.check("shop", &caller(Some(&text))), Ok(()));
    assert!(matches!(projects.check("shop", &caller(None)), Err(AccessError::WrongKey { .. })), "open until it had a key");
    assert!(matches!(projects.check("open", &caller(Some(&text))), Err(AccessError::WrongProject { .. })));
    assert!(matches!(projects.check("shut", &caller(Some(&text))), Err(AccessError::WrongProject { .. })));
    assert!(matches!(projects.check("nowhere", &caller(Some(&text))), Err(AccessError::UnknownProject { .. })));
    projects.renew(Keyring::new(vec![AccessKey { revoked_at: Some(NOW), ..key }]));
    let refused = projects.check("shop", &caller(Some(&text))).unwrap_err();
    assert!(matches!(refused, AccessError::Revoked { .. }) && !refused.to_string().contains(&text), "{refused}");
    assert!(matches!(projects.check("shop", &caller(None)), Err(AccessError::WrongKey { .. })), "and it does not open again");
    assert_eq!(noted(&projects), [("missing_key", 2), ("revoked", 1), ("wrong_project", 3)]);
}

#[test]
fn a_read_key_takes_no_data_and_the_answer_says_which_does() {
    let (key, text) = read_key("open");
    let projects = projects(vec![key]);
    for project in ["open", "shut"] {
        let refused = projects.check(project, &caller(Some(&text))).unwrap_err().to_string();
        assert!(refused.contains("write key") && refused.contains("qoe keys create write"), "{refused}");
        assert!(!refused.contains(&text));
    }
    assert_eq!(noted(&projects), [("wrong_kind", 2)]);
}

#[test]
fn pages_of_other_origins_are_refused_with_what_to_add() {
    let (key, text) = write_key("shop", &["https://shop.example", "http://localhost:3000"]);
    let projects = projects(vec![key]);
    let from = |origin| Caller { peer: Peer { origin, address: None }, ..caller(Some(&text)) };
    for origin in [None, Some("https://shop.example"), Some("http://localhost:3000")] {
        assert_eq!(projects.check("shop", &from(origin)), Ok(()), "{origin:?}");
    }
    let refused = projects.check("shop", &from(Some("https://evil.example"))).unwrap_err().to_string();
    assert!(
        refused.contains("--origin https://evil.example") && refused.contains("https://shop.example, http://localhost:3000"),
        "{refused}"
    );
    assert!(projects.check("shop", &from(Some("null"))).is_err());
    let long = "x".repeat(100_000);
    assert!(projects.check("shop", &from(Some(&long))).unwrap_err().to_string().len() < 1000);
}

#[test]
fn beyond_its_rate_a_key_is_told_when_to_come_again() {
    let (key, text) = write_key("shop", &["https://shop.example"]);
    let projects = projects(vec![AccessKey { rates: Rates { rows_per_second: 10, batches_per_second: 1000 }, ..key }]);
    let caller = caller(Some(&text));
    projects.pace(1100, &caller).unwrap();
    let refused = projects.pace(1, &caller).unwrap_err();
    assert!(matches!(refused, AccessError::TooManyRows { per_second: 10, .. }), "{refused}");
    assert_eq!(refused.retry_after_s().unwrap().get(), 101, "a thousand rows of debt at ten a second");
    projects.pace(1, &Caller { at: Millis(NOW.0 + 101_000), ..caller }).unwrap();
    assert_eq!(noted(&projects), [("too_many_rows", 1)]);
}

#[test]
fn who_will_be_refused_takes_nothing_from_who_will_not() {
    let (key, text) = write_key("shop", &["https://shop.example"]);
    let projects = projects(vec![AccessKey { rates: Rates { rows_per_second: 1, batches_per_second: 1 }, ..key }]);
    let evil = Caller { peer: Peer { origin: Some("https://evil.example"), address: None }, ..caller(Some(&text)) };
    for _ in 0..1000 {
        projects.pace(10_000, &evil).unwrap();
    }
    projects.pace(1, &caller(Some(&text))).unwrap();
}
