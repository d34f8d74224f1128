//! A well-formed call of every operation, with the objects of one tenant. Tests of the whole API vary these calls.

use http::Method;
use serde_json::{Value, json};
use shared::http::Operation;

use crate::harness::{PASSWORD, World, signing_key};

/// One way to call an operation.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// `GET /v1/memories/{id}/`, and in which way when there are several.
    pub(crate) name: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

/// What may be called without a credential, each for its reason.
pub(crate) const PUBLIC: &[(&str, &str)] = &[
    ("GET /health", "asked by load balancers"),
    ("GET /ready", "asked by load balancers"),
    ("GET /.well-known/jwks.json", "public keys"),
    ("POST /v1/auth/register", "how an account comes to be"),
    ("POST /v1/auth/login", "how a credential comes to be"),
    ("POST /v1/auth/refresh", "the refresh token is the credential"),
    ("GET /.well-known/oauth-authorization-server", "where applications begin"),
    ("GET /.well-known/oauth-protected-resource", "where applications begin"),
    ("GET /.well-known/oauth-protected-resource/mcp", "where applications begin"),
    ("GET /oauth/authorize", "a browser, known by a cookie"),
    ("POST /oauth/login", "how a browser signs in"),
    ("GET /oauth/consent", "a browser, known by a cookie"),
    ("POST /oauth/consent", "a browser, known by a cookie"),
    ("GET /oauth/applications", "a browser, known by a cookie"),
    ("POST /oauth/applications", "a browser, known by a cookie"),
    ("POST /oauth/token", "the code or refresh token is the credential"),
    ("POST /oauth/register", "applications introduce themselves"),
    ("POST /oauth/revoke", "the token is the credential"),
    ("POST /oauth/introspect", "an application or service account, by its own proof"),
    ("POST /oauth/device_authorization", "a device has no credential yet"),
    ("GET /oauth/device", "a browser, known by a cookie"),
    ("POST /oauth/device", "a browser, known by a cookie"),
    ("POST /oauth/device/decision", "a browser, known by a cookie"),
    ("GET /v1/links/{token}", "the token is the credential"),
    ("POST /v1/auth/password/reset", "the token is the credential"),
];

/// What an operation is called in the tests' files.
pub(crate) fn name(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path)
}

