//! The people who use the console: listed, made and removed with their logins.
//!
//! The login is made by the person who asks, with that person's own right to make roles, in the transaction
//! that names the operator: Steward's schema needs no such right. The server sees a SCRAM verifier and never
//! the password, so that none can reach its log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use pbkdf2::pbkdf2_hmac;
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use steward_core::operator::OperatorRow;
use steward_core::{Error, ErrorKind, Result};

use super::error::map;
use super::look;
use super::sql_text::literal;

/// PostgreSQL's own number of rounds.
const ITERATIONS: u32 = 4_096;

/// Letters that are not mistaken for each other.
const ALPHABET: &[u8; 56] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Everybody who may use the console.
///
/// # Errors
/// `Permission` for who is no admin.
pub async fn list(connection: &mut PgConnection) -> Result<Vec<OperatorRow>> {
    let mut look = look::begin(connection).await?;
    let found: Vec<serde_json::Value> =
        sqlx::query_scalar("select to_jsonb(o) from steward.list_operators() o")
            .persistent(false)
            .fetch_all(&mut *look)
            .await
            .map_err(map)?;
    look.rollback().await.map_err(map)?;
    found
        .into_iter()
        .map(|row| {
            serde_json::from_value(row).map_err(|failure| {
                Error::internal("The server answered in a way Steward does not understand.")
                    .with_source(failure)
            })
        })
        .collect()
}

/// A password nobody has to invent: 20 letters and digits, more than 116 bits.
#[must_use]
pub fn new_password() -> SecretString {
    let mut random = rand::rng();
    let text: String =
        (0..20).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect();
    SecretString::from(text)
}

/// What the server keeps of a password (RFC 5803): enough to prove it, not to know it.
#[must_use]
pub fn verifier(password: &SecretString) -> String {
    scram_verifier(password, rand::rng().random())
}

/// Plain ASCII only, which needs no SASLprep.
fn scram_verifier(password: &SecretString, salt: [u8; 16]) -> String {
    let mac = |key: &[u8], text: &[u8]| -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        mac.update(text);
        mac.finalize().into_bytes().into()
    };
    let mut salted = [0; 32];
    pbkdf2_hmac::<Sha256>(password.expose_secret().as_bytes(), &salt, ITERATIONS, &mut salted);
    let stored = Sha256::digest(mac(&salted, b"Client Key"));
    let server = mac(&salted, b"Server Key");
    format!(
        "SCRAM-SHA-256${ITERATIONS}:{}${}:{}",
        STANDARD.encode(salt),
        STANDARD.encode(stored),
        STANDARD.encode(server)
    )
}

/// Makes the login of an operator in the transaction that names it.
///
/// # Errors
/// `Permission` with what an administrator of the server has to grant.
pub(super) async fn create_login(
    connection: &mut PgConnection,
    login: &str,
    role: &str,
    verifier: &str,
) -> Result<()> {
    let statement = format!(
        "create role {} login password {} in role {}",
        identifier(login),
        literal(verifier),
        identifier(&format!("steward_{role}"))
    );
    // Reading is what a login does by itself; an action says in its transaction that it writes.
    let careful = format!("alter role {} set default_transaction_read_only = on", identifier(login));
    for statement in [statement, careful] {
        connection.execute(AssertSqlSafe(statement)).await.map_err(|failure| explain(failure, role))?;
    }
    Ok(())
}

/// Drops the login of an operator; that it is gone already is fine.
///
/// # Errors
/// `Permission` as for making one; `Invalid` when it owns something.
pub(super) async fn drop_login(connection: &mut PgConnection, login: &str) -> Result<()> {
    let statement = format!("drop role if exists {}", identifier(login));
    connection.execute(AssertSqlSafe(statement)).await.map(drop).map_err(|failure| {
        match failure.as_database_error().and_then(|error| error.code()).as_deref() {
            Some("2BP01") => Error::invalid(
                "login",
                "The login owns or may use something beside Steward; an administrator of the server has to \
                 drop it.",
            )
            .with_source(failure),
            _ => explain(failure, "viewer"),
        }
    })
}

fn explain(failure: sqlx::Error, role: &str) -> Error {
    let code = failure.as_database_error().and_then(|error| error.code()).map(String::from);
    match code.as_deref() {
        // Before version 16 an unknown right, since then a missing grant option.
        Some("42501") => Error::new(ErrorKind::Permission, "This login may not make or drop logins.")
            .with_detail(format!(
                "an administrator of the server runs: alter role <your login> createrole; grant steward_viewer, \
                 steward_finance, steward_support, steward_{role} to <your login> with admin option"
            ))
            .with_source(failure),
        Some("42710") => {
            Error::invalid("login", "The server has a login of this name already.").with_source(failure)
        }
        _ => map(failure),
    }
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677: user, password, salt and what the server keeps.
    #[test]
    fn the_verifier_is_the_standards() {
        let salt: [u8; 16] =
            STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64").try_into().expect("16 bytes");
        let verifier = scram_verifier(&SecretString::from("pencil"), salt);
        let (keys, server) = verifier.rsplit_once(':').expect("two keys");
        assert!(keys.starts_with("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"), "{keys}");
        // The server signs the example's exchange with this key.
        let key: [u8; 32] = STANDARD.decode(server).expect("base64").try_into().expect("32 bytes");
        let exchange = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
                        r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
                        c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
        mac.update(exchange.as_bytes());
        assert_eq!(
            STANDARD.encode(mac.finalize().into_bytes()),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );
    }

    #[test]
    fn passwords_differ_and_are_read_without_doubt() {
        let (one, two) = (new_password(), new_password());
        assert_ne!(one.expose_secret(), two.expose_secret());
        assert!(one.expose_secret().len() == 20 && !one.expose_secret().contains(['0', 'O', '1', 'l', 'I']));
    }
}
