//! The services under evaluation, and their users.

use anyhow::Result;
use shared::access::{AuthContext, Credential, Gate, RequestInfo};
use shared::clock::Clock;
use shared::db;
use shared::email::EmailAddress;
use shared::identity::Identity;
use shared::identity::accounts::{NewAccount, Place};
use shared::identity::oauth::fetch::Fetcher;
use shared::ids::RequestId;
use shared::memory::Memories;

use crate::database::Database;

const PUBLIC_URL: &str = "https://eval.example";
const PASSWORD: &str = "measured-not-guessed-48-lanterns";

/// The services, on their own database.
pub(crate) struct Platform<'a> {
    pub(crate) memories: Memories,
    pub(crate) gate: Gate,
    pub(crate) database: &'a Database,
    identity: Identity,
}

/// A person with an account.
pub(crate) struct Person {
    credential: Credential,
}

impl<'a> Platform<'a> {
    pub(crate) async fn new(database: &'a Database) -> Result<Self> {
        let gate = Gate::new(db::Database::new(&database.config().await?)?, Clock::default(), PUBLIC_URL);
        Ok(Self {
            memories: Memories::in_process(gate.clone()),
            identity: Identity::new(gate.clone(), Fetcher::reading_nothing()),
            database,
            gate,
        })
    }

    /// Registers a new account.
    pub(crate) async fn register(&self, name: &str, place: Place) -> Result<Person> {
        let email: EmailAddress = format!("{name}@eval.example").parse().map_err(anyhow::Error::msg)?;
        let password = PASSWORD.to_owned().try_into().map_err(anyhow::Error::msg)?;
        let account = NewAccount { email, password, name: name.to_owned(), place };
        let signed_in = self.identity.register(&self.request(name), account).await?;
        Ok(Person { credential: Credential::AccessToken(signed_in.access_token) })
    }

    /// Returns the caller for a person, authenticated now.
    pub(crate) async fn caller(&self, person: &Person) -> Result<AuthContext> {
        Ok(self.gate.authenticate(&person.credential, self.request("eval")).await?)
    }

    /// Each name has its own IP address, so that registering many is not throttled.
    fn request(&self, name: &str) -> RequestInfo {
        let number = name.bytes().fold(1_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let [_, b, c, d] = number.to_be_bytes();
        RequestInfo {
            id: RequestId::generate(),
            at: self.gate.clock.now(),
            ip: Some(format!("10.{b}.{c}.{d}")),
            user_agent: None,
        }
    }
}
