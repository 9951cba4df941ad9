//! The key of an encrypted file.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use rand::RngCore;
use sha2::Sha256;
use steward_core::{Error, ErrorKind, Result};
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a nonce: enough for each to be drawn at random.
const NONCE: usize = 24;

/// What the key of sealed values is derived for, so that it is never the key of the file itself.
const SEALING: &[u8] = b"steward: values sealed in local.db, 1";

/// 32 random bytes, wiped when dropped and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// A new random key.
    #[must_use]
    pub fn generate() -> Self {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The key as the secret store keeps it: 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0))
    }

    /// Reads what [`CacheKey::to_hex`] wrote.
    ///
    /// # Errors
    /// `CacheKey` when the text is no key.
    pub fn from_hex(text: &str) -> Result<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| {
            Error::new(ErrorKind::CacheKey, "The secret kept for the local copy is no key of 64 digits.")
        })?;
        Ok(Self(bytes))
    }

    /// Encrypts a value that lies outside the copy, and binds it to what it belongs to. A random nonce stands before it.
    pub(crate) fn seal(&self, plain: &[u8], belongs_to: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: plain, aad: belongs_to };
        let text = self
            .cipher()?
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::internal("A value cannot be sealed."))?;
        Ok([nonce.as_slice(), &text].concat())
    }

    /// What [`CacheKey::seal`] sealed; none where another key did it, or where it is another thing's value.
    pub(crate) fn unseal(&self, sealed: &[u8], belongs_to: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let Some((nonce, text)) = sealed.split_first_chunk::<NONCE>() else { return Ok(None) };
        let payload = Payload { msg: text, aad: belongs_to };
        Ok(self.cipher()?.decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new))
    }

    fn cipher(&self) -> Result<XChaCha20Poly1305> {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::from_prk(&self.0)
            .ok()
            .and_then(|derive| derive.expand(SEALING, key.as_mut_slice()).ok())
            .ok_or_else(|| Error::internal("No key can be derived from the key of the copy."))?;
        Ok(XChaCha20Poly1305::new(&(*key).into()))
    }
}

impl Drop for CacheKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_with_its_key_for_what_it_belongs_to_and_nothing_else() {
        let key = CacheKey::generate();
        let sealed = key.seal(b"14,000 EUR", b"acme 2026-10").expect("it is sealed");
        let again = key.seal(b"14,000 EUR", b"acme 2026-10").expect("it is sealed");
        assert_ne!(sealed, again, "every nonce is its own");
        assert!(!sealed.windows(6).any(|part| part == b"14,000"), "nothing of it can be read");
        let opened = |key: &CacheKey, sealed: &[u8], belongs_to: &[u8]| {
            key.unseal(sealed, belongs_to).expect("the key can be derived").map(|plain| plain.to_vec())
        };
        assert_eq!(opened(&key, &sealed, b"acme 2026-10").as_deref(), Some(b"14,000 EUR".as_slice()));
        assert_eq!(opened(&key, &sealed, b"acme 2026-09"), None, "another month's");
        assert_eq!(opened(&CacheKey::generate(), &sealed, b"acme 2026-10"), None, "another key");
        for broken in 0..sealed.len() {
            let mut bytes = sealed.clone();
            bytes[broken] ^= 1;
            assert_eq!(opened(&key, &bytes, b"acme 2026-10"), None, "byte {broken} was changed");
            assert_eq!(opened(&key, &sealed[..broken], b"acme 2026-10"), None, "cut off at {broken}");
        }
    }
}
