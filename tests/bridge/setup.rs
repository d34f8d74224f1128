//! `mem0 setup`: writes each tool's configuration once, and keeps the previous one beside it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::program::program;

/// Each tool, its person's own file, a project's file, and something that is in such a file already.
const TOOLS: [(&str, &str, Option<&str>, &str); 6] = [
    ("claude-code", ".claude.json", Some(".mcp.json"), OTHERS),
    ("claude-desktop", ".config/Claude/claude_desktop_config.json", None, OTHERS),
    ("cursor", ".cursor/mcp.json", Some(".cursor/mcp.json"), OTHERS),
    (
        "vscode",
        ".config/Code/User/mcp.json",
        Some(".vscode/mcp.json"),
        "{ \"inputs\": [], \"servers\": { \"other\": { \"command\": \"x\" } } }\n",
    ),
    (
        "codex",
        ".codex/config.toml",
        Some(".codex/config.toml"),
        "# Mine.\nmodel = \"x\"\n\n[mcp_servers.other]\ncommand = \"x\"\n",
    ),
    ("gemini", ".gemini/settings.json", Some(".gemini/settings.json"), OTHERS),
];
const OTHERS: &str = "{ \"theme\": \"dark\", \"mcpServers\": { \"other\": { \"command\": \"x\" } } }\n";

/// Runs `mem0 setup` in a directory with nothing but a home in its environment.
async fn setup(home: &Path, directory: &Path, arguments: &[&str]) -> Output {
    setup_with(home, directory, arguments, &[]).await
}

/// The same, with variables.
async fn setup_with(home: &Path, directory: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program().await);
    command.arg("setup").args(arguments).current_dir(directory);
    command.env_clear().env("HOME", home).envs(variables.iter().copied());
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn every_tool_is_told_once_and_what_was_there_is_kept() {
    for (tool, own, project, before) in TOOLS {
        let (home, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (root, file, flag) in [(home.path(), Some(own), None), (place.path(), project, Some("--project"))]
        {
            let arguments: Vec<&str> = [tool].into_iter().chain(flag).collect();
            let Some(file) = file else {
                let refused = setup(home.path(), place.path(), &arguments).await;
                assert!(!refused.status.success(), "{tool} has no projects");
                continue;
            };
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, before).unwrap();
            let backup = root.join(format!("{file}.bak"));

            let shown = setup(home.path(), place.path(), &[&arguments[..], &["--print"]].concat()).await;
            assert!(shown.status.success(), "{tool}: {shown:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), before, "{tool}: printing writes nothing");
            assert!(!backup.exists(), "{tool}");

            assert!(setup(home.path(), place.path(), &arguments).await.status.success(), "{tool}");
            let written = fs::read_to_string(&path).unwrap();
            // The entry, and nothing of what is there: that may be anybody's secret.
            let shown = String::from_utf8(shown.stdout).unwrap();
            assert!(shown.contains("serve") && !shown.contains("other"), "{tool}: {shown}");
            for line in shown
                .lines()
                .map(|line| line.trim().trim_end_matches(','))
                .filter(|line| line.contains("serve"))
            {
                assert!(written.contains(line), "{tool}: {line} is not in {written}");
            }
            assert!(written.contains("serve") && written.contains("other"), "{tool}: {written}");
            assert_eq!(before.contains("Mine."), written.contains("Mine."), "{tool}: {written}");
            assert_eq!(fs::read_to_string(&backup).unwrap(), before, "{tool}");

            assert!(setup(home.path(), place.path(), &arguments).await.status.success(), "{tool}");
            assert_eq!(fs::read_to_string(&path).unwrap(), written, "{tool}: again changes nothing");
            assert_eq!(fs::read_to_string(&backup).unwrap(), before, "{tool}");
        }
    }
}

/// VS Code lets people write comments there, and commas before a closing bracket.
#[tokio::test]
async fn a_file_with_comments_keeps_them() {
    let (home, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = home.path().join(".config/Code/User/mcp.json");
    let before = "\u{feff}{\r\n  // Mine.\r\n  \"servers\": {\r\n    \"other\": { \"command\": \"x\" }, // slow\r\n  },\r\n}\r\n";
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, before).unwrap();
    assert!(setup(home.path(), place.path(), &["vscode"]).await.status.success());
    let written = fs::read_to_string(&path).unwrap();
    let (head, tail) = before.split_at(before.find("  },").unwrap());
    assert!(written.starts_with(head) && written.ends_with(tail), "{written}");
    assert!(written[head.len()..].starts_with("    \"mem0\": {\r\n      \"type\": \"stdio\","), "{written}");
    assert_eq!(fs::read_to_string(path.with_extension("json.bak")).unwrap(), before);
    let again = setup(home.path(), place.path(), &["vscode"]).await;
    assert!(String::from_utf8(again.stderr).unwrap().contains("is up to date"));
    assert_eq!(fs::read_to_string(&path).unwrap(), written);
}

#[tokio::test]
async fn a_file_that_is_not_understood_is_left_alone() {
    for (before, problem) in [
        ("{ \"servers\": [] } // mine\n", "servers is not an object"),
        ("{ servers: {} }\n", "it is not JSON, even with comments"),
        ("[]", "it is not a JSON object"),
    ] {
        let (home, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = home.path().join(".config/Code/User/mcp.json");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, before).unwrap();
        let refused = setup(home.path(), place.path(), &["vscode"]).await;
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && said.contains(problem), "{said}");
        assert_eq!(fs::read_to_string(&path).unwrap(), before);
        assert!(!path.with_extension("json.bak").exists());
    }
}

