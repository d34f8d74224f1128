//! Transactions bound to somebody.
//!
//! What somebody may do was read when their request began, and may be taken from them while it waits for a lock. So what changes
//! something asks once more whether it still holds, in [`TenantTx::commit`] or after the wait for the tenant's lock
//! (`mem0.check_standing`). If not, the request begins anew, as if it had lost a race (`http::again`), and meets with what holds
//! by then.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::AuthContext;
use crate::db::{Database, StoreError, Tx};

/// A transaction of a caller: bound to them, their tenant, the scopes they may read, their ceiling and the
/// time of their request. Stores take this.
#[derive(Debug)]
pub struct TenantTx<'a> {
    tx: Tx,
    caller: &'a AuthContext,
    /// Whether it was asked here already whether the caller's authority still holds, before they could change it themselves.
    asked: AtomicBool,
}

impl<'a> TenantTx<'a> {
    fn new(tx: Tx, caller: &'a AuthContext) -> Self {
        Self { tx, caller, asked: AtomicBool::new(caller.epochs.is_none()) }
    }

    pub(super) async fn begin(
        caller: &'a AuthContext,
        db: &Database,
        name: &'static str,
    ) -> Result<Self, StoreError> {
        Ok(Self::new(db.begin(name, &binding(caller, name)?).await?, caller))
    }

    /// On whose behalf it runs.
    #[must_use]
    pub fn caller(&self) -> &'a AuthContext {
        self.caller
    }

    /// Goes on as sign-in, in the same transaction: for what a caller does to accounts and credentials after their right
    /// to it was established here.
    pub async fn into_sign_in(self) -> Result<IdentityTx, StoreError> {
        const BECOME_SIGN_IN: &str = "-- access.become_sign_in
            SET LOCAL ROLE mem0_identity";
        self.ask_again().await?;
        self.tx.execute(BECOME_SIGN_IN, &[]).await?;
        Ok(IdentityTx(self.tx))
    }

    /// Waits until nobody else changes the tenant's tree, its members or the standing of its accounts, and keeps it so until
    /// the transaction ends. From then on what the caller may do stays what it is, but for what they do themselves.
    pub(crate) async fn lock_tenant(&self) -> Result<(), StoreError> {
        const LOCK: &str = "-- tenancy.lock_asking
            SELECT mem0.lock_tenant($1, $2, $3, $4)";
        let caller = self.caller;
        let person = caller.epochs.map(|_| caller.user.uuid());
        let (tree, access) = (caller.epochs.map(|it| it.tree), caller.epochs.map(|it| it.access));
        self.tx.query_one(LOCK, &[&person, &tree, &access, &caller.ranks()]).await?;
        self.asked.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Asks now rather than at the end whether the caller's authority still holds: before they give up some of it themselves.
    pub(crate) async fn ask_again(&self) -> Result<(), StoreError> {
        const ASK: &str = "-- access.check_standing
            SELECT mem0.check_standing($1, $2, $3, $4)";
        let caller = self.caller;
        let Some(epochs) = caller.epochs.filter(|_| !self.asked.load(Ordering::Relaxed)) else {
            return Ok(());
        };
        let parameters = (caller.user.uuid(), epochs.tree, epochs.access);
        self.tx.query_one(ASK, &[&parameters.0, &parameters.1, &parameters.2, &caller.ranks()]).await?;
        self.asked.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Makes the changes last, unless the caller may do less by now than when they were authenticated: then there are none.
    /// Where nothing was changed, nothing is asked.
    pub async fn commit(self) -> Result<(), StoreError> {
        let Some(epochs) = self.caller.epochs.filter(|_| !self.asked.load(Ordering::Relaxed)) else {
            return self.tx.commit().await;
        };
        // Ids and digits, as in the binding: parameters would cost a round trip.
        let ask = format!(
            "-- access.commit\n\
             SELECT mem0.check_standing('{}', '{}', '{}', '{}') WHERE pg_current_xact_id_if_assigned() IS NOT NULL",
            self.caller.user.uuid(),
            epochs.tree,
            epochs.access,
            self.caller.ranks()
        );
        self.tx.commit_if(&ask).await
    }

    /// Does one more thing and makes the changes last, in one round trip.
    pub(crate) async fn commit_with(
        self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<(), StoreError> {
        self.tx.commit_with(sql, params).await
    }
}

impl Deref for TenantTx<'_> {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.tx
    }
}

/// Binds a transaction to a caller. Typed ids print no quote, so the text is safe; parameters would cost a round trip.
fn binding(caller: &AuthContext, name: &'static str) -> Result<String, StoreError> {
    if caller.simulated {
        return Err(StoreError::Simulated { transaction: name });
    }
    Ok(format!(
        "SELECT set_config('mem0.enterprise', '{}', true), set_config('mem0.readable', '{{{}}}', true), \
                set_config('mem0.ceiling', '{}', true), set_config('mem0.at', '{}', true), \
                set_config('mem0.person', '{}', true)",
        caller.enterprise_id().uuid(),
        caller.printed_scopes(),
        caller.ceiling(),
        caller.request().at.to_rfc3339(),
        caller.user_id().uuid()
    ))
}

/// A transaction of a caller that begins with its first statement, in the same round trip.
#[derive(Debug)]
pub struct PendingTx<'a> {
    caller: &'a AuthContext,
    db: &'a Database,
    name: &'static str,
    begun: Option<TenantTx<'a>>,
}

impl<'a> PendingTx<'a> {
    pub(super) fn new(caller: &'a AuthContext, db: &'a Database, name: &'static str) -> Self {
        Self { caller, db, name, begun: None }
    }

    /// On whose behalf it runs.
    #[must_use]
    pub fn caller(&self) -> &'a AuthContext {
        self.caller
    }

    /// Every row of a statement that reads. `kept` if it is one of few, worth keeping prepared.
    pub async fn query(
        &mut self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
        kept: bool,
    ) -> Result<Vec<Row>, StoreError> {
        if let Some(tx) = &self.begun {
            return if kept { tx.query(sql, params).await } else { tx.query_once(sql, params).await };
        }
        let binding = binding(self.caller, self.name)?;
        let (tx, rows) = self.db.begin_with(self.name, &binding, (sql, params, kept)).await?;
        self.begun = Some(TenantTx::new(tx, self.caller));
        Ok(rows)
    }

    /// The transaction, which begins now if it has not.
    pub async fn into_tx(self) -> Result<TenantTx<'a>, StoreError> {
        match self.begun {
            Some(tx) => Ok(tx),
            None => TenantTx::begin(self.caller, self.db, self.name).await,
        }
    }
}

/// A transaction of sign-in: sees accounts and credentials of every tenant, and no memory. Statements name the
/// account they mean.
#[derive(Debug)]
pub struct IdentityTx(Tx);

impl IdentityTx {
    pub(super) async fn begin(db: &Database, name: &'static str) -> Result<Self, StoreError> {
        db.begin(name, "SET LOCAL ROLE mem0_identity").await.map(Self)
    }

    /// Makes the changes last.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.0.commit().await
    }
}

impl Deref for IdentityTx {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.0
    }
}

/// A transaction of upkeep, on behalf of nobody: its role has no table, and all it can do is call the functions that are made
/// for it.
#[derive(Debug)]
pub struct UpkeepTx(Tx);

impl UpkeepTx {
    pub(super) async fn begin(db: &Database, name: &'static str) -> Result<Self, StoreError> {
        db.begin(name, "SET LOCAL ROLE mem0_upkeep").await.map(Self)
    }

    /// Makes the changes last.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.0.commit().await
    }
}

impl Deref for UpkeepTx {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.0
    }
}
