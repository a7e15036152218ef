#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod lineage;
mod plan;
mod ranges;
mod uploads;

pub use lineage::merged_meta;
pub use plan::{Candidate, Class, Plan, Reason, plan};
pub use ranges::Ranges;
pub use uploads::{Uploads, UploadsError};