/// The ways to call an operation; none if it is not known here.
pub(crate) fn calls(operation: &Operation, world: &World) -> Vec<Call> {
    let Some(path) = path(operation, world) else { return Vec::new() };
    let method: Method = operation.method.parse().unwrap();
    let call = |variant: &str, path: &str, body: Option<Value>| Call {
        name: format!("{}{variant}", name(operation)),
        method: method.clone(),
        path: path.to_owned(),
        body,
    };
    let with = |body| vec![call("", &path, Some(body))];
    let (team, memory) = (&world.team, &world.team_memory);
    match (operation.method, operation.path) {
        // Both a memory that can be seen in a team and one that only its owner sees.
        ("GET" | "DELETE", "/v1/memories/{id}/") | ("GET", "/v1/memories/{id}/history/") => {
            let personal = path.replace(memory, &world.personal_memory);
            vec![call("", &path, None), call(" (personal)", &personal, None)]
        }
        ("PUT", "/v1/memories/{id}/") => {
            let personal = path.replace(memory, &world.personal_memory);
            let body = json!({ "text": "changed by somebody" });
            vec![call("", &path, Some(body.clone())), call(" (personal)", &personal, Some(body))]
        }
        ("DELETE", "/v1/memories/") => {
            let in_team = format!("{path}?user_id={}&scope={}", world.entity, team.label());
            let own = format!("{path}?user_id={}", world.entity);
            vec![call(" (team)", &in_team, None), call(" (own)", &own, None)]
        }
        ("DELETE", "/v1/entities/{kind}/{name}/" | "/v2/entities/{kind}/{name}/") => {
            let in_team = format!("{path}?scope={}", team.label());
            vec![call(" (team)", &in_team, None), call(" (own)", &path, None)]
        }
        ("POST", "/v1/access/check") => {
            let ask = |mut body: Value| {
                body["user_id"] = json!(world.member.user);
                Some(body)
            };
            vec![
                call(" (scope)", &path, ask(json!({ "action": "add_memory", "scope": team.label() }))),
                call(" (memory)", &path, ask(json!({ "action": "forget_memory", "memory_id": memory }))),
                call(
                    " (approval)",
                    &path,
                    ask(json!({ "action": "decide_approval", "approval_id": world.approval })),
                ),
            ]
        }
        // One that holds things, and one that holds none.
        ("DELETE", "/v1/organizations/{id}") => {
            let empty = path.replace(&team.id.to_string(), &world.vacant.id.to_string());
            vec![call("", &path, None), call(" (empty)", &empty, None)]
        }
        ("DELETE", "/v1/batch/") => with(json!({ "memories": [{ "memory_id": memory }] })),
        ("GET", "/oauth/authorize" | "/oauth/consent") => {
            let query = "client_id=m0cl_unknown&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&ticket=unknown";
            vec![call("", &format!("{path}?{query}"), None)]
        }
        ("GET" | "DELETE", _)
        | ("POST", "/v1/approvals/{id}/withdraw/" | "/v1/dissolutions/{id}/cancel")
        | ("POST", "/v1/auth/logout" | "/v1/auth/logout-everywhere")
        | (
            "POST",
            "/v1/users/{id}/deactivate" | "/v1/users/{id}/reactivate" | "/v1/users/{id}/password-reset",
        )
        | ("POST", "/v1/service-accounts/{id}/deactivate" | "/v1/service-accounts/{id}/reactivate") => {
            vec![call("", &path, None)]
        }
        ("POST", "/v3/memories/add/") => {
            let body = |scope: &str| json!({ "messages": "the lift is out of order", "infer": false, "scope": scope });
            vec![
                call(" (team)", &path, Some(body(&team.label()))),
                call(" (enterprise)", &path, Some(body("enterprise"))),
                call(" (own)", &path, Some(body("personal"))),
            ]
        }
        ("POST", "/v3/memories/import/") => {
            let body = |scope: &str| json!({ "memory": "the stairs are wet", "scope": scope });
            vec![
                call(" (team)", &path, Some(body(&team.label()))),
                call(" (enterprise)", &path, Some(body("enterprise"))),
                call(" (own)", &path, Some(body("personal"))),
            ]
        }
        ("POST", "/v3/memories/search/") => {
            let query = format!("when does the {} open", world.marker);
            let in_team = json!({ "query": query, "scope": team.label() });
            let by_filter = json!({ "query": query, "filters": { "scope": team.label() } });
            let everywhere = json!({ "query": query, "scope": "all" });
            vec![
                call(" (team)", &path, Some(in_team)),
                call(" (filter)", &path, Some(by_filter)),
                call(" (all)", &path, Some(everywhere)),
            ]
        }
        ("POST", "/enhance") => {
            let prompt = format!("when does the {} open", world.marker);
            let in_team = json!({ "prompt": prompt, "scope": team.label() });
            let named = json!({
                "messages": [{ "role": "user", "content": prompt }],
                "include": [memory, &world.personal_memory], "max_tokens": 500, "threshold": 0.0,
            });
            vec![call(" (team)", &path, Some(in_team)), call(" (include)", &path, Some(named))]
        }
        ("POST", "/v3/memories/") => {
            let in_team = json!({ "scope": team.label() });
            let named = json!({ "scope": "all", "filters": { "memory_ids": { "in": [memory, &world.personal_memory] } } });
            vec![call(" (team)", &path, Some(in_team)), call(" (all)", &path, Some(named))]
        }
        _ => match body(operation, world) {
            Some(body) => with(body),
            None => Vec::new(),
        },
    }
}

