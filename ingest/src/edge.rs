//! The edge: what stands between a socket and admission, so that nothing a stranger sends can cost more than it should.
//!
//! A body is unpacked within its limits ([`unpack`]) and its nesting and lists are measured ([`shape`]) before anything of it is read. Connections
//! are shared out by address ([`connections`]), and open streams have a number (`streams`).

pub mod connections;
#[doc(hidden)]
pub mod shape;
pub(crate) mod streams;
#[doc(hidden)]
pub mod unpack;
