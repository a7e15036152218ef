//! Parameters that mean something: times, durations, limits, selectors. The texts of errors are those of
//! `web/api/v1/api.go`.

use promd_model::{Duration, Interval, Matcher, Millis, quote};
use promd_promql_parser::Parser;

use crate::{ApiError, Form};

type Result<T> = std::result::Result<T, ApiError>;

impl Form {
    /// A time that must be said.
    pub(crate) fn time(&self, name: &str) -> Result<Millis> {
        Millis::parse_param(self.value(name)).map_err(|error| ApiError::parameter(name, error))
    }

    /// A time that may be left out.
    pub(crate) fn time_or(&self, name: &str, default: Millis) -> Result<Millis> {
        let Some(text) = self.given(name) else { return Ok(default) };
        Millis::parse_param(text)
            .map_err(|error| ApiError::parameter(name, format_args!("invalid time value for '{name}': {error}")))
    }

    /// `start` and `end`, which are all time unless they are said.
    pub(crate) fn times(&self) -> Result<Interval> {
        let start = self.time_or("start", Millis::API_MIN)?;
        let end = self.time_or("end", Millis::API_MAX)?;
        Ok(Interval::new(start.0, end.0))
    }

    /// A duration that must be said.
    pub(crate) fn duration(&self, name: &str) -> Result<Duration> {
        Duration::parse_param(self.value(name)).map_err(|error| ApiError::parameter(name, error))
    }

    /// A duration that may be left out.
    pub(crate) fn duration_if_given(&self, name: &str) -> Result<Option<Duration>> {
        self.given(name).map(|_| self.duration(name)).transpose()
    }

    /// How many results are wanted at most. Nobody who asks for 0 wants nothing: it stands for no limit.
    pub(crate) fn limit(&self) -> Result<Option<usize>> {
        let Some(text) = self.given("limit") else { return Ok(None) };
        let limit = atoi(text).map_err(|why| ApiError::parameter("limit", why))?;
        match usize::try_from(limit) {
            Ok(0) => Ok(None),
            Ok(limit) => Ok(Some(limit)),
            Err(_) => Err(ApiError::parameter("limit", "limit must be non-negative")),
        }
    }

    /// The selectors of `match[]`. Each must name at least one series of its own accord.
    pub(crate) fn selectors(&self, parser: &Parser) -> Result<Vec<Vec<Matcher>>> {
        let mut selectors = Vec::new();
        for text in self.all("match[]") {
            selectors.push(parser.parse_selector(text).map_err(ApiError::bad_data)?);
        }
        if selectors.iter().any(|matchers| matchers.iter().all(Matcher::matches_empty)) {
            return Err(ApiError::bad_data("match[] must contain at least one non-empty matcher"));
        }
        Ok(selectors)
    }
}

/// Go's `strconv.Atoi`, with the text of its errors.
pub(crate) fn atoi(text: &str) -> std::result::Result<i64, String> {
    integer("Atoi", text, 64)
}

/// Go's `strconv.ParseInt` of a decimal number of so many bits, with the text of its errors.
pub(crate) fn parse_int(text: &str, bits: u32) -> std::result::Result<i64, String> {
    integer("ParseInt", text, bits)
}

fn integer(function: &str, text: &str, bits: u32) -> std::result::Result<i64, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let largest = i64::MAX >> (64 - bits);
    let why = match text.parse() {
        Ok(number) if (!largest..=largest).contains(&number) => return Ok(number),
        Err(_) if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) => "invalid syntax",
        _ => "value out of range",
    };
    Err(format!("strconv.{function}: parsing {}: {why}", quote::go(text)))
}

/// Go's `strconv.ParseBool`.
pub(crate) fn parse_bool(text: &str) -> std::result::Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        other => Err(format!("strconv.ParseBool: parsing {}: invalid syntax", quote::go(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: std::fmt::Debug + PartialEq>(
        query: &str,
        read: impl Fn(&Form) -> Result<T>,
        expected: std::result::Result<T, &str>,
    ) {
        let got = read(&Form::of_query(query)).map_err(|error| error.to_string());
        assert_eq!(got, expected.map_err(str::to_owned), "{query}");
    }

    /// The texts are those that Prometheus 3.5.3 answers with.
    #[test]
    fn wrong_parameters_are_named() {
        let now = Millis(7);
        let time = |form: &Form| form.time_or("time", now);
        check("", time, Ok(now));
        check("time=1.5", time, Ok(Millis(1500)));
        let text = r#"invalid parameter "time": invalid time value for 'time': cannot parse "x" to a valid timestamp"#;
        check("time=x", time, Err(text));
        let start = |form: &Form| form.time("start");
        check("", start, Err(r#"invalid parameter "start": cannot parse "" to a valid timestamp"#));
        let limit = |form: &Form| form.limit();
        check("limit=0", limit, Ok(None));
        check("limit=12", limit, Ok(Some(12)));
        check("limit=-1", limit, Err(r#"invalid parameter "limit": limit must be non-negative"#));
        let text = r#"invalid parameter "limit": strconv.Atoi: parsing "a": invalid syntax"#;
        check("limit=a", limit, Err(text));
        let text = r#"invalid parameter "limit": strconv.Atoi: parsing "99999999999999999999": value out of range"#;
        check("limit=99999999999999999999", limit, Err(text));
        let step = |form: &Form| form.duration("step").map(Duration::as_millis);
        check("step=1m", step, Ok(60_000));
        check("step=", step, Err(r#"invalid parameter "step": cannot parse "" to a valid duration"#));
        let text = r#"invalid parameter "step": cannot parse "1e20" to a valid duration. It overflows int64"#;
        check("step=1e20", step, Err(text));
    }

    #[test]
    fn a_selector_must_select() {
        let selectors = |form: &Form| form.selectors(&Parser::default()).map(|all| all.len());
        check("match[]=up&match[]={a=\"b\"}", selectors, Ok(2));
        check("match[]={a=~\".*\"}", selectors, Err("match[] must contain at least one non-empty matcher"));
        check("match[]={", selectors, Err("1:2: parse error: unexpected end of input inside braces"));
    }
}
