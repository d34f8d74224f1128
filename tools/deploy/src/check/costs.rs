//! The guide to costs (`docs/guides/costs.md`): what an installation costs in a month without a single call, computed
//! here from the templates, and a place for every type of resource that they contain.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::{Package, Template, root};

const GUIDE: &str = "docs/guides/costs.md";
/// The lines around the computed table.
const BEGIN: &str = "<!-- Computed by `make check-deploy` from the templates. -->\n";
const END: &str = "<!-- End of what is computed. -->\n";

/// The columns: a heading, the stage, and settings that differ from the stage's.
const COLUMNS: [(&str, &str, &[&str]); 5] = [
    ("`dev`", "dev", &[]),
    ("`staging`", "staging", &[]),
    ("`prod`", "prod", &["alarmEmail=none"]),
    ("`prod`, Aurora", "prod", &["alarmEmail=none", "database=database-aurora"]),
    (
        "`prod`, RDS Proxy, Bedrock, CloudFront",
        "prod",
        &["alarmEmail=none", "proxy=database-proxy", "embedder=bedrock", "web=web"],
    ),
];

/// List prices of us-east-1 in US dollars, without free tiers.
mod prices {
    /// When they were written down.
    pub(super) const AS_OF: &str = "November 2026";
    /// RDS for PostgreSQL, one zone: a class for an hour, and its processors; aws.amazon.com/rds/postgresql/pricing.
    pub(super) const CLASSES: [(&str, f64, f64); 3] =
        [("db.t4g.micro", 0.016, 2.0), ("db.m7g.large", 0.168, 2.0), ("db.r7g.2xlarge", 0.956, 8.0)];
    /// A GB of gp3 storage for a month.
    pub(super) const STORAGE: f64 = 0.115;
    /// Aurora Serverless v2, a unit for an hour; aws.amazon.com/rds/aurora/pricing.
    pub(super) const AURORA_UNIT: f64 = 0.12;
    /// RDS Proxy, a processor or a unit of Aurora for an hour; aws.amazon.com/rds/proxy/pricing.
    pub(super) const PROXY: f64 = 0.015;
    /// The least units of Aurora that RDS Proxy charges for.
    pub(super) const PROXY_LEAST_UNITS: f64 = 8.0;
    /// An interface endpoint in one zone for an hour; aws.amazon.com/privatelink/pricing.
    pub(super) const ENDPOINT: f64 = 0.01;
    /// A key; aws.amazon.com/kms/pricing.
    pub(super) const KEY: f64 = 1.00;
    /// A secret; aws.amazon.com/secrets-manager/pricing.
    pub(super) const SECRET: f64 = 0.40;
    /// An alarm, a metric of our own, a dashboard; aws.amazon.com/cloudwatch/pricing.
    pub(super) const ALARM: f64 = 0.10;
    pub(super) const METRIC: f64 = 0.30;
    pub(super) const DASHBOARD: f64 = 3.00;
    /// A GB of logs taken in.
    pub(super) const LOGS: f64 = 0.50;
    /// A firewall, and each of its rules; aws.amazon.com/waf/pricing.
    pub(super) const FIREWALL: f64 = 5.00;
    pub(super) const FIREWALL_RULE: f64 = 1.00;
}

const HOURS: f64 = 730.0;
/// What Enhanced Monitoring writes of one instance in a month: a line a minute of about 5 KB, which is our estimate.
const MONITORING_GB: f64 = HOURS * 60.0 * 5e3 / 1e9;

/// A line of the table.
struct Row {
    what: String,
    types: &'static [&'static str],
    cost: fn(&Template) -> Result<f64>,
}

