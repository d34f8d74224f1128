//! The guide to costs (`docs/guides/costs.md`): what an installation costs in a month without a single call, computed
//! here from the templates, and a place for every type of resource that they contain.

mod prices;
mod rows;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::{Package, Template, root};
use rows::{Row, rows};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_count_when_they_are_named_in_full_and_as_code() {
        let text = "| keys | 2.00 | `AWS::KMS::Key` |\nFree: `AWS::KMS::Alias`, AWS::EC2::VPC, `aws kms`.";
        assert_eq!(named(text), BTreeSet::from(["AWS::KMS::Alias", "AWS::KMS::Key"]));
    }
}
