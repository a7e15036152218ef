//! All flags: those of Prometheus 3.14 in its order, and promd's own.

use super::Kind::{Bytes, Duration, Float, Integer, List, OneOf, Switch, Text};
use super::Meaning::{Kept, Void};
use super::Scope::{Agent, Both, Server};
use super::{Flag, Kind, Meaning, Scope};

const fn flag(name: &'static str, kind: Kind, default: &'static str, scope: Scope, help: &'static str) -> Flag {
    Flag { name, kind, default, scope, meaning: Kept, hidden: false, help }
}

const fn hidden(flag: Flag) -> Flag {
    Flag { hidden: true, ..flag }
}

const fn void(flag: Flag) -> Flag {
    let meaning: Meaning = Void;
    Flag { meaning, ..flag }
}

/// All flags.
pub(crate) const FLAGS: &[Flag] = &[
    flag("config.file", Text, "prometheus.yml", Both, "The configuration. If it is not given and there is none, a built-in one scrapes this server."),
    flag("config.auto-reload", Switch, "false", Both, "Read the configuration again when its files change."),
    flag("config.auto-reload-interval", Duration, "30s", Both, "How often to look for changes of the configuration, at least 1s."),
    flag("web.listen-address", List, "0.0.0.0:9090", Both, "Where to listen. May be given several times."),
    flag("web.config.file", Text, "", Both, "The file with certificates, users and headers."),
    flag("web.read-timeout", Duration, "5m", Both, "How long a request may take to come, and how long a connection may be idle."),
    flag("web.max-connections", Integer, "512", Both, "How many connections there may be at once, all listeners together."),
    flag("web.max-notifications-subscribers", Integer, "16", Both, "How many clients may follow notifications at once."),
    flag("web.external-url", Text, "", Both, "The URL under which this server is reached from outside; its path goes before all routes."),
    flag("web.route-prefix", Text, "", Both, "What goes before the routes of this server, if it is not the path of --web.external-url."),
    void(flag("web.user-assets", Text, "", Both, "A folder with files to be served below /user.")),
    flag("web.enable-lifecycle", Switch, "false", Both, "Allow reload and quit by HTTP."),
    flag("web.enable-admin-api", Switch, "false", Both, "Allow deleting and snapshots by HTTP."),
    flag("web.enable-remote-write-receiver", Switch, "false", Both, "Take samples by remote write."),
    flag("web.remote-write-receiver.accepted-protobuf-messages", List, "prometheus.WriteRequest,io.prometheus.write.v2.Request", Both, "Which messages of remote write to take. May be given several times."),
    flag("web.enable-otlp-receiver", Switch, "false", Both, "Take samples by OTLP."),
    void(flag("web.console.templates", Text, "consoles", Both, "The folder with console templates.")),
    void(flag("web.console.libraries", Text, "console_libraries", Both, "The folder with console libraries.")),
    flag("web.page-title", Text, "Prometheus Time Series Collection and Processing Server", Both, "The title of pages."),
    flag("web.cors.origin", Text, ".*", Both, "A regular expression for the origins that may read answers, fully anchored, such as 'https?://(a|b)\\.example'."),
    void(flag("auto-gomaxprocs", Switch, "true", Both, "Go's number of threads.")),
    void(flag("auto-gomemlimit", Switch, "true", Both, "Go's limit of memory; see --promd.memory.budget.")),
    void(flag("auto-gomemlimit.ratio", Float, "0.9", Both, "The share of memory for Go, above 0 and up to 1.")),
    void(flag("auto-gomemlimit.refresh-interval", Duration, "0s", Both, "How often Go looks at the limit of memory.")),
    flag("storage.tsdb.path", Text, "data/", Server, "Where samples are kept."),
    hidden(flag("storage.tsdb.min-block-duration", Duration, "2h", Server, "The length of the shortest blocks.")),
    hidden(flag("storage.tsdb.max-block-duration", Duration, "", Server, "The length of the longest blocks; a tenth of the retention, at most 31d.")),
    hidden(flag("storage.tsdb.max-block-chunk-segment-size", Bytes, "", Server, "The largest file of chunks in a block.")),
    hidden(flag("storage.tsdb.wal-segment-size", Bytes, "", Server, "The size of a file of the write-ahead log, from 10MB to 256MB.")),
    flag("storage.tsdb.retention.time", Duration, "", Server, "Deprecated for storage.tsdb.retention.time of the configuration. How long samples are kept; 15d if neither this nor a size is given."),
    flag("storage.tsdb.retention.size", Bytes, "", Server, "Deprecated for storage.tsdb.retention.size of the configuration. How many bytes blocks may take, with a unit: B, KB, MB, GB, TB, PB, EB."),
    flag("storage.tsdb.no-lockfile", Switch, "false", Server, "Do not lock the data directory."),
    hidden(void(flag("storage.tsdb.allow-overlapping-compaction", Switch, "true", Server, "Merge blocks that overlap."))),
    hidden(flag("storage.tsdb.wal-compression", Switch, "true", Server, "Compress the write-ahead log.")),
    hidden(flag("storage.tsdb.wal-compression-type", OneOf(&["snappy", "zstd"]), "snappy", Server, "How the write-ahead log is compressed.")),
    void(flag("storage.tsdb.head-chunks-write-queue-size", Integer, "0", Server, "The length of a queue for chunks that go to the disk.")),
    hidden(void(flag("storage.tsdb.samples-per-chunk", Integer, "120", Server, "How many samples a chunk is meant to have."))),
    hidden(void(flag("storage.tsdb.delayed-compaction.max-percent", Integer, "10", Server, "By how much of its range the compaction of the head may be put off at random."))),
    void(flag("storage.tsdb.delay-compact-file.path", Text, "", Server, "A file of a Thanos shipper that says which blocks may be compacted.")),
    hidden(flag("storage.tsdb.block-reload-interval", Duration, "1m", Server, "How often to look for blocks that came or went, at least 1s.")),
    flag("storage.agent.path", Text, "data-agent/", Agent, "Where samples are kept until they are sent."),
    hidden(flag("storage.agent.wal-segment-size", Bytes, "", Agent, "The size of a file of the write-ahead log.")),
    flag("storage.agent.wal-compression", Switch, "true", Agent, "Compress the write-ahead log."),
    hidden(flag("storage.agent.wal-compression-type", OneOf(&["snappy", "zstd"]), "snappy", Agent, "How the write-ahead log is compressed.")),
    hidden(flag("storage.agent.wal-truncate-frequency", Duration, "", Agent, "How often the write-ahead log is cut.")),
    flag("storage.agent.retention.min-time", Duration, "5m", Agent, "How old samples are at least when they are dropped."),
    flag("storage.agent.retention.max-time", Duration, "4h", Agent, "How old samples may be at most, sent or not."),
    flag("storage.agent.checkpoint-from-in-memory-series", Switch, "false", Agent, "Make checkpoints from the series in memory."),
    flag("storage.agent.checkpoint-batch-size", Integer, "1000", Agent, "How many series a record of such a checkpoint has."),
    flag("storage.agent.no-lockfile", Switch, "false", Agent, "Do not lock the data directory."),
    flag("storage.remote.flush-deadline", Duration, "1m", Both, "How long to wait for samples to be sent when the server stops."),
    flag("storage.remote.read-sample-limit", Integer, "5e7", Server, "How many samples one remote read may answer that is not streamed; 0 for no limit."),
    flag("storage.remote.read-concurrent-limit", Integer, "10", Server, "How many remote reads there may be at once; 0 for no limit."),
    flag("storage.remote.read-max-bytes-in-frame", Integer, "1048576", Server, "How many bytes a frame of a streamed remote read has at most."),
    flag("web.search.max-limit", Integer, "10000", Server, "The largest limit that a search may ask for; 0 for none."),
    flag("rules.alert.for-outage-tolerance", Duration, "1h", Server, "How long an outage may last for the state of alerts to be restored."),
    flag("rules.alert.for-grace-period", Duration, "10m", Server, "How long a restored alert waits at least before it fires."),
    flag("rules.alert.resend-delay", Duration, "1m", Server, "How long to wait before an alert is sent again."),
    flag("rules.max-concurrent-evals", Integer, "4", Server, "How many rules of all groups may be evaluated at once."),
    hidden(flag("scrape.adjust-timestamps", Switch, "true", Both, "Move timestamps of scrapes a little onto their schedule.")),
    hidden(flag("scrape.timestamp-tolerance", Duration, "2ms", Both, "How far timestamps may be moved.")),
    flag("alertmanager.notification-queue-capacity", Integer, "10000", Server, "How many alerts may wait to be sent."),
    flag("alertmanager.notification-batch-size", Integer, "256", Server, "How many alerts are sent at once."),
    flag("alertmanager.drain-notification-queue-on-shutdown", Switch, "true", Server, "Send what waits before the server stops."),
    flag("query.lookback-delta", Duration, "5m", Server, "How old the latest sample of a series may be to count as present."),
    flag("query.timeout", Duration, "2m", Server, "How long a query may take."),
    flag("query.max-concurrency", Integer, "20", Server, "How many queries run at once."),
    flag("query.max-samples", Integer, "50000000", Server, "How many samples one query may hold in memory."),
    hidden(flag("scrape.discovery-reload-interval", Duration, "5s", Both, "How often targets that were discovered are taken over.")),
    flag("enable-feature", List, "", Both, "Features to turn on, with commas between them. May be given several times."),
    flag("agent", Switch, "false", Both, "Only scrape, and send."),
    flag("log.level", OneOf(&["debug", "info", "warn", "error"]), "info", Both, "What is logged: debug, info, warn or error and what is worse."),
    flag("log.format", OneOf(&["logfmt", "json"]), "logfmt", Both, "How it is logged: logfmt or json."),
    hidden(void(flag("write-documentation", Switch, "false", Both, "Not here."))),
    flag("promd.memory.budget", Bytes, "", Both, "How much memory promd may use; 60 % of what the machine or the container has, unless it is given."),
    flag("promd.wal.sync", Text, "interval=1s", Server, "When the write-ahead log is synced to the disk: segment, interval=DURATION or always."),
];
