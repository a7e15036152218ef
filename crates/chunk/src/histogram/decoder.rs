//! Reading a chunk of histograms.

use promd_model::{Columns, CounterResetHint, FloatHistogram, Histogram, HistogramRow, is_stale};

use super::header::ResetHeader;
use super::kind::{Float, Integer, Kind, Xored};
use super::layout::Layout;
use super::spans::indices;
use super::view::{Side, View};
use crate::ChunkError;
use crate::bits::BitReader;
use crate::start::Starts;
use crate::varbit;

/// Where a reader of a chunk of histograms stands.
#[derive(Debug)]
pub(super) struct Decoder<'a, K: Kind> {
    reader: BitReader<'a>,
    pub(super) header: ResetHeader,
    pub(super) layout: Layout,
    pub(super) t: i64,
    pub(super) delta: i64,
    pub(super) count: K::CountState,
    pub(super) zero_count: K::CountState,
    pub(super) sum: Xored,
    pub(super) positive: Vec<K::BucketState>,
    pub(super) negative: Vec<K::BucketState>,
    pub(super) starts: Option<Starts>,
    read: u32,
    samples: u32,
}

impl<'a, K: Kind> Decoder<'a, K> {
    /// A reader of `bytes`, of the encoding with start timestamps or of that without.
    pub(super) fn new(bytes: &'a [u8], with_starts: bool) -> Result<Self, ChunkError> {
        let mut reader = BitReader::new(bytes);
        let first = reader.u16()?;
        let third = reader.byte()?;
        let (samples, header, starts) = if with_starts {
            let [flags, _] = first.to_be_bytes();
            (first & 0x3fff, flags, Some(Starts::with_header(third)))
        } else {
            (first, third, None)
        };
        Ok(Self {
            reader,
            header: ResetHeader::from_bits(header),
            layout: Layout::default(),
            t: 0,
            delta: 0,
            count: K::CountState::default(),
            zero_count: K::CountState::default(),
            sum: Xored::default(),
            positive: Vec::new(),
            negative: Vec::new(),
            starts,
            read: 0,
            samples: u32::from(samples),
        })
    }

    pub(super) fn samples(&self) -> u32 {
        self.samples
    }

    pub(super) fn position(&self) -> usize {
        self.reader.position()
    }

    pub(super) fn is_stale(&self) -> bool {
        is_stale(self.sum.value())
    }

    /// Moves to the next sample; `false` behind the last.
    pub(super) fn advance(&mut self) -> Result<bool, ChunkError> {
        if self.read == self.samples {
            return Ok(false);
        }
        let before = self.t;
        if self.read == 0 {
            self.first()?;
        } else {
            self.delta = self.delta.wrapping_add(varbit::int(&mut self.reader)?);
            self.t = self.t.wrapping_add(self.delta);
            K::next_count(&mut self.reader, &mut self.count)?;
            K::next_count(&mut self.reader, &mut self.zero_count)?;
            self.sum.read(&mut self.reader)?;
            if !self.is_stale() {
                for state in self.positive.iter_mut().chain(&mut self.negative) {
                    K::next_bucket(&mut self.reader, state)?;
                }
            }
        }
        if let Some(starts) = &mut self.starts {
            if self.read == 0 {
                starts.read_first(&mut self.reader, self.t)?;
            } else {
                // Beyond 127 the index does not matter: every sample has an entry.
                let index = u16::try_from(self.read).unwrap_or(u16::MAX);
                starts.read(&mut self.reader, index, before)?;
            }
        }
        self.read += 1;
        Ok(true)
    }

    fn first(&mut self) -> Result<(), ChunkError> {
        self.layout = Layout::read(&mut self.reader)?;
        self.t = varbit::int(&mut self.reader)?;
        self.count = K::first_count(&mut self.reader)?;
        self.zero_count = K::first_count(&mut self.reader)?;
        self.sum = Xored::read_first(&mut self.reader)?;
        for (spans, states) in
            [(&self.layout.positive, &mut self.positive), (&self.layout.negative, &mut self.negative)]
        {
            let width: u64 = spans.iter().map(|span| u64::from(span.length)).sum();
            let most = self.reader.remaining() / K::FIRST_BUCKET_BITS;
            let width = usize::try_from(width).ok().filter(|width| *width <= most);
            let Some(width) = width else { return Err(self.reader.truncated()) };
            states.reserve_exact(width);
            for _ in 0..width {
                states.push(K::first_bucket(&mut self.reader)?);
            }
        }
        Ok(())
    }

