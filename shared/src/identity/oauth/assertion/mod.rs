//! Enterprise-managed authorization: an enterprise's identity provider says that one of its people may use an application
//! here, in an identity assertion (ID-JAG, draft-ietf-oauth-identity-assertion-authz-grant), and the application brings it
//! as a JWT bearer grant (RFC 7523). Nobody is asked: their enterprise has decided.
//!
//! [`providers`] is whom an enterprise trusts, [`claims`] what an assertion says, [`accept`] what comes of it.

mod accept;
mod claims;
mod keys;
pub mod providers;
mod store;
