//! `triton_sd_configs`.

use promd_model::Duration;

use super::{fail, require};
use crate::http::ClientTls;
use crate::yaml::Value;

record! {
    /// Containers or compute nodes of Triton.
    pub struct TritonSd("triton.plain") {
        account: String;
        /// `container` or `cn`.
        role: String;
        dns_suffix: String;
        endpoint: String;
        groups: Vec<String>, omit;
        port: i64;
        refresh_interval: Duration, omit;
        tls: ClientTls = "tls_config", omit;
        version: i64;
    }
}

section! { TritonSd { fresh: TritonSd::default(), check: TritonSd::check } }

impl Default for TritonSd {
    fn default() -> Self {
        Self {
            role: "container".to_owned(),
            port: 9163,
            refresh_interval: Duration::from_nanos(60_000_000_000),
            version: 1,
            ..Self::zero()
        }
    }
}

impl TritonSd {
    fn check(&mut self) -> Result<(), String> {
        if !matches!(self.role.as_str(), "container" | "cn") {
            return fail("triton SD configuration requires role to be 'container' or 'cn'");
        }
        require(&self.account, "triton SD configuration requires an account")?;
        require(&self.dns_suffix, "triton SD configuration requires a dns_suffix")?;
        require(&self.endpoint, "triton SD configuration requires an endpoint")?;
        if self.refresh_interval <= Duration::ZERO {
            return fail("triton SD configuration requires RefreshInterval to be a positive integer");
        }
        Ok(())
    }
}
