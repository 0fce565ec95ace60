//! The intake over HTTP and delivery behind it, against a stand-in for ClickHouse that can be away, slow or unwilling at a word.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod clickhouse;
mod damage;
mod delivery;
mod disk;
mod http;
mod keys;
mod restart;
mod simulation;
mod stream;
