//! Requests signed for Amazon.

use crate::secret::Secret;
use crate::yaml::Value;

record! {
    /// With what requests are signed (AWS Signature Version 4).
    pub struct SigV4("sigv4.plain") {
        region: String, omit;
        access_key: String, omit;
        secret_key: Secret, omit;
        profile: String, omit;
        role_arn: String, omit;
        external_id: String, omit;
        use_fips_sts_endpoint: bool, omit;
        service_name: String, omit;
    }
}

section! { SigV4 { fresh: SigV4::zero(), check: SigV4::check } }

impl SigV4 {
    fn check(&mut self) -> Result<(), String> {
        if self.access_key.is_empty() != self.secret_key.is_empty() {
            return Err(
                "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 \
                        config"
                    .to_owned(),
            );
        }
        if !self.external_id.is_empty() && self.role_arn.is_empty() {
            return Err("external_id can only be used with role_arn".to_owned());
        }
        Ok(())
    }
}
