//! Chains of shares: what was shared on, through what it could be, and so on up to who could share it by their role.
//!
//! Who ends a share ends everything that hangs on it. So nothing may hang on itself, and nobody shares through what they
//! themselves shared, however many hands it went through.

use super::Share;
use crate::ids::UserId;

/// Through how many other shares of these, which are all that are live, one was made. None: it leads to nobody who could share
/// it by their role, or through a share of this person's own.
pub(super) fn steps(live: &[Share], share: &Share, sharer: UserId) -> Option<usize> {
    let (mut share, mut steps) = (share, 0);
    while share.granted_by != sharer && steps < live.len() {
        let Some(via) = share.via else { return Some(steps) };
        share = live.iter().find(|it| it.id == via)?;
        steps += 1;
    }
    None
}
