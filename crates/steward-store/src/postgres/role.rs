//! Which console role a login has.

use sqlx::{PgConnection, Row as _};
use steward_core::Result;

use super::error::map;

/// The highest console role of the session's login: `admin`, `support`, `finance`, `viewer`; none where it
/// is a member of none, or the database does not know the contract's roles.
pub async fn role_of(connection: &mut PgConnection) -> Result<Option<&'static str>> {
    // A role that does not exist makes pg_has_role fail; asking pg_roles first makes it no row.
    let rows = sqlx::raw_sql(
        "select rolname from pg_catalog.pg_roles
         where rolname in ('steward_viewer', 'steward_finance', 'steward_support', 'steward_admin')
           and pg_catalog.pg_has_role(session_user, oid, 'member')",
    )
    .fetch_all(connection)
    .await
    .map_err(map)?;
    let granted: Vec<String> =
        rows.iter().map(|row| row.try_get(0)).collect::<sqlx::Result<_>>().map_err(map)?;
    let ordered = [
        ("steward_admin", "admin"),
        ("steward_support", "support"),
        ("steward_finance", "finance"),
        ("steward_viewer", "viewer"),
    ];
    Ok(ordered.into_iter().find(|(role, _)| granted.iter().any(|name| name == role)).map(|(_, name)| name))
}
