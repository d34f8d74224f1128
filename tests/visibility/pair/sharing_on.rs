//! What the random steps too rarely bring about: sharing on across organizations.

use shared::access::Role;
use shared::memory::Permission;

use super::Pair;
use crate::visibility::model::{Place, Wish};
use crate::visibility::sequences::Whom;

impl Pair {
    /// Somebody shares another's own memory on with an organization that they belong to, and its author does not: others have to
    /// agree, as if the author shared it.
    pub(in crate::visibility) async fn share_on(&mut self) {
        let (author, sharer) = (1, 3);
        let beside = (0..self.nodes.len())
            .find(|node| !self.model.organizations(author).contains(&self.model.top(*node)))
            .expect("the author belongs to one organization of two");
        self.join(sharer, Some(beside), Role::Member).await;
        let memory = self.memories.len();
        self.add(author, Place::Personal(author), None).await;
        for (person, with) in [(author, Place::Personal(sharer)), (sharer, Place::Node(beside))] {
            let wish = Wish { memory, with, permission: Permission::Read, may_reshare: true, until: None };
            self.model.note_sharers();
            self.share(person, wish).await;
            self.compare(&wish, Whom::Everybody).await;
        }
    }
}
