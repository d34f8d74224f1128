//! The authority to share something, and every check before it is shared.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use super::approvals::Approval;
use super::chain;
use super::contexts::{check_class, keep};
use super::grantee::Grantee;
use super::reach::{Reach, rules_of};
use super::store::shares::{self, Wanted};
use super::store::{approvals, contexts, grantees};
use super::{Direction, GranteeName, NewShare, Share, ShareRequest, Subject};
use crate::access::{Action, AuthContext, Classification, ReadableScope, ScopeKind, TenantTx, policy};
use crate::db::StoreError;
use crate::error::{Error, Result};
use crate::ids::{ApprovalId, ContextId, MemoryId, ScopeId, ShareId, UserId};
use crate::memory::{self, Memory, Permission};
use crate::tenancy::policies::{self, ApprovalRule, Effective};

/// The item to be shared.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) subject: Subject,
    pub(super) home: ScopeId,
    /// The effective policy of its home.
    pub(super) policy: Effective,
    pub(super) class: Classification,
    pub(super) author: Option<UserId>,
    /// The version of a memory.
    pub(super) version: Option<i32>,
    /// The request through which a decider views it: they need not see it otherwise.
    pub(super) asked: Option<ApprovalId>,
}

/// How somebody may share it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Authority {
    /// The share through which they may; `None` if by their role in its home.
    pub(super) via: Option<ShareId>,
    /// The highest permission that they may share on.
    pub(super) most: Permission,
    /// The latest end of a share that they may make.
    pub(super) until: Option<DateTime<Utc>>,
}

/// A share that may be made, provided that everyone whose approval is needed agrees.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) held: Held,
    pub(super) authority: Authority,
    pub(super) grantee: Grantee,
    pub(super) direction: Direction,
    /// The rules that require somebody else's approval first, with their nodes.
    pub(super) rules: Vec<(ScopeId, ApprovalRule)>,
}

/// What a request to share comes to.
pub(super) struct Wish {
    pub(super) plan: Plan,
    /// The terms, all of them.
    pub(super) new: NewShare,
    /// The live share that the caller has made before, whose terms change.
    pub(super) before: Option<Share>,
}

impl Held {
    /// Locks it until the transaction ends. It is not found if the caller cannot see it.
    pub(super) async fn take(tx: &TenantTx<'_>, subject: Subject) -> Result<Self> {
        match subject {
            Subject::Memory(id) => Self::memory(tx, id, &memory::hold(tx, id).await?).await,
            Subject::Context(id) => {
                contexts::hold(tx, tx.caller().context(id)?.id).await?;
                Self::context(tx, id).await
            }
        }
    }

    /// Reads it without a lock, for display only.
    pub(super) async fn look(tx: &TenantTx<'_>, subject: Subject) -> Result<Self> {
        match subject {
            Subject::Memory(id) => Self::memory(tx, id, &memory::look(tx, id).await?).await,
            Subject::Context(id) => Self::context(tx, id).await,
        }
    }

    /// Builds it from a memory that was already read.
    pub(super) async fn memory(tx: &TenantTx<'_>, id: MemoryId, memory: &Memory) -> Result<Self> {
        let policy = policies::effective(tx, memory.home).await?;
        let policy = policy.ok_or(Error::NotFound { what: "memory" })?;
        let (home, class) = (memory.home, memory.classification);
        let (author, version) = (Some(memory.author), Some(memory.version));
        Ok(Self { subject: Subject::Memory(id), home, policy, class, author, version, asked: None })
    }

    /// Reads the requested item as it is now; returns `None` if it no longer exists.
    pub(super) async fn asked(tx: &TenantTx<'_>, request: &Approval) -> Result<Option<Self>> {
        if let Some(id) = request.context_id {
            let held = Self::at(tx, id, request.home).await?;
            return Ok(held.map(|held| Self { asked: Some(request.id), ..held }));
        }
        Self::asked_memory(tx, request, approvals::look(tx, request.id).await?).await
    }

    /// Does the same, and locks it until the transaction ends.
    pub(super) async fn take_asked(tx: &TenantTx<'_>, request: &Approval) -> Result<Option<Self>> {
        if request.context_id.is_some() {
            contexts::hold(tx, request.home).await?;
            return Self::asked(tx, request).await;
        }
        // If it is to be pinned, nobody may join the context in the meantime.
        contexts::keep(tx, request.grantee).await?;
        Self::asked_memory(tx, request, approvals::hold(tx, request.id).await?).await
    }

    async fn asked_memory(
        tx: &TenantTx<'_>,
        request: &Approval,
        now: Option<approvals::Subject>,
    ) -> Result<Option<Self>> {
        let (Some(id), Some(now)) = (request.memory_id, now) else { return Ok(None) };
        let Some(policy) = policies::effective(tx, now.home).await? else { return Ok(None) };
        let (author, version) = (Some(now.author), Some(now.version));
        let (subject, asked) = (Subject::Memory(id), Some(request.id));
        Ok(Some(Self { subject, home: now.home, policy, class: now.class, author, version, asked }))
    }

