//! Adds our entry to a configuration without disturbing the rest of it.

use anyhow::{Result, bail};

use super::lines::BYTE_ORDER_MARK;
use super::members::Members;
use super::tool::Tool;
use super::{jsonc, lines, toml};
use crate::config;

/// The name under which the server is listed.
pub(super) const NAME: &str = "mem0";
const ARGUMENTS: [&str; 2] = ["mcp", "serve"];
/// Members by which tools reach a server that they do not start. Beside a command they are
/// an error or leak a credential.
const REMOTE: [&str; 10] = [
    "url",
    "httpUrl",
    "headers",
    "headersHelper",
    "http_headers",
    "env_http_headers",
    "bearer_token_env_var",
    "oauth",
    "auth",
    "authProviderType",
];

/// The entry to write.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) command: String,
    /// `None` if the bridge finds out itself.
    pub(super) url: Option<String>,
    /// The URLs of our installations: an entry that reaches one of them is ours.
    pub(super) installations: Vec<String>,
    /// Whether to replace an entry that is not ours.
    pub(super) force: bool,
}

/// Returns the configuration with our entry in it; other members of an existing entry of ours stay.
pub(super) fn with_entry(tool: Tool, text: &str, entry: &Entry) -> Result<String> {
    let change = |document: &mut dyn Members| {
        let mut servers = document.inner(tool.servers())?;
        if let Some(what) = another(servers.as_mut(), entry)? {
            if !entry.force {
                bail!("{NAME} is there already and {what}; --force puts this one in its place");
            }
            servers.remove(NAME);
        }
        tell(tool, servers.inner(NAME)?.as_mut(), entry)
    };
    lines::keeping(text, |text| match tool {
        Tool::Codex => toml::edit(text, change),
        _ => jsonc::edit(text, change),
    })
}

/// Returns the URL that the entry in a configuration passes to the bridge, if any.
pub(super) fn told_url(tool: Tool, text: &str) -> Option<String> {
    look(tool, text, |ours| {
        let arguments = ours.texts("args").unwrap_or_default();
        let told = arguments.iter().skip_while(|argument| *argument != "--url").nth(1).cloned();
        if told.is_none() && ours.has("env") {
            return Ok(ours.inner("env")?.text("MEM0_URL").filter(|url| !url.starts_with('$')));
        }
        Ok(told)
    })
}

/// Returns whether the entry in a configuration passes an API key to the bridge.
pub(super) fn has_key(tool: Tool, text: &str) -> bool {
    let key = look(tool, text, |ours| {
        if ours.has("env") { Ok(ours.inner("env")?.text("MEM0_API_KEY")) } else { Ok(None) }
    });
    key.is_some()
}

/// Returns how our entry in a configuration is switched off, if it is.
pub(super) fn switched_off(tool: Tool, text: &str) -> Option<String> {
    look(tool, text, |ours| {
        let is = |name: &str, off: bool| (ours.truth(name) == Some(off)).then(|| format!("{name} is {off}"));
        Ok(is("disabled", true).or_else(|| is("enabled", false)))
    })
}

/// Reads something from our entry in a configuration.
fn look(
    tool: Tool,
    text: &str,
    mut read: impl FnMut(&mut dyn Members) -> Result<Option<String>>,
) -> Option<String> {
    let mut found = None;
    let text = text.trim_start_matches(BYTE_ORDER_MARK);
    let look = |document: &mut dyn Members| {
        let mut servers = document.inner(tool.servers())?;
        found = read(servers.inner(NAME)?.as_mut())?;
        Ok(())
    };
    let done = match tool {
        Tool::Codex => toml::edit(text, look),
        _ => jsonc::edit(text, look),
    };
    done.ok().and(found)
}

/// Describes the existing entry of our name, if it is not ours: other programs call themselves mem0 as well.
fn another(servers: &mut dyn Members, entry: &Entry) -> Result<Option<String>> {
    if !servers.has(NAME) {
        return Ok(None);
    }
    let mut present = servers.inner(NAME)?;
    if let Some(command) = present.text("command").filter(|command| !is_ours(command, entry)) {
        let arguments = present.texts("args").unwrap_or_default();
        return Ok(Some(format!("starts {}", [vec![command], arguments].concat().join(" "))));
    }
    if present.has("env")
        && let Some(key) = present.inner("env")?.text("MEM0_API_KEY")
        && !may_be_ours(&key)
    {
        return Ok(Some("has a MEM0_API_KEY of another service, which would go before the login".to_owned()));
    }
    let url = ["url", "httpUrl"].into_iter().find_map(|name| present.text(name));
    let foreign = url.filter(|url| {
        // A reference (`${…}`) to an address that only the tool knows may be ours.
        !url.starts_with('$') && !config::base(url).is_ok_and(|base| entry.installations.contains(&base))
    });
    Ok(foreign.map(|url| format!("reaches {url}, which is not this installation")))
}

