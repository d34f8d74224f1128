//! Single-use tickets: only their use is stored, until they would have expired anyway.

use chrono::{DateTime, Utc};

use crate::access::SecretHash;
use crate::db::{StoreError, Tx};
use crate::ids::EnterpriseId;

/// Spends a ticket; returns false if it was used before. It remains unused if the transaction does not commit.
pub async fn spend(
    tx: &Tx,
    enterprise: EnterpriseId,
    purpose: &str,
    ticket: &str,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SPEND: &str = "-- ticket.spend
        WITH forgotten AS (DELETE FROM spent_tickets WHERE enterprise_id = $1 AND expires_at < $5)
        INSERT INTO spent_tickets (enterprise_id, purpose, ticket_hash, expires_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    let hash = SecretHash::of(ticket);
    let spent =
        tx.execute(SPEND, &[&enterprise.uuid(), &purpose, &hash.as_bytes(), &expires_at, &now]).await?;
    Ok(spent == 1)
}

/// Returns whether a ticket was spent and would not have expired yet.
pub async fn is_spent(
    tx: &Tx,
    enterprise: EnterpriseId,
    purpose: &str,
    ticket: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const IS_SPENT: &str = "-- ticket.is_spent
        SELECT 1 FROM spent_tickets
         WHERE enterprise_id = $1 AND purpose = $2 AND ticket_hash = $3 AND expires_at > $4";
    let hash = SecretHash::of(ticket);
    let spent = tx.query_opt(IS_SPENT, &[&enterprise.uuid(), &purpose, &hash.as_bytes(), &now]).await?;
    Ok(spent.is_some())
}
