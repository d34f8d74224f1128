//! `infra/aws/protect.cjs`: which deployments it refuses because of the stage's database.

use std::process::Command;

use crate::deploy::infra;
use crate::node;

/// What the plugin says of a deployment with these properties to a stage whose database has that name, if any, and was made
/// without a snapshot.
fn said(there: Option<&str>, properties: &str) -> String {
    said_of(there, "{}", properties)
}

/// As [`said`], of a stage whose database was deployed with some properties.
fn said_of(there: Option<&str>, deployed: &str, properties: &str) -> String {
    const SCRIPT: &str = "
        const Protect = require(process.argv[1]);
        const [there, deployed, properties] = [process.argv[2], JSON.parse(process.argv[3]), JSON.parse(process.argv[4])];
        const Database = { Type: 'AWS::RDS::DBInstance', Properties: properties };
        const compiledCloudFormationTemplate = { Parameters: { DeletionProtection: { Default: 'true' } }, Resources: { Database } };
        const serverless = { service: { provider: { compiledCloudFormationTemplate } }, classes: { Error } };
        const protect = new Protect(serverless, {}, { log: { notice: (line) => console.log(line) } });
        protect.database = async () => there && { ResourceType: Database.Type, PhysicalResourceId: there };
        protect.deployed = async () => deployed;
        protect.before().then(() => console.log('first', protect.first), (error) => console.log('refused:', error.message));";
    let mut node = Command::new("node");
    node.args(["-e", SCRIPT]).arg(infra().join("protect.cjs")).args([
        there.unwrap_or_default(),
        deployed,
        properties,
    ]);
    String::from_utf8(node.output().unwrap().stdout).unwrap().trim().to_owned()
}

#[test]
fn only_a_snapshot_takes_the_place_of_a_database_that_has_served() {
    if !node::packages::npm_is_there() {
        return;
    }
    let (old, new) = ("mem0-enterprise-prod", "mem0-enterprise-prod-2");
    let empty = |name: &str| format!(r#"{{"DBInstanceIdentifier": "{name}", "DBName": "mem0"}}"#);
    let restored = format!(r#"{{"DBInstanceIdentifier": "{new}", "DBSnapshotIdentifier": "good"}}"#);
    assert_eq!(said(None, &empty(old)), "first true");
    assert_eq!(said(Some(old), &empty(old)), "first false");
    let restoring = format!("Restoring good as {new}, in place of {old}\nfirst false");
    assert_eq!(said(Some(old), &restored), restoring);
    // And again, as long as both settings stay.
    assert_eq!(said(Some(new), &restored), "first false");
    for (there, wanted) in [(old, new), (new, old)] {
        let refused = said(Some(there), &empty(wanted));
        assert!(
            refused.starts_with("refused: ") && refused.contains(&format!("an empty {wanted}")),
            "{refused}"
        );
    }
    let cluster = format!(r#"{{"DBClusterIdentifier": "{new}", "SnapshotIdentifier": "good"}}"#);
    assert_eq!(said(Some(old), &cluster), restoring);
    // Its snapshot is left in the stage's file from the restore before.
    let again = restored.replace(new, "mem0-enterprise-prod-3");
    let refused = said_of(Some(new), &restored, &again);
    assert!(
        refused.starts_with("refused: restoreFrom: mem0-enterprise-prod-2 was restored from good already"),
        "{refused}"
    );
    let newer = said_of(Some(new), &restored, &again.replace("good", "newer"));
    assert_eq!(
        newer,
        "Restoring newer as mem0-enterprise-prod-3, in place of mem0-enterprise-prod-2\nfirst false"
    );
}
