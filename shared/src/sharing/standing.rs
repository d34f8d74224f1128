//! How somebody stands to a memory, asked about them rather than by them: what `simulation` puts into words.
//!
//! Whoever asks must see the memory themselves. The answers come from the code that decides about requests; nothing is done.

use chrono::{DateTime, Utc};

use super::authority::{Held, Plan};
use super::store::shares;
use super::{NewShare, Subject};
use crate::access::{AuthContext, Classification, Role, TenantTx};
use crate::error::Result;
use crate::ids::{MemoryId, ScopeId, ShareId, UserId};
use crate::memory::Permission;

/// A memory, and the shares by which it reaches somebody.
#[derive(Debug)]
pub struct Standing {
    held: Held,
    /// Whatever gives most first.
    pub ways: Vec<Way>,
}

/// A live share by which a memory reaches somebody.
#[derive(Debug, Clone)]
pub struct Way {
    /// Which.
    pub share: ShareId,
    /// The scope that it reaches.
    pub scope: ScopeId,
    /// The same as requests name it.
    pub with: String,
    /// And what it is called.
    pub name: Option<String>,
    /// Whether a context is what is shared, and the memory in it.
    pub in_context: bool,
    /// What it allows.
    pub permission: Permission,
    /// Whether it lets them share it on.
    pub may_reshare: bool,
    /// Who shared it.
    pub granted_by: UserId,
    pub(super) granter: Option<String>,
    /// When it ends by itself.
    pub until: Option<DateTime<Utc>>,
}

impl Way {
    /// Who shared it, for people to read: their name, or who they are if they have none.
    pub(super) fn by(&self) -> String {
        self.granter.clone().unwrap_or_else(|| self.granted_by.to_string())
    }
}

/// Whether they may share it.
#[derive(Debug)]
pub enum MayShare {
    /// At once, by their role, or through this share.
    AtOnce(Option<ShareId>),
    /// Once somebody agreed of each of these scopes, who holds that role there.
    Approved(Vec<(ScopeId, Role)>),
}

impl Standing {
    /// Looks at a memory that the transaction's caller sees.
    pub async fn of(tx: &TenantTx<'_>, id: MemoryId, who: &AuthContext) -> Result<Self> {
        let held = Held::look(tx, Subject::Memory(id)).await?;
        let ways = shares::ways(tx, id, Some(who)).await?;
        Ok(Self { held, ways })
    }

    /// Where it lives.
    #[must_use]
    pub fn home(&self) -> ScopeId {
        self.held.home
    }

    /// How confidential it is.
    #[must_use]
    pub fn class(&self) -> Classification {
        self.held.class
    }

    /// Whether they added it.
    #[must_use]
    pub fn is_by(&self, who: &AuthContext) -> bool {
        self.held.author == Some(who.user_id())
    }

    /// Whether they may share it at all, or in this very way; the refusal that they would get otherwise.
    pub async fn may_share(
        self,
        tx: &TenantTx<'_>,
        who: &AuthContext,
        new: Option<&NewShare>,
    ) -> Result<MayShare> {
        let Some(new) = new else {
            return Ok(MayShare::AtOnce(self.held.authority_of(tx, who).await?.via));
        };
        let plan = Plan::of(tx, self.held, who, new).await?;
        if plan.rules.is_empty() {
            return Ok(MayShare::AtOnce(plan.authority.via));
        }
        Ok(MayShare::Approved(
            plan.rules.into_iter().map(|(node, rule)| (node, rule.approver_role)).collect(),
        ))
    }
}
