#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! [`Api`] takes a request ([`promd_http::Handler`]), finds its route, reads its parameters ([`Form`]), and asks whoever knows:
//! the engine (`queries`), the store (`lookup`), and, through traits of its own ([`Host`], [`Targets`], [`Database`]), the
//! program around it. What comes back is a reply, written as the client takes it (`reply`, `json`, `result`).
//!
//! # Invariants
//!
//! - Nothing here computes a result, and nothing blocks the threads that serve connections.
//! - The text of an answer is never in memory as a whole, unless it fits one buffer.
//! - A client that goes away ends its query.
//! - Names, texts, status codes and the order of checks are those of `web/api/v1/api.go`.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod admin;
mod api;
mod db;
mod error;
mod features;
mod federate;
mod form;
mod host;
mod json;
mod lookup;
mod manage;
mod metrics;
mod multipart;
pub mod notifications;
mod openapi;
mod options;
mod params;
mod path;
mod proto_json;
mod queries;
mod query;
mod reply;
mod result;
mod route;
mod score;
mod search;
mod status;
mod targets;

pub use api::{Api, State};
pub use error::{ApiError, ErrorType};
pub use form::Form;
pub use host::{
    ActiveTarget, BoxFuture, Cost, Database, HeadStats, Host, NameCount, Pool, RefusedSeries, Reload, ReplayProgress,
    Targets,
};
pub use notifications::{Notification, Notifications};
pub use options::{BuildInfo, Options, Parts};
pub use promd_model::Health;
pub use queries::{Asker, Finished, Watcher};
