//! Checks `infra/aws/deployer.json`, the least privileges for deploying, against what CloudFormation does on the
//! deployer's behalf for each resource type in the templates. CloudFormation's schemas, which come with cfn-lint, list
//! those actions. IAM's definitions, which come with checkov, say what those actions need besides, and which of them
//! only a statement for `*` can allow.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::run::{self, quietly};
use crate::{Template, root, tools};

/// The limit for a managed policy, without white space.
const LARGEST: usize = 6144;

/// Actions that the schemas list for features that the templates do not use, so the deployer need not be allowed them.
const NOT_USED: [&str; 22] = [
    // Services that a property could refer to.
    "elasticfilesystem:*",
    "firehose:*",
    "payments:*",
    "s3files:*",
    "s3tables:*",
    "vpc-lattice:*",
    "vpce:*",
    "lambda:GetLayerVersion",
    "lambda:*CodeSigningConfig",
    "lambda:PassCapacityProvider",
    "ec2:*VpcEncryptionControl*",
    "ec2:*SubnetCidrBlock",
    "cloudfront:*ConnectionGroup",
    "cloudfront:GetVpcOrigin",
    // Policies of users and groups, boundaries, lists of everything.
    "iam:*GroupPolicy",
    "iam:*UserPolicy",
    "iam:*RolePermissionsBoundary",
    "iam:ListRoles",
    "logs:*BearerTokenAuthentication",
    "logs:*DataProtectionPolicy",
    "logs:*IndexPolicy",
    "logs:*LogGroupDeletionProtection",
];

/// Actions that neither the schemas nor the definitions list, but AWS's guides do.
const BESIDES: [(&str, &[&str]); 1] = [
    // "Permissions for access logging" of HTTP APIs.
    (
        "AWS::ApiGatewayV2::Stage",
        &[
            "logs:CreateLogDelivery",
            "logs:GetLogDelivery",
            "logs:UpdateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:ListLogDeliveries",
        ],
    ),
];

/// What IAM's definitions say about actions.
#[derive(Deserialize)]
struct Definitions {
    anywhere: BTreeSet<String>,
    dependent: BTreeMap<String, BTreeSet<String>>,
    known: usize,
}

pub(super) fn check(templates: &[Template]) -> Result<String> {
    let text = fs::read_to_string(root().join("infra/aws/deployer.json"))?;
    let policy: Value = serde_json::from_str(&text).context("infra/aws/deployer.json")?;
    let types: BTreeSet<&str> = templates.iter().flat_map(Template::types).collect();
    let types: Vec<&str> = types.into_iter().filter(|name| name.starts_with("AWS::")).collect();
    let mut needs = needs(&types)?;
    for (name, actions) in &mut needs {
        ensure!(!actions.is_empty(), "nothing is known of {name}");
        let besides = BESIDES.iter().filter(|(of, _)| of == name).flat_map(|(_, actions)| *actions);
        actions.extend(besides.map(|&action| action.to_owned()));
        actions.retain(|action| !NOT_USED.iter().any(|unused| matches(unused, action)));
    }
    let definitions = definitions(needs.values().flatten().collect())?;
    let (mut missing, mut count) = (BTreeMap::<_, BTreeSet<_>>::new(), 0);
    for (name, actions) in &needs {
        let dependent = actions.iter().filter_map(|action| definitions.dependent.get(action)).flatten();
        let all: BTreeSet<&String> = actions.iter().chain(dependent).collect();
        for action in all {
            count += 1;
            let anywhere = definitions.anywhere.contains(action);
            if !allows(&policy, action, anywhere) {
                let for_what = if anywhere { format!("{action} for *") } else { action.clone() };
                missing.entry(name).or_default().insert(for_what);
            }
        }
    }
    ensure!(needs.len() == types.len(), "cfn-lint knows {} of {} types", needs.len(), types.len());
    ensure!(missing.is_empty(), "infra/aws/deployer.json does not allow {missing:#?}");
    let size = text.chars().filter(|character| !character.is_whitespace()).count();
    ensure!(size <= LARGEST, "infra/aws/deployer.json has {size} characters, IAM takes {LARGEST}");
    Ok(format!("allowed {count} actions for {} types of resources", types.len()))
}

/// Returns the actions needed to create, read, update and delete resources of these types.
fn needs(types: &[&str]) -> Result<BTreeMap<String, BTreeSet<String>>> {
    const SCRIPT: &str = include_str!("permissions.py");
    let python = tools::cfn_lint()?.with_file_name("python");
    let said = quietly(Command::new(python).args(["-c", SCRIPT]).args(types))?;
    Ok(serde_json::from_str(&said)?)
}

