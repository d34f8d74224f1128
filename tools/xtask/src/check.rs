//! `cargo xtask check`: everything that can be checked without a database, in one command.

use std::process::Stdio;

use anyhow::{Result, bail};

use crate::{cargo, progress};

/// Crates that must not be in the dependency tree at all, each with the reason. `deny.toml` tells cargo-deny the same;
/// this needs nothing but cargo.
const FORBIDDEN: [(&str, &str); 5] = [
    ("aws-lc-rs", "its jitter entropy costs every cold start 33 ms of CPU; TLS and signing use ring"),
    ("aws-lc-sys", "the C half of aws-lc-rs"),
    ("openssl", "a shared library Lambda does not have; TLS is rustls with ring"),
    ("openssl-sys", "the C half of openssl"),
    ("native-tls", "it is openssl on Linux"),
];

const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions/mcp/fuzz/Cargo.toml");

/// Options of `cargo xtask check`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only look for forbidden dependencies, which takes a second.
    #[arg(long)]
    dependencies: bool,
}

/// Runs every check and reports at the end which ones failed.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut failed = Vec::new();
    let mut check = |name: &'static str, result: Result<()>| match result {
        Ok(()) => progress(format_args!("ok: {name}")),
        Err(error) => {
            progress(format_args!("failed: {name}: {error:#}"));
            failed.push(name);
        }
    };
    check("dependencies", dependencies());
    if !args.dependencies {
        check("formatting", cargo_step(&["fmt", "--all", "--check"]));
        // Outside of the workspace, so nothing else would notice: `scripts/fuzz` would refuse to build.
        check(
            "lock of the fuzz target",
            cargo_step(&["fetch", "--quiet", "--locked", "--manifest-path", FUZZ]),
        );
        check(
            "lints",
            cargo_step(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"]),
        );
        if installed("deny") {
            // Advisories need the advisory database from the network, so they belong to the release checklist.
            check(
                "licences",
                cargo_step(&["deny", "--log-level=error", "check", "bans", "licenses", "sources"]),
            );
        } else {
            progress(format_args!("skipped: licences (cargo-deny is not installed)"));
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("{} failed", failed.join(", ")) }
}

fn cargo_step(arguments: &[&str]) -> Result<()> {
    cargo::run(cargo::command("cargo").args(arguments), &format!("cargo {}", arguments[0]))
}

fn installed(subcommand: &str) -> bool {
    let mut command = cargo::command("cargo");
    command.args([subcommand, "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Reports every forbidden crate in the tree, with the path through which it is included.
fn dependencies() -> Result<()> {
    let tree = cargo::read(
        cargo::command("cargo").args([
            "tree",
            "--workspace",
            "--locked",
            "--all-features",
            "--edges=all",
            "--prefix=none",
            "--format={p}",
        ]),
        "cargo tree",
    )?;
    let present = forbidden_in(&tree);
    for (name, reason) in &present {
        progress(format_args!("{name} is in the tree: {reason}"));
        let _ = cargo_step(&["tree", "--workspace", "--all-features", "--edges=all", "--invert", name]);
    }
    match present.as_slice() {
        [] => Ok(()),
        names => bail!("{} must go", names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")),
    }
}

/// Returns the forbidden crates among the lines `name vVERSION …` of `cargo tree`.
fn forbidden_in(tree: &str) -> Vec<(&'static str, &'static str)> {
    let named = |name: &str| tree.lines().any(|line| line.split(' ').next() == Some(name));
    FORBIDDEN.into_iter().filter(|(name, _)| named(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_are_forbidden() {
        let tree = "openssl-probe v0.1.6\nring v0.17.14\nnative-tls v0.2.14\n";
        let names: Vec<_> = forbidden_in(tree).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["native-tls"]);
    }

    #[test]
    fn nothing_in_this_workspace_is_forbidden() {
        dependencies().unwrap();
    }
}
