//! Events of every kind of gateway, and their answers.

use lambda_emulator::Function;
use serde_json::{Value, json};

use super::deployment::{Deployment, options};
use super::gateways::{ALL, Gateway, IP, Sent};
use super::visitor::password;

/// A login by somebody at [`IP`].
fn login(base64: bool) -> Sent {
    let body = json!({ "email": "ada@ada.example", "password": password("ada") }).to_string();
    Sent {
        method: "POST",
        path: "/v1/auth/login",
        query: "a=1&a=2",
        headers: vec![("content-type", "application/json".to_owned())],
        cookies: vec!["theme=dark".to_owned(), "lang=en".to_owned()],
        body: Some(body),
        base64,
    }
}

#[tokio::test]
async fn a_request_means_the_same_through_every_gateway_and_its_address_is_the_gateways_word() {
    let deployment = Deployment::new().await;
    deployment.visitor().register("ada").await;
    let auth = deployment.function("auth");
    let addresses = "SELECT count(*) FROM sessions WHERE ip = $1";
    let mut sessions = 0;
    for gateway in ALL {
        for base64 in [false, true] {
            let answer = gateway.send(auth, &login(base64)).await;
            assert_eq!(answer.status, 200, "{gateway:?} {base64} {answer:?}");
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            assert!(body["access_token"].is_string() && !answer.base64, "{gateway:?}");
            sessions += 1;
            let counted = deployment.database.superuser().await.query_one(addresses, &[&IP]).await.unwrap();
            assert_eq!(counted.get::<_, i64>(0), sessions, "{gateway:?}");
        }
    }
    assert_eq!(auth.cold_starts(), 1);
}

#[tokio::test]
async fn behind_an_edge_the_address_is_the_edges_word_and_nobody_comes_past_it() {
    let deployment = Deployment::new().await;
    deployment.visitor().register("ada").await;
    let tasks = tempfile::tempdir().unwrap();
    let options = options("auth", &tasks, &deployment.database.url().await);
    let auth = Function::new(options.env("MEM0_EDGE_SECRET", "seven grey herons"));
    let through = |secret: Option<&str>| {
        let mut login = login(false);
        login.headers.push(("x-mem0-viewer", "198.51.100.7".to_owned()));
        login.headers.extend(secret.map(|secret| ("x-mem0-edge", secret.to_owned())));
        login
    };
    let addresses =
        "SELECT DISTINCT ip FROM sessions WHERE created_at = (SELECT max(created_at) FROM sessions)";
    for gateway in ALL {
        let answer = gateway.send(&auth, &through(Some("seven grey herons"))).await;
        assert_eq!(answer.status, 200, "{gateway:?} {answer:?}");
        let row = deployment.database.superuser().await.query_one(addresses, &[]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), "198.51.100.7", "{gateway:?}");
        for secret in [None, Some("seven grey heron")] {
            let refused = gateway.send(&auth, &through(secret)).await;
            assert_eq!(refused.status, 403, "{gateway:?} {refused:?}");
        }
    }
    // Where there is no edge, anyone can write such a header, and it says nothing.
    let answer = ALL[0].send(deployment.function("auth"), &through(None)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let row = deployment.database.superuser().await.query_one(addresses, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), IP);
}

#[tokio::test]
async fn behind_an_edge_the_endpoint_answers_under_the_name_that_the_caller_asked() {
    let deployment = Deployment::new().await;
    let tasks = tempfile::tempdir().unwrap();
    let options = options("mcp", &tasks, &deployment.database.url().await)
        .env("MEM0_PUBLIC_URL", "https://memory.example")
        .env("MEM0_EDGE_SECRET", "seven grey herons");
    let mcp = Function::new(options);
    let through = |asked: Option<&str>| {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("x-mem0-edge", "seven grey herons".to_owned()),
        ];
        headers.extend(asked.map(|asked| ("x-mem0-host", asked.to_owned())));
        Sent { method: "POST", path: "/mcp", headers, body: Some(body.to_string()), ..Sent::default() }
    };
    for gateway in ALL {
        // Nobody is signed in: it is past the host by then. An edge may leave the host out.
        for known in [None, Some("memory.example")] {
            let answer = gateway.send(&mcp, &through(known)).await;
            assert_eq!(answer.status, 401, "{gateway:?} {answer:?}");
        }
        let refused = gateway.send(&mcp, &through(Some("evil.example"))).await;
        assert_eq!(refused.status, 403, "{gateway:?} {refused:?}");
    }
}

