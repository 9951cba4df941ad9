//! Looking at a table: what can be read, by which key, and how new rows are best found.

use sqlx::PgConnection;
use steward_core::{Error, ErrorKind, Result};

use super::{AdoptedColumn, AdoptedTable, Follow, KeyKind};
use crate::postgres::error;

/// A column in the catalog: name, type, whether the type has a binary form, place in the primary key, whether
/// the database itself numbers it one by one.
type ColumnRow = (String, i64, bool, Option<i32>, bool, bool);

const COLUMNS: &str = "
    select a.attname::text, a.atttypid::bigint, y.typsend <> 0,
        array_position(k.conkey::int[], a.attnum::int),
        coalesce(s.seqcache = 1 and s.seqincrement = 1 and (a.attidentity <> '' or d.oid is not null), false),
        coalesce(pg_get_expr(d.adbin, d.adrelid) in ('now()', 'CURRENT_TIMESTAMP', 'transaction_timestamp()'), false)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type y on y.oid = a.atttypid
    left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    left join lateral (
        select q.seqcache, q.seqincrement from pg_depend p join pg_sequence q on q.seqrelid = p.objid
        where p.classid = 'pg_class'::regclass and p.refclassid = 'pg_class'::regclass
          and p.refobjid = c.oid and p.refobjsubid = a.attnum and p.deptype in ('a', 'i')
    ) s on true
    where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p')
    order by a.attnum";

/// Reads the catalog and chooses how to follow the table: by its number when the database hands out every one
/// by itself and singly, else by scanning. A time that only inserts set would miss changed rows and is chosen
/// by the caller alone, who knows whether a trigger keeps it.
///
/// # Errors
/// `NotFound` when there is no such table; `Invalid` when its key cannot be read in order.
pub async fn probe(connection: &mut PgConnection, schema: &str, name: &str) -> Result<AdoptedTable> {
    let rows: Vec<ColumnRow> = sqlx::query_as(COLUMNS)
        .bind(schema)
        .bind(name)
        .persistent(false)
        .fetch_all(connection)
        .await
        .map_err(error::map)?;
    if rows.is_empty() {
        return Err(Error::new(ErrorKind::NotFound, format!("There is no table {schema}.{name}.")));
    }
    let mut key: Vec<(i32, usize)> =
        rows.iter().zip(0..).filter_map(|(row, position)| Some((row.3?, position))).collect();
    key.sort_unstable();
    let key: Vec<usize> = key.into_iter().map(|(_, position)| position).collect();
    let columns: Vec<AdoptedColumn> = rows
        .iter()
        .map(|(name, oid, has_binary, ..)| AdoptedColumn {
            name: name.clone(),
            is_text: !has_binary,
            key_kind: KeyKind::of_type(*oid),
        })
        .collect();
    let unreadable = key.iter().find(|position| columns[**position].key_kind.is_none());
    if key.is_empty() || unreadable.is_some() {
        let reason = match unreadable {
            None => format!("The table {schema}.{name} has no primary key."),
            Some(position) => format!(
                "The key column {} of {schema}.{name} has a type that cannot be read in order.",
                columns[*position].name
            ),
        };
        return Err(Error::new(ErrorKind::Invalid, reason));
    }
    let numbered = rows.iter().position(|row| row.4 && KeyKind::of_type(row.1) == Some(KeyKind::Int));
    let follow = numbered.map_or(Follow::Scan, |column| Follow::Id { column });
    Ok(AdoptedTable { schema: schema.to_owned(), name: name.to_owned(), columns, key, follow })
}
