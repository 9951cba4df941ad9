//! `user_list`, `user_show`.

mod history;
mod list;
mod matching;
mod select;
mod show;

use steward_core::user::UserRow;
use steward_core::{Error, ErrorKind, Result};
use uuid::Uuid;

pub use list::list;
pub use select::{Selected, select};
pub use show::show;

use super::people;
use crate::cache::Reader;

/// A user by id or e-mail address.
///
/// # Errors
/// `NotFound` when nobody, `Invalid` when more than one has this address; when the file cannot be read.
pub fn find(reader: &Reader, text: &str) -> Result<UserRow> {
    let text = text.trim();
    let mut found = match Uuid::parse_str(text) {
        Ok(id) => people::user(reader, id)?.into_iter().collect(),
        Err(_) => people::users_by_email(reader, text)?,
    };
    if found.len() > 1 {
        return Err(Error::invalid("user", "More than one user has this e-mail address; give the id."));
    }
    found.pop().ok_or_else(|| {
        Error::new(ErrorKind::NotFound, "No user has this id or e-mail address.")
            .with_field("user", "Unknown.")
    })
}
