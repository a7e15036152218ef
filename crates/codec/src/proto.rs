//! The wire format of protobuf, without schemas: a pull reader that borrows, and a writer.
//!
//! A format that needs a handful of messages, and needs them fast, is read field by field into its own types: no
//! message objects, no allocation, unknown fields passed over at the cost of reading their length.
//!
//! ```
//! use promd_codec::proto::{self, ProtoError, Value};
//!
//! // message Sample { double value = 1; int64 timestamp = 2; }
//! fn sample(bytes: &[u8]) -> Result<(f64, i64), ProtoError> {
//!     let (mut value, mut timestamp) = (0.0, 0);
//!     let mut reader = proto::Reader::new(bytes);
//!     while let Some(field) = reader.next()? {
//!         match field.number {
//!             1 => value = field.as_f64()?,
//!             2 => timestamp = field.as_i64()?,
//!             _ => {}
//!         }
//!     }
//!     Ok((value, timestamp))
//! }
//!
//! let mut bytes = Vec::new();
//! let mut writer = proto::Writer::new(&mut bytes);
//! writer.double(1, 2.5);
//! writer.int64(2, 1_000);
//! assert_eq!(sample(&bytes), Ok((2.5, 1_000)));
//!
//! let error = sample(&bytes[..5]).unwrap_err();
//! assert_eq!(error.to_string(), "unexpected EOF at offset 1");
//! ```
//!
//! # As lenient as Prometheus
//!
//! Prometheus reads its messages with code that gogo/protobuf generated. What that code accepts is accepted here:
//! non-minimal varints and what overflows them in the tenth byte, field numbers of which only 32 bits count, unknown
//! fields of every wire type, groups of any depth whose ends need not name their beginnings, packed and unpacked
//! repeated scalars in any mixture, text that is not UTF-8 (unless [`Field::as_str`] asks for it). What it refuses is
//! refused, and [`ProtoErrorKind`] prints its words. Stricter is only this: a packed scalar may not reach beyond its
//! field.

mod error;
mod field;
mod packed;
mod reader;
mod writer;

pub use error::{ProtoError, ProtoErrorKind};
pub use field::{Field, Value, WireType};
pub use packed::{Fixed32s, Fixed64s, Varints};
pub use reader::{Reader, read_delimited};
pub use writer::Writer;
