//! Configuration files: whatever the bytes, reading ends, and what was read can be printed and read again.

use promd_config::{Config, Options, RuleFile, RuleOptions, WebConfig};

/// A `prometheus.yml`. Printed and read again, it is the same, but for secrets, which both times print as such.
pub fn prometheus(bytes: &[u8]) {
    let options = Options::default();
    let Ok(config) = Config::parse(bytes, &options) else { return };
    let printed = config.to_string();
    // What is printed may say more than may be said: of two ways to authenticate, for instance, only one may be given.
    if let Ok(again) = Config::parse(printed.as_bytes(), &options) {
        let second = again.to_string();
        if let Ok(third) = Config::parse(second.as_bytes(), &options) {
            assert_eq!(third.to_string(), second, "printing is stable");
        }
    }
}

/// A rule file.
pub fn rules(bytes: &[u8]) {
    // Whatever the answer is, it comes.
    let _ = RuleFile::has_more_documents(bytes);
    match RuleFile::parse(bytes, &RuleOptions::default()) {
        Ok(file) => {
            let printed = file.to_string();
            let again = RuleFile::parse(printed.as_bytes(), &RuleOptions::default());
            let again = again.unwrap_or_else(|errors| panic!("{printed}\n{errors:?}"));
            assert_eq!(again.to_string(), printed);
        }
        Err(errors) => assert!(errors.iter().all(|error| !error.to_string().is_empty())),
    }
}

/// A web configuration.
pub fn web(bytes: &[u8]) {
    if let Err(error) = WebConfig::parse(bytes) {
        assert!(!error.to_string().is_empty() && !error.problems().is_empty());
    }
}
