//! `infra/aws/routes.yml`, which this writes, against every operation there is.
//!
//! API Gateway's HTTP APIs know no route that ends with a slash, and mem0's clients use such paths: those go through
//! `/v1/{proxy+}` and the like, which all belong to one function. Every other path has a route of its own, for all methods,
//! so that a wrong one is answered by the function (405) as the all-in-one server answers it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::harness::reviewed_file_changed;

/// Who answers for `/v1/…` where no route says otherwise: the function whose paths end with slashes.
const CATCHES_ALL: &str = "memories";

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

/// The routes that lead to these paths.
fn routes(paths: &BTreeSet<&str>) -> BTreeSet<String> {
    let route = |path: &&str| match path.strip_suffix('/') {
        Some(_) => format!("/{}/{{proxy+}}", path.split('/').nth(1).unwrap()),
        // axum's `{*rest}` is API Gateway's `{rest+}`.
        None => match path.split_once("{*") {
            Some((start, rest)) => format!("{start}{{{}+}}", rest.trim_end_matches('}')),
            None => (*path).to_owned(),
        },
    };
    paths.iter().map(route).collect()
}

fn file() -> String {
    let mut text = "# Which paths lead to which function. Written by the test `deploy::routes` from what the functions route: after\n\
                    # adding one, run it and commit this. Why some are `{proxy+}` is said there.\n"
        .to_owned();
    for (function, paths) in paths() {
        writeln!(text, "{function}:").unwrap();
        for route in routes(&paths) {
            writeln!(text, "  - httpApi: ANY {route}").unwrap();
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
    let routes: Vec<(&str, String)> = all
        .iter()
        .flat_map(|(function, paths)| routes(paths).into_iter().map(|route| (*function, route)))
        .collect();
    for (function, paths) in &all {
        for path in paths {
            let asked = path.replace("{*", "").replace('{', "").replace('}', "-1");
            let chosen = routes
                .iter()
                .filter(|(_, route)| matches(route, &asked))
                .max_by_key(|(_, route)| rank(route));
            assert_eq!(chosen.map(|(function, _)| function), Some(function), "{path}");
        }
    }
    for (function, route) in &routes {
        assert!(!route.ends_with('/'), "{route}: API Gateway refuses it");
        assert!(
            !route.contains("{proxy+}") || *function == CATCHES_ALL,
            "{function} {route}: {CATCHES_ALL} catches all"
        );
    }
    assert!(routes.len() < 300, "{} routes: API Gateway takes 300 unless it is asked for more", routes.len());
}

/// Full matches come first, then the longest greedy one, as API Gateway documents it.
fn rank(route: &str) -> (bool, usize) {
    (!route.contains("+}"), route.split('/').filter(|part| !part.starts_with('{')).count())
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
