//! Native histograms with custom buckets (NHCB), made of classic ones.
//!
//! [`NhcbParser`] stands over another parser. Series that follow each other, belong to a family of type histogram
//! and have their name (without suffix) and their labels (without `le`) in common are one histogram, which is yielded
//! behind them. The rules are those of Prometheus (`model/textparse/nhcbparse.go`):
//!
//! * Everything else, metadata and comments included, passes through and ends the histogram at hand.
//! * The classic series are left out, unless [`Options::keep_classic_histograms`] says otherwise. If they make no
//!   histogram (their counts fall, say), they are left out all the same and nothing takes their place.
//! * Classic series behind a native histogram with the same labels are not converted.
//! * Exemplars of all series go to the histogram, in their order; its start timestamp is that of the first
//!   series, and its time that of the last. (Prometheus takes the time of the series behind it if there is one.)
//!
//! What is collected is copied, since the parser below goes on; the memory is used again. [`ProtobufParser`] has whole
//! histograms at hand, and converts them itself by the same [`Converter`](convert::Converter).
//!
//! [`ProtobufParser`]: crate::ProtobufParser

mod convert;
mod store;

use promd_model::{FloatHistogram, Histogram};

use crate::entry::{Detail, Exemplar, HistogramRef, Sample};
use crate::{Entry, MetricType, Options, ParseError, Parser};
use store::{Exemplars, Identity, Role};

pub(crate) use convert::{Converter, Form};
pub(crate) use store::StoredLabels;

/// A parser that converts the classic histograms of another one.
#[derive(Debug)]
pub struct NhcbParser<P> {
    inner: P,
    options: Options,
    /// The family at hand: whether it is of classic histograms, and its name.
    is_histogram: bool,
    family: String,
    /// The entry of the parser below.
    seen: Seen,
    seen_identity: Identity,
    state: State,
    /// What is collected, or what inhibits to collect.
    identity: Identity,
    converter: Converter,
    exemplars: Exemplars,
    timestamp: Option<i64>,
    start_timestamp: Option<i64>,
    /// Whether the entry at hand is the histogram, and that of the parser below comes after it.
    emitting: bool,
    emitted: Emitted,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Seen {
    End,
    Series(Role),
    Histogram,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Collecting,
    /// A native histogram was there, and its classic series are not to be converted.
    Inhibiting,
}

/// The histogram that is yielded.
#[derive(Debug)]
struct Emitted {
    identity: Identity,
    form: Form,
    integer: Histogram,
    float: FloatHistogram,
    exemplars: Exemplars,
    timestamp: Option<i64>,
    start_timestamp: Option<i64>,
}

impl<P: Parser> NhcbParser<P> {
    /// A parser that converts what `inner` yields.
    #[must_use]
    pub fn new(inner: P, options: Options) -> Self {
        let emitted = Emitted {
            identity: Identity::default(),
            form: Form::Integer,
            integer: Histogram::default(),
            float: FloatHistogram::default(),
            exemplars: Exemplars::default(),
            timestamp: None,
            start_timestamp: None,
        };
        Self {
            inner,
            options,
            is_histogram: false,
            family: String::new(),
            seen: Seen::Other,
            seen_identity: Identity::default(),
            state: State::Idle,
            identity: Identity::default(),
            converter: Converter::default(),
            exemplars: Exemplars::default(),
            timestamp: None,
            start_timestamp: None,
            emitting: false,
            emitted,
        }
    }

    /// Looks at the entry of the parser below.
    fn look(&mut self) {
        self.seen = match self.inner.entry() {
            Entry::Type { name, metric_type } => {
                self.family.clear();
                self.family.push_str(name);
                self.is_histogram = metric_type == MetricType::Histogram;
                Seen::Other
            }
            Entry::Series(sample) if self.is_histogram => {
                let role = self.seen_identity.read_classic(&sample);
                let own = self.seen_identity.name() == self.family.as_bytes();
                Seen::Series(if own { role } else { Role::None })
            }
            Entry::Series(_) => Seen::Series(Role::None),
            Entry::Histogram(sample) => {
                self.seen_identity.read_native(&sample);
                Seen::Histogram
            }
            _ => Seen::Other,
        };
    }

