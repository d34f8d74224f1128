//! Browsers and applications for tests of the authorization server.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Request;
use serde_json::{Value, json};

use super::client::form;
use super::{Answer, Client, PASSWORD, TestApp};

/// The code verifier of the tests' applications (PKCE).
pub(crate) const VERIFIER: &str = "a-verifier-that-only-the-tests-know-and-nobody-guesses";

/// The S256 code challenge of [`VERIFIER`].
pub(crate) fn challenge() -> String {
    use sha2::Digest as _;
    URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(VERIFIER))
}

/// A browser without scripts: keeps cookies, sends forms, follows redirects within the installation.
#[derive(Clone)]
pub(crate) struct Browser {
    app: TestApp,
    cookies: Vec<(String, String)>,
}

impl Client for Browser {
    fn app(&self) -> &TestApp {
        &self.app
    }

    fn authorization(&self) -> Option<String> {
        None
    }
}

impl Browser {
    /// A browser without cookies.
    pub(crate) fn new(app: &TestApp) -> Self {
        Self { app: app.clone(), cookies: Vec::new() }
    }

    /// Opens a URL.
    pub(crate) async fn open(&mut self, address: &str) -> Answer {
        self.request("GET", address, None, &[]).await
    }

    /// Sends a form.
    pub(crate) async fn submit(&mut self, path: &str, fields: &Value) -> Answer {
        self.request("POST", path, Some(form(fields)), &[]).await
    }

    /// Sends a form with other headers than a browser would.
    pub(crate) async fn submit_with(
        &mut self,
        path: &str,
        fields: &Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.request("POST", path, Some(form(fields)), headers).await
    }

    async fn request(
        &mut self,
        method: &str,
        address: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let path = match address.split_once("://") {
            Some((_, rest)) => rest.find(['/', '?']).map_or("/", |at| &rest[at..]),
            None => address,
        };
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        let mut request = Request::builder().method(method).uri(path).header("host", "mem0.test");
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if body.is_some() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.send(request.body(body.map_or_else(Body::empty, Body::from)).unwrap()).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let (pair, _) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    /// Signs in on the given login page and follows the redirect.
    pub(crate) async fn sign_in(&mut self, page: &Answer, email: &str) -> Answer {
        let fields = json!({ "ticket": field(page, "ticket"), "email": email, "password": PASSWORD });
        let answer = self.submit("/oauth/login", &fields).await;
        answer.assert_status(303);
        self.open(answer.header("location").unwrap()).await
    }

    /// Agrees on the given consent page; returns where the browser is sent.
    pub(crate) async fn allow(&mut self, page: &Answer, scopes: &[&str]) -> String {
        let fields = json!({ "ticket": field(page, "ticket"), "decision": "allow", "scope": scopes });
        onward(&self.submit("/oauth/consent", &fields).await)
    }
}

/// Returns where a page sends the browser by itself.
#[track_caller]
pub(crate) fn onward(page: &Answer) -> String {
    page.assert_status(200);
    let refresh = page.header("refresh").unwrap_or_else(|| panic!("leads nowhere: {page}"));
    refresh.strip_prefix("0;url=").unwrap().to_owned()
}

/// Returns the value of a form field.
#[track_caller]
pub(crate) fn field(page: &Answer, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.text().split_once(&mark).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split_once('"').unwrap().0.to_owned()
}

/// Registers an application with that redirect URI; returns its `client_id`.
pub(crate) async fn register(app: &TestApp, redirect_uri: &str) -> String {
    let body = json!({ "client_name": "Northwind Assistant", "redirect_uris": [redirect_uri] });
    let answer = app.anonymous().post("/oauth/register", body).await;
    answer.ok()["client_id"].as_str().unwrap().to_owned()
}

/// Returns the URL to which an application sends a browser; `more` overrides the usual parameters.
pub(crate) fn authorize_url(client: &str, redirect_uri: &str, more: &Value) -> String {
    let mut fields = json!({
        "response_type": "code", "client_id": client, "redirect_uri": redirect_uri, "state": "a state & more",
        "code_challenge": challenge(), "code_challenge_method": "S256",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        match value {
            Value::Null => drop(fields.as_object_mut().unwrap().remove(name)),
            value => fields[name] = value.clone(),
        }
    }
    format!("/oauth/authorize?{}", form(&fields))
}

/// Runs the whole flow for a registered person; returns the client and the final answer of the token endpoint.
pub(crate) async fn tokens(app: &TestApp, email: &str, more: &Value) -> (String, Value) {
    let redirect_uri = "https://app.example/callback";
    let client = register(app, redirect_uri).await;
    let mut browser = Browser::new(app);
    let login = browser.open(&authorize_url(&client, redirect_uri, more)).await;
    let consent = browser.sign_in(&login, email).await;
    let scope = more["scope"].as_str().unwrap_or("memories:read memories:write");
    let address = browser.allow(&consent, &scope.split(' ').collect::<Vec<_>>()).await;
    let code = parameter(&address, "code").unwrap_or_else(|| panic!("no code in {address}"));
    let fields = json!({
        "grant_type": "authorization_code", "client_id": client, "code": code, "code_verifier": VERIFIER,
        "redirect_uri": redirect_uri,
    });
    let answer = app.anonymous().post("/oauth/token", fields).await.ok();
    (client, answer)
}

/// Returns a parameter of a URL.
pub(crate) fn parameter(address: &str, name: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// Serves, on a port of this machine, a person at a browser who opens a URL that an application sends them to, signs
/// in and agrees to everything. It answers with the URL that the browser is finally sent to. Returns its own URL, to
/// which the application's URL is to be appended.
pub(crate) async fn person(app: &TestApp, email: &str) -> String {
    use axum::extract::{RawQuery, State};
    async fn agree(State((app, email)): State<(TestApp, String)>, RawQuery(query): RawQuery) -> String {
        let query = query.unwrap_or_default();
        let address = parameter(&format!("?{query}"), "address").unwrap();
        let mut browser = Browser::new(&app);
        let login = browser.open(&address).await;
        let consent = browser.sign_in(&login, &email).await;
        browser.allow(&consent, &["memories:read", "memories:write", "tenancy:read", "tenancy:write"]).await
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/agree?address=", listener.local_addr().unwrap());
    let state = (app.clone(), email.to_owned());
    let router = axum::Router::new().route("/agree", axum::routing::get(agree)).with_state(state);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}
