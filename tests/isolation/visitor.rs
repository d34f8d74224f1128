//! The people who try.

use std::fmt;

use shared::access::Role;

use crate::harness::{Actor, Anonymous, Answer, Client as _, Tables, TestApp, World};
use crate::operations::Call;

/// Somebody who may not do everything to what a call is about.
pub(super) enum Visitor {
    /// Without a credential.
    Anonymous(Anonymous),
    /// Owner of another tenant.
    Outsider(Actor),
    /// Member of the team beside the one concerned.
    Sibling(Actor),
    /// Viewer of the whole enterprise.
    Viewer(Actor),
}

impl Visitor {
    /// One of each, new, because a call may end their session.
    pub(super) async fn all(world: &World, elsewhere: &Actor) -> [Self; 4] {
        let unique = TestApp::unique();
        [
            Self::Anonymous(world.app.anonymous()),
            Self::Outsider(elsewhere.enterprise_colleague(&format!("outsider{unique}"), Role::Owner).await),
            Self::Sibling(
                world.owner.colleague(&format!("sibling{unique}"), &world.sibling, Role::Member).await,
            ),
            Self::Viewer(world.owner.enterprise_colleague(&format!("viewer{unique}"), Role::Viewer).await),
        ]
    }

    /// Who it is; nobody without a credential.
    pub(super) fn actor(&self) -> Option<&Actor> {
        match self {
            Self::Anonymous(_) => None,
            Self::Outsider(actor) | Self::Sibling(actor) | Self::Viewer(actor) => Some(actor),
        }
    }

    pub(super) async fn call(&self, call: &Call) -> Answer {
        let (method, body) = (call.method.clone(), call.body.as_ref());
        match self {
            Self::Anonymous(anonymous) => anonymous.call(method, &call.path, body).await,
            Self::Outsider(actor) | Self::Sibling(actor) | Self::Viewer(actor) => {
                actor.call(method, &call.path, body).await
            }
        }
    }

    /// Whether nothing that calls name in their address is visible to them.
    pub(super) fn sees_nothing_of_it(&self) -> bool {
        matches!(self, Self::Outsider(_) | Self::Sibling(_))
    }

    /// Asserts that the answer tells nothing of the tenant that this visitor did not bring and may not see.
    #[track_caller]
    pub(super) fn assert_learned_nothing(&self, world: &World, answer: &Answer, asked: &str) {
        let private = [
            &world.personal_memory,
            &world.event,
            &world.api_key,
            &world.service_key,
            &world.application,
            &world.provider,
        ];
        let private = private.map(String::to_string).into_iter();
        let private = private.chain([world.owner.session.to_string()]);
        let of_team = [
            world.team_memory.clone(),
            world.team.id.to_string(),
            world.team.name.clone(),
            world.group.clone(),
            world.service_account.clone(),
        ];
        let hidden: Vec<String> = match self {
            Self::Anonymous(_) | Self::Outsider(_) => {
                world.ids().into_iter().chain([world.marker.to_owned()]).collect()
            }
            Self::Sibling(_) => private.chain(of_team).collect(),
            Self::Viewer(_) => private.collect(),
        };
        let said = String::from_utf8_lossy(&answer.body).to_lowercase();
        for secret in hidden.iter().filter(|secret| !asked.contains(secret.as_str())) {
            assert!(!said.contains(secret), "{self} learned {secret}: {answer}");
        }
    }

    /// Asserts that the tenant is as it was. Whoever belongs to it may have added something of their own.
    #[track_caller]
    pub(super) fn assert_changed_nothing(&self, before: &Tables, after: &Tables, success: bool, who: &str) {
        match self {
            Self::Sibling(actor) | Self::Viewer(actor) if success => {
                before.clone().without(actor.user).assert_kept(after, who);
            }
            _ => before.assert_unchanged(after, who),
        }
    }
}

impl fmt::Display for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous(_) => "somebody without a credential",
            Self::Outsider(_) => "the owner of another tenant",
            Self::Sibling(_) => "a member of the team beside",
            Self::Viewer(_) => "a viewer of the enterprise",
        })
    }
}
