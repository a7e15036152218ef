//! `openstack_sd_configs`.

use promd_model::Duration;

use super::{fail, require};
use crate::http::ClientTls;
use crate::secret::Secret;
use crate::yaml::Value;

record! {
    /// Instances, hypervisors or load balancers of OpenStack.
    pub struct OpenStackSd("openstack.plain") {
        identity_endpoint: String;
        username: String;
        userid: String;
        password: Secret;
        project_name: String;
        project_id: String;
        domain_name: String;
        domain_id: String;
        application_credential_name: String;
        application_credential_id: String;
        application_credential_secret: Secret;
        role: Option<OpenStackRole>;
        region: String;
        refresh_interval: Duration;
        port: i64;
        all_tenants: bool, omit;
        tls: ClientTls = "tls_config", omit;
        /// `public`, `internal` or `admin`.
        availability: String, omit;
    }
}

section! { OpenStackSd { fresh: OpenStackSd::default(), check: OpenStackSd::check } }

impl Default for OpenStackSd {
    fn default() -> Self {
        Self {
            port: 80,
            refresh_interval: Duration::from_nanos(60_000_000_000),
            availability: "public".to_owned(),
            ..Self::zero()
        }
    }
}

impl OpenStackSd {
    fn check(&mut self) -> Result<(), String> {
        if !matches!(self.availability.as_str(), "public" | "internal" | "admin") {
            return Err(format!(
                "unknown availability {}, must be one of admin, internal or public",
                self.availability
            ));
        }
        if self.role.is_none() {
            return fail("role missing (one of: instance, hypervisor, loadbalancer)");
        }
        require(&self.region, "openstack SD configuration requires a region")
    }
}

roles! {
    /// What is looked for.
    pub enum OpenStackRole("unknown OpenStack SD role") {
        /// `hypervisor`
        Hypervisor = "hypervisor",
        /// `instance`
        Instance = "instance",
        /// `loadbalancer`
        LoadBalancer = "loadbalancer",
    }
}
