//! cfn-guard: our own rules in `infra/aws/rules`, and a proof that each of them can fail.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::run::quietly;
use crate::{Template, root, tools};

pub(super) fn check(templates: &[Template]) -> Result<String> {
    let guard = tools::cfn_guard()?;
    let rules = root().join("infra/aws/rules");
    let mut count = 0;
    for file in files(&rules)? {
        let tests = rules.join("tests").join(file.with_extension("yml").file_name().unwrap_or_default());
        count += every_rule_can_fail(&guard, &file, &tests)?;
        for template in templates {
            let mut validate = Command::new(&guard);
            validate.arg("validate").arg("--rules").arg(&file).arg("--data").arg(template.path());
            validate.args(["--show-summary", "fail"]);
            quietly(&mut validate)?;
        }
    }
    ensure!(count > 0, "there are no rules");
    Ok(format!("{count} rules hold for {} templates, each seen to fail elsewhere", templates.len()))
}

fn files(rules: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(rules)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    Ok(entries.into_iter().filter(|path| path.extension().is_some_and(|name| name == "guard")).collect())
}

/// Checks that every rule of a file can fail; returns how many rules the file has.
fn every_rule_can_fail(guard: &Path, file: &Path, tests: &Path) -> Result<usize> {
    let said =
        quietly(Command::new(guard).arg("test").arg("--rules-file").arg(file).arg("--test-data").arg(tests))
            .with_context(|| tests.display().to_string())?;
    let failed: BTreeSet<_> =
        said.lines().filter_map(|line| line.trim().strip_suffix(": Expected = FAIL")).collect();
    let text = fs::read_to_string(file)?;
    let rules: BTreeSet<_> =
        text.lines().filter_map(|line| line.strip_prefix("rule ")?.split(' ').next()).collect();
    let unproven: Vec<_> = rules.difference(&failed).collect();
    ensure!(unproven.is_empty(), "{}: nothing shows that these can fail: {unproven:?}", tests.display());
    Ok(rules.len())
}
