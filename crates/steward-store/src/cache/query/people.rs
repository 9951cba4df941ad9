//! Who an id is.

use rusqlite::{OptionalExtension, Row};
use steward_core::Result;
use steward_core::id::UserId;
use steward_core::user::UserRow;
use uuid::Uuid;

use crate::cache::{Reader, fault, instant};

/// Reads id, email, name, status, role, plan_code, last_seen_at, created_at.
pub(super) fn user_row(row: &Row<'_>) -> rusqlite::Result<UserRow> {
    let text = |column: usize| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
    Ok(UserRow {
        id: UserId(Uuid::from_bytes(row.get(0)?)),
        email: text(1)?,
        name: text(2)?,
        status: text(3)?,
        role: text(4)?,
        plan_code: text(5)?,
        last_seen_at: row.get::<_, Option<i64>>(6)?.map(instant::to_utc),
        created_at: instant::to_utc(row.get::<_, Option<i64>>(7)?.unwrap_or(i64::MIN)),
        events: None,
    })
}

/// The uuid behind a short id.
pub(super) fn uuid(reader: &Reader, id: u32) -> Result<Uuid> {
    reader
        .connection()
        .prepare_cached("select value from dictionary where id = ?1")
        .and_then(|mut find| find.query_row([id], |row| row.get(0)))
        .map(Uuid::from_bytes)
        .map_err(fault::map)
}

/// The short id of a uuid; none when no event names it.
pub(super) fn short_id(reader: &Reader, uuid: Uuid) -> Result<Option<u32>> {
    reader
        .connection()
        .prepare_cached("select id from dictionary where value = ?1")
        .and_then(|mut find| find.query_row([uuid.as_bytes().as_slice()], |row| row.get(0)).optional())
        .map_err(fault::map)
}

/// A user by id.
pub(super) fn user(reader: &Reader, id: Uuid) -> Result<Option<UserRow>> {
    reader
        .connection()
        .prepare_cached(
            "select id, email, name, status, role, plan_code, last_seen_at, created_at from users
             where id = ?1",
        )
        .and_then(|mut find| find.query_row([id.as_bytes().as_slice()], user_row).optional())
        .map_err(fault::map)
}

/// Users by e-mail address, whatever its case.
pub(super) fn users_by_email(reader: &Reader, email: &str) -> Result<Vec<UserRow>> {
    reader
        .connection()
        .prepare_cached(
            "select id, email, name, status, role, plan_code, last_seen_at, created_at from users
             where fold(email) = fold(?1) order by id",
        )
        .and_then(|mut find| find.query_map([email], user_row)?.collect())
        .map_err(fault::map)
}
