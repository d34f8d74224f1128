//! `cargo xtask bench`: builds what a benchmark measures, then replaces itself with `tools/bench`, which measures it.
//!
//! Thin on purpose: packaging and checking do not build the benchmarks.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;
use crate::{cargo, package, progress};

/// The functions that every cold start is compared with; they are not deployed.
const COMPARED: [&str; 2] = ["hello", "hello_connect"];

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Cargo profile of what is measured: `release` is what is deployed, `quick` builds faster.
    #[arg(long, default_value = "release")]
    profile: String,
    /// Measure what was built before.
    #[arg(long)]
    no_build: bool,
    /// What to measure, and that benchmark's options; `cargo xtask bench help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "BENCHMARK")]
    arguments: Vec<String>,
}

/// Runs the task; returns only when it fails.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    let bench = build(&workspace, "bench", "quick")?;
    let functions = package::directory(&workspace, &args.profile);
    let mut server = binary(&workspace, "server", &args.profile);
    let mut bridge = binary(&workspace, "mem0", &args.profile);
    if !args.no_build {
        let asks =
            |names: &[&str]| args.arguments.first().is_some_and(|first| names.contains(&first.as_str()));
        let help = args.arguments.iter().any(|argument| argument == "--help" || argument == "-h");
        // The benchmark's data for `mcp` is created through functions, too.
        if asks(&["mcp"]) && !help {
            let needed = ["mcp", "hello", "migrate", "auth", "memories"];
            package::build_all(&args.profile, needed.map(str::to_owned).to_vec())?;
        }
        if asks(&["cold-start", "sizes", "all"]) && !help {
            let deployed = workspace.select(&[])?.into_iter().map(|function| function.name);
            package::build_all(&args.profile, deployed.chain(COMPARED.map(str::to_owned)).collect())?;
        }
        if asks(&["cold-start", "all"]) && !help {
            floor(&workspace, &functions)?;
        }
        if asks(&["api", "mcp", "scopes", "search", "tenants", "all"]) && !help {
            progress(format_args!("building server ({})", args.profile));
            server = build(&workspace, "server", &args.profile)?;
        }
        if asks(&["mcp"]) && !help {
            progress(format_args!("building mem0 ({})", args.profile));
            bridge = build_binary(&workspace, "mem0-cli", "mem0", &args.profile)?;
        }
    }
    let mut command = cargo::command(bench);
    command.arg("--functions").arg(functions).arg("--server").arg(server).arg("--bridge").arg(bridge);
    command.arg("--directory").arg(workspace.root.join(".local/bench")).args(&args.arguments);
    // Replaces this process, so that an interruption reaches the benchmark and is waited for.
    let error = command.current_dir(&workspace.root).stdout(Stdio::inherit()).stderr(io::stderr()).exec();
    Err(error).context("cannot start the benchmarks")
}

/// Compiles and packs the static C program that does a function's exchange and nothing else.
fn floor(workspace: &Workspace, functions: &Path) -> Result<()> {
    let directory = functions.join("c");
    fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let (source, bootstrap) =
        (workspace.root.join("tools/lambda-hello/c/floor.c"), directory.join("bootstrap"));
    let mut command = cargo::command("cc");
    command.args(["-O2", "-static", "-s", "-D_GNU_SOURCE", "-Wall", "-o"]).arg(&bootstrap).arg(source);
    cargo::run(&mut command, "compiling the C program")?;
    package::archive::write(&bootstrap, &functions.join("c.zip")).map(drop)
}

/// Builds a package's binary of the same name and returns its path.
pub(crate) fn build(workspace: &Workspace, package: &str, profile: &str) -> Result<PathBuf> {
    build_binary(workspace, package, package, profile)
}

fn build_binary(workspace: &Workspace, package: &str, name: &str, profile: &str) -> Result<PathBuf> {
    let mut command = cargo::command("cargo");
    command.current_dir(&workspace.root).args(["build", "--locked", "--quiet"]);
    command.args(["--profile", profile, "--package", package, "--bin", name]);
    cargo::run(&mut command, &format!("building {name}"))?;
    Ok(binary(workspace, name, profile))
}

fn binary(workspace: &Workspace, name: &str, profile: &str) -> PathBuf {
    workspace.target.join(profile).join(name)
}
