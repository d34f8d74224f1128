//! `completion/complete`: values for an argument while it is being typed. Suggested scopes are those that the caller
//! can read; suggested entities and categories come from memories that they can read.

use serde_json::{Value, json};
use shared::access::ApiKeyVerb;
use shared::memory::filter::Entity;
use shared::memory::{Memories, Scopes, Suggest};
use shared::tenancy;

use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::message::Object;
use crate::prompts::Prompt;
use crate::resources::TEMPLATES;

/// The most values in one answer (the specification's limit).
const MOST: u32 = 100;

pub(crate) async fn complete(exchange: &Exchange<'_>, params: &Object) -> Result<Value, Fault> {
    let argument = &params.get("argument").unwrap_or(&Value::Null);
    let (Some(name), Some(typed)) = (argument["name"].as_str(), argument["value"].as_str()) else {
        return Err(Fault::params("argument needs a name and a value, both strings"));
    };
    if typed.contains('\0') {
        return Err(Fault::params("argument.value must not contain a NUL character"));
    }
    has_argument(params, name)?;
    let mut values = match name {
        "scope" => scopes(exchange, typed).await?,
        "category" => suggest(exchange, params, Suggest::Category, typed).await?,
        "user_id" => suggest(exchange, params, Suggest::Entity(Entity::User), typed).await?,
        // Free text, and ids that nobody types.
        _ => Vec::new(),
    };
    let more = values.len() > MOST as usize;
    values.truncate(MOST as usize);
    Ok(json!({ "completion": { "values": values, "hasMore": more } }))
}

/// Checks that the prompt or resource template exists and has that argument.
fn has_argument(params: &Object, argument: &str) -> Result<(), Fault> {
    let reference = params.get("ref").unwrap_or(&Value::Null);
    let (what, known) =
        match (reference["type"].as_str(), reference["name"].as_str(), reference["uri"].as_str()) {
            #[cfg(feature = "diagnostics")]
            (Some("ref/prompt"), Some(name), _) if name.starts_with("test_") => return Ok(()),
            (Some("ref/prompt"), Some(name), _) => {
                let prompt =
                    Prompt::find(name).ok_or_else(|| Fault::params(format!("unknown prompt {name:?}")))?;
                (name, prompt.arguments())
            }
            (Some("ref/resource"), _, Some(uri)) if TEMPLATES.contains(&uri) => {
                let variables = uri.split('{').skip(1).filter_map(|rest| rest.split('}').next());
                (uri, variables.collect())
            }
            (Some("ref/resource"), _, Some(uri)) => {
                return Err(Fault::params(format!("unknown resource template {uri:?}")));
            }
            _ => {
                let problem = "ref must be of type ref/prompt with a name, or ref/resource with a uri";
                return Err(Fault::params(problem));
            }
        };
    if known.contains(&argument) {
        return Ok(());
    }
    Err(Fault::params(format!("{what} has no argument {argument:?}; it has {}", known.join(", "))))
}

/// Returns the scopes whose label begins with the typed text, or whose name contains it.
async fn scopes(exchange: &Exchange<'_>, typed: &str) -> Result<Vec<String>, Fault> {
    let caller = exchange.caller;
    caller.authorize_verb(ApiKeyVerb::MemoriesRead)?;
    let shared = tenancy::scopes::shared(caller, &exchange.state.memories.gate().db).await?;
    let typed = typed.to_lowercase();
    let scopes = caller.scopes().iter().chain(shared.iter().map(|(context, _)| context));
    let fits = scopes.filter(|scope| {
        scope.label().starts_with(&typed)
            || scope.name.as_ref().is_some_and(|name| name.to_lowercase().contains(&typed))
    });
    Ok(fits.map(|scope| scope.label()).collect())
}

/// Returns names that memories have, in the scope chosen before, if any.
async fn suggest(
    exchange: &Exchange<'_>,
    params: &Object,
    what: Suggest,
    typed: &str,
) -> Result<Vec<String>, Fault> {
    let chosen = params.get("context").and_then(|context| context["arguments"]["scope"].as_str());
    let chosen = chosen.and_then(|name| name.parse().ok());
    let scopes = chosen.map_or(Scopes::All, |name| Scopes::Named(vec![name]));
    let memories: &Memories = &exchange.state.memories;
    Ok(memories.suggest(exchange.caller, &scopes, what, typed, MOST + 1).await?)
}
