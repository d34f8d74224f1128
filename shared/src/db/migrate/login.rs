//! The role that functions log in as.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::db::StoreError;

/// Creates the role if it is missing, and grants it what it needs and does not have.
pub(super) async fn ensure(client: &Client, login: &str) -> Result<(), StoreError> {
    // Selects the statements that are still to be run: names cannot be parameters in them.
    const MISSING: &str = "-- db.missing_login
        SELECT statement FROM (VALUES
            (1, NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1),
                format('CREATE ROLE %I LOGIN NOINHERIT', $1)),
            (2, NOT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
                             WHERE r.rolname = $1 AND m.roleid = 'mem0_app'::regrole),
                format('GRANT mem0_app TO %I', $1)),
            -- Of RDS: whoever has it logs in with a token, and with nothing else.
            (3, EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam')
                AND NOT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
                                 JOIN pg_roles g ON g.oid = m.roleid
                                WHERE r.rolname = $1 AND g.rolname = 'rds_iam'),
                format('GRANT rds_iam TO %I', $1)),
            -- What a session begins with. Setting it afterwards would pin the session to its connection under RDS Proxy.
            (4, true, format('ALTER ROLE %I SET role TO mem0_app', $1)),
            (5, true, format('ALTER ROLE %I SET statement_timeout TO ''10s''', $1)),
            -- A frozen function does not let go of its connection.
            (6, true, format('ALTER ROLE %I SET idle_session_timeout TO ''10min''', $1))
        ) needed (step, missing, statement) WHERE missing ORDER BY step";
    let failed = |source| StoreError::new("db.login", source);
    for row in client.query(MISSING, &[&login]).await.map_err(failed)? {
        client.batch_execute(row.get(0)).await.map_err(|error| refused(row.get(0), login, error))?;
    }
    Ok(())
}

/// Says what to do if another owner on this server created the roles: only the creator of a role may grant it.
fn refused(statement: &str, login: &str, error: tokio_postgres::Error) -> StoreError {
    if error.code() != Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
        return StoreError::new("db.login", error);
    }
    let role = if statement.starts_with("ALTER") { login } else { "mem0_app" };
    StoreError::Schema(format!(
        "the owner of the schema may not {statement}: a superuser must first GRANT {role} TO the owner WITH ADMIN OPTION"
    ))
}
