//! Where targets come from: the settings of each mechanism, whether a program knows how to use them or not.

macro_rules! roles {
    (
        $(#[$meta:meta])*
        pub enum $Name:ident($unknown:literal) { $($(#[$doc:meta])* $Variant:ident = $text:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $Name { $($(#[$doc])* $Variant,)* }

        impl $Name {
            /// What the configuration calls it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$Variant => $text,)* }
            }

            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$Variant),)*
                    _ => Err(format!(concat!($unknown, " {}"), promd_model::quote::go(text))),
                }
            }

            const ALL: &[Self] = &[$(Self::$Variant),*];
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        $crate::yaml::value::textual!(
            $Name,
            *$Name::ALL.first().expect("a role has variants"),
            "string",
            $Name::parse
        );
    };
}

/// Implements `Section` and `Default` for a mechanism that asks a server over HTTP: how many seconds it waits before it asks
/// again, what else is not zero, and what it requires. The settings of the client are checked in any case, last.
macro_rules! over_http {
    ($Name:ident { every: $seconds:literal $(, $field:ident: $value:expr)* } $(, check: Self::$check:ident)?) => {
        section! { $Name { fresh: $Name::default(), check: $Name::check_with_client } }

        impl Default for $Name {
            fn default() -> Self {
                Self {
                    refresh_interval: promd_model::Duration::from_nanos($seconds * 1_000_000_000),
                    http: $crate::http::HttpClient::default(),
                    $($field: $value,)*
                    ..<Self as $crate::yaml::Value>::zero()
                }
            }
        }

        impl $Name {
            fn check_with_client(&mut self) -> Result<(), String> {
                $(self.$check()?;)?
                self.http.check()
            }
        }
    };
}

mod aws;
mod azure;
mod consul;
mod digitalocean;
mod dns;
mod docker;
mod dockerswarm;
mod ec2;
mod ecs;
mod elasticache;
mod eureka;
mod file;
mod gce;
mod hetzner;
mod http;
mod ionos;
mod kubernetes;
mod kuma;
mod lightsail;
mod linode;
mod marathon;
mod msk;
mod nerve;
mod nomad;
mod oci;
mod openstack;
mod outscale;
mod ovhcloud;
mod puppetdb;
mod rds;
mod scaleway;
mod serverset;
mod stackit;
mod targets;
mod triton;
mod uyuni;
mod vultr;

pub use aws::{AwsKeys, AwsRole, AwsSd};
pub use azure::AzureSd;
pub use consul::ConsulSd;
pub use digitalocean::{DigitalOceanRole, DigitalOceanSd};
pub use dns::DnsSd;
pub use docker::DockerSd;
pub use dockerswarm::DockerSwarmSd;
pub use ec2::Ec2Sd;
pub use ecs::EcsSd;
pub use elasticache::ElastiCacheSd;
pub use eureka::EurekaSd;
pub use file::FileSd;
pub use gce::GceSd;
pub use hetzner::{HetznerRole, HetznerSd};
pub use http::HttpSd;
pub use ionos::IonosSd;
pub use kubernetes::{KubernetesMetadata, KubernetesNamespaces, KubernetesRole, KubernetesSd, KubernetesSelector};
pub use kuma::KumaSd;
pub use lightsail::LightsailSd;
pub use linode::LinodeSd;
pub use marathon::MarathonSd;
pub use msk::MskSd;
pub use nerve::NerveSd;
pub use nomad::NomadSd;
pub use oci::OciSd;
pub use openstack::{OpenStackRole, OpenStackSd};
pub use outscale::OutscaleSd;
pub use ovhcloud::OvhCloudSd;
pub use puppetdb::PuppetDbSd;
pub use rds::RdsSd;
pub use scaleway::{ScalewayRole, ScalewaySd};
pub use serverset::ServersetSd;
pub use stackit::StackitSd;
pub use targets::TargetGroup;
pub use triton::TritonSd;
pub use uyuni::UyuniSd;
pub use vultr::VultrSd;

use promd_model::quote;

use crate::list::List;
use crate::path::FilePath;
use crate::secret::Secret;
use crate::url::Url;

/// Declares the section with a list of each mechanism, and what needs all of the names.
macro_rules! mechanisms {
    ($($field:ident: $Type:ident = $key:literal;)*) => {
        record! {
            /// How the targets of a job, or some Alertmanagers, are found.
            pub struct Discovery("config.ScrapeConfig") {
                $($field: List<$Type> = $key, omit;)*
            }
        }

        section! { Discovery {} }

        impl Default for Discovery {
            fn default() -> Self {
                <Self as crate::yaml::Value>::zero()
            }
        }

        impl Discovery {
            /// The names of the mechanisms that are used, as the configuration has them: `dns_sd_configs`.
            ///
            /// A program that does not know one of them must refuse the configuration by that name, rather than miss targets.
            pub fn used(&self) -> impl Iterator<Item = &'static str> + use<> {
                let used = [$((!self.$field.is_empty()).then_some($key)),*];
                used.into_iter().flatten()
            }

            pub(crate) fn check(&self) -> Result<(), String> {
                $(self.$field.without_null(concat!("empty or null section in ", $key))?;)*
                Ok(())
            }
        }
    };
}

