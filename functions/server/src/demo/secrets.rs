//! Secrets of a local installation: random, written to disk before they are used, readable by their owner only.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};

const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Returns the secret in that file; creates one if there is none.
pub(crate) fn secret_file(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Ok(secret) if secret.trim().len() >= 20 => return Ok(secret.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    }
    let secret = random()?;
    write_private(path, &format!("{secret}\n"))?;
    Ok(secret)
}

/// Returns 125 random bits that can be read aloud: five groups of five letters and digits.
fn random() -> Result<String> {
    let mut bytes = [0u8; 25];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no randomness: {error}"))?;
    let characters: Vec<char> = bytes.iter().map(|byte| ALPHABET[usize::from(byte % 32)] as char).collect();
    Ok(characters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}

/// Replaces a file in one step, with mode 0600: a reader sees the old content or the new, never a part.
pub(crate) fn write_private(path: &Path, content: &str) -> Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).with_context(|| format!("creating {}", directory.display()))?;
    let temporary = path.with_extension(format!("new-{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().with_context(|| format!("writing {}", path.display()))
}
