//! The people: two enterprises with three organizations, and the same team names in each.

use anyhow::Result;
use shared::access::{AuthContext, Role, ScopeKind, ScopeName};
use shared::identity::accounts::Place;
use shared::tenancy::invitations::{self, NewInvitation};
use shared::tenancy::nodes::{self, NewNode, Settings};

use super::facts::TEAMS;
use crate::platform::Platform;

/// All organizations.
pub(super) struct World {
    pub(super) organizations: Vec<Organization>,
}

/// An organization, with an owner who may write to all of it and a member who belongs to no other.
pub(super) struct Organization {
    pub(super) owner: Person,
    pub(super) member: Person,
    /// In the order of [`TEAMS`].
    pub(super) teams: Vec<ScopeName>,
}

/// A person, with what they may see now.
pub(super) struct Person {
    pub(super) caller: AuthContext,
}

impl World {
    pub(super) async fn new(platform: &Platform<'_>) -> Result<Self> {
        let mut organizations = Vec::new();
        for (enterprise, names) in [("first", &["north", "south"][..]), ("second", &["other"])] {
            let owner = platform.register(enterprise, Place::NewEnterprise(enterprise.to_owned())).await?;
            for name in names {
                let caller = platform.caller(&owner).await?;
                let organization = node(platform, &caller, ScopeKind::Organization, name, None).await?;
                let mut teams = Vec::new();
                for team in TEAMS {
                    let caller = platform.caller(&owner).await?;
                    teams.push(node(platform, &caller, ScopeKind::Team, team, Some(organization)).await?);
                }
                let caller = platform.caller(&owner).await?;
                let email = format!("{name}-member@eval.example");
                let new =
                    NewInvitation { email: email.parse().map_err(anyhow::Error::msg)?, role: Role::Member };
                let scope = caller.resolve(organization)?;
                let invited = invitations::invite(&caller, &platform.gate.db, scope, new).await?;
                let member =
                    platform.register(&format!("{name}-member"), Place::Invitation(invited.token)).await?;
                organizations.push(Organization {
                    owner: Person { caller: platform.caller(&owner).await? },
                    member: Person { caller: platform.caller(&member).await? },
                    teams,
                });
            }
        }
        Ok(Self { organizations })
    }
}

async fn node(
    platform: &Platform<'_>,
    caller: &AuthContext,
    kind: ScopeKind,
    name: &str,
    parent: Option<ScopeName>,
) -> Result<ScopeName> {
    let parent = match parent {
        Some(ScopeName::Node(_, id)) => Some(id),
        _ => None,
    };
    let new = NewNode { kind, name: name.to_owned(), parent, settings: Settings::default() };
    let node = nodes::create(caller, &platform.gate.db, new, None).await?.value;
    node.scope.parse().map_err(anyhow::Error::msg)
}
