//! Contexts that are shared: those with whom one is shared see all that is in it, and are not its members.

use chrono::{DateTime, Utc};

use super::{Model, Place};

/// A context that is, or was, shared with somebody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loan {
    pub(crate) context: usize,
    pub(crate) with: Place,
    pub(crate) until: Option<DateTime<Utc>>,
    /// Whether somebody ended it.
    pub(crate) ended: bool,
}

impl Model {
    /// Those with whom a place is shared, if it is a context.
    pub(super) fn lent(&self, place: Place) -> impl Iterator<Item = Place> {
        let live = self.loans.iter().filter(move |loan| {
            let over = loan.ended || loan.until.is_some_and(|until| until <= self.now);
            place == Place::Context(loan.context) && !over
        });
        live.map(|loan| loan.with)
    }
}
