//! From tokens to a tree.
//!
//! `grammar.lalrpop` is the grammar, and LALRPOP makes the tables of it in `generated`. [`driver`] walks them: it finds the
//! error that Prometheus' parser would, and goes on behind it. [`build`] holds what the rules do.

pub(crate) mod build;
mod driver;
pub(crate) mod number;
pub(crate) mod token;

#[expect(
    clippy::all,
    clippy::cloned_instead_of_copied,
    clippy::indexing_slicing,
    clippy::semicolon_if_nothing_returned,
    clippy::unwrap_used,
    non_snake_case,
    unreachable_pub,
    unused,
    unused_qualifications,
    reason = "it is not for people to read"
)]
#[rustfmt::skip]
mod generated;

pub(crate) use generated::QueryParser;
