//! Who we are to AWS, without its SDK: credentials ([`Identity`]) and signatures ([`sign`]), Signature Version 4.
//!
//! Why not the SDK: docs/adr/0007 and docs/adr/0015.

mod identity;
mod sign;

pub(crate) use identity::Identity;
pub(crate) use sign::{Scope, authorize, presign};
