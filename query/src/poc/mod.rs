//! A vendor POC: what is compared, how long it must run, whether the run is sound, and which vendor is better at what.

pub mod check;
pub mod claims;
pub mod compare;
pub mod example;
pub mod file;
pub mod metric;
pub mod near;
pub mod plan;
pub mod scorecard;
pub mod spec;

pub use claims::{ClaimError, ClaimsAnswer, ClaimsQuestion, parse_claim};
pub use compare::{CompareAnswer, CompareError, CompareQuestion};
pub use example::{Industry, Language, example};
pub use file::PocFileError;
pub use metric::{Better, Metric, MetricError, MetricKind, Rank};
pub use spec::{Claim, Columns, Hypothesis, Poc, Randomised, Side, Stopping, allocation_fits};
