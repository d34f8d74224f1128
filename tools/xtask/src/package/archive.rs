//! The archive that Lambda accepts: one entry, `bootstrap`, executable. The same input gives the same bytes.

use std::{
    fs,
    io::{Cursor, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

/// Packs a binary and returns the SHA-256 of the archive in hexadecimal.
///
/// # Errors
/// If a file cannot be read or written.
pub(crate) fn write(bootstrap: &Path, archive: &Path) -> Result<String> {
    let binary = fs::read(bootstrap).with_context(|| format!("cannot read {}", bootstrap.display()))?;
    let bytes = pack(&binary)?;
    fs::write(archive, &bytes).with_context(|| format!("cannot write {}", archive.display()))?;
    Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

fn pack(binary: &[u8]) -> Result<Vec<u8>> {
    // The default time is the format's own zero, 1980-01-01: a build time would make every deployment look new.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("bootstrap", options)?;
    zip.write_all(binary)?;
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn the_archive_holds_one_executable_and_is_the_same_every_time() {
        let binary: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let bytes = pack(&binary).unwrap();
        assert_eq!(bytes, pack(&binary).unwrap());

        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), 1);
        let mut entry = archive.by_index(0).unwrap();
        assert_eq!(entry.name().unwrap(), "bootstrap");
        assert_eq!(entry.unix_mode(), Some(0o100_755));
        let mut unpacked = Vec::new();
        entry.read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == binary);
    }
}
