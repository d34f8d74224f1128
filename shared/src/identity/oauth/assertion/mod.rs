//! Enterprise-managed authorization: an enterprise's identity provider states in an identity assertion (ID-JAG,
//! draft-ietf-oauth-identity-assertion-authz-grant) that one of its users may use an application here, and the
//! application presents it as a JWT bearer grant (RFC 7523). The user is not asked: their enterprise has decided.
//!
//! [`providers`] holds the providers that an enterprise trusts, [`claims`] verifies an assertion, [`accept`] issues the
//! token.

mod accept;
mod claims;
mod keys;
pub mod providers;
mod store;
