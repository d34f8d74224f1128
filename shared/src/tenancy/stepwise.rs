//! Work on the tree that is too large for one request. It continues in steps, each of them an outbox message that the
//! previous step promised in its transaction, on behalf of the user who requested the work and only as far as they are
//! still permitted.
//!
//! If it is interrupted, it continues after the last completed step; a message that is delivered twice does its step
//! once. If it is no longer permitted, it fails, and what has been done remains.

use std::fmt::Display;
use std::future::Future;

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use super::locked::Locked;
use crate::access::Gate;
use crate::audit::{self, Entry};
use crate::db::StoreError;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::outbox::{self, Message, Promise};

/// After this long without a step, repeating the request resumes the work.
const STALLED: TimeDelta = TimeDelta::minutes(10);

/// The state of the work.
pub(super) struct State<Id> {
    pub(super) id: Id,
    /// The user who requested it.
    pub(super) by: UserId,
    /// The number of steps done, which identifies a message that is delivered twice.
    pub(super) steps: i32,
    /// The time of the last step.
    pub(super) at: DateTime<Utc>,
    /// Whether there are more steps to do.
    pub(super) running: bool,
}

/// Work that is done in steps.
pub(super) trait Stepwise: Sized + Send + Sync {
    /// Its name, which is also used in its messages.
    const NOUN: &'static str;
    /// The topic of its messages.
    const TOPIC: &'static str;
    type Id: Copy + Display + DeserializeOwned + Send + Sync;
    /// The result of the permission check, for the step.
    type Allowed: Send;

    fn state(&self) -> State<Self::Id>;
    fn uuid(id: Self::Id) -> Uuid;
    /// Returns the stored work, whoever requested it.
    fn hold(
        tree: &Locked<'_, '_>,
        id: Self::Id,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;
    /// Stores the progress.
    fn update(&self, tree: &Locked<'_, '_>) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Checks that the work may continue: everything may have changed since it was requested.
    fn check(&self, tree: &Locked<'_, '_>) -> impl Future<Output = Result<Self::Allowed>> + Send;
    /// Does one step.
    fn step(
        &mut self,
        tree: &Locked<'_, '_>,
        allowed: Self::Allowed,
    ) -> impl Future<Output = Result<()>> + Send;
    /// Marks the work as failed; returns the audit entry for this, without the reason.
    fn fail(&mut self, reason: String, at: DateTime<Utc>) -> Entry;
}

/// Does the step that a message is about, and promises the next one.
pub(super) async fn proceed<W: Stepwise>(gate: &Gate, message: &Message) -> Result<()> {
    let (user, id, due) = promised_by::<W>(message)
        .ok_or_else(|| Error::malformed(format!("the payload is no {}", W::NOUN)))?;
    let nobody = || Error::malformed(format!("a {} is somebody's", W::NOUN));
    let enterprise = message.enterprise.ok_or_else(nobody)?;
    let Some(promiser) = gate.on_behalf(enterprise, user, W::uuid(id)).await? else { return Ok(()) };
    let ctx = &promiser.caller;
    let tx = ctx.begin(&gate.db, W::TOPIC).await?;
    let tree = Locked::take(&tx).await?;
    let Some(mut work) = W::hold(&tree, id).await? else { return Ok(()) };
    let state = work.state();
    if !state.running || state.steps != due {
        // An earlier attempt got this far, but could not confirm the message.
        return Ok(());
    }
    let allowed = match promiser.active {
        true => work.check(&tree).await,
        false => Err(Error::Forbidden("the account of who asked for it was deactivated".to_owned())),
    };
    match allowed {
        Ok(allowed) => work.step(&tree, allowed).await?,
        Err(refusal) if refusal.is_refusal() => {
            let reason = refusal.to_string();
            let details = json!({ W::NOUN: id.to_string(), "reason": reason });
            let entry = work.fail(reason, ctx.request().at);
            audit::record(&tx, entry.with(details).refused()).await?;
        }
        Err(error) => return Err(error),
    }
    work.update(&tree).await?;
    promise(&tree, &work).await?;
    tx.commit().await?;
    Ok(())
}

/// Promises the next step, if there is one.
pub(super) async fn promise<W: Stepwise>(tree: &Locked<'_, '_>, work: &W) -> Result<()> {
    let state = work.state();
    if state.running {
        let payload = json!({ "user": state.by, W::NOUN: state.id.to_string(), "step": state.steps });
        outbox::promise(tree, &Promise { topic: W::TOPIC, subject: state.id.to_string(), payload }).await?;
    }
    Ok(())
}

/// Promises the next step again if the work has stalled because its message was given up. Of two messages for one step
/// the second finds nothing to do.
pub(super) async fn resume<W: Stepwise>(tree: &Locked<'_, '_>, work: &W) -> Result<()> {
    if tree.caller().request().at - work.state().at > STALLED {
        promise(tree, work).await?;
    }
    Ok(())
}

/// The user, the work and the step that a message is about.
fn promised_by<W: Stepwise>(message: &Message) -> Option<(UserId, W::Id, i32)> {
    fn field<T: DeserializeOwned>(message: &Message, name: &str) -> Option<T> {
        serde_json::from_value(message.payload.get(name)?.clone()).ok()
    }
    Some((field(message, "user")?, field(message, W::NOUN)?, field(message, "step")?))
}
