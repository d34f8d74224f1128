//! `delete_all_memories`: forgets every memory in one scope that has all of the given labels.

use serde_json::Value;
use shared::Error;

use super::arguments::{self, Labelled};
use super::description::{Description, Effect};
use super::{Call, Halt, view};
use crate::confirmation::{Question, confirm};

pub(super) fn describe() -> Description {
    let text = "Forget every memory in one scope that has all of the given labels, of which at least one is needed. \
                Only when the person asks for exactly this; it cannot be undone.";
    let name = ("delete_all_memories", "Delete memories by label");
    Description::new(name, text, arguments::labelled_schema(), view::swept_schema(), Effect::Replaces)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Labelled = call.parse()?;
    let scope = arguments.scope()?;
    if arguments.labels().is_empty() {
        let message = "give at least one of user_id, agent_id, app_id and run_id, nothing was deleted";
        return Err(Error::invalid("user_id", message).into());
    }
    let filter = arguments.filter()?;
    let agreed = confirm(call, async || {
        let count = call.memories().forgettable(call.caller(), scope, &filter).await?;
        if count == 0 {
            return Ok(None);
        }
        let (what, place) = (arguments.in_words(), view::place(call.caller().resolve(scope)?));
        let text = format!("Delete {} with {what} in {place}? It cannot be undone.", view::memories(count));
        Ok(Some(Question::until_now(text, "Yes, delete")))
    });
    let until = agreed.await?;
    let forgotten = call.memories().forget_where(call.caller(), scope, filter.clone(), until).await?;
    Ok(view::swept(&forgotten))
}
