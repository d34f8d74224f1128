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
