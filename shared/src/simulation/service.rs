//! The two questions.

use serde_json::{Value, json};
use uuid::Uuid;

use super::store::{self, Held};
use super::verdict::Asked;
use super::{About, Question, Reason, SeenScope, Verdict, Via, key};
use crate::access::policy;
use crate::access::{Action, AuthContext, ReadableScope, ScopeKind, Simulation, TenantTx};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::page::{Cursor, List, QueryHash};

/// Lists the scopes that a user can read among those that the caller administers, with roles and reasons; for oneself,
/// all readable scopes.
///
/// A user who reads none of them does not exist for the caller (`NotFound`), unless the caller administers the
/// enterprise.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    user: UserId,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<SeenScope>> {
    ctx.authorize_verb(Action::SimulateAccess.verb())?;
    let query = QueryHash::of(&["access", &user.to_string()]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?.map(|after| after.id);
    let missing = || Error::NotFound { what: "user" };
    let tx = ctx.begin(db, "access.simulate").await?;
    let them = Simulation::of(&tx, user).await?.ok_or_else(missing)?;
    let held = store::held(&tx, user).await?;
    let mut scopes: Vec<_> = them.caller.scopes().iter().filter(|scope| concerns(ctx, user, scope)).collect();
    let known = user == ctx.user_id() || ctx.enterprise().is_ok_and(|root| administers(ctx, root));
    if !known && scopes.iter().all(|scope| scope.kind == ScopeKind::Public) {
        return Err(missing());
    }
    record(&tx, "access.simulate_scopes", user, json!({})).await?;
    tx.commit().await?;
    if !them.active {
        scopes.clear();
    }
    let mut rest: Vec<_> = scopes.into_iter().map(|scope| (order(scope), scope)).collect();
    rest.sort_by_key(|(order, _)| *order);
    rest.retain(|(order, _)| Some(*order) > after);
    let place = |(order, _): &(Uuid, _)| Cursor { created_at: chrono::DateTime::UNIX_EPOCH, id: *order };
    let next = Cursor::cut_at(&mut rest, limit, &query, place);
    let results = rest.into_iter().map(|(_, scope)| seen(&them.caller, scope, &held)).collect();
    Ok(List { results, next })
}

/// Decides whether a user may perform an action on something that the caller administers, and why.
pub async fn check(ctx: &AuthContext, db: &Database, question: Question) -> Result<Verdict> {
    ctx.authorize_verb(Action::SimulateAccess.verb())?;
    if !matches!(question.about, About::Scope(_)) {
        ctx.authorize_verb(Action::ReadMemories.verb())?;
    }
    if let Some(share) = &question.share {
        share.check(ctx.request().at).map_err(|error| error.within("share"))?;
    }
    let tx = ctx.begin(db, "access.check").await?;
    let user = match (question.user, question.key) {
        (Some(user), _) => user,
        (None, Some(key)) => key::owner(&tx, key).await?,
        (None, None) => return Err(Error::malformed("send user_id, or api_key_id")),
    };
    let mut them = Simulation::of(&tx, user).await?.ok_or(Error::NotFound { what: "user" })?;
    if let Some(ceiling) = question.ceiling {
        them.caller = them.caller.below(ceiling);
    }
    let held = store::held(&tx, user).await?;
    let asking = Asking { tx: &tx, question: &question, them: &them, held: &held };
    let (mut verdict, subject) = asking.verdict(&them).await?;
    if let Some(id) = question.key {
        let key = asking.key(id).await?;
        verdict = key::judge(&asking, &key, verdict).await?;
    }
    let details = json!({ "action": question.verb.name(), "subject": subject, "key": question.key });
    record(&tx, "access.check", user, details).await?;
    tx.commit().await?;
    Ok(verdict)
}

/// A question about a user, directly or through a key.
pub(super) struct Asking<'a> {
    pub(super) tx: &'a TenantTx<'a>,
    pub(super) question: &'a Question,
    pub(super) them: &'a Simulation,
    held: &'a [Held],
}

impl Asking<'_> {
    /// Returns the verdict about the user, and the subject of the question.
    pub(super) async fn verdict(&self, them: &Simulation) -> Result<(Verdict, String)> {
        let asked = Asked { tx: self.tx, question: self.question, them, held: self.held };
        match self.question.about {
            About::Scope(name) => asked.of_scope(name).await,
            About::Memory(id) => asked.of_memory(id).await,
            About::Approval(id) => asked.of_approval(id).await,
        }
    }
}

async fn record(tx: &TenantTx<'_>, action: &'static str, user: UserId, details: Value) -> Result<()> {
    audit::record(tx, Entry::new(action, user).with(details)).await?;
    Ok(())
}

fn administers(ctx: &AuthContext, scope: &ReadableScope) -> bool {
    policy::allows(Action::SimulateAccess, scope.kind, scope.role) && ctx.reaches(&scope.path)
}

/// Whether a user's scope is the caller's business.
pub(super) fn concerns(ctx: &AuthContext, user: UserId, scope: &ReadableScope) -> bool {
    if user == ctx.user_id() {
        return ctx.scope(scope.id).is_some();
    }
    match scope.kind {
        // Its roles are those of the enterprise.
        ScopeKind::Public => ctx.enterprise().is_ok_and(|root| administers(ctx, root)),
        _ => ctx.scope(scope.id).is_some_and(|own| administers(ctx, own)),
    }
}

fn seen(them: &AuthContext, scope: &ReadableScope, held: &[Held]) -> SeenScope {
    let may = Action::ALL.into_iter().filter(|action| them.authorize(*action, scope).is_ok());
    SeenScope {
        place: scope.into(),
        role: scope.role,
        may: may.map(Action::name).collect(),
        why: reasons(scope, held),
    }
}

pub(super) fn reasons(scope: &ReadableScope, held: &[Held]) -> Vec<Reason> {
    if scope.kind == ScopeKind::User {
        return vec![Reason { via: Via::Own, role: None, at: None, group: None, share: None }];
    }
    let reason = |held: &Held, via| Reason {
        via,
        role: Some(held.role),
        at: Some(held.at.clone()),
        group: held.group.clone(),
        share: None,
    };
    let on_path = held.iter().filter_map(|held| match held.scope() {
        Some(id) if id == scope.id => Some(reason(held, Via::Member)),
        Some(id) if scope.path.contains(&id) => Some(reason(held, Via::Inherited)),
        _ => None,
    });
    let mut why: Vec<_> = on_path.collect();
    if why.is_empty() {
        why = held
            .iter()
            .filter(|held| held.path.contains(&scope.id))
            .map(|held| reason(held, Via::Below))
            .collect();
    }
    if why.is_empty() {
        why.push(Reason { via: Via::Everyone, role: None, at: None, group: None, share: None });
    }
    why
}

/// The sort key: a node's id, which sorts by age. The other scopes have none, and come first in the order of their
/// kinds.
fn order(scope: &ReadableScope) -> Uuid {
    scope.node.map_or_else(|| Uuid::from_u128(scope.kind as u128), |node| node.uuid())
}
