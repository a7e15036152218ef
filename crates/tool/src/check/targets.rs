//! Addresses of targets that a configuration names, once relabelled.

use promd_config::{AlertmanagerConfig, Discovery, LabelSet, ScrapeConfig};
use promd_model::{LabelsBuilder, ValidationScheme, quote};
use promd_relabel::{Rule, Rules, Scratch};

/// Whether the targets of a job have addresses that can be asked.
pub(super) fn of_job(job: &ScrapeConfig) -> Result<(), String> {
    let own = [
        ("job", job.job_name.clone()),
        ("__scheme__", job.scheme.clone()),
        ("__metrics_path__", job.metrics_path.clone()),
        ("__scrape_interval__", job.scrape_interval.to_string()),
        ("__scrape_timeout__", job.scrape_timeout.to_string()),
    ];
    let params =
        job.params.iter().filter_map(|(name, values)| Some((format!("__param_{name}"), values.first()?.clone())));
    let own: Vec<(String, String)> =
        own.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(params).collect();
    check(&job.discovery, &own, &job.relabel_configs, job.validation())
        .map_err(|(group, target, error)| format!("instance {target} in group {group}: {error}"))
}

/// Whether Alertmanagers have addresses that can be asked.
pub(super) fn of_alertmanagers(alertmanagers: &AlertmanagerConfig) -> Result<(), String> {
    let own = [
        ("__scheme__".to_owned(), alertmanagers.scheme.clone()),
        ("__alerts_path__".to_owned(), format!("{}/api/v2/alerts", alertmanagers.path_prefix.trim_end_matches('/'))),
    ];
    check(&alertmanagers.discovery, &own, &alertmanagers.relabel_configs, ValidationScheme::Utf8)
        .map_err(|(_, _, error)| error)
}

/// The first target that has no address: of which group, which of it, and why.
fn check(
    discovery: &Discovery,
    own: &[(String, String)],
    rules: &[Rule],
    scheme: ValidationScheme,
) -> Result<(), (usize, usize, String)> {
    // The rules were checked when the configuration was read.
    let Ok(rules) = Rules::new(rules.to_vec(), scheme) else { return Ok(()) };
    let mut scratch = Scratch::new();
    for (group_index, group) in discovery.static_configs.iter().enumerate() {
        for (index, target) in group.targets.iter().enumerate() {
            let mut builder = labels(own, &group.labels, target);
            if rules.apply(&mut builder, &mut scratch) {
                address(&builder).map_err(|error| (group_index, index, error))?;
            }
        }
    }
    Ok(())
}

fn labels(own: &[(String, String)], group: &LabelSet, target: &str) -> LabelsBuilder {
    let mut builder = LabelsBuilder::new();
    for (name, value) in own {
        builder.set(name, value);
    }
    for label in group.iter() {
        builder.set(label.name, label.value);
    }
    builder.set("__address__", target);
    builder
}

fn address(builder: &LabelsBuilder) -> Result<(), String> {
    match builder.get("__address__") {
        None | Some("") => Err("no address".to_owned()),
        Some(address) if address.contains('/') => Err(format!("{} is not a valid hostname", quote::go(address))),
        Some(_) => Ok(()),
    }
}
