//! Bodies as scrapes return them.

use std::fmt::Write as _;

/// A linear congruential generator (Knuth's MMIX constants): the same numbers on every machine, and no dependency.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// A value as node_exporter has it: mostly counts and sizes, some seconds with many digits, some large numbers with an
    /// exponent.
    fn value(&mut self, text: &mut String) {
        let number = self.next();
        let written = match number % 10 {
            0..=3 => write!(text, "{}", number % 2),
            4 | 5 => write!(text, "{}", number % 1_000_000),
            6 | 7 => write!(text, "{}.{:02}", number % 1_000_000, number % 89),
            8 => write!(text, "{}.{:09}e+{:02}", 1 + number % 9, self.next() % 1_000_000_000, 6 + number % 7),
            _ => write!(text, "{}.{:015}", number % 60, self.next() * 465_661),
        };
        written.expect("a String takes all that is written to it");
    }
}

/// A body in Prometheus' text format with `series` series in the manner of a node_exporter on a large host: 120 bytes a
/// series, metadata included.
#[must_use]
pub fn node_exporter_like(series: usize) -> String {
    const LABELS: [&[&str]; 6] = [
        &["cpu", "mode"],
        &["device"],
        &["device", "fstype", "mountpoint"],
        &["name", "state", "type"],
        &["collector"],
        &["chip", "sensor"],
    ];
    let mut numbers = Numbers(42);
    let mut body = String::with_capacity(series * 130);
    let mut written = 0;
    for family in 0.. {
        let names = LABELS[family % LABELS.len()];
        let name =
            format!("node_subsystem{family}_something_{}", ["total", "bytes", "seconds_total", "state"][family % 4]);
        let metadata = [
            format!(
                "# HELP {name} What the field something{family} of /proc/subsystem says, as the kernel counts it.\n"
            ),
            format!("# TYPE {name} {}\n", ["counter", "gauge"][family % 2]),
        ];
        body.extend(metadata);
        for instance in 0..(4 + family % 40) {
            if written == series {
                return body;
            }
            written += 1;
            body.push_str(&name);
            for (at, label) in names.iter().enumerate() {
                let open = if at == 0 { '{' } else { ',' };
                let value =
                    ["/dev/mapper/vg0-lv", "systemd-journal-flush.service-", "platform_coretemp_"][(family + at) % 3];
                write!(body, "{open}{label}=\"{value}{instance}\"").expect("a String takes all that is written to it");
            }
            body.push_str("} ");
            numbers.value(&mut body);
            body.push('\n');
        }
    }
    body
}
