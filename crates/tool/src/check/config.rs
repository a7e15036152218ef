//! Configurations, and the files that they name.

use std::io;

use promd_config::{ClientTls, Config, Discovery, Options as ConfigOptions, ScrapeConfig, glob};
use promd_model::{Duration, quote};

use super::rules::{self, RuleLints};
use super::{Verdict, exists, targets};
use crate::Context;

pub(super) struct Options<'c> {
    pub(super) syntax_only: bool,
    pub(super) agent: bool,
    /// What intervals are compared with, if they are.
    pub(super) lookback: Option<Duration>,
    pub(super) lints: RuleLints<'c>,
}

pub(super) fn check(files: &[String], options: &Options<'_>, context: &mut Context<'_>) -> io::Result<Verdict> {
    let mut verdict = Verdict::Fine;
    for file in files {
        writeln!(context.out, "Checking {file}")?;
        let checked = check_file(file, options, context)?;
        let (rule_files, jobs) = match checked {
            Ok(checked) => {
                if !checked.0.is_empty() {
                    writeln!(context.out, "  SUCCESS: {} rule files found", checked.0.len())?;
                }
                writeln!(context.out, " SUCCESS: {file} is valid prometheus config file syntax")?;
                checked
            }
            Err(error) => {
                writeln!(context.err, "  FAILED: {error}")?;
                verdict = Verdict::Wrong;
                (Vec::new(), Vec::new())
            }
        };
        writeln!(context.out)?;
        if !options.syntax_only {
            verdict = verdict.max(long_intervals(&jobs, options, context)?);
            verdict = verdict.max(rules::check(&rule_files, &options.lints, context)?);
        }
    }
    Ok(verdict)
}

type Checked = Result<(Vec<String>, Vec<ScrapeConfig>), String>;

/// The rule files that a configuration names, and its jobs.
fn check_file(file: &str, options: &Options<'_>, context: &mut Context<'_>) -> io::Result<Checked> {
    let mut config_options = ConfigOptions::default();
    config_options.agent = options.agent;
    let fs = &*context.fs;
    let config = match Config::load(fs, file, &config_options) {
        Ok(config) => config,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let mut rule_files = Vec::new();
    let mut jobs = config.scrape_configs.to_vec();
    if !options.syntax_only {
        for pattern in &config.rule_files {
            match glob(fs, pattern) {
                Err(error) => return Ok(Err(error.to_string())),
                Ok(found) if found.is_empty() && !pattern.contains('*') => {
                    return Ok(Err(format!("{} does not point to an existing file", quote::go(&**pattern))));
                }
                Ok(found) => rule_files.extend(found),
            }
        }
        jobs = match config.all_scrape_configs(fs, &config_options) {
            Ok(jobs) => jobs,
            Err(error) => return Ok(Err(format!("error loading scrape configs: {error}"))),
        };
    }
    for job in &jobs {
        let credentials = job.http.authorization.as_ref().map(|authorization| &*authorization.credentials_file);
        if let Some(file) =
            credentials.filter(|file| !options.syntax_only && !file.is_empty() && !exists(file, context))
        {
            let what = "error checking authorization credentials or bearer token file";
            return Ok(Err(missing(what, file)));
        }
        if let Err(error) = tls(&job.http.tls, options, context) {
            return Ok(Err(error));
        }
        target_files(&job.discovery, &format!("scrape job {}", quote::go(&job.job_name)), options, context)?;
        if let Err(error) = targets::of_job(job) {
            return Ok(Err(error));
        }
    }
    for alertmanagers in &config.alerting.alertmanagers {
        target_files(&alertmanagers.discovery, "alertmanager config", options, context)?;
        if let Err(error) = targets::of_alertmanagers(alertmanagers) {
            return Ok(Err(error));
        }
    }
    Ok(Ok((rule_files, jobs)))
}

fn missing(what: &str, file: &str) -> String {
    format!("{what} {}: stat {file}: no such file or directory", quote::go(file))
}

fn tls(tls: &ClientTls, options: &Options<'_>, context: &Context<'_>) -> Result<(), String> {
    let (cert, key) = (&*tls.cert_file, &*tls.key_file);
    if !cert.is_empty() && key.is_empty() {
        return Err(format!("client cert file {} specified without client key file", quote::go(cert)));
    }
    if !key.is_empty() && cert.is_empty() {
        return Err(format!("client key file {} specified without client cert file", quote::go(key)));
    }
    for (what, file) in [("error checking client cert file", cert), ("error checking client key file", key)] {
        if !options.syntax_only && !file.is_empty() && !exists(file, context) {
            return Err(missing(what, file));
        }
    }
    Ok(())
}

/// Warns of files with targets that are not there; they may come later.
fn target_files(
    discovery: &Discovery,
    whose: &str,
    options: &Options<'_>,
    context: &mut Context<'_>,
) -> io::Result<()> {
    if options.syntax_only {
        return Ok(());
    }
    for pattern in discovery.file.iter().flat_map(|files| &files.files) {
        if glob(&*context.fs, pattern).is_ok_and(|found| found.is_empty()) {
            let pattern = quote::go(&**pattern);
            writeln!(context.out, "  WARNING: file {pattern} for file_sd in {whose} does not exist")?;
        }
    }
    Ok(())
}

/// A series is stale between two scrapes that are as far apart as queries look back.
fn long_intervals(jobs: &[ScrapeConfig], options: &Options<'_>, context: &mut Context<'_>) -> io::Result<Verdict> {
    let Some(lookback) = options.lookback.filter(|lookback| *lookback > Duration::ZERO) else {
        return Ok(Verdict::Fine);
    };
    let Some(job) = jobs.iter().find(|job| job.scrape_interval >= lookback) else { return Ok(Verdict::Fine) };
    writeln!(
        context.err,
        "  FAILED: too long scrape interval found, data point will be marked as stale - job: {}, interval: {}",
        job.job_name, job.scrape_interval
    )?;
    Ok(Verdict::Found)
}
