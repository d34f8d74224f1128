//! `cargo xtask package`: one zip per Lambda function, each with one executable `bootstrap`.
//!
//! cargo-lambda builds (see [`tool`] for where it comes from), normally with the compiler and linker this machine
//! has: beside Zig, on a function with ring in it, that took a sixth less CPU and an eighth of the download. What Zig
//! buys, an older glibc and other architectures, is there for the asking; whether it is needed is checked in every
//! binary by [`bootstrap`]. Functions are built one after the other, because building them together would give each the
//! features of all.

mod archive;
mod bootstrap;
mod report;
mod target;
mod tool;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result};

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

/// Where the packages of a profile are. Only release builds go where deployment looks.
pub(crate) fn directory(workspace: &Workspace, profile: &str) -> PathBuf {
    match profile {
        "release" => workspace.root.join("target/lambda"),
        other => workspace.root.join(format!("target/lambda-{other}")),
    }
}

/// Builds and packs these functions as they are by default, for another task.
pub(crate) fn build_all(profile: &str, functions: Vec<String>) -> Result<()> {
    let args = Args { profile: profile.to_owned(), functions, arm64: false, zig: false, json: false };
    package(&args).map(drop)
}

/// Builds and packs what `args` asks for.
fn package(args: &Args) -> Result<Vec<Packaged>> {
    let target = target::choose(args.arm64)?;
    let workspace = Workspace::load()?;
    let functions = workspace.select(&args.functions)?;
    let compiler = if args.zig || target::is_foreign(target) { Compiler::Zig } else { Compiler::Cargo };
    let cargo_lambda = CargoLambda::obtain(compiler)?;
    let directory = directory(&workspace, &args.profile);
    fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;

    let mut packaged = Vec::new();
    for (index, function) in functions.iter().enumerate() {
        progress(format_args!(
            "building {} ({} of {}, {}, {target})",
            function.name,
            index + 1,
            functions.len(),
            args.profile
        ));
        let started = Instant::now();
        let bootstrap = build(&cargo_lambda, &workspace, function, args, target, &directory)?;
        let needs = bootstrap::inspect(&bootstrap, target)
            .with_context(|| format!("{} would not run on Lambda", function.name))?;
        let zip = directory.join(format!("{}.zip", function.name));
        let sha256 = archive::write(&bootstrap, &zip)?;
        packaged.push(Packaged {
            name: function.name.clone(),
            profile: args.profile.clone(),
            target,
            bootstrap_bytes: size(&bootstrap)?,
            zip_bytes: size(&zip)?,
            zip_sha256: sha256,
            glibc: needs.glibc,
            bootstrap,
            zip,
            build_seconds: started.elapsed().as_secs_f64(),
        });
    }
    Ok(packaged)
}

fn build(
    cargo_lambda: &CargoLambda,
    workspace: &Workspace,
    function: &Function,
    args: &Args,
    target: &'static str,
    directory: &Path,
) -> Result<PathBuf> {
    let mut command = cargo_lambda.build()?;
    command.current_dir(&workspace.root).arg("--locked");
    // Only spelt so does cargo-lambda choose the CPU that Lambda's fleet has.
    match args.profile.as_str() {
        "release" => command.arg("--release"),
        other => command.args(["--profile", other]),
    };
    command.args(["--target", target, "--package", &function.package, "--bin", &function.name]);
    command.arg("--lambda-dir").arg(directory);
    cargo::run(&mut command, &format!("building {}", function.name))?;
    Ok(directory.join(&function.name).join("bootstrap"))
}

fn size(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len())
}
