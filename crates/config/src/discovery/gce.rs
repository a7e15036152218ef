//! `gce_sd_configs`.

use promd_model::Duration;

use super::require;
use crate::yaml::Value;

record! {
    /// Instances of Google Compute Engine.
    pub struct GceSd("gce.plain") {
        project: String;
        zone: String;
        filter: String, omit;
        refresh_interval: Duration, omit;
        port: i64;
        tag_separator: String, omit;
    }
}

section! { GceSd { fresh: GceSd::default(), check: GceSd::check } }

impl Default for GceSd {
    fn default() -> Self {
        Self {
            port: 80,
            tag_separator: ",".to_owned(),
            refresh_interval: Duration::from_nanos(60_000_000_000),
            ..Self::zero()
        }
    }
}

impl GceSd {
    fn check(&mut self) -> Result<(), String> {
        require(&self.project, "GCE SD configuration requires a project")?;
        require(&self.zone, "GCE SD configuration requires a zone")
    }
}
