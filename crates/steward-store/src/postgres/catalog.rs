//! Fingerprints of the synchronised tables, and the proof that no row is hidden.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use steward_core::sync::{Catalog, TablePart, TablePrint};
use steward_core::{Dataset, Error, ErrorKind, Result};

use super::error;

/// The columns named are the synchronised ones: another column added beside them changes nothing for us.
/// `xmin` of a catalog row changes with every change of it, so a trigger that was off for a moment shows.
const TABLES: &str = "
    with wanted as (
        select c.oid, c.relname, c.relfilenode, c.relrowsecurity, c.relforcerowsecurity,
               array(select jsonb_array_elements_text($1 -> c.relname::text)) as columns
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'steward' and c.relkind in ('r', 'p') and $1 ? c.relname::text
    )
    select w.relname::text, w.oid::bigint,
        concat_ws('|', w.relfilenode, w.relrowsecurity, w.relforcerowsecurity,
            (select string_agg(concat_ws(',', a.attnum, a.attname, a.atttypid, a.atttypmod), ';' order by a.attnum)
             from pg_attribute a
             where a.attrelid = w.oid and a.attnum > 0 and not a.attisdropped and a.attname = any(w.columns)),
            (select string_agg(concat_ws(',', t.oid, t.xmin, t.tgenabled, p.xmin), ';' order by t.oid)
             from pg_trigger t join pg_proc p on p.oid = t.tgfoid
             where t.tgrelid = w.oid and not t.tgisinternal),
            (select string_agg(concat_ws(',', p.oid, p.xmin), ';' order by p.oid)
             from pg_policy p where p.polrelid = w.oid)),
        row_security_active(w.oid),
        exists (
            select from pg_policy p
            where p.polrelid = w.oid and p.polpermissive and p.polcmd in ('r', '*')
              and pg_get_expr(p.polqual, p.polrelid) = 'true'
              and (0 = any(p.polroles) or exists (
                  select from unnest(p.polroles) as r(oid) where pg_has_role(r.oid, 'usage')))
        ),
        exists (
            select from pg_policy p
            where p.polrelid = w.oid and not p.polpermissive and p.polcmd in ('r', '*')
              and (0 = any(p.polroles) or exists (
                  select from unnest(p.polroles) as r(oid) where pg_has_role(r.oid, 'usage')))
        )
    from wanted w";

const PARTS: &str = r"
    select i.inhparent::bigint, i.inhrelid::bigint,
        concat_ws('|', i.xmin, c.relfilenode,
            (select string_agg(concat_ws(',', t.oid, t.xmin, t.tgenabled, p.xmin), ';' order by t.oid)
             from pg_trigger t join pg_proc p on p.oid = t.tgfoid
             where t.tgrelid = c.oid and not t.tgisinternal)),
        (extract(epoch from (regexp_match(b.bound, 'FROM \(''([^'']+)''\)'))[1]::timestamptz) * 1000000)::bigint,
        (extract(epoch from (regexp_match(b.bound, 'TO \(''([^'']+)''\)'))[1]::timestamptz) * 1000000)::bigint
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    cross join lateral (select pg_get_expr(c.relpartbound, c.oid) as bound) b
    where i.inhparent::bigint = any($1)";

/// Everything [`TABLES`] and [`PARTS`] depend on, in one pass over the catalogs: while it stays the same, so do
/// the fingerprints and the proof that no row is hidden. Where no policy concerns this login, `row_security =
/// off` turns one that would hide rows after all into an error (S2).
const DIGEST: &str = "
    with root as (
        select c.oid, c.relname, c.relfilenode, c.relrowsecurity, c.relforcerowsecurity,
               row_security_active(c.oid) as is_filtered
        from pg_class c
        where c.relnamespace = to_regnamespace('steward') and c.relkind in ('r', 'p') and c.relname in ($TABLES)
    ), leaf as (
        select i.inhrelid as oid, i.inhparent, i.xmin, c.relfilenode
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent in (select oid from root)
    ), rel as (
        select oid from root union all select oid from leaf
    )
    select
        (select string_agg(concat_ws(',', r.oid, r.relname, r.relfilenode, r.relrowsecurity, r.relforcerowsecurity,
            r.is_filtered), ';' order by r.oid) from root r),
        (select string_agg(concat_ws(',', l.oid, l.inhparent, l.xmin, l.relfilenode), ';' order by l.oid) from leaf l),
        (select string_agg(concat_ws(',', t.oid, t.xmin, t.tgenabled, t.tgfoid), ';' order by t.oid)
         from pg_trigger t where not t.tgisinternal and t.tgrelid in (select oid from rel)),
        (select string_agg(concat_ws(',', p.oid, p.xmin), ';' order by p.oid)
         from pg_proc p where p.oid in (
             select t.tgfoid from pg_trigger t where not t.tgisinternal and t.tgrelid in (select oid from rel))),
        (select string_agg(concat_ws(',', p.oid, p.xmin,
            (select bool_or(r = 0 or pg_has_role(r, 'usage')) from unnest(p.polroles) as r)), ';' order by p.oid)
         from pg_policy p where p.polrelid in (select oid from root)),
        (select string_agg(concat_ws(',', a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod), ';'
            order by a.attrelid, a.attnum)
         from pg_attribute a where a.attnum > 0 and not a.attisdropped and a.attrelid in (select oid from root)),
        set_config('row_security', case when (select bool_or(is_filtered) from root) then 'on' else 'off' end, true)";

