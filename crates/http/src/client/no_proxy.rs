//! What is reached without a proxy: the rules of `no_proxy` (`golang.org/x/net/http/httpproxy`).

use std::net::IpAddr;

/// The rules, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NoProxy {
    /// Nothing goes through the proxy.
    all: bool,
    networks: Vec<(IpAddr, u8)>,
    addresses: Vec<(IpAddr, String)>,
    domains: Vec<Domain>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Domain {
    /// With a dot in front.
    suffix: String,
    /// Whether the domain itself is meant too, not only what is below it.
    itself: bool,
    /// Empty for any.
    port: String,
}

impl NoProxy {
    /// Reads a list of rules. A rule that is none is passed over.
    pub(crate) fn parse(text: &str) -> Self {
        let mut rules = Self::default();
        for item in text.split(',') {
            let item = item.trim().to_lowercase();
            if item == "*" {
                return Self { all: true, ..Self::default() };
            }
            rules.add(&item);
        }
        rules
    }

    fn add(&mut self, item: &str) {
        if let Some(network) = network(item) {
            self.networks.push(network);
            return;
        }
        let (host, port) = split_port(item).unwrap_or((item, ""));
        if host.is_empty() {
            return;
        }
        if let Ok(address) = host.parse::<IpAddr>() {
            self.addresses.push((canonical(address), port.to_owned()));
            return;
        }
        let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
        let itself = !host.starts_with('.');
        let suffix = if itself { format!(".{host}") } else { host.to_owned() };
        self.domains.push(Domain { suffix, itself, port: port.to_owned() });
    }

    /// Whether a host is reached without the proxy. The machine itself always is.
    pub(crate) fn matches(&self, host: &str, port: u16) -> bool {
        let address = host.parse::<IpAddr>().ok().map(canonical);
        if host == "localhost" || address.is_some_and(|address| address.is_loopback()) || self.all {
            return true;
        }
        let port = port.to_string();
        let is_port = |wanted: &str| wanted.is_empty() || wanted == port;
        if let Some(address) = address
            && (self.networks.iter().any(|(network, bits)| contains(*network, *bits, address))
                || self.addresses.iter().any(|(one, wanted)| *one == address && is_port(wanted)))
        {
            return true;
        }
        let host = host.trim().to_lowercase();
        self.domains.iter().any(|domain| {
            let is_named = host.ends_with(&domain.suffix)
                || (domain.itself && domain.suffix.strip_prefix('.') == Some(host.as_str()));
            is_named && is_port(&domain.port)
        })
    }
}

/// An IPv4 address in either form is one, as in Go.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// `10.0.0.0/8`
fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let bits: u8 = bits.bytes().all(|byte| byte.is_ascii_digit()).then(|| bits.parse().ok())??;
    let most = if address.is_ipv4() { 32 } else { 128 };
    (bits <= most).then_some((address, bits))
}

fn contains(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    let keep = |width: u32| width - u32::from(bits);
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (network.to_bits() ^ address.to_bits()).checked_shr(keep(32)).unwrap_or(0) == 0
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            (network.to_bits() ^ address.to_bits()).checked_shr(keep(128)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// `host:port`, `[v6]:port`: Go's `net.SplitHostPort`.
fn split_port(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once("]:")?;
        return (!host.contains(['[', ']']) && !port.contains([':', '[', ']'])).then_some((host, port));
    }
    let (host, port) = text.rsplit_once(':')?;
    (!host.contains([':', '[', ']']) && !port.contains(['[', ']'])).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rules: &str, without: &[&str], through: &[&str]) {
        let rules = NoProxy::parse(rules);
        for (hosts, expect) in [(without, true), (through, false)] {
            for host in hosts {
                let (host, port) = split_port(host).unwrap_or((host, "80"));
                assert_eq!(rules.matches(host, port.parse().unwrap()), expect, "{host}:{port} by {rules:?}");
            }
        }
    }

    /// The cases of `UseProxyTests` in `golang.org/x/net/http/httpproxy/proxy_test.go`, and those of its documentation.
    #[test]
    fn rules_mean_what_they_mean_in_go() {
        check(
            "foobar.com, .barbaz.net, *.wildcard.io, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, \
             2001:db8::52:0:1, [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64",
            &[
                "localhost",
                "127.0.0.1",
                "127.0.0.2",
                "[::1]:80",
                "foobar.com",
                "www.foobar.com",
                "FOOBAR.com",
                "www.barbaz.net",
                "www.wildcard.io",
                "a.b.wildcard.io",
                "192.168.1.1",
                "192.168.1.3",
                "10.0.0.2",
                "[2001:db8::52:0:1]:80",
                "[2001:db8::52:0:3]:80",
                "[2002:db8:a::123]:80",
            ],
            &[
                "[::2]:80",
                "barbaz.net",
                "wildcard.io",
                "192.168.1.2",
                "192.168.1.4",
                "10.0.0.4",
                "[2001:db8::52:0:2]:80",
                "[fe80::424b:c8be:1643:a1b6]:80",
                "foobarx.com",
                "xfoobar.com",
                "google.com",
            ],
        );
        check("*", &["example.com", "10.1.1.1"], &[]);
        check("foo.com,*", &["example.com"], &[]);
        check("", &["localhost", "127.5.5.5"], &["example.com"]);
        check(":1,[::1:9,,/8,1.2.3.4/33", &[], &["example.com:1", "1.2.3.4"]);
        check("foo.com:8080", &["foo.com:8080", "a.foo.com:8080"], &["foo.com:80"]);
        check("0.0.0.0/0", &["1.2.3.4"], &["[2001:db8::1]:80", "foo.com"]);
        check("::/0", &["[2001:db8::1]:80"], &["1.2.3.4"]);
        check("::ffff:1.2.3.4", &["1.2.3.4"], &["1.2.3.5"]);
    }
}
