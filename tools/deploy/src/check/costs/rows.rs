//! What an installation pays for without a single call, read from its template.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::prices;
use crate::Template;

const HOURS: f64 = 730.0;
/// What Enhanced Monitoring writes of one instance in a month: a line a minute of about 5 KB, which is our estimate.
const MONITORING_GB: f64 = HOURS * 60.0 * 5e3 / 1e9;

/// A line of the table.
pub(super) struct Row {
    /// What is paid for, and its price.
    pub(super) what: String,
    /// The types of resources that it is paid for.
    pub(super) types: &'static [&'static str],
    /// What the resources of a template cost in a month.
    pub(super) cost: fn(&Template) -> Result<f64>,
}

/// Returns the lines in the order of the table.
#[allow(clippy::cast_precision_loss, reason = "templates have few resources")]
pub(super) fn rows() -> Vec<Row> {
    let classes: Vec<String> =
        prices::CLASSES.iter().map(|(name, hour, _)| format!("{hour} an hour for `{name}`")).collect();
    vec![
        Row {
            what: format!("database, in one zone or two: {}", classes.join(", ")),
            types: &["AWS::RDS::DBInstance"],
            cost: |template| {
                instances(template).map(|it| Ok(zones(it) * class(it)?.0 * HOURS)).sum::<Result<f64>>()
            },
        },
        Row {
            what: format!("its storage, in as many zones: {} a GB", prices::STORAGE),
            types: &["AWS::RDS::DBInstance"],
            cost: |template| {
                let gb = |it: &Value| Ok(zones(it) * number(&it["AllocatedStorage"])? * prices::STORAGE);
                instances(template).map(gb).sum()
            },
        },
        Row {
            what: format!(
                "Aurora, two members that do nothing: {} an hour for each of the size's least units",
                prices::AURORA_UNIT
            ),
            types: &["AWS::RDS::DBCluster"],
            cost: |template| Ok(units(template)? * prices::AURORA_UNIT * HOURS),
        },
        Row {
            what: format!(
                "RDS Proxy: {} an hour for each processor of the database, or unit of Aurora, of which at least {}",
                prices::PROXY,
                prices::PROXY_LEAST_UNITS
            ),
            types: &["AWS::RDS::DBProxy"],
            cost: |template| {
                let processors = instances(template).map(|it| Ok(class(it)?.1)).sum::<Result<f64>>()?;
                let units = units(template)?;
                let charged = if units > 0.0 { units.max(prices::PROXY_LEAST_UNITS) } else { processors };
                Ok(count(template, "AWS::RDS::DBProxy") * charged * prices::PROXY * HOURS)
            },
        },
        Row {
            what: format!(
                "interface endpoints (Secrets Manager in one zone, Bedrock in two): {} an hour for each zone",
                prices::ENDPOINT
            ),
            types: &["AWS::EC2::VPCEndpoint"],
            cost: |template| {
                let endpoints = template.of_type("AWS::EC2::VPCEndpoint");
                let zones = endpoints.filter(|(_, it)| it["VpcEndpointType"] == "Interface");
                let zones =
                    zones.filter_map(|(_, it)| it["SubnetIds"].as_array()).map(Vec::len).sum::<usize>();
                Ok(zones as f64 * prices::ENDPOINT * HOURS)
            },
        },
        Row {
            what: format!(
                "keys: {:.2}, and as much again after each of the first two yearly renewals",
                prices::KEY
            ),
            types: &["AWS::KMS::Key"],
            cost: |template| Ok(count(template, "AWS::KMS::Key") * prices::KEY),
        },
        Row {
            what: format!("secrets (the owner's password; CloudFront's): {:.2}", prices::SECRET),
            types: &["AWS::SecretsManager::Secret"],
            cost: |template| {
                let databases = template.resources().values();
                let owners =
                    databases.filter(|it| it["Properties"]["ManageMasterUserPassword"] == true).count();
                Ok((owners as f64 + count(template, "AWS::SecretsManager::Secret")) * prices::SECRET)
            },
        },
        Row {
            what: format!("alarms: {:.2}", prices::ALARM),
            types: &["AWS::CloudWatch::Alarm"],
            cost: |template| Ok(count(template, "AWS::CloudWatch::Alarm") * prices::ALARM),
        },
        Row {
            what: format!(
                "metrics of our own, three of each function that is called and five of the worker: {:.2}",
                prices::METRIC
            ),
            types: &["AWS::Lambda::Function"],
            cost: |template| {
                let called = template.of_type("AWS::ApiGatewayV2::Integration").count();
                Ok((3.0 * called as f64 + 5.0) * prices::METRIC)
            },
        },
        Row {
            what: format!("dashboard: {:.2}", prices::DASHBOARD),
            types: &["AWS::CloudWatch::Dashboard"],
            cost: |template| Ok(count(template, "AWS::CloudWatch::Dashboard") * prices::DASHBOARD),
        },
        Row {
            what: format!(
                "Enhanced Monitoring, about {MONITORING_GB:.1} GB of logs for each instance: {:.2} a GB",
                prices::LOGS
            ),
            types: &["AWS::RDS::DBInstance"],
            cost: |template| {
                let watched = template.of_type("AWS::RDS::DBInstance");
                let watched =
                    watched.filter(|(_, it)| number(&it["MonitoringInterval"]).is_ok_and(|it| it > 0.0));
                Ok(watched.count() as f64 * MONITORING_GB * prices::LOGS)
            },
        },
        Row {
            what: format!(
                "firewall: {:.2}, and {:.2} for each of its rules",
                prices::FIREWALL,
                prices::FIREWALL_RULE
            ),
            types: &["AWS::WAFv2::WebACL"],
            cost: |template| {
                let firewalls = template.of_type("AWS::WAFv2::WebACL");
                let rules = firewalls.map(|(_, it)| it["Rules"].as_array().map_or(0, Vec::len));
                Ok(rules.map(|rules| prices::FIREWALL + rules as f64 * prices::FIREWALL_RULE).sum())
            },
        },
    ]
}

