//! cargo-lambda, from PyPI, in its own virtual environment.
//!
//! A virtual environment, because distributions refuse `pip install` into their Python (PEP 668) and because nothing
//! of the user's should change. It is kept in the cache directory under its version and appears there by one rename,
//! so an interrupted installation leaves nothing that looks finished.

use std::{
    env, fs,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::{cargo, progress};

/// Its path in the virtual environment.
const BINARY: &str = "bin/cargo-lambda";
const CARGO_LAMBDA: &str = include_str!("../../requirements/cargo-lambda.txt");
const ZIGLANG: &str = include_str!("../../requirements/ziglang.txt");

/// What drives the linker and compiles C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compiler {
    /// cargo, with this machine's compiler. Builds for this machine's architecture and glibc.
    Cargo,
    /// Zig, another 100 MB. Also builds for other architectures and for older versions of glibc.
    Zig,
}

impl Compiler {
    /// The directory's name in the cache: it changes with every version.
    fn directory(self) -> &'static str {
        match self {
            Self::Cargo => "venv-cargo-lambda-1.9.2",
            Self::Zig => "venv-cargo-lambda-1.9.2-zig-0.17.1",
        }
    }

    fn requirements(self) -> String {
        match self {
            Self::Cargo => CARGO_LAMBDA.to_owned(),
            Self::Zig => [CARGO_LAMBDA, ZIGLANG].concat(),
        }
    }
}

/// An installed cargo-lambda.
pub(crate) struct CargoLambda {
    compiler: Compiler,
    venv: PathBuf,
}

impl CargoLambda {
    /// Finds it in the cache, installing it first if necessary.
    ///
    /// # Errors
    /// If Python 3 or its pip is missing, or the download fails.
    pub(crate) fn obtain(compiler: Compiler) -> Result<Self> {
        Ok(Self { compiler, venv: installed(compiler)? })
    }

    /// Returns the command `cargo lambda watch`, without arguments.
    pub(crate) fn watch(&self) -> Command {
        let mut command = cargo::command(self.venv.join(BINARY));
        command.args(["lambda", "watch"]);
        command
    }

    /// Returns the command `cargo lambda build`, without arguments.
    ///
    /// # Errors
    /// If the cache directory's name is not allowed in `PATH`.
    pub(crate) fn build(&self) -> Result<Command> {
        let mut command = cargo::command(self.venv.join(BINARY));
        command.args(["lambda", "build"]);
        match self.compiler {
            Compiler::Cargo => command.args(["--compiler", "cargo"]),
            // cargo-lambda finds Zig through the environment's Python.
            Compiler::Zig => command.env("PATH", path_with(&self.venv.join("bin"))?),
        };
        Ok(command)
    }
}

/// Returns the virtual environment with what `compiler` needs, creating it if necessary.
fn installed(compiler: Compiler) -> Result<PathBuf> {
    let cache = cache_directory()?;
    let venv = cache.join(compiler.directory());
    let binary = venv.join(BINARY);
    if binary.is_file() {
        return Ok(venv);
    }
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let lock = cache.join("cargo-lambda.lock");
    let lock = File::create(&lock).with_context(|| format!("cannot create {}", lock.display()))?;
    lock.lock().context("cannot wait for another installation of cargo-lambda")?;
    if binary.is_file() {
        return Ok(venv);
    }
    let megabytes = if compiler == Compiler::Zig { 115 } else { 14 };
    progress(format_args!("installing cargo-lambda from PyPI ({megabytes} MB) into {}", venv.display()));
    let unfinished = cache.join(format!("{}.unfinished", compiler.directory()));
    // Left behind by an installation that was killed.
    let _ = fs::remove_dir_all(&unfinished);
    install(&unfinished, &compiler.requirements())
        .context("cargo-lambda comes from PyPI: Python 3 with pip is needed")?;
    fs::rename(&unfinished, &venv).with_context(|| format!("cannot create {}", venv.display()))?;
    if !binary.is_file() {
        bail!("the cargo-lambda wheel holds no binary for this machine");
    }
    Ok(venv)
}

fn install(venv: &Path, packages: &str) -> Result<()> {
    let python = venv.join("bin/python3");
    // Debian ships Python without ensurepip; then the environment's packages are installed from outside.
    let mut pip = if quietly(python3().args(["-m", "venv"]).arg(venv)) {
        let mut pip = cargo::command(&python);
        pip.args(["-m", "pip"]);
        pip
    } else {
        let mut bare = python3();
        bare.args(["-m", "venv", "--without-pip", "--clear"]).arg(venv);
        cargo::run(&mut bare, "creating a Python virtual environment")?;
        let mut pip = python3();
        pip.args(["-m", "pip", "--python"]).arg(&python);
        pip
    };
    let requirements = venv.join("requirements.txt");
    fs::write(&requirements, packages).with_context(|| format!("cannot write {}", requirements.display()))?;
    // Only the listed packages, no dependencies: cargo-lambda depends on Zig, which most builds never call.
    pip.args(["install", "--require-hashes", "--no-deps", "--only-binary=:all:", "--no-input"]);
    pip.args(["--quiet", "--disable-pip-version-check", "--requirement"]).arg(&requirements);
    cargo::run(&mut pip, "installing cargo-lambda with pip")
}

fn python3() -> Command {
    cargo::command("python3")
}

/// Returns whether a command succeeds; its output is dropped, because there is an alternative.
fn quietly(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Returns this process's `PATH` with a directory prepended.
#[expect(clippy::disallowed_methods, reason = "the child's PATH, not a setting of the product")]
fn path_with(directory: &Path) -> Result<std::ffi::OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(directory.to_path_buf()).chain(env::split_paths(&path));
    env::join_paths(paths).context("the cache directory's name cannot stand in PATH")
}

/// `${XDG_CACHE_HOME:-$HOME/.cache}/mem0-enterprise`; relative paths are ignored, as the XDG specification requires.
#[expect(clippy::disallowed_methods, reason = "where users keep caches is not a setting of the product")]
fn cache_directory() -> Result<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    let base = base.context("set HOME or XDG_CACHE_HOME: there is nowhere to keep cargo-lambda")?;
    Ok(base.join("mem0-enterprise"))
}
