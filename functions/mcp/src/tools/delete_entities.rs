//! `delete_entities`: forgets every memory in one scope that has a label, and so the label itself.

use serde_json::Value;
use shared::Error;

use super::arguments::{self, Labelled};
use super::description::{Description, Effect};
use super::{Call, Halt, view};
use crate::confirmation::{Question, confirm};

pub(super) fn describe() -> Description {
    let text = "Forget one user, agent, app or run in one scope: every memory that is labelled with it. Give exactly \
                one label, as list_entities returned it. Only when the person asks for exactly this; it cannot be \
                undone.";
    let name = ("delete_entities", "Delete an entity");
    Description::new(name, text, arguments::labelled_schema(), view::swept_schema(), Effect::Replaces)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Labelled = call.parse()?;
    let scope = arguments.scope()?;
    let [(entity, name)] = arguments.labels()[..] else {
        let message = "give exactly one of user_id, agent_id, app_id and run_id, nothing was deleted";
        return Err(Error::invalid("user_id", message).into());
    };
    let filter = arguments.filter()?;
    let agreed = confirm(call, async || {
        let count = call.memories().forgettable(call.caller(), scope, &filter).await?;
        if count == 0 {
            return Ok(None);
        }
        let (what, place) = (arguments.in_words(), view::place(call.caller().resolve(scope)?));
        let text =
            format!("Delete {what} and its {} in {place}? It cannot be undone.", view::memories(count));
        Ok(Some(Question::until_now(text, "Yes, delete")))
    });
    let until = agreed.await?;
    let forgotten = call.memories().forget_entity(call.caller(), scope, entity, name, until).await?;
    Ok(view::swept(&forgotten))
}
