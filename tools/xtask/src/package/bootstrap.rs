//! Checks whether a binary will start on Lambda: its architecture, its shared libraries and its glibc version.

use std::{fmt, fs, path::Path, str::FromStr};

use anyhow::{Context as _, Result, bail, ensure};
use object::{
    Endianness, elf,
    read::elf::{ElfFile64, FileHeader as _},
};
use serde::{Serialize, Serializer};

use super::target::X86_64;

/// The glibc of `provided.al2023`.
const LAMBDA_GLIBC: Version = Version(2, 34);

/// The shared libraries of `provided.al2023` that a Rust binary may name. Anything else would have to be in the zip.
const LAMBDA_LIBRARIES: [&str; 8] = [
    "ld-linux-aarch64.so.1",
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
];

/// What a binary needs from the system it runs on.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// The newest glibc among its symbols; `None` if it is linked statically.
    pub(crate) glibc: Option<Version>,
    libraries: Vec<String>,
}

/// A glibc version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u32, u32);

/// Reads a binary's needs and refuses what Lambda does not have.
///
/// # Errors
/// If it is not an ELF binary for `target`, or needs a library or a glibc that Lambda lacks.
pub(crate) fn inspect(bootstrap: &Path, target: &str) -> Result<Needs> {
    let binary = fs::read(bootstrap).with_context(|| format!("cannot read {}", bootstrap.display()))?;
    let elf = ElfFile64::<Endianness>::parse(binary.as_slice()).context("not a 64-bit ELF binary")?;
    let machine = if target == X86_64 { elf::EM_X86_64 } else { elf::EM_AARCH64 };
    ensure!(elf.elf_header().e_machine(elf.endian()) == machine, "it is not built for {target}");

    let needs = read(&elf).context("its dynamic section does not parse")?;
    for library in &needs.libraries {
        ensure!(
            LAMBDA_LIBRARIES.contains(&library.as_str()),
            "it needs {library}, which provided.al2023 lacks"
        );
    }
    if let Some(version) = needs.glibc.filter(|&version| version > LAMBDA_GLIBC) {
        bail!(
            "it needs glibc {version}, but provided.al2023 has {LAMBDA_GLIBC}: package with --zig, or on an \
             older distribution (Debian 12, Ubuntu 22.04, Amazon Linux 2023)"
        );
    }
    Ok(needs)
}

fn read(elf: &ElfFile64<'_, Endianness>) -> object::read::Result<Needs> {
    let (endian, data, sections) = (elf.endian(), elf.data(), elf.elf_section_table());
    let mut needs = Needs::default();
    let dynamic = sections.dynamic_table(endian, data)?;
    for entry in dynamic.iter().filter(|entry| entry.tag == elf::DT_NEEDED) {
        needs.libraries.push(text(dynamic.string(entry)?));
    }
    let Some((mut files, strings)) = sections.gnu_verneed(endian, data)? else { return Ok(needs) };
    let strings = sections.strings(endian, data, strings)?;
    while let Some((_, mut symbols)) = files.next()? {
        while let Some(symbol) = symbols.next()? {
            let version = text(symbol.name(endian, strings)?).strip_prefix("GLIBC_").map(str::parse);
            if let Some(Ok(version)) = version {
                needs.glibc = needs.glibc.max(Some(version));
            }
        }
    }
    Ok(needs)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl FromStr for Version {
    type Err = std::num::ParseIntError;

    /// Parses `2.34` and `2.2.5`; the last part is irrelevant for versions this new.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('.');
        let mut part = || parts.next().unwrap_or("0").parse();
        Ok(Self(part()?, part()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(version("2.4") < version("2.34"));
        assert!(version("2.2.5") < version("2.34"));
        assert!(version("2.36") > LAMBDA_GLIBC);
        assert!("PRIVATE".parse::<Version>().is_err());
    }

    #[test]
    fn the_needs_of_this_very_binary_are_read() {
        let this = std::env::current_exe().unwrap();
        let elf = fs::read(this).unwrap();
        let elf = ElfFile64::<Endianness>::parse(elf.as_slice()).unwrap();
        let needs = read(&elf).unwrap();
        assert!(needs.libraries.contains(&"libc.so.6".into()), "{needs:?}");
        assert!(needs.glibc >= Some(Version(2, 2)), "{needs:?}");
    }

    #[test]
    fn what_is_no_binary_for_the_target_is_refused() {
        let this = std::env::current_exe().unwrap();
        let other = if cfg!(target_arch = "x86_64") { super::super::target::ARM64 } else { X86_64 };
        let error = inspect(&this, other).unwrap_err();
        assert_eq!(error.to_string(), format!("it is not built for {other}"));

        let directory = tempfile::tempdir().unwrap();
        let script = directory.path().join("bootstrap");
        fs::write(&script, "#!/bin/sh\n").unwrap();
        assert_eq!(inspect(&script, X86_64).unwrap_err().to_string(), "not a 64-bit ELF binary");
    }
}
