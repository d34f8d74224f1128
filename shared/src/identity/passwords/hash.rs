//! Password hashes: argon2id, and bcrypt for imported ones.

use std::fmt;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::Password;
use crate::db::StoreError;
use crate::error::{Error, Result};

/// The first choice for argon2id in OWASP's password storage cheat sheet: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The maximum cost of a stored hash: more is a mistake by whoever imported it, and would amount to a denial of
/// service.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 10;
const MAX_LANES: u32 = 8;
const MAX_BCRYPT_COST: u32 = 14;

/// A password hash as text: a PHC string, or a bcrypt string (`$2b$…`).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a hash from the database.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Hashes a password with the current method.
    pub(super) fn of(password: &Password) -> Result<Self> {
        let hash: phc::PasswordHash =
            argon2()?.hash_password(password.expose().as_bytes()).map_err(Error::internal)?;
        Ok(Self(hash.to_string()))
    }

    /// A hash that matches no password, as expensive to verify as a real one.
    pub(super) fn of_nobody() -> Self {
        let (salt, hash) = (STANDARD_NO_PAD.encode([0x6d; 16]), STANDARD_NO_PAD.encode([0x30; 32]));
        Self(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}"))
    }

    /// Whether it is the hash of this password.
    pub(super) fn verify(&self, password: &Password) -> Result<bool> {
        let password = password.expose().as_bytes();
        if let Some(cost) = self.bcrypt_cost() {
            if cost > MAX_BCRYPT_COST {
                return Err(corrupt(format!("bcrypt cost {cost}")));
            }
            return bcrypt::verify(password, &self.0).map_err(|error| corrupt(error.to_string()));
        }
        let (_, parsed) = self.argon2()?;
        match Argon2::default().verify_password(password, &parsed) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(corrupt(error.to_string())),
        }
    }

    /// Whether it was made with another method or smaller parameters than new hashes.
    pub(super) fn is_outdated(&self) -> Result<bool> {
        if self.bcrypt_cost().is_some() {
            return Ok(true);
        }
        let (params, parsed) = self.argon2()?;
        let method = parsed.algorithm.as_str() == Algorithm::Argon2id.as_str()
            && parsed.version == Some(Version::V0x13.into());
        Ok(!method || params.m_cost() < MEMORY_KIB || params.t_cost() < PASSES || params.p_cost() < LANES)
    }

    fn bcrypt_cost(&self) -> Option<u32> {
        let rest = ["$2a$", "$2b$", "$2x$", "$2y$"].iter().find_map(|prefix| self.0.strip_prefix(prefix))?;
        Some(rest.split('$').next()?.parse().unwrap_or(u32::MAX))
    }

    fn argon2(&self) -> Result<(Params, phc::PasswordHash)> {
        let parsed = phc::PasswordHash::new(&self.0).map_err(|error| corrupt(error.to_string()))?;
        let params = Params::try_from(&parsed).map_err(|error| corrupt(error.to_string()))?;
        if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES || params.p_cost() > MAX_LANES {
            return Err(corrupt("argon2 parameters out of bounds".to_owned()));
        }
        Ok((params, parsed))
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn corrupt(problem: String) -> Error {
    StoreError::Corrupt { table: "users", column: "password_hash", problem }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_hash_fits_its_password_only() {
        let hash = PasswordHash::of(&password("violet anchor 47 drum")).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(hash.verify(&password("violet anchor 47 drum")).unwrap());
        assert!(!hash.verify(&password("violet anchor 47 drun")).unwrap());
        assert!(!hash.is_outdated().unwrap());
        assert_ne!(hash, PasswordHash::of(&password("violet anchor 47 drum")).unwrap());
    }

    #[test]
    fn nobodys_hash_costs_what_a_real_one_does_and_fits_nothing() {
        let nobody = PasswordHash::of_nobody();
        assert!(!nobody.verify(&password("")).unwrap());
        assert!(!nobody.is_outdated().unwrap());
    }

    #[test]
    fn the_same_characters_are_the_same_password_however_they_are_encoded() {
        let hash = PasswordHash::of(&password("caf\u{e9} \u{fb01}ve seven")).unwrap();
        assert!(hash.verify(&password("cafe\u{301} five seven")).unwrap());
    }

    #[test]
    fn bcrypt_is_verified_and_outdated() {
        // A test vector of crypt_blowfish.
        let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        let hash = PasswordHash::stored(hash.to_owned());
        assert!(hash.verify(&password("U*U")).unwrap());
        assert!(!hash.verify(&password("U*V")).unwrap());
        assert!(hash.is_outdated().unwrap());
    }

    #[test]
    fn weaker_parameters_are_outdated() {
        for text in [
            "$argon2id$v=19$m=4096,t=2,p=1$bW1tbW1tbW1tbW1tbW1tbQ$MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA",
            "$argon2id$v=19$m=19456,t=1,p=1$bW1tbW1tbW1tbW1tbW1tbQ$MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA",
            "$argon2i$v=19$m=19456,t=2,p=1$bW1tbW1tbW1tbW1tbW1tbQ$MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA",
        ] {
            assert!(PasswordHash::stored(text.to_owned()).is_outdated().unwrap(), "{text}");
        }
    }

    #[test]
    fn a_hash_that_would_cost_too_much_is_refused() {
        let text = PasswordHash::of_nobody().0.replace("m=19456", "m=4194304");
        assert!(PasswordHash::stored(text).verify(&password("x")).is_err());
        let text = "$2b$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234";
        assert!(PasswordHash::stored(text.to_owned()).verify(&password("x")).is_err());
        assert!(PasswordHash::stored("plain".to_owned()).verify(&password("x")).is_err());
    }
}
