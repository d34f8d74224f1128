//! Transactions bound to a caller.
//!
//! A caller's authority is read when their request begins, and may be revoked while the request waits for a lock. A
//! transaction that changes something therefore checks again that it still holds, in [`TenantTx::commit`] or after
//! waiting for the tenant's lock (`mem0.check_standing`). If it does not, the request starts over as if it had lost a
//! race (`http::again`), under the authority in force by then.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::presumption::BIND;
use super::{AuditPolicy, AuthContext};
use crate::db::{Binding, Database, StoreError, Tx};

/// A transaction of a caller, bound to them, their tenant, the scopes they may read, their ceiling and the time of
/// their request. Stores take this type.
#[derive(Debug)]
pub struct TenantTx<'a> {
    tx: Tx,
    caller: &'a AuthContext,
    /// Whether the caller's authority has already been checked again in this transaction, before the caller could
    /// change it themselves.
    asked: AtomicBool,
    /// The enterprise's policy for its log, if it was read with the binding.
    policy: Option<AuditPolicy>,
}

impl<'a> TenantTx<'a> {
    fn new(tx: Tx, caller: &'a AuthContext, policy: Option<AuditPolicy>) -> Self {
        Self { tx, caller, asked: AtomicBool::new(caller.epochs.is_none()), policy }
    }

    pub(super) async fn begin(
        caller: &'a AuthContext,
        db: &Database,
        name: &'static str,
    ) -> Result<Self, StoreError> {
        let Some(known) = caller.known_binding() else {
            return Ok(Self::new(db.begin(name, &binding(caller, name)?).await?, caller, None));
        };
        // Nothing else runs that could fail.
        let begun = db.begin_with(name, "", None, (BIND, &known.parameters(), true)).await;
        let (tx, _, bound) = caller.confirm(begun, false)?;
        Ok(Self::new(tx, caller, AuditPolicy::from_rows(&bound)))
    }

    /// The caller on whose behalf it runs.
    #[must_use]
    pub fn caller(&self) -> &'a AuthContext {
        self.caller
    }

    /// The enterprise's policy for its log, if it was read with the binding or with the caller.
    pub(crate) fn policy(&self) -> Option<&AuditPolicy> {
        self.policy.as_ref().or(self.caller.policy.as_ref())
    }

    /// Continues as sign-in, in the same transaction: for operations on accounts and credentials, once the caller's
    /// right to them has been established.
    pub async fn into_sign_in(self) -> Result<IdentityTx, StoreError> {
        const BECOME_SIGN_IN: &str = "-- access.become_sign_in
            SET LOCAL ROLE mem0_identity";
        self.ask_again().await?;
        self.tx.execute(BECOME_SIGN_IN, &[]).await?;
        Ok(IdentityTx(self.tx))
    }

    /// Waits until nobody else changes the tenant's tree, its members or the status of its accounts, and prevents such
    /// changes until the transaction ends. From then on only the caller can change their own authority.
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

    /// Checks now, rather than at commit, that the caller's authority still holds: used before callers give up some of
    /// it themselves.
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

    /// Commits, unless the caller's authority has been reduced since they were authenticated; then nothing is changed.
    /// The check is skipped if nothing was written.
    pub async fn commit(self) -> Result<(), StoreError> {
        let Some(epochs) = self.caller.epochs.filter(|_| !self.asked.load(Ordering::Relaxed)) else {
            return self.tx.commit().await;
        };
        // Only ids and digits are interpolated, as in the binding: parameters would cost a round trip.
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

    /// Executes one more statement and commits, in one round trip.
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

/// The statement that binds a transaction to a caller. Typed ids print no quote, so the text is safe; parameters would
/// cost a round trip.
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

/// A transaction of a caller that begins together with its first statement, in the same round trip.
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

    /// The caller on whose behalf it runs.
    #[must_use]
    pub fn caller(&self) -> &'a AuthContext {
        self.caller
    }

    /// Runs a reading statement and returns every row. `kept` says that the statement is one of few and worth keeping
    /// prepared.
    pub async fn query(
        &mut self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
        kept: bool,
    ) -> Result<Vec<Row>, StoreError> {
        if let Some(tx) = &self.begun {
            return if kept { tx.query(sql, params).await } else { tx.query_once(sql, params).await };
        }
        let reading = (sql, params, kept);
        let (tx, bound, rows) = match self.caller.known_binding() {
            Some(known) => {
                let params = known.parameters();
                let bind = Binding::new(BIND, &params);
                let begun = self.db.begin_with(self.name, "", Some(&bind), reading).await;
                self.caller.confirm(begun, bind.has_succeeded())?
            }
            None => {
                let binding = binding(self.caller, self.name)?;
                self.db.begin_with(self.name, &binding, None, reading).await?
            }
        };
        self.begun = Some(TenantTx::new(tx, self.caller, AuditPolicy::from_rows(&bound)));
        Ok(rows)
    }

    /// Returns the transaction, beginning it now if it has not begun.
    pub async fn into_tx(self) -> Result<TenantTx<'a>, StoreError> {
        match self.begun {
            Some(tx) => Ok(tx),
            None => TenantTx::begin(self.caller, self.db, self.name).await,
        }
    }
}

/// A sign-in transaction: sees the accounts and credentials of every tenant, and no memory. Its statements name the
/// account they are about.
#[derive(Debug)]
pub struct IdentityTx(Tx);

impl IdentityTx {
    pub(super) async fn begin(db: &Database, name: &'static str) -> Result<Self, StoreError> {
        db.begin(name, "SET LOCAL ROLE mem0_identity").await.map(Self)
    }

    /// Commits.
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

/// An upkeep transaction, on behalf of nobody: its role can access no table, only call the functions made for it.
#[derive(Debug)]
pub struct UpkeepTx(Tx);

impl UpkeepTx {
    pub(super) async fn begin(db: &Database, name: &'static str) -> Result<Self, StoreError> {
        db.begin(name, "SET LOCAL ROLE mem0_upkeep").await.map(Self)
    }

    /// Commits.
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
