//! `docker_sd_configs`.

use promd_model::Duration;

use super::{Filter, require};
use crate::http::HttpClient;
use crate::url::Url;
use crate::yaml::Value;

record! {
    /// Containers of Docker.
    pub struct DockerSd("moby.plain") {
        http: HttpClient, inline;
        host: String;
        port: i64;
        filters: Vec<Filter>;
        host_networking_host: String;
        refresh_interval: Duration;
        match_first_network: bool;
    }
}

section! { DockerSd { fresh: DockerSd::default(), check: DockerSd::check } }

impl Default for DockerSd {
    fn default() -> Self {
        Self {
            refresh_interval: Duration::from_nanos(60_000_000_000),
            port: 80,
            host_networking_host: "localhost".to_owned(),
            http: HttpClient::default(),
            match_first_network: true,
            ..Self::zero()
        }
    }
}

impl DockerSd {
    fn check(&mut self) -> Result<(), String> {
        require(&self.host, "host missing")?;
        Url::parse(&self.host)?;
        self.http.check()
    }
}
