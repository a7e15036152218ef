//! Six patterns of float samples, each a chunk of 120, made from a seed.

/// One sample.
pub type Sample = (i64, f64);

/// The patterns by name. Each call gives the same samples.
#[must_use]
pub fn patterns() -> Vec<(&'static str, Vec<Sample>)> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let steady = |i: i64| 1_736_035_200_000 + i * 15_000;
    let mut counter = 1_000.0;
    let mut gauge = 50i32;
    vec![
        ("constant", (0..120).map(|i| (steady(i), 42.0)).collect()),
        (
            "counter",
            (0..120)
                .map(|i| {
                    counter += f64::from(random.below(300));
                    (steady(i), counter)
                })
                .collect(),
        ),
        (
            "integer_gauge",
            (0..120)
                .map(|i| {
                    gauge += i32::try_from(random.below(11)).unwrap_or_default() - 5;
                    (steady(i), f64::from(gauge))
                })
                .collect(),
        ),
        ("random_float", (0..120).map(|i| (steady(i), random.unit() * 1e6)).collect()),
        (
            "jittered_timestamps",
            (0..120).map(|i| (steady(i) + i64::from(random.below(21)) - 10, f64::from(random.below(8)))).collect(),
        ),
        (
            "gaps",
            (0..120)
                .scan(steady(0), |t, _| {
                    *t += if random.below(10) == 0 { 15_000 * i64::from(random.below(400)) } else { 15_000 };
                    Some((*t, f64::from(random.below(1_000)) / 8.0))
                })
                .collect(),
        ),
    ]
}

/// A generator that is good enough for test data (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: u32) -> u32 {
        u32::try_from(self.next() >> 32).map_or(0, |number| number % limit)
    }

    fn unit(&mut self) -> f64 {
        f64::from(self.below(1 << 30)) / f64::from(1 << 30)
    }
}
