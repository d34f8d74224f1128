//! The people who try.

use std::fmt;

use http::Method;
use shared::access::{ApiKeyVerb, Role};

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
    /// Administrator of the division beside the one concerned.
    Neighbour(Actor),
    /// Viewer of the whole enterprise.
    Viewer(Actor),
    /// Owner of the enterprise until their account was put out of use.
    Deactivated(Actor),
    /// Owner of the enterprise, with a key that may read nodes and their members only.
    NarrowKey(Actor),
    /// Owner of the enterprise, with a key that may do everything, to the team beside the one concerned alone.
    NodeKey(Actor),
    /// Member of the team concerned, with a key that reads and writes memories, and nothing above public.
    LowKey(Actor),
}

impl Visitor {
    /// One of each, new, because a call may end their session.
    pub(super) async fn all(world: &World, elsewhere: &Actor) -> [Self; 9] {
        let unique = TestApp::unique();
        [
            Self::Anonymous(world.app.anonymous()),
            Self::Outsider(elsewhere.enterprise_colleague(&format!("outsider{unique}"), Role::Owner).await),
            Self::Sibling(
                world.owner.colleague(&format!("sibling{unique}"), &world.sibling, Role::Member).await,
            ),
            Self::Neighbour(
                world.owner.colleague(&format!("neighbour{unique}"), &world.neighbour, Role::Admin).await,
            ),
            Self::Viewer(world.owner.enterprise_colleague(&format!("viewer{unique}"), Role::Viewer).await),
            Self::Deactivated(deactivated(world, unique).await),
            Self::NarrowKey(narrowed(world, unique).await),
            Self::NodeKey(confined(world, unique).await),
            Self::LowKey(low(world, unique).await),
        ]
    }

    /// Who it is; nobody without a credential.
    pub(super) fn actor(&self) -> Option<&Actor> {
        match self {
            Self::Anonymous(_) => None,
            Self::Outsider(actor)
            | Self::Sibling(actor)
            | Self::Neighbour(actor)
            | Self::Viewer(actor)
            | Self::Deactivated(actor)
            | Self::NarrowKey(actor)
            | Self::NodeKey(actor)
            | Self::LowKey(actor) => Some(actor),
        }
    }

    pub(super) async fn call(&self, call: &Call) -> Answer {
        let (method, body) = (call.method.clone(), call.body.as_ref());
        match (self, self.actor()) {
            (_, Some(actor)) => actor.call(method, &call.path, body).await,
            (Self::Anonymous(anonymous), _) => anonymous.call(method, &call.path, body).await,
            _ => unreachable!("everybody else is an actor"),
        }
    }

    /// Whether their credential does not hold.
    pub(super) fn is_nobody(&self) -> bool {
        matches!(self, Self::Anonymous(_) | Self::Deactivated(_))
    }

    /// Whether nothing that calls name in their address is visible to them.
    pub(super) fn sees_nothing_of_it(&self) -> bool {
        matches!(self, Self::Outsider(_) | Self::Sibling(_) | Self::Neighbour(_) | Self::NodeKey(_))
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
            &world.client,
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
            Self::Anonymous(_) | Self::Deactivated(_) | Self::Outsider(_) => {
                world.ids().into_iter().chain([world.marker.to_owned()]).collect()
            }
            Self::Sibling(_) => private.chain(of_team).collect(),
            // What is above them they may know, and that is the organization.
            Self::Neighbour(_) => {
                let beside = [world.division.id.to_string(), world.sibling.id.to_string()];
                private.chain(of_team).chain(beside).collect()
            }
            Self::Viewer(_) => private.collect(),
            // Of everything that there is in the enterprise, only the team beside.
            Self::NodeKey(_) => {
                let theirs = [world.sibling.id.to_string(), world.owner.enterprise.to_string()];
                let mut all = world.ids();
                all.retain(|id| !theirs.contains(id));
                all.into_iter().chain([world.team.name.clone(), format!("the {} of", world.marker)]).collect()
            }
            // Names of nodes and people, and nothing that anybody remembers.
            Self::NarrowKey(_) | Self::LowKey(_) => vec![
                world.personal_memory.clone(),
                world.team_memory.clone(),
                world.event.clone(),
                world.api_key.clone(),
                format!("the {} of", world.marker),
            ],
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
            Self::Sibling(actor)
            | Self::Neighbour(actor)
            | Self::Viewer(actor)
            | Self::NarrowKey(actor)
            | Self::NodeKey(actor)
            | Self::LowKey(actor)
                if success =>
            {
                before.clone().without(actor.user).assert_kept(after, who);
            }
            _ => before.assert_unchanged(after, who),
        }
    }
}

/// An owner whose account was put out of use a moment ago; their token has not expired.
async fn deactivated(world: &World, unique: usize) -> Actor {
    let actor = world.owner.enterprise_colleague(&format!("deactivated{unique}"), Role::Owner).await;
    let path = format!("/v1/users/{}/deactivate", actor.user);
    world.owner.call(Method::POST, &path, None).await.assert_status(200);
    actor
}

/// An owner's key for nodes and members.
async fn narrowed(world: &World, unique: usize) -> Actor {
    let owner = world.owner.enterprise_colleague(&format!("narrowed{unique}"), Role::Owner).await;
    let key = owner.with_narrow_api_key(&[ApiKeyVerb::TenancyRead]).await;
    // That it is used is noted once a minute, and the clock stands still.
    key.get("/v1/ping/").await.ok();
    key
}

/// An owner's key for one team.
async fn confined(world: &World, unique: usize) -> Actor {
    let owner = world.owner.enterprise_colleague(&format!("confined{unique}"), Role::Owner).await;
    let limits = serde_json::json!({
        "name": "confined", "scopes": ApiKeyVerb::ALL, "within": [world.sibling.label()],
    });
    let key = owner.with_key(&owner.post("/v1/api-keys", limits).await.ok());
    key.get("/v1/ping/").await.ok();
    key
}

/// A member's key for memories that are public.
async fn low(world: &World, unique: usize) -> Actor {
    let owner = world.owner.colleague(&format!("low{unique}"), &world.team, Role::Member).await;
    let verbs = [ApiKeyVerb::MemoriesRead, ApiKeyVerb::MemoriesWrite];
    let limits = serde_json::json!({ "name": "low", "scopes": verbs, "ceiling": "public" });
    let key = owner.with_key(&owner.post("/v1/api-keys", limits).await.ok());
    key.get("/v1/ping/").await.ok();
    key
}

impl fmt::Display for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous(_) => "somebody without a credential",
            Self::Outsider(_) => "the owner of another tenant",
            Self::Sibling(_) => "a member of the team beside",
            Self::Neighbour(_) => "an administrator of the division beside",
            Self::Viewer(_) => "a viewer of the enterprise",
            Self::Deactivated(_) => "an owner whose account is deactivated",
            Self::NarrowKey(_) => "an owner's key that reads nodes only",
            Self::NodeKey(_) => "an owner's key for the team beside",
            Self::LowKey(_) => "a member's key for public memories",
        })
    }
}
