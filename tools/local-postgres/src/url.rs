//! Connection strings.

use std::fmt::Write;

/// Returns a connection string for 127.0.0.1, with its parts percent-encoded (RFC 3986 section 2.1).
pub(crate) fn postgres(role: &str, password: &str, port: u16, database: &str) -> String {
    format!("postgres://{}:{}@127.0.0.1:{port}/{}", encode(role), encode(password), encode(database))
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_survives_parsing() {
        let url = postgres("a/b@c", "p:w?#% ü", 5432, "d b");
        let config: tokio_postgres::Config = url.parse().expect("a valid url");
        assert_eq!(config.get_user(), Some("a/b@c"));
        assert_eq!(config.get_password(), Some("p:w?#% ü".as_bytes()));
        assert_eq!(config.get_dbname(), Some("d b"));
        assert_eq!(config.get_ports(), [5432]);
    }
}
