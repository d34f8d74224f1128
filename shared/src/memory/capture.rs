//! Captures: groups of memories that give each other context.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::ids::{EventId, ScopeId};
use crate::memory::Labels;

/// Returns the capture id for the memories of one request. With a run (a conversation, for mem0's clients) it is the
/// same for all requests with that run and the same other labels, so that turns which arrive one at a time become
/// neighbours as if they had arrived together. Without a run, it is unique to the request.
pub(super) fn id(event: EventId, home: ScopeId, labels: &Labels) -> Uuid {
    let Labels { user, agent, app, run: Some(run) } = labels else { return event.uuid() };
    let mut digest = Sha256::new();
    digest.update(home.0.to_le_bytes());
    for label in [user.as_deref(), agent.as_deref(), app.as_deref(), Some(run.as_str())] {
        // The length prefix separates the labels, and distinguishes a missing label from an empty one.
        digest.update(label.map_or(u64::MAX, |label| label.len() as u64).to_le_bytes());
        digest.update(label.unwrap_or_default());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.finalize()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(user: Option<&str>, agent: Option<&str>, run: Option<&str>) -> Labels {
        let own = |label: Option<&str>| label.map(str::to_owned);
        Labels { user: own(user), agent: own(agent), app: None, run: own(run) }
    }

    #[test]
    fn a_run_is_one_capture_and_other_labels_make_another() {
        let of = |home, labels: &Labels| id(EventId::generate(), ScopeId(home), labels);
        let run = labels(Some("ada"), None, Some("r1"));
        assert_eq!(of(1, &run), of(1, &run));
        assert_ne!(of(1, &run), of(2, &run));
        for other in [
            labels(Some("ada"), None, Some("r2")),
            labels(None, Some("ada"), Some("r1")),
            labels(None, None, Some("r1")),
            labels(Some("ada"), Some(""), Some("r1")),
        ] {
            assert_ne!(of(1, &run), of(1, &other), "{other:?}");
        }
    }

    #[test]
    fn without_a_run_each_request_is_a_capture() {
        let (event, alone) = (EventId::generate(), labels(Some("ada"), None, None));
        assert_eq!(id(event, ScopeId(1), &alone), event.uuid());
    }
}
