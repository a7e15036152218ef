//! All the `unsafe` of this crate: mapping a file, and surviving it when the file goes away.
//!
//! Reading a page of a map fails with the signal SIGBUS when the file no longer reaches that far, or when the disk does
//! not deliver it. Unhandled, it ends the process: one damaged file would take everything down. The handler here finds the
//! map that the address lies in, marks the place as lost, and puts a page of zeros there; the read is repeated by the
//! processor and finds the zeros. (The journal of systemd and the shared-memory buffers of Wayland do the same.)
//!
//! The handler makes only calls that are allowed in one: loads and stores of atomics, and system calls.

#![expect(unsafe_code, reason = "maps and signal handlers have no safe interface")]

use std::fs;
use std::io;
use std::mem::{self, MaybeUninit};
use std::ops::Range;
use std::ptr;
use std::sync::{Mutex, OnceLock, PoisonError};

use libc::{c_int, c_void, siginfo_t};
use memmap2::{Mmap, MmapOptions, UncheckedAdvice};
use rustix::mm::{MapFlags, ProtFlags};

use super::registry;

/// Maps the first `len` bytes of a file.
pub(super) fn map_readable(file: &fs::File, len: usize) -> io::Result<Mmap> {
    // SAFETY: the memory of a map must not change while it is borrowed. The callers of `Fs::map` promise that nobody who
    // uses this crate changes a file that is mapped. Another process can, and no file system on Linux can forbid it; what
    // it writes then shows through, and readers here interpret bytes only by checked code, after a checksum. That the
    // file may shrink is what the handler below is for.
    unsafe { MmapOptions::new().len(len).map(file) }
}

/// Takes the pages that lie within a range of a map out of memory.
pub(super) fn forget(map: &Mmap, range: Range<usize>) {
    let page = rustix::param::page_size();
    let (start, end) = (range.start.next_multiple_of(page), range.end / page * page);
    if start < end && end <= map.len() {
        // SAFETY: the pages are those of a map of a file that is not written through the map, so that they read the same when
        // the kernel has fetched them again; a page of zeros that the handler put there is one of zeros again.
        let advised = unsafe { map.unchecked_advise_range(UncheckedAdvice::DontNeed, start, end - start) };
        // A hint, as the others: a kernel that does not take it keeps the pages.
        drop(advised);
    }
}

/// The handler that was installed before ours.
static PREVIOUS: OnceLock<libc::sigaction> = OnceLock::new();

/// Installs the handler, once in the life of the process.
pub(super) fn install() -> io::Result<()> {
    static INSTALLED: Mutex<bool> = Mutex::new(false);
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if *installed {
        return Ok(());
    }
    let mut previous = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: a null new action only asks, and `previous` is writable.
    if unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), previous.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // Before ours is in place, since from then on it is asked for.
    // SAFETY: the call succeeded, so it filled `previous`.
    PREVIOUS.get_or_init(|| unsafe { previous.assume_init() });

    // SAFETY: a C structure of numbers, for which all zeros is a valid value: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = on_sigbus as *const () as usize;
    // On the alternate stack where a thread has one, as the handler of Rust's own runtime.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: `on_sigbus` has the signature that SA_SIGINFO asks for, and does only what a signal handler may.
    if unsafe { libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    *installed = true;
    if let Some(limit) = fs::read_to_string("/proc/sys/vm/max_map_count").ok().and_then(|text| text.trim().parse().ok())
    {
        registry::set_limit(limit);
    }
    Ok(())
}

extern "C" fn on_sigbus(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes a filled siginfo to a handler with SA_SIGINFO, and SIGBUS from the kernel has an address
    // (another sender's siginfo has other fields there, which are numbers too, and are ignored below).
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr().addr()) };
    // A code of 0 or less means that a process sent the signal.
    let fault = code > 0;
    if !(fault && patch(address)) {
        pass_on(signal, info, context, fault);
    }
}

/// Puts zeros where a page of a map of ours is missing. `false`: not a map of ours, or the kernel refuses.
fn patch(address: usize) -> bool {
    let Some(map) = registry::find(address) else { return false };
    // Not asked for the first time here, so it is a load of an atomic.
    let page = rustix::param::page_size();
    let start = address / page * page;
    if map.may_split() {
        map.mark(start..start + page);
        if put_zeros(start..start + page) {
            return true;
        }
    }
    // A page in the middle splits the map in the eyes of the kernel, which limits their number. All of it splits nothing.
    map.mark(map.pages.clone());
    put_zeros(map.pages)
}

/// Replaces whole pages of a map of ours by zeros.
fn put_zeros(pages: Range<usize>) -> bool {
    let address = ptr::with_exposed_provenance_mut(pages.start);
    // SAFETY: the pages lie in a map that the table holds, and that the faulting thread borrows: nothing else of the
    // process can be there. What is lost by it could not be read any more, and is marked as lost; only the last resort
    // above also takes pages that could, and marks them as well.
    let mapped = unsafe {
        rustix::mm::mmap_anonymous(address, pages.len(), ProtFlags::READ, MapFlags::PRIVATE | MapFlags::FIXED)
    };
    mapped.is_ok()
}

/// Does what would have been done without us.
fn pass_on(signal: c_int, info: *mut siginfo_t, context: *mut c_void, fault: bool) {
    let previous = PREVIOUS.get();
    let handler = previous.map_or(libc::SIG_DFL, |action| action.sa_sigaction);
    match (handler, previous) {
        // The kernel does not let a fault be ignored.
        (libc::SIG_IGN, _) if !fault => {}
        (libc::SIG_DFL | libc::SIG_IGN, _) | (_, None) => {
            // SAFETY: both are async-signal-safe. The fault is repeated on return and ends the process as it always has;
            // a sent signal has to be sent again, and arrives on return.
            unsafe {
                libc::signal(signal, libc::SIG_DFL);
                if !fault {
                    libc::raise(signal);
                }
            }
        }
        (handler, Some(action)) if action.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: the kernel was given this address as a handler of this signature by whoever installed it.
            let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = unsafe { mem::transmute(handler) };
            handler(signal, info, context);
        }
        (handler, Some(_)) => {
            // SAFETY: as above; without SA_SIGINFO a handler takes the number alone.
            let handler: extern "C" fn(c_int) = unsafe { mem::transmute(handler) };
            handler(signal);
        }
    }
}