pub(super) fn check(templates: &[Template], artifacts: &Path) -> Result<String> {
    let path = root().join(GUIDE);
    let text = fs::read_to_string(&path).with_context(|| GUIDE)?;
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("{GUIDE}: {BEGIN} is missing"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{GUIDE}: {END} is missing"))?;
    let home = root().join("target/deploy/costs");
    let mut columns = Vec::new();
    for (number, (_, stage, params)) in COLUMNS.iter().enumerate() {
        let how = Package { stage, params, artifacts };
        columns.push(Template::package(&how, &home.join(number.to_string()))?);
    }
    let new = format!("{before}{BEGIN}\n{}\n{END}{after}", table(&columns)?);
    let all = templates.iter().chain(&columns).flat_map(Template::types);
    let types: BTreeSet<&str> = all.filter(|name| name.starts_with("AWS::")).collect();
    if new != text {
        fs::write(&path, &new)?;
    }
    ensure!(new == text, "{GUIDE} was written anew: look at the difference and commit it");
    let named = named(&new);
    let missing: Vec<_> = types.difference(&named).collect();
    ensure!(missing.is_empty(), "{GUIDE} says neither what these cost nor that they are free: {missing:?}");
    let gone: Vec<_> = named.difference(&types).collect();
    ensure!(gone.is_empty(), "{GUIDE} names what no template has: {gone:?}");
    Ok(format!("{} types of resources, {} columns", types.len(), columns.len()))
}

/// Returns the types of resources that a text names in inline code.
fn named(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).filter(|code| code.starts_with("AWS::")).collect()
}

fn table(columns: &[Template]) -> Result<String> {
    let heads: Vec<&str> = COLUMNS.iter().map(|(head, ..)| *head).collect();
    let mut text = format!(
        "| US dollars a month, {} | {} | resource |\n|{}\n",
        prices::AS_OF,
        heads.join(" | "),
        "---|".repeat(heads.len() + 2)
    );
    let mut sums = vec![0.0; columns.len()];
    for Row { what, types, cost } in rows() {
        let mut figures = Vec::new();
        for (sum, template) in sums.iter_mut().zip(columns) {
            let figure = cost(template).with_context(|| what.clone())?;
            *sum += figure;
            figures.push(if figure == 0.0 { String::new() } else { format!("{figure:.2}") });
        }
        let types: Vec<String> = types.iter().map(|name| format!("`{name}`")).collect();
        text += &format!("| {what} | {} | {} |\n", figures.join(" | "), types.join(", "));
    }
    let sums: Vec<String> = sums.iter().map(|sum| format!("**{sum:.2}**")).collect();
    text += &format!("| **together** | {} | |\n", sums.join(" | "));
    Ok(text)
}

#[allow(clippy::cast_precision_loss, reason = "templates have few resources")]
fn rows() -> Vec<Row> {
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
                let zones = zones.filter_map(|(_, it)| it["SubnetIds"].as_array()).map(Vec::len).sum::<usize>();
                Ok(zones as f64 * prices::ENDPOINT * HOURS)
            },
        },
        Row {
            what: format!("keys: {:.2}, and as much again after each of the first two yearly renewals", prices::KEY),
            types: &["AWS::KMS::Key"],
            cost: |template| Ok(count(template, "AWS::KMS::Key") * prices::KEY),
        },
        Row {
            what: format!("secrets (the owner's password; CloudFront's): {:.2}", prices::SECRET),
            types: &["AWS::SecretsManager::Secret"],
            cost: |template| {
                let databases = template.resources().values();
                let owners = databases.filter(|it| it["Properties"]["ManageMasterUserPassword"] == true).count();
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
                let watched = watched.filter(|(_, it)| number(&it["MonitoringInterval"]).is_ok_and(|it| it > 0.0));
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
    fn types_count_when_they_are_named_in_full_and_as_code() {
        let text = "| keys | 2.00 | `AWS::KMS::Key` |\nFree: `AWS::KMS::Alias`, AWS::EC2::VPC, `aws kms`.";
        assert_eq!(named(text), BTreeSet::from(["AWS::KMS::Alias", "AWS::KMS::Key"]));
    }

    #[test]
    fn numbers_may_be_text() {
        assert_eq!(number(&Value::from("20")).unwrap(), 20.0);
        assert_eq!(number(&Value::from(0.5)).unwrap(), 0.5);
        assert!(number(&Value::Null).is_err());
    }
}