/// A proxy of the operator's own, which has to name the API's host to API Gateway and shows no secret.
#[tokio::test]
async fn behind_a_proxy_that_names_the_gateway_everything_follows_the_public_url() {
    let deployment = Deployment::new().await;
    let tasks = tempfile::tempdir().unwrap();
    let url = deployment.database.url().await;
    let [mcp, auth] = ["mcp", "auth"].map(|name| {
        Function::new(options(name, &tasks, &url).env("MEM0_PUBLIC_URL", "https://memory.example"))
    });
    let post = |headers: &[(&'static str, &str)]| {
        let mut all = vec![("content-type", "application/json".to_owned())];
        all.extend(headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
        Sent { method: "POST", path: "/mcp", headers: all, body: Some(body.to_string()), ..Sent::default() }
    };
    for gateway in ALL {
        for (headers, expected) in [
            (&[][..], 401),
            (&[("origin", "https://memory.example")], 401),
            (&[("origin", "https://x.execute-api.eu-central-1.amazonaws.com")], 403),
            (&[("origin", "https://evil.example")], 403),
            (&[("host", "evil.example")], 403),
            (&[("x-mem0-host", "memory.example"), ("host", "evil.example")], 403),
        ] {
            let answer = gateway.send(&mcp, &post(headers)).await;
            assert_eq!(answer.status, expected, "{gateway:?} {headers:?} {answer:?}");
        }
        let resource = "/.well-known/oauth-protected-resource/mcp";
        let resource = Sent { method: "GET", path: resource, ..Sent::default() };
        let metadata: Value = serde_json::from_str(&gateway.send(&auth, &resource).await.body).unwrap();
        assert_eq!(metadata["resource"], "https://memory.example/mcp", "{gateway:?}");
        assert_eq!(metadata["authorization_servers"], json!(["https://memory.example"]), "{gateway:?}");
    }
}

#[tokio::test]
async fn cookies_go_out_and_come_back_through_every_gateway() {
    let deployment = Deployment::new().await;
    let auth = deployment.function("auth");
    for gateway in ALL {
        let page = Sent { method: "GET", path: "/oauth/device", ..Sent::default() };
        let page = gateway.send(auth, &page).await;
        assert_eq!((page.status, page.content_type.as_str()), (200, "text/html; charset=utf-8"), "{page:?}");
        let [cookie] = page.cookies.as_slice() else { panic!("{gateway:?}: {page:?}") };
        let (pair, attributes) = cookie.split_once(';').unwrap();
        assert!(attributes.contains("HttpOnly"), "{cookie}");
        let (_, rest) =
            page.body.split_once("name=\"ticket\" value=\"").unwrap_or_else(|| panic!("{page:?}"));
        let ticket = rest.split_once('"').unwrap().0;

        // A form, which gateways pass on in base64; its ticket holds in the browser that has the cookie only.
        let form = |cookies: Vec<String>| Sent {
            method: "POST",
            path: "/oauth/device",
            headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
            cookies,
            body: Some(format!("ticket={ticket}&user_code=WDJB-MJHT")),
            base64: true,
            ..Sent::default()
        };
        let known = gateway.send(auth, &form(vec!["theme=dark".to_owned(), pair.to_owned()])).await;
        let unknown = gateway.send(auth, &form(vec!["theme=dark".to_owned()])).await;
        assert!(unknown.body.contains("opened in another browser"), "{gateway:?}: {unknown:?}");
        assert!(!known.body.contains("opened in another browser"), "{gateway:?}: {known:?}");
    }
}

#[tokio::test]
async fn what_is_no_text_to_a_gateway_comes_back_in_base64_and_repeated_parameters_arrive() {
    let deployment = Deployment::new().await;
    let ada = deployment.visitor().register("ada").await;
    let key = ada.api_key("all", &shared::access::ApiKeyVerb::ALL).await;
    let authorization = vec![("authorization", format!("Bearer {key}"))];
    for gateway in ALL {
        let export = Sent {
            method: "GET",
            path: "/v1/audit/export",
            headers: authorization.clone(),
            ..Sent::default()
        };
        let lines = gateway.send(deployment.function("admin"), &export).await;
        assert_eq!(lines.status, 200, "{gateway:?}: {lines:?}");
        assert!(lines.base64 && lines.content_type.contains("ndjson"), "{gateway:?}: {lines:?}");
        assert!(lines.body.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{lines:?}");

        let list = |query| Sent {
            method: "GET",
            path: "/v1/organizations",
            query,
            headers: authorization.clone(),
            ..Sent::default()
        };
        let admin = deployment.function("admin");
        assert_eq!(gateway.send(admin, &list("limit=1")).await.status, 200, "{gateway:?}");
        // Said twice it is two values, and not the last of them.
        assert_eq!(gateway.send(admin, &list("limit=1&limit=2")).await.status, 400, "{gateway:?}");
    }
}

/// HTTP APIs decode paths, and a router decodes them again.
#[tokio::test]
async fn a_label_with_a_percent_sign_is_deleted_and_not_the_one_that_it_would_be_if_decoded_twice() {
    let deployment = Deployment::new().await;
    let ada = deployment.visitor().register("ada").await;
    let key = ada.api_key("all", &shared::access::ApiKeyVerb::ALL).await;
    let headers =
        vec![("authorization", format!("Bearer {key}")), ("content-type", "application/json".to_owned())];
    let memories = deployment.function("memories");
    let doubtful = ["/v2/entities/user/a%2525b/", "/v2/entities/user/a%2525b%23/"];
    for gateway in ALL {
        for label in ["a b", "a%20b", "a#b"] {
            let body = json!({
                "messages": [{ "role": "user", "content": format!("The {label} shelf holds seven jars") }],
                "user_id": label, "infer": false,
            });
            let add = Sent {
                method: "POST",
                path: "/v3/memories/add/",
                headers: headers.clone(),
                ..Sent::default()
            };
            let added = gateway.send(memories, &Sent { body: Some(body.to_string()), ..add }).await;
            assert_eq!(added.status, 200, "{gateway:?}: {added:?}");
        }
        let delete =
            |path, query| Sent { method: "DELETE", path, query, headers: headers.clone(), ..Sent::default() };
        for (path, left) in [
            ("/v2/entities/user/a%2520b/", vec!["a b", "a#b"]),
            ("/v2/entities/user/a%23b/", vec!["a b"]),
            ("/v2/entities/user/a%20b/", vec![]),
        ] {
            let deleted = gateway.send(memories, &delete(path, "scope=personal")).await;
            assert_eq!(deleted.status, 200, "{gateway:?} {path}: {deleted:?}");
            let list =
                Sent { method: "GET", path: "/v1/entities/", headers: headers.clone(), ..Sent::default() };
            let list: Value = serde_json::from_str(&gateway.send(memories, &list).await.body).unwrap();
            let mut names: Vec<&str> = list["results"]
                .as_array()
                .unwrap()
                .iter()
                .map(|entity| entity["name"].as_str().unwrap())
                .collect();
            names.sort_unstable();
            assert_eq!(names, left, "{gateway:?} {path}");
        }
        // What arrives as `%25` could have been either.
        for path in doubtful {
            let refused = gateway.send(memories, &delete(path, "")).await;
            let expected =
                if matches!(gateway, Gateway::Http { .. } | Gateway::OwnDomain { .. }) { 400 } else { 200 };
            assert_eq!(refused.status, expected, "{gateway:?} {path}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn an_event_of_no_gateway_is_an_error_that_names_what_is_expected() {
    let deployment = Deployment::new().await;
    let error = deployment.function("admin").invoke_raw("{\"Records\": []}".into()).await.unwrap_err();
    assert!(error.to_string().contains("API Gateway"), "{error}");
    deployment.visitor().register("ada").await.get("/v1/organizations").await.assert_status(200);
}
