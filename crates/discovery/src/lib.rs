#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! A [`Mechanism`] is a configuration: it can be compared with another one, and makes a [`Discoverer`], which runs as a task
//! and sends [`TargetGroup`]s. The [`Manager`] keeps one discoverer for each mechanism that some set asks for, remembers
//! the groups that each has sent, and hands out the groups of all sets together. [`Mechanisms`] turns what a
//! configuration file says into mechanisms: `file`, `http`, `dns`. Those that ask, and ask again, share what stands in `refresh`.
//!
//! # Invariants
//!
//! - What a discoverer does not say stays: a group is replaced by one of the same source, and removed by one without
//!   targets.
//! - A set that was asked for is always handed out, if need be without targets: consumers drop what is gone only
//!   because they are told.
//! - A mechanism that goes on is not touched by a reload: it keeps its task, its connections and its groups.
//! - Tasks end with their manager. Nothing runs detached.
#![forbid(unsafe_code)]

mod cancel;
mod discoverer;
mod dns;
mod file;
#[cfg(feature = "internal-fuzz")]
pub mod fuzzing;
mod group;
mod http;
mod manager;
mod mechanisms;
mod metrics;
mod refresh;
mod static_targets;

pub use crate::http::{HttpMechanism, HttpMetrics};
pub use cancel::{CancelSignal, CancelSource};
pub use discoverer::{Context, Discoverer, Mechanism, MechanismError};
pub use dns::{DnsMechanism, DnsMetrics, DnsOptions, names_of};
pub use file::{FileMechanism, FileMetrics};
pub use group::{TargetGroup, TargetGroupError};
pub use manager::{Manager, ManagerOptions, TargetSets};
pub use mechanisms::{DiscoveryError, Mechanisms, NotBuiltIn};
pub use metrics::ManagerMetrics;
pub use refresh::RefreshMetrics;
pub use static_targets::StaticMechanism;
