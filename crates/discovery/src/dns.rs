//! Targets in the domain name system (`discovery/dns/dns.go`).
//!
//! The client is one of our own, of one question and one answer: what matters here is which of several servers and search
//! domains said what. A name that does not exist has no targets; a name that nobody could be asked about keeps them.

pub(crate) mod message;
mod metrics;
mod resolver;

use std::any::Any;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use promd_clock::Clock;
use promd_config::DnsSd;
use promd_model::Labels;

use crate::refresh::{BoxError, Refresh, RefreshMetrics, Refresher};
use crate::{Context, Discoverer, Mechanism, MechanismError, TargetGroup};
use message::Record;
use resolver::Resolver;

pub use metrics::DnsMetrics;

/// Who is asked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DnsOptions {
    /// The file that names the servers and search domains. It is read for each question, as by Prometheus.
    pub resolv_conf: PathBuf,
    /// The port of the servers.
    pub port: u16,
}

impl Default for DnsOptions {
    fn default() -> Self {
        Self { resolv_conf: "/etc/resolv.conf".into(), port: 53 }
    }
}

/// The names that an address has, each with a dot at its end. There are none, too, where nobody could be asked.
pub async fn names_of(address: IpAddr, options: DnsOptions, clock: Arc<dyn Clock>) -> Vec<String> {
    let records = Resolver::new(options, clock).lookup(&reverse(address), message::PTR).await.unwrap_or_default();
    let name = |record| if let Record::Ptr(name) = record { Some(name) } else { None };
    records.into_iter().filter_map(name).collect()
}

/// The name under which the names of an address stand (RFC 1035, section 3.5; RFC 3596, section 2.5).
fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(address) => {
            let octets = address.octets();
            let nibbles = octets.iter().rev().flat_map(|octet| [octet & 0xf, octet >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}.")).chain(["ip6.arpa.".to_owned()]).collect()
        }
    }
}

/// `dns_sd_configs`: one entry.
#[derive(Debug, Clone)]
pub struct DnsMechanism {
    config: DnsSd,
    options: DnsOptions,
    metrics: Arc<DnsMetrics>,
    refreshes: Arc<RefreshMetrics>,
}

impl DnsMechanism {
    /// The name of the mechanism.
    pub const NAME: &str = "dns";

    /// Targets with these names. All mechanisms of a program share the metrics.
    #[must_use]
    pub fn new(config: DnsSd, options: DnsOptions, metrics: Arc<DnsMetrics>, refreshes: Arc<RefreshMetrics>) -> Self {
        Self { config, options, metrics, refreshes }
    }
}

impl Mechanism for DnsMechanism {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn is_same(&self, other: &dyn Mechanism) -> bool {
        (other as &dyn Any).downcast_ref::<Self>().is_some_and(|other| other.config == self.config)
    }

    fn discoverer(&self, context: &Context) -> Result<Box<dyn Discoverer>, MechanismError> {
        let kind = match self.config.record_type.to_ascii_uppercase().as_str() {
            "A" => message::A,
            "AAAA" => message::AAAA,
            "MX" => message::MX,
            "NS" => message::NS,
            _ => message::SRV,
        };
        let names = Names {
            config: self.config.clone(),
            kind,
            resolver: Resolver::new(self.options.clone(), Arc::clone(&context.clock)),
            metrics: Arc::clone(&self.metrics),
        };
        Ok(Box::new(Refresher {
            refresh: names,
            mechanism: Self::NAME,
            interval: self.config.refresh_interval.to_std().unwrap_or(Duration::MAX),
            context: context.clone(),
            metrics: Arc::clone(&self.refreshes),
        }))
    }
}

struct Names {
    config: DnsSd,
    /// The type of the records.
    kind: u16,
    resolver: Resolver,
    metrics: Arc<DnsMetrics>,
}

impl Refresh for Names {
    /// All names at once. One that cannot be looked up keeps its targets; the others are not held up by it.
    fn refresh(&mut self) -> BoxFuture<'_, Result<Vec<TargetGroup>, BoxError>> {
        let names = &*self;
        Box::pin(async move {
            let groups = join_all(names.config.names.iter().map(|name| names.group(name))).await;
            Ok(groups.into_iter().flatten().collect())
        })
    }
}

impl Names {
    async fn group(&self, name: &str) -> Option<TargetGroup> {
        self.metrics.lookups.inc();
        let targets = match self.resolver.lookup(name, self.kind).await {
            Ok(records) => records.iter().filter_map(|record| self.target(name, record).transpose()).collect(),
            Err(error) => {
                self.metrics.failures.inc();
                tracing::error!(err = %error, "Error refreshing DNS targets");
                return None;
            }
        };
        match targets {
            Ok(targets) => Some(TargetGroup { source: name.into(), targets, labels: Labels::empty() }),
            Err(error) => {
                tracing::error!(err = %error, name, "Error refreshing DNS targets");
                None
            }
        }
    }

    /// The target of a record; `None` if it is one of another type.
    fn target(&self, name: &str, record: &Record) -> Result<Option<Labels>, promd_model::LabelsError> {
        let port = self.config.port;
        let host_port = |host: &str, port: i64| format!("{}:{port}", host.trim_end_matches('.'));
        let mut labels = vec![("__meta_dns_name", name.to_owned())];
        let address = match record {
            Record::Srv { target, port } => {
                labels.push(("__meta_dns_srv_record_target", target.clone()));
                labels.push(("__meta_dns_srv_record_port", port.to_string()));
                host_port(target, i64::from(*port))
            }
            Record::Mx(target) => {
                labels.push(("__meta_dns_mx_record_target", target.clone()));
                host_port(target, port)
            }
            Record::Ns(target) => {
                labels.push(("__meta_dns_ns_record_target", target.clone()));
                host_port(target, port)
            }
            Record::A(address) => format!("{address}:{port}"),
            Record::Aaaa(address) => format!("[{address}]:{port}"),
            // On the way from the name that was asked for to the one that has the address.
            Record::Alias => return Ok(None),
            Record::Ptr(_) => {
                tracing::warn!(record = message::PTR, "Invalid record");
                return Ok(None);
            }
            Record::Other(kind) => {
                tracing::warn!(record = kind, "Invalid record");
                return Ok(None);
            }
        };
        labels.push(("__address__", address));
        Labels::from_pairs(labels).map(Some)
    }
}

/// A server of names.
type Server = SocketAddr;
