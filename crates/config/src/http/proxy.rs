//! Proxies.

use std::collections::BTreeMap;

use crate::secret::Secret;
use crate::url::Url;

record! {
    /// Through which proxy a server is reached.
    pub struct Proxy("config.ProxyConfig") {
        proxy_url: Option<Url>, omit;
        /// Hosts and networks that are reached without it.
        no_proxy: String, omit;
        /// Whether the environment says which proxy, as it does to other programs.
        proxy_from_environment: bool, omit;
        /// Headers for the proxy itself.
        proxy_connect_header: BTreeMap<String, Vec<Secret>>, omit;
    }
}

section! { Proxy {} }

impl Proxy {
    pub(super) fn check(&self) -> Result<(), String> {
        let fail = |text: &str| Err(text.to_owned());
        let url = self.proxy_url.as_ref().is_some_and(|url| !url.expose().is_empty());
        if !self.proxy_connect_header.is_empty() && !self.proxy_from_environment && !url {
            return fail(
                "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured",
            );
        }
        if self.proxy_from_environment && url {
            return fail("if proxy_from_environment is configured, proxy_url must not be configured");
        }
        if self.proxy_from_environment && !self.no_proxy.is_empty() {
            return fail("if proxy_from_environment is configured, no_proxy must not be configured");
        }
        if self.proxy_url.is_none() && !self.no_proxy.is_empty() {
            return fail("if no_proxy is configured, proxy_url must also be configured");
        }
        Ok(())
    }
}
