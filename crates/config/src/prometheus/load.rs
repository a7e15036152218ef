//! A configuration from its text, and from files.

use std::path::Path;

use promd_fs::Fs;
use promd_model::{Labels, quote};

use super::scrape::{ScrapeConfig, ScrapeConfigs};
use super::storage::TsdbConfig;
use super::{Config, GlobalConfig};
use crate::error::Error;
use crate::glob::{BadPattern, glob};
use crate::path::{FilePath, parent};
use crate::yaml::parse::MAX_BYTES;
use crate::yaml::{Decoder, Dialect, Environment, Value, parse};

/// What the reading of a configuration depends on beside its text.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Options<'e> {
    /// Whether it is for a server that only scrapes and sends.
    pub agent: bool,
    /// Where the variables come from that external labels may name. Without it none is set.
    pub environment: Environment<'e>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { agent: false, environment: &|_| None }
    }
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("agent", &self.agent).finish_non_exhaustive()
    }
}

/// Why a configuration cannot be read from a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] promd_fs::Error),
    /// The file is not a configuration.
    #[error("parsing YAML file {file}: {error}")]
    Config {
        /// Which file.
        file: String,
        /// What is wrong with it.
        #[source]
        error: Error,
    },
    /// A section has no use in a server that only scrapes and sends.
    #[error("field {0} is not allowed in agent mode")]
    Agent(&'static str),
    /// A file that the configuration names cannot be read.
    #[error("{}: {error}", quote::go(file))]
    ReadScrapeFile {
        /// Which file.
        file: String,
        /// Why.
        #[source]
        error: promd_fs::Error,
    },
    /// A file that the configuration names is not one with scrape configurations.
    #[error("{}: {error}", quote::go(file))]
    ScrapeFile {
        /// Which file.
        file: String,
        /// What is wrong with it.
        #[source]
        error: Error,
    },
    /// A pattern for files is none.
    #[error("error retrieving {what} files for {}: {error}", quote::go(pattern))]
    Pattern {
        /// Which files.
        what: &'static str,
        /// The pattern.
        pattern: String,
        /// Why.
        #[source]
        error: BadPattern,
    },
}

impl Config {
    /// Reads a configuration from its text, completes it with defaults and checks it. Paths in it stay as they are.
    ///
    /// ```
    /// use promd_config::{Config, Options};
    ///
    /// let config = Config::parse(b"scrape_configs: [{job_name: a}]", &Options::default())?;
    /// assert_eq!(config.scrape_configs[0].scrape_interval.to_string(), "1m");
    ///
    /// let error = Config::parse(b"global:\n  scrape_intervall: 15s\n", &Options::default()).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "yaml: unmarshal errors:\n  line 2: field scrape_intervall not found in type config.plain",
    /// );
    /// assert_eq!(error.problems()[0].location.map(|location| location.column), Some(3));
    /// # Ok::<_, promd_config::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What is wrong with it, in Prometheus' words.
    pub fn parse(text: &[u8], options: &Options<'_>) -> Result<Self, Error> {
        let document = parse(text)?;
        let mut config = Self::unsaid(options.environment);
        Decoder::new(&document, Dialect::V2, true, options.environment).run(&mut config)?;
        config.storage.tsdb.get_or_insert_with(TsdbConfig::unsaid);
        config.expand_external_labels(options.environment)?;
        config.otlp.check_strategy(config.global.scheme()).map_err(|text| Error::invalid(None, text))?;
        Ok(config)
    }

    /// Reads a configuration from a file; relative paths in it become relative to the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not a configuration, or not one for an agent where that is asked for.
    pub fn load(fs: &dyn Fs, file: &str, options: &Options<'_>) -> Result<Self, LoadError> {
        let text = fs.read_to_vec(Path::new(file), MAX_BYTES as u64)?;
        let config = Self::parse(&text, options);
        let mut config = config.map_err(|error| LoadError::Config { file: file.to_owned(), error })?;
        if options.agent {
            config.check_agent()?;
        }
        config.join_paths(&parent(file));
        Ok(config)
    }

