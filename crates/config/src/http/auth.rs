//! Credentials.

use super::count;
use crate::path::FilePath;
use crate::secret::Secret;

record! {
    /// A user and a password, each given here, in a file, or by a secret manager.
    pub struct BasicAuth("config.plain") {
        username: String, omit;
        username_file: FilePath, omit;
        username_ref: String, omit;
        password: Secret, omit;
        password_file: FilePath, omit;
        password_ref: String, omit;
    }
}

section! { BasicAuth {} }

impl BasicAuth {
    pub(crate) fn new(username: &str, password: Secret) -> Self {
        Self { username: username.to_owned(), password, ..<Self as crate::yaml::Value>::zero() }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let username = [!self.username.is_empty(), !self.username_file.is_empty(), !self.username_ref.is_empty()];
        if count(&username) > 1 {
            return Err(
                "at most one of basic_auth username, username_file & username_ref must be configured".to_owned()
            );
        }
        let password = [!self.password.is_empty(), !self.password_file.is_empty(), !self.password_ref.is_empty()];
        if count(&password) > 1 {
            return Err(
                "at most one of basic_auth password, password_file & password_ref must be configured".to_owned()
            );
        }
        Ok(())
    }
}

record! {
    /// Credentials for the header `Authorization`.
    pub struct Authorization("config.Authorization") {
        /// What stands before the credentials: `Bearer` if it is not given.
        kind: String = "type", omit;
        credentials: Secret, omit;
        credentials_file: FilePath, omit;
        credentials_ref: String, omit;
    }
}

section! { Authorization {} }

impl Authorization {
    const BEARER: &str = "Bearer";

    pub(super) fn bearer(credentials: Secret, credentials_file: FilePath) -> Self {
        let kind = Self::BEARER.to_owned();
        Self { kind, credentials, credentials_file, credentials_ref: String::new() }
    }

    pub(super) fn check(&mut self) -> Result<(), String> {
        let given = [!self.credentials.is_empty(), !self.credentials_file.is_empty(), !self.credentials_ref.is_empty()];
        if count(&given) > 1 {
            return Err("at most one of authorization credentials & credentials_file must be configured".to_owned());
        }
        self.kind = match self.kind.trim() {
            "" => Self::BEARER.to_owned(),
            kind => kind.to_owned(),
        };
        if self.kind.eq_ignore_ascii_case("basic") {
            return Err(r#"authorization type cannot be set to "basic", use "basic_auth" instead"#.to_owned());
        }
        Ok(())
    }
}
