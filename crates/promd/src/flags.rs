//! The command line of the server, as kingpin reads it: `--name=value`, `--name value`, `--name` and `--no-name`.
//!
//! All that is known of a flag stands in one table (`table`): what it means, what it is unless it is given, who may use it.
//! Help, the page `status/flags` and the checks come from there.

mod help;
mod table;

use std::collections::BTreeMap;

use promd_model::{ByteSize, Duration, float, quote};

pub(crate) use help::help;
pub(crate) use table::FLAGS;

/// What values a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// None: it is given or not.
    Switch,
    /// Any text.
    Text,
    /// Any text, and it may be given several times.
    List,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A duration.
    Duration,
    /// A number of bytes.
    Bytes,
    /// A whole number.
    Integer,
    /// A number.
    Float,
}

/// Who may use a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everybody.
    Both,
    /// A server that has a database.
    Server,
    /// A server that only scrapes and sends.
    Agent,
}

/// What becomes of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It does what it says.
    Kept,
    /// It is about Go's runtime, or about something that is not here: it is taken, and a line in the log says so.
    Void,
}

/// What is known of a flag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flag {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What it is unless it is given.
    pub(crate) default: &'static str,
    pub(crate) scope: Scope,
    pub(crate) meaning: Meaning,
    /// Whether help leaves it out.
    pub(crate) hidden: bool,
    pub(crate) help: &'static str,
}

/// The flags of a command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    given: BTreeMap<&'static str, Vec<String>>,
}

/// What is wrong with a command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FlagError {
    #[error("unknown long flag '--{name}'")]
    Unknown { name: String, suggestion: Option<&'static str> },
    #[error("unknown short flag '-{0}'")]
    UnknownShort(char),
    #[error("expected argument for flag '--{0}'")]
    NoValue(&'static str),
    #[error("unexpected {0}")]
    Stray(String),
    #[error("flag '--{0}' cannot be repeated")]
    Repeated(&'static str),
    #[error("{0}")]
    Value(String),
}

/// What a command line asks for.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    /// A server.
    Server(Flags),
    /// The text that explains flags.
    Help,
    /// What this is.
    Version,
}

impl Flags {
    /// Reads a command line, without the name of the program.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Asked, FlagError> {
        let mut flags = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let Some(long) = argument.strip_prefix("--") else {
                match argument.strip_prefix('-').and_then(|short| short.chars().next()) {
                    Some('h') => return Ok(Asked::Help),
                    Some(other) => return Err(FlagError::UnknownShort(other)),
                    None => return Err(FlagError::Stray(argument)),
                }
            };
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            match name {
                "help" | "help-long" | "help-man" => return Ok(Asked::Help),
                "version" => return Ok(Asked::Version),
                _ => {}
            }
            let (flag, inverted) = find(name).ok_or_else(|| unknown(name))?;
            let text = match (flag.kind, value) {
                (Kind::Switch, None) => (!inverted).to_string(),
                (Kind::Switch, Some(value)) => return Err(FlagError::Stray(value)),
                (_, _) if inverted => return Err(unknown(name)),
                (_, Some(value)) => value,
                (_, None) => {
                    // What looks like a flag is one; such a value is given with `=`.
                    let next = arguments.next().filter(|next| next == "-" || !next.starts_with('-'));
                    next.ok_or(FlagError::NoValue(flag.name))?
                }
            };
            flag.check(&text)?;
            let values = flags.given.entry(flag.name).or_default();
            if !values.is_empty() && flag.kind != Kind::List {
                return Err(FlagError::Repeated(flag.name));
            }
            values.push(text);
        }
        Ok(Asked::Server(flags))
    }

    /// The value of a flag, or what it is unless it is given.
    pub(crate) fn text(&self, name: &str) -> &str {
        match self.given.get(name).and_then(|values| values.last()) {
            Some(value) => value,
            None => find(name).map_or("", |(flag, _)| flag.default),
        }
    }

    /// The value of a flag, if it is given.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.given.get(name).and_then(|values| values.last()).map(String::as_str)
    }

    /// All values of a flag.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        match self.given.get(name) {
            Some(values) => values.iter().map(String::as_str).collect(),
            None => Some(self.text(name)).filter(|text| !text.is_empty()).into_iter().collect(),
        }
    }

    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    /// What a flag says, where its kind promises that it can be said so; nothing for an empty text.
    pub(crate) fn duration(&self, name: &str) -> Option<std::time::Duration> {
        self.text(name).parse::<Duration>().ok()?.to_std()
    }

    pub(crate) fn bytes(&self, name: &str) -> Option<u64> {
        self.text(name).parse::<ByteSize>().ok().map(ByteSize::bytes).and_then(|size| u64::try_from(size).ok())
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        integer(self.text(name))
    }

    pub(crate) fn float(&self, name: &str) -> Option<f64> {
        float::parse(self.text(name).as_bytes()).ok()
    }

    /// All flags that the other kind of server has, of those that are given.
    pub(crate) fn of_scope(&self, scope: Scope) -> Vec<String> {
        let given = FLAGS.iter().filter(|flag| flag.scope == scope && self.given.contains_key(flag.name));
        given.map(|flag| format!("--{}", flag.name)).collect()
    }

    /// Flags that were given and mean nothing here.
    pub(crate) fn void(&self) -> impl Iterator<Item = &'static str> {
        FLAGS
            .iter()
            .filter(|flag| flag.meaning == Meaning::Void && self.given.contains_key(flag.name))
            .map(|flag| flag.name)
    }

    /// All flags with their values.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        let value = |flag: &Flag| match flag.kind {
            Kind::List => self.list(flag.name).join(","),
            Kind::Duration if self.text(flag.name).is_empty() => "0s".to_owned(),
            Kind::Bytes if self.text(flag.name).is_empty() => "0B".to_owned(),
            Kind::Switch if self.text(flag.name).is_empty() => "false".to_owned(),
            _ => self.text(flag.name).to_owned(),
        };
        FLAGS.iter().map(|flag| (flag.name.to_owned(), value(flag))).collect()
    }
}

