//! A map of a file, and its place in the table of maps.

use std::fs;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use memmap2::{Advice, Mmap};

use super::guard;
use super::registry::{self, Registered};
use crate::Access;
use crate::map::Witness;

/// Fields drop in this order: the addresses leave the table before the kernel may give them to somebody else.
pub(super) struct Mapping {
    registered: Registered,
    map: Mmap,
}

/// Maps the first `len` bytes, at least one, of a file.
pub(super) fn map(file: &fs::File, len: usize, access: Access) -> io::Result<Mapping> {
    guard::install()?;
    let map = guard::map_readable(file, len)?;
    // A hint: a kernel without the call maps all the same.
    let _ = match access {
        Access::Normal => Ok(()),
        Access::Random => map.advise(Advice::Random),
        Access::Sequential => map.advise(Advice::Sequential),
    };
    let registered = registry::register(map.as_ptr().addr(), len, rustix::param::page_size())
        .ok_or_else(|| io::Error::from_raw_os_error(libc::ENOMEM))?;
    Ok(Mapping { registered, map })
}

impl Witness for Mapping {
    fn lost(&self, range: Range<usize>) -> bool {
        self.registered.lost(range)
    }

    fn forget(&self, range: Range<usize>) {
        guard::forget(&self.map, range);
    }
}

/// What keeps the map alive inside `Bytes`.
pub(super) struct Owner(pub(super) Arc<Mapping>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        &self.0.map
    }
}
