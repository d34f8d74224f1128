//! The packaged functions that are measured, and other builds for comparison.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};

/// Directories as `cargo xtask package` fills them: `<function>/bootstrap` and `<function>.zip`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Builds {
    /// The functions to measure.
    #[arg(long, global = true, default_value = "target/lambda", hide = true)]
    functions: PathBuf,
    /// Measure other builds of the functions in the same run, such as those of another commit or another profile:
    /// a directory that was `target/lambda` then.
    #[arg(long, global = true, value_name = "LABEL=DIRECTORY")]
    against: Vec<Build>,
}

/// One directory of packaged functions.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    /// Empty for the build that others are compared with.
    pub(crate) label: String,
    directory: PathBuf,
}

/// One packaged function.
#[derive(Clone, Debug)]
pub(crate) struct Packaged {
    pub(crate) name: String,
    /// The label of its build.
    pub(crate) build: String,
    pub(crate) bootstrap: PathBuf,
    pub(crate) bootstrap_bytes: u64,
    pub(crate) zip_bytes: u64,
}

impl FromStr for Build {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((label, directory)) if !label.is_empty() && !directory.is_empty() => {
                Ok(Self { label: label.to_owned(), directory: directory.into() })
            }
            _ => Err("expected LABEL=DIRECTORY".to_owned()),
        }
    }
}

impl Builds {
    /// Every function of every build, by name and then in the order of the builds.
    pub(crate) fn all(&self) -> Result<Vec<Packaged>> {
        let own = Build { label: String::new(), directory: self.functions.clone() };
        let mut all = Vec::new();
        for build in std::iter::once(&own).chain(&self.against) {
            all.extend(build.functions()?);
        }
        // A stable sort, so that the builds of one function stay in order.
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// The function of this name in the build that others are compared with.
    pub(crate) fn own(&self, name: &str) -> Result<PathBuf> {
        let bootstrap = self.functions.join(name).join("bootstrap");
        if !bootstrap.is_file() {
            bail!("there is no {}: `cargo xtask package` makes it", bootstrap.display());
        }
        Ok(bootstrap)
    }
}

impl Build {
    fn functions(&self) -> Result<Vec<Packaged>> {
        let directory = &self.directory;
        let entries = fs::read_dir(directory).with_context(|| {
            format!("cannot read {}: `cargo xtask package` makes it", directory.display())
        })?;
        let mut functions = Vec::new();
        for entry in entries {
            let entry = entry?;
            let bootstrap = entry.path().join("bootstrap");
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if bootstrap.is_file() {
                let zip = directory.join(format!("{name}.zip"));
                functions.push(Packaged {
                    bootstrap_bytes: size(&bootstrap)?,
                    zip_bytes: size(&zip)?,
                    build: self.label.clone(),
                    bootstrap,
                    name,
                });
            }
        }
        if functions.is_empty() {
            bail!("there are no packaged functions in {}", directory.display());
        }
        Ok(functions)
    }
}

impl Packaged {
    /// Its name, with the build's label unless it is the build that others are compared with.
    pub(crate) fn title(&self) -> String {
        if self.build.is_empty() { self.name.clone() } else { format!("{} ({})", self.name, self.build) }
    }
}

fn size(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_has_a_label_and_a_directory() {
        let build: Build = "z=target/lambda-z".parse().unwrap();
        assert_eq!((build.label.as_str(), build.directory.to_str()), ("z", Some("target/lambda-z")));
        for text in ["", "target/lambda", "=x", "x="] {
            assert!(text.parse::<Build>().is_err(), "{text}");
        }
    }
}
