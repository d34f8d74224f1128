//! A holder of an Ed25519 key who signs JWTs: an identity provider, or an application.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use shared::identity::signing_keys::SigningKey;

use crate::harness::TestApp;

/// PKCS #8 of an Ed25519 key, up to the seed (RFC 8410 section 7).
const PKCS8_HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// By the seed of the key.
pub(super) struct Signer(pub(super) [u8; 32]);

impl Signer {
    fn key(&self) -> SigningKey {
        SigningKey::from_seed(self.0, TestApp::start())
    }

    /// What others check signatures with.
    pub(super) fn jwks(&self) -> Value {
        json!({ "keys": [self.key().jwk()] })
    }

    /// The name of the key.
    pub(super) fn kid(&self) -> String {
        self.key().id
    }

    /// A JWT with that `typ` and a header that is changed otherwise.
    pub(super) fn sign(&self, typ: &str, claims: &Value, change: impl FnOnce(&mut Header)) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(typ.to_owned());
        header.kid = Some(self.kid());
        change(&mut header);
        let key = EncodingKey::from_ed_der(&[PKCS8_HEAD.as_slice(), &self.0].concat());
        jsonwebtoken::encode(&header, claims, &key).unwrap()
    }

    /// A JWT that takes the public key for a secret.
    pub(super) fn confused(&self, typ: &str, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(typ.to_owned());
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(&self.key().public)).unwrap()
    }
}
