//! A comparison as a whole: what is told of whom, and what is not.

mod power;
mod properties;
mod refused;
mod simulated;
mod world;
