//! What ClickHouse can do, it is given: the largest parts of a plan that it is known to answer just as DataFusion would are handed down whole, as SQL.
//!
//! - [`allow`] says which plans and expressions those are; anything else stays in DataFusion, above what was handed down.
//! - [`rule`] cuts the plan there.
//! - [`outer`] gives the sides of outer joins names of their own.
//! - [`dialect`] writes the SQL, each table narrowed to its project.
//! - [`executor`] runs it and brings the answer to the types DataFusion planned with.
//! - [`table`] reads a table when nothing above it could be handed down.

pub mod allow;
pub mod dialect;
pub mod executor;
pub mod outer;
pub mod rule;
pub mod table;
