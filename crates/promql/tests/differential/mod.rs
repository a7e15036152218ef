//! Expressions and data made up, and what two programs make of them.

pub(crate) mod answer;
pub(crate) mod data;
pub(crate) mod excuses;
pub(crate) mod expression;
pub(crate) mod random;
pub(crate) mod remote_write;
