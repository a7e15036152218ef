//! `tracing`.

use std::collections::BTreeMap;

use promd_model::Duration;

use super::remote::check_header;
use crate::http::ClientTls;
use crate::yaml::Value;
use crate::yaml::value::textual;

/// How traces are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TracingClient {
    /// By gRPC.
    Grpc,
    /// By HTTP.
    Http,
}

impl std::fmt::Display for TracingClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Grpc => "grpc",
            Self::Http => "http",
        })
    }
}

textual!(TracingClient, TracingClient::Grpc, "config.plain", |text| match text {
    "http" => Ok(TracingClient::Http),
    "grpc" => Ok(TracingClient::Grpc),
    _ => Err(format!("expected tracing client type to be to be http or grpc, but got {text}")),
});

record! {
    /// Where traces are sent.
    pub struct TracingConfig("config.plain") {
        /// Always there if there is an endpoint.
        client_type: Option<TracingClient>, omit;
        /// Empty: traces are not sent.
        endpoint: String, omit;
        sampling_fraction: f64, omit;
        insecure: bool, omit;
        tls: ClientTls = "tls_config", omit;
        headers: BTreeMap<String, String>, omit;
        compression: String, omit;
        timeout: Duration, omit;
    }
}

section! { TracingConfig { fresh: TracingConfig::fresh(), check: TracingConfig::check } }

impl TracingConfig {
    fn fresh() -> Self {
        Self { client_type: Some(TracingClient::Grpc), ..Self::zero() }
    }

    fn check(&mut self) -> Result<(), String> {
        let authorization = "custom authorization header configuration is not yet supported";
        self.headers.keys().try_for_each(|name| check_header(name, authorization))?;
        if self.endpoint.is_empty() {
            return Err("tracing endpoint must be set".to_owned());
        }
        match self.compression.as_str() {
            "" | "gzip" => Ok(()),
            other => Err(format!("invalid compression type {other} provided, valid options: gzip")),
        }
    }
}
