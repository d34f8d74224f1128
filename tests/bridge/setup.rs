//! `mem0 setup`: each tool's configuration, written once, with what was there kept beside it.

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
    let mut command = Command::new(program().await);
    command.arg("setup").args(arguments).env_clear().env("HOME", home).current_dir(directory);
    command.output().unwrap()
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
            assert_eq!(written, String::from_utf8(shown.stdout).unwrap(), "{tool}: what was shown");
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
