//! The log, as Prometheus writes it: logfmt or JSON, one line an event, on stderr.

use std::fmt::{self, Write as _};
use std::io;

use promd_clock::{Clock, RealClock, WallTime};
use promd_model::{Millis, float, quote};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Logfmt,
    Json,
}

/// Begins to log. Only the first call counts.
pub(crate) fn start(level: &str, style: Style) {
    let level = match level {
        "debug" => LevelFilter::DEBUG,
        "warn" => LevelFilter::WARN,
        "error" => LevelFilter::ERROR,
        _ => LevelFilter::INFO,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .event_format(Lines { style, clock: RealClock::new() })
        .finish();
    tracing::subscriber::set_global_default(subscriber).ok();
}

struct Lines {
    style: Style,
    clock: RealClock,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let file = metadata.file().map_or("", |path| path.rsplit('/').next().unwrap_or(path));
        let source = format!("{file}:{}", metadata.line().unwrap_or_default());
        let now = self.clock.wall();
        let time = match self.style {
            Style::Logfmt => stamp(Millis(now.millis())),
            Style::Json => nanos_stamp(now),
        };
        let line = line(self.style, &time, *metadata.level(), &source, &fields);
        writer.write_str(&line)
    }
}

/// A time with exactly three digits of milliseconds.
pub(crate) fn stamp(at: Millis) -> String {
    format!("{}.{:03}Z", seconds(at.0.div_euclid(1000)), at.0.rem_euclid(1000))
}

/// A time with as many digits as it has, which is how lines of JSON tell it.
pub(crate) fn nanos_stamp(at: WallTime) -> String {
    let (whole, nanos) = (seconds(at.nanos().div_euclid(1_000_000_000)), at.nanos().rem_euclid(1_000_000_000));
    let fraction = format!(".{nanos:09}");
    format!("{whole}{}Z", fraction.trim_end_matches('0').trim_end_matches('.'))
}

fn seconds(whole: i64) -> String {
    Millis(whole.saturating_mul(1000)).rfc3339().to_string().trim_end_matches('Z').to_owned()
}

/// The fields of an event in their order, the message apart.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, Value)>,
}

enum Value {
    Text(String),
    /// What JSON has without quotes.
    Bare(String),
}

impl Fields {
    fn push(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::Text(text) | Value::Bare(text)) => self.message = text,
            (name, value) => self.others.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.push(field, Value::Text(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, Value::Text(value.to_owned()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, Value::Bare(value.to_string()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, Value::Bare(value.to_string()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, Value::Bare(value.to_string()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let text = float::g(value);
        self.push(field, if value.is_finite() { Value::Bare(text) } else { Value::Text(text) });
    }
}

fn line(style: Style, time: &str, level: Level, source: &str, fields: &Fields) -> String {
    let mut out = String::with_capacity(160);
    // Writing to a string does not fail.
    let _ = match style {
        Style::Logfmt => write!(out, "time={time} level={level} source={source} msg={}", text(&fields.message)),
        Style::Json => write!(
            out,
            "{{\"time\":\"{time}\",\"level\":\"{level}\",\"source\":{},\"msg\":{}",
            json(source),
            json(&fields.message)
        ),
    };
    for (name, value) in &fields.others {
        let _ = match (style, value) {
            (Style::Logfmt, Value::Text(value) | Value::Bare(value)) => write!(out, " {name}={}", text(value)),
            (Style::Json, Value::Text(value)) => write!(out, ",\"{name}\":{}", json(value)),
            (Style::Json, Value::Bare(value)) => write!(out, ",\"{name}\":{value}"),
        };
    }
    out.push_str(if style == Style::Json { "}\n" } else { "\n" });
    out
}

/// A value of logfmt, in quotes if it needs them (`needsQuoting` of Go's `log/slog`).
fn text(value: &str) -> String {
    let plain = |c: char| c != '"' && c != '=' && c != ' ' && quote::is_printable(c) && c != '\u{fffd}';
    if !value.is_empty() && value.chars().all(plain) { value.to_owned() } else { quote::go(value).to_string() }
}

fn json(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        let others = vec![
            ("component", Value::Text("web".to_owned())),
            ("err", Value::Text("a \"b\"".to_owned())),
            ("count", Value::Bare("3".to_owned())),
            ("empty", Value::Text(String::new())),
        ];
        Fields { message: "Listening on".to_owned(), others }
    }

    /// The layout of Prometheus 3.5.3's own lines.
    #[test]
    fn lines_are_those_of_slog() {
        let expected = "time=1970-01-01T00:00:01.005Z level=INFO source=web.rs:7 msg=\"Listening on\" component=web \
                        err=\"a \\\"b\\\"\" count=3 empty=\"\"\n";
        let time = stamp(Millis(1005));
        assert_eq!(line(Style::Logfmt, &time, Level::INFO, "web.rs:7", &fields()), expected);
        let expected = "{\"time\":\"1970-01-01T00:00:01.005Z\",\"level\":\"INFO\",\"source\":\"web.rs:7\",\
                        \"msg\":\"Listening on\",\"component\":\"web\",\"err\":\"a \\\"b\\\"\",\"count\":3,\"empty\":\"\"}\n";
        assert_eq!(line(Style::Json, &time, Level::INFO, "web.rs:7", &fields()), expected);
    }

    /// Go's `time.RFC3339Nano`.
    #[test]
    fn times_in_json_have_all_their_digits() {
        assert_eq!(nanos_stamp(WallTime::from_nanos(1_005_000_070)), "1970-01-01T00:00:01.00500007Z");
        assert_eq!(nanos_stamp(WallTime::from_nanos(2_000_000_000)), "1970-01-01T00:00:02Z");
    }

    #[test]
    fn texts_are_quoted_where_they_must_be() {
        assert_eq!(text("a/b:c"), "a/b:c");
        assert_eq!(text("a=b"), "\"a=b\"");
        assert_eq!(text("a\nb"), "\"a\\nb\"");
    }
}
