//! The command that starts a function, with its own variables and none of ours.
//!
//! Variables: "Defined runtime environment variables" in the Lambda developer guide.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;
use uuid::Uuid;

use crate::SpawnOptions;

/// Enters a control group and stops until it is resumed to become the function. Entering takes the kernel many
/// milliseconds (a grace period), in which a running function would have done half of its work outside the group.
const ENTER: &str = r#"echo $$ > "$1/cgroup.procs" && kill -STOP $$ && shift && exec "$@""#;

/// Builds the command for one execution environment served by the Runtime API at `runtime_api`.
pub(crate) fn command(options: &SpawnOptions, runtime_api: SocketAddr) -> io::Result<Command> {
    // Absolute before the working directory changes, or a relative path would mean something else.
    let bootstrap = std::path::absolute(&options.bootstrap)?;
    let task_root = bootstrap.parent().map_or_else(|| PathBuf::from("/"), Path::to_path_buf);

    let mut command = match &options.control_group {
        Some(group) => {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", ENTER, "sh"]).args([group, &bootstrap]);
            command
        }
        None => Command::new(&bootstrap),
    };
    command
        .env_clear()
        .envs(lambda_variables(options, runtime_api))
        .env("LAMBDA_TASK_ROOT", &task_root)
        .envs(&options.env)
        .current_dir(&task_root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    Ok(command)
}

fn lambda_variables(options: &SpawnOptions, runtime_api: SocketAddr) -> [(&'static str, String); 15] {
    [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", options.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", options.memory_mb.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".into()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", options.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", format!("[$LATEST]{}", Uuid::new_v4().simple())),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".into()),
        ("AWS_REGION", options.region.clone()),
        ("AWS_DEFAULT_REGION", options.region.clone()),
        ("_HANDLER", "bootstrap".into()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".into()),
        ("TZ", ":UTC".into()),
        ("LANG", "en_US.UTF-8".into()),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin".into()),
    ]
}
