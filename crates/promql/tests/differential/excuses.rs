//! Differences that are to be: what changed from Prometheus 3.5.3, which is asked, to 3.14, which counts.
//!
//! An excuse brings the two outcomes together in what it is about and leaves the rest as it is.

use super::answer::{Content, Measure, Outcome};
use super::data::NATIVE;
use super::expression::Node;

/// A change of Prometheus. Versions are those of the first release that has it, by the history of the file.
pub(crate) struct Excuse {
    /// What changed, in which version, and where.
    pub(crate) what: &'static str,
    reconcile: fn(&Node, &mut Outcome, &mut Outcome),
}

/// All of them.
const EXCUSES: &[Excuse] = &[
    Excuse {
        what: "3.7, promql/parser/parse.go: an operator behind an aggregation is where it is, not behind the first parenthesis",
        reconcile: |_, theirs, ours| {
            let said = |outcome: &Outcome| {
                let (_, said) = outcome.result.as_ref().err()?.split_once(": parse error: ")?;
                said.contains("must not occur in ON and GROUP clause").then(|| said.to_owned())
            };
            if said(ours).is_some() && said(ours) == said(theirs) {
                theirs.result.clone_from(&ours.result);
            }
        },
    },
    Excuse {
        what: "after 3.14.0, promql/engine.go: duplicate series of a match group are named in the order of their texts",
        reconcile: |_, theirs, ours| {
            // Which group is found first depends on the order of series, which over several steps is any.
            let side = |outcome: &Outcome| {
                let error =
                    outcome.result.as_ref().err()?.strip_prefix("found duplicate series for the match group ")?;
                Some(error.contains(" on the left hand-side "))
            };
            if side(theirs).is_some() && side(theirs) == side(ours) {
                theirs.result.clone_from(&ours.result);
            }
        },
    },
    Excuse {
        what: "3.12, promql/functions.go: sorting in a range query is warned of",
        reconcile: |_, _, ours| ours.warnings.retain(|text| !text.contains("sort is ineffective for range queries")),
    },
    Excuse {
        what: "3.10, util/annotations/annotations.go: what was forced to be monotonic is told with figures",
        reconcile: |_, theirs, ours| {
            for text in &mut ours.infos {
                let Some((before, behind)) = text.split_once(", from buckets ") else { continue };
                let Some((_, place)) = behind.rsplit_once(' ') else { continue };
                let without = format!("{before} {place}");
                // Which place counts if there are several is not said.
                for other in &mut theirs.infos {
                    if let Some((same, _)) = other.rsplit_once(' ').filter(|(same, _)| *same == before) {
                        *other = format!("{same} {place}");
                    }
                }
                *text = without;
            }
        },
    },
    Excuse {
        what: "3.7, util/annotations/annotations.go: a metric name that is empty is left out",
        reconcile: |_, theirs, _| {
            for text in theirs.warnings.iter_mut().chain(&mut theirs.infos) {
                if text.contains("bucket label")
                    || text.contains("input to histogram_")
                    || text.contains("mix of classic")
                {
                    *text = text.replace(" for metric name \"\"", "");
                }
            }
        },
    },
    Excuse {
        what: "3.7, promql/functions.go: names of classic histograms are not told where they are dropped at once",
        reconcile: |_, theirs, ours| {
            for (theirs, ours) in [(&mut theirs.warnings, &ours.warnings), (&mut theirs.infos, &ours.infos)] {
                for text in theirs.iter_mut() {
                    let (before, place) = match text.split_once(" for metric name \"") {
                        Some((before, behind)) => (before, behind.rsplit_once(" (").unwrap_or_default().1),
                        None => text.rsplit_once(" (").unwrap_or_default(),
                    };
                    let of_classic = ["bucket label", "mix of classic", "needed to be fixed"];
                    if !of_classic.iter().any(|what| before.contains(what)) {
                        continue;
                    }
                    // Without names there is one text, at one of the places.
                    let without = format!("{before} ({place}");
                    let same = |ours: &&String| ours.strip_prefix(before).is_some_and(|rest| rest.starts_with(" ("));
                    match ours.iter().find(same) {
                        Some(_) if ours.contains(&without) => *text = without,
                        Some(ours) => text.clone_from(ours),
                        None => {}
                    }
                }
            }
        },
    },
    Excuse {
        what: "3.6, promql/engine.go: a NaN as the parameter of topk and its like has an error of its own",
        reconcile: |_, theirs, ours| {
            if ours.result == Err("Parameter value is NaN".to_owned()) {
                theirs.result.clone_from(&ours.result);
            }
        },
    },
    Excuse {
        what: "3.9, promql/engine.go: pairs that a comparison drops count as matches too",
        reconcile: |_, theirs, ours| {
            if ours.result.as_ref().is_err_and(|error| error.starts_with("multiple matches for labels: ")) {
                theirs.clone_from(ours);
            }
        },
    },
    Excuse {
        what: "3.9, promql/engine.go: series with the same labels at different steps become one",
        reconcile: |_, theirs, ours| {
            let same = "vector cannot contain metrics with the same labelset";
            let instant = matches!(ours.result, Ok(Content::Vector(_) | Content::Scalar(_)));
            if theirs.result.as_ref().is_err_and(|error| error == same) && !instant {
                theirs.clone_from(ours);
            }
        },
    },
    Excuse {
        what: "3.6, model/histogram/float_histogram.go: a histogram with custom buckets is shown though it was divided by 0",
        reconcile: |_, theirs, ours| {
            if theirs.result == Err("histograms with custom buckets have no zero bucket".to_owned()) {
                theirs.clone_from(ours);
            }
        },
    },
    Excuse {
        what: "3.14, promql/functions.go: mad_over_time is NaN where a value is",
        reconcile: |expression, theirs, ours| {
            if expression.mentions("mad_over_time(") {
                take_result(theirs, ours);
            }
        },
    },
    Excuse {
        what: "after 3.14.0, promql/functions.go: notes on NaN observations point at the vector, not at the quantile",
        reconcile: |_, theirs, ours| {
            for theirs in theirs.infos.iter_mut().filter(|text| text.contains("has NaN observations")) {
                let text = |info: &str| info.rsplit_once(' ').map(|(text, _)| text.to_owned());
                if let Some(ours) = ours.infos.iter().find(|ours| text(ours) == text(theirs)) {
                    theirs.clone_from(ours);
                }
            }
        },
    },
    Excuse {
        what: "3.12, promql/engine.go: last_over_time of a subquery drops names that are to be dropped",
        reconcile: |expression, theirs, ours| {
            if expression.mentions("last_over_time(") {
                take_result(theirs, ours);
            }
        },
    },
    Excuse {
        what: "3.10 to 3.14, promql/info.go: names that are to be dropped are, and series without a target pass",
        reconcile: |expression, theirs, ours| {
            if expression.mentions("info(") {
                theirs.result.clone_from(&ours.result);
            }
        },
    },
    Excuse {
        what: "3.8, promql/quantile.go: histogram_fraction of classic histograms puts equal bounds together, and starts at 0",
        reconcile: |expression, theirs, ours| {
            if expression.mentions("histogram_fraction(") {
                take_result(theirs, ours);
            }
        },
    },
    Excuse {
        what: "3.6, promql/functions.go: rates of histograms are not extrapolated below zero",
        reconcile: |expression, theirs, ours| {
            if ["rate(", "increase("].iter().any(|name| expression.mentions(name)) && has_histograms(expression) {
                take_result(theirs, ours);
            }
        },
    },
    Excuse {
        what: "3.8, model/histogram/float_histogram.go: custom buckets with other bounds are brought together",
        reconcile: |expression, theirs, ours| {
            if ["nhcb", "=~", "{job="].iter().any(|name| expression.mentions(name)) {
                // What was not brought together is missing where it would have been one too many.
                let twice = |error: &String| error.starts_with("found duplicate series for the match group");
                if ours.result.as_ref().is_err_and(twice) && theirs.result.is_err() {
                    theirs.result.clone_from(&ours.result);
                }
                let incompatible = |text: &String| {
                    text.contains("incompatible custom buckets") || text.contains("incompatible bucket layout")
                };
                if theirs.warnings.iter().any(incompatible) {
                    theirs.clone_from(ours);
                    return;
                }
                ours.infos.retain(|text| !text.contains("mismatched custom buckets were reconciled"));
                take_result(theirs, ours);
            }
        },
    },
    Excuse {
        what: "3.7 and 3.9, promql/functions.go: differences and negative multiples of histograms are gauges",
        reconcile: |expression, theirs, ours| {
            for outcome in [theirs, ours] {
                let odd = |text: &String| text.contains("native histogram metric is not a");
                if has_histograms(expression) {
                    outcome.warnings.retain(|text| !odd(text));
                }
            }
        },
    },
    Excuse {
        what: "3.10, model/histogram/float_histogram.go: sums of histograms are compensated, and zero buckets brought together",
        reconcile: |expression, theirs, ours| {
            if has_histograms(expression)
                && ["sum", "avg", " + ", " - ", "resets("].iter().any(|name| expression.mentions(name))
            {
                take_result(theirs, ours);
            }
        },
    },
    Excuse {
        what: "3.7, promql/engine.go: counter resets that contradict each other are warned of, and not added",
        reconcile: |_, theirs, ours| {
            let known = ours.warnings.len();
            ours.warnings.retain(|text| !text.contains("conflicting counter resets"));
            if ours.warnings.len() < known {
                take_result(theirs, ours);
            }
        },
    },
    Excuse {
        what: "no version, tsdb/chunkenc/float_histogram.go: which empty buckets a chunk keeps, as infinity times them tells",
        reconcile: |expression, theirs, ours| {
            if has_histograms(expression) && ["changes(", "Inf"].iter().any(|text| expression.mentions(text)) {
                take_result(theirs, ours);
            }
        },
    },
];

