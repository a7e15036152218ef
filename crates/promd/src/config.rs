//! Where the configuration comes from.

use std::path::Path;

use promd_config::{Config, Options, RuleFile, RuleOptions, ScrapeConfig};
use promd_discovery::Mechanisms;
use promd_fs::Fs;
use promd_promql_parser::Parser;

/// The configuration of a server that was given none: it scrapes itself.
const BUILT_IN: &str = "global:\n  scrape_interval: 15s\nscrape_configs:\n- job_name: promd\n  metrics_path: PREFIX/metrics\n  \
                        static_configs:\n  - targets: ['localhost:PORT']\n";

/// A configuration with what its other files say.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    /// Of all files.
    pub(crate) jobs: Vec<ScrapeConfig>,
    /// Whether it is the built-in one.
    pub(crate) built_in: bool,
}

/// Where to look.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) file: String,
    /// Without this a missing file means the built-in configuration.
    pub(crate) must_exist: bool,
    /// Where the built-in configuration scrapes.
    pub(crate) port: u16,
    pub(crate) prefix: String,
}

impl Source {
    /// Reads the configuration, and checks that all it asks for is there.
    ///
    /// The text of an error is Prometheus'; the second part says so of sections that promd does not have yet.
    pub(crate) fn load(&self, fs: &dyn Fs) -> Result<Loaded, String> {
        let environment = |name: &str| std::env::var(name).ok();
        let mut options = Options::default();
        options.environment = &environment;
        let built_in = !self.must_exist && !fs.exists(Path::new(&self.file)).unwrap_or(true);
        let config = if built_in {
            let text = BUILT_IN.replace("PORT", &self.port.to_string()).replace("PREFIX", &self.prefix);
            Config::parse(text.as_bytes(), &options).map_err(|error| error.to_string())?
        } else {
            Config::load(fs, &self.file, &options).map_err(|error| error.to_string())?
        };
        if !config.tracing.endpoint.is_empty() {
            return Err("tracing: promd exports no traces: take the section out of the configuration".to_owned());
        }
        check_rules(&config, fs)?;
        let jobs = config.all_scrape_configs(fs, &options).map_err(|error| error.to_string())?;
        let mechanisms = Mechanisms::new();
        for job in &jobs {
            let check = mechanisms.check(&job.discovery);
            check.map_err(|error| format!("scrape config {:?}: {error}", job.job_name))?;
        }
        Ok(Loaded { config, jobs, built_in })
    }
}

/// Checks the rule files, as Prometheus does before it starts, although nothing evaluates them.
fn check_rules(config: &Config, fs: &dyn Fs) -> Result<(), String> {
    /// The largest rule file that is read.
    const MOST: u64 = 256 << 20;
    let parser = Parser::default();
    let expression = |text: &str| parser.parse(text).map(drop).map_err(|errors| errors.to_string());
    for file in config.all_rule_files(fs).map_err(|error| error.to_string())? {
        let text = fs.read_to_vec(Path::new(&file), MOST).map_err(|error| error.to_string())?;
        let mut options = RuleOptions::default();
        options.expression = &expression;
        RuleFile::parse(&text, &options).map_err(|errors| {
            let errors = errors.iter().map(|error| format!("{file}: {error}")).collect::<Vec<_>>();
            format!("error loading rules, {}", errors.join("; "))
        })?;
    }
    Ok(())
}

/// Sections of a configuration that promd reads and does not act on yet.
pub(crate) fn without_effect(config: &Config) -> Vec<&'static str> {
    let mut names = Vec::new();
    let tsdb = config.storage.tsdb.as_ref();
    let sections = [
        ("rule_files", !config.rule_files.is_empty()),
        ("alerting", !config.alerting.alertmanagers.is_empty()),
        ("remote_write", !config.remote_write.is_empty()),
        ("remote_read", !config.remote_read.is_empty()),
        (
            "storage.tsdb.stale_series_compaction_threshold",
            tsdb.is_some_and(|tsdb| tsdb.stale_series_compaction_threshold > 0.0),
        ),
        ("storage.tsdb.chunk_encoding", tsdb.is_some_and(|tsdb| tsdb.chunk_encoding.floats == "xor2")),
    ];
    names.extend(sections.into_iter().filter(|(_, there)| *there).map(|(name, _)| name));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use promd_fs::RealFs;

    fn source(file: &Path, must_exist: bool) -> Source {
        Source { file: file.display().to_string(), must_exist, port: 1234, prefix: "/p".to_owned() }
    }

    #[test]
    fn without_a_file_the_server_scrapes_itself() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("prometheus.yml");
        let loaded = source(&file, false).load(&RealFs::new()).unwrap();
        assert!(loaded.built_in);
        let job = &loaded.jobs[0];
        assert_eq!((job.job_name.as_str(), job.metrics_path.as_str()), ("promd", "/p/metrics"));
        assert!(loaded.config.to_string().contains("localhost:1234"));
        assert!(source(&file, true).load(&RealFs::new()).is_err());
        std::fs::write(&file, "rule_files: [a.yml]\n").unwrap();
        let loaded = source(&file, false).load(&RealFs::new()).unwrap();
        assert!(!loaded.built_in && loaded.jobs.is_empty());
        assert_eq!(without_effect(&loaded.config), ["rule_files"]);
        let tsdb = "{stale_series_compaction_threshold: 0.5, chunk_encoding: {floats: xor2}}";
        std::fs::write(&file, format!("storage: {{tsdb: {tsdb}}}\n")).unwrap();
        let loaded = source(&file, false).load(&RealFs::new()).unwrap();
        let idle = ["storage.tsdb.stale_series_compaction_threshold", "storage.tsdb.chunk_encoding"];
        assert_eq!(without_effect(&loaded.config), idle);
    }

    #[test]
    fn what_is_promised_to_nobody_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("prometheus.yml");
        let refused = |text: &str| {
            std::fs::write(&file, text).unwrap();
            source(&file, true).load(&RealFs::new()).unwrap_err()
        };
        let error = refused("tracing: {endpoint: 'localhost:4317'}\n");
        assert!(error.starts_with("tracing: promd exports no traces"), "{error}");
        std::fs::write(folder.path().join("rules.yml"), "groups: [{name: g, rules: [{record: a, expr: '1 +'}]}]\n")
            .unwrap();
        let error = refused("rule_files: [rules.yml]\n");
        assert!(error.contains("rules.yml") && error.contains("unexpected end of input"), "{error}");
        let error = refused("scrape_configs: [{job_name: j, kubernetes_sd_configs: [{role: pod}]}]\n");
        assert!(error.contains("kubernetes"), "{error}");
    }
}
