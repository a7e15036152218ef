//! What the benches share: bodies and data sets made from a seed, so that every run measures the same bytes.

pub mod exposition;
pub mod patterns;