fn take_result(theirs: &mut Outcome, ours: &Outcome) {
    if theirs.result.is_ok() && ours.result.is_ok() {
        theirs.result.clone_from(&ours.result);
    }
}

/// Whether native histograms may be part of it.
pub(crate) fn has_histograms(expression: &Node) -> bool {
    NATIVE.iter().chain(&["mixed", "lat_bucket", "=~", "{job="]).any(|name| expression.mentions(name))
}

/// Why two outcomes may differ: the changes by which they come together.
///
/// Returns what still differs if they do not come together.
pub(crate) fn find(
    expression: &Node,
    measure: Measure,
    theirs: &Outcome,
    ours: &Outcome,
) -> Result<Vec<&'static str>, String> {
    let (mut theirs, mut ours) = (theirs.clone(), ours.clone());
    let mut found = Vec::new();
    for excuse in EXCUSES {
        let before = (theirs.clone(), ours.clone());
        (excuse.reconcile)(expression, &mut theirs, &mut ours);
        theirs.sort();
        ours.sort();
        if (&theirs, &ours) != (&before.0, &before.1) {
            found.push(excuse.what);
        }
        if measure.compare(&theirs, &ours).is_none() {
            return Ok(found);
        }
    }
    Err(measure.compare(&theirs, &ours).unwrap_or_default())
}
