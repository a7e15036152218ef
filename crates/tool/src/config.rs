//! `config`: what a change of a configuration would do.

mod diff;

use std::io::{self, Write};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use promd_config::{Config as Configuration, Options};
use serde_json::{Value, json};

use crate::Context;
use diff::{Change, Diff, Job, Jobs, Side, Target};

/// The exit code of a difference, where it is asked for.
const DIFFERENT: u8 = 3;

#[derive(Debug, Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compare two configurations: jobs, their fields and static targets, and everything else.
    Diff(Compare),
}

#[derive(Debug, Args)]
struct Compare {
    /// The configuration that is.
    #[arg(value_name = "OLD")]
    old: String,
    /// The configuration that is to be.
    #[arg(value_name = "NEW")]
    new: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Exit with 3 where there is a difference.
    #[arg(long)]
    exit_code: bool,
}

impl Config {
    pub(crate) fn execute(self, context: &mut Context<'_>) -> anyhow::Result<u8> {
        let Command::Diff(Compare { old, new, json, exit_code }) = self.command;
        let (old, new) = (load(&old, context)?, load(&new, context)?);
        let diff = Diff::new(&old, &new)?;
        if json {
            writeln!(context.out, "{:#}", as_json(&diff))?;
        } else {
            print(&diff, context.out)?;
        }
        Ok(if exit_code && !diff.is_empty() { DIFFERENT } else { 0 })
    }
}

fn load(file: &str, context: &Context<'_>) -> anyhow::Result<Side> {
    let options = Options::default();
    let config = Configuration::load(&*context.fs, file, &options).with_context(|| file.to_owned())?;
    let jobs = config.all_scrape_configs(&*context.fs, &options).with_context(|| file.to_owned())?;
    Ok(Side::new(file, config, jobs))
}

fn print(diff: &Diff, out: &mut dyn Write) -> io::Result<()> {
    if diff.is_empty() {
        return writeln!(out, "no differences");
    }
    for change in &diff.settings {
        writeln!(out, "{}", line(change))?;
    }
    let Jobs { added, removed, changed } = &diff.jobs;
    for (what, sign, jobs) in [("added", '+', added), ("removed", '-', removed)] {
        for Job { name, targets } in jobs {
            writeln!(out, "job {name:?} {what}: {}", count(targets.len()))?;
            for target in targets {
                writeln!(out, "  {sign} {target}")?;
            }
        }
    }
    for job in changed {
        writeln!(out, "job {:?} changed: {} affected", job.name, count(job.affected()))?;
        for change in &job.fields {
            writeln!(out, "  {}", line(change))?;
        }
        for (sign, targets) in [('-', &job.removed), ('+', &job.added)] {
            for target in targets {
                writeln!(out, "  {sign} {target}")?;
            }
        }
    }
    Ok(())
}

fn count(targets: usize) -> String {
    format!("{targets} static target{}", if targets == 1 { "" } else { "s" })
}

fn line(change: &Change) -> String {
    let Change { field, old, new } = change;
    match (old, new) {
        (None, new) => format!("{field}: added {}", short(new.as_ref())),
        (old, None) => format!("{field}: removed {}", short(old.as_ref())),
        (Some(Value::String(old)), Some(Value::String(new))) if old == new => format!("{field}: {old} changed"),
        (old, new) => format!("{field}: {} -> {}", short(old.as_ref()), short(new.as_ref())),
    }
}

/// A value on one line.
fn short(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) if !text.is_empty() && !text.contains(['\n', '"']) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

fn as_json(diff: &Diff) -> Value {
    let changes = |changes: &[Change]| -> Vec<Value> {
        let value = |Change { field, old, new }: &Change| json!({ "field": field, "old": old, "new": new });
        changes.iter().map(value).collect()
    };
    let targets = |targets: &[Target]| -> Vec<Value> {
        let value = |Target { address, labels }: &Target| json!({ "address": address, "labels": labels });
        targets.iter().map(value).collect()
    };
    let jobs = |jobs: &[Job]| -> Vec<Value> {
        jobs.iter().map(|job| json!({ "job": job.name, "targets": targets(&job.targets) })).collect()
    };
    let changed = diff.jobs.changed.iter().map(|job| {
        json!({
            "job": job.name,
            "fields": changes(&job.fields),
            "targets": {
                "added": targets(&job.added),
                "removed": targets(&job.removed),
                "affected": job.affected(),
            },
        })
    });
    json!({
        "settings": changes(&diff.settings),
        "jobs": {
            "added": jobs(&diff.jobs.added),
            "removed": jobs(&diff.jobs.removed),
            "changed": changed.collect::<Vec<_>>(),
        },
    })
}
