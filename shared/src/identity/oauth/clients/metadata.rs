//! Client metadata (RFC 7591 section 2), from a registration or from a document.

use serde::Deserialize;
use serde_json::Value;

use super::{GrantType, Keys};
use crate::identity::oauth::fetch::Fetcher;
use crate::identity::oauth::{Code, OAuthError, Result, jwks, redirect};
use crate::invisible::is_invisible;

/// The maximum number of redirect URIs of one client, and of keys.
const MOST: usize = 20;

/// The maximum length of a name, in characters.
const LONGEST_NAME: usize = 100;

/// The members that are used here; others are ignored, as the RFC requires.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Metadata {
    /// In documents: the URL that it was read from.
    pub client_id: Option<String>,
    /// The URIs that codes may be sent to.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// The display name.
    pub client_name: Option<String>,
    /// Its home page.
    pub client_uri: Option<String>,
    /// The grant types; codes and refresh tokens by default.
    pub grant_types: Option<Vec<String>>,
    /// `code`.
    pub response_types: Option<Vec<String>>,
    /// How it authenticates.
    pub token_endpoint_auth_method: Option<String>,
    /// The algorithm, if it authenticates with a signature.
    pub token_endpoint_auth_signing_alg: Option<String>,
    /// The URL of its keys.
    pub jwks_uri: Option<String>,
    /// Its keys, if they have no URL.
    pub jwks: Option<Value>,
}

/// The metadata after validation.
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) uri: Option<String>,
    pub(super) redirect_uris: Vec<String>,
    pub(super) grant_types: Vec<GrantType>,
}

impl Metadata {
    /// The keys of a client that authenticates with a signature.
    pub(in crate::identity::oauth) fn keys(&self, fetcher: &Fetcher) -> Result<Keys> {
        let invalid = |what: String| OAuthError::new(Code::InvalidClientMetadata, what);
        match (&self.jwks_uri, &self.jwks) {
            (Some(address), None) => {
                fetcher.check(address).map_err(|problem| invalid(format!("jwks_uri: {problem}")))?;
            }
            (None, Some(keys)) => {
                jwks::parse(keys).map_err(|problem| invalid(format!("jwks: {problem}")))?;
                let secret = |key: &Value| ["d", "k", "p", "q"].iter().any(|part| !key[part].is_null());
                if keys["keys"].as_array().is_some_and(|all| all.len() > MOST || all.iter().any(secret)) {
                    return Err(invalid(format!("jwks: at most {MOST} keys, and only public ones")));
                }
            }
            _ => return Err(invalid("private_key_jwt needs either jwks_uri or jwks".to_owned())),
        }
        let known = |name: &String| jwks::ALGORITHMS.into_iter().find(|known| format!("{known:?}") == *name);
        let algorithm = self.token_endpoint_auth_signing_alg.as_ref().map(|name| {
            known(name).ok_or_else(|| {
                let all = jwks::ALGORITHMS.map(|known| format!("{known:?}")).join(", ");
                invalid(format!("token_endpoint_auth_signing_alg must be one of {all}"))
            })
        });
        let (uri, jwks) = (self.jwks_uri.clone(), self.jwks.clone());
        Ok(Keys { uri, jwks, algorithm: algorithm.transpose()?, read_at: None })
    }

    pub(super) fn check(self) -> Result<Checked> {
        let invalid = |what: String| OAuthError::new(Code::InvalidClientMetadata, what);
        let asked = self.grant_types.unwrap_or_else(|| {
            [GrantType::AuthorizationCode, GrantType::RefreshToken].map(|it| it.as_str().to_owned()).to_vec()
        });
        // Others are left out, and the response says so (RFC 7591 section 3.2.1): a client that lists everything it
        // could do should not be refused for it.
        let open = [
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::DeviceCode,
            GrantType::JwtBearer,
        ];
        // An assertion is worth a token to whoever presents it as the client that it names.
        let proven = self.token_endpoint_auth_method.as_deref().is_some_and(|method| method != "none");
        let usable = |it: &GrantType| open.contains(it) && (proven || *it != GrantType::JwtBearer);
        let grant_types: Vec<GrantType> =
            asked.iter().filter_map(|name| GrantType::find(name)).filter(usable).collect();
        if !grant_types.iter().any(|it| *it != GrantType::RefreshToken) {
            if let Some(unproven) =
                asked.iter().find(|name| GrantType::find(name) == Some(GrantType::JwtBearer))
            {
                return Err(invalid(format!(
                    "{unproven} needs client authentication: register with client_secret_basic or private_key_jwt"
                )));
            }
            let known = open.map(GrantType::as_str).join(", ");
            let what = format!("grant_types must have one of {known}; the last needs client authentication");
            return Err(invalid(what));
        }
        let browser = grant_types.contains(&GrantType::AuthorizationCode);
        let redirect_uris = allowed(self.redirect_uris, browser)?;
        if browser && self.response_types.is_some_and(|types| !types.iter().any(|it| it == "code")) {
            return Err(invalid("response_types must have code".to_owned()));
        }
        let name = shown(&self.client_name.unwrap_or_default());
        let uri = self.client_uri.filter(|uri| uri.starts_with("https://") && redirect::check(uri).is_ok());
        Ok(Checked { name, uri, redirect_uris, grant_types })
    }
}

/// Returns a name as people are shown it. Control, bidirectional and invisible characters are removed: a name must not be
/// able to disguise the text beside it, or to look like another name. Emoji and Persian words contain some of them too,
/// so a client is not refused for it; the response says what was registered.
fn shown(name: &str) -> String {
    let visible = |c: char| (!is_invisible(c)).then_some(if c.is_control() { ' ' } else { c });
    let name: String = name.chars().filter_map(visible).collect();
    let name: String = name.trim().chars().take(LONGEST_NAME).collect();
    match name.trim_end() {
        "" => "An application without a name".to_owned(),
        name => name.to_owned(),
    }
}

/// Returns the URIs that codes may be sent to. Others are left out, like grant types: Cursor registers its own scheme
/// (`cursor://…`) together with addresses that are allowed. A client that needs one is refused if none is left.
fn allowed(uris: Vec<String>, needed: bool) -> Result<Vec<String>> {
    let invalid = |what: String| OAuthError::new(Code::InvalidRedirectUri, what);
    if uris.len() > MOST {
        return Err(invalid(format!("at most {MOST} redirect URIs")));
    }
    let mut problem = invalid("redirect_uris is empty".to_owned());
    let mut allowed = Vec::with_capacity(uris.len());
    for uri in uris {
        match redirect::check(&uri) {
            Ok(()) => allowed.push(uri),
            Err(refused) => problem = refused,
        }
    }
    if needed && allowed.is_empty() { Err(problem) } else { Ok(allowed) }
}