    /// Whether the entry of the parser below belongs to what is collected or inhibits.
    fn is_of_same_histogram(&self) -> bool {
        matches!(self.seen, Seen::Series(_))
            && self.is_histogram
            && self.seen_identity.as_bytes() == self.identity.as_bytes()
    }

    /// Makes a histogram of what is collected, and says whether there is one.
    fn emit(&mut self) -> bool {
        if self.state != State::Collecting {
            return false;
        }
        let emitted = &mut self.emitted;
        let form = self.converter.convert(&mut emitted.integer, &mut emitted.float).ok().filter(|form| match form {
            Form::Integer => emitted.integer.validate().is_ok(),
            Form::Float => emitted.float.validate().is_ok(),
        });
        if let Some(form) = form {
            emitted.form = form;
            std::mem::swap(&mut emitted.identity, &mut self.identity);
            std::mem::swap(&mut emitted.exemplars, &mut self.exemplars);
            emitted.timestamp = self.timestamp;
            emitted.start_timestamp = self.start_timestamp;
        }
        self.state = State::Idle;
        self.emitting = form.is_some();
        self.emitting
    }

    /// Takes the entry of the parser below in, and says whether it was collected.
    fn collect(&mut self) -> bool {
        if self.seen == Seen::Histogram {
            std::mem::swap(&mut self.identity, &mut self.seen_identity);
            self.state = State::Inhibiting;
        }
        let (Seen::Series(role), Entry::Series(sample)) = (self.seen, self.inner.entry()) else { return false };
        if self.state == State::Inhibiting {
            if self.is_of_same_histogram() {
                return false;
            }
            self.state = State::Idle;
        }
        if role == Role::None {
            return false;
        }
        if self.state == State::Idle {
            self.state = State::Collecting;
            std::mem::swap(&mut self.identity, &mut self.seen_identity);
            self.converter.clear();
            self.exemplars.clear();
            // It is only asked for where somebody wants it: over text it may cost another look at the body.
            self.start_timestamp = if self.options.skip_created_series { sample.start_timestamp() } else { None };
        }
        self.timestamp = sample.timestamp;
        sample.exemplars().for_each(|exemplar| self.exemplars.push(exemplar));
        match role {
            Role::Bucket(upper_bound) => self.converter.add_bucket(upper_bound, sample.value),
            Role::Sum => self.converter.set_sum(sample.value),
            Role::Count => self.converter.set_count(sample.value),
            Role::None => {}
        }
        true
    }
}

impl<P: Parser> Parser for NhcbParser<P> {
    fn advance(&mut self) -> Result<bool, ParseError> {
        loop {
            if !std::mem::take(&mut self.emitting) {
                if self.inner.advance()? {
                    self.look();
                } else {
                    self.seen = Seen::End;
                }
                if !self.is_of_same_histogram() && self.emit() {
                    return Ok(true);
                }
            }
            if self.seen == Seen::End {
                return Ok(false);
            }
            if !self.collect() || self.options.keep_classic_histograms {
                return Ok(true);
            }
        }
    }

    fn entry(&self) -> Entry<'_> {
        if !self.emitting {
            return self.inner.entry();
        }
        let Emitted { identity, form, integer, float, timestamp, .. } = &self.emitted;
        let value = match form {
            Form::Integer => HistogramRef::Integer(integer),
            Form::Float => HistogramRef::Float(float),
        };
        Entry::Histogram(Sample { series: identity.as_bytes(), value, timestamp: *timestamp, detail: &self.emitted })
    }
}

impl Detail for Emitted {
    fn labels(&self, label: &mut dyn FnMut(&str, &str)) {
        self.identity.for_each_label(label);
    }

    fn exemplar(&self, cursor: &mut usize) -> Option<Exemplar<'_>> {
        let exemplar = self.exemplars.get(*cursor)?;
        *cursor += 1;
        Some(exemplar)
    }

    fn start_timestamp(&self) -> Option<i64> {
        self.start_timestamp
    }
}
