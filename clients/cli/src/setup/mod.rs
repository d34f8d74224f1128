//! `mem0 setup <tool>`: writes a tool's configuration so that it starts `mem0 mcp serve`.
//!
//! Doing it again changes nothing. What was there before stays beside it as `<file>.bak`. No credential is written: the
//! bridge takes it from the environment or the login. [`tool`] says where each tool keeps its configuration, [`edit`] how
//! an entry gets into it without disturbing the rest.

mod edit;
mod jsonc;
mod tool;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::say;
use edit::Entry;
use tool::Tool;

/// Options of `mem0 setup`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which tool.
    tool: Tool,
    /// Write the configuration of the project in this directory, to be shared, instead of your own.
    #[arg(long)]
    project: bool,
    /// Only print what would be written.
    #[arg(long)]
    print: bool,
    /// The installation's URL; MEM0_URL or the login's, if not given.
    #[arg(long)]
    url: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if let Some(url) = &args.url {
        crate::config::endpoint(url)?;
    }
    let file = path(args)?;
    let entry = Entry { command: command(args.project)?, url: args.url.clone() };
    let before = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    let after = edit::with_entry(args.tool, &before, &entry).with_context(|| {
        format!("{} cannot be changed (see --print for what belongs into it)", file.display())
    });
    if args.print {
        let text = after.or_else(|_| edit::with_entry(args.tool, "", &entry))?;
        return Ok(std::io::stdout().lock().write_all(text.as_bytes())?);
    }
    let after = after?;
    if after == before {
        say(&format!("{} is up to date", file.display()));
        return Ok(());
    }
    write(&file, &after, !before.is_empty())?;
    say(&format!("wrote {}; restart {} to use it", file.display(), args.tool.title()));
    Ok(())
}

fn path(args: &Args) -> Result<PathBuf> {
    if args.project {
        let Some(path) = args.tool.project_file() else {
            bail!("{} has no configuration of projects", args.tool.title());
        };
        return Ok(PathBuf::from(path));
    }
    args.tool.own_file().context("the home directory is not known (HOME is not set)")
}

/// What the tool starts: this very program, or whichever a colleague has, where the file is shared.
fn command(project: bool) -> Result<String> {
    if project {
        return Ok("mem0".to_owned());
    }
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    program.into_os_string().into_string().ok().context("this program's path is not UTF-8")
}

/// Replaces the file in one step; readers see the old or the new one. What it was is kept beside it.
fn write(file: &Path, text: &str, backup: bool) -> Result<()> {
    let what = || format!("cannot write {}", file.display());
    // A link stays a link: people keep such files in repositories.
    let file = &fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory).with_context(what)?;
    }
    let beside = |suffix: &str| {
        let mut name = file.clone().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    };
    if backup {
        fs::copy(file, beside(".bak")).with_context(what)?;
    }
    let new = beside(".new");
    fs::write(&new, text).with_context(what)?;
    if let Ok(old) = fs::metadata(file) {
        fs::set_permissions(&new, old.permissions()).with_context(what)?;
    }
    fs::rename(&new, file).with_context(what)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics says where it broke")]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_what_it_was_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("deep/settings.json");
        write(&file, "one", false).unwrap();
        write(&file, "two", true).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        assert_eq!(fs::read_to_string(home.path().join("deep/settings.json.bak")).unwrap(), "one");
        assert!(!home.path().join("deep/settings.json.new").exists());
    }
}
