//! A person's standing to a memory, asked about them rather than by them: `simulation` puts the answers into words.
//!
//! The asker must see the memory themselves. The answers come from the code that decides real requests; nothing is
//! changed.

use chrono::{DateTime, Utc};

use super::authority::{Held, Plan, shared_before};
use super::store::shares;
use super::{ShareRequest, Subject, approvals};
use crate::access::{AuthContext, Classification, Role, TenantTx};
use crate::error::Result;
use crate::ids::{MemoryId, ScopeId, ShareId, UserId};
use crate::memory::Permission;

/// A memory, and the shares through which it reaches a person.
#[derive(Debug)]
pub struct Standing {
    held: Held,
    /// The shares, highest permission first.
    pub ways: Vec<Way>,
}

/// A live share through which a memory reaches somebody.
#[derive(Debug, Clone)]
pub struct Way {
    /// The memory.
    pub memory: MemoryId,
    /// The id of the share.
    pub share: ShareId,
    /// The scope that it reaches.
    pub scope: ScopeId,
    /// That scope as requests name it.
    pub with: String,
    /// The name of that scope.
    pub name: Option<String>,
    /// The context that contains the memory, if that is what is shared.
    pub context: Option<InContext>,
    /// The permission that it grants.
    pub permission: Permission,
    /// Whether it lets them share on.
    pub may_reshare: bool,
    /// Who shared it.
    pub granted_by: UserId,
    pub(super) granter: Option<String>,
    /// When it expires.
    pub until: Option<DateTime<Utc>>,
}

/// A shared context that contains a memory.
#[derive(Debug, Clone)]
pub struct InContext {
    /// Its scope.
    pub scope: ScopeId,
    /// Its name.
    pub name: String,
}

impl Way {
    /// Returns the granter's name for display, or their id if they have none.
    #[must_use]
    pub fn by(&self) -> String {
        self.granter.clone().unwrap_or_else(|| self.granted_by.to_string())
    }
}

impl Way {
    /// Returns the name of the scope that it reaches: people have one for everyone who may know of the share, nodes only for
    /// those who see the node.
    pub(super) fn name_for(&self, who: &AuthContext) -> Option<&str> {
        let known = self.with.starts_with("person:") || who.scope(self.scope).is_some();
        self.name.as_deref().filter(|name| known && !name.is_empty())
    }

    /// Returns whether somebody may know the name of the context: its members, and those with whom it is shared.
    pub(super) fn known_in(&self, who: &AuthContext, context: &InContext) -> bool {
        who.scope(context.scope).is_some() || who.scope(self.scope).is_some()
    }
}

/// Whether a person may share a memory.
#[derive(Debug)]
pub enum MayShare {
    /// Immediately, by their role, or through this share.
    AtOnce(Option<ShareId>),
    /// After approval for each of these scopes, by somebody who holds that role there.
    Approved(Vec<(ScopeId, Role)>),
}

impl Standing {
    /// Reads a memory that the transaction's caller sees.
    pub async fn of(tx: &TenantTx<'_>, id: MemoryId, who: &AuthContext) -> Result<Self> {
        let held = Held::look(tx, Subject::Memory(id)).await?;
        let ways = shares::ways(tx, id, Some(who)).await?;
        Ok(Self { held, ways })
    }

    /// Returns its home.
    #[must_use]
    pub fn home(&self) -> ScopeId {
        self.held.home
    }

    /// Returns its class.
    #[must_use]
    pub fn class(&self) -> Classification {
        self.held.class
    }

    /// Returns whether the person added it.
    #[must_use]
    pub fn is_by(&self, who: &AuthContext) -> bool {
        self.held.author == Some(who.user_id())
    }

    /// Returns whether they may share it at all or, if `new` is given, in this way; otherwise the error that they would
    /// get.
    pub async fn may_share(
        self,
        tx: &TenantTx<'_>,
        who: &AuthContext,
        request: Option<&ShareRequest>,
    ) -> Result<MayShare> {
        let Some(request) = request else {
            return Ok(MayShare::AtOnce(self.held.authority_of(tx, who).await?.via));
        };
        let before = shared_before(tx, self.held.subject, &request.with, who).await?;
        let plan = Plan::of(tx, self.held, who, &request.on(before.as_ref())).await?;
        if plan.rules.is_empty() {
            return Ok(MayShare::AtOnce(plan.authority.via));
        }
        approvals::can_be_approved(tx, &plan, who.user_id()).await?;
        Ok(MayShare::Approved(
            plan.rules.into_iter().map(|(node, rule)| (node, rule.approver_role)).collect(),
        ))
    }
}
