//! `mem0 setup <tool>`: writes a tool's configuration so that it starts `mem0 mcp serve`.
//!
//! Running it again changes nothing. The previous file is kept as `<file>.bak`. No credential is written: the bridge
//! takes it from the environment or the login. [`tool`] knows where each tool keeps its configuration, [`edit`] what
//! to put into it; [`jsonc`] and [`toml`] edit it without disturbing the rest.

mod edit;
mod jsonc;
mod lines;
mod members;
mod toml;
mod tool;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::config::{self, variable};
use crate::login::file::Login;
use crate::replace::{Reader, keep, replace};
use crate::say;
use edit::{Entry, NAME};
use tool::Tool;

/// Options of `mem0 setup`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which tool.
    tool: Tool,
    /// Write the configuration of the project in this directory, to be shared, instead of your own.
    #[arg(long)]
    project: bool,
    /// Only print the entry that would be written.
    #[arg(long)]
    print: bool,
    /// Replace a server called mem0 that is not this one.
    #[arg(long)]
    force: bool,
    /// URL to write into the configuration. Default: MEM0_URL (not with --project); without either, the tool uses your login.
    #[arg(long)]
    url: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let file = path(args)?;
    let login = Login::read();
    let entry = Entry {
        command: command(args.project)?,
        url: url(args)?,
        installations: installations(args, login.as_ref().ok()),
        force: args.force,
    };
    if args.print {
        // The existing content is not printed: it contains other servers' credentials, and may not even be text.
        let text = edit::with_entry(args.tool, "", &entry)?;
        say(&format!("this belongs in {}", file.display()));
        return Ok(std::io::stdout().lock().write_all(text.as_bytes())?);
    }
    let before = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    let after = edit::with_entry(args.tool, &before, &entry).with_context(|| {
        format!("{} cannot be changed (see --print for what belongs in it)", file.display())
    });
    let after = after?;
    if after == before {
        say(&format!("{} is up to date", file.display()));
    } else {
        let kept = write(&file, &after, !before.is_empty());
        let kept = kept.with_context(|| format!("cannot write {}", file.display()))?;
        let kept = kept.map(|kept| format!(" (as it was: {})", kept.display())).unwrap_or_default();
        say(&format!("wrote {}{kept}; restart {} to use it", file.display(), args.tool.title()));
    }
    if let Some(off) = edit::switched_off(args.tool, &after) {
        say(&format!("{NAME} is switched off in {} ({off}): switch it on to use it", file.display()));
    }
    // Also one that was there before: it takes precedence over the login.
    let told = edit::told_url(args.tool, &after);
    let signed_in = login.as_ref().is_ok_and(|login| login.token.is_some() || login.refresh_token.is_some());
    if let Some(url) = &told
        && let Err(problem) = login.and_then(|login| login.token_for(&config::endpoint(url)?))
    {
        say(&format!("{} sends {} to {url}: {problem:#}", file.display(), args.tool.title()));
    } else if !signed_in && variable("MEM0_API_KEY").is_none() && !edit::has_key(args.tool, &after) {
        let url = told.as_deref().unwrap_or("https://<your installation>");
        say(&format!("nobody is signed in yet: run mem0 login --url {url}"));
    } else if !signed_in && variable("MEM0_API_KEY").is_some() && !edit::has_key(args.tool, &after) {
        let title = args.tool.title();
        say(&format!(
            "MEM0_API_KEY is known to this shell only: {title} finds it if it is started from here; otherwise run mem0 login"
        ));
    }
    Ok(())
}

/// Returns the URLs of our installations.
fn installations(args: &Args, login: Option<&Login>) -> Vec<String> {
    let given = [args.url.clone(), variable("MEM0_URL"), login.map(|login| login.server().to_owned())];
    given.into_iter().flatten().filter_map(|url| config::base(&url).ok()).collect()
}

/// Returns the URL to write. A tool started from a menu does not see a shell's variables; a
/// shared file must not contain them.
fn url(args: &Args) -> Result<Option<String>> {
    let own = || variable("MEM0_URL").filter(|_| !args.project);
    args.url.clone().or_else(own).map(|url| config::base(&url)).transpose()
}

/// Writes the text; returns where the previous file is kept, if there was one.
fn write(file: &Path, text: &str, keep_old: bool) -> std::io::Result<Option<PathBuf>> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    let kept = if keep_old { Some(keep(file)?) } else { None };
    replace(file, text.as_bytes(), Reader::AsBefore)?;
    Ok(kept)
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

/// Returns the command that the tool starts: this program, or in a shared file any `mem0` on a colleague's path.
fn command(project: bool) -> Result<String> {
    if project {
        return Ok("mem0".to_owned());
    }
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    program.into_os_string().into_string().ok().context("this program's path is not UTF-8")
}
