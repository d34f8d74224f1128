//! `request_approval`: asks those who have to agree before a memory is shared.

use serde_json::{Value, json};
use shared::Error;
use shared::sharing::{Shared, share};

use super::description::{Description, Effect};
use super::share_memory::{Arguments, input, output};
use super::{Call, Halt};

pub(super) fn describe() -> Description {
    let text = "Ask for approval to share a memory, with the reason. For when share_memory would need it or the person wants \
                somebody to agree; refused where nobody has to agree. The memory is shared when they approve.";
    let input = input(&["memory_id", "with", "reason"]);
    Description::new(("request_approval", "Request approval"), text, input, output(), Effect::Adds)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Arguments = call.parse()?;
    if arguments.reason.is_none() {
        return Err(Error::invalid("reason", "say why it is to be shared").into());
    }
    let (subject, request) = arguments.read()?;
    let asked: Shared = share::ask(call.caller(), call.database(), subject, request).await?;
    Ok(json!(asked))
}
