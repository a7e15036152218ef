//! All flags: those of Prometheus 3.14 in its order, and promd's own.
//!
//! A row says what kind of value a flag takes, its name, what it is unless it is given, and what it means; then who may
//! use it, if not everybody, and whether it is hidden or void.

use super::{Flag, Kind, Meaning, Scope};

impl Flag {
    const fn new(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Self {
        Self { name, kind, default, scope: Scope::Both, meaning: Meaning::Kept, hidden: false, help }
    }

    const fn switch(name: &'static str, is_on: bool, help: &'static str) -> Self {
        Self::new(name, Kind::Switch, if is_on { "true" } else { "false" }, help)
    }

    const fn text(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Text, default, help)
    }

    const fn list(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::List, default, help)
    }

    const fn duration(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Duration, default, help)
    }

    const fn bytes(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Bytes, default, help)
    }

    const fn integer(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Integer, default, help)
    }

    const fn float(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Float, default, help)
    }

    const fn one_of(
        name: &'static str,
        values: &'static [&'static str],
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Self::new(name, Kind::OneOf(values), default, help)
    }

    const fn server(self) -> Self {
        Self { scope: Scope::Server, ..self }
    }

    const fn agent(self) -> Self {
        Self { scope: Scope::Agent, ..self }
    }

    const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    const fn void(self) -> Self {
        Self { meaning: Meaning::Void, ..self }
    }
}