#[tokio::test]
async fn a_server_of_our_name_that_is_another_is_left_alone_without_force() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(".cursor/mcp.json");
    let before = r#"{ "mcpServers": { "mem0": { "command": "uvx", "args": ["mem0-mcp-server"], "env": { "MEM0_API_KEY": "m0-hosted" } } } }"#;
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, before).unwrap();
    let refused = setup(home.path(), home.path(), &["cursor"]).await;
    let why = said(&refused);
    assert!(!refused.status.success() && why.contains("starts uvx mem0-mcp-server; --force"), "{why}");
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    assert!(setup(home.path(), home.path(), &["cursor", "--force"]).await.status.success());
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.contains("serve") && !written.contains("m0-hosted"), "{written}");
    assert_eq!(fs::read_to_string(path.with_extension("json.bak")).unwrap(), before);
}

#[tokio::test]
async fn an_entry_with_a_url_is_ours_only_if_it_reaches_our_installation() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(".cursor/mcp.json");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let reaching = |url: &str| {
        format!(
            r#"{{ "mcpServers": {{ "mem0": {{ "url": "{url}", "headers": {{ "Authorization": "x" }} }} }} }}"#
        )
    };
    let cloud = reaching("https://api.mem0.ai/mcp");
    fs::write(&path, &cloud).unwrap();
    for arguments in [&["cursor"][..], &["cursor", "--url", "https://mem0.example"]] {
        let refused = setup(home.path(), home.path(), arguments).await;
        let why = said(&refused);
        assert!(!refused.status.success() && why.contains("reaches https://api.mem0.ai/mcp"), "{why}");
        assert_eq!(fs::read_to_string(&path).unwrap(), cloud);
    }
    fs::write(&path, reaching("https://mem0.example/mcp")).unwrap();
    let done = setup(home.path(), home.path(), &["cursor", "--url", "https://mem0.example"]).await;
    assert!(done.status.success(), "{}", said(&done));
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.contains("serve") && !written.contains("Authorization"), "{written}");
}

#[tokio::test]
async fn a_person_who_has_not_signed_in_is_told_to() {
    let home = tempfile::tempdir().unwrap();
    let advice = "nobody is signed in yet: run mem0 login --url https://";
    let done = setup(home.path(), home.path(), &["cursor"]).await;
    assert!(
        done.status.success() && said(&done).contains(&format!("{advice}<your installation>")),
        "{done:?}"
    );
    let done = setup(home.path(), home.path(), &["cursor", "--url", "https://mem0.example"]).await;
    assert!(said(&done).contains(&format!("{advice}mem0.example")), "{}", said(&done));
    let key = [("MEM0_API_KEY", "m0sk_x")];
    let done = setup_with(home.path(), home.path(), &["cursor"], &key).await;
    assert!(!said(&done).contains(advice), "{}", said(&done));
    let login = home.path().join(".config/mem0/login.json");
    fs::create_dir_all(login.parent().unwrap()).unwrap();
    fs::write(login, r#"{ "url": "https://mem0.example", "token": "t" }"#).unwrap();
    let done = setup(home.path(), home.path(), &["cursor"]).await;
    assert!(done.status.success() && !said(&done).contains(advice), "{}", said(&done));
}

#[tokio::test]
async fn every_state_that_is_replaced_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(".gemini/settings.json");
    let read = |suffix: &str| fs::read_to_string(path.with_extension(format!("json{suffix}"))).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, OTHERS).unwrap();
    fs::write(path.with_extension("json.bak"), "somebody's").unwrap();
    let mut states = vec![OTHERS.to_owned()];
    for url in ["https://one.example", "https://two.example"] {
        assert!(setup(home.path(), home.path(), &["gemini", "--url", url]).await.status.success());
        states.push(read(""));
    }
    assert_eq!([read(".bak.1"), read(".bak.2"), read("")][..], states[..]);
    assert_eq!(read(".bak"), "somebody's");
}

