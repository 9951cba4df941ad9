//! Secrets in memory, until Steward closes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use secrecy::SecretString;
use steward_core::Result;

use super::{Secrets, check_length};

/// Secrets that are gone when Steward closes.
#[derive(Default)]
pub struct MemorySecrets(Mutex<HashMap<String, SecretString>>);

impl Secrets for MemorySecrets {
    fn get(&self, name: &str) -> Result<Option<SecretString>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned())
    }

    fn set(&self, name: &str, value: &SecretString) -> Result<()> {
        check_length(value)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value.clone());
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        Ok(())
    }

    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn describe(&self) -> &'static str {
        "memory, until Steward closes"
    }
}
