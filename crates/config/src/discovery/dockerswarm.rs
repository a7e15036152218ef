//! `dockerswarm_sd_configs`.

use promd_model::Duration;

use super::{Filter, fail, require};
use crate::http::HttpClient;
use crate::url::Url;
use crate::yaml::Value;

record! {
    /// Services, tasks or nodes of Docker Swarm.
    pub struct DockerSwarmSd("moby.plain") {
        http: HttpClient, inline;
        host: String;
        /// `services`, `tasks` or `nodes`.
        role: String;
        port: i64;
        filters: Vec<Filter>;
        refresh_interval: Duration;
    }
}

section! { DockerSwarmSd { fresh: DockerSwarmSd::default(), check: DockerSwarmSd::check } }

impl Default for DockerSwarmSd {
    fn default() -> Self {
        Self {
            refresh_interval: Duration::from_nanos(60_000_000_000),
            port: 80,
            http: HttpClient::default(),
            ..Self::zero()
        }
    }
}

impl DockerSwarmSd {
    fn check(&mut self) -> Result<(), String> {
        require(&self.host, "host missing")?;
        Url::parse(&self.host)?;
        match self.role.as_str() {
            "services" | "nodes" | "tasks" => {}
            "" => return fail("role missing (one of: tasks, services, nodes)"),
            role => return Err(format!("invalid role {role}, expected tasks, services, or nodes")),
        }
        self.http.check()
    }
}
