//! OpenAI's format: what is sent, which answers are accepted, and how often a request is retried.

use std::time::{Duration, Instant};

use shared::embedding::{EmbedError, Embedder, Embedding, Purpose, StaticEmbedder};

use super::peer::{Peer, Reply, vector};
use super::{openai_of, openai_with};

const TEXT: &str = "the secret plan of walruses";

async fn embed(embedder: &dyn Embedder, texts: &[&str]) -> Result<Vec<Embedding>, EmbedError> {
    embedder.embed(texts, Purpose::Memory).await
}

/// What whoever reads the log is told.
fn told(error: &EmbedError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

#[tokio::test]
async fn what_is_sent_is_what_openai_documents() {
    let peer = Peer::start().await;
    let embedder = openai_of(&peer, "text-embedding-3-small");
    let vectors = embed(&*embedder, &["one", "two"]).await.unwrap();
    assert_eq!(vectors, ["one", "two"].map(|text| StaticEmbedder::new().embed_one(text)));
    assert_eq!(embedder.model(), "openai/text-embedding-3-small/256");
    let [seen] = &peer.seen()[..] else { panic!("one request") };
    assert_eq!(seen.path, "/v1/embeddings");
    assert_eq!(seen.header("authorization"), Some("Bearer sk-of-the-test"));
    insta::assert_json_snapshot!(seen.json(), @r#"
    {
      "dimensions": 256,
      "encoding_format": "float",
      "input": [
        "one",
        "two"
      ],
      "model": "text-embedding-3-small"
    }
    "#);
}

#[tokio::test]
async fn many_texts_go_in_batches_and_come_back_in_order() {
    let peer = Peer::start().await;
    peer.always(Reply::Backwards);
    let texts: Vec<String> = (0..70).map(|number| format!("memory number {number}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = embed(&*openai_of(&peer, "m"), &texts).await.unwrap();
    assert_eq!(vectors, texts.iter().map(|text| StaticEmbedder::new().embed_one(text)).collect::<Vec<_>>());
    let mut sizes: Vec<usize> = peer.seen().iter().map(|seen| seen.texts().len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [6, 32, 32]);
}

#[tokio::test]
async fn a_long_text_is_cut_to_what_models_take() {
    let peer = Peer::start().await;
    embed(&*openai_of(&peer, "m"), &[&"語".repeat(30_000)]).await.unwrap();
    assert_eq!(peer.seen()[0].texts()[0].len(), 7998);
}

#[tokio::test]
async fn an_answer_that_is_no_vector_is_asked_for_again_and_never_believed() {
    let peer = Peer::start().await;
    let embedder = openai_of(&peer, "m");
    for (bad, problem) in [
        (Reply::Numbers("NaN"), "not a list of embeddings"),
        (Reply::Numbers("null"), "not a list of embeddings"),
        (Reply::Numbers("1e300"), "number 0 of a vector is not finite"),
        (Reply::Numbers("1e999"), "not a list of embeddings"),
        (Reply::Numbers("0"), "a vector has no direction"),
        (Reply::Length(255), "a vector has 255 numbers instead of 256"),
        (Reply::Length(1536), "a vector has 1536 numbers instead of 256"),
        (Reply::Length(0), "a vector has 0 numbers instead of 256"),
        (Reply::OneMissing, "1 vectors came back for 2 texts"),
        (Reply::OneIndex, "two vectors have the index 0"),
        (Reply::Echo, "not a list of embeddings"),
    ] {
        peer.next([bad.clone()]);
        assert!(embed(&*embedder, &[TEXT, "two"]).await.is_ok(), "{bad:?}");
        assert_eq!(peer.seen().len(), 2, "{bad:?} is asked again once");

        peer.next(vec![bad.clone(); 4]);
        let error = embed(&*embedder, &[TEXT, "two"]).await.unwrap_err();
        assert!(matches!(error, EmbedError::Rejected { .. }), "{error:?}");
        assert!(told(&error).contains(problem), "{bad:?}: {}", told(&error));
        assert!(!format!("{error:?} {}", told(&error)).contains("walrus"), "{error:?}");
        assert_eq!(peer.seen().len(), 4, "{bad:?} is not asked again for ever");
    }
}

#[tokio::test]
async fn what_may_pass_is_waited_for() {
    let peer = Peer::start().await;
    let embedder = openai_of(&peer, "m");
    peer.next([Reply::Status(500, None), Reply::Status(503, None), Reply::Status(529, None)]);
    embed(&*embedder, &[TEXT]).await.unwrap();
    assert_eq!(peer.seen().len(), 4);

    peer.next([Reply::Status(429, Some("1"))]);
    embed(&*embedder, &[TEXT]).await.unwrap();
    let [first, second] = &peer.seen()[..] else { panic!("two requests") };
    assert!(second.at - first.at >= Duration::from_secs(1), "{:?}", second.at - first.at);
}

#[tokio::test]
async fn a_model_that_asks_for_more_time_than_there_is_is_left_alone() {
    let peer = Peer::start().await;
    let embedder = openai_of(&peer, "m");
    peer.next([Reply::Status(429, Some("30"))]);
    let started = Instant::now();
    for expected in [1, 0] {
        let error = embed(&*embedder, &[TEXT]).await.unwrap_err();
        assert!(matches!(error, EmbedError::Unavailable(_)), "{error:?}");
        assert_eq!(peer.seen().len(), expected);
    }
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_wrong_key_is_told_at_once_and_without_the_key() {
    let peer = Peer::start().await;
    peer.always(Reply::Status(401, None));
    let error = embed(&*openai_of(&peer, "m"), &[TEXT]).await.unwrap_err();
    assert_eq!(told(&error), "the embedding model is unavailable: answered 401 Unauthorized");
    assert!(!format!("{error:?}").contains("sk-of"));
    assert_eq!(peer.seen().len(), 1);
}

#[tokio::test]
async fn nothing_is_waited_for_longer_than_allowed() {
    for reply in [Reply::After(Duration::from_secs(60)), Reply::Stall] {
        let peer = Peer::start().await;
        peer.always(reply.clone());
        let started = Instant::now();
        let error = embed(&*openai_with(&peer, "m", Duration::from_millis(300)), &[TEXT]).await.unwrap_err();
        assert!(told(&error).ends_with("no answer in time"), "{reply:?}: {}", told(&error));
        assert!(started.elapsed() < Duration::from_secs(5), "{reply:?}: {:?}", started.elapsed());
        assert_eq!(peer.seen().len(), 1, "{reply:?}: a slow model has all of the time");
    }
}

#[tokio::test]
async fn what_does_not_answer_is_soon_not_asked_any_more() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = Peer::nowhere(format!("http://{}", nobody.local_addr().unwrap()));
    drop(nobody);
    let embedder = openai_of(&peer, "m");
    let mut said = Vec::new();
    for _ in 0..4 {
        said.push(told(&embed(&*embedder, &[TEXT]).await.unwrap_err()));
    }
    assert!(said[0].contains("Connection refused"), "{}", said[0]);
    assert!(said[3].ends_with("left alone after repeated failures"), "{}", said[3]);
}

#[tokio::test]
async fn a_key_does_not_follow_a_redirect() {
    let (peer, elsewhere) = (Peer::start().await, Peer::start().await);
    peer.always(Reply::Redirect(format!("{}/v1/embeddings", elsewhere.url)));
    let error = embed(&*openai_of(&peer, "m"), &[TEXT]).await.unwrap_err();
    assert!(told(&error).ends_with("answered 307 Temporary Redirect"), "{}", told(&error));
    assert!(elsewhere.seen().is_empty());
}

#[test]
fn the_peers_models_have_spaces_of_their_own() {
    assert_eq!(vector("swapped", "tea"), vector("plain", "rocket"));
}
