//! Authorization requests (RFC 6749 section 4.1.1, OAuth 2.1): what an application asks a person for.
//!
//! Errors are shown to the person. Once it is certain who asks and where the answer would go, they can be sent there too, but
//! only if the person wants that: anybody can register, so that this would otherwise be a way to send people anywhere.

use serde::{Deserialize, Serialize};

use super::clients::GrantType;
use super::{Code, OAuthError, Result, pkce, redirect, resource, scope};
use crate::access::{ApiKeyVerb, RequestInfo};
use crate::identity::Identity;

/// The parameters, as they came.
#[derive(Debug, Default)]
pub struct Parameters {
    /// Who asks.
    pub client_id: Option<String>,
    /// Where the answer goes.
    pub redirect_uri: Option<String>,
    /// `code`.
    pub response_type: Option<String>,
    /// Given back with the answer.
    pub state: Option<String>,
    /// PKCE.
    pub code_challenge: Option<String>,
    /// PKCE: `S256`.
    pub code_challenge_method: Option<String>,
    /// What for.
    pub scope: Option<String>,
    /// Where.
    pub resources: Vec<String>,
    /// Anything here cannot be done: requests as JWTs, other response modes.
    pub unsupported: Option<&'static str>,
}

/// A request that may be put to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client_id: String,
    /// Its name, as it says itself.
    pub client_name: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// Given back with the answer.
    pub state: Option<String>,
    pub(super) challenge: String,
    /// What for.
    pub scopes: Vec<ApiKeyVerb>,
    /// Where.
    pub resource: String,
}

/// Why a request is not put to anybody.
#[derive(Debug)]
pub enum Unanswerable {
    /// Shown to the person: nobody can be told by redirect.
    Here(OAuthError),
    /// The same, and how the application can be told: where the browser would have to go.
    There(OAuthError, String),
}

impl Identity {
    /// Checks a request.
    pub async fn authorization_request(
        &self,
        given: Parameters,
        request: &RequestInfo,
    ) -> Result<AuthorizationRequest, Unanswerable> {
        let here = |what: &str| Unanswerable::Here(OAuthError::new(Code::InvalidRequest, what));
        let id = given.client_id.as_deref().ok_or_else(|| here("client_id is missing"))?;
        let client = self.client(id, request).await.map_err(Unanswerable::Here)?;
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
