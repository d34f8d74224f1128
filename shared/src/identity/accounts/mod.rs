//! Accounts: registration, profile, deactivation and reactivation.

mod activation;
mod profile;
mod register;
mod store;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use activation::{
    LeftKey, deactivate_service_account, deactivate_user, reactivate_service_account, reactivate_user,
};
pub use profile::{CredentialView, Me, MembershipView, Names, Profile, ScopeView, names};
pub use register::{NewAccount, Place};
pub(super) use store::{by_email, change_password, lock_active, lock_status, upgrade_hash};

use super::passwords::PasswordHash;
use crate::ids::{EnterpriseId, UserId};

/// An account, as sign-in knows it.
#[derive(Debug, Clone)]
pub struct Account {
    /// The account's tenant.
    pub enterprise: EnterpriseId,
    /// The tenant's name.
    pub enterprise_name: String,
    /// The account.
    pub id: UserId,
    /// The e-mail address, in lower case.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// Whether the account is active.
    pub active: bool,
    /// The password hash; `None` if the account signs in elsewhere.
    pub(super) password: Option<PasswordHash>,
    /// When the password was chosen.
    pub(super) password_changed_at: Option<DateTime<Utc>>,
}

/// An account as responses show it.
#[derive(Debug, Clone, Serialize)]
pub struct AccountView {
    /// `usr_…`.
    pub id: UserId,
    /// The address it signs in with; `None` for a service account.
    pub email: Option<String>,
    /// The person's name.
    pub name: String,
    /// `ent_…`.
    pub enterprise_id: EnterpriseId,
    /// The enterprise's name.
    pub enterprise_name: String,
}

impl From<&Account> for AccountView {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id,
            email: Some(account.email.clone()),
            name: account.name.clone(),
            enterprise_id: account.enterprise,
            enterprise_name: account.enterprise_name.clone(),
        }
    }
}
