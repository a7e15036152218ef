//! `serverset_sd_configs`.

use promd_model::Duration;

use super::check_zookeeper;
use crate::yaml::Value;

record! {
    /// Members that Twitter's Serverset keeps in ZooKeeper.
    pub struct ServersetSd("zookeeper.plain") {
        servers: Vec<String>;
        paths: Vec<String>;
        timeout: Duration, omit;
    }
}

section! { ServersetSd { fresh: ServersetSd::default(), check: ServersetSd::check } }

impl Default for ServersetSd {
    fn default() -> Self {
        Self { timeout: Duration::from_nanos(10_000_000_000), ..Self::zero() }
    }
}

impl ServersetSd {
    fn check(&mut self) -> Result<(), String> {
        check_zookeeper("serverset", &self.servers, &self.paths)
    }
}
