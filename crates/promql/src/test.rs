//! Test scripts in the notation of Prometheus (`promql/promqltest`): data, queries, and what they must answer.
//!
//! As there, an instant query is evaluated several times: as it stands, with `@` on its selectors at other times, and as a
//! range.
//!
//! ```
//! use promd_promql::test::run;
//!
//! let report = run("example.test", "
//!     load 5m
//!       http_requests_total{job=\"api\"} 0+10x10
//!
//!     eval instant at 50m rate(http_requests_total[50m])
//!       {job=\"api\"} 0.03333333333333333
//! ");
//! assert_eq!(report.to_string(), "example.test: 1 passed, 0 failed");
//! ```

mod again;
mod compare;
mod load;
mod script;

use std::fmt;

use promd_storage::{MemStorage, Storage};

use crate::{Engine, EngineOptions, Query};
use load::Data;
use script::Command;

/// What became of a script.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// What the script is called.
    pub name: String,
    /// How many evaluations answered what they must.
    pub passed: usize,
    /// Those that did not.
    pub failures: Vec<Failure>,
}

/// What went wrong.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// Where the command starts, from 1 on.
    pub line: usize,
    /// What was expected, and what came.
    pub error: String,
}

/// `FILE: N passed, M failed`, and a line for each failure.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} passed, {} failed", self.name, self.passed, self.failures.len())?;
        self.failures.iter().try_for_each(|failure| write!(f, "\n  line {}: {}", failure.line, failure.error))
    }
}

/// Runs a script with the settings of Prometheus' own tests: everything experimental is on.
#[must_use]
pub fn run(name: &str, script: &str) -> Report {
    run_with(name, script, &Engine::new(EngineOptions::everything()))
}

/// Runs a script with an engine.
#[must_use]
pub fn run_with(name: &str, script: &str, engine: &Engine) -> Report {
    let mut report = Report { name: name.to_owned(), ..Report::default() };
    let mut data = Data::default();
    let mut storage = MemStorage::new();
    for command in script::parse(script) {
        let outcome = match &command {
            Command::Clear => {
                data.clear();
                storage = MemStorage::new();
                continue;
            }
            Command::Bad { line, error } => (*line, Err(error.clone())),
            Command::Load(load) => {
                let loaded = data.load(load).and_then(|()| data.storage());
                match loaded {
                    Ok(loaded) => {
                        storage = loaded;
                        continue;
                    }
                    Err(error) => (load.line, Err(error)),
                }
            }
            Command::Eval(eval) => (eval.line, evaluate(eval, &storage, engine)),
        };
        match outcome {
            (_, Ok(())) => report.passed += 1,
            (line, Err(error)) => report.failures.push(Failure { line, error }),
        }
    }
    report
}

fn evaluate(eval: &script::Eval<'_>, storage: &dyn Storage, engine: &Engine) -> Result<(), String> {
    let query = match eval.step {
        None => Query::instant(eval.text, eval.start),
        Some(step) => Query::range(eval.text, eval.start, eval.end, step),
    };
    let answer = engine.run(&query, storage);
    let mut result = compare::check(eval, answer);
    if eval.step.is_none() {
        result = result.and_then(|()| again::check(eval, storage, engine));
    }
    result.map_err(|error| format!("{}: {error}", eval.text))
}
