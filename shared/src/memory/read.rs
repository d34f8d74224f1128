//! Reading one memory.

use crate::access::AuthContext;
use crate::error::{Error, Result};
use crate::ids::MemoryId;
use crate::memory::{Memories, Memory};

impl Memories {
    /// A memory by its id. What was forgotten, has expired or is outside the caller's view does not exist.
    pub async fn read(&self, caller: &AuthContext, id: MemoryId) -> Result<Memory> {
        let _ = (caller, id);
        Err(Error::Unavailable("reading is not written yet".to_owned()))
    }
}
