//! Whether a user may do something, and the sentences that explain it.

use super::conditions;
use super::service::{concerns, reasons};
use super::store::Held;
use super::{Approver, Question, Reason, ShareReason, Verb, Verdict, Via};
use crate::access::policy::{self, Requirement};
use crate::access::{
    Action, AuthContext, ReadableScope, ScopeKind, ScopeName, Simulation, TenantTx, in_words,
};
use crate::error::{Error, Result};
use crate::ids::{ApprovalId, MemoryId, UserId};
use crate::memory::Permission;
use crate::sharing::approvals::{self, Approval, Behind, Ground, Position, Status};
use crate::sharing::standing::{MayShare, Standing, Way};

/// A question, and the user it is about.
pub(super) struct Asked<'a> {
    pub(super) tx: &'a TenantTx<'a>,
    pub(super) question: &'a Question,
    pub(super) them: &'a Simulation,
    pub(super) held: &'a [Held],
}

impl Asked<'_> {
    /// Answers a question about a scope that the asker administers; returns the verdict and the subject.
    pub(super) async fn of_scope(&self, name: ScopeName) -> Result<(Verdict, String)> {
        let scope = self.asker().resolve(name)?;
        self.asker().authorize(Action::SimulateAccess, scope)?;
        let Verb::Policy(action) = self.question.verb else {
            return Err(self.senseless(match self.question.verb {
                Verb::DecideApproval => "is about a request: send approval_id",
                _ => "is about a memory: send memory_id",
            }));
        };
        let them = self.them.reaching(self.tx, name).await?.caller;
        let verdict = match them.scope(scope.id) {
            _ if !self.them.active => self.inactive(),
            None => refused(format!("they cannot see {}", scope.in_words())),
            Some(theirs) => {
                let verdict = match them.authorize(action, theirs) {
                    Err(_) => refused(sentence(action, theirs)),
                    Ok(()) => match conditions::of_scope(self.tx, &them, action, theirs).await? {
                        Ok(conditions) => Verdict { conditions, ..allowed(sentence(action, theirs)) },
                        Err(refusal) => refused(refusal),
                    },
                };
                let why = if theirs.is_lent() { vec![LENT] } else { reasons(theirs, self.held) };
                Verdict { role: theirs.role, why, ..verdict }
            }
        };
        Ok((verdict, scope.label()))
    }

    /// Answers a question about a memory that the asker can see, and whose home they administer.
    pub(super) async fn of_memory(&self, id: MemoryId) -> Result<(Verdict, String)> {
        let (asker, them) = (self.asker(), &self.them.caller);
        let standing = Standing::of(self.tx, id, them).await?;
        let beyond =
            || Error::Forbidden("this is answered to those who administer where it lives".to_owned());
        let home = asker.scope(standing.home()).ok_or_else(beyond)?;
        match home.kind {
            // The memory is the asker's own, so the user must be one whom they administer.
            ScopeKind::User => self.administers_them()?,
            _ => asker.authorize(Action::SimulateAccess, home)?,
        }
        if !self.them.active {
            return Ok((self.inactive(), id.to_string()));
        }
        let theirs = them.scope(home.id);
        let mut why: Vec<Reason> = theirs.map(|scope| reasons(scope, self.held)).unwrap_or_default();
        why.extend(standing.ways.iter().map(|way| self.shared(way)));
        let verdict = if why.is_empty() {
            let home =
                if home.kind == ScopeKind::User { "somebody's personal memories" } else { &home.in_words() };
            refused(format!("it lives in {home}, which they cannot see, and no share of it reaches them"))
        } else if standing.class() > them.ceiling() {
            let (class, ceiling) = (standing.class(), them.ceiling());
            refused(format!("it is {class}, and a credential with the ceiling {ceiling} does not show that"))
        } else {
            match self.decide(standing, theirs).await? {
                verdict if verdict.allowed && self.question.verb == Verb::ClassifyMemory => {
                    self.classifying(id, verdict).await?
                }
                verdict => verdict,
            }
        };
        let role = theirs.and_then(|scope| scope.role);
        Ok((Verdict { role, why, ..verdict }, id.to_string()))
    }

    /// Answers a question about an approval request whose node the asker administers.
    pub(super) async fn of_approval(&self, id: ApprovalId) -> Result<(Verdict, String)> {
        let them = &self.them.caller;
        let (approval, sees, positions) = approvals::position(self.tx, id, them).await?;
        // The user's own part among the nodes that have to agree, if there is one.
        let first = |is: fn(&Position) -> bool| positions.iter().find(|it| is(it));
        let open = first(|it| it.open).or_else(|| first(|it| it.gains)).or(positions.first());
        let node = them.scope(open.map_or(approval.node_scope, |it| it.node));
        let (allowed, reason) = match self.question.verb {
            _ if !self.them.active => (false, self.inactive().reason),
            _ if approval.classification > them.ceiling() => (
                false,
                format!(
                    "it is about something {}, and a credential with the ceiling {} does not show that",
                    approval.classification,
                    them.ceiling()
                ),
            ),
            Verb::Policy(Action::ListApprovals) => (
                sees,
                match sees {
                    true => "they asked for it, decide about it or answer for where it is from".to_owned(),
                    false => "it does not concern them".to_owned(),
                },
            ),
            Verb::DecideApproval => {
                let behind = match open {
                    None => approvals::behind(self.tx, them, &approval).await?,
                    Some(_) => None,
                };
                deciding(&approval, (them, behind), open, node)
            }
            _ => {
                return Err(self.senseless("is not about a request: list_approvals and decide_approval are"));
            }
        };
        let why = node.map(|node| reasons(node, self.held)).unwrap_or_default();
        let role = node.and_then(|node| node.role);
        let mut conditions = Vec::new();
        if allowed && matches!(self.question.verb, Verb::DecideApproval) {
            match approvals::check(self.tx, &approval).await {
                Ok(()) => {}
                Err(refusal @ (Error::Forbidden(_) | Error::Conflict(_))) => {
                    conditions.push(format!("they can only deny it: who approves is told: {refusal}"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok((Verdict { allowed, role, why, conditions, ..refused(reason) }, id.to_string()))
    }

    /// Decides what the user may do to a memory that they see.
    async fn decide(&self, standing: Standing, home: Option<&ReadableScope>) -> Result<Verdict> {
        let own = standing.is_by(&self.them.caller);
        let edit = if own { Action::EditOwnMemory } else { Action::EditAnyMemory };
        let share = if own { Action::ShareOwnMemory } else { Action::ShareAnyMemory };
        Ok(match self.question.verb {
            Verb::Policy(Action::ReadMemories) => allowed(match home {
                Some(home) => sentence(Action::ReadMemories, home),
                None => self.way_in_words(&standing.ways[0]),
            }),
            Verb::Policy(Action::EditOwnMemory | Action::EditAnyMemory) => {
                self.by_role_or_share(&standing, home, edit, Permission::Write)
            }
            Verb::ClassifyMemory | Verb::ForgetMemory => {
                self.by_role_or_share(&standing, home, edit, Permission::Admin)
            }
            Verb::Policy(Action::ShareOwnMemory | Action::ShareAnyMemory) => {
                self.sharing(standing, home, share).await?
            }
            Verb::Policy(action) => match home {
                Some(home) => Verdict {
                    allowed: self.them.caller.authorize(action, home).is_ok(),
                    ..refused(sentence(action, home))
                },
                None => {
                    refused(format!("{} is decided where it lives, which they cannot see", action.name()))
                }
            },
            Verb::DecideApproval => return Err(self.senseless("is about a request: send approval_id")),
        })
    }

    fn by_role_or_share(
        &self,
        standing: &Standing,
        home: Option<&ReadableScope>,
        action: Action,
        needed: Permission,
    ) -> Verdict {
        if let Some(home) = home.filter(|home| self.them.caller.authorize(action, home).is_ok()) {
            return allowed(sentence(action, home));
        }
        let best = standing.ways.first();
        match best {
            Some(way) if way.permission >= needed => allowed(self.way_in_words(way)),
            _ => {
                let role = home.map(|home| sentence(action, home));
                let share = best.map(|way| format!("{}, and this needs {needed}", self.way_in_words(way)));
                refused(role.into_iter().chain(share).collect::<Vec<_>>().join("; "))
            }
        }
    }

    /// Adds the classes that they could not give a memory, although they may classify it.
    async fn classifying(&self, id: MemoryId, verdict: Verdict) -> Result<Verdict> {
        let classes = conditions::of_classes(self.tx, &self.them.caller, id).await?;
        let conditions: Vec<String> = classes.iter().filter_map(|(_, refusal)| refusal.clone()).collect();
        Ok(match conditions.len() == classes.len() {
            true => refused(conditions.join("; ")),
            false => Verdict { conditions, ..verdict },
        })
    }

    async fn sharing(
        &self,
        standing: Standing,
        home: Option<&ReadableScope>,
        action: Action,
    ) -> Result<Verdict> {
        let may = standing.may_share(self.tx, &self.them.caller, self.question.share.as_ref()).await;
        Ok(match may {
            Ok(MayShare::AtOnce(None)) => allowed(match home {
                Some(home) => sentence(action, home),
                None => "they decide about it".to_owned(),
            }),
            Ok(MayShare::AtOnce(Some(share))) => {
                allowed(format!("through {share}, which lets them share it on"))
            }
            Ok(MayShare::Approved(nodes)) => {
                let at = |node| self.asker().scope(node);
                let approver = |(node, role)| Approver {
                    role,
                    scope: at(node).map(ReadableScope::label),
                    scope_name: at(node).and_then(|scope| scope.name.clone()),
                };
                let each: Vec<String> = nodes
                    .iter()
                    .map(|(node, role)| {
                        let at =
                            at(*node).map_or_else(|| "a scope above".to_owned(), ReadableScope::in_words);
                        format!("{role} on {at}")
                    })
                    .collect();
                let approvers: Vec<Approver> = nodes.into_iter().map(approver).collect();
                let each = each.join(" and somebody who is ");
                Verdict {
                    needs_approval_of: approvers,
                    ..refused(format!("they can ask for it: somebody else who is {each} has to agree"))
                }
            }
            Err(
                refusal @ (Error::Forbidden(_)
                | Error::Conflict(_)
                | Error::Invalid { .. }
                | Error::NotFound { .. }
                | Error::Missing(_)),
            ) => refused(format!("they would be told: {}", refusal.without_place())),
            Err(error) => return Err(error),
        })
    }

    /// Refuses a question about a user who is none of the asker's business.
    fn administers_them(&self) -> Result<()> {
        let (asker, them) = (self.asker(), &self.them.caller);
        let concerned = |scope: &ReadableScope| concerns(asker, them.user_id(), scope);
        if them.user_id() == asker.user_id() || them.scopes().iter().any(concerned) {
            return Ok(());
        }
        Err(Error::NotFound { what: "user" })
    }

    fn shared(&self, way: &Way) -> Reason {
        let via = if way.context.is_some() { Via::SharedContext } else { Via::Shared };
        let share = ShareReason {
            id: way.share,
            with: self.label(way),
            with_name: self.recipient(way).and_then(|scope| scope.name.clone()),
            permission: way.permission,
            may_reshare: way.may_reshare,
            granted_by: way.granted_by,
            granted_by_name: way.by(),
            until: way.until,
        };
        Reason { via, role: None, at: None, group: None, share: Some(share) }
    }

    /// The recipient of a share, unless it is a context that the asker does not belong to.
    fn recipient(&self, way: &Way) -> Option<&ReadableScope> {
        let scope = self.them.caller.scope(way.scope)?;
        match scope.kind {
            ScopeKind::Context => self.asker().scope(way.scope),
            _ => Some(scope),
        }
    }

    /// The recipient as answers name it: `person` is the user themselves.
    fn label(&self, way: &Way) -> Option<String> {
        self.recipient(way).map(|scope| match scope.kind {
            ScopeKind::User => "person".to_owned(),
            _ => scope.label(),
        })
    }

    fn way_in_words(&self, way: &Way) -> String {
        let with = match self.recipient(way) {
            Some(scope) if scope.kind == ScopeKind::User => "them".to_owned(),
            Some(scope) => scope.in_words(),
            None => "a scope of theirs".to_owned(),
        };
        let known =
            way.context.as_ref().map(|context| self.asker().scope(context.scope).map(|_| &context.name));
        let what = match known {
            Some(Some(name)) => format!("it is in the context {name}, which is shared"),
            Some(None) => "it is in a context that is shared".to_owned(),
            None => "it is shared".to_owned(),
        };
        let until = way.until.map_or_else(String::new, |at| format!(" until {}", at.format("%-d %B %Y")));
        format!("{what} with {with} to {} by {}{until}", way.permission, way.by())
    }

    fn asker(&self) -> &AuthContext {
        self.tx.caller()
    }

    fn inactive(&self) -> Verdict {
        refused("their account is deactivated".to_owned())
    }

    /// The error for an action that is asked about with the wrong thing.
    fn senseless(&self, instead: &str) -> Error {
        Error::invalid("action", format!("{} {instead}", self.question.verb.name()))
    }
}

/// Why somebody reads a context that is shared with them.
const LENT: Reason = Reason { via: Via::Shared, role: None, at: None, group: None, share: None };

/// When those above a node decide.
const FROM_ABOVE: &str = "it has escalated, or nobody else holds it there";

/// Whether the user may decide about an approval request now.
fn deciding(
    approval: &Approval,
    (them, behind): (&AuthContext, Option<Behind>),
    position: Option<&Position>,
    node: Option<&ReadableScope>,
) -> (bool, String) {
    let part = position.and_then(|it| approval.decisions.iter().find(|part| part.node_scope == it.node));
    let (role, at, escalates_at) = match part.or(approval.decisions.first()) {
        Some(part) => {
            (part.approver_role, in_words(part.node_name.as_deref(), &part.node), part.escalates_at)
        }
        None => (
            approval.approver_role,
            in_words(approval.node_name.as_deref(), &approval.node),
            approval.escalates_at,
        ),
    };
    if approval.requested_by == them.user_id() {
        return (false, "they asked for it themselves, and cannot decide about their own request".to_owned());
    }
    if them.is_service() {
        return (false, "they are a service account, and a person has to decide".to_owned());
    }
    if approval.status != Status::Pending {
        return (false, approval.status.in_words());
    }
    if position.is_some_and(|it| it.gains) {
        let why =
            "it is to be shared with them or a scope of theirs, and a delegate does not decide about that";
        return (false, why.to_owned());
    }
    if position.is_some_and(|it| !it.open) {
        return (false, format!("it is decided for {at} already, and waits for others"));
    }
    let named = |user: UserId| in_words(position.and_then(|it| it.in_place_of.as_deref()), &user.to_string());
    match position.map(|it| it.ground) {
        Some(Ground::There) => (true, format!("they hold the role {role} or more on {at} itself")),
        Some(Ground::For(user)) => {
            let user = named(user);
            (true, format!("in place of {user}, who holds the role {role} or more on {at}"))
        }
        Some(Ground::Above) => {
            (true, format!("they hold the role {role} or more above {at}, and {FROM_ABOVE}"))
        }
        Some(Ground::AboveFor(user)) => (
            true,
            format!("in place of {}, who holds the role {role} or more above {at}, and {FROM_ABOVE}", named(user)),
        ),
        None if behind == Some(Behind::ItsKey) => (
            false,
            "it comes from a service account whose key they made, so somebody else has to decide".to_owned(),
        ),
        None if behind == Some(Behind::APassword) => (
            false,
            "they made the token for the requester's password, or the requester for theirs, so somebody else has to \
             decide"
                .to_owned(),
        ),
        None if node.and_then(|node| node.role) >= Some(role) => {
            let at = escalates_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            (false, format!("they hold the role {role} or more above, where it can be decided from {at} on"))
        }
        None => {
            (false, format!("this needs the role {role} on {at} itself, or a delegate of one who has it"))
        }
    }
}

/// Explains what the policy requires, and what the user has.
fn sentence(action: Action, scope: &ReadableScope) -> String {
    let what = action.name();
    let label = scope.in_words();
    match (policy::requirement(action, scope.kind), scope.role) {
        (Requirement::Reader, _) if action == Action::ReadMemories => {
            format!("everyone who sees {label} may read its memories")
        }
        (Requirement::Reader, _) => format!("everyone who sees {label} may {what} there"),
        (Requirement::AtLeast(least), Some(role)) => {
            format!("{what} needs the role {least} on {label}, they have the role {role} there")
        }
        (Requirement::AtLeast(least), None) => {
            format!("{what} needs the role {least} on {label}, they have none there")
        }
        (Requirement::Nobody, _) => format!("nobody can {what} on {label}"),
    }
}

fn allowed(reason: String) -> Verdict {
    Verdict { allowed: true, ..refused(reason) }
}

fn refused(reason: String) -> Verdict {
    Verdict {
        allowed: false,
        reason,
        role: None,
        why: Vec::new(),
        needs_approval_of: Vec::new(),
        conditions: Vec::new(),
        stopped_by: Vec::new(),
    }
}
