//! Client ID metadata documents: a client whose id is the URL of a document about it needs no registration.
//!
//! The URL comes from a stranger, so it is fetched by [`fetch`](crate::identity::oauth::fetch): https, from public
//! addresses only, without redirects, within limits. A document is cached for an hour, and a failure to read it for a
//! minute. Few documents are read for each network address, so that other servers are not burdened.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Client, KEPT, Metadata, Need, PRIVATE_KEY_JWT, Proof, store};
use crate::access::RequestInfo;
use crate::identity::Identity;
use crate::identity::oauth::fetch::Fetcher;
use crate::identity::oauth::{Code, OAuthError, Result};
use crate::identity::throttle::{self, Bucket};

/// How long a document is cached.
const FRESH: TimeDelta = TimeDelta::hours(1);

/// The maximum length of a URL.
const LONGEST: usize = 500;

impl Identity {
    pub(super) async fn documented_client(
        &self,
        id: &str,
        request: &RequestInfo,
        need: Need,
    ) -> Result<Client> {
        let now = request.at;
        if !self.fetcher().reads() {
            let what = "this installation reads no documents at addresses: register the application instead";
            return Err(refuse(what.to_owned()));
        }
        check(id).map_err(|what| refuse(format!("client_id: {what}")))?;
        let tx = self.gate().sign_in("oauth_client.document").await?;
        let known = store::lookup(&tx, id, "document", now).await?;
        tx.commit().await?;
        match known {
            Some(known) => Ok(known),
            None => match self.read_client(id, request).await {
                // A grant must not end because the client's site is unavailable.
                Err(error) if need == Need::Known => self.remembered_client(id, now).await?.ok_or(error),
                read => read,
            },
        }
    }

    /// Returns a client as its document last described it.
    async fn remembered_client(&self, id: &str, now: DateTime<Utc>) -> Result<Option<Client>> {
        let tx = self.gate().sign_in("oauth_client.remembered").await?;
        let known = store::lookup(&tx, id, "document", now - KEPT).await?;
        tx.commit().await?;
        Ok(known)
    }

    /// Reads a document, unless too many were read for the requesting address, or this one could not be read just now.
    async fn read_client(&self, id: &str, request: &RequestInfo) -> Result<Client> {
        let (now, document) = (request.at, Bucket::document(id));
        let tx = self.gate().sign_in("oauth_client.read").await?;
        if throttle::is_blocked(&tx, &document, now).await? {
            return Err(refuse(
                "the document at client_id could not be read, try again in a minute".to_owned(),
            ));
        }
        let attempt = throttle::reserve(&tx, [Bucket::documents(request)], now).await?;
        tx.commit().await?;
        let reserved = attempt.admitted()?;
        let bytes = self.fetcher().get(id).await;
        let bytes = bytes
            .map_err(|problem| refuse(format!("the document at client_id could not be read: {problem}")));
        let client = match bytes.and_then(|bytes| read(id, &bytes, self.fetcher())) {
            Ok(client) => client,
            Err(OAuthError::Refused(code, what)) => {
                let tx = self.gate().sign_in("oauth_client.unreadable").await?;
                let _ = throttle::reserve(&tx, [document], now).await?;
                tx.commit().await?;
                return Err(OAuthError::Refused(code, what));
            }
            Err(failed @ OAuthError::Failed(_)) => return Err(failed),
        };
        let tx = self.gate().sign_in("oauth_client.remember").await?;
        throttle::forgive(&tx, &reserved, now).await?;
        let method = if client.keys().is_some() { PRIVATE_KEY_JWT } else { "none" };
        store::put(&tx, &client, "document", method, now, now + FRESH).await?;
        store::forget_unused(&tx, now).await?;
        // Read back, to include keys that are already known.
        let kept = store::lookup(&tx, id, "document", now).await?;
        tx.commit().await?;
        Ok(kept.unwrap_or(client))
    }
}

fn refuse(what: String) -> OAuthError {
    OAuthError::new(Code::InvalidClient, what)
}

/// Checks that a URL may be a client's id (draft-ietf-oauth-client-id-metadata-document, section 3).
fn check(id: &str) -> Result<(), &'static str> {
    let (_, rest) = id.split_once("://").unwrap_or_default();
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    if id.len() > LONGEST || !id.bytes().all(|byte| (0x21..0x7f).contains(&byte)) {
        return Err("not a usable address");
    }
    if id.contains(['#', '@', '\\']) {
        return Err("an address with no user and no fragment is needed");
    }
    if path.is_empty() || path.split(['/', '?']).any(|part| part == "." || part == "..") {
        return Err("an address with a path is needed, without \".\" or \"..\" in it");
    }
    Ok(())
}

/// Parses a document, which must describe the client whose id led to it.
fn read(id: &str, bytes: &[u8], fetcher: &Fetcher) -> Result<Client> {
    let invalid = |what: &str| refuse(format!("the document at client_id is not valid: {what}"));
    let told = |error| match error {
        OAuthError::Refused(_, what) => invalid(&what),
        failed @ OAuthError::Failed(_) => failed,
    };
    let metadata: Metadata = serde_json::from_slice(bytes).map_err(|error| invalid(&error.to_string()))?;
    if metadata.client_id.as_deref() != Some(id) {
        return Err(invalid("its client_id is not its own address"));
    }
    if metadata.client_name.is_none() {
        return Err(invalid("client_name is missing"));
    }
    // A client without a registration cannot share a secret with us.
    let proof = match metadata.token_endpoint_auth_method.as_deref() {
        None | Some("none") => Proof::None,
        Some(PRIVATE_KEY_JWT) => Proof::Keys(metadata.keys(fetcher).map_err(told)?),
        Some(_) => return Err(invalid("token_endpoint_auth_method must be none or private_key_jwt")),
    };
    let checked = metadata.check().map_err(told)?;
    Ok(Client {
        id: id.to_owned(),
        name: checked.name,
        uri: checked.uri,
        redirect_uris: checked.redirect_uris,
        grant_types: checked.grant_types,
        provider: None,
        proof,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_an_address_with_a_path() {
        assert!(check("https://app.example/client.json").is_ok());
        for wrong in [
            "https://app.example",
            "https://app.example/",
            "https://app.example/a/../b",
            "https://app.example/./b",
            "https://u@app.example/b",
            "https://app.example/b#c",
            "https://app.example/ b",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_document_speaks_for_its_own_address_only() {
        let document = |client_id: &str| {
            format!(
                r#"{{"client_id":"{client_id}","client_name":"App","redirect_uris":["https://app.example/cb"]}}"#
            )
        };
        let id = "https://app.example/client.json";
        let read = |document: &str| read(id, document.as_bytes(), &Fetcher::reading_public());
        assert_eq!(read(&document(id)).unwrap().name, "App");
        assert!(read(&document("https://other.example/client.json")).is_err());
        assert!(read("[]").is_err());
        let with = |more: &str| read(&document(id).replacen('{', &format!("{{{more},"), 1));
        assert!(with(r#""token_endpoint_auth_method":"client_secret_post""#).is_err());
        assert!(with(r#""token_endpoint_auth_method":"private_key_jwt""#).is_err());
        let keys = r#""token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://app.example/jwks""#;
        assert_eq!(with(keys).unwrap().keys().unwrap().uri.as_deref(), Some("https://app.example/jwks"));
        assert!(with(&keys.replace("app.example", "10.0.0.1")).is_err());
        assert!(with(&keys.replace("https", "http")).is_err());
    }
}
