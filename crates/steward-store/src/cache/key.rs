//! The key of an encrypted file.

use std::fmt;

use rand::RngCore;
use steward_core::{Error, ErrorKind, Result};
use zeroize::{Zeroize, Zeroizing};

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
