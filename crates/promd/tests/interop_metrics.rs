//! promd's own families beside those of the real Prometheus: every one that is not there has a reason.
#![expect(clippy::unwrap_used, reason = "a test that cannot do its work fails")]

mod support;

use std::collections::BTreeMap;

use promd_testkit::Server;

use support::{config, promd, value};

/// Beginnings of names that Prometheus 3.5.3 has and promd has not, and why.
const ABSENT: &[(&str, &str)] = &[
    ("go_gc_", "there is no collector of garbage"),
    ("go_info", "there is no Go"),
    ("go_memstats_", "there is no heap of Go's; the families that dashboards draw are there"),
    ("go_sched_", "there is no scheduler of Go's"),
    ("go_sync_", "there are no mutexes of Go's"),
    ("net_conntrack_", "connections are counted under prometheus_http_* and process_open_fds"),
    ("prometheus_remote_", "remote write and remote read are not here"),
    ("prometheus_rule_", "rules are not here"),
    ("prometheus_sd_kubernetes_", "a configuration with this mechanism is refused by name"),
    ("prometheus_sd_linode_", "a configuration with this mechanism is refused by name"),
    ("prometheus_template_", "templates are expanded by rules and consoles, which are not here"),
    ("prometheus_treecache_", "a configuration with this mechanism is refused by name"),
    ("prometheus_tsdb_checkpoint_deletions_", "a checkpoint goes with the writing of the next"),
    ("prometheus_tsdb_compaction_chunk_", "statistics of chunks are asked of `promd tool tsdb analyze`"),
    ("prometheus_tsdb_compaction_populating_block", "blocks are written as a stream, without this stage"),
    ("prometheus_tsdb_compactions_skipped_total", "nothing is skipped"),
    ("prometheus_tsdb_head_chunks_created_total", "chunks are created and removed by the slot; the gauge is there"),
    ("prometheus_tsdb_head_chunks_removed_total", "the same"),
    ("prometheus_tsdb_head_gc_duration_seconds", "the head collects no garbage apart from its truncation"),
    ("prometheus_tsdb_head_truncations_failed_total", "a truncation that fails is a compaction that failed"),
    ("prometheus_tsdb_isolation_", "readers see one moment without watermarks"),
    ("prometheus_tsdb_mmap_chunk", "head chunks that are damaged are under /api/v1/status/damage"),
    (
        "prometheus_tsdb_out_of_bound_samples_total",
        "they are counted where they come from: prometheus_target_scrapes_*",
    ),
    ("prometheus_tsdb_out_of_order_samples_total", "the same"),
    ("prometheus_tsdb_snapshot_replay_error_total", "a snapshot of the head is not read"),
    ("prometheus_tsdb_symbol_table_size_bytes", "symbols stay on the disk"),
    ("prometheus_tsdb_too_old_samples_total", "they are counted where they come from: prometheus_target_scrapes_*"),
];

/// Families that have another type than in 3.5.3, and why.
const OTHERWISE: &[(&str, &str)] =
    &[("prometheus_tsdb_wal_truncate_duration_seconds", "the quantiles of a thing that happens every two hours")];

fn families(server: &Server) -> BTreeMap<String, String> {
    let text = server.get("/metrics").text();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.filter_map(|line| line.split_once(' ')).map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

#[test]
fn every_family_of_prometheus_is_there_or_has_a_reason() {
    let Some(prometheus) = promd_testkit::peer("prometheus") else { return };
    let all = [prometheus, promd()].map(|program| {
        let folder = tempfile::tempdir().unwrap();
        let target = support::serve(|_, stream| support::answer(stream, "", b"a 1\n")).to_string();
        let server = Server::launch(&program, folder.path()).config(config("1s", &[("t", &target, "")])).start();
        // Families whose labels are the names of queries' parts and of intervals come with the first of these.
        value(&server, "count_over_time(a[1h]) > 2");
        families(&server)
    });
    let [real, own] = all;
    assert!(real.len() > 150, "{real:?}");
    let reason = |name: &str, of: &[(&str, &str)]| of.iter().any(|(beginning, _)| name.starts_with(beginning));
    let mut missing = Vec::new();
    for (name, kind) in &real {
        match own.get(name) {
            None if !reason(name, ABSENT) => missing.push(name.clone()),
            Some(other) if other != kind && !reason(name, OTHERWISE) => {
                missing.push(format!("{name} is a {kind}, and here a {other}"));
            }
            _ => {}
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    let idle: Vec<_> = ABSENT
        .iter()
        .filter(|(beginning, _)| !real.keys().any(|name| name.starts_with(beginning) && !own.contains_key(name)))
        .collect();
    assert!(idle.is_empty(), "these reasons are for nothing: {idle:#?}");
}
