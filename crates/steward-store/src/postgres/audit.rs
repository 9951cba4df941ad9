//! Whether the audit log is whole.

use std::collections::BTreeMap;

use sqlx::{Executor, PgConnection, Row};
use steward_core::Result;
use steward_core::audit::{AuditHead, AuditProblem, AuditVerify};

use super::error::map;
use super::look;

/// Problems that are told; the first ones are where it began.
const TOLD: usize = 100;

/// Goes along the whole chain, and compares the ends of it that were seen before.
///
/// # Errors
/// When the server cannot be asked.
pub async fn verify(connection: &mut PgConnection, seen: &[AuditHead]) -> Result<AuditVerify> {
    let mut transaction = look::begin(connection).await?;
    transaction.execute("set local statement_timeout = '10min'").await.map_err(map)?;
    let mut problems: Vec<AuditProblem> = sqlx::query("select id, problem from steward.verify_audit()")
        .persistent(false)
        .fetch_all(&mut *transaction)
        .await
        .map_err(map)?
        .into_iter()
        .map(|row| Ok(AuditProblem { id: row.try_get(0)?, problem: row.try_get(1)? }))
        .collect::<sqlx::Result<_>>()
        .map_err(map)?;
    let ids: Vec<i64> = seen.iter().map(|head| head.id).collect();
    let known: BTreeMap<i64, String> =
        sqlx::query("select id, hash from steward.audit_log where id = any ($1)")
            .bind(ids)
            .persistent(false)
            .fetch_all(&mut *transaction)
            .await
            .map_err(map)?
            .into_iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<sqlx::Result<_>>()
            .map_err(map)?;
    for head in seen {
        let problem = match known.get(&head.id) {
            None => "This computer has seen this entry; the server has it no longer.",
            Some(hash) if *hash != head.hash => {
                "This computer has seen another entry in this place: the log was written anew."
            }
            Some(_) => continue,
        };
        problems.push(AuditProblem { id: head.id, problem: problem.to_owned() });
    }
    problems.sort_by_key(|problem| problem.id);
    problems.truncate(TOLD);
    let row = sqlx::query(
        "select count(*), (select a.id from steward.audit_log a order by a.id desc limit 1),
                (select a.hash from steward.audit_log a order by a.id desc limit 1), now()
         from steward.audit_log",
    )
    .persistent(false)
    .fetch_one(&mut *transaction)
    .await
    .map_err(map)?;
    transaction.rollback().await.map_err(map)?;
    let entries: i64 = row.try_get(0).map_err(map)?;
    let (id, hash): (Option<i64>, Option<String>) =
        (row.try_get(1).map_err(map)?, row.try_get(2).map_err(map)?);
    Ok(AuditVerify {
        is_whole: problems.is_empty(),
        problems,
        entries: entries.unsigned_abs(),
        head: id.zip(hash).map(|(id, hash)| AuditHead { id, hash }),
        heads_compared: seen.len() as u64,
        checked_at: row.try_get(3).map_err(map)?,
    })
}
