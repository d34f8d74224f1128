//! Getting an entry into a configuration without disturbing the rest of it.

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::json::Json;
use super::tool::Tool;

/// The name under which the server is listed.
const NAME: &str = "mem0";
const ARGUMENTS: [&str; 2] = ["mcp", "serve"];

/// What the tool is told.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) command: String,
    /// None if the bridge finds out itself.
    pub(super) url: Option<String>,
}

/// The configuration with our entry in it; other members of an entry that is there already stay.
pub(super) fn with_entry(tool: Tool, text: &str, entry: &Entry) -> Result<String> {
    match tool {
        Tool::Codex => toml(tool, text, entry),
        _ => json(tool, text, entry),
    }
}

fn json(tool: Tool, text: &str, entry: &Entry) -> Result<String> {
    let mut document = match text.trim() {
        "" => Json::Object(Vec::new()),
        text => serde_json::from_str(text).context("it is not plain JSON")?,
    };
    let servers = document.member(tool.servers()).context("it is not a JSON object")?;
    let ours = servers.member(NAME).with_context(|| format!("{} is not an object", tool.servers()))?;
    let mut set = |name: &str, value: Value| -> Result<()> {
        *ours.member(name).with_context(|| format!("{NAME} is not an object"))? = value.into();
        Ok(())
    };
    if matches!(tool, Tool::Vscode | Tool::ClaudeCode) {
        set("type", json!("stdio"))?;
    }
    set("command", json!(entry.command))?;
    set("args", json!(ARGUMENTS))?;
    if let Some(url) = &entry.url {
        let env = ours.member("env").context("env is not an object")?;
        *env.member("MEM0_URL").context("env is not an object")? = json!(url).into();
    }
    Ok(format!("{}\n", serde_json::to_string_pretty(&document)?))
}

fn toml(tool: Tool, text: &str, entry: &Entry) -> Result<String> {
    let mut document: DocumentMut = text.parse().context("it is not valid TOML")?;
    let servers = document.entry(tool.servers()).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let Some(servers) = servers.as_table_like_mut() else { bail!("{} is not a table", tool.servers()) };
    let ours = servers.entry(NAME).or_insert_with(|| Item::Table(Table::new()));
    let Some(ours) = ours.as_table_like_mut() else { bail!("{NAME} is not a table") };
    ours.insert("command", value(entry.command.as_str()));
    ours.insert("args", value(ARGUMENTS.into_iter().collect::<Array>()));
    if let Some(url) = &entry.url {
        let env = ours.entry("env").or_insert_with(|| value(toml_edit::InlineTable::new()));
        let Some(env) = env.as_table_like_mut() else { bail!("env is not a table") };
        env.insert("MEM0_URL", value(url.as_str()));
    }
    Ok(document.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics says where it broke")]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    fn entry() -> Entry {
        Entry { command: "/opt/mem0".to_owned(), url: Some("https://mem0.example".to_owned()) }
    }

    #[test]
    fn doing_it_again_changes_nothing() {
        for tool in Tool::value_variants() {
            let once = with_entry(*tool, "", &entry()).unwrap();
            assert!(once.contains("/opt/mem0") && once.contains(tool.servers()), "{once}");
            assert_eq!(with_entry(*tool, &once, &entry()).unwrap(), once);
        }
    }

    #[test]
    fn the_rest_of_a_json_file_stays_as_and_where_it_is() {
        let text = r#"{"zoom": 1.5, "mcpServers": {"other": {"command": "x"}, "mem0": {"env": {"A": "b"}}}, "a": null}"#;
        let changed = with_entry(Tool::Cursor, text, &entry()).unwrap();
        let places = ["zoom", "mcpServers", "other", "mem0", "\"A\"", "MEM0_URL", "serve", "\"a\": null"];
        let places = places.map(|word| changed.find(word).unwrap_or_else(|| panic!("{word}: {changed}")));
        assert!(places[..5].is_sorted() && places[7] > places[6], "{changed}");
    }

    #[test]
    fn comments_in_a_toml_file_stay() {
        let text = "# mine\nmodel = \"o9\" # best\n\n[mcp_servers.other]\ncommand = \"x\"\n";
        let changed = with_entry(Tool::Codex, text, &entry()).unwrap();
        assert!(changed.starts_with(text), "{changed}");
        assert!(changed.contains("[mcp_servers.mem0]\ncommand = \"/opt/mem0\""), "{changed}");
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        for (tool, text) in [
            (Tool::Vscode, "{ // mine\n}"),
            (Tool::Vscode, "[]"),
            (Tool::Gemini, r#"{"mcpServers": 7}"#),
            (Tool::Gemini, r#"{"mcpServers": {"mem0": "x"}}"#),
            (Tool::Codex, "= 7"),
            (Tool::Codex, "mcp_servers = 7"),
        ] {
            assert!(with_entry(tool, text, &entry()).is_err(), "{text}");
        }
    }
}
