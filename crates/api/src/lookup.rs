//! Questions about labels, series and exemplars.

use std::collections::BTreeSet;

use promd_model::{EscapingScheme, Interval, Labels, Matcher, ValidationScheme, float};
use promd_promql_parser::{Expr, Parser};
use promd_storage::{Hints, LabelQuery, Listed, Reader, Select, Series, SeriesExemplars, Storage, Warnings};

use crate::queries::Tab;
use crate::reply::Reply;
use crate::{ApiError, Form, json};

/// What is said when there was more than was asked for.
pub(crate) const TRUNCATED: &str = "results truncated due to limit";

/// Which labels, of which series, how many.
pub(crate) struct LabelsAsked {
    /// The values of this label; without one, the names of labels.
    name: Option<String>,
    times: Interval,
    selectors: Vec<Vec<Matcher>>,
    limit: Option<usize>,
}

impl LabelsAsked {
    pub(crate) fn of(form: &Form, parser: &Parser, name: Option<&str>) -> Result<Self, ApiError> {
        let name = name.map(|name| match name.starts_with("U__") {
            true => EscapingScheme::Values.unescape(name).into_owned(),
            false => name.to_owned(),
        });
        if let Some(name) = name.as_ref().filter(|name| !ValidationScheme::Utf8.is_label_name(name)) {
            return Err(ApiError::bad_data(format_args!("invalid label name: {}", promd_model::quote::go(name))));
        }
        let limit = form.limit()?;
        Ok(Self { name, times: form.times()?, selectors: form.selectors(parser)?, limit })
    }

    pub(crate) fn answer(self, storage: &dyn Storage, tab: &mut Tab) -> Result<Reply, ApiError> {
        let reader = storage.reader(self.times)?;
        let Listed { mut texts, mut warnings } = match &*self.selectors {
            [] => self.ask(&*reader, &[])?,
            [matchers] => self.ask(&*reader, matchers)?,
            several => {
                let (mut all, mut warnings) = (BTreeSet::new(), Warnings::new());
                for matchers in several {
                    let listed = self.ask(&*reader, matchers)?;
                    all.extend(listed.texts);
                    warnings.extend(listed.warnings);
                }
                Listed { texts: all.into_iter().collect(), warnings }
            }
        };
        if let Some(limit) = self.limit.filter(|limit| texts.len() > *limit) {
            texts.truncate(limit);
            warnings.add(TRUNCATED);
        }
        tab.texts(texts.iter().map(String::as_str))?;
        Ok(Reply::list(texts, json::value).warn(texts_of(&warnings)).holding(std::mem::take(tab)))
    }

    fn ask(&self, reader: &dyn Reader, matchers: &[Matcher]) -> Result<Listed, ApiError> {
        // One more than is wanted shows that there are more.
        let limit = self.limit.map(|limit| limit.saturating_add(1));
        let query = LabelQuery { limit, ..LabelQuery::new(matchers, self.times) };
        Ok(match &self.name {
            Some(name) => reader.label_values(name, &query)?,
            None => reader.label_names(&query)?,
        })
    }
}

/// Which series, how many.
pub(crate) struct SeriesAsked {
    times: Interval,
    selectors: Vec<Vec<Matcher>>,
    limit: Option<usize>,
}

impl SeriesAsked {
    pub(crate) fn of(form: &Form, parser: &Parser) -> Result<Self, ApiError> {
        if let Some(error) = form.error() {
            return Err(ApiError::bad_data(format_args!("error parsing form values: {error}")));
        }
        if form.all("match[]").next().is_none() {
            return Err(ApiError::bad_data("no match[] parameter provided"));
        }
        let (limit, times) = (form.limit()?, form.times()?);
        let selectors = form.selectors(parser).map_err(|error| ApiError::parameter("match[]", error))?;
        Ok(Self { times, selectors, limit })
    }

    pub(crate) fn answer(self, storage: &dyn Storage, tab: &mut Tab) -> Result<Reply, ApiError> {
        let reader = storage.reader(self.times)?;
        let (mut found, mut warnings) = (Vec::new(), Warnings::new());
        let wanted = self.limit.map_or(usize::MAX, |limit| limit.saturating_add(1));
        let hints = Hints { function: Some("series"), labels_only: true, ..Hints::default() };
        for matchers in &self.selectors {
            let mut select = Select::new(matchers, self.times).with_hints(hints);
            if self.selectors.len() > 1 {
                select = select.ordered();
            }
            if let Some(limit) = self.limit {
                select = select.with_limit(limit.saturating_add(1));
            }
            let mut set = reader.select(&select)?;
            let (mut series, mut count) = (Series::default(), 0);
            while count < wanted && set.next(&mut series)? {
                tab.labels(&series.labels)?;
                found.push(series.labels.clone());
                count += 1;
            }
            warnings.extend(set.warnings());
        }
        if self.selectors.len() > 1 {
            found.sort_unstable();
            found.dedup();
        }
        if let Some(limit) = self.limit.filter(|limit| found.len() > *limit) {
            found.truncate(limit);
            warnings.add(TRUNCATED);
        }
        let reply = Reply::list(found, |out, labels: &Labels| json::labels(out, labels.view()));
        Ok(reply.warn(texts_of(&warnings)).holding(std::mem::take(tab)))
    }
}

/// The exemplars of the series that an expression is about.
pub(crate) struct ExemplarsAsked {
    times: Interval,
    selectors: Vec<Vec<Matcher>>,
}

impl ExemplarsAsked {
    /// `None` if the expression is about no series.
    pub(crate) fn of(form: &Form, parser: &Parser) -> Result<Option<Self>, ApiError> {
        let times = form.times()?;
        if times.max < times.min {
            return Err(ApiError::bad_data("end timestamp must not be before start timestamp"));
        }
        let expr = parser.parse(form.value("query")).map_err(ApiError::bad_data)?;
        let mut selectors = Vec::new();
        expr.walk(&mut |node, _| match node {
            Expr::Vector(vector) => selectors.push(vector.all_matchers()),
            Expr::Matrix(matrix) => selectors.push(matrix.vector.all_matchers()),
            _ => {}
        });
        Ok((!selectors.is_empty()).then_some(Self { times, selectors }))
    }

    pub(crate) fn answer(self, storage: &dyn Storage) -> Result<Reply, ApiError> {
        let exemplars = storage.reader(self.times)?.exemplars(&self.selectors, self.times)?;
        Ok(Reply::list(exemplars, write_exemplars))
    }
}

fn write_exemplars(out: &mut Vec<u8>, series: &SeriesExemplars) {
    out.extend_from_slice(br#"{"seriesLabels":"#);
    json::labels(out, series.labels.view());
    out.extend_from_slice(br#","exemplars":["#);
    for (index, exemplar) in series.exemplars.iter().enumerate() {
        out.extend_from_slice(if index == 0 { br#"{"labels":"#.as_slice() } else { br#",{"labels":"# });
        json::labels(out, exemplar.labels.view());
        out.extend_from_slice(br#","value":"#);
        float::write_json(out, exemplar.value);
        out.extend_from_slice(br#","timestamp":"#);
        exemplar.timestamp.write_json(out);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}

/// The texts of warnings, and how many more there were.
pub(crate) fn texts_of(warnings: &Warnings) -> Vec<String> {
    let more = (warnings.more() > 0).then(|| format!("{} more warnings", warnings.more()));
    warnings.texts().map(str::to_owned).chain(more).collect()
}
