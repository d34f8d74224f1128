//! Isolation: every operation, MCP tool, resource and prompt, called by people who may not see its target.
//!
//! `matrix.txt` lists how each call was answered, `uncovered.txt` what is not called at all. Both are compared
//! with what happens now and reviewed when they change, and nothing may be uncovered. Whatever the answer, this
//! always holds: without a credential, the answer is 401; objects of another tenant do not exist (404), in
//! exactly the words for objects that never existed; nobody learns an id or a word that was not in their request;
//! a refused call changes nothing.

pub(crate) mod tools;
mod visitor;

use std::fmt::Write as _;

use visitor::Visitor;

use shared::ids::MemoryId;

use crate::harness::{Tables, TestApp, World, reviewed_file_changed};
use crate::operations::{self, Call, PUBLIC};

#[tokio::test]
async fn every_operation_refuses_whoever_may_not_see_what_it_is_about() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let elsewhere = app.owner("elsewhere").await;
    let (mut matrix, mut uncovered) = (Matrix::new(), String::new());
    for (_, operation) in server::operations() {
        let calls = operations::calls(&operation, &world);
        if calls.is_empty() {
            let _ = writeln!(uncovered, "{}", operations::name(&operation));
        }
        for call in calls {
            let visitors = Visitor::all(&world, &elsewhere).await;
            let mut before = world.tables().await;
            let mut answers = Vec::new();
            for visitor in visitors {
                answers.push(visit(&world, &mut before, &visitor, &call).await);
            }
            matrix.row(&call.name, &answers);
        }
    }
    for (name, answers) in tools::visit_all(&world, &elsewhere, &mut uncovered).await {
        matrix.row(&name, &answers);
    }
    let changed = [
        reviewed_file_changed("isolation/uncovered.txt", &uncovered),
        reviewed_file_changed("isolation/matrix.txt", &matrix.text),
    ];
    assert_eq!(
        changed,
        [false, false],
        "isolation/*.txt were rewritten, review and commit them\n{}",
        matrix.text
    );
    assert_eq!(uncovered, "", "give each a call in operations.rs or isolation/tools.rs");
}

/// Makes a call as somebody and checks what always holds; the status.
async fn visit(world: &World, before: &mut Tables, visitor: &Visitor, call: &Call) -> String {
    let answer = visitor.call(call).await;
    let after = world.tables().await;
    let who = format!("{} of {visitor}, answered {}", call.name, answer.status);

    assert!(!answer.status.is_server_error(), "{who}: {answer}");
    let mut asked =
        format!("{} {}", call.path, call.body.as_ref().map(ToString::to_string).unwrap_or_default());
    if matches!(visitor, Visitor::Outsider(_)) && call.path.starts_with("/v1/audit") {
        // Their own log says what they asked for, call after call.
        asked.push_str(&world.ids().join(" "));
    }
    visitor.assert_learned_nothing(world, &answer, &asked);
    visitor.assert_changed_nothing(before, &after, answer.status.is_success(), &who);
    *before = after;

    let open = PUBLIC.iter().any(|(name, _)| call.name == *name);
    match visitor {
        Visitor::Anonymous(_) | Visitor::Deactivated(_) if !open => {
            answer.assert_problem(401, "unauthenticated", None);
        }
        // An address that names somebody else's thing names nothing.
        Visitor::Outsider(_) if names_a_thing(world, &call.path) => {
            assert_eq!(answer.status, 404, "{who}: {answer}");
        }
        _ => {}
    }
    if visitor.sees_nothing_of_it() && names_a_thing(world, &call.path) {
        let unknown = visitor.call(&of_nothing(world, call)).await;
        assert_eq!(unknown.status, answer.status, "{who}, unlike what does not exist: {unknown}");
        assert_eq!(unknown.json()["detail"], answer.json()["detail"], "{who}, unlike what does not exist");
    }
    answer.status.as_u16().to_string()
}

/// The same call about ids that nothing has.
fn of_nothing(world: &World, call: &Call) -> Call {
    let path = world.ids().iter().fold(call.path.clone(), |path, id| {
        let (prefix, _) = id.split_once('_').unwrap();
        path.replace(id, &MemoryId::generate().to_string().replace("mem_", &format!("{prefix}_")))
    });
    Call { path, ..call.clone() }
}

fn names_a_thing(world: &World, path: &str) -> bool {
    world.ids().iter().any(|id| path.contains(id.as_str()))
}

/// A table of calls and how each visitor was answered.
struct Matrix {
    text: String,
}

impl Matrix {
    fn new() -> Self {
        let mut matrix = Self {
            text: "How calls about a tenant's things were answered to people who may not do everything there: somebody\n\
                   without a credential, the owner of another tenant, a member of a team beside the one concerned, an\n\
                   administrator of the division beside it, a viewer of the whole enterprise, an owner whose account is\n\
                   deactivated, an owner's key for nodes and members only, one that may do everything, to the team beside alone,\n\
                   and the key of a member of the team itself for memories that are public.\n\
                   Written by the test in isolation/mod.rs; review every change.\n\n"
                .to_owned(),
        };
        matrix.row(
            "",
            &[
                "anonymous",
                "outsider",
                "sibling",
                "neighbour",
                "viewer",
                "inactive",
                "key",
                "node key",
                "low key",
            ]
            .map(str::to_owned),
        );
        matrix
    }

    fn row(&mut self, name: &str, answers: &[String]) {
        let answers: String = answers.iter().map(|answer| format!("{answer:<11}")).collect();
        let _ = writeln!(self.text, "{name:<62}{}", answers.trim_end());
    }
}
