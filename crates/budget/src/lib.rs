#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! - [`Ledger`] is the root; an [`Account`] is a node of the tree below it, made from [`AccountOptions`] with an optional
//!   [`Limit`]. Handles are cheap clones of one node; a node lives as long as a handle, a charge or a child of it.
//! - [`Charge`] is bytes held in one account *and in all of its ancestors*. It gives them back when dropped.
//! - [`Meter`] is a thread's own purse for many small charges.
//! - [`Refused`] is the error; [`Usage`] is the tree at one moment, for a status page.
//!
//! # Invariants
//!
//! 1. `used` of an account = what its charges and meters hold + `used` of its children. When all of them are gone it is
//!    exactly zero, whatever the number of threads and whichever of them failed or panicked.
//! 2. A charge counts in all ancestors or in none.
//! 3. Without meters and forced charges, `used ≤ limit` in every account at every moment. With meters, what they hold *in
//!    use* stays below `limit + limit/20`, and a request is refused only if the exact sum of the bytes in use would
//!    exceed the limit (see [`Meter`] for the argument).
//! 4. Charging, releasing and refusing allocate nothing and take no lock: they are a handful of relaxed atomics for each
//!    level of the tree. Making and dropping an account allocates and locks its parent's list of children.
//!
//! # Who is refused
//!
//! The one that asks. Consumers that already hold their memory are not disturbed, so the newest (which asks for its first
//! bytes) and the largest (which asks for more and more, against a limit of its own) are those that meet a limit. Where
//! a small consumer would suffer from a large one, the caller may turn the rule round: [`Account::largest_child`] finds
//! the culprit and [`Account::revoke`] refuses whatever it asks for next.
//!
//! ```
//! use promd_budget::{Account, AccountOptions, Charge, Ledger, Limit, Refused};
//!
//! /// Refuses `asker`, and stops the largest query if that is another one, so that a second attempt may succeed.
//! fn charge_or_evict(asker: &Account, queries: &Account, bytes: usize) -> Result<Charge, Refused> {
//!     asker.charge(bytes).inspect_err(|_| match queries.largest_child() {
//!         Some(largest) if largest != *asker => largest.revoke(),
//!         _ => {}
//!     })
//! }
//!
//! let ledger = Ledger::new(AccountOptions::new("queries").limit(Limit::Bytes(1000)));
//! let large = ledger.account(AccountOptions::new("query").key("large"));
//! let small = ledger.account(AccountOptions::new("query").key("small"));
//! let held = large.charge(990)?;
//! assert!(charge_or_evict(&small, ledger.root(), 20).is_err());
//! assert!(large.is_revoked() && large.charge(1).is_err());
//! drop(held); // The evaluation of the large query fails and unwinds.
//! assert!(charge_or_evict(&small, ledger.root(), 20).is_ok());
//! # Ok::<(), Refused>(())
//! ```
//!
//! # What is racy, and how much
//!
//! A request first looks whether it fits everywhere and then adds itself level by level; if it loses a race on the way
//! it takes back what it added. Between the two, another request may see the sum of both and be refused although the
//! first is refused as well: two requests that race for the last bytes may both lose. Neither may wrongly win. The same
//! holds for a request that races with the making or the end of a meter, whose slack comes and goes in two steps.
#![forbid(unsafe_code)]

mod account;
mod charge;
mod ledger;
mod limit;
mod meter;
mod node;
mod refused;
mod usage;

pub use account::{Account, AccountOptions};
pub use charge::Charge;
pub use ledger::Ledger;
pub use limit::Limit;
pub use meter::Meter;
pub use refused::Refused;
pub use usage::Usage;
