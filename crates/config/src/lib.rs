#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! Everything stands on `yaml`, the one reader and printer of YAML, which does what Go's packages do: the same values, the same
//! error texts with the same lines, the same layout. A section of a file is declared once, with `record!`: its fields
//! with their names, and the name of its Go type for errors. From that come the struct, the strict reading and the
//! printing. What a declaration cannot say is in the section's `check`, which also fills in what depends on other fields.
//!
//! The files: `prometheus` (`prometheus.yml`), with the parts that it shares with others in `http`, `discovery`, `labels`;
//! `rules`; `unit_test`; `web`.
//!
//! # Invariants
//!
//! - A value of these types that was read without an error is complete: defaults are filled in, checks have passed.
//! - No secret is printed, by whatever way; [`Secret::expose`] is the only way to one, and [`Url`] hides passwords.
//! - Paths of files are of the type [`FilePath`], and that is what makes them relative to the file they stand in.
//! - Nothing is taken from the world but through what the caller hands in: files as a `promd_fs::Fs`, the environment as
//!   a function.
//! - No text can make the reader recurse or grow without limit: nesting, aliases and bytes are bounded.
#![forbid(unsafe_code)]

#[macro_use]
mod yaml;

mod discovery;
mod error;
mod expand;
mod expression;
mod glob;
mod http;
mod labels;
mod list;
mod path;
mod prometheus;
mod rules;
mod secret;
mod unit_test;
mod url;
mod web;

pub use discovery::*;
pub use error::{Error, ErrorKind, Location, Problem};
pub use expression::{ExpressionCheck, any_expression};
pub use glob::{BadPattern, glob};
pub use http::{Authorization, BasicAuth, ClientTls, HttpClient, HttpHeader, OAuth2, Proxy, TlsVersion};
pub use labels::LabelSet;
pub use list::List;
pub use path::FilePath;
pub use prometheus::*;
pub use rules::{Located, Rule, RuleError, RuleFile, RuleFileError, RuleGroup, RuleOptions};
pub use secret::Secret;
pub use unit_test::{
    AlertTest, ExpectedAlert, ExpectedSample, ExpressionTest, InputSeries, StartTimestamp, UnitTest, UnitTestError,
    UnitTestFile,
};
pub use url::Url;
pub use web::{CipherSuite, ClientAuth, Curve, GoDuration, WebConfig, WebConfigError, WebHttp, WebRateLimit, WebTls};
pub use yaml::Any;