    fn check_agent(&self) -> Result<(), LoadError> {
        if !self.alerting.is_zero() {
            return Err(LoadError::Agent("alerting"));
        }
        if !self.rule_files.is_empty() {
            return Err(LoadError::Agent("rule_files"));
        }
        if !self.remote_read.is_empty() {
            return Err(LoadError::Agent("remote_read"));
        }
        Ok(())
    }

    fn expand_external_labels(&mut self, environment: Environment<'_>) -> Result<(), Error> {
        let labels = &self.global.external_labels;
        let expanded = labels.iter().map(|label| (label.name, crate::expand::expand(label.value, environment)));
        let expanded = Labels::from_pairs(expanded).map_err(|error| Error::invalid(None, error.to_string()))?;
        self.global.external_labels = expanded;
        Ok(())
    }

    /// All scrape configurations: those of the file itself, and those of the files that it names.
    ///
    /// # Errors
    ///
    /// If one of the files cannot be read, or has no scrape configurations, or one with a job that is there already.
    pub fn all_scrape_configs(&self, fs: &dyn Fs, options: &Options<'_>) -> Result<Vec<ScrapeConfig>, LoadError> {
        let mut all = self.scrape_configs.to_vec();
        let mut origins = vec!["main config file".to_owned(); all.len()];
        for file in files(fs, "scrape config", &self.scrape_config_files)? {
            let shown = absolute(&file);
            let read = fs.read_to_vec(Path::new(&file), MAX_BYTES as u64);
            let text = read.map_err(|error| LoadError::ReadScrapeFile { file: shown.clone(), error })?;
            let wrong = |error| LoadError::ScrapeFile { file: shown.clone(), error };
            for scrape in parse_scrape_file(&text, &self.global, options).map_err(wrong)? {
                if let Some(at) = all.iter().position(|other| other.job_name == scrape.job_name) {
                    let text = format!(
                        "found multiple scrape configs with job name {}, first found in {}",
                        quote::go(&scrape.job_name),
                        origins.get(at).map_or("", String::as_str)
                    );
                    return Err(wrong(Error::invalid(None, text)));
                }
                let mut scrape = scrape;
                scrape.join_paths(&parent(&file));
                all.push(scrape);
                origins.push(quote::go(&shown).to_string());
            }
        }
        Ok(all)
    }

    /// The rule files that there are by the patterns of `rule_files`.
    ///
    /// # Errors
    ///
    /// If a pattern is none, or a folder cannot be read.
    pub fn all_rule_files(&self, fs: &dyn Fs) -> Result<Vec<String>, LoadError> {
        files(fs, "rule", &self.rule_files)
    }
}

fn parse_scrape_file(text: &[u8], global: &GlobalConfig, options: &Options<'_>) -> Result<Vec<ScrapeConfig>, Error> {
    let document = parse(text)?;
    let mut file = ScrapeConfigs::zero();
    Decoder::new(&document, Dialect::V2, true, options.environment).run(&mut file)?;
    let invalid = |text| Error::invalid(None, text);
    file.scrape_configs.without_null("empty or null scrape config section").map_err(invalid)?;
    let mut configs = file.scrape_configs.to_vec();
    configs.iter_mut().try_for_each(|scrape| scrape.complete(global)).map_err(invalid)?;
    Ok(configs)
}

fn files(fs: &dyn Fs, what: &'static str, patterns: &[FilePath]) -> Result<Vec<String>, LoadError> {
    let mut all = Vec::new();
    for pattern in patterns {
        let found = glob(fs, pattern);
        let found = found.map_err(|error| LoadError::Pattern { what, pattern: pattern.to_string(), error })?;
        all.extend(found);
    }
    Ok(all)
}

/// For error texts only.
fn absolute(file: &str) -> String {
    std::path::absolute(file).ok().and_then(|path| path.to_str().map(str::to_owned)).unwrap_or_else(|| file.to_owned())
}