fn definitions(actions: BTreeSet<&String>) -> Result<Definitions> {
    const SCRIPT: &str = include_str!("anywhere.py");
    let python = tools::checkov()?.with_file_name("python");
    let mut python = Command::new(python);
    python.args(["-c", SCRIPT]);
    let said = run::quietly_given(&mut python, &serde_json::to_vec(&actions)?)?;
    let definitions: Definitions = serde_json::from_str(&said)?;
    ensure!(definitions.known > 1000, "checkov's definitions hold {} actions", definitions.known);
    Ok(definitions)
}

/// Returns whether a statement of the policy allows an action; with `anywhere`, for every resource and without
/// conditions. Otherwise the statement's resources are not checked.
fn allows(policy: &Value, action: &str, anywhere: bool) -> bool {
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let allowed = statements.filter(|statement| {
        let unbounded = statement["Resource"] == "*" && statement.get("Condition").is_none();
        statement["Effect"] == "Allow" && (unbounded || !anywhere)
    });
    let patterns = allowed.filter_map(|statement| statement["Action"].as_array()).flatten();
    patterns.filter_map(Value::as_str).any(|pattern| matches(pattern, action))
}

/// Matches a pattern of IAM: `*` stands for any characters, `?` for one, and case makes no difference in actions.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase().into_bytes(), action.to_lowercase().into_bytes());
    let (mut at, mut here) = (0, 0);
    // Where to go on if the rest does not match: behind the last `*`, with one character more for it.
    let mut again = None;
    while here < action.len() {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                again = Some((at, here + 1));
            }
            Some(b'?') => (at, here) = (at + 1, here + 1),
            Some(character) if *character == action[here] => (at, here) = (at + 1, here + 1),
            _ => match again {
                Some((behind, next)) => {
                    (at, here) = (behind, next);
                    again = Some((behind, next + 1));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|character| *character == b'*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_action_is_allowed_by_name_or_pattern_and_by_allow_only() {
        let policy = json!({ "Statement": [
            { "Effect": "Allow", "Action": ["s3:GetObject", "ec2:Describe*"] },
            { "Effect": "Deny", "Action": ["sqs:*"] },
        ]});
        for (action, expected) in [
            ("s3:getObject", true),
            ("s3:GetObjectVersion", false),
            ("ec2:DescribeVpcs", true),
            ("ec2:CreateVpc", false),
            ("sqs:SendMessage", false),
        ] {
            assert_eq!(allows(&policy, action, false), expected, "{action}");
        }
        let policy = json!({ "Statement": [
            { "Effect": "Allow", "Action": ["rds:*"], "Resource": ["arn:aws:rds:*:*:*:mem0-enterprise-*"] },
            { "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": "*", "Condition": { "Null": {} } },
            { "Effect": "Allow", "Action": ["sns:Unsubscribe"], "Resource": "*" },
        ]});
        for (action, named, everything) in [
            ("rds:DescribeEvents", true, false),
            ("kms:Decrypt", true, false),
            ("sns:Unsubscribe", true, true),
        ] {
            assert_eq!(allows(&policy, action, false), named, "{action}");
            assert_eq!(allows(&policy, action, true), everything, "{action} for *");
        }
    }

    #[test]
    fn patterns_mean_what_they_mean_to_iam() {
        for (pattern, action) in [
            ("*", "s3:GetObject"),
            ("s3:*", "s3:GetObject"),
            ("s3:get*", "s3:GetObject"),
            ("ec2:*VpcEncryptionControl*", "ec2:DescribeVpcEncryptionControls"),
            ("ec2:*VpcEncryptionControl*", "ec2:VpcEncryptionControl"),
            ("*:*Vpc*Control*s", "ec2:DescribeVpcEncryptionControls"),
            ("s3:*Object*Tag*ing", "s3:PutObjectVersionTagging"),
            ("s3:*Object", "s3:PutObjectOfObject"),
            ("s3:?etObject", "s3:GetObject"),
            ("s3:Get??ject*", "s3:GetObject"),
            ("s3:**", "s3:x"),
        ] {
            assert!(matches(pattern, action), "{pattern} {action}");
        }
        for (pattern, action) in [
            ("", "s3:GetObject"),
            ("s3:GetObject", "s3:GetObjectAcl"),
            ("s3:GetObject", "s3:GetObjec"),
            ("s3:?etObject", "s3:etObject"),
            ("s3:GetObject?", "s3:GetObject"),
            ("ec2:*SubnetCidrBlock", "ec2:DescribeSubnets"),
            // The first part may not overlap with the last.
            ("s3:*ect*ect", "s3:GetObject"),
            ("s3:Get*Get", "s3:Get"),
            ("ec2:*Vpc*Control", "ec2:DescribeVpcEncryptionControls"),
            ("s3:*Tag*Acl*", "s3:PutObjectAclTagging"),
        ] {
            assert!(!matches(pattern, action), "{pattern} {action}");
        }
    }
}