    async fn context(tx: &TenantTx<'_>, id: ContextId) -> Result<Self> {
        let home = tx.caller().context(id)?.id;
        Self::at(tx, id, home).await?.ok_or(Error::NotFound { what: "context" })
    }

    /// Reads a context, whether or not the caller sees it.
    async fn at(tx: &TenantTx<'_>, id: ContextId, home: ScopeId) -> Result<Option<Self>> {
        let Some(policy) = policies::effective(tx, home).await? else { return Ok(None) };
        let class = contexts::class(tx, home).await?;
        let subject = Subject::Context(id);
        Ok(Some(Self { subject, home, policy, class, author: None, version: None, asked: None }))
    }

    /// Returns a digest of the current contents, for a context.
    pub(super) async fn contents(&self, tx: &TenantTx<'_>) -> Result<Option<Vec<u8>>, StoreError> {
        match self.subject {
            Subject::Memory(_) => Ok(None),
            Subject::Context(_) => contexts::digest(tx, self.home).await.map(Some),
        }
    }

    /// Returns how the caller may share it.
    pub(super) async fn authority(&self, tx: &TenantTx<'_>) -> Result<Authority> {
        self.authority_of(tx, tx.caller()).await
    }

    /// Returns how somebody may share it: by their role in its home, or through the share that allows most, for
    /// longest.
    pub(super) async fn authority_of(&self, tx: &TenantTx<'_>, caller: &AuthContext) -> Result<Authority> {
        self.authority_for(tx, caller, None).await
    }

    /// Does the same for a specific request: of several shares it picks one that covers the request, if there is one.
    pub(super) async fn authority_for(
        &self,
        tx: &TenantTx<'_>,
        caller: &AuthContext,
        wish: Option<&NewShare>,
    ) -> Result<Authority> {
        let home = caller.scope(self.home);
        let action = match self.author == Some(caller.user_id()) {
            true => Action::ShareOwnMemory,
            false => Action::ShareAnyMemory,
        };
        let refusal = match home {
            Some(home) => match caller.authorize(action, home) {
                Ok(()) => return Ok(Authority { via: None, most: Permission::Admin, until: None }),
                Err(refusal) => refusal,
            },
            None => Error::Forbidden("this was shared with you, and not to be shared on".to_owned()),
        };
        // Only its administrators decide who else gets a context, whatever terms older shares of it have.
        if let Subject::Context(_) = self.subject {
            return Err(refusal);
        }
        caller.authorize_verb(action.verb())?;
        let live = self.grants(tx).await?;
        let ways = live.iter().filter(|share| {
            (share.may_reshare || share.permission == Permission::Admin)
                && caller.scope(share.grantee).is_some()
        });
        let ways = ways.filter_map(|share| {
            let steps = chain::steps(&live, share, caller.user_id())?;
            let (via, most, until) = (Some(share.id), share.permission, share.expires_at);
            Some((Authority { via, most, until }, steps, share.granted_at))
        });
        let best = ways.max_by_key(|(way, steps, since)| {
            let covers = wish.is_some_and(|new| way.check(new).is_ok());
            let until = way.until.unwrap_or(DateTime::<Utc>::MAX_UTC);
            (covers, way.most, until, Reverse(*steps), *since)
        });
        best.map(|(way, ..)| way).ok_or(refusal)
    }

    /// Lists its own live shares.
    pub(super) async fn grants(&self, tx: &TenantTx<'_>) -> Result<Vec<Share>, StoreError> {
        let wanted = Wanted {
            memory: self.subject.memory(),
            context: self.subject.context(),
            asked: self.asked,
            ..Wanted::default()
        };
        shares::list(tx, &wanted, u32::MAX).await
    }

    /// Returns whether the caller decides about it, beyond the shares they made themselves.
    pub(super) async fn decides(&self, tx: &TenantTx<'_>) -> Result<bool> {
        let authority = self.authority(tx).await;
        Ok(authority.is_ok_and(|it| it.via.is_none() || it.most == Permission::Admin))
    }
}

impl Wish {
    /// Locks the item, reads everything needed and refuses what the caller may not do.
    pub(super) async fn make(tx: &TenantTx<'_>, subject: Subject, request: &ShareRequest) -> Result<Self> {
        if let GranteeName::Scope(name) = request.with {
            keep(tx, name).await?;
        }
        let held = Held::take(tx, subject).await?;
        // The lock keeps another request of the same person from changing the terms in the meantime.
        let before = shared_before(tx, subject, &request.with, tx.caller()).await?;
        let new = request.on(before.as_ref());
        if let Subject::Context(_) = subject {
            check_context_terms(&new)?;
        }
        let plan = Plan::of(tx, held, tx.caller(), &new).await?;
        Ok(Self { plan, new, before })
    }
}

