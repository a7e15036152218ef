//! `docker_sd_configs`.

use promd_model::Duration;

use super::{Filter, require};
use crate::http::HttpClient;
use crate::url::Url;

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

over_http! { DockerSd { every: 60, port: 80, host_networking_host: "localhost".to_owned(), match_first_network: true }, check: Self::check }

impl DockerSd {
    fn check(&mut self) -> Result<(), String> {
        require(&self.host, "host missing")?;
        Url::parse(&self.host)?;
        Ok(())
    }
}
