//! Work on the tree that is too much for one request: it goes on in steps, each a message of the outbox that the one before
//! promised in its transaction, on behalf of whoever asked for it and only as far as they still may.
//!
//! Interrupted anywhere, it goes on from the last step that was done; a message that is delivered twice does its step once.
//! Where it may not go on it fails, and stays as far as it came.

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

/// After so long without a step, asking again sets it going again.
const STALLED: TimeDelta = TimeDelta::minutes(10);

/// Where work is.
pub(super) struct State<Id> {
    pub(super) id: Id,
    /// Who asked for it.
    pub(super) by: UserId,
    /// How many steps were done: of a message that is delivered twice, one is too late.
    pub(super) steps: i32,
    /// When the last was.
    pub(super) at: DateTime<Utc>,
    /// Whether there are more to do.
    pub(super) running: bool,
}

/// What is done in steps.
pub(super) trait Stepwise: Sized + Send + Sync {
    /// What it is called, in its messages as well.
    const NOUN: &'static str;
    /// What workers know its messages by.
    const TOPIC: &'static str;
    type Id: Copy + Display + DeserializeOwned + Send + Sync;
    /// What looking whether it may go on found, for the step.
    type Allowed: Send;

    fn state(&self) -> State<Self::Id>;
    fn uuid(id: Self::Id) -> Uuid;
    /// As it is stored, whoever asked for it.
    fn hold(
        tree: &Locked<'_, '_>,
        id: Self::Id,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;
    /// Notes how far it is.
    fn update(&self, tree: &Locked<'_, '_>) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Whether it may go on: everything may have changed since it was asked for.
    fn check(&self, tree: &Locked<'_, '_>) -> impl Future<Output = Result<Self::Allowed>> + Send;
    /// Does one step.
    fn step(
        &mut self,
        tree: &Locked<'_, '_>,
        allowed: Self::Allowed,
    ) -> impl Future<Output = Result<()>> + Send;
    /// Ends it where it is; what the audit log says of that, without the reason.
    fn fail(&mut self, reason: String, at: DateTime<Utc>) -> Entry;
}

/// Does the step that a message is about, and promises the next.
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
        // An earlier attempt came so far, and did not get to say so.
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

/// Promises the next step once more where it stands still: its message was given up. Of two for one step the second finds
/// nothing to do.
pub(super) async fn resume<W: Stepwise>(tree: &Locked<'_, '_>, work: &W) -> Result<()> {
    if tree.caller().request().at - work.state().at > STALLED {
        promise(tree, work).await?;
    }
    Ok(())
}

/// Who asked, for what, and the step that is due.
fn promised_by<W: Stepwise>(message: &Message) -> Option<(UserId, W::Id, i32)> {
    fn field<T: DeserializeOwned>(message: &Message, name: &str) -> Option<T> {
        serde_json::from_value(message.payload.get(name)?.clone()).ok()
    }
    Some((field(message, "user")?, field(message, W::NOUN)?, field(message, "step")?))
}