#[tokio::test]
async fn a_shells_url_is_written_for_tools_that_do_not_see_it_but_not_for_colleagues() {
    let (home, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = [("MEM0_URL", "https://mem0.example/")];
    for (arguments, path, expected) in [
        (&["cursor"][..], home.path().join(".cursor/mcp.json"), true),
        (&["cursor", "--project"], place.path().join(".cursor/mcp.json"), false),
    ] {
        assert!(setup_with(home.path(), place.path(), arguments, &url).await.status.success());
        let written = fs::read_to_string(path).unwrap();
        assert_eq!(written.contains("\"MEM0_URL\": \"https://mem0.example\""), expected, "{written}");
    }
    let wrong = [("MEM0_URL", "http://mem0.example")];
    let refused = setup_with(home.path(), place.path(), &["gemini"], &wrong).await;
    assert!(!refused.status.success() && said(&refused).contains("unencrypted"), "{refused:?}");
}

#[tokio::test]
async fn a_configuration_is_written_where_its_tool_reads_it() {
    use std::os::unix::fs::symlink;
    let (home, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = elsewhere.path().to_str().unwrap();
    for (tool, variable, file) in
        [("claude-code", "CLAUDE_CONFIG_DIR", ".claude.json"), ("codex", "CODEX_HOME", "config.toml")]
    {
        let done = setup_with(home.path(), home.path(), &[tool], &[(variable, place)]).await;
        assert!(done.status.success(), "{done:?}");
        assert!(fs::read_to_string(elsewhere.path().join(file)).unwrap().contains("serve"));
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);

    // People keep such files in repositories, which may not have them yet.
    let (link, target) = (home.path().join(".claude.json"), elsewhere.path().join("claude.json"));
    symlink(&target, &link).unwrap();
    assert!(setup(home.path(), home.path(), &["claude-code"]).await.status.success());
    assert!(link.is_symlink() && fs::read_to_string(target).unwrap().contains("serve"));
}

#[tokio::test]
async fn an_entry_that_leads_elsewhere_than_the_login_is_told_and_printing_reads_nothing() {
    let home = tempfile::tempdir().unwrap();
    let login = home.path().join(".config/mem0/login.json");
    fs::create_dir_all(login.parent().unwrap()).unwrap();
    fs::write(login, r#"{ "url": "https://new.example", "token": "t" }"#).unwrap();
    for (tool, file, entry) in [
        (
            "cursor",
            ".cursor/mcp.json",
            r#"{"mcpServers":{"mem0":{"env":{"MEM0_URL":"https://old.example"}}}}"#,
        ),
        (
            "gemini",
            ".gemini/settings.json",
            r#"{"mcpServers":{"mem0":{"command":"mem0","args":["mcp","serve","--url","https://old.example"]}}}"#,
        ),
        ("codex", ".codex/config.toml", "[mcp_servers.mem0.env]\nMEM0_URL = \"https://old.example\"\n"),
    ] {
        let path = home.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, entry).unwrap();
        let output = setup(home.path(), home.path(), &[tool]).await;
        let told = said(&output);
        assert!(output.status.success(), "{tool}: {told}");
        assert!(
            told.contains("signed in to https://new.example, not to https://old.example"),
            "{tool}: {told}"
        );
        let there = setup(home.path(), home.path(), &[tool, "--url", "https://new.example"]).await;
        assert!(!said(&there).contains("signed in to"), "{tool}: {}", said(&there));
        fs::write(&path, b"\xff\xfe").unwrap();
        assert!(!setup(home.path(), home.path(), &[tool]).await.status.success(), "{tool}");
        let shown = setup(home.path(), home.path(), &[tool, "--print"]).await;
        assert!(shown.status.success() && !shown.stdout.is_empty(), "{tool}: {}", said(&shown));
    }
}
