//! Asking somebody by e-mail to join.
//!
//! [`service`] has the inviter's verbs; [`accept`] is the other end, a part of registration. There is no mailer yet:
//! the token that proves an invitation is shown once, in the answer to whoever invites, for them to hand on. It is
//! stored as a hash only, is good for seven days, and an invitation can be revoked until it is accepted. It is as good as
//! whoever made it: it ends when their account does, and cannot be accepted while they could not make it again.

mod accept;
pub mod service;
mod store;
mod types;

pub use accept::{Accepted, Offer, accept, lookup, revoke_of};
pub use service::{invite, list, revoke};
pub use types::{Invitation, Invited, NewInvitation, Status};
