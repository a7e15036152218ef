//! `kubernetes_sd_configs`.

use super::fail;
use crate::http::HttpClient;
use crate::path::FilePath;
use crate::url::Url;
use crate::yaml::Value;

record! {
    /// Objects of Kubernetes.
    pub struct KubernetesSd("kubernetes.plain") {
        /// That of the cluster around the server, if it is not given.
        api_server: Option<Url>, omit;
        role: Option<KubernetesRole>;
        kubeconfig_file: FilePath;
        http: HttpClient, inline;
        namespaces: KubernetesNamespaces, omit;
        selectors: Vec<KubernetesSelector>, omit;
        attach_metadata: KubernetesMetadata, omit;
    }
}

record! {
    /// In which namespaces is looked: in all, if nothing is said.
    pub struct KubernetesNamespaces("kubernetes.plain") {
        own_namespace: bool;
        names: Vec<String>;
    }
}

record! {
    /// Which objects of a role are looked at.
    pub struct KubernetesSelector("kubernetes.SelectorConfig") {
        role: Option<KubernetesRole>, omit;
        label: String, omit;
        field: String, omit;
    }
}

record! {
    /// Of which other objects labels are taken over.
    pub struct KubernetesMetadata("kubernetes.AttachMetadataConfig") {
        node: bool;
        namespace: bool;
        deployment: bool;
        job: bool;
        cronjob: bool;
    }
}

section! { KubernetesSd { fresh: KubernetesSd::fresh(), check: KubernetesSd::check } }
section! { KubernetesNamespaces { fresh: KubernetesNamespaces::zero() } }
section! { KubernetesSelector {} }
section! { KubernetesMetadata {} }

roles! {
    /// What kind of object is looked for.
    pub enum KubernetesRole("unknown Kubernetes SD role") {
        /// `node`
        Node = "node",
        /// `pod`
        Pod = "pod",
        /// `service`
        Service = "service",
        /// `endpoints`
        Endpoints = "endpoints",
        /// `endpointslice`
        EndpointSlice = "endpointslice",
        /// `ingress`
        Ingress = "ingress",
    }
}

impl KubernetesRole {
    /// Which objects are looked at for this one, and so can be selected.
    fn selectors(self) -> &'static [Self] {
        match self {
            Self::Pod => &[Self::Pod, Self::Node],
            Self::Service => &[Self::Service],
            Self::EndpointSlice => &[Self::Pod, Self::Service, Self::EndpointSlice],
            Self::Endpoints => &[Self::Pod, Self::Service, Self::Endpoints],
            Self::Node => &[Self::Node],
            Self::Ingress => &[Self::Ingress],
        }
    }
}

impl KubernetesSd {
    fn fresh() -> Self {
        Self { http: HttpClient::default(), ..Self::zero() }
    }

    fn check(&mut self) -> Result<(), String> {
        let Some(role) = self.role else {
            return fail("role missing (one of: pod, service, endpoints, endpointslice, node, ingress)");
        };
        self.http.check()?;
        let (server, file) = (self.api_server.is_some(), !self.kubeconfig_file.is_empty());
        let custom = self.http != HttpClient::default();
        if server && file {
            return fail("cannot use 'kubeconfig_file' and 'api_server' simultaneously");
        }
        if file && custom {
            return fail("cannot use a custom HTTP client configuration together with 'kubeconfig_file'");
        }
        if !server && custom {
            return fail("to use custom HTTP client configuration please provide the 'api_server' URL explicitly");
        }
        if server && self.namespaces.own_namespace {
            return fail("cannot use 'api_server' and 'namespaces.own_namespace' simultaneously");
        }
        if file && self.namespaces.own_namespace {
            return fail("cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously");
        }
        self.check_selectors(role)
    }

    fn check_selectors(&self, role: KubernetesRole) -> Result<(), String> {
        for (at, selector) in self.selectors.iter().enumerate() {
            let name = selector.role.map(KubernetesRole::as_str).unwrap_or_default();
            if self.selectors.iter().take(at).any(|earlier| earlier.role == selector.role) {
                return Err(format!("duplicated selector role: {name}"));
            }
            if !selector.role.is_some_and(|selected| role.selectors().contains(&selected)) {
                let allowed: Vec<&str> = role.selectors().iter().map(|role| role.as_str()).collect();
                return Err(format!("{role} role supports only {} selectors", allowed.join(", ")));
            }
            check_field_selector(&selector.field)?;
        }
        Ok(())
    }
}

/// Checks that each term compares something, as Kubernetes' `fields.ParseSelector` does.
fn check_field_selector(selector: &str) -> Result<(), String> {
    let mut terms = selector.split(',').filter(|term| !term.is_empty());
    match terms.find(|term| !term.contains('=')) {
        Some(term) => Err(format!("invalid selector: '{selector}'; can't understand '{term}'")),
        None => Ok(()),
    }
}
