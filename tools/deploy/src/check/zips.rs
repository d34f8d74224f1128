//! Checks the zips. Lambda runs `bootstrap` at their root, which must be executable and built for the right processor;
//! osls does not check that.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use zip::ZipArchive;

use crate::root;

/// The largest zip that Lambda accepts without S3.
const LARGEST: u64 = 50 * 1024 * 1024;

/// The `e_machine` of each architecture that Lambda has, with Lambda's name for it.
const MACHINES: [(u16, &str); 2] = [(62, "x86_64"), (183, "arm64")];

pub(super) fn check(artifacts: &Path) -> Result<String> {
    let architecture = architecture(artifacts)?;
    Ok(format!("{} with one executable bootstrap each, for {architecture}", functions()?.len()))
}

/// Returns the architecture that the functions are built for; it must be the same for all.
pub(crate) fn architecture(artifacts: &Path) -> Result<&'static str> {
    let mut found = BTreeSet::new();
    for function in functions()? {
        let path = artifacts.join(format!("{function}.zip"));
        found.insert(one(&path).with_context(|| path.display().to_string())?);
    }
    ensure!(found.len() == 1, "the zips are for {found:?}, not for one architecture");
    found.pop_first().context("there are no functions")
}

/// Returns the functions in `functions/`: all but the server, which is not a Lambda function.
fn functions() -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(root().join("functions"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != "server" {
            names.insert(name);
        }
    }
    Ok(names)
}

/// Returns the architecture that one zip is built for.
fn one(path: &Path) -> Result<&'static str> {
    let file = File::open(path).context("is not packaged: cargo xtask package")?;
    let size = file.metadata()?.len();
    ensure!(size <= LARGEST, "has {size} bytes, Lambda takes {LARGEST}");
    let mut zip = ZipArchive::new(file)?;
    let names = zip.file_names().map(|name| Ok(name?.into_owned())).collect::<Result<Vec<_>>>()?;
    ensure!(names == ["bootstrap"], "holds {names:?}, not bootstrap alone");
    let mut entry = zip.by_index(0)?;
    let mode = entry.unix_mode().unwrap_or_default() & 0o777;
    ensure!(mode == 0o755, "bootstrap has mode {mode:o}, not 755");
    let mut head = [0; 20];
    entry.read_exact(&mut head)?;
    let machine = u16::from_le_bytes([head[18], head[19]]);
    let known = MACHINES.iter().find(|(number, _)| *number == machine && head.starts_with(b"\x7fELF"));
    match known {
        Some((_, name)) => Ok(name),
        None => bail!("bootstrap is no program for Lambda's processors"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn problem(name: &str, mode: u32, content: &[u8]) -> Option<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        zip.start_file(name, SimpleFileOptions::default().unix_permissions(mode)).unwrap();
        zip.write_all(content).unwrap();
        zip.finish().unwrap();
        one(&path).err().map(|error| error.to_string())
    }

    #[test]
    fn what_lambda_would_not_run_is_refused() {
        let mut program = *b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0";
        assert_eq!(problem("bootstrap", 0o755, &program), None);
        assert!(problem("bin/bootstrap", 0o755, &program).unwrap().contains("bootstrap alone"));
        assert!(problem("bootstrap", 0o644, &program).unwrap().contains("644"));
        assert!(
            problem("bootstrap", 0o755, b"#!/bin/sh\nexec something else").unwrap().contains("no program")
        );
        program[18] = 243;
        assert!(problem("bootstrap", 0o755, &program).unwrap().contains("processors"));
    }
}
