//! Files with unit tests of rules (`cmd/promtool/unittest.go`).

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use promd_fs::Fs;
use promd_model::{Duration, Labels, Millis};

use crate::error::Error;
use crate::glob::{BadPattern, glob};
use crate::path::{FilePath, parent};
use crate::yaml::parse::MAX_BYTES;
use crate::yaml::value::textual;
use crate::yaml::{Decoder, Dialect, Value, parse};

record! {
    /// Unit tests of rules.
    pub struct UnitTestFile("main.unitTestFile") {
        /// Paths that may hold a `*`.
        rule_files: Vec<FilePath>;
        /// One minute, if it is not given.
        evaluation_interval: Duration, omit;
        /// Which groups are evaluated before which.
        group_eval_order: Vec<String>;
        tests: Vec<UnitTest>;
        /// Whether values may differ by the smallest possible step.
        fuzzy_compare: bool, omit;
    }
}

record! {
    /// One test: series, and what is to be seen of them at some times.
    pub struct UnitTest("main.testGroup") {
        /// Between two samples of a series; that of the file, if it is not given.
        interval: Duration;
        input_series: Vec<InputSeries>;
        alert_rule_test: Vec<AlertTest>, omit;
        promql_expr_test: Vec<ExpressionTest>, omit;
        external_labels: Labels, omit;
        external_url: String, omit;
        name: String, omit;
        start_timestamp: StartTimestamp, omit;
    }
}

record! {
    /// A series in the notation of tests.
    pub struct InputSeries("main.series") {
        series: String;
        values: String;
    }
}

record! {
    /// Which alerts fire at a time.
    pub struct AlertTest("main.alertTestCase") {
        eval_time: Duration;
        alertname: String;
        exp_alerts: Vec<ExpectedAlert>;
    }
}

record! {
    /// An alert that must fire.
    pub struct ExpectedAlert("main.alert") {
        exp_labels: BTreeMap<String, String>;
        exp_annotations: BTreeMap<String, String>;
    }
}

record! {
    /// What an expression gives at a time.
    pub struct ExpressionTest("main.promqlTestCase") {
        expr: String;
        eval_time: Duration;
        exp_samples: Vec<ExpectedSample>;
    }
}

record! {
    /// A sample that must be there.
    pub struct ExpectedSample("main.sample") {
        labels: String;
        value: f64;
        /// In the notation of tests; the value does not matter if there is one.
        histogram: String;
    }
}

section! { UnitTestFile {} }
section! { UnitTest {} }
section! { InputSeries {} }
section! { AlertTest {} }
section! { ExpectedAlert {} }
section! { ExpressionTest {} }
section! { ExpectedSample {} }

/// When the series of a test start: seconds since 1970, or a time as in RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct StartTimestamp {
    /// The time; none is 1970.
    pub time: Option<Millis>,
}

impl fmt::Display for StartTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.time.unwrap_or_default().rfc3339().fmt(f)
    }
}

textual!(StartTimestamp, StartTimestamp::default(), "string", |text| Millis::parse_param(text)
    .map(|time| StartTimestamp { time: Some(time) })
    .map_err(|error| error.to_string()));

/// Why a file with unit tests cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnitTestError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] promd_fs::Error),
    /// The file is not one of unit tests.
    #[error(transparent)]
    File(#[from] Error),
    /// A pattern for rule files is none.
    #[error(transparent)]
    Pattern(#[from] BadPattern),
}

impl UnitTestFile {
    /// Reads a file with unit tests from its text.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in promtool's words.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let document = parse(text)?;
        let mut file = Self::zero();
        Decoder::new(&document, Dialect::V2, true, &|_| None).run(&mut file)?;
        file.check_order().map_err(|text| Error::invalid(None, text))?;
        if file.evaluation_interval == Duration::ZERO {
            file.evaluation_interval = Duration::from_nanos(60_000_000_000);
        }
        for test in file.tests.iter_mut().filter(|test| test.interval == Duration::ZERO) {
            test.interval = file.evaluation_interval;
        }
        Ok(file)
    }

    /// Reads a file with unit tests, and looks up its rule files. Patterns that no file matches are returned.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not one of unit tests, or a pattern is none.
    pub fn load(fs: &dyn Fs, file: &str) -> Result<(Self, Vec<String>), UnitTestError> {
        let text = fs.read_to_vec(Path::new(file), MAX_BYTES as u64)?;
        let mut tests = Self::parse(&text)?;
        tests.rule_files.join_paths(&parent(file));
        let (mut found, mut unmatched) = (Vec::new(), Vec::new());
        for pattern in &tests.rule_files {
            let files = glob(fs, pattern)?;
            if files.is_empty() {
                unmatched.push(pattern.to_string());
            }
            found.extend(files.iter().map(|file| FilePath::new(file)));
        }
        tests.rule_files = found;
        Ok((tests, unmatched))
    }

    fn check_order(&self) -> Result<(), String> {
        let order = &self.group_eval_order;
        match order.iter().enumerate().find(|(at, name)| order.iter().take(*at).any(|earlier| earlier == *name)) {
            Some((_, name)) => Err(format!("group name repeated in evaluation order: {name}")),
            None => Ok(()),
        }
    }
}
