//! One request on its way: who makes it, on which terms, and what is told meanwhile.

use shared::access::AuthContext;

use crate::State;
use crate::era::Terms;
use crate::notices::Notices;

/// What everything that answers a request is given.
pub(crate) struct Exchange<'a> {
    pub(crate) state: &'a State,
    pub(crate) caller: &'a AuthContext,
    pub(crate) terms: Terms,
    pub(crate) notices: Notices,
}
