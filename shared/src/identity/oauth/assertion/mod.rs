//! Enterprise-managed authorization: an enterprise's identity provider states in an identity assertion (ID-JAG,
//! draft-ietf-oauth-identity-assertion-authz-grant) that one of its users may use an application here, and the
//! application presents it as a JWT bearer grant (RFC 7523). The user is not asked: their enterprise has decided.
//!
//! [`providers`] holds the providers that an enterprise trusts, [`applications`] those that it registers to present
//! their assertions, [`claims`] verifies an assertion, [`accept`] issues the
//! token.

mod accept;
pub mod applications;
mod claims;
mod keys;
pub mod providers;
mod store;

/// The grant profile, by which clients discover that these assertions are accepted.
pub const PROFILE: &str = "urn:ietf:params:oauth:grant-profile:id-jag";
