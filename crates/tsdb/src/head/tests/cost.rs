//! Who costs what.

use super::*;

#[test]
fn the_parts_make_up_the_whole_and_the_dearest_comes_first() {
    let (head, _) = head();
    let mut appender = Box::new(head.appender());
    let mut batch = Batch::new();
    for n in 0..20_000_i32 {
        // A tenth of the series has long labels, a twentieth has no job.
        let (number, long) = (n.to_string(), "x".repeat(200));
        let mut pairs = vec![("__name__", "m"), ("n", number.as_str())];
        let unique = format!("{long}{n}");
        if n % 10 == 0 {
            pairs.extend([("job", "long"), ("unique", unique.as_str())]);
        } else if n % 20 != 1 {
            pairs.push(("job", "short"));
        }
        let reference = appender.series(Labels::from_pairs(pairs).unwrap().view()).unwrap();
        (0..20).for_each(|t| batch.float(reference, t * 15_000, f64::from(n) * 0.1));
    }
    appender.append(&batch, &mut Vec::new());
    appender.commit().unwrap();
    let costs = head.cost_by("job");
    let counts: Vec<_> = costs.iter().map(|cost| (cost.value.as_str(), cost.series)).collect();
    assert_eq!(counts, [("short", 17_000), ("long", 2_000), ("", 1_000)]);
    let (all, total) = (costs.iter().map(|cost| cost.bytes).sum::<usize>(), head.memory().total());
    assert!(all <= total && all * 4 >= total * 3, "{all} of {total}");
    let each = |at: usize| costs[at].bytes / costs[at].series;
    assert!(each(1) > each(0) + 200, "{} and {}", each(1), each(0));
    assert_eq!(head.cost_by("nothing").len(), 1);
}

#[test]
fn series_that_end_in_a_stale_marker_are_counted() {
    let (head, _) = head();
    let (a, b) = (series(&head, &[("n", "a")]), series(&head, &[("n", "b")]));
    append(&head, a, &[(1, 1.0), (2, promd_model::STALE_NAN)]);
    append(&head, b, &[(1, 1.0)]);
    assert_eq!(head.stale_series(), 1);
    append(&head, a, &[(3, 1.0)]);
    assert_eq!(head.stale_series(), 0);
}
