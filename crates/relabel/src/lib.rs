#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! A [`Rule`] is what stands in a configuration: plain fields with Prometheus' defaults. [`Rule::validate`] says in
//! Prometheus' words what is wrong with it. A chain of valid rules becomes [`Rules`], which are applied to a
//! [`LabelsBuilder`](promd_model::LabelsBuilder); [`Rules::steps`] goes through the same code rule by rule and shows the
//! labels before and after each.
//!
//! # Invariants
//!
//! - Whoever can hold a [`Rules`] holds valid rules: target labels are valid names, `hashmod` has a modulus.
//! - A rule that changes nothing allocates nothing, once the [`Scratch`] has grown to the length of the texts.
//! - The outcome is that of Prometheus to the byte, also where it depends on the order in which labels were set
//!   (`labelmap` onto one name, see [`Rules::apply`]) and on Unicode (`lowercase` by single characters, see `case`).
#![forbid(unsafe_code)]

mod action;
mod apply;
mod case;
mod rule;
mod scratch;
mod steps;

pub use action::{Action, ActionError};
pub use apply::Rules;
pub use rule::{Rule, RuleError};
pub use scratch::Scratch;
pub use steps::{Step, Steps};