/// The statement that asks for the digest; its row is read by [`digest`].
pub(super) fn digest_statement() -> String {
    let tables: Vec<String> =
        Dataset::ALL.iter().map(|dataset| format!("'{}'", dataset.spec().table)).collect();
    DIGEST.replace("$TABLES", &tables.join(", "))
}

/// The hash over everything the fingerprints are made of.
pub(super) fn digest(row: Option<&PgRow>) -> Result<String> {
    let row = row.ok_or_else(|| Error::internal("The server did not tell of its tables."))?;
    let parts = (0..6)
        .map(|index| Ok(row.try_get::<Option<String>, _>(index).map_err(error::map)?.unwrap_or_default()))
        .collect::<Result<Vec<_>>>()?;
    Ok(hash(&parts.join("|")))
}

/// The statement that asks which partitions are attached at this moment, whatever the transaction's snapshot says;
/// its rows are read by [`attached`].
pub(super) fn attached_statement() -> String {
    let events = Dataset::UsageEvents.spec().table;
    format!("select relid::oid::bigint from pg_partition_tree('steward.{events}'::regclass) where level = 1")
}

/// The oids of the attached partitions.
pub(super) fn attached(rows: &[PgRow]) -> Result<Vec<u32>> {
    rows.iter().map(|row| oid_of(row.try_get(0).map_err(error::map)?)).collect()
}

type TableRow = (String, i64, String, bool, bool, bool);
type PartRow = (i64, i64, String, Option<i64>, Option<i64>);

/// Reads the fingerprints inside an open cut and makes sure that rows are hidden from nobody here (S2).
pub(super) async fn read(connection: &mut PgConnection, digest: String) -> Result<Catalog> {
    let wanted: serde_json::Map<String, Value> = Dataset::ALL
        .into_iter()
        .map(|dataset| {
            let names = dataset.spec().columns.iter().map(|column| Value::from(column.name)).collect();
            (dataset.spec().table.to_owned(), Value::Array(names))
        })
        .collect();
    let rows: Vec<TableRow> = sqlx::query_as(TABLES)
        .bind(Value::Object(wanted))
        .persistent(false)
        .fetch_all(&mut *connection)
        .await
        .map_err(error::map)?;
    let mut tables = BTreeMap::new();
    for (table, oid, print, is_filtered, sees_all, is_restricted) in rows {
        let Some(dataset) = Dataset::from_table(&table) else { continue };
        // S2: an empty answer because of a policy is never taken for an empty table.
        if is_filtered && (!sees_all || is_restricted) {
            return Err(Error::new(
                ErrorKind::RowSecurity,
                format!("This login sees only some rows of {table}."),
            ));
        }
        tables.insert(dataset, TablePrint { oid: oid_of(oid)?, print: hash(&print), parts: BTreeMap::new() });
    }
    if let Some(missing) = Dataset::ALL.into_iter().find(|dataset| !tables.contains_key(dataset)) {
        return Err(Error::new(ErrorKind::SchemaMissing, "The database lacks a table that Steward reads.")
            .with_detail(format!("table steward.{}", missing.spec().table)));
    }
    read_parts(connection, &mut tables).await?;
    Ok(Catalog { tables, digest })
}

async fn read_parts(connection: &mut PgConnection, tables: &mut BTreeMap<Dataset, TablePrint>) -> Result<()> {
    let roots: Vec<i64> = tables.values().map(|table| i64::from(table.oid)).collect();
    let parts: Vec<PartRow> = sqlx::query_as(PARTS)
        .bind(roots)
        .persistent(false)
        .fetch_all(&mut *connection)
        .await
        .map_err(error::map)?;
    for (parent, oid, print, start_us, end_us) in parts {
        let (parent, oid) = (oid_of(parent)?, oid_of(oid)?);
        let part = TablePart {
            print: hash(&print),
            start_us: start_us.unwrap_or(i64::MIN),
            end_us: end_us.unwrap_or(i64::MAX),
        };
        if let Some(table) = tables.values_mut().find(|table| table.oid == parent) {
            table.parts.insert(oid, part);
        }
    }
    Ok(())
}

pub(super) fn oid_of(oid: i64) -> Result<u32> {
    u32::try_from(oid).map_err(|_| Error::internal("The server's oid is not an oid."))
}

fn hash(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..16])
}
