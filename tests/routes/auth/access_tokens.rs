//! Invalid and forged access tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use shared::identity::signing_keys::SigningKey;

use super::{Person, minutes};
use crate::harness::{Client as _, SEED, TestApp, signing_key};

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&decode(part)).unwrap()
}

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn a_token_says_what_rfc_9068_asks_for() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let (header, claims) = (part(&ada.token, 0), part(&ada.token, 1));
    assert_eq!((&header["alg"], &header["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
    assert_eq!(header["kid"], signing_key().id);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("https://mem0.test"), &json!("https://mem0.test")));
    assert_eq!(claims["sub"], ada.user["id"]);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    for claim in ["sid", "jti", "client_id"] {
        assert!(claims[claim].is_string(), "{claim}");
    }
}

#[tokio::test]
async fn it_expires_after_a_quarter_of_an_hour() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    app.advance(minutes(15) - chrono::TimeDelta::seconds(1));
    ada.assert_let_in().await;
    app.advance(chrono::TimeDelta::seconds(1));
    let answer = ada.get("/v1/auth/me").await;
    assert_eq!(answer.assert_problem(401, "unauthenticated", None), "the credential has expired");
    let challenge = answer.header("www-authenticate").unwrap();
    let expired = "Bearer realm=\"mem0\", error=\"invalid_token\", error_description=\"expired\", ";
    assert!(challenge.starts_with(expired), "{challenge}");
}

#[tokio::test]
async fn any_change_of_a_token_breaks_it() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let bob = ada.invites("bob", "member").await;
    ada.assert_let_in().await;
    let parts: Vec<&str> = ada.token.split('.').collect();
    let mut claims = part(&ada.token, 1);
    claims["sub"] = bob.user["id"].clone();
    let signature = parts[2];
    let flipped = format!("{}{}", if signature.starts_with('A') { "B" } else { "A" }, &signature[1..]);
    for token in [
        format!("{}.{}.{signature}", parts[0], encode(&claims)),
        format!("{}.{}.{flipped}", parts[0], parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        format!(
            "{}.{}.{signature}",
            encode(&json!({ "alg": "none", "typ": "at+jwt", "kid": signing_key().id })),
            parts[1]
        ),
        format!(
            "{}.{}.",
            encode(&json!({ "alg": "none", "typ": "at+jwt", "kid": signing_key().id })),
            parts[1]
        ),
        format!("{}.{}.{}", parts[0], bob.token.split('.').nth(1).unwrap(), signature),
        format!(" {}.{}", parts[0], parts[1]),
        "a.b.c".to_owned(),
        "..".to_owned(),
    ] {
        let answer = ada.with_token(&token).get("/v1/auth/me").await;
        answer.assert_problem(401, "unauthenticated", None);
        assert!(answer.header("www-authenticate").unwrap().contains("invalid_token"), "{token}");
    }
}

#[tokio::test]
async fn the_public_key_is_no_secret_to_sign_with() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let claims = part(&ada.token, 1);
    let public = signing_key().public;
    let pem = decode(&signing_key().jwk().x);
    for secret in [public.to_vec(), pem] {
        for algorithm in [Algorithm::HS256, Algorithm::HS512] {
            let mut header = Header::new(algorithm);
            header.typ = Some("at+jwt".to_owned());
            header.kid = Some(signing_key().id);
            let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap();
            ada.with_token(&token).assert_shut_out().await;
        }
    }
}

#[tokio::test]
async fn a_genuine_signature_does_not_make_up_for_wrong_claims() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let mallory = Person::owner(&app, "mallory").await;
    let key = signing_key();
    let claims = || serde_json::from_value(part(&ada.token, 1)).unwrap();
    let sign = |change: &dyn Fn(&mut shared::access::AccessClaims)| {
        let mut claims = claims();
        change(&mut claims);
        key.sign(&claims).unwrap()
    };
    ada.with_token(&sign(&|_| {})).assert_let_in().await;
    let (other, tenant) = (mallory.id(), mallory.user["enterprise_id"].as_str().unwrap().parse().unwrap());
    for token in [
        sign(&|claims| claims.aud = "https://elsewhere.test".to_owned()),
        sign(&|claims| claims.iss = "https://elsewhere.test".to_owned()),
        sign(&|claims| claims.exp = app.now().timestamp() - 1),
        sign(&|claims| claims.sub = other),
        sign(&|claims| claims.enterprise = tenant),
        sign(&|claims| claims.sid = shared::ids::SessionId::generate()),
    ] {
        ada.with_token(&token).assert_shut_out().await;
    }
}

#[tokio::test]
async fn another_kind_of_jwt_is_no_access_token() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let claims = part(&ada.token, 1);
    // PKCS #8 around the tests' seed: genuine but for the type.
    let key = EncodingKey::from_ed_der(&[PKCS8_HEAD.as_slice(), SEED].concat());
    let token = |typ: Option<&str>| {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = typ.map(str::to_owned);
        header.kid = Some(signing_key().id);
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    };
    ada.with_token(&token(Some("at+jwt"))).assert_let_in().await;
    for typ in [Some("JWT"), Some("id+jwt"), None] {
        ada.with_token(&token(typ)).assert_shut_out().await;
    }
}

const PKCS8_HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

#[tokio::test]
async fn a_key_that_was_never_published_signs_nothing() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let claims = serde_json::from_value(part(&ada.token, 1)).unwrap();
    let own = SigningKey::from_seed([7; 32], app.now());
    ada.with_token(&own.sign(&claims).unwrap()).assert_shut_out().await;
    // Nor under the name of one that was.
    let mut disguised = own;
    disguised.id = signing_key().id;
    ada.with_token(&disguised.sign(&claims).unwrap()).assert_shut_out().await;
}