/// A body that an operation takes from whoever may call it.
fn body(operation: &Operation, world: &World) -> Option<Value> {
    let (team, memory) = (&world.team, &world.team_memory);
    Some(match (operation.method, operation.path) {
        ("POST", "/v1/auth/register") => json!({
            "email": "somebody@new.example", "password": "quite 9 unusual lampposts", "name": "Somebody",
            "enterprise_name": "New Ltd",
        }),
        ("POST", "/v1/auth/login") => json!({ "email": world.owner.email, "password": "not the password 1" }),
        ("POST", "/v1/auth/refresh") => json!({ "refresh_token": "m0rt_unknown" }),
        ("POST", "/v1/auth/password") => {
            json!({ "current_password": PASSWORD, "new_password": "quite 9 unusual lampposts" })
        }
        ("POST", "/v1/auth/password/reset") => {
            json!({ "token": "m0pw_unknown", "new_password": "quite 9 unusual lampposts" })
        }
        ("PATCH", "/v1/auth/me") => json!({ "name": "Somebody" }),
        ("POST", "/v1/api-keys" | "/v1/service-accounts/{id}/api-keys") => {
            json!({ "name": "a key", "scopes": ["memories:read"] })
        }
        ("POST", path) if path.ends_with("/rotate") => json!({ "overlap_hours": 1 }),
        ("POST", path) if path.ends_with("/groups") || path.ends_with("/service-accounts") => {
            json!({ "name": "Newcomers" })
        }
        ("PATCH", "/v1/groups/{id}" | "/v1/service-accounts/{id}") => json!({ "name": "Renamed" }),
        ("POST", "/v1/groups/{id}/members") => json!({ "user_id": world.owner.user }),
        ("PUT", path) if path.ends_with("/group-roles/{group_id}") => json!({ "role": "admin" }),
        ("POST", "/v1/auth/identity-providers") => json!({
            "name": "Somebody", "issuer": "https://somebody.example", "domains": ["somebody.example"],
            "jwks": { "keys": [signing_key().jwk()] },
        }),
        ("POST", "/v1/auth/identity-providers/{id}/applications") => json!({ "name": "A tool" }),
        ("POST", "/oauth/login") => {
            json!({ "ticket": "unknown", "email": world.owner.email, "password": PASSWORD })
        }
        ("POST", "/oauth/consent" | "/oauth/device/decision") => {
            json!({ "ticket": "unknown", "decision": "allow", "scope": "memories:read" })
        }
        ("POST", "/oauth/applications") => json!({ "ticket": "unknown", "decision": "sign_out" }),
        ("POST", "/oauth/device") => json!({ "ticket": "unknown", "user_code": "WDJB-MJHT" }),
        ("POST", "/oauth/token") => {
            json!({ "grant_type": "refresh_token", "client_id": "mem0-cli", "refresh_token": "m0rt_unknown" })
        }
        ("POST", "/oauth/register") => {
            json!({ "client_name": "A tool", "redirect_uris": ["https://app.example/callback"] })
        }
        ("POST", "/oauth/revoke" | "/oauth/introspect") => {
            json!({ "client_id": "mem0-cli", "token": "m0rt_unknown" })
        }
        ("POST", "/oauth/device_authorization") => json!({ "client_id": "mem0-cli" }),
        ("PATCH", "/v1/enterprise") => json!({ "name": "Renamed" }),
        ("POST", "/v1/enterprise/members") => json!({ "user_id": world.member.user, "role": "admin" }),
        ("POST", "/v1/organizations/{id}/members") => {
            json!({ "user_id": world.owner.user, "role": "admin" })
        }
        ("PUT", "/v1/enterprise/members/{user_id}") => json!({ "role": "member" }),
        ("PUT", "/v1/organizations/{id}/members/{user_id}") => json!({ "role": "admin" }),
        ("POST", "/v1/enterprise/invitations" | "/v1/organizations/{id}/invitations") => {
            json!({ "email": "newcomer@new.example", "role": "member" })
        }
        ("POST", "/v1/organizations") => {
            json!({ "kind": "team", "name": "a node", "parent": world.division.id })
        }
        ("PUT", "/v1/enterprise/sharing-policy" | "/v1/organizations/{id}/sharing-policy") => {
            json!({ "default_classification": "confidential", "audiences": { "internal": "organization" } })
        }
        ("PATCH", "/v1/organizations/{id}") => json!({ "name": "Renamed" }),
        ("POST", "/v1/organizations/{id}/dissolve") => json!({ "heir": "parent", "members": "move" }),
        ("POST", "/v1/users/{id}/reassign-memories") => json!({ "scope": team.label() }),
        ("POST", "/v1/organizations/{id}/move") => json!({ "parent": world.organization.id }),
        ("POST", "/v1/audit/verify") => json!({}),
        ("PUT", "/v1/audit/settings") => json!({ "reads": "durable" }),
        ("PUT", "/v1/batch/") => {
            json!({ "memories": [{ "memory_id": memory, "text": "changed by somebody" }] })
        }
        ("POST", "/v1/memories/{id}/shares/") => {
            json!({ "with": "enterprise", "expires_at": "2026-06-01T00:00:00Z" })
        }
        ("POST", "/v1/approvals/{id}/approve/" | "/v1/approvals/{id}/deny/") => {
            json!({ "reason": "because" })
        }
        ("POST", "/v1/enterprise/approval-delegates" | "/v1/organizations/{id}/approval-delegates") => {
            json!({ "user_id": world.member.user, "ends_at": "2026-04-01T00:00:00Z" })
        }
        ("POST", "/v1/contexts/") => json!({ "name": "a context" }),
        ("PATCH", "/v1/contexts/{id}/") => json!({ "name": "Renamed" }),
        ("POST", "/v1/contexts/{id}/members/") => json!({ "user_id": world.lead.user, "role": "member" }),
        ("PUT", "/v1/contexts/{id}/members/{user_id}/") => json!({ "role": "viewer" }),
        ("POST", "/v1/contexts/{id}/shares/") => json!({ "with": world.sibling.label() }),
        ("POST", "/v1/memories/{id}/links/" | "/v1/contexts/{id}/links/") => {
            json!({ "expires_at": "2026-06-01T00:00:00Z" })
        }
        ("POST", "/v1/memories/hierarchical/") => {
            json!({ "query": format!("when does the {} open", world.marker), "threshold": 0.0 })
        }
        ("PUT", "/v1/memories/{id}/scope/") => json!({ "scope": world.division.label() }),
        ("POST", "/v1/feedback/") => json!({ "memory_id": memory, "feedback": "NEGATIVE" }),
        ("POST", "/mcp") => json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": "search_memories", "arguments": { "query": team.name } },
        }),
        _ => return None,
    })
}

