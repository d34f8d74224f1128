//! One request in progress: its caller, its terms, and the notices sent meanwhile.

use shared::access::AuthContext;

use crate::State;
use crate::era::Terms;
use crate::notices::Notices;

/// What every handler of a request is given.
pub(crate) struct Exchange<'a> {
    pub(crate) state: &'a State,
    pub(crate) caller: &'a AuthContext,
    pub(crate) terms: Terms,
    pub(crate) notices: Notices,
}
