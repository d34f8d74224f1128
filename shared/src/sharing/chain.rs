//! Chains of shares: from a share to the one through which it was made, and so on, up to somebody who could share by
//! role.
//!
//! Ending a share ends everything that depends on it. So no share may depend on itself, and nobody shares through a
//! share that they made themselves, however many steps away.

use super::Share;
use crate::ids::UserId;

/// Returns the number of steps from a share to one that was made by role, following `live`, which must contain all live
/// shares. Returns `None` if there is no such share, or if the chain contains one of the sharer's own.
pub(super) fn steps(live: &[Share], share: &Share, sharer: UserId) -> Option<usize> {
    let (mut share, mut steps) = (share, 0);
    while share.granted_by != sharer && steps < live.len() {
        let Some(via) = share.via else { return Some(steps) };
        share = live.iter().find(|it| it.id == via)?;
        steps += 1;
    }
    None
}
