//! Access tokens that the application did not issue, signed with a key that it publishes.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use shared::access::AccessClaims;
use shared::identity::signing_keys::SigningKey;
use shared::ids::{EnterpriseId, SessionId, UserId};

use super::TestApp;
use super::app::PUBLIC_URL;

/// The seed of the tests' signing key.
pub(crate) const SEED: &[u8; 32] = b"a seed that only the tests use..";

/// PKCS #8 of an Ed25519 key, up to the seed (RFC 8410 section 7).
const PKCS8_HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// The tests' signing key.
pub(crate) fn signing_key() -> SigningKey {
    SigningKey::from_seed(*SEED, TestApp::start())
}

/// Publishes the tests' signing key.
pub(super) async fn add_signing_key(app: &TestApp) {
    let insert = "INSERT INTO signing_keys (id, private_key, public_key, active_from, created_at)
                  VALUES ($1, $2, $3, $4, $4)";
    let (key, at) = (signing_key(), app.now());
    let client = app.database().superuser().await;
    client.execute(insert, &[&key.id, &SEED.as_slice(), &key.public.as_slice(), &at]).await.unwrap();
}

/// Signs a token with these claims and a valid header, which `change` may modify.
pub(crate) fn forge(claims: &impl serde::Serialize, change: impl FnOnce(&mut Header)) -> String {
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(signing_key().id);
    change(&mut header);
    let key = EncodingKey::from_ed_der(&[PKCS8_HEAD.as_slice(), SEED].concat());
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

/// The claims of a token issued now for 30 days, so that tests that advance the clock need not refresh.
pub(crate) fn claims(
    app: &TestApp,
    user: UserId,
    enterprise: EnterpriseId,
    session: SessionId,
) -> AccessClaims {
    let iat = app.now().timestamp();
    AccessClaims {
        iss: PUBLIC_URL.to_owned(),
        aud: PUBLIC_URL.to_owned(),
        jti: "test".to_owned(),
        client_id: "mem0".to_owned(),
        scope: None,
        key: None,
        sub: user,
        enterprise,
        sid: session,
        iat,
        exp: iat + 30 * 24 * 3600,
    }
}
