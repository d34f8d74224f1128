//! Waits until the person has agreed in their browser.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::server::{Server, Tokens};

/// The polling interval if the server names none (RFC 8628 section 3.5).
const INTERVAL: u64 = 5;

/// The longest that a code or a polling interval may last, in seconds, whatever the server says.
const LONGEST: u64 = 3600;

/// Shows where to agree, and waits for it.
pub(super) async fn wait_for_person(server: &Server) -> Result<Tokens> {
    let begun = server.begin().await?;
    let page = begun.verification_uri_complete.as_deref().unwrap_or(&begun.verification_uri);
    crate::say(&format!("open {page}"));
    crate::say(&format!("and make sure that it shows the code {}", begun.user_code));
    let until = Instant::now() + Duration::from_secs(begun.expires_in.min(LONGEST));
    let mut interval = Duration::from_secs(begun.interval.unwrap_or(INTERVAL).min(LONGEST));
    while Instant::now() < until {
        tokio::time::sleep(interval).await;
        let answer = match server.poll(&begun.device_code).await {
            Ok(answer) => answer,
            // The network may be down for a moment while the person is agreeing.
            Err(error) => {
                crate::say(&format!("{error:#}, trying again"));
                continue;
            }
        };
        match answer {
            Ok(tokens) => return Ok(tokens),
            Err(refusal) => match refusal.error.as_str() {
                "authorization_pending" => {}
                "slow_down" => interval += Duration::from_secs(5),
                _ => bail!("{}", refusal.text().to_owned()),
            },
        }
    }
    bail!("nobody agreed in time, try again")
}