impl Flag {
    fn check(&self, text: &str) -> Result<(), FlagError> {
        let wrong = |why: String| FlagError::Value(why);
        match self.kind {
            Kind::Switch | Kind::Text | Kind::List => Ok(()),
            Kind::OneOf(values) if values.contains(&text) => Ok(()),
            Kind::OneOf(values) if self.name == "log.level" || self.name == "log.format" => {
                let what = if self.name == "log.level" { "level" } else { "format" };
                let _ = values;
                Err(wrong(format!("unrecognized log {what} {text}")))
            }
            Kind::OneOf(values) => Err(wrong(format!("enum value must be one of {}, got '{text}'", values.join(",")))),
            Kind::Duration => text.parse::<Duration>().map(drop).map_err(|error| wrong(error.to_string())),
            Kind::Bytes => text.parse::<ByteSize>().map(drop).map_err(|error| wrong(error.to_string())),
            Kind::Integer => integer(text)
                .map(drop)
                .ok_or_else(|| wrong(format!("strconv.ParseFloat: parsing {}: invalid syntax", quote::go(text)))),
            Kind::Float => float::parse(text.as_bytes())
                .map(drop)
                .map_err(|_| wrong(format!("strconv.ParseFloat: parsing {}: invalid syntax", quote::go(text)))),
        }
    }
}

/// Whole numbers may be written as `5e7`.
fn integer(text: &str) -> Option<i64> {
    let number = float::parse(text.as_bytes()).ok().filter(|number| number.is_finite())?;
    #[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates")]
    Some(number.trunc() as i64)
}

/// The flag of a name, and whether the name turns it off.
fn find(name: &str) -> Option<(&'static Flag, bool)> {
    let named = |name: &str| FLAGS.iter().find(|flag| flag.name == name);
    if let Some(flag) = named(name) {
        return Some((flag, false));
    }
    named(name.strip_prefix("no-")?).map(|flag| (flag, true))
}

fn unknown(name: &str) -> FlagError {
    let nearest = FLAGS.iter().map(|flag| (distance(name, flag.name), flag.name)).min();
    // Further away than this it is another word.
    let suggestion = nearest.filter(|(distance, _)| *distance <= name.len() / 3).map(|(_, name)| name);
    FlagError::Unknown { name: name.to_owned(), suggestion }
}

/// How many bytes have to be put in, taken out or changed to make one text of the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let above = *cell;
            left = if x == y { diagonal } else { 1 + diagonal.min(above).min(left) };
            diagonal = above;
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Flags, String> {
        match Flags::parse(arguments.iter().map(|argument| (*argument).to_owned())) {
            Ok(Asked::Server(flags)) => Ok(flags),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    #[track_caller]
    fn check(arguments: &[&str], name: &str, expected: &str) {
        assert_eq!(parse(arguments).unwrap().text(name), expected, "{arguments:?}");
    }

    /// What Prometheus 3.5.3 does with these.
    #[test]
    fn flags_are_read_as_kingpin_reads_them() {
        check(&[], "config.file", "prometheus.yml");
        check(&["--config.file=a=b"], "config.file", "a=b");
        check(&["--config.file", "x"], "config.file", "x");
        check(&["--web.enable-lifecycle"], "web.enable-lifecycle", "true");
        check(&["--no-web.enable-lifecycle"], "web.enable-lifecycle", "false");
        check(&["--no-storage.tsdb.no-lockfile"], "storage.tsdb.no-lockfile", "false");
        let flags = parse(&["--web.listen-address=a", "--web.listen-address=b"]).unwrap();
        assert_eq!(flags.list("web.listen-address"), ["a", "b"]);
        assert_eq!(parse(&["--query.max-samples=5e3"]).unwrap().integer("query.max-samples"), Some(5000));
    }

    #[track_caller]
    fn refused(arguments: &[&str], expected: &str) {
        assert_eq!(parse(arguments).unwrap_err(), expected, "{arguments:?}");
    }

    /// The texts of Prometheus 3.5.3.
    #[test]
    fn mistakes_are_named() {
        refused(&["--nope"], "unknown long flag '--nope'");
        refused(&["-x"], "unknown short flag '-x'");
        refused(&["--config.file"], "expected argument for flag '--config.file'");
        refused(&["--config.file", "--agent"], "expected argument for flag '--config.file'");
        refused(&["stray"], "unexpected stray");
        refused(&["--web.enable-lifecycle=false"], "unexpected false");
        refused(&["--no-config.file=x"], "unknown long flag '--no-config.file'");
        refused(&["--query.timeout=x"], "not a valid duration string: \"x\"");
        refused(&["--config.file=a", "--config.file=b"], "flag '--config.file' cannot be repeated");
    }

    #[test]
    fn what_was_meant_is_suggested() {
        let meant = |name: &str| match unknown(name) {
            FlagError::Unknown { suggestion, .. } => suggestion,
            _ => None,
        };
        assert_eq!(meant("storage.tsdb.retention-time"), Some("storage.tsdb.retention.time"));
        assert_eq!(meant("web.listen-adress"), Some("web.listen-address"));
        assert_eq!(meant("xyzzy"), None);
    }

    #[test]
    fn every_default_is_a_value() {
        for flag in FLAGS.iter().filter(|flag| !flag.default.is_empty()) {
            assert_eq!(flag.check(flag.default), Ok(()), "{}", flag.name);
        }
    }
}
