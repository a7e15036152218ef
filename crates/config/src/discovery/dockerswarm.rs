//! `dockerswarm_sd_configs`.

use promd_model::Duration;

use super::{Filter, fail, require};
use crate::http::HttpClient;
use crate::url::Url;

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

over_http! { DockerSwarmSd { every: 60, port: 80 }, check: Self::check }

impl DockerSwarmSd {
    fn check(&mut self) -> Result<(), String> {
        require(&self.host, "host missing")?;
        Url::parse(&self.host)?;
        match self.role.as_str() {
            "services" | "nodes" | "tasks" => {}
            "" => return fail("role missing (one of: tasks, services, nodes)"),
            role => return Err(format!("invalid role {role}, expected tasks, services, or nodes")),
        }
        Ok(())
    }
}
