//! Inviting people by e-mail.
//!
//! [`service`] has the inviter's operations; [`accept`] is the invited person's side, a part of registration. There is
//! no mailer yet: the token that proves an invitation is shown once, in the response to the inviter, who passes it on.
//! It is stored only as a hash and is valid for seven days, and an invitation can be revoked until it is accepted. An
//! invitation depends on its inviter: it ends when their account does, and cannot be accepted while they would not be
//! allowed to make it.

mod accept;
pub mod service;
mod store;
mod types;

pub use accept::{Accepted, Offer, accept, lookup, revoke_of};
pub use service::{invite, list, revoke};
pub use types::{Invitation, Invited, NewInvitation, Status};
