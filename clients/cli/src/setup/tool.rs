//! The supported tools, and where each keeps its configuration.

use std::path::PathBuf;

use crate::config::{config_home, home, variable};

/// An AI tool that starts MCP servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Tool {
    /// Claude Code.
    ClaudeCode,
    /// Claude Desktop.
    ClaudeDesktop,
    /// Cursor.
    Cursor,
    /// Visual Studio Code.
    Vscode,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
}

impl Tool {
    /// Returns its name for people.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::ClaudeDesktop => "Claude Desktop",
            Self::Cursor => "Cursor",
            Self::Vscode => "Visual Studio Code",
            Self::Codex => "Codex",
            Self::Gemini => "Gemini CLI",
        }
    }

    /// Returns the path of the person's own configuration, or `None` if their home is not known.
    pub(super) fn own_file(self) -> Option<PathBuf> {
        let moved = |name| variable(name).map(PathBuf::from);
        Some(match self {
            Self::ClaudeCode => moved("CLAUDE_CONFIG_DIR").or_else(home)?.join(".claude.json"),
            Self::ClaudeDesktop => application(home()?)?.join("Claude/claude_desktop_config.json"),
            Self::Cursor => home()?.join(".cursor/mcp.json"),
            Self::Vscode => application(home()?)?.join("Code/User/mcp.json"),
            Self::Codex => moved("CODEX_HOME").or_else(|| Some(home()?.join(".codex")))?.join("config.toml"),
            Self::Gemini => home()?.join(".gemini/settings.json"),
        })
    }

    /// Returns the path of a project's configuration, relative to the project, or `None` if the tool has none.
    pub(super) fn project_file(self) -> Option<&'static str> {
        match self {
            Self::ClaudeCode => Some(".mcp.json"),
            Self::ClaudeDesktop => None,
            Self::Cursor => Some(".cursor/mcp.json"),
            Self::Vscode => Some(".vscode/mcp.json"),
            Self::Codex => Some(".codex/config.toml"),
            Self::Gemini => Some(".gemini/settings.json"),
        }
    }

    /// Returns the member (or table) in which it lists its servers.
    pub(super) fn servers(self) -> &'static str {
        match self {
            Self::Vscode => "servers",
            Self::Codex => "mcp_servers",
            Self::ClaudeCode | Self::ClaudeDesktop | Self::Cursor | Self::Gemini => "mcpServers",
        }
    }
}

/// Returns where desktop applications keep their configuration.
fn application(home: PathBuf) -> Option<PathBuf> {
    if cfg!(target_os = "macos") {
        Some(home.join("Library/Application Support"))
    } else if cfg!(windows) {
        variable("APPDATA").map(PathBuf::from)
    } else {
        config_home()
    }
}
