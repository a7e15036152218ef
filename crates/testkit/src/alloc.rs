//! A global allocator that counts, for tests that claim "this does not allocate".

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    static COUNT: Cell<Allocations> = const { Cell::new(Allocations { calls: 0, bytes: 0 }) };
}

/// What one thread has asked of the allocator so far. Freed memory is not subtracted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allocations {
    /// Calls of `alloc` and `realloc`.
    pub calls: u64,
    /// Bytes asked for by them.
    pub bytes: u64,
}

/// Bytes of the whole process that are allocated, and the most that were since the last [`CountingAllocator::peak_during`].
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// Counts the allocations of each thread and passes them to the system's allocator.
///
/// ```
/// use promd_testkit::CountingAllocator;
///
/// #[global_allocator]
/// static ALLOCATOR: CountingAllocator = CountingAllocator;
///
/// let (sum, allocated) = CountingAllocator::during(|| (1..=10).sum::<u32>());
/// assert_eq!((sum, allocated.calls), (55, 0));
/// let (_, allocated) = CountingAllocator::during(|| vec![0u8; 100]);
/// assert_eq!(allocated.bytes, 100);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct CountingAllocator;

impl CountingAllocator {
    /// What this thread has allocated so far: for work that is no function call, such as that of tasks.
    #[must_use]
    pub fn total() -> Allocations {
        COUNT.get()
    }

    /// Runs `work` and returns what it allocated on this thread.
    pub fn during<T>(work: impl FnOnce() -> T) -> (T, Allocations) {
        let before = COUNT.get();
        let result = work();
        let after = COUNT.get();
        (result, Allocations { calls: after.calls - before.calls, bytes: after.bytes - before.bytes })
    }

    /// How many bytes of the whole process are allocated.
    #[must_use]
    pub fn live() -> usize {
        LIVE.load(Ordering::SeqCst)
    }

    /// Runs `work` and returns by how much the memory of the process grew in the meantime at the most, freed memory subtracted.
    /// Nothing else that allocates should run.
    pub fn peak_during<T>(work: impl FnOnce() -> T) -> (T, usize) {
        let before = LIVE.load(Ordering::SeqCst);
        PEAK.store(before, Ordering::SeqCst);
        let result = work();
        (result, PEAK.load(Ordering::SeqCst).saturating_sub(before))
    }
}

fn count(bytes: usize) {
    // `try_with`: the allocator is called while a thread ends and its locals are gone.
    let _ = COUNT.try_with(|cell| {
        let Allocations { calls, bytes: total } = cell.get();
        cell.set(Allocations { calls: calls + 1, bytes: total + bytes as u64 });
    });
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

fn freed(bytes: usize) {
    LIVE.fetch_sub(bytes, Ordering::Relaxed);
}

// SAFETY: every call is passed unchanged to `System`, which keeps the contract; counting touches a constant-initialised
// thread local without a destructor, and so never allocates itself.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`, which is that of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        freed(layout.size());
        // SAFETY: as above; `ptr` came from `System`.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size);
        freed(layout.size());
        // SAFETY: as above; `ptr` came from `System`.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}
