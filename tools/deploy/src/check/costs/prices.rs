//! List prices of us-east-1 in US dollars, without free tiers.

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
