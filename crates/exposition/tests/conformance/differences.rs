//! Where Prometheus 3.5.3, which was asked, differs from 3.14, which counts.

use crate::data::Expect;
use crate::scraper::Scraped;

/// A change between the two.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Difference {
    /// 3.5.3 took the bare name of a label that is followed by `,` or `}` for the metric's name, cut at both ends, and
    /// panicked if there was nothing to cut.
    BareLabelName,
    /// 3.5.3 panics; 3.14 has an error.
    Panic,
    /// 3.5.3 asks for the start of each classic histogram that it converts, and OpenMetrics' `_created` series are not
    /// yielded any more from the first time on. 3.14 only asks where the start is wanted.
    CreatedSeries,
    /// 3.14 finds in the parser that spans do not fit their buckets, and 3.5.3 in storage.
    SpansInParser,
}

impl Difference {
    /// The upstream change.
    pub(crate) const fn upstream(self) -> &'static str {
        match self {
            Self::BareLabelName => "a bare label name is no metric name (prometheus#18229)",
            Self::Panic => "a body that 3.5.3 panics on is an error",
            Self::CreatedSeries => "a conversion does not make `_created` series vanish",
            Self::SpansInParser => "spans that do not fit are an error of the parser",
        }
    }

    /// The change that explains why `scraped` is not what `expect` says, if one does.
    pub(crate) fn between(expect: &Expect, scraped: &Scraped) -> Option<Self> {
        let error = scraped.error.as_deref()?;
        if expect.ref_crashes {
            return Some(Self::Panic);
        }
        let spans = error.starts_with("histogram \"") && error.contains(" side: spans require ");
        if spans && expect.error.ends_with("histogram spans specify different number of buckets than provided") {
            return Some(Self::SpansInParser);
        }
        let bare = ["expected equal, got \",", "expected equal, got \"}"].iter().any(|text| error.starts_with(text));
        let known = expect.is_up()
            || expect.error.starts_with("metric name already set while parsing: ")
            || expect.error.starts_with("expected label name, got \",")
            || expect.error.starts_with("expected label name, got \"}");
        (bare && known).then_some(Self::BareLabelName)
    }
}
