//! Resources that clients can attach by address: a memory, a scope with its newest memories, and the caller's profile.
//!
//! Only the profile and the scopes are listed: memories are many, and found by searching. A client that knows a
//! memory's id reads it through the template.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use shared::Error;
use shared::access::{ApiKeyVerb, ScopeKind, ScopeName};
use shared::ids::MemoryId;
use shared::memory::filter::Filter;
use shared::memory::{List, Part, Scopes};
use shared::tenancy::{self, scopes::AccessibleScope};

use crate::cursor;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::message::Object;
use crate::tools::{UNTRUSTED, profile, view_memory};

const PROFILE: &str = "mem0://profile";
pub(crate) const MEMORY: &str = "mem0://memories/";
const SCOPE: &str = "mem0://scopes/";

/// The most memories returned with a scope.
const NEWEST: u32 = 20;

/// The templates, as URI templates (RFC 6570).
pub const TEMPLATES: [&str; 2] = ["mem0://memories/{id}", "mem0://scopes/{scope}"];

/// `resources/list`
pub(crate) async fn list(exchange: &Exchange<'_>, params: &Object) -> Result<Value, Fault> {
    let after = cursor::of(params)?;
    let mut resources = Vec::new();
    if after.is_none() {
        #[cfg(feature = "diagnostics")]
        resources.extend(crate::diagnostics::resources());
        resources.push(json!({
            "uri": PROFILE,
            "name": "profile",
            "title": "Who I am",
            "description": "The person, their enterprise, and what this connection may do.",
            "mimeType": "application/json",
        }));
    }
    let mut result = json!({});
    // Only scopes that can be read.
    let db = &exchange.state.memories.gate().db;
    let listed = match exchange.caller.authorize_verb(ApiKeyVerb::MemoriesRead) {
        Ok(()) => tenancy::scopes::list(exchange.caller, db, "resources", after, cursor::PART as u32).await,
        Err(refusal) => Err(refusal),
    };
    match listed {
        Ok(scopes) => {
            resources.extend(scopes.results.iter().map(|scope| {
                json!({
                    "uri": format!("{SCOPE}{}", scope.scope),
                    "name": scope.scope,
                    "title": title(scope),
                    "description": "What it is, and the newest memories in it.",
                    "mimeType": "application/json",
                })
            }));
            if let Some(next) = scopes.next {
                result["nextCursor"] = json!(next);
            }
        }
        // A credential that may not read memories sees no scopes.
        Err(Error::Forbidden(_) | Error::InsufficientScope { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    result["resources"] = json!(resources);
    Ok(result)
}

/// Returns what people call a scope.
fn title(scope: &AccessibleScope) -> &str {
    match (&scope.name, scope.kind) {
        (Some(name), _) => name,
        (None, ScopeKind::User) => "Personal memories",
        (None, ScopeKind::Public) => "Public memories",
        (None, kind) => kind.as_str(),
    }
}

/// `resources/templates/list`
pub(crate) fn templates(params: &Object) -> Result<Value, Fault> {
    let [memory, scope] = TEMPLATES;
    let templates = vec![
        json!({
            "uriTemplate": memory, "name": "memory", "title": "A memory", "mimeType": "application/json",
            "description": "One memory by its id, as tools return it.",
        }),
        json!({
            "uriTemplate": scope, "name": "scope", "title": "A scope", "mimeType": "application/json",
            "description": "A scope as list_scopes names it, and the newest memories in it.",
        }),
    ];
    #[cfg(feature = "diagnostics")]
    let templates = [templates, crate::diagnostics::templates()].concat();
    let name = |template: &Value| template["name"].as_str().unwrap_or_default().to_owned();
    let (templates, next) = cursor::part(templates, "templates", cursor::of(params)?, cursor::PART, name)?;
    let mut result = json!({ "resourceTemplates": templates });
    if let Some(next) = next {
        result["nextCursor"] = json!(next);
    }
    Ok(result)
}

/// `resources/read`
pub(crate) async fn read(exchange: &Exchange<'_>, params: &Object) -> Result<Value, Fault> {
    let Some(Value::String(uri)) = params.get("uri") else {
        return Err(Fault::params("uri must be a string"));
    };
    #[cfg(feature = "diagnostics")]
    if let Some(contents) = crate::diagnostics::read(uri) {
        return Ok(json!({ "contents": [contents] }));
    }
    let read = match Address::parse(uri) {
        Some(Address::Profile) => profile(exchange).await,
        Some(Address::Memory(id)) => memory(exchange, id).await,
        Some(Address::Scope(name)) => scope(exchange, name).await,
        None => Err(Error::NotFound { what: "resource" }),
    };
    match read {
        Ok(value) => Ok(json!({
            "contents": [{ "uri": uri, "mimeType": "application/json", "text": value.to_string() }],
        })),
        Err(error @ Error::NotFound { .. }) => {
            error.log();
            Err(Fault::resource(uri, exchange.terms.version))
        }
        Err(error) => Err(error.into()),
    }
}

/// What an address refers to.
#[derive(Debug, PartialEq)]
enum Address {
    Profile,
    Memory(MemoryId),
    Scope(ScopeName),
}

impl Address {
    fn parse(uri: &str) -> Option<Self> {
        let uri = percent_decode_str(uri).decode_utf8().ok()?;
        if uri == PROFILE {
            Some(Self::Profile)
        } else if let Some(id) = uri.strip_prefix(MEMORY) {
            id.parse().ok().map(Self::Memory)
        } else {
            uri.strip_prefix(SCOPE)?.parse().ok().map(Self::Scope)
        }
    }
}

/// Returns the scope that an address refers to, if it is one's.
pub(crate) fn scope_of(uri: &str) -> Option<ScopeName> {
    match Address::parse(uri)? {
        Address::Scope(name) => Some(name),
        _ => None,
    }
}

async fn memory(exchange: &Exchange<'_>, id: MemoryId) -> shared::Result<Value> {
    let memory = exchange.state.memories.read(exchange.caller, id).await?;
    let mut value = view_memory(exchange, &memory);
    value["content_trust"] = json!(UNTRUSTED);
    Ok(value)
}

async fn scope(exchange: &Exchange<'_>, name: ScopeName) -> shared::Result<Value> {
    let scope = exchange.caller.resolve(name)?;
    let request = List {
        filter: Filter::everything(),
        scopes: Scopes::Named(vec![name]),
        latest_only: true,
        part: Part::After(None, NEWEST),
    };
    let listed = exchange.state.memories.list(exchange.caller, request).await?;
    let newest = listed.memories.iter().take(NEWEST as usize).map(|memory| view_memory(exchange, memory));
    Ok(json!({
        "scope": scope.label(),
        "kind": scope.kind,
        "name": scope.name,
        "role": scope.role,
        "newest": newest.collect::<Vec<_>>(),
        "content_trust": UNTRUSTED,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_escaped_or_not() {
        let id = MemoryId::generate();
        assert_eq!(Address::parse(&format!("mem0://memories/{id}")), Some(Address::Memory(id)));
        assert_eq!(Address::parse("mem0://profile"), Some(Address::Profile));
        let plain = Address::parse("mem0://scopes/team:org_01jd0000000000000000000000");
        assert!(matches!(plain, Some(Address::Scope(_))));
        assert_eq!(Address::parse("mem0://scopes/team%3Aorg_01jd0000000000000000000000"), plain);
        for wrong in ["", "mem0://", "mem0://memories/", "mem0://memories/7", "mem0://scopes/galaxy", "%ff"] {
            assert_eq!(Address::parse(wrong), None, "{wrong}");
        }
    }
}
