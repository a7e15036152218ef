//! Requests with a token of Microsoft Entra.

use crate::secret::Secret;
use crate::yaml::{Decoder, Environment, Id, Section, Value};

record! {
    /// Where the token comes from: exactly one of the ways is set.
    pub struct AzureAd("azuread.plain") {
        managed_identity: Option<AzureManagedIdentity>, omit;
        workload_identity: Option<AzureWorkloadIdentity>, omit;
        oauth: Option<AzureOAuth>, omit;
        sdk: Option<AzureSdk>, omit;
        certificate: Option<AzureCertificate>, omit;
        /// `AzurePublic`, `AzureGovernment` or `AzureChina`.
        cloud: String, omit;
        scope: String, omit;
    }
}

record! {
    /// An identity that Azure manages.
    pub struct AzureManagedIdentity("azuread.ManagedIdentityConfig") {
        client_id: String, omit;
    }
}

record! {
    /// An identity that Kubernetes projects.
    pub struct AzureWorkloadIdentity("azuread.WorkloadIdentityConfig") {
        client_id: String, omit;
        tenant_id: String, omit;
        token_file_path: String, omit;
    }
}

record! {
    /// An application and its secret.
    pub struct AzureOAuth("azuread.OAuthConfig") {
        client_id: String, omit;
        client_secret: Secret, omit;
        tenant_id: String, omit;
    }
}

record! {
    /// Whatever Azure's own tools are configured with.
    pub struct AzureSdk("azuread.SDKConfig") {
        tenant_id: String, omit;
    }
}

record! {
    /// An application and its certificate.
    pub struct AzureCertificate("azuread.CertificateConfig") {
        client_id: String, omit;
        tenant_id: String, omit;
        certificate_path: String, omit;
        certificate_key_path: String, omit;
        certificate_password: Secret, omit;
        send_certificate_chain: bool, omit;
    }
}

section! { AzureManagedIdentity {} }
section! { AzureWorkloadIdentity {} }
section! { AzureOAuth {} }
section! { AzureSdk {} }
section! { AzureCertificate {} }

/// Where Azure's webhook says that it has put the token, and where it did before it said so.
const TOKEN_FILE: (&str, &str) = ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/azure/tokens/azure-identity-token");

impl Section for AzureAd {
    fn fresh(_: Environment<'_>) -> Option<Self> {
        Some(Self::zero())
    }

    fn check(&mut self, environment: Environment<'_>) -> Result<(), String> {
        if self.cloud.is_empty() {
            "AzurePublic".clone_into(&mut self.cloud);
        }
        if !matches!(self.cloud.as_str(), "AzurePublic" | "AzureGovernment" | "AzureChina") {
            return Err("must provide a cloud in the Azure AD config".to_owned());
        }
        self.check_count()?;
        if let Some(managed) = &self.managed_identity
            && !managed.client_id.is_empty()
        {
            check_uuid(&managed.client_id, "Azure Managed Identity client_id")?;
        }
        if let Some(workload) = &mut self.workload_identity {
            required(
                "an Azure Workload Identity",
                &[("client_id", &workload.client_id), ("tenant_id", &workload.tenant_id)],
            )?;
            check_uuid(&workload.client_id, "Azure Workload Identity client_id")?;
            check_uuid(&workload.tenant_id, "Azure Workload Identity tenant_id")?;
            if workload.token_file_path.is_empty() {
                let (variable, path) = TOKEN_FILE;
                let given = environment(variable).filter(|path| !path.is_empty());
                workload.token_file_path = given.unwrap_or_else(|| path.to_owned());
            }
        }
        if let Some(oauth) = &self.oauth {
            required(
                "an Azure OAuth",
                &[
                    ("client_id", &oauth.client_id),
                    ("client_secret", oauth.client_secret.expose()),
                    ("tenant_id", &oauth.tenant_id),
                ],
            )?;
            check_uuid(&oauth.client_id, "Azure OAuth client_id")?;
        }
        if let Some(certificate) = &self.certificate {
            required(
                "an Azure Certificate",
                &[
                    ("client_id", &certificate.client_id),
                    ("tenant_id", &certificate.tenant_id),
                    ("certificate_path", &certificate.certificate_path),
                ],
            )?;
            check_uuid(&certificate.client_id, "Azure Certificate client_id")?;
        }
        let is_scope = |byte: u8| byte.is_ascii_alphanumeric() || b"_ \t\n\x0c\r:/.-".contains(&byte);
        if !self.scope.bytes().all(is_scope) {
            return Err("the provided scope contains invalid characters".to_owned());
        }
        Ok(())
    }

    fn set(&mut self, key: &str, id: Id, decoder: &mut Decoder<'_>) -> Result<bool, crate::error::Error> {
        self.set_field(key, id, decoder)
    }
}

impl AzureAd {
    fn check_count(&self) -> Result<(), String> {
        let ways = [
            self.managed_identity.is_some(),
            self.workload_identity.is_some(),
            self.oauth.is_some(),
            self.sdk.is_some(),
            self.certificate.is_some(),
        ];
        match crate::http::count(&ways) {
            0 => {
                Err("must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth, Azure Certificate \
                      or Azure SDK in the Azure AD config"
                    .to_owned())
            }
            1 => Ok(()),
            _ => Err("cannot provide multiple authentication methods in the Azure AD config".to_owned()),
        }
    }
}

fn required(what: &str, fields: &[(&str, &str)]) -> Result<(), String> {
    match fields.iter().find(|(_, value)| value.is_empty()) {
        Some((name, _)) => Err(format!("must provide {what} {name} in the Azure AD config")),
        None => Ok(()),
    }
}

/// Checks the forms that Go's `uuid.Parse` reads: with and without hyphens, in braces, as a URN.
fn check_uuid(text: &str, what: &str) -> Result<(), String> {
    let hyphened = match text.len() {
        45 if text.get(..9).is_some_and(|prefix| prefix.eq_ignore_ascii_case("urn:uuid:")) => text.get(9..),
        38 => text.get(1..37),
        36 => Some(text),
        _ => None,
    };
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let valid = match hyphened {
        Some(text) => {
            let parts: Vec<&str> = text.split('-').collect();
            parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(|part| is_hex(part))
        }
        None => text.len() == 32 && is_hex(text),
    };
    if valid { Ok(()) } else { Err(format!("the provided {what} is invalid")) }
}
