//! Which series of one vector meets which of the other.

use hashbrown::HashMap;
use promd_budget::Charge;
use promd_model::{Labels, LabelsBuilder, METRIC_NAME};
use promd_promql_parser::ast::{Cardinality, VectorMatching};

use super::{changes_metric, pair};
use crate::QueryError;
use crate::column::{Column, Point, Series, is_metadata};
use crate::error::Result;
use crate::eval::{Evaluator, Sink};
use crate::plan::{Binary, Node};

/// The labels by which series meet, numbered.
pub(super) struct Signatures<'a> {
    matching: &'a VectorMatching,
    known: HashMap<Labels, usize>,
}

impl<'a> Signatures<'a> {
    pub(super) fn new(matching: &'a VectorMatching) -> Self {
        Self { matching, known: HashMap::new() }
    }

    pub(super) fn labels(&self, labels: &Labels) -> Labels {
        let listed = |name: &str| self.matching.labels.iter().any(|label| &*label.text == name);
        if self.matching.on {
            labels.filter(|label| listed(label.name))
        } else {
            labels.filter(|label| label.name != METRIC_NAME && !listed(label.name))
        }
    }

    pub(super) fn find(&mut self, labels: &Labels) -> usize {
        let signature = self.labels(labels);
        let next = self.known.len();
        *self.known.entry(signature).or_insert(next)
    }

    pub(super) fn known(&self, labels: &Labels) -> Option<usize> {
        self.known.get(&self.labels(labels)).copied()
    }
}

/// What one series of the result is made of.
struct Made {
    series: Series,
    /// At which steps there was a pair, and of which signature (from 1 on), whether it was kept or not.
    pairs: Vec<u32>,
}

/// What lists and tables take for an entry; they grow by doubling.
const PLACE: usize = 3 * size_of::<Made>() + 4 * size_of::<(Labels, usize)>();

struct Matcher<'a> {
    evaluator: &'a Evaluator<'a>,
    e: &'a Binary,
    steps: usize,
    told: pair::Told,
    /// The first step that cannot be answered, and why.
    error: Option<(usize, QueryError)>,
    builder: LabelsBuilder,
    made: Vec<Made>,
    known: HashMap<Labels, usize>,
    /// For each signature and step, whether a pair was made.
    paired: Vec<Vec<bool>>,
    /// What pays for all of it.
    charge: Charge,
}

pub(super) fn eval(evaluator: &Evaluator<'_>, node: &Node, e: &Binary, sink: Sink<'_>) -> Result<()> {
    let steps = node.steps.count;
    let (lhs, rhs) = (evaluator.collect(&e.lhs)?, evaluator.collect(&e.rhs)?);
    let swapped = e.matching.cardinality == Cardinality::OneToMany;
    let (many, one) = if swapped { (&rhs, &lhs) } else { (&lhs, &rhs) };
    let fill = e.matching.fill;
    // Prometheus does not swap these with the sides: `fill_left` fills the side of many, wherever it stands.
    let (fill_many, fill_one) = (fill.left, fill.right);

    let mut signatures = Signatures::new(&e.matching);
    let many_signatures: Vec<usize> = many.iter().map(|series| signatures.find(&series.labels)).collect();
    let one_signatures: Vec<usize> = one.iter().map(|series| signatures.find(&series.labels)).collect();
    let count = signatures.known.len();

    let mut matcher = Matcher {
        evaluator,
        e,
        steps,
        told: pair::Told::new(e.op),
        error: None,
        builder: LabelsBuilder::new(),
        made: Vec::new(),
        known: HashMap::new(),
        paired: vec![Vec::new(); count],
        charge: Charge::empty(&evaluator.account()),
    };
    matcher.charge.grow(count * (steps + PLACE))?;
    let anyone = |side: &[Series]| {
        let mut any = vec![false; steps];
        side.iter().for_each(|series| series.column.points().for_each(|(step, _)| any[step] = true));
        any
    };
    // A step at which one side has nothing is not looked at, unless it is filled.
    let looked_at = if fill.is_none() { anyone(many) } else { vec![true; steps] };
    let singles = matcher.singles(one, &one_signatures, count, &looked_at, &signatures);

    for (series, signature) in many.iter().zip(&many_signatures) {
        let of_signature = &singles[*signature];
        let mut blank_labels = None;
        for part in of_signature {
            let partner = &one[*part];
            matcher.pairs(series, &partner.labels, *signature, |step| {
                Some((series.column.get(step)?, partner.column.get(step)?))
            })?;
        }
        if let Some(value) = fill_one {
            let labels = blank_labels.get_or_insert_with(|| signatures.labels(&series.labels)).clone();
            matcher.pairs(series, &labels, *signature, |step| {
                let missing = of_signature.iter().all(|part| !one[*part].column.is_present(step));
                missing.then_some(())?;
                Some((series.column.get(step)?, Point::Float(value)))
            })?;
        }
    }
    if let Some(value) = fill_many {
        for (series, signature) in one.iter().zip(&one_signatures) {
            let paired = std::mem::take(&mut matcher.paired[*signature]);
            let filler = Series { labels: signatures.labels(&series.labels), ..Series::default() };
            matcher.pairs(&filler, &series.labels, *signature, |step| {
                let free = !paired.get(step).copied().unwrap_or(false);
                free.then_some(())?;
                Some((Point::Float(value), series.column.get(step)?))
            })?;
        }
    }
    evaluator.release(&lhs);
    evaluator.release(&rhs);
    drop((lhs, rhs));
    if let Some((_, error)) = matcher.error {
        return Err(error);
    }
    matcher.told.tell(&evaluator.notes, node.span);
    for made in &mut matcher.made {
        if !made.series.column.is_blank() {
            sink(&mut made.series)?;
        }
    }
    Ok(())
}

