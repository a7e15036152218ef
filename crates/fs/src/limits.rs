//! What the operating system allows a process.

/// What the operating system allows the process, as far as it says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How many files may be open at a time, sockets included.
    pub open_files: Option<u64>,
    /// How many memory maps there may be. Each file that is mapped takes one.
    pub maps: Option<u64>,
    /// How much memory the control group of the process may take, in bytes; nothing if it is in none that has a limit.
    pub memory: Option<u64>,
}

impl Limits {
    /// As Linux tells it, from the texts of `/proc/self/limits`, `vm.max_map_count` and the memory limit of the control group.
    pub(crate) fn parse(limits: &str, maps: &str, memory: &str) -> Self {
        /// What the first version of control groups says where there is no limit is a little less than 2^63.
        const NO_LIMIT: u64 = 1 << 62;
        let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
        Self {
            open_files: files.and_then(|line| line.split_whitespace().next()?.parse().ok()),
            maps: maps.trim().parse().ok(),
            memory: memory.trim().parse().ok().filter(|bytes| *bytes < NO_LIMIT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_writes() {
        // As `proc(5)` and the documentation of control groups have it.
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max cpu time              unlimited            unlimited            seconds   \n\
                      Max open files            1024                 524288               files     \n";
        let parsed = Limits::parse(limits, "65530\n", "1073741824\n");
        assert_eq!(parsed, Limits { open_files: Some(1024), maps: Some(65_530), memory: Some(1 << 30) });
        assert_eq!(Limits::parse("Max open files unlimited unlimited files", "", "max\n"), Limits::default());
        assert_eq!(Limits::parse("", "", "9223372036854771712\n"), Limits::default());
    }
}
