//! What the kernel counted of a process.

/// What work took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// Time in the program, in nanoseconds.
    pub(super) user: f64,
    /// Time in the kernel on its behalf, in nanoseconds.
    pub(super) system: f64,
    /// The most resident memory, in bytes.
    pub(super) peak: f64,
}

impl Cost {
    pub(super) fn cpu(self) -> f64 {
        self.user + self.system
    }

    /// What was taken since.
    pub(super) fn since(self, before: Self) -> Self {
        Self { user: self.user - before.user, system: self.system - before.system, peak: self.peak }
    }
}

/// What a process has taken so far.
pub(super) fn usage(id: u32) -> Cost {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{id}/{name}")).unwrap();
    let stat = read("stat");
    // Behind the name, which may hold anything: the 14th and 15th field of all are user and system time.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // Linux counts a hundred ticks a second for user programs, whatever its clock does.
    let time = |field: &str| field.parse::<f64>().unwrap() * 1e7;
    let status = read("status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: f64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    Cost { user: time(fields[11]), system: time(fields[12]), peak: peak * 1024.0 }
}
