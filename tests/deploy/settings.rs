//! Each setting of the functions is either in `serverless.yml` or explained in the guide to the deployment.

use std::collections::BTreeSet;
use std::fs;

use crate::deploy::infra;

fn read(path: &str) -> String {
    fs::read_to_string(infra().join("../..").join(path)).unwrap()
}

/// The names between two marks, `MEM0_…`.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    words.filter(|word| word.starts_with("MEM0_") && word.len() > 5).collect()
}

/// The variables in the tables of a guide that describe those of functions.
fn of_functions(guide: &str) -> BTreeSet<&str> {
    let rows = guide.lines().filter(|line| line.starts_with("| `MEM0_"));
    let rows = rows.filter(|row| {
        let reader = row.split('|').nth(3).unwrap_or_default().trim();
        // A column that tables about one program do not have.
        reader != "`server`" && !row.contains("the installation's URL")
    });
    rows.flat_map(|row| names(row.split('|').nth(1).unwrap_or_default())).collect()
}

#[test]
fn every_setting_of_the_functions_can_be_set_or_is_explained() {
    let (settings, embedding) = (read("docs/guides/settings.md"), read("docs/guides/embedding-models.md"));
    let (before, _) = settings.split_once("the command line\n").unwrap();
    let known: BTreeSet<&str> = of_functions(before).union(&of_functions(&embedding)).copied().collect();
    assert!(known.len() > 20 && known.contains("MEM0_READ_DOCUMENTS"), "{known:?}");
    let (configuration, guide) = (read("serverless.yml"), read("docs/guides/deploy.md"));
    let set = names(&configuration);
    let (_, rest) = guide.split_once("**Settings of the functions").unwrap();
    let explained = names(rest.split("\n\n**").next().unwrap());
    let missing: Vec<_> =
        known.iter().filter(|name| !set.contains(**name) && !explained.contains(**name)).collect();
    assert!(
        missing.is_empty(),
        "neither in serverless.yml nor explained in docs/guides/deploy.md: {missing:?}"
    );
    let unknown: Vec<_> = set.union(&explained).filter(|name| !known.contains(**name)).collect();
    assert!(unknown.is_empty(), "no setting of the functions: {unknown:?}");
    let both: Vec<_> = set.intersection(&explained).collect();
    assert!(both.is_empty(), "set, and said not to be: {both:?}");
}
