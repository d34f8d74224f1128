//! Amazon Bedrock: requests, signatures, credentials.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;
use shared::clock::Clock;
use shared::config::{AwsCredentials, EmbeddingConfig, ModelConfig};
use shared::embedding::{EmbedError, Embedder, Purpose, StaticEmbedder, configured};

use super::clients;
use super::peer::{Peer, Reply, Seen};

const MODEL: &str = "amazon.titan-embed-text-v2:0";

fn bedrock(peer: &Peer, credentials: AwsCredentials) -> std::sync::Arc<dyn Embedder> {
    let model = ModelConfig::Bedrock {
        url: peer.url.parse().unwrap(),
        region: "eu-central-1".to_owned(),
        model: MODEL.to_owned(),
        credentials,
        ca_pem: None,
    };
    let patience = Duration::from_secs(4);
    let config = EmbeddingConfig { model, query_timeout: patience, timeout: patience, batch: 32 };
    configured(&config, &Clock::default()).unwrap()
}

fn fixed(token: Option<&str>) -> AwsCredentials {
    AwsCredentials::Fixed {
        id: "AKIATEST".to_owned(),
        secret: SecretString::from("wJalrXUtnFEMI/K7MDENG+of/the=test"),
        token: token.map(SecretString::from),
    }
}

/// Asks botocore what the signature of such a request has to be.
async fn assert_signed(peer: &Peer, seen: &Seen, id: &str, secret: &str, token: Option<&str>) {
    let headers: serde_json::Map<String, serde_json::Value> =
        seen.headers.iter().map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap()))).collect();
    let request = json!({
        "url": format!("{}{}", peer.url, seen.path), "headers": headers, "body": String::from_utf8(seen.body.to_vec()).unwrap(),
        "region": "eu-central-1", "id": id, "secret": secret, "token": token,
    });
    let expected = clients::run("verify_signature.py", &request).await;
    assert_eq!(seen.header("authorization"), expected["authorization"].as_str());
}

#[tokio::test]
async fn requests_are_what_amazon_documents_and_signed_as_its_own_client_would() {
    let peer = Peer::start().await;
    for token in [None, Some("a/session+token==")] {
        let embedder = bedrock(&peer, fixed(token));
        assert_eq!(embedder.model(), "bedrock/amazon.titan-embed-text-v2:0/256");
        let vectors = embedder.embed(&["Grüße an \"alle\""], Purpose::Memory).await.unwrap();
        assert_eq!(vectors, [StaticEmbedder::new().embed_one("Grüße an \"alle\"")]);
        let [seen] = &peer.seen()[..] else { panic!("one request") };
        assert_eq!(seen.path, "/model/amazon.titan-embed-text-v2%3A0/invoke");
        assert_eq!(
            seen.json(),
            json!({ "inputText": "Grüße an \"alle\"", "dimensions": 256, "normalize": true })
        );
        assert_eq!(seen.header("x-amz-security-token"), token);
        assert_signed(&peer, seen, "AKIATEST", "wJalrXUtnFEMI/K7MDENG+of/the=test", token).await;
    }
}

#[tokio::test]
async fn each_text_is_a_request_and_the_order_is_kept() {
    let peer = Peer::start().await;
    peer.next([
        Reply::After(Duration::from_millis(200)),
        Reply::Status(503, None),
        Reply::Numbers("NaN"),
        Reply::Length(1024),
    ]);
    let texts: Vec<String> = (0..20).map(|number| format!("memory number {number}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = bedrock(&peer, fixed(None)).embed(&texts, Purpose::Memory).await.unwrap();
    assert_eq!(vectors, texts.iter().map(|text| StaticEmbedder::new().embed_one(text)).collect::<Vec<_>>());
    assert_eq!(peer.seen().len(), 23, "three of them twice");
}

#[tokio::test]
async fn a_containers_credentials_are_fetched_once() {
    let peer = Peer::start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "token of the pod\n").unwrap();
    let credentials = AwsCredentials::Container {
        url: format!("{}/credentials", peer.url).parse().unwrap(),
        token_file: Some(file.path().to_str().unwrap().to_owned()),
        token: None,
    };
    let texts: Vec<&str> = vec!["one", "two", "three"];
    bedrock(&peer, credentials).embed(&texts, Purpose::Memory).await.unwrap();
    let (gave_out, invoked): (Vec<_>, Vec<_>) =
        peer.seen().into_iter().partition(|seen| seen.path == "/credentials");
    assert_eq!((gave_out.len(), invoked.len()), (1, 3));
    assert_eq!(gave_out[0].header("authorization"), Some("token of the pod"));
    assert_signed(&peer, &invoked[0], "ASIACONTAINER", "of the container", Some("session")).await;
}

#[tokio::test]
async fn a_bedrock_key_takes_the_place_of_a_signature() {
    let peer = Peer::start().await;
    let key = AwsCredentials::BedrockKey(SecretString::from("bedrock-api-key-1"));
    bedrock(&peer, key).embed(&["one"], Purpose::Memory).await.unwrap();
    let [seen] = &peer.seen()[..] else { panic!("one request") };
    assert_eq!(seen.header("authorization"), Some("Bearer bedrock-api-key-1"));
    assert_eq!(seen.header("x-amz-date"), None);
}

#[tokio::test]
async fn secrets_and_texts_stay_out_of_errors() {
    let peer = Peer::start().await;
    for reply in [Reply::Status(403, None), Reply::Status(400, None), Reply::Echo] {
        peer.always(reply);
        let error = bedrock(&peer, fixed(None)).embed(&["walruses"], Purpose::Query).await.unwrap_err();
        let said = format!("{error:?} {error}");
        assert!(!said.contains("walrus") && !said.contains("wJalr"), "{said}");
        assert!(matches!(error, EmbedError::Unavailable(_)) == said.contains("403"), "{said}");
    }
}