/// Returns the caller's own live share of an item with a grantee.
pub(super) async fn shared_before(
    tx: &TenantTx<'_>,
    subject: Subject,
    with: &GranteeName,
    sharer: &AuthContext,
) -> Result<Option<Share>> {
    let grantee = match Grantee::resolve(tx, sharer, with).await {
        Ok(grantee) => grantee,
        // Whether the caller may share it at all is told first.
        Err(error) if error.is_refusal() => return Ok(None),
        Err(error) => return Err(error),
    };
    match shares::own(tx, subject, grantee.scope, sharer.user_id()).await? {
        Some(id) => {
            let wanted = Wanted {
                id: Some(id),
                memory: subject.memory(),
                context: subject.context(),
                ..Wanted::default()
            };
            Ok(shares::list(tx, &wanted, 1).await?.pop())
        }
        None => Ok(None),
    }
}

impl Plan {
    /// Reads everything needed and refuses what the sharer may not do.
    pub(super) async fn of(
        tx: &TenantTx<'_>,
        held: Held,
        sharer: &AuthContext,
        new: &NewShare,
    ) -> Result<Self> {
        let authority = held.authority_for(tx, sharer, Some(new)).await?;
        Self::with(tx, held, sharer, authority, new).await
    }

    /// Does the same with a known authority.
    pub(super) async fn with(
        tx: &TenantTx<'_>,
        held: Held,
        sharer: &AuthContext,
        authority: Authority,
        new: &NewShare,
    ) -> Result<Self> {
        if let Subject::Context(_) = held.subject {
            check_class(held.class, sharer)?;
        }
        let grantee = Grantee::resolve(tx, sharer, &new.with).await?;
        check_within(tx, sharer, &grantee).await?;
        if grantee.scope == held.home {
            let home = sharer.scope(held.home).map_or_else(|| grantee.label.clone(), ReadableScope::in_words);
            return Err(Error::Conflict(format!("it lives in {home}, whose members see it already")));
        }
        if let (Subject::Context(_), ScopeKind::Context) = (held.subject, grantee.kind) {
            return Err(Error::invalid("with", "a context cannot be shared with a context"));
        }
        let reaches = Reach::of(tx, sharer, &held, &grantee).await?;
        reaches.iter().try_for_each(Reach::check_class)?;
        authority.check(new)?;
        if grantee.kind == ScopeKind::Context {
            check_pin(sharer, &grantee, new)?;
        }
        // What is pinned goes as far as the context does.
        let direction = reaches.iter().map(|reach| reach.direction).max();
        let direction = direction.ok_or_else(|| Error::internal("a share reaches nobody"))?;
        Ok(Self { held, authority, grantee, direction, rules: rules_of(&reaches) })
    }
}

impl Authority {
    /// Refuses to share on more than was granted.
    pub(super) fn check(&self, new: &NewShare) -> Result<()> {
        if new.permission > self.most {
            return Err(Error::Forbidden(format!(
                "it was shared with you to {}, so you cannot share it on to {}",
                self.most, new.permission
            )));
        }
        if let Some(until) = self.until
            && new.expires_at.is_none_or(|at| at > until)
        {
            let until = until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            return Err(Error::Forbidden(format!(
                "it was shared with you until {until}, share it on with an expires_at until then"
            )));
        }
        Ok(())
    }
}

/// Refuses to share through a narrowed credential with more than it reaches.
pub(super) async fn check_within(tx: &TenantTx<'_>, sharer: &AuthContext, grantee: &Grantee) -> Result<()> {
    let Some(within) = sharer.within() else { return Ok(()) };
    let reached = match grantee.person {
        Some(_) => grantees::belongs_within(tx, grantee.scope, &within).await?,
        None => sharer.reaches(&grantee.path),
    };
    if reached {
        return Ok(());
    }
    Err(Error::Forbidden(format!(
        "this key is narrowed, and {} is beyond it: it shares with what it reaches, and with people who hold a role there",
        grantee.label
    )))
}

/// Checks the terms on which a context is shared: only its administrators decide who else gets it.
fn check_context_terms(new: &NewShare) -> Result<()> {
    if new.permission == Permission::Admin {
        let message = "a context is shared to read or write: add an administrator of it as a member instead";
        return Err(Error::invalid("permission", message));
    }
    if new.may_reshare {
        let message = "only the administrators of a context share it: add somebody as one instead";
        return Err(Error::invalid("may_reshare", message));
    }
    Ok(())
}

/// Checks a pin, which lets the members of a context read a memory, and no more.
fn check_pin(caller: &AuthContext, context: &Grantee, new: &NewShare) -> Result<()> {
    let scope = caller.scope(context.scope).ok_or(Error::NotFound { what: "context" })?;
    if !policy::allows(Action::AddMemory, scope.kind, scope.role) {
        return Err(Error::Forbidden(format!("this needs the role member on {}", scope.in_words())));
    }
    if new.permission != Permission::Read {
        return Err(Error::invalid("permission", "what is pinned to a context can be read there, no more"));
    }
    Ok(())
}