/// Returns whether a command is this program, or any program called `mem0`.
fn is_ours(command: &str, entry: &Entry) -> bool {
    let name = command.rsplit(['/', '\\']).next().unwrap_or(command);
    command == entry.command || ["mem0", "mem0.exe"].contains(&name)
}

/// Returns whether this can be an API key or an access token of ours, or a reference to one (`${…}`).
fn may_be_ours(key: &str) -> bool {
    key.is_empty() || ["m0sk_", "eyJ", "$"].iter().any(|beginning| key.starts_with(beginning))
}

fn tell(tool: Tool, ours: &mut dyn Members, entry: &Entry) -> Result<()> {
    for name in REMOTE {
        ours.remove(name);
    }
    if matches!(tool, Tool::Vscode | Tool::ClaudeCode) {
        ours.set_text("type", "stdio")?;
    } else if ours.text("type").is_none_or(|kind| kind != "stdio") {
        ours.remove("type");
    }
    ours.set_text("command", &entry.command)?;
    // Arguments that somebody added after ours are kept, unless a new URL replaces theirs.
    let arguments = ours.texts("args").unwrap_or_default();
    if entry.url.is_some() || !arguments.iter().map(String::as_str).take(2).eq(ARGUMENTS) {
        ours.set_texts("args", &ARGUMENTS)?;
    }
    match &entry.url {
        Some(url) => ours.inner("env")?.set_text("MEM0_URL", url),
        None => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics says where it broke")]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    fn entry() -> Entry {
        let url = Some("https://mem0.example".to_owned());
        let installations = vec!["https://mem0.example".to_owned()];
        Entry { command: "/opt/mem0".to_owned(), url, installations, force: false }
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
        let text = "{\n  \"servers\": {\n    \"mem0\": {\n      \"command\": \"/old/mem0\", // ours\n      \"args\": [ \"mcp\", /* the bridge */ \"serve\" ],\n      \"dev\": {\"watch\": true}\n    }\n  }\n}";
        let changed = with_entry(Tool::Vscode, text, &Entry { url: None, ..entry() }).unwrap();
        let expected = text.replace("/old/mem0", "/opt/mem0");
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
            (Tool::Gemini, r#"{"mcpServers": true}"#, "mcpServers is not an object"),
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

    #[test]
    fn null_is_absent() {
        for text in [r#"{"mcpServers": null}"#, r#"{"mcpServers": {"mem0": null}}"#] {
            let changed = with_entry(Tool::Cursor, text, &entry()).unwrap();
            let read: serde_json::Value = serde_json::from_str(&changed).unwrap();
            assert_eq!(read["mcpServers"]["mem0"]["command"], "/opt/mem0", "{changed}");
        }
    }

    #[test]
    fn an_entry_that_is_switched_off_is_found() {
        let json = |state: &str| format!(r#"{{"mcpServers": {{"mem0": {{"command": "mem0", {state}}}}}}}"#);
        for (tool, text, off) in [
            (Tool::Cursor, json(r#""disabled": true"#), Some("disabled is true")),
            (Tool::Cursor, json(r#""disabled": false"#), None),
            (Tool::Cursor, json(r#""disabled": "yes""#), None),
            (Tool::Codex, "[mcp_servers.mem0]\nenabled = false\n".to_owned(), Some("enabled is false")),
            (Tool::Codex, "[mcp_servers.mem0]\nenabled = true\n".to_owned(), None),
        ] {
            let changed = with_entry(tool, &text, &entry()).unwrap();
            assert_eq!(switched_off(tool, &changed).as_deref(), off, "{changed}");
        }
    }

    #[test]
    fn toml_is_kept_to_the_letter() {
        let text = "\u{feff}# mine\r\nmodel = \"o9\" # best\r\n\r\n[mcp_servers.mem0]\r\n# started by me\r\ncommand = \"/old/mem0\" # keep me\r\nargs = [\r\n  \"mcp\", # the bridge\r\n  'serve',\r\n]\r\nstartup_timeout_sec = 9\r\n\r\n[mcp_servers.mem0.env]\r\nMEM0_URL = 'https://mem0.example' # ours\r\nA = \"b\"";
        let right = text.replace("/old/mem0", "/opt/mem0");
        assert_eq!(with_entry(Tool::Codex, &right, &entry()).unwrap(), right);
        assert_eq!(with_entry(Tool::Codex, text, &entry()).unwrap().trim_end(), right);
        let other = "a = 1\r\n[mcp_servers.x]\r\ncommand = '''\r\nx\r\n'''\r\n";
        let changed = with_entry(Tool::Codex, other, &entry()).unwrap();
        assert!(changed.starts_with(other), "{changed:?}");
        assert!(!changed.replace("\r\n", "").contains('\n'), "{changed:?}");
    }

    #[test]
    fn what_was_reached_by_a_url_is_started_now() {
        let entry = Entry { url: None, ..entry() };
        let codex = "[mcp_servers.mem0]\nurl = \"https://mem0.example/mcp\" # there\nbearer_token_env_var = \"TOKEN\"\ntool_timeout_sec = 9\n\n[mcp_servers.mem0.http_headers]\nA = \"b\"\n\n[mcp_servers.other]\nurl = \"x\"\n";
        let changed = with_entry(Tool::Codex, codex, &entry).unwrap();
        assert_eq!(
            changed,
            "[mcp_servers.mem0]\ntool_timeout_sec = 9\ncommand = \"/opt/mem0\"\nargs = [\"mcp\", \"serve\"]\n\n[mcp_servers.other]\nurl = \"x\"\n"
        );
        let claude = "{\n  \"mcpServers\": {\n    \"mem0\": {\n      \"type\": \"http\",\n      \"url\": \"https://mem0.example/mcp\", // there\n      \"headers\": { \"Authorization\": \"Bearer secret\" },\n      \"timeout\": 9\n    }\n  }\n}\n";
        for tool in Tool::value_variants().iter().filter(|tool| **tool != Tool::Codex) {
            let text = claude.replace("mcpServers", tool.servers());
            let changed = with_entry(*tool, &text, &entry).unwrap();
            let plain: String = changed.lines().map(|line| line.replace("// there", "")).collect();
            let read: serde_json::Value = serde_json::from_str(&plain).unwrap();
            let mut expected =
                serde_json::json!({ "timeout": 9, "command": "/opt/mem0", "args": ["mcp", "serve"] });
            if matches!(tool, Tool::Vscode | Tool::ClaudeCode) {
                expected["type"] = "stdio".into();
            }
            assert_eq!(read[tool.servers()]["mem0"], expected, "{changed}");
        }
    }

    #[test]
    fn a_server_that_is_not_ours_is_replaced_only_by_force() {
        let hosted =
            r#"{"command": "uvx", "args": ["mem0-mcp-server"], "env": {"MEM0_API_KEY": "m0-hosted"}}"#;
        let key = r#"{"command": "C:\\tools\\mem0.exe", "env": {"MEM0_API_KEY": "m0-hosted"}}"#;
        let remote = r#"{"url": "https://x", "env": {"MEM0_API_KEY": "m0-hosted"}}"#;
        let cloud = r#"{"url": "https://api.mem0.ai/mcp", "headers": {"Authorization": "Token hosted"}}"#;
        for (present, what) in [
            (hosted, "starts uvx mem0-mcp-server; --force"),
            (key, "MEM0_API_KEY of another service"),
            (remote, "MEM0_API_KEY of another service"),
            (cloud, "reaches https://api.mem0.ai/mcp, which is not this installation; --force"),
        ] {
            let json = format!("{{\"mcpServers\": {{\"mem0\": {present}, \"b\": 1}}}}");
            let toml = format!("mcp_servers.mem0 = {}\n", present.replace("\": ", "\" = "));
            for (tool, text) in [(Tool::Cursor, json), (Tool::Codex, toml)] {
                let error = with_entry(tool, &text, &entry()).unwrap_err().to_string();
                assert!(error.contains(what) && !error.contains("hosted"), "{error}");
                let forced = with_entry(tool, &text, &Entry { force: true, ..entry() }).unwrap();
                assert!(forced.contains("/opt/mem0") && !forced.contains("API_KEY"), "{forced}");
                assert_eq!(with_entry(tool, &forced, &entry()).unwrap(), forced);
            }
        }
        // Our keys stay, and so do arguments after ours.
        let ours = r#"{"mcpServers": {"mem0": {"command": "mem0", "args": ["mcp", "serve", "--url", "https://b"], "env": {"MEM0_API_KEY": "m0sk_x"}}}}"#;
        let changed = with_entry(Tool::Cursor, ours, &Entry { url: None, ..entry() }).unwrap();
        assert_eq!(changed, ours.replace("\"mem0\",", "\"/opt/mem0\","));
        let changed = with_entry(Tool::Cursor, ours, &entry()).unwrap();
        assert!(!changed.contains("https://b") && changed.contains("m0sk_x"), "{changed}");
    }
}
