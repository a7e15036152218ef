//! What the kernel counted of a process.

/// What work took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// User and system time, in nanoseconds.
    pub(super) cpu: f64,
    /// The most resident memory, in bytes.
    pub(super) peak: f64,
}

/// What a process has taken so far.
pub(super) fn usage(id: u32) -> Cost {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{id}/{name}")).unwrap();
    let stat = read("stat");
    // Behind the name, which may hold anything: the 14th and 15th field of all are user and system time.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11..13].iter().map(|field| field.parse::<f64>().unwrap()).sum();
    let status = read("status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: f64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    // Linux counts a hundred ticks a second for user programs, whatever its clock does.
    Cost { cpu: ticks * 1e7, peak: peak * 1024.0 }
}