#[allow(clippy::cast_precision_loss, reason = "templates have few resources")]
fn count(template: &Template, kind: &str) -> f64 {
    template.of_type(kind).count() as f64
}

/// Returns the databases that are no members of a cluster.
fn instances(template: &Template) -> impl Iterator<Item = &Value> {
    let all = template.of_type("AWS::RDS::DBInstance").map(|(_, properties)| properties);
    all.filter(|properties| properties.get("DBClusterIdentifier").is_none())
}

fn zones(instance: &Value) -> f64 {
    if instance["MultiAZ"] == true || instance["MultiAZ"] == "true" { 2.0 } else { 1.0 }
}

/// Returns the price of an instance's class for an hour, and its processors.
fn class(instance: &Value) -> Result<(f64, f64)> {
    let name = instance["DBInstanceClass"].as_str().unwrap_or_default();
    let known = prices::CLASSES.iter().find(|(known, ..)| *known == name);
    known.map(|&(_, hour, processors)| (hour, processors)).with_context(|| format!("no price of {name}"))
}

/// Returns the units that all members of the clusters have at least.
fn units(template: &Template) -> Result<f64> {
    let members = template.of_type("AWS::RDS::DBInstance");
    let members = members.filter(|(_, it)| it.get("DBClusterIdentifier").is_some()).count();
    let mut units = 0.0;
    for (_, cluster) in template.of_type("AWS::RDS::DBCluster") {
        units += number(&cluster["ServerlessV2ScalingConfiguration"]["MinCapacity"])?;
    }
    #[allow(clippy::cast_precision_loss, reason = "a cluster has few members")]
    Ok(units * members as f64)
}

/// Reads a number, which a template may also contain as text.
fn number(value: &Value) -> Result<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number.with_context(|| format!("{value} is not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_be_text() {
        assert_eq!(number(&Value::from("20")).unwrap(), 20.0);
        assert_eq!(number(&Value::from(0.5)).unwrap(), 0.5);
        assert!(number(&Value::Null).is_err());
    }
}
