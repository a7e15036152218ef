//! `dns_sd_configs`.

use promd_model::Duration;

use super::fail;
use crate::yaml::Value;

record! {
    /// Names of the domain name system.
    pub struct DnsSd("dns.plain") {
        names: Vec<String>;
        refresh_interval: Duration, omit;
        /// `SRV`, `A`, `AAAA`, `MX` or `NS`, in any case.
        record_type: String = "type";
        /// For records that do not say it.
        port: i64;
    }
}

section! { DnsSd { fresh: DnsSd::default(), check: DnsSd::check } }

impl Default for DnsSd {
    fn default() -> Self {
        Self { refresh_interval: Duration::from_nanos(30_000_000_000), record_type: "SRV".to_owned(), ..Self::zero() }
    }
}

impl DnsSd {
    fn check(&mut self) -> Result<(), String> {
        if self.names.is_empty() {
            return fail("DNS-SD config must contain at least one SRV record name");
        }
        match self.record_type.to_uppercase().as_str() {
            "SRV" => Ok(()),
            "A" | "AAAA" | "MX" | "NS" if self.port == 0 => {
                fail("a port is required in DNS-SD configs for all record types except SRV")
            }
            "A" | "AAAA" | "MX" | "NS" => Ok(()),
            _ => Err(format!("invalid DNS-SD records type {}", self.record_type)),
        }
    }
}
