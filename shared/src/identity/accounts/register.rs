//! Registration: the first account of a new enterprise, or an invited one.
//!
//! An address that already has an account gets 409, which reveals that it does. There is no e-mail yet that could tell
//! the owner instead, and a response that pretended success would leave honest people waiting for an e-mail that never
//! comes. The throttle makes this useless for collecting addresses: every registration from a client address counts,
//! including successful ones, unless it accepts an invitation.

use super::Account;
use super::store::{self, NewUser};
use crate::access::{IdentityTx, RequestInfo, Role, SecretHash};
use crate::audit::{self, Entry};
use crate::config::Registration;
use crate::email::EmailAddress;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::identity::passwords::{Password, PasswordHash};
use crate::identity::sessions::{self, SignedIn};
use crate::identity::throttle::{self, Attempt, Bucket};
use crate::ids::UserId;
use crate::limits::quotas;
use crate::name;
use crate::tenancy::founding::{self, Founded};
use crate::tenancy::invitations::{self, Accepted};

/// A request for an account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The address they will sign in with.
    pub email: EmailAddress,
    /// The password they will sign in with.
    pub password: Password,
    /// Their name.
    pub name: String,
    /// Where the account belongs.
    pub place: Place,
}

/// Where a new account belongs.
#[derive(Debug, Clone)]
pub enum Place {
    /// It founds an enterprise with this name, and owns it.
    NewEnterprise(String),
    /// It accepts the invitation with this token (`m0in_…`).
    Invitation(String),
}

/// A [`Place`] that has been checked.
enum Destination {
    NewEnterprise(String),
    Invited { token: SecretHash, enterprise_name: String },
}

impl Identity {
    /// Creates an account and signs it in.
    pub async fn register(&self, request: &RequestInfo, new: NewAccount) -> Result<SignedIn> {
        if let (Registration::Invitation, Place::NewEnterprise(_)) = (self.registration, &new.place) {
            return Err(Error::Forbidden(
                "registration is by invitation here: ask an administrator of your enterprise for one, and send its token as invitation"
                    .to_owned(),
            ));
        }
        let name = name::checked(&new.name, "name")?;

        let tx = self.gate().sign_in("account.registration").await?;
        let attempt = throttle::reserve(&tx, [Bucket::register(request)], request.at).await?;
        // What others at the same address do keeps nobody out who was invited. Tokens cannot be guessed.
        let invited = matches!(attempt, Attempt::Blocked { .. }) && is_invited(&tx, &new, request).await?;
        tx.commit().await?;
        let reserved = match attempt.admitted() {
            Ok(reserved) => Some(reserved),
            Err(_) if invited => None,
            Err(blocked) => return Err(blocked),
        };

        let tx = self.gate().sign_in("account.destination").await?;
        let destination = Destination::find(&tx, &new, request).await?;
        let taken = store::by_email(&tx, &new.email).await?.is_some();
        tx.commit().await?;
        if taken {
            return Err(email_taken());
        }
        let known = vec![new.email.to_string(), name.clone(), destination.enterprise_name().to_owned()];
        self.passwords().judge(&new.password, known, "password").await?;
        let password = self.passwords().hash(&new.password).await?;

        let key = self.signing_keys().current(request.at).await?;
        let tx = self.gate().sign_in("account.register").await?;
        let account = destination.settle(&tx, request, &new.email, name, &password).await?;
        if let (Destination::Invited { .. }, Some(reserved)) = (&destination, &reserved) {
            throttle::forgive(&tx, reserved, request.at).await?;
        }
        let signed_in = self.start_session(&tx, request, &account, &key, sessions::LONGEST).await?;
        tx.commit().await?;
        Ok(signed_in)
    }
}

/// Whether the request has an open invitation for its address.
async fn is_invited(tx: &IdentityTx, new: &NewAccount, request: &RequestInfo) -> Result<bool> {
    let Place::Invitation(token) = &new.place else { return Ok(false) };
    let offer = invitations::lookup(tx, &SecretHash::of(token), request.at).await?;
    Ok(offer.is_some_and(|offer| offer.open_to(&new.email).is_ok()))
}

impl Destination {
    async fn find(tx: &IdentityTx, new: &NewAccount, request: &RequestInfo) -> Result<Self> {
        match &new.place {
            Place::NewEnterprise(name) => name::checked(name, "enterprise_name").map(Self::NewEnterprise),
            Place::Invitation(token) => {
                let token = SecretHash::of(token);
                let offer = invitations::lookup(tx, &token, request.at).await?;
                let offer = offer.ok_or(Error::NotFound { what: "invitation" })?;
                offer.open_to(&new.email)?;
                Ok(Self::Invited { token, enterprise_name: offer.enterprise_name })
            }
        }
    }

    fn enterprise_name(&self) -> &str {
        match self {
            Self::NewEnterprise(name) => name,
            Self::Invited { enterprise_name, .. } => enterprise_name,
        }
    }

    /// Creates the account, and its enterprise if it founds one.
    async fn settle(
        &self,
        tx: &IdentityTx,
        request: &RequestInfo,
        email: &EmailAddress,
        name: String,
        password: &PasswordHash,
    ) -> Result<Account> {
        let id = UserId::generate();
        let (enterprise, scope, role, by, entry) = match self {
            Self::NewEnterprise(name) => {
                let Founded { enterprise, root } = founding::found(tx, name, request.at).await?;
                (enterprise, root, Role::Owner, None, Entry::new("enterprise.found", enterprise))
            }
            Self::Invited { token, .. } => {
                // It was open a moment ago: somebody else accepted it, or it was withdrawn.
                let accepted =
                    invitations::accept(tx, token, request.at).await?.filter(|it| it.email == *email);
                let Some(Accepted { id, enterprise, scope, role, invited_by, .. }) = accepted else {
                    return Err(Error::Conflict("the invitation is no longer open".to_owned()));
                };
                quotas::members(tx, enterprise).await?;
                (enterprise, scope, role, Some(invited_by), Entry::new("invitation.accept", id))
            }
        };
        let personal = founding::personal_scope(tx, enterprise).await?;
        let user = NewUser { enterprise, id, scope: personal, email, name: &name, password, at: request.at };
        if !store::insert(tx, &user).await? {
            return Err(email_taken());
        }
        founding::join(tx, enterprise, id, scope, role, by, request.at).await?;

        audit::record_sign_in(tx, request, enterprise, Some(id), entry.within(scope)).await?;
        let entry = Entry::new("account.register", id);
        audit::record_sign_in(tx, request, enterprise, Some(id), entry).await?;
        Ok(Account {
            enterprise,
            enterprise_name: self.enterprise_name().to_owned(),
            id,
            email: email.to_string(),
            name,
            active: true,
            password: None,
            password_changed_at: None,
        })
    }
}

fn email_taken() -> Error {
    Error::Conflict("there is an account with this e-mail address already, log in instead".to_owned())
}