/// All flags.
pub(crate) const FLAGS: &[Flag] = &[
    Flag::text(
        "config.file",
        "prometheus.yml",
        "The configuration. If it is not given and there is none, a built-in one scrapes this server.",
    ),
    Flag::switch("config.auto-reload", false, "Read the configuration again when its files change."),
    Flag::duration(
        "config.auto-reload-interval",
        "30s",
        "How often to look for changes of the configuration, at least 1s.",
    ),
    Flag::list("web.listen-address", "0.0.0.0:9090", "Where to listen. May be given several times."),
    Flag::text("web.config.file", "", "The file with certificates, users and headers."),
    Flag::duration(
        "web.read-timeout",
        "5m",
        "How long a request may take to come, and how long a connection may be idle.",
    ),
    Flag::integer("web.max-connections", "512", "How many connections there may be at once, all listeners together."),
    Flag::integer("web.max-notifications-subscribers", "16", "How many clients may follow notifications at once."),
    Flag::text(
        "web.external-url",
        "",
        "The URL under which this server is reached from outside; its path goes before all routes.",
    ),
    Flag::text(
        "web.route-prefix",
        "",
        "What goes before the routes of this server, if it is not the path of --web.external-url.",
    ),
    Flag::text("web.user-assets", "", "A folder with files to be served below /user.").void(),
    Flag::switch("web.enable-lifecycle", false, "Allow reload and quit by HTTP."),
    Flag::switch("web.enable-admin-api", false, "Allow deleting and snapshots by HTTP."),
    Flag::switch("web.enable-remote-write-receiver", false, "Take samples by remote write."),
    Flag::list(
        "web.remote-write-receiver.accepted-protobuf-messages",
        "prometheus.WriteRequest,io.prometheus.write.v2.Request",
        "Which messages of remote write to take. May be given several times.",
    ),
    Flag::switch("web.enable-otlp-receiver", false, "Take samples by OTLP."),
    Flag::text("web.console.templates", "consoles", "The folder with console templates.").void(),
    Flag::text("web.console.libraries", "console_libraries", "The folder with console libraries.").void(),
    Flag::text("web.page-title", "Prometheus Time Series Collection and Processing Server", "The title of pages."),
    Flag::text(
        "web.cors.origin",
        ".*",
        "A regular expression for the origins that may read answers, fully anchored, such as \
         'https?://(a|b)\\.example'.",
    ),
    Flag::switch("auto-gomaxprocs", true, "Go's number of threads.").void(),
    Flag::switch("auto-gomemlimit", true, "Go's limit of memory; see --promd.memory.budget.").void(),
    Flag::float("auto-gomemlimit.ratio", "0.9", "The share of memory for Go, above 0 and up to 1.").void(),
    Flag::duration("auto-gomemlimit.refresh-interval", "0s", "How often Go looks at the limit of memory.").void(),
    Flag::text("storage.tsdb.path", "data/", "Where samples are kept.").server(),
    Flag::duration("storage.tsdb.min-block-duration", "2h", "The length of the shortest blocks.").server().hidden(),
    Flag::duration(
        "storage.tsdb.max-block-duration",
        "",
        "The length of the longest blocks; a tenth of the retention, at most 31d.",
    )
    .server()
    .hidden(),
    Flag::bytes("storage.tsdb.max-block-chunk-segment-size", "", "The largest file of chunks in a block.")
        .server()
        .hidden(),
    Flag::bytes("storage.tsdb.wal-segment-size", "", "The size of a file of the write-ahead log, from 10MB to 256MB.")
        .server()
        .hidden(),
    Flag::duration(
        "storage.tsdb.retention.time",
        "",
        "Deprecated for storage.tsdb.retention.time of the configuration. How long samples are kept; 15d \
         if neither this nor a size is given.",
    )
    .server(),
    Flag::bytes(
        "storage.tsdb.retention.size",
        "",
        "Deprecated for storage.tsdb.retention.size of the configuration. How many bytes blocks may take, \
         with a unit: B, KB, MB, GB, TB, PB, EB.",
    )
    .server(),
    Flag::switch("storage.tsdb.no-lockfile", false, "Do not lock the data directory.").server(),
    Flag::switch("storage.tsdb.allow-overlapping-compaction", true, "Merge blocks that overlap.")
        .server()
        .void()
        .hidden(),
    Flag::switch("storage.tsdb.wal-compression", true, "Compress the write-ahead log.").server().hidden(),
    Flag::one_of(
        "storage.tsdb.wal-compression-type",
        &["snappy", "zstd"],
        "snappy",
        "How the write-ahead log is compressed.",
    )
    .server()
    .hidden(),
    Flag::integer(
        "storage.tsdb.head-chunks-write-queue-size",
        "0",
        "The length of a queue for chunks that go to the disk.",
    )
    .server()
    .void(),
    Flag::integer("storage.tsdb.samples-per-chunk", "120", "How many samples a chunk is meant to have.")
        .server()
        .void()
        .hidden(),
    Flag::integer(
        "storage.tsdb.delayed-compaction.max-percent",
        "10",
        "By how much of its range the compaction of the head may be put off at random.",
    )
    .server()
    .void()
    .hidden(),
    Flag::text(
        "storage.tsdb.delay-compact-file.path",
        "",
        "A file of a Thanos shipper that says which blocks may be compacted.",
    )
    .server()
    .void(),
    Flag::duration(
        "storage.tsdb.block-reload-interval",
        "1m",
        "How often to look for blocks that came or went, at least 1s.",
    )
    .server()
    .hidden(),
    Flag::text("storage.agent.path", "data-agent/", "Where samples are kept until they are sent.").agent(),
    Flag::bytes("storage.agent.wal-segment-size", "", "The size of a file of the write-ahead log.").agent().hidden(),
    Flag::switch("storage.agent.wal-compression", true, "Compress the write-ahead log.").agent(),
    Flag::one_of(
        "storage.agent.wal-compression-type",
        &["snappy", "zstd"],
        "snappy",
        "How the write-ahead log is compressed.",
    )
    .agent()
    .hidden(),
    Flag::duration("storage.agent.wal-truncate-frequency", "", "How often the write-ahead log is cut.")
        .agent()
        .hidden(),
    Flag::duration("storage.agent.retention.min-time", "5m", "How old samples are at least when they are dropped.")
        .agent(),
    Flag::duration("storage.agent.retention.max-time", "4h", "How old samples may be at most, sent or not.").agent(),
    Flag::switch(
        "storage.agent.checkpoint-from-in-memory-series",
        false,
        "Make checkpoints from the series in memory.",
    )
    .agent(),
    Flag::integer("storage.agent.checkpoint-batch-size", "1000", "How many series a record of such a checkpoint has.")
        .agent(),
    Flag::switch("storage.agent.no-lockfile", false, "Do not lock the data directory.").agent(),
    Flag::duration(
        "storage.remote.flush-deadline",
        "1m",
        "How long to wait for samples to be sent when the server stops.",
    ),
    Flag::integer(
        "storage.remote.read-sample-limit",
        "5e7",
        "How many samples one remote read may answer that is not streamed; 0 for no limit.",
    )
    .server(),
    Flag::integer(
        "storage.remote.read-concurrent-limit",
        "10",
        "How many remote reads there may be at once; 0 for no limit.",
    )
    .server(),
    Flag::integer(
        "storage.remote.read-max-bytes-in-frame",
        "1048576",
        "How many bytes a frame of a streamed remote read has at most.",
    )
    .server(),
    Flag::integer("web.search.max-limit", "10000", "The largest limit that a search may ask for; 0 for none.").server(),
    Flag::duration(
        "rules.alert.for-outage-tolerance",
        "1h",
        "How long an outage may last for the state of alerts to be restored.",
    )
    .server(),
    Flag::duration("rules.alert.for-grace-period", "10m", "How long a restored alert waits at least before it fires.")
        .server(),
    Flag::duration("rules.alert.resend-delay", "1m", "How long to wait before an alert is sent again.").server(),
    Flag::integer("rules.max-concurrent-evals", "4", "How many rules of all groups may be evaluated at once.").server(),
    Flag::switch("scrape.adjust-timestamps", true, "Move timestamps of scrapes a little onto their schedule.").hidden(),
    Flag::duration("scrape.timestamp-tolerance", "2ms", "How far timestamps may be moved.").hidden(),
    Flag::integer("alertmanager.notification-queue-capacity", "10000", "How many alerts may wait to be sent.").server(),
    Flag::integer("alertmanager.notification-batch-size", "256", "How many alerts are sent at once.").server(),
    Flag::switch("alertmanager.drain-notification-queue-on-shutdown", true, "Send what waits before the server stops.")
        .server(),
    Flag::duration("query.lookback-delta", "5m", "How old the latest sample of a series may be to count as present.")
        .server(),
    Flag::duration("query.timeout", "2m", "How long a query may take.").server(),
    Flag::integer("query.max-concurrency", "20", "How many queries run at once.").server(),
    Flag::integer("query.max-samples", "50000000", "How many samples one query may hold in memory.").server(),
    Flag::duration("scrape.discovery-reload-interval", "5s", "How often targets that were discovered are taken over.")
        .hidden(),
    Flag::list("enable-feature", "", "Features to turn on, with commas between them. May be given several times."),
    Flag::switch("agent", false, "Only scrape, and send."),
    Flag::one_of(
        "log.level",
        &["debug", "info", "warn", "error"],
        "info",
        "What is logged: debug, info, warn or error and what is worse.",
    ),
    Flag::one_of("log.format", &["logfmt", "json"], "logfmt", "How it is logged: logfmt or json."),
    Flag::switch("write-documentation", false, "Not here.").void().hidden(),
    Flag::bytes(
        "promd.memory.budget",
        "",
        "How much memory promd may use; 60 % of what the machine or the container has, unless it is given.",
    ),
    Flag::integer(
        "promd.head.max-series",
        "0",
        "How many series may be in memory at once; scrapes that bring more keep those that are known. 0 \
         for any number.",
    )
    .server(),
    Flag::text(
        "promd.wal.sync",
        "interval=1s",
        "When the write-ahead log is synced to the disk: segment, interval=DURATION or always.",
    )
    .server(),
];
