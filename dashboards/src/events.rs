//! The stream that keeps an open board up to date. It goes on while ClickHouse is away, says so, and recovers by itself.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::Event;
use chrono::{DateTime, Utc};
use futures::Stream;
use futures::stream::unfold;
use qoe_query::board::Board;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::board::{self, Outage, Panels};
use crate::source::{Source, SourceError, chain};
use crate::view::View;
use crate::wire::{BoardEvent, ChartGroups};

/// How often the board is asked for: the answers are shared and at most about a second old.
const EVERY: Duration = Duration::from_millis(1000);

/// How long an answer may take before viewers are told; the question goes on meanwhile.
const PATIENCE: Duration = Duration::from_secs(4);

type Question = Pin<Box<dyn Future<Output = Result<Arc<Board>, SourceError>> + Send>>;

/// The updates of one viewer, the first at once.
pub(crate) fn updates<S: Source>(source: S, view: View) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    unfold(Viewer::new(source, view, PATIENCE), |mut viewer| async move {
        let data = viewer.update().await;
        Some((Ok(Event::default().event("board").data(data)), viewer))
    })
}

/// What one viewer has on the screen, and what was asked for them.
struct Viewer<S> {
    source: S,
    view: View,
    patience: Duration,
    next: Instant,
    /// The question under way and when it was put.
    asked: Option<(DateTime<Utc>, Question)>,
    outage: Option<Outage>,
    /// The moment of the figures on the screen.
    shown: Option<DateTime<Utc>>,
    sent: Panels,
    sent_groups: Option<ChartGroups>,
}

impl<S: Source> Viewer<S> {
    fn new(source: S, view: View, patience: Duration) -> Viewer<S> {
        Viewer {
            source,
            view,
            patience,
            next: Instant::now(),
            asked: None,
            outage: None,
            shown: None,
            sent: Panels::new(),
            sent_groups: None,
        }
    }

    /// Waits for its time and returns the data of the next event; one comes also when nothing changed, as a sign of life.
    async fn update(&mut self) -> String {
        sleep_until(self.next).await;
        self.next = Instant::now() + EVERY;
        let (asked_at, question) = self.asked.get_or_insert_with(|| (Utc::now(), ask(&self.source, &self.view)));
        let asked_at = *asked_at;
        let mut fresh = Panels::new();
        let mut groups = None;
        match timeout_at(Instant::now() + self.patience, question).await {
            Err(_elapsed) => self.note(Outage::Away(asked_at)),
            Ok(answer) => {
                self.asked = None;
                match answer.map(|board| (board::panels(&board, &self.view), board)) {
                    Ok((Ok(panels), board)) => {
                        (self.outage, self.shown) = (None, Some(board.as_of));
                        (fresh, groups) = (panels, Some(board::groups(&board)));
                    }
                    Ok((Err(error), _)) => self.note_failing(asked_at, &error),
                    Err(SourceError::Unavailable(_)) => self.note(Outage::Away(asked_at)),
                    Err(error) => self.note_failing(asked_at, &error),
                }
            }
        }
        fresh.insert("banner", board::banner(self.outage, self.shown, &self.view).unwrap_or_default());
        self.changes(fresh, groups)
    }

    /// Keeps the beginning of an outage that goes on.
    fn note(&mut self, outage: Outage) {
        let since = match self.outage {
            Some(Outage::Away(since) | Outage::Failing(since)) => since,
            None => match outage {
                Outage::Away(since) | Outage::Failing(since) => since,
            },
        };
        self.outage = Some(match outage {
            Outage::Away(_) => Outage::Away(since),
            Outage::Failing(_) => Outage::Failing(since),
        });
    }

    fn note_failing(&mut self, asked_at: DateTime<Utc>, error: &dyn std::error::Error) {
        if !matches!(self.outage, Some(Outage::Failing(_))) {
            tracing::error!(project = self.view.project, error = chain(error), "update a board");
        }
        self.note(Outage::Failing(asked_at));
    }

    /// What changed since the last event of this viewer, as JSON.
    fn changes(&mut self, fresh: Panels, groups: Option<ChartGroups>) -> String {
        let changed = fresh.iter().filter(|(name, html)| self.sent.get(*name) != Some(*html));
        let panels = changed.map(|(name, html)| (*name, html.as_str())).collect();
        let groups_changed = groups.as_ref().filter(|groups| self.sent_groups.as_ref() != Some(*groups));
        let data = serde_json::to_string(&BoardEvent { panels, groups: groups_changed }).unwrap_or_default();
        self.sent.extend(fresh);
        self.sent_groups = groups.or(self.sent_groups.take());
        data
    }
}

fn ask<S: Source>(source: &S, view: &View) -> Question {
    let (source, view) = (source.clone(), view.clone());
    Box::pin(async move { source.board(&view.project, &view.filter).await })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::tests::{Scripted, away, failing};

    fn viewer(script: Scripted) -> Viewer<Scripted> {
        Viewer::new(script, View::of_project("default"), Duration::from_millis(50))
    }

    async fn update(viewer: &mut Viewer<Scripted>) -> Value {
        viewer.next = Instant::now();
        serde_json::from_str(&viewer.update().await).unwrap()
    }

    fn banner(event: &Value) -> Option<&str> {
        event["panels"]["banner"].as_str()
    }

    #[tokio::test]
    async fn the_first_event_has_everything_and_the_next_only_what_changed() {
        let board = crate::tests::board();
        let mut viewer = viewer(Scripted::boards([Ok(board.clone()), Ok(board)]));
        let first = update(&mut viewer).await;
        let names: Vec<&String> = first["panels"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["banner", "figures", "filters", "freshness", "now", "slices", "worst"]);
        assert_eq!(first["groups"]["minutes"]["at_s"].as_array().unwrap().len(), 60);
        assert_eq!(update(&mut viewer).await, serde_json::json!({ "panels": {} }), "a sign of life");
    }

    #[tokio::test]
    async fn an_outage_is_told_with_its_beginning_and_ends_by_itself() {
        let mut viewer = viewer(Scripted::boards([Ok(crate::tests::board()), Err(away()), Err(away()), Ok(crate::tests::board())]));
        assert_eq!(banner(&update(&mut viewer).await), Some(""));
        let told = update(&mut viewer).await;
        let told = banner(&told).unwrap();
        assert!(told.contains("ClickHouse does not answer since") && told.contains("figures below are of 04:03:04"), "{told}");
        assert_eq!(banner(&update(&mut viewer).await), None, "the beginning of an outage stays the same");
        assert_eq!(banner(&update(&mut viewer).await), Some(""));
    }

    #[tokio::test]
    async fn a_failing_question_is_not_blamed_on_an_absent_clickhouse() {
        let mut viewer = viewer(Scripted::boards([Ok(crate::tests::board()), Err(failing())]));
        update(&mut viewer).await;
        let told = update(&mut viewer).await;
        assert!(banner(&told).unwrap().contains("cannot be computed"), "{told}");
    }

    #[tokio::test]
    async fn an_answer_that_takes_long_is_told_and_still_waited_for() {
        let (script, answer) = Scripted::late();
        let mut viewer = viewer(script);
        assert!(banner(&update(&mut viewer).await).unwrap().contains("does not answer"));
        answer.send(crate::tests::board()).unwrap();
        let event = update(&mut viewer).await;
        assert_eq!(banner(&event), Some(""));
        assert!(event["panels"]["figures"].is_string());
    }
}
