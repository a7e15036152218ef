//! What went wrong, counted.

use std::fmt;
use std::ops::AddAssign;

use super::disk::Fate;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// How often each kind of fault was hit: by one simulated machine, and by the power loss that it woke up from.
        ///
        /// A suite adds up the counts of its schedules, and fails if a kind of fault was hit too seldom to prove anything.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Faults {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Faults {
            /// Every kind by name, with its count.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name)),*].into_iter()
            }
        }

        impl AddAssign for Faults {
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counters! {
    /// Files of which a power loss or a failed sync lost something.
    lost_writes,
    /// Files of which it lost something and kept something, so that a write was torn or writes changed order.
    torn_writes,
    /// Files and directories whose creation was lost.
    lost_creates,
    /// Renames that were lost.
    lost_renames,
    /// Hard links that were lost.
    lost_links,
    /// Removals that were lost: the file is back.
    lost_removes,
    /// Writes and reservations that found the disk full.
    disk_full,
    /// Reads that returned less than they could.
    short_reads,
    /// Writes that took less than they could, for want of space too.
    short_writes,
    /// Reads that failed, bad sectors included.
    read_errors,
    /// Writes that failed.
    write_errors,
    /// Syncs that failed.
    sync_errors,
    /// Other operations that failed because of an injected [`Failure`](crate::Failure).
    other_errors,
    /// Bits that were flipped at rest.
    flipped_bits,
    /// Machines that stopped at a chosen operation.
    stops,
    /// Power losses.
    power_losses,
    /// Processes that were killed.
    process_crashes,
    /// Changes of a mapped file, which are refused: a mistake of the code under test, not a fault of the disk.
    mapped_writes,
}

impl Faults {
    pub(super) fn count(&mut self, fate: Fate) {
        self.lost_writes += u64::from(fate.lost);
        self.torn_writes += u64::from(fate.torn);
    }
}

impl fmt::Display for Faults {
    /// Those that were hit: `lost_writes 3, stops 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hit = self.iter().filter(|(_, count)| *count > 0);
        for (n, (name, count)) in hit.enumerate() {
            write!(f, "{}{name} {count}", if n == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
