//! AWS authentication without the SDK: credentials ([`Identity`]) and signatures ([`sign`]), Signature Version 4.
//!
//! docs/adr/0007 and docs/adr/0015 explain why the SDK is not used.

mod identity;
mod sign;

pub(crate) use identity::Identity;
pub(crate) use sign::{Scope, authorize, presign};
