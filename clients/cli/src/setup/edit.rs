//! Getting an entry into a configuration without disturbing the rest of it.

use anyhow::{Context as _, Result, bail};
use jsonc_parser::cst::CstInputValue;
use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::jsonc;
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
    jsonc::edit(text, |document| {
        let servers = jsonc::object(document, tool.servers())?;
        let ours = jsonc::object(&servers, NAME)?;
        if matches!(tool, Tool::Vscode | Tool::ClaudeCode) {
            jsonc::set(&ours, "type", "stdio".into())?;
        }
        jsonc::set(&ours, "command", entry.command.as_str().into())?;
        jsonc::set(&ours, "args", ARGUMENTS.map(CstInputValue::from).to_vec().into())?;
        if let Some(url) = &entry.url {
            jsonc::set(&jsonc::object(&ours, "env")?, "MEM0_URL", url.as_str().into())?;
        }
        Ok(())
    })
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
    fn comments_in_a_json_file_stay_and_so_does_how_it_is_written() {
        let before = [
            "\u{feff}// Shared by the team.",
            "{",
            "\t\"servers\": { // local ones",
            "\t\t\"other\": {\"command\": \"x\"}, /* slow */",
        ];
        let after = ["\t},", "\t// What is asked for.", "\t\"inputs\": [1.50, ],", "}", ""];
        let ours = [
            "\t\t\"mem0\": {",
            "\t\t\t\"type\": \"stdio\",",
            "\t\t\t\"command\": \"/opt/mem0\",",
            "\t\t\t\"args\": [\"mcp\", \"serve\"],",
            "\t\t\t\"env\": {",
            "\t\t\t\t\"MEM0_URL\": \"https://mem0.example\"",
            "\t\t\t}",
            "\t\t},",
        ];
        let text = [&before[..], &after].concat().join("\r\n");
        let changed = with_entry(Tool::Vscode, &text, &entry()).unwrap();
        assert_eq!(changed, [&before[..], &ours, &after].concat().join("\r\n"));
        assert_eq!(with_entry(Tool::Vscode, &changed, &entry()).unwrap(), changed);
    }

    #[test]
    fn a_file_with_nothing_in_it_gets_an_object() {
        for text in ["", " \n", "\u{feff}", "{}", "{ }\n", "// Mine.\n", "// Mine.\n{\n}\n", "{ // Mine.\n}"]
        {
            let changed = with_entry(Tool::Vscode, text, &entry()).unwrap();
            assert_eq!(text.contains("// Mine."), changed.contains("// Mine.\n"), "{changed}");
            let plain: String = changed.lines().map(|line| line.replace("// Mine.", "")).collect();
            let read: serde_json::Value = serde_json::from_str(plain.trim_start_matches('\u{feff}')).unwrap();
            assert_eq!(read["servers"]["mem0"]["args"], serde_json::json!(["mcp", "serve"]), "{changed}");
            assert_eq!(with_entry(Tool::Vscode, &changed, &entry()).unwrap(), changed);
        }
    }

    #[test]
    fn an_entry_is_corrected_where_it_is_wrong_and_nowhere_else() {
        let text = "{\n  \"servers\": {\n    \"mem0\": {\n      \"command\": \"old\", // ours\n      \"args\": [ \"mcp\", /* the bridge */ \"serve\" ],\n      \"dev\": {\"watch\": true}\n    }\n  }\n}";
        let changed = with_entry(Tool::Vscode, text, &Entry { url: None, ..entry() }).unwrap();
        let expected = text.replace("old", "/opt/mem0");
        let expected = expected.replace("true}\n", "true},\n      \"type\": \"stdio\"\n");
        assert_eq!(changed, expected);
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        for (tool, text, problem) in [
            (Tool::Vscode, "{ mine: 1 }", "not JSON"),
            (Tool::Vscode, "{ 'servers': {} }", "not JSON"),
            (Tool::Vscode, "{ \"servers\": {}", "not JSON"),
            (Tool::Vscode, "{ \"servers\": {} } {}", "not JSON"),
            (Tool::Vscode, "{ \"a\": 1 \"b\": 2 }", "not JSON"),
            (Tool::Vscode, "/* never closed", "not JSON"),
            (Tool::Vscode, "[]", "not a JSON object"),
            (Tool::Vscode, "null", "not a JSON object"),
            (Tool::Vscode, "{\"servers\": [ /* none */ ]}", "servers is not an object"),
            (Tool::Vscode, "{\"servers\": {}, \"servers\": {}}", "servers is there twice"),
            (Tool::Gemini, r#"{"mcpServers": 7}"#, "mcpServers is not an object"),
            (Tool::Gemini, r#"{"mcpServers": null}"#, "mcpServers is not an object"),
            (Tool::Gemini, r#"{"mcpServers": {"mem0": "x"}}"#, "mem0 is not an object"),
            (Tool::Gemini, r#"{"mcpServers": {"mem0": {"env": []}}}"#, "env is not an object"),
            (Tool::Codex, "= 7", "not valid TOML"),
            (Tool::Codex, "mcp_servers = 7", "mcp_servers is not a table"),
        ] {
            let error = with_entry(tool, text, &entry()).unwrap_err();
            assert!(format!("{error:#}").contains(problem), "{text}: {error:#}");
        }
        let deep = format!("{{\"a\": {}", "[".repeat(200_000));
        assert!(with_entry(Tool::Vscode, &deep, &entry()).is_err());
    }
}
