//! The people of a test.

use http::header::AUTHORIZATION;
use shared::access::{ApiKeyVerb, AuthContext, Credential, RequestInfo, Role};
use shared::ids::{EnterpriseId, RequestId, ScopeId, SessionId, UserId};

use super::{Client, Node, TestApp, people};

/// A caller without a credential.
#[derive(Clone)]
pub(crate) struct Anonymous {
    app: TestApp,
}

impl Anonymous {
    pub(super) fn new(app: &TestApp) -> Self {
        Self { app: app.clone() }
    }
}

impl Client for Anonymous {
    fn app(&self) -> &TestApp {
        &self.app
    }

    fn authorization(&self) -> Option<String> {
        None
    }
}

/// A person with an account, who calls with an access token or an API key.
#[derive(Clone)]
pub(crate) struct Actor {
    pub(super) app: TestApp,
    pub(crate) email: String,
    pub(crate) user: UserId,
    pub(crate) enterprise: EnterpriseId,
    /// Their personal scope.
    pub(crate) scope: ScopeId,
    /// The enterprise's scope.
    pub(crate) root: ScopeId,
    pub(crate) session: SessionId,
    /// The token of `Authorization: Bearer`: a JWT or an API key.
    pub(crate) token: String,
}

impl Client for Actor {
    fn app(&self) -> &TestApp {
        &self.app
    }

    fn authorization(&self) -> Option<String> {
        Some(format!("Bearer {}", self.token))
    }
}

impl Actor {
    /// Adds a colleague with this role on a node and everything below it.
    pub(crate) async fn colleague(&self, name: &str, node: &Node, role: Role) -> Self {
        people::join(self, name, node.scope, role).await
    }

    /// Adds a colleague with this role on the whole enterprise.
    pub(crate) async fn enterprise_colleague(&self, name: &str, role: Role) -> Self {
        people::join(self, name, self.root, role).await
    }

    /// Adds a colleague without any membership.
    pub(crate) async fn stranger(&self, name: &str) -> Self {
        people::account(&self.app, self.enterprise, self.root, name).await
    }

    /// Returns the caller that the application authenticates them as.
    pub(crate) async fn context(&self) -> AuthContext {
        let headers = [(AUTHORIZATION, self.authorization().unwrap().parse().unwrap())];
        let credential = Credential::from_headers(&headers.into_iter().collect()).unwrap();
        let request =
            RequestInfo { id: RequestId::generate(), at: self.app.now(), ip: None, user_agent: None };
        self.app.gate().authenticate(&credential, request).await.unwrap()
    }

    /// The same person with a new login.
    pub(crate) async fn with_new_login(&self) -> Self {
        let (session, token) = people::login(&self.app, self.enterprise, self.user).await;
        Self { session, token, ..self.clone() }
    }

    /// The same person, calling with an API key that may do everything.
    pub(crate) async fn with_api_key(&self) -> Self {
        self.with_narrow_api_key(&ApiKeyVerb::ALL).await
    }

    /// The same person, calling with an API key for only these verbs.
    pub(crate) async fn with_narrow_api_key(&self, verbs: &[ApiKeyVerb]) -> Self {
        Self { token: people::api_key(self, verbs).await, ..self.clone() }
    }

    /// The same person, calling with the key of an answer.
    pub(crate) fn with_key(&self, made: &serde_json::Value) -> Self {
        Self { token: made["key"].as_str().unwrap().to_owned(), ..self.clone() }
    }

    /// The same person, calling another application on the same database.
    pub(crate) fn at(&self, app: &TestApp) -> Self {
        Self { app: app.clone(), ..self.clone() }
    }

    /// The same person, calling with this credential.
    pub(crate) fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: token.into(), ..self.clone() }
    }
}
