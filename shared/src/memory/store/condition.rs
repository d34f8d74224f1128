//! The memories that a statement is about: a reach (scopes), what is still valid, and the caller's filter, as one
//! condition over `memories m`.

use std::sync::LazyLock;

use chrono::NaiveDate;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::access::{AuthContext, PendingTx, ReadableScope, ScopeName, TenantTx};
use crate::db::{Parameter, StoreError};
use crate::error::Result;
use crate::ids::ScopeId;
use crate::memory::Homes;
use crate::memory::filter::Filter;
use crate::memory::store::row::{self, SUCCESSOR};

static EVERYTHING: LazyLock<Filter> = LazyLock::new(Filter::everything);

#[cfg(not(feature = "unscoped"))]
mod predicate {
    /// The caller's tenant.
    pub(super) const TENANT: &str = "m.enterprise_id = $1";
    /// One of the requested scopes at a time, as `s`.
    pub(crate) const HOME: &str = "m.home_scope_id = s.id";
    /// In none of the requested scopes, where it would be found anyway.
    pub(crate) const ELSEWHERE: &str = "m.home_scope_id <> ALL ($2::bigint[])";
    /// The requested scopes. Memories visible in more than one are rare, and have an index of their own.
    pub(super) const REACH: &str = "(m.home_scope_id = ANY ($2::bigint[]) \
                                    OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[]))";
}

/// No predicates: tests use this to show that row-level security suffices on its own. `cargo xtask package` refuses any
/// build that contains this text.
#[cfg(feature = "unscoped")]
mod predicate {
    pub(super) const TENANT: &str = "$1::uuid IS NOT NULL /* built without the application's predicates */";
    pub(crate) const HOME: &str = "s.id IS NOT NULL";
    pub(crate) const ELSEWHERE: &str = "true";
    pub(super) const REACH: &str = "$2::bigint[] IS NOT NULL";
}

pub(crate) use predicate::{ELSEWHERE, HOME};
use predicate::{REACH, TENANT};

/// The length up to which a filter's SQL is that of a single test. Without parameters it can be of any shape.
const SIMPLE: usize = 64;

/// A condition and its parameters, to be built into a statement. `$1` is the enterprise, `$2` the scopes, `$3` the day.
pub(crate) struct Condition {
    /// True for the selected memories, in whatever scope.
    holds: String,
    params: Vec<Parameter>,
    /// What superseded a memory for which it holds.
    successor: &'static str,
    /// Whether few distinct statements result, so that they can be kept prepared.
    common: bool,
    /// The placeholder of the query's vector, once it is bound: it is long, and one statement needs it in several places.
    vector: Option<String>,
}

/// A selection of memories, valid on a given day, in some scopes.
pub(crate) struct Selection<'a> {
    /// The scopes in which they must be visible.
    pub(crate) scopes: &'a [&'a ReadableScope],
    /// The caller's filter.
    pub(crate) filter: &'a Filter,
    /// Excludes superseded memories.
    pub(crate) latest_only: bool,
    /// Where they must live; anywhere, if `None`.
    pub(crate) homes: Option<&'a Homes>,
    /// Includes expired memories: they can no longer be read, but can be forgotten.
    pub(crate) expired: bool,
}

impl<'a> Selection<'a> {
    /// Selects everything in these scopes that has not expired.
    pub(crate) fn everything(scopes: &'a [&'a ReadableScope]) -> Self {
        Self { scopes, filter: &EVERYTHING, latest_only: false, homes: None, expired: false }
    }
}

impl Condition {
    /// Compiles the selection for this caller. A filter that names a scope they may not read is refused, like a request
    /// for that scope.
    pub(crate) fn new(caller: &AuthContext, selection: &Selection<'_>) -> Result<Self> {
        for name in selection.filter.scopes() {
            caller.resolve(name)?;
        }
        let (enterprise, today) = (caller.enterprise_id().uuid(), caller.request().at.date_naive());
        let mut condition = Self::compile(enterprise, today, selection, |name| {
            caller.resolve(*name).ok().map(|scope| scope.id)
        })?;
        if let Some(homes) = selection.homes {
            condition.narrow(caller, homes);
        }
        Ok(condition)
    }

    /// Returns the condition without a filter, for nobody: only its text means something.
    pub(crate) fn unfiltered() -> Result<Self> {
        Self::compile(Uuid::nil(), NaiveDate::default(), &Selection::everything(&[]), |_| None)
    }