/// The path with the ids of the tenant's things in it; none if it has a parameter that is not known here.
fn path(operation: &Operation, world: &World) -> Option<String> {
    let id = match operation.path {
        path if path.starts_with("/v1/organizations/") => world.team.id.to_string(),
        path if path.starts_with("/v1/dissolutions/") => world.dissolution.clone(),
        path if path.starts_with("/v1/reassignments/") => world.reassignment.clone(),
        path if path.starts_with("/v1/auth/sessions/") => world.owner.session.to_string(),
        path if path.starts_with("/v1/auth/applications/") => world.application.clone(),
        path if path.starts_with("/v1/auth/identity-providers/") => world.provider.clone(),
        path if path.starts_with("/v1/api-keys/") => world.api_key.clone(),
        path if path.starts_with("/v1/invitations/") => world.invitation.clone(),
        path if path.starts_with("/v1/groups/") => world.group.clone(),
        path if path.starts_with("/v1/service-accounts/") => world.service_account.clone(),
        path if path.starts_with("/v1/users/{id}/api-keys") => world.owner.user.to_string(),
        path if path.starts_with("/v1/users/{id}/sessions") => world.owner.user.to_string(),
        path if path.starts_with("/v1/users/") => world.member.user.to_string(),
        path if path.starts_with("/v1/approvals/{id}/") => world.approval.clone(),
        path if path.starts_with("/v1/approval-delegates/") => world.delegate.clone(),
        path if path.starts_with("/v1/contexts/{id}/") => world.context.clone(),
        path if path.starts_with("/v1/memories/{id}/shares/{share_id}") => world.personal_memory.clone(),
        path if path.starts_with("/v1/memories/{id}/links/") => world.linked_memory.clone(),
        // The team's stays under the team's rules.
        "/v1/memories/{id}/scope/" => world.personal_memory.clone(),
        path if path.starts_with("/v1/memories/") => world.team_memory.clone(),
        path if path.starts_with("/v1/event/") => world.event.clone(),
        _ => String::new(),
    };
    let path = operation
        .path
        .replace("{id}", &id)
        .replace("{group_id}", &world.group)
        .replace(
            "{key_id}",
            if operation.path.starts_with("/v1/users/") { &world.api_key } else { &world.service_key },
        )
        .replace("{session_id}", &world.owner.session.to_string())
        .replace("{client}", &world.client)
        .replace("{user_id}", &world.member.user.to_string())
        .replace(
            "{share_id}",
            if operation.path.starts_with("/v1/contexts/") { &world.context_share } else { &world.share },
        )
        .replace(
            "{link_id}",
            if operation.path.starts_with("/v1/contexts/") { &world.context_link } else { &world.link },
        )
        .replace("{token}", "m0ln_unknown")
        .replace("{kind}", "user")
        .replace("{name}", &world.entity);
    let complete = !path.contains('{') && !path.contains("//");
    complete.then_some(path)
}
