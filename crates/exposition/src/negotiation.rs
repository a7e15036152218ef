//! Which format it is to be: what a scraper asks for, what it was sent, and what a server answers.

mod accept;
mod content_type;
mod media_type;
mod protocol;

pub use accept::{Format, negotiate};
pub use content_type::{BodyFormat, ContentTypeError, content_type};
pub use protocol::{ScrapeProtocol, UnknownProtocol, accept_header};
