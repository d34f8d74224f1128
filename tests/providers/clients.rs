//! The vendors' own Python clients, which check the peer and our code: OpenAI's package, and Amazon's botocore. They
//! are installed like mem0's client, into a virtual environment that is created once.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use shared::embedding::Purpose;

use super::openai_of;
use super::peer::{Peer, Seen};
use crate::python::environment;

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/providers");

/// Runs a script of this directory with JSON as its input; the JSON that it prints.
pub(crate) async fn run(script: &str, input: &Value) -> Value {
    let (script, input) = (format!("{DIRECTORY}/{script}"), input.to_string());
    let work = move || {
        let requirements = format!("{DIRECTORY}/requirements.txt");
        let python = environment::python(
            "embedding-clients",
            &requirements,
            "OpenAI's and Amazon's Python clients (about 30 MB, once)",
        );
        let mut command = Command::new(python);
        command.arg(&script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Whatever the person who runs the tests has configured is not meant here.
        command.env_clear().env("PYTHONDONTWRITEBYTECODE", "1").env("AWS_EC2_METADATA_DISABLED", "true");
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let output = tokio::task::spawn_blocking(work).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn one(seen: Vec<Seen>) -> Seen {
    let [seen] = <[Seen; 1]>::try_from(seen).unwrap();
    seen
}

#[tokio::test]
async fn openais_client_understands_the_peer_and_asks_as_we_do() {
    let peer = Peer::start().await;
    let ours =
        openai_of(&peer, "text-embedding-3-small").embed(&["one", "two"], Purpose::Memory).await.unwrap();
    let our_request = one(peer.seen());
    let input =
        json!({ "url": format!("{}/v1", peer.url), "key": "sk-of-the-test", "texts": ["one", "two"] });
    let theirs = run("openai_client.py", &input).await;
    let their_request = one(peer.seen());
    assert_eq!(their_request.path, our_request.path);
    assert_eq!(their_request.header("authorization"), our_request.header("authorization"));
    assert_eq!(their_request.json(), our_request.json());
    let theirs: Vec<Vec<f32>> = serde_json::from_value(theirs).unwrap();
    assert_eq!(theirs, ours.iter().map(|vector| vector.as_slice().to_vec()).collect::<Vec<_>>());
}

#[tokio::test]
async fn amazons_client_understands_the_peer_and_asks_for_the_same() {
    let peer = Peer::start().await;
    let input = json!({ "url": peer.url, "model": "amazon.titan-embed-text-v2:0", "text": "one" });
    let answer = run("bedrock_client.py", &input).await;
    let request = one(peer.seen());
    assert_eq!(request.path, "/model/amazon.titan-embed-text-v2%3A0/invoke");
    let scope = request.header("authorization").unwrap().split("Credential=").nth(1).unwrap();
    let scope: Vec<&str> = scope.split(',').next().unwrap().split('/').collect();
    assert_eq!((scope[2], scope[3]), ("eu-central-1", "bedrock"));
    assert_eq!(answer["embedding"].as_array().map(Vec::len), Some(256));
}
