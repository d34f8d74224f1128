//! `make rollback` (`infra/aws/previous.cjs`): when it goes back, and when it refuses because a deployment or its end would
//! undo that.

use crate::deploy;
use crate::node::packages::npm_is_there;

/// What it does to a stack in this state whose one function has these aliases: `live`, `previous`, and the version that
/// came after the latter.
fn rollback(status: &str, [live, previous, after]: [&str; 3]) -> String {
    const SCRIPT: &str = "
        const Previous = require(process.argv[1]);
        const [status, live, previous, after] = process.argv.slice(2);
        const naming = { getStackName: () => 'mem0-enterprise-prod' };
        const service = { provider: { stage: 'prod' }, getAllFunctions: () => ['mcp', 'migrate'], getFunction: (name) => ({ name }) };
        const getProvider = () => ({ naming, getRegion: () => 'eu-west-1' });
        const back = new Previous({ service, getProvider, classes: { Error } }, {}, { log: { notice() {} } });
        back.status = async () => status;
        back.versions = async (alias) => {
          if (alias === 'live') return { mcp: live };
          if (after) back.after.mcp = after;
          return previous ? { mcp: previous } : {};
        };
        back.point = async (name, alias, version) => console.log(`${name}: ${alias} is ${version}`);
        back.back().catch((error) => console.log('refused:', error.message));";
    deploy::node(SCRIPT, "previous.cjs", &[status, live, previous, after])
}

#[test]
fn a_stack_at_rest_goes_back_one_step() {
    if !npm_is_there() {
        return;
    }
    for status in ["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "CREATE_COMPLETE"] {
        assert_eq!(rollback(status, ["8", "7", "8"]), "mcp: live is 7", "{status}");
        // Again, and one that an earlier version of this has noted.
        assert_eq!(rollback(status, ["7", "7", "8"]), "mcp: live is 7");
        assert_eq!(rollback(status, ["8", "7", ""]), "mcp: live is 7");
    }
    let first = rollback("CREATE_COMPLETE", ["1", "", ""]);
    assert_eq!(first, "refused: prod has been deployed only once: there is nothing to go back to");
}

#[test]
fn nothing_moves_while_a_deployment_does() {
    if !npm_is_there() {
        return;
    }
    for (status, command) in [
        ("UPDATE_IN_PROGRESS", "cancel-update-stack"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "wait stack-update-complete"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "wait stack-rollback-complete"),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "wait stack-rollback-complete"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
    ] {
        // A canary: `live` is still the code from before, and `previous` the code from before that.
        let said = rollback(status, ["8", "7", "8"]);
        let command =
            format!("aws cloudformation {command} --stack-name mem0-enterprise-prod --region eu-west-1");
        assert!(said.starts_with("refused: ") && said.ends_with(&command), "{status}: {said}");
    }
    for status in ["CREATE_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS", "UPDATE_FAILED"] {
        let said = rollback(status, ["8", "7", "8"]);
        assert!(said.contains(&format!("in state {status}")), "{said}");
    }
}

/// Whoever closes the laptop during a deployment leaves `previous` where it was, two steps behind.
#[test]
fn a_deployment_that_was_not_noted_is_not_taken_for_one_that_was() {
    if !npm_is_there() {
        return;
    }
    let said = rollback("UPDATE_COMPLETE", ["9", "7", "8"]);
    assert!(said.starts_with("refused: ") && said.contains("interrupted"), "{said}");
}
