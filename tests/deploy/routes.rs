//! Compares `infra/aws/routes.yml`, which this test writes, with every operation.
//!
//! HTTP APIs of API Gateway do not support routes that end with a slash, but mem0's clients use such paths. They all
//! belong to one function, which therefore gets every path without a route (`$default`) and answers unknown ones with
//! 404 in the same words as the all-in-one server. Every other path has its own route, for all methods, so that its
//! function answers a wrong method (405).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::harness::reviewed_file_changed;

/// Who answers where no route says otherwise: the function whose paths end with slashes.
const ALL_OTHERS: &str = "memories";

/// Each function's paths, without those of the process itself.
fn paths() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut paths = BTreeMap::<_, BTreeSet<_>>::new();
    for (function, operation) in server::operations() {
        if function != "health" {
            paths.entry(function).or_default().insert(operation.path);
        }
    }
    paths
}

/// A path as API Gateway writes it: axum's `{*rest}` is `{rest+}` there.
fn route(path: &str) -> String {
    match path.split_once("{*") {
        Some((start, rest)) => format!("{start}{{{}+}}", rest.trim_end_matches('}')),
        None => path.to_owned(),
    }
}

fn file() -> String {
    let mut text = "# Which paths lead to which function. Written by the test `deploy::routes` from what the functions route: after\n\
                    # adding one, run it and commit this. Why one function has all others, `*`, is said there.\n"
        .to_owned();
    for (function, paths) in paths() {
        writeln!(text, "{function}:").unwrap();
        if function == ALL_OTHERS {
            text.push_str("  - httpApi: '*'\n");
            continue;
        }
        for path in paths {
            writeln!(text, "  - httpApi: ANY {}", route(path)).unwrap();
        }
    }
    text
}

#[test]
fn every_route_of_every_function_is_routed_to_it() {
    let changed = reviewed_file_changed("../infra/aws/routes.yml", &file());
    assert!(!changed, "infra/aws/routes.yml was written anew: look at the difference and commit it");
}

#[test]
fn api_gateway_sends_each_path_to_the_function_that_answers_it() {
    let all = paths();
    let named = || all.iter().filter(|(function, _)| **function != ALL_OTHERS);
    let routes: BTreeSet<String> =
        named().flat_map(|(_, paths)| paths.iter().map(|path| route(path))).collect();
    for (function, paths) in named() {
        for path in paths {
            assert!(!path.ends_with('/'), "{function} {path}: API Gateway refuses it");
        }
    }
    for path in &all[ALL_OTHERS] {
        let asked = path.replace("{*", "").replace('{', "").replace('}', "-1");
        let caught = routes.iter().find(|route| matches(route, &asked));
        assert_eq!(caught, None, "{ALL_OTHERS} {path} goes to another function");
    }
    assert!(routes.len() < 300, "{} routes: API Gateway takes 300 unless it is asked for more", routes.len());
}

fn matches(route: &str, path: &str) -> bool {
    let (mut route, mut path) = (route.split('/'), path.split('/'));
    loop {
        match (route.next(), path.next()) {
            (Some(part), Some(_)) if part.ends_with("+}") => return true,
            (Some(part), Some(asked)) if part == asked || (part.starts_with('{') && !asked.is_empty()) => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}