    fn compile(
        enterprise: Uuid,
        today: NaiveDate,
        selection: &Selection<'_>,
        resolve: impl Fn(&ScopeName) -> Option<ScopeId>,
    ) -> Result<Self> {
        let scopes: Vec<i64> = selection.scopes.iter().map(|scope| scope.id.0).collect();
        let mut params: Vec<Parameter> = vec![Box::new(enterprise), Box::new(scopes), Box::new(today)];
        let compiled = selection.filter.compile(params.len() + 1, resolve)?;
        let common = compiled.params.len() <= 1 && compiled.sql.len() <= SIMPLE;
        params.extend(compiled.params);
        // Each parameter must occur in the statement, or its type is unknown.
        let live = match selection.expired {
            true => "$3::date IS NOT NULL",
            false => "(m.expires_on IS NULL OR m.expires_on >= $3::date)",
        };
        // What superseded a memory may have expired, or be out of the caller's sight.
        // To find it takes a while, and once is enough.
        let (lifecycle, successor) = match selection.latest_only {
            true => (
                format!("(m.lifecycle = 'active' OR m.lifecycle = 'superseded' AND {SUCCESSOR} IS NULL)"),
                "NULL::uuid",
            ),
            false => ("m.lifecycle <> 'merged'".to_owned(), SUCCESSOR),
        };
        let holds = format!(
            "{TENANT} AND m.deleted_at IS NULL AND {lifecycle} \
             AND {live} AND {}",
            compiled.sql
        );
        Ok(Self { holds, successor, params, common, vector: None })
    }

    /// Restricts the condition to memories that live there.
    fn narrow(&mut self, caller: &AuthContext, homes: &Homes) {
        let ids = |scopes: &[ScopeId]| scopes.iter().map(|scope| scope.0).collect::<Vec<i64>>();
        let among = self.bind(ids(&homes.among), "bigint[]");
        let lives = match &homes.strangers_unless_in {
            None => format!("m.home_scope_id = ANY ({among})"),
            Some(unless) => {
                let readable =
                    self.bind(caller.scopes().iter().map(|it| it.id.0).collect::<Vec<i64>>(), "bigint[]");
                let unless = self.bind(ids(unless), "bigint[]");
                format!(
                    "(m.home_scope_id = ANY ({among}) \
                      OR (m.home_scope_id <> ALL ({readable}) AND NOT m.scope_ids && {unless}))"
                )
            }
        };
        self.holds = format!("{} AND {lives}", self.holds);
    }

    /// Returns the parameters alone.
    pub(crate) fn into_params(self) -> Vec<Parameter> {
        self.params
    }

    /// Returns the columns of memories for which the condition holds.
    pub(crate) fn columns(&self) -> String {
        row::columns(self.successor)
    }

    /// Returns the condition without its reach, for statements that apply a reach of their own.
    pub(crate) fn holds(&self) -> &str {
        &self.holds
    }

    /// Returns the condition with its reach.
    pub(crate) fn holds_in_scopes(&self) -> String {
        format!("{} AND {REACH}", self.holds)
    }

    /// Binds the query's vector, which is the same throughout a statement, and returns its placeholder.
    pub(crate) fn bind_vector(&mut self, value: impl FnOnce() -> Option<Vec<f32>>) -> String {
        if let Some(vector) = &self.vector {
            return vector.clone();
        }
        let vector = self.bind(value(), "real[]");
        self.vector.insert(vector).clone()
    }

    /// Adds a parameter and returns its placeholder.
    pub(crate) fn bind(&mut self, value: impl ToSql + Sync + Send + 'static, sql_type: &str) -> String {
        self.params.push(Box::new(value));
        format!("${}::{sql_type}", self.params.len())
    }

    /// Runs a statement that contains this condition and may be the first of its transaction.
    pub(crate) async fn read(
        &self,
        tx: &mut PendingTx<'_>,
        sql: &str,
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let params: Vec<&(dyn ToSql + Sync)> = self.params.iter().map(|param| &**param as _).collect();
        tx.query(sql, &params, self.common).await
    }

    /// Runs a statement that contains this condition.
    ///
    /// It is kept prepared only without a filter or with the simplest ones: filters have endless shapes, and each
    /// prepared statement would occupy memory of the connection permanently.
    pub(crate) async fn query(
        &self,
        tx: &TenantTx<'_>,
        sql: &str,
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let params: Vec<&(dyn ToSql + Sync)> = self.params.iter().map(|param| &**param as _).collect();
        if self.common { tx.query(sql, &params).await } else { tx.query_once(sql, &params).await }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_superseded_a_memory_is_found_once() {
        let of = |latest_only| {
            let selection = Selection { latest_only, ..Selection::everything(&[]) };
            let condition =
                Condition::compile(Uuid::nil(), NaiveDate::default(), &selection, |_| None).unwrap();
            [condition.columns().as_str(), condition.holds()].join("\n")
        };
        for latest_only in [false, true] {
            assert_eq!(of(latest_only).matches("mem0.successor").count(), 1, "{}", of(latest_only));
        }
    }
}