impl Matcher<'_> {
    /// The series of the side that must be one, by signature; of several at most one may be there at a step.
    fn singles(
        &mut self,
        one: &[Series],
        numbers: &[usize],
        count: usize,
        looked_at: &[bool],
        signatures: &Signatures<'_>,
    ) -> Vec<Vec<usize>> {
        let mut singles: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut first: Option<(usize, usize, usize)> = None;
        for (at, signature) in numbers.iter().enumerate() {
            for other in &singles[*signature] {
                let steps = first.map_or(self.steps, |(step, ..)| step);
                let both = |step: &usize| {
                    looked_at[*step] && one[at].column.is_present(*step) && one[*other].column.is_present(*step)
                };
                if let Some(step) = (0..steps).find(both) {
                    first = Some((step, at, *other));
                }
            }
            singles[*signature].push(at);
        }
        self.error = first.map(|(step, at, other)| {
            let side = if self.e.matching.cardinality == Cardinality::OneToMany { "left" } else { "right" };
            let mut names = [one[at].labels.to_string(), one[other].labels.to_string()];
            names.sort();
            let text = format!(
                "found duplicate series for the match group {} on the {side} hand-side of the operation: [{}, {}];many-to-many \
                 matching not allowed: matching labels must be unique on one side",
                signatures.labels(&one[at].labels),
                names[0],
                names[1]
            );
            (step, QueryError::execution(text))
        });
        singles
    }

    /// Calculates all pairs of two series. `points` gives that of the many side first.
    fn pairs<'p>(
        &mut self,
        many: &Series,
        one: &Labels,
        signature: usize,
        points: impl Fn(usize) -> Option<(Point<'p>, Point<'p>)>,
    ) -> Result<()> {
        self.evaluator.check()?;
        let swapped = self.e.matching.cardinality == Cardinality::OneToMany;
        let mut made: Option<usize> = None;
        // Behind a step that cannot be answered nothing matters.
        let steps = self.error.as_ref().map_or(self.steps, |(step, _)| *step);
        for step in 0..steps {
            let Some((of_many, of_one)) = points(step) else { continue };
            let (lhs, rhs) = if swapped { (of_one, of_many) } else { (of_many, of_one) };
            let Some(outcome) = pair::of_points(step, lhs, rhs, &self.told) else { continue };
            if let Err(error) = self.mark(signature, step) {
                self.error = Some((step, error));
                break;
            }
            let at = match made {
                Some(at) => at,
                None => {
                    let labels = self.labels(&many.labels, one)?;
                    *made.insert(self.entry(labels)?)
                }
            };
            if let Err(error) = self.store(at, signature, step, outcome) {
                self.error = Some((step, error));
                break;
            }
        }
        Ok(())
    }

    /// Notes a pair; with one-to-one matching there may be one of a signature.
    fn mark(&mut self, signature: usize, step: usize) -> Result<()> {
        let paired = &mut self.paired[signature];
        paired.resize(self.steps, false);
        if paired[step] && self.e.matching.cardinality == Cardinality::OneToOne {
            return Err(QueryError::execution(
                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
            ));
        }
        paired[step] = true;
        Ok(())
    }

    fn entry(&mut self, labels: Labels) -> Result<usize> {
        // Names that are to be dropped later may be in each other's way at a single step; that is found in the end.
        if let Some(known) = self.known.get(&labels) {
            return Ok(*known);
        }
        let columns = self.steps * (size_of::<f64>() + size_of::<u32>());
        self.charge.grow(columns + labels.as_packed().len() + PLACE)?;
        self.known.insert(labels.clone(), self.made.len());
        let series = Series { labels, drop_name: self.e.return_bool, column: Column::absent(self.steps) };
        self.made.push(Made { series, pairs: vec![0; self.steps] });
        Ok(self.made.len() - 1)
    }

    fn store(&mut self, at: usize, signature: usize, step: usize, outcome: pair::Outcome) -> Result<()> {
        let made = &mut self.made[at];
        let number = u32::try_from(signature + 1).unwrap_or(u32::MAX);
        if self.e.matching.cardinality != Cardinality::OneToOne && made.pairs[step] == number {
            return Err(QueryError::execution(
                "multiple matches for labels: grouping labels must ensure unique matches",
            ));
        }
        made.pairs[step] = number;
        if !outcome.keep && !self.e.return_bool {
            return Ok(());
        }
        if made.series.column.is_present(step) {
            return Err(QueryError::same_labels());
        }
        if self.e.return_bool {
            made.series.column.set(step, f64::from(u8::from(outcome.keep)));
        } else {
            outcome.put(&mut made.series.column, step);
        }
        Ok(())
    }

    /// The labels of what two series make.
    fn labels(&mut self, many: &Labels, one: &Labels) -> Result<Labels> {
        let matching = &self.e.matching;
        let listed = |name: &str| matching.labels.iter().any(|label| &*label.text == name);
        let builder = self.builder.reset(many);
        if changes_metric(self.e.op) || (self.e.return_bool && !self.evaluator.options.delayed_name_removal) {
            builder.retain(|name| !is_metadata(name));
        }
        if matching.cardinality == Cardinality::OneToOne {
            builder.retain(|name| listed(name) == matching.on);
        }
        for include in &matching.include {
            match one.get(&include.text) {
                Some(value) => builder.set(&include.text, value),
                None => builder.remove(&include.text),
            };
        }
        builder.build().map_err(|error| QueryError::execution(error.to_string()))
    }
}
