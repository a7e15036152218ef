//! `nerve_sd_configs`.

use promd_model::Duration;

use super::check_zookeeper;
use crate::yaml::Value;

record! {
    /// Members that AirBnB's Nerve keeps in ZooKeeper.
    pub struct NerveSd("zookeeper.plain") {
        servers: Vec<String>;
        paths: Vec<String>;
        timeout: Duration, omit;
    }
}

section! { NerveSd { fresh: NerveSd::default(), check: NerveSd::check } }

impl Default for NerveSd {
    fn default() -> Self {
        Self { timeout: Duration::from_nanos(10_000_000_000), ..Self::zero() }
    }
}

impl NerveSd {
    fn check(&mut self) -> Result<(), String> {
        check_zookeeper("nerve", &self.servers, &self.paths)
    }
}