mechanisms! {
    aws: AwsSd = "aws_sd_configs";
    azure: AzureSd = "azure_sd_configs";
    consul: ConsulSd = "consul_sd_configs";
    digitalocean: DigitalOceanSd = "digitalocean_sd_configs";
    dns: DnsSd = "dns_sd_configs";
    docker: DockerSd = "docker_sd_configs";
    dockerswarm: DockerSwarmSd = "dockerswarm_sd_configs";
    ec2: Ec2Sd = "ec2_sd_configs";
    ecs: EcsSd = "ecs_sd_configs";
    elasticache: ElastiCacheSd = "elasticache_sd_configs";
    eureka: EurekaSd = "eureka_sd_configs";
    file: FileSd = "file_sd_configs";
    gce: GceSd = "gce_sd_configs";
    hetzner: HetznerSd = "hetzner_sd_configs";
    http: HttpSd = "http_sd_configs";
    ionos: IonosSd = "ionos_sd_configs";
    kubernetes: KubernetesSd = "kubernetes_sd_configs";
    kuma: KumaSd = "kuma_sd_configs";
    lightsail: LightsailSd = "lightsail_sd_configs";
    linode: LinodeSd = "linode_sd_configs";
    marathon: MarathonSd = "marathon_sd_configs";
    msk: MskSd = "msk_sd_configs";
    nerve: NerveSd = "nerve_sd_configs";
    nomad: NomadSd = "nomad_sd_configs";
    oci: OciSd = "oci_sd_configs";
    openstack: OpenStackSd = "openstack_sd_configs";
    outscale: OutscaleSd = "outscale_sd_configs";
    ovhcloud: OvhCloudSd = "ovhcloud_sd_configs";
    puppetdb: PuppetDbSd = "puppetdb_sd_configs";
    rds: RdsSd = "rds_sd_configs";
    scaleway: ScalewaySd = "scaleway_sd_configs";
    serverset: ServersetSd = "serverset_sd_configs";
    stackit: StackitSd = "stackit_sd_configs";
    static_configs: TargetGroup = "static_configs";
    triton: TritonSd = "triton_sd_configs";
    uyuni: UyuniSd = "uyuni_sd_configs";
    vultr: VultrSd = "vultr_sd_configs";
}

impl Discovery {
    /// Refuses addresses that are URLs, which nothing will turn into hosts.
    pub(crate) fn check_static_targets(&self) -> Result<(), String> {
        let mut targets = self.static_configs.iter().flat_map(|group| &group.targets);
        match targets.find(|target| target.contains('/')) {
            Some(target) => Err(format!("{} is not a valid hostname", quote::go(target))),
            None => Ok(()),
        }
    }
}

record! {
    /// Which objects are looked for, by a property of theirs.
    pub struct Filter("aws.Filter") {
        name: String;
        values: Vec<String>;
    }
}

section! { Filter {} }

fn fail<T>(text: &str) -> Result<T, String> {
    Err(text.to_owned())
}

/// `Err` with `text` if there is no value.
fn require(value: &str, text: &str) -> Result<(), String> {
    if value.is_empty() { fail(text) } else { Ok(()) }
}

fn one_secret(key: &Secret, file: &FilePath) -> Result<(), String> {
    match (key.is_empty(), file.is_empty()) {
        (true, true) => fail("one of secret_key & secret_key_file must be configured"),
        (false, false) => fail("at most one of secret_key & secret_key_file must be configured"),
        _ => Ok(()),
    }
}

/// Checks the address of a server that is asked over HTTP.
fn http_address(url: &str) -> Result<(), String> {
    require(url, "URL is missing")?;
    let url = Url::parse(url)?;
    if !matches!(url.scheme(), "http" | "https") {
        return fail("URL scheme must be 'http' or 'https'");
    }
    require(url.host(), "host is missing in URL")
}

fn check_zookeeper(name: &str, servers: &[String], paths: &[String]) -> Result<(), String> {
    if servers.is_empty() {
        return Err(format!("{name} SD config must contain at least one Zookeeper server"));
    }
    if paths.is_empty() {
        return Err(format!("{name} SD config must contain at least one path"));
    }
    match paths.iter().find(|path| !path.starts_with('/')) {
        Some(path) => Err(format!("{name} SD config paths must begin with '/': {path}")),
        None => Ok(()),
    }
}
