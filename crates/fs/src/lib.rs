#![doc = include_str!("../README.md")]
//!
//! # Why a file system of our own
//!
//! A storage engine is right only if it is right at every instant at which the power can go, on every disk that is full,
//! and over every file that was damaged. None of that happens on a developer's machine. So the code above takes an
//! `Arc<dyn `[`Fs`]`>`: the same code runs on [`RealFs`] in production and on [`SimFs`] in tests, where a seed decides what
//! a power loss takes. The trait is small on purpose: what it leaves out (permissions, times, symbolic links, random
//! seeks) cannot go wrong.
//!
//! # What a caller may rely on
//!
//! The durability model, which `SimFs` enforces and `RealFs` gets from Linux:
//!
//! 1. **A write is seen at once, and is safe after a sync.** Every reader sees it, whichever handle it has. A crash of the
//!    process takes nothing that was written. A power loss may take any of it, until [`File::sync_data`] has returned
//!    without an error.
//! 2. **Unsynced bytes survive by the sector, in any order.** Each sector of 512 bytes holds what it held at the last sync or
//!    after some write since; the length is one that the file had, or that a write done in part gave it. So a later write
//!    can survive an earlier one, a file can have its new length and zeros in it, and the middle can be missing. (With
//!    [`Tear::Byte`] not even a sector is whole.)
//! 3. **A name is not its file.** Syncing a file does not make its name safe, and syncing a directory does not make the bytes
//!    of its files safe. [`Fs::sync_dir`] covers what was created, renamed, linked and removed *in* that directory, not
//!    the name of the directory itself.
//! 4. **Unsynced names survive one by one.** A rename survives whole or not at all, also across directories. Of two changes
//!    of the same name the later does not survive without the earlier; a directory is not removed without what was moved
//!    out of it; directories that are moved are moved in order. Otherwise any subset survives: the removal of the old
//!    file without the creation of its replacement, too. What lies below a directory whose creation is lost is lost with
//!    it, even what was moved there; so sync the parent of a directory before moving into it. This is more than a journaling file system loses, and what POSIX
//!    allows.
//! 5. **A sync that fails has failed for good.** Some of the bytes are safe, the rest never will be, the page cache shows all
//!    of them as if nothing had happened, and the next sync succeeds. This is what Linux does. What to do: never sync
//!    again; write the bytes again, to another place.
//! 6. **A full disk is noticed late.** A write takes what fits, and the next one fails with [`ErrorKind::DiskFull`].
//!    [`File::preallocate`] moves the failure to the front.
//! 7. **Bytes at rest go bad.** Every byte that is read may be flipped, and a sector may be unreadable. A map whose file was cut
//!    reads as zeros and [says so](Map::check).
//!
//! # How it is laid out
//!
//! The seam is `fs` ([`Fs`], [`File`]) with what it hands out: [`Map`], [`Lock`], [`Appender`], [`Space`], [`FsKind`] and
//! [`Error`]. Composite operations such as [`Fs::write_atomically`] are provided methods of the trait, made of the required
//! ones, so that a simulated crash falls inside them as well.
//!
//! `real` is a thin layer over the standard library and `rustix`. All of the `unsafe` code is its module `guard`: the map of
//! a file, and the handler of SIGBUS that lets the process outlive the file.
//!
//! `sim` keeps two of everything: the bytes and names that a reader sees, and those that are on the disk, with the list of
//! changes that lie between them. A power loss chooses from that list.

#![deny(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod append;
mod error;
mod fs;
mod limits;
mod lock;
mod map;
mod real;
mod sim;
mod space;

pub use append::Appender;
pub use error::{Error, ErrorKind, Op, Result};
pub use fs::{Entry, EntryKind, File, Fs, Metadata, OpenMode};
pub use limits::Limits;
pub use lock::{HeldLock, Lock};
pub use map::{Access, Map, Witness};
pub use real::{RealFs, lost_pages};
pub use sim::{Failure, FaultPlan, Faults, SimFs, Tear};
pub use space::{FsKind, Space};
