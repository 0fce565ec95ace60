//! Pages and charts over the query crate's answers.
//!
//! In goes a [`Boards`], which answers; out comes an `axum` router with the live board (`/board`, kept up to date by
//! `/board/events`), the page of a session (`/session/{id}`), what people said (`/satisfaction`), vendors compared (`/poc`), and all of them as JSON under `/api`. Pages are complete without
//! scripts, in English and Chinese, and ask nothing of any other server.
//!
//! A view's address is its only state: project, filter, language, zone and theme stand in the query string ([`View`]).
//! [`render_board`], [`render_session`] and [`render_satisfaction`] turn answers into pages without any server, [`report::render`] into a file.
//!
//! ```no_run
//! # fn boards() -> qoe_query::board::Boards { unimplemented!() }
//! let settings = qoe_dashboards::Settings { default_project: "default".to_owned(), version: "0.1.0".to_owned() };
//! let app: axum::Router = qoe_dashboards::router(boards(), settings);
//! ```

mod assets;
mod board;
mod chart;
mod clock;
mod drawing;
mod errors;
mod events;
mod figures;
mod frame;
mod gate;
mod pages;
pub mod plot;
mod poc;
pub mod report;
mod satisfaction;
pub mod section;
mod session;
mod source;
mod view;
pub mod wire;
mod words;

#[cfg(test)]
mod synthetic;
#[cfg(test)]
mod synthetic_report;
#[cfg(test)]
mod tests;

pub use board::render_board;
pub use gate::{Asked, Shut, shut};
pub use pages::router_over;
pub use poc::{Comparison, Pasted, PocAsked, Step, WrittenAnswers, WrittenError, WrittenPoc, render_poc, render_written};
pub use satisfaction::{Analysis, AnalysisAsked, SatisfactionAsked, SatisfactionReport, render_satisfaction};
pub use session::render_session;
pub use source::{Source, SourceError};
pub use view::{Lang, Theme, View, ViewError};

use qoe_query::board::Boards;

/// What the pages are told about where they run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The project of links that name none.
    pub default_project: String,
    /// The product's version, for the foot of the page.
    pub version: String,
}

/// The pages over the boards of a store.
pub fn router(boards: Boards, settings: Settings) -> axum::Router {
    router_over(boards, settings)
}