    /// The start of the sample, 0 if it is not known.
    pub(super) fn start(&self) -> i64 {
        self.starts.as_ref().map_or(0, Starts::start)
    }

    /// The hint for the sample.
    fn hint(&self) -> CounterResetHint {
        self.header.hint(self.read.saturating_sub(1))
    }

    /// The sample, in buffers that are used again.
    pub(super) fn view<'b>(
        &'b self,
        positive: &'b mut Vec<K::Bucket>,
        negative: &'b mut Vec<K::Bucket>,
    ) -> View<'b, K> {
        if self.is_stale() {
            return View::stale(self.sum.value());
        }
        for (buckets, states) in [(&mut *positive, &self.positive), (&mut *negative, &self.negative)] {
            buckets.clear();
            buckets.extend(states.iter().map(K::bucket));
        }
        View {
            hint: self.hint(),
            schema: self.layout.schema,
            zero_threshold: self.layout.zero_threshold,
            zero_count: K::count(&self.zero_count),
            count: K::count(&self.count),
            sum: self.sum.value(),
            positive: Side { spans: &self.layout.positive, buckets: positive },
            negative: Side { spans: &self.layout.negative, buckets: negative },
            bounds: &self.layout.bounds,
        }
    }

    /// The observations in the buckets of one side, into a buffer that is used again.
    fn populations(states: &[K::BucketState], into: &mut Vec<K::Count>) {
        let mut before = K::Absolute::default();
        into.clear();
        into.extend(states.iter().map(|state| {
            before = K::absolute(before, K::bucket(state));
            K::population(before)
        }));
    }
}

/// Appends the samples to `columns`; `stale` appends a stale marker with that sum.
fn fill<K: Kind>(
    decoder: &mut Decoder<'_, K>,
    columns: &mut Columns,
    stale: impl Fn(&mut Columns, i64, f64),
) -> Result<(), ChunkError> {
    let (mut positive, mut negative) = (Vec::new(), Vec::new());
    let mut more = decoder.advance()?;
    // Indices must stay in the range that bucket arithmetic is made for.
    if indices(&decoder.layout.positive).chain(indices(&decoder.layout.negative)).any(|i| i32::try_from(i).is_err()) {
        return Err(decoder.reader.invalid("index of a bucket", 0));
    }
    while more {
        if decoder.is_stale() {
            stale(columns, decoder.t, decoder.sum.value());
            more = decoder.advance()?;
            continue;
        }
        let layout = decoder.layout.clone();
        let mut run = columns.begin_histogram_run::<K::Count>(layout.borrow());
        while more && !decoder.is_stale() {
            Decoder::<K>::populations(&decoder.positive, &mut positive);
            Decoder::<K>::populations(&decoder.negative, &mut negative);
            let row = HistogramRow {
                t: decoder.t,
                start: decoder.start(),
                counter_reset_hint: decoder.hint(),
                count: K::count(&decoder.count),
                zero_count: K::count(&decoder.zero_count),
                sum: decoder.sum.value(),
                positive: &positive,
                negative: &negative,
            };
            run.push(&row).map_err(|_| decoder.reader.truncated())?;
            more = decoder.advance()?;
        }
    }
    Ok(())
}

/// Appends all samples of a chunk of integer histograms (encoding 2, or 5 with starts) to columns.
pub(crate) fn decode_histograms(bytes: &[u8], with_starts: bool, columns: &mut Columns) -> Result<(), ChunkError> {
    fill(&mut Decoder::<Integer>::new(bytes, with_starts)?, columns, |columns, t, sum| {
        // Without buckets there is nothing that could disagree.
        let _ = columns.push_histogram(t, &Histogram { sum, ..Histogram::default() });
    })
}

/// Appends all samples of a chunk of float histograms (encoding 3, or 6 with starts) to columns.
pub(crate) fn decode_float_histograms(
    bytes: &[u8],
    with_starts: bool,
    columns: &mut Columns,
) -> Result<(), ChunkError> {
    fill(&mut Decoder::<Float>::new(bytes, with_starts)?, columns, |columns, t, sum| {
        let _ = columns.push_float_histogram(t, &FloatHistogram { sum, ..FloatHistogram::default() });
    })
}
