//! Questions and their answers: DataFusion over ClickHouse, the quality models, the statistics, and what the board asks.
//!
//! Goes in: an [`Endpoint`](qoe_store::Endpoint) and a project. Comes out: plain structs, each figure with its n and its interval.
//!
//! ```
//! use qoe_query::quality::{RFactor, mos};
//! assert_eq!(format!("{:.2}", mos(RFactor::DEFAULT).get()), "4.41");
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that unwraps nothing fails, which is what it is for"))]

pub mod board;
pub mod catalog;
pub mod frame;
pub mod functions;
pub mod moment;
pub mod poc;
pub mod pushdown;
pub mod quality;
pub mod relations;
pub mod report;
pub mod retention;
pub mod satisfaction;
pub mod vendor_record;
pub mod words;
pub mod written;

pub use catalog::{Catalog, CatalogError, Definitions, Mode};
pub use pushdown::executor::Limits;
/// Figures with their uncertainty; a crate of its own, so that nothing impure can reach it.
pub use qoe_statistics as statistics;
