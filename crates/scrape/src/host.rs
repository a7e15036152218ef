//! What this machine is called.

use std::net::IpAddr;
use std::sync::Arc;

use promd_clock::RealClock;
use promd_discovery::DnsOptions;

/// The full name of this machine: the first name of the first address of the host name that has one, in `/etc/hosts` or, behind
/// that, as name servers have it, with a dot at its end; or else the host name. Prometheus asks in the same order.
pub async fn host_name() -> String {
    let name = tokio::task::spawn_blocking(|| std::fs::read_to_string("/proc/sys/kernel/hostname")).await;
    let name = name.ok().and_then(Result::ok).unwrap_or_default().trim().to_owned();
    let Ok(addresses) = tokio::net::lookup_host((name.as_str(), 0)).await else { return name };
    let addresses: Vec<IpAddr> = addresses.map(|address| address.ip()).collect();
    let hosts = tokio::task::spawn_blocking(|| std::fs::read_to_string("/etc/hosts")).await;
    let hosts = hosts.ok().and_then(Result::ok).unwrap_or_default();
    for address in addresses {
        if let Some(name) = name_of(&hosts, address) {
            return name.to_owned();
        }
        let names = promd_discovery::names_of(address, DnsOptions::default(), Arc::new(RealClock::new())).await;
        if let Some(name) = names.into_iter().next() {
            return name;
        }
    }
    name
}

/// The first name of an address in a file of hosts.
fn name_of(hosts: &str, address: IpAddr) -> Option<&str> {
    let lines = hosts.lines().map(|line| line.split('#').next().unwrap_or_default());
    let mut words = lines.map(str::split_whitespace);
    words.find_map(|mut words| {
        let is_it = words.next().and_then(|word| word.parse().ok()) == Some(address);
        if is_it { words.next() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_the_first_line_counts() {
        let hosts = "127.0.0.1 localhost\n# 10.0.0.1 no\n10.0.0.1\ta.example a # the name\n10.0.0.1 b\n::1 six\n";
        assert_eq!(name_of(hosts, "10.0.0.1".parse().unwrap()), Some("a.example"));
        assert_eq!(name_of(hosts, "::1".parse().unwrap()), Some("six"));
        assert_eq!(name_of(hosts, "10.0.0.2".parse().unwrap()), None);
    }
}
