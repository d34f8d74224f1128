//! `cargo xtask package`: one zip per Lambda function, each with one executable `bootstrap`.
//!
//! cargo-lambda builds (see [`tool`] for where it comes from), by default with this machine's compiler and linker:
//! compared with Zig, on a function with ring in it, that took a sixth less CPU and an eighth of the download. Zig,
//! which supports an older glibc and other architectures, is optional; [`bootstrap`] checks in every binary whether it
//! is needed. For deployment, functions are built one after the other, because building them together would give each
//! the features of all; for tests, together, because then they share every crate.

pub(crate) mod archive;
mod bootstrap;
mod report;
pub(crate) mod target;
pub(crate) mod tool;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    cargo, progress,
    workspace::{Function, Workspace},
};
use report::Packaged;
use tool::{CargoLambda, Compiler};

/// Options of `cargo xtask package`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Cargo profile: `release` is what is deployed, `quick` builds faster.
    #[arg(long, default_value = "release")]
    profile: String,
    /// Functions to package; all that are deployed when none is named.
    #[arg(long = "function", value_name = "NAME", num_args = 1..)]
    functions: Vec<String>,
    /// Build for ARM64 (Graviton) instead of x86-64.
    #[arg(long)]
    arm64: bool,
    /// Link and compile C with Zig: for an older glibc than this machine's. Implied when the architecture differs.
    #[arg(long)]
    zig: bool,
    /// Print the sizes as JSON on standard output.
    #[arg(long)]
    json: bool,
}

/// Runs the task.
pub(crate) fn run(args: &Args) -> Result<()> {
    let packaged = package(args)?;
    report::table(&packaged);
    if args.json { report::json(&packaged) } else { Ok(()) }
}

/// The directory of a profile's packages. Only release builds go where deployment looks.
pub(crate) fn directory(workspace: &Workspace, profile: &str) -> PathBuf {
    match profile {
        "release" => workspace.root.join("target/lambda"),
        other => workspace.root.join(format!("target/lambda-{other}")),
    }
}

/// Builds and packs these functions with default options, for another task.
pub(crate) fn build_all(profile: &str, functions: Vec<String>) -> Result<()> {
    let args = Args { profile: profile.to_owned(), functions, arm64: false, zig: false, json: false };
    package(&args).map(drop)
}

/// Builds and packs the functions that `args` selects.
fn package(args: &Args) -> Result<Vec<Packaged>> {
    let target = target::choose(args.arm64)?;
    let workspace = Workspace::load()?;
    let functions = workspace.select(&args.functions)?;
    let compiler = if args.zig || target::is_foreign(target) { Compiler::Zig } else { Compiler::Cargo };
    let cargo_lambda = CargoLambda::obtain(compiler)?;
    let directory = directory(&workspace, &args.profile);
    fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;

    let at_once = if args.profile == "release" { 1 } else { functions.len().max(1) };
    let mut packaged = Vec::new();
    for group in functions.chunks(at_once) {
        let names = group.iter().map(|function| function.name.as_str()).collect::<Vec<_>>().join(", ");
        let (number, all) = (packaged.len() + group.len(), functions.len());
        progress(format_args!("building {names} ({number} of {all}, {}, {target})", args.profile));
        let started = Instant::now();
        build(&cargo_lambda, &workspace, group, args, target, &directory)?;
        let build_seconds = started.elapsed().as_secs_f64();
        for function in group {
            packaged.push(pack(function, args, target, &directory, build_seconds)?);
        }
    }
    Ok(packaged)
}

/// Packs a built function.
fn pack(
    function: &Function,
    args: &Args,
    target: &'static str,
    directory: &Path,
    build_seconds: f64,
) -> Result<Packaged> {
    let bootstrap = directory.join(&function.name).join("bootstrap");
    let needs = bootstrap::inspect(&bootstrap, target)
        .with_context(|| format!("{} would not run on Lambda", function.name))?;
    refuse_unscoped(&bootstrap)?;
    let zip = directory.join(format!("{}.zip", function.name));
    let sha256 = archive::write(&bootstrap, &zip)?;
    Ok(Packaged {
        name: function.name.clone(),
        profile: args.profile.clone(),
        target,
        bootstrap_bytes: size(&bootstrap)?,
        zip_bytes: size(&zip)?,
        zip_sha256: sha256,
        glibc: needs.glibc,
        bootstrap,
        zip,
        build_seconds,
    })
}

fn build(
    cargo_lambda: &CargoLambda,
    workspace: &Workspace,
    functions: &[Function],
    args: &Args,
    target: &'static str,
    directory: &Path,
) -> Result<()> {
    let mut command = cargo_lambda.build()?;
    command.current_dir(&workspace.root).arg("--locked");
    // Only with `--release` does cargo-lambda choose the CPU of Lambda's fleet.
    match args.profile.as_str() {
        "release" => command.arg("--release"),
        other => command.args(["--profile", other]),
    };
    // Lambda reports a panic to whoever waits, and nothing else runs in the process: unwinding would be a tenth of the
    // binary. The worker continues with other messages after a panic (`shared::jobs::deliver`).
    if functions.iter().all(|function| function.name != "worker") {
        command.env("CARGO_PROFILE_RELEASE_PANIC", "abort");
    }
    // Functions are built one by one for a release.
    if args.profile == "release" && functions.iter().all(|function| function.small) {
        command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "s");
    }
    command.args(["--target", target]).arg("--lambda-dir").arg(directory);
    for function in functions {
        command.args(["--package", &function.package, "--bin", &function.name]);
    }
    cargo::run(&mut command, "building functions")
}

/// Refuses a function built with the feature `unscoped` of `shared`, which is for tests only.
fn refuse_unscoped(bootstrap: &Path) -> Result<()> {
    const WORDS: &[u8] = b"built without the application's predicates";
    let binary = fs::read(bootstrap).with_context(|| format!("cannot read {}", bootstrap.display()))?;
    let found = binary.windows(WORDS.len()).any(|part| part == WORDS);
    ensure!(!found, "{} was built with the feature `unscoped`, which is for tests only", bootstrap.display());
    Ok(())
}

fn size(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len())
}
