//! `infra/aws/edge.cjs`: the secrets by which functions know CloudFront.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::deploy;
use crate::node::packages::npm_is_there;

/// What a setting of `edgeSecrets` makes: the numbers that functions take, the one that CloudFront shows, and those
/// that exist.
struct Edge {
    taken: BTreeSet<String>,
    shown: String,
    generated: BTreeSet<String>,
}

fn edge(secrets: &str) -> Edge {
    const SCRIPT: &str = "
        const settings = { web: 'web', domain: '', certificate: '', edgeSecrets: process.argv[2] };
        const resolveVariable = async (name) => settings[name.split(':')[1]];
        require(process.argv[1])({ resolveVariable }).then((edge) => console.log(JSON.stringify(edge)));";
    let said: Value = serde_json::from_str(&deploy::node(SCRIPT, "edge.cjs", &[secrets])).unwrap();
    let numbers = |text: &Value| -> BTreeSet<String> {
        let references = text["Fn::Sub"].as_str().unwrap().split("${EdgeSecret").skip(1);
        references.map(|rest| rest.split('}').next().unwrap().to_owned()).collect()
    };
    let generated = said["secrets"]["Resources"].as_object().unwrap().keys();
    Edge {
        taken: numbers(&said["secret"]),
        shown: numbers(&said["shown"]).into_iter().next().unwrap(),
        generated: generated.map(|name| name.trim_start_matches("EdgeSecret").to_owned()).collect(),
    }
}

/// CloudFront and the functions do not change at the same moment: what either of two steps shows, both must take.
#[test]
fn a_secret_takes_the_place_of_another_without_a_request_that_is_refused() {
    if !npm_is_there() {
        return;
    }
    let steps = ["1", "1, 2", "2, 1", "2"].map(edge);
    for step in &steps {
        assert_eq!(step.taken, step.generated);
    }
    for pair in steps.windows(2) {
        for shown in [&pair[0].shown, &pair[1].shown] {
            assert!(pair[0].taken.contains(shown) && pair[1].taken.contains(shown), "{shown}");
        }
    }
    assert_eq!((steps[0].shown.as_str(), steps[3].shown.as_str()), ("1", "2"));
    assert!(!steps[3].taken.contains("1"));
}
