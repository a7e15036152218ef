#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! [`Server`] accepts connections under a limit, and hands each request to a [`Handler`]; around the handler stand users,
//! headers, compression and CORS, so that a handler knows of none of them. [`Router`] tells a handler which of its parts a
//! path means.
//!
//! [`Client`] is made of the HTTP settings that scraping, discovery, remote storage and alerting share. It stands on one
//! connection pool of its own over hyper's connections, because the settings reach deep: how a target is dialled, through
//! which proxy, with certificates that change while it runs, and with the error texts that users know.
//!
//! [`body`] holds what both ends do with bytes.
//!
//! # Invariants
//!
//! - No request and no answer takes memory by what it declares; everything that is read has a limit.
//! - No secret reaches another host than the one that it was configured for, whatever that host answers.
//! - Nothing that a peer sends makes anything here panic, and a handler that panics is answered for.
//! - Files with certificates, users and secrets are read again when they are used: no restart makes them take effect.
#![forbid(unsafe_code)]

pub mod body;
mod client;
mod errno;
#[cfg(feature = "internal-fuzz")]
pub mod fuzzing;
mod router;
mod server;
mod tls;

pub use body::{Body, BodySender};
pub use client::{Client, ClientError, ClientOptions, ProxyEnvironment, own_reason};
pub use router::{Found, Parameters, RouteError, Router};
pub use server::{ConnectInfo, Cors, Handler, Report, Server, ServerEvent, ServerOptions};

/// Any error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// A request that the server received.
pub type Request = http::Request<Body>;
/// A response, sent or received.
pub type Response = http::Response<Body>;
