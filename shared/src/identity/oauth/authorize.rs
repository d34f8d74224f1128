//! Authorization requests (RFC 6749 section 4.1.1, OAuth 2.1): what an application asks a user for.
//!
//! Errors are shown to the user. Once it is certain who asks and where the response would go, they can be sent there
//! too, but only if the user wants that: anybody can register an application, so this would otherwise be an open
//! redirect.

use serde::{Deserialize, Serialize};

use super::clients::{self, GrantType};
use super::{Code, OAuthError, Result, pkce, redirect, resource, scope};
use crate::access::{ApiKeyVerb, RequestInfo};
use crate::identity::Identity;

/// The parameters, as received.
#[derive(Debug, Default)]
pub struct Parameters {
    /// The application.
    pub client_id: Option<String>,
    /// Where the response goes.
    pub redirect_uri: Option<String>,
    /// `code`.
    pub response_type: Option<String>,
    /// Returned with the response.
    pub state: Option<String>,
    /// PKCE.
    pub code_challenge: Option<String>,
    /// PKCE: `S256`.
    pub code_challenge_method: Option<String>,
    /// The requested scopes.
    pub scope: Option<String>,
    /// The requested resources.
    pub resources: Vec<String>,
    /// A parameter that is not supported: requests as JWTs, other response modes.
    pub unsupported: Option<&'static str>,
}

/// A valid request, which may be shown to a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The application.
    pub client_id: String,
    /// The application's name, as it gave it.
    pub client_name: String,
    /// Where the response goes.
    pub redirect_uri: String,
    /// Returned with the response.
    pub state: Option<String>,
    pub(super) challenge: String,
    /// The requested scopes.
    pub scopes: Vec<ApiKeyVerb>,
    /// The requested resource.
    pub resource: String,
}

/// Why a request is not shown for approval.
#[derive(Debug)]
pub enum Unanswerable {
    /// Shown to the user, since the application cannot be informed by a redirect.
    Here(OAuthError),
    /// Shown to the user, with the URL that informs the application by a redirect.
    There(OAuthError, String),
}

impl Identity {
    /// Validates a request.
    pub async fn authorization_request(
        &self,
        given: Parameters,
        request: &RequestInfo,
    ) -> Result<AuthorizationRequest, Unanswerable> {
        let here = |what: &str| Unanswerable::Here(OAuthError::new(Code::InvalidRequest, what));
        let id = given.client_id.as_deref().ok_or_else(|| here("client_id is missing"))?;
        let client = self.client(id, request).await.map_err(|error| Unanswerable::Here(forgotten(error)))?;
        let redirect_uri = given.redirect_uri.clone().ok_or_else(|| here("redirect_uri is missing"))?;
        if !redirect::is_registered(&redirect_uri, &client.redirect_uris) {
            return Err(here("redirect_uri is not one that this application registered"));
        }
        let state = given.state.clone();
        let checked = (|| {
            client.may_use(GrantType::AuthorizationCode)?;
            if given.response_type.as_deref() != Some("code") {
                return Err(OAuthError::new(Code::UnsupportedResponseType, "response_type must be code"));
            }
            if let Some(name) = given.unsupported {
                return Err(OAuthError::new(Code::InvalidRequest, format!("{name} is not supported")));
            }
            Ok(AuthorizationRequest {
                challenge: pkce::challenge(
                    given.code_challenge.as_deref(),
                    given.code_challenge_method.as_deref(),
                )?,
                scopes: scope::parse(given.scope.as_deref())?,
                resource: resource::audience(self.gate().issuer(), &given.resources)?,
                client_id: client.id,
                client_name: client.name,
                redirect_uri: redirect_uri.clone(),
                state: given.state,
            })
        })();
        checked.map_err(|error| match error {
            OAuthError::Refused(code, description) => {
                let says = [
                    ("error", Some(code.as_str())),
                    ("error_description", Some(description.as_str())),
                    ("state", state.as_deref()),
                    ("iss", Some(self.gate().issuer())),
                ];
                let address = redirect::with_query(&redirect_uri, &says);
                Unanswerable::There(OAuthError::Refused(code, description), address)
            }
            failed @ OAuthError::Failed(_) => Unanswerable::Here(failed),
        })
    }
}

/// Says what a person can do about an application that is not known: it keeps its `client_id`, so that beginning again
/// would not help.
fn forgotten(error: OAuthError) -> OAuthError {
    match error {
        OAuthError::Refused(code, what) if what == clients::UNKNOWN => OAuthError::new(
            code,
            format!(
                "This application is not registered here, or not any more: a registration that nobody uses is forgotten after {} \
                 days. Remove this connection in the application and add it again.",
                clients::UNUSED.num_days()
            ),
        ),
        other => other,
    }
}
