//! One request in progress: its caller, its terms, and the notices sent meanwhile.

use shared::access::AuthContext;
use shared::memory::filter::{Filter, FilterError};

use crate::State;
use crate::era::Terms;
use crate::notices::Notices;

/// What every handler of a request is given.
pub(crate) struct Exchange<'a> {
    pub(crate) state: &'a State,
    pub(crate) caller: &'a AuthContext,
    pub(crate) terms: Terms,
    pub(crate) notices: Notices,
    /// The argument `filters` of a tool, if it is given.
    pub(crate) filters: Option<Result<Filter, FilterError>>,
}
