//! `record_find`: users and teams by whatever is at hand, the best reason first.

use std::collections::HashSet;

use rusqlite::{Row, params};
use steward_core::find::{FindKind, FindList, FindReason, FindReq, FindRow};
use steward_core::{Dataset, Result};
use uuid::Uuid;

use super::words::{self, Occur};
use crate::cache::fold::fold;
use crate::cache::{Reader, fault};

/// Rows when the request does not say.
const ROWS: usize = 10;

/// The most rows.
const ROWS_MAX: usize = 100;

/// Digits of an id from which on its beginning is looked for.
const ID_DIGITS: usize = 6;

/// What is looked up, one way after the other, until there are enough.
struct Way {
    reason: FindReason,
    sql: &'static str,
    given: Given,
}

/// What a way is given.
enum Given {
    Blob(Vec<u8>),
    Text(String),
    Between(Vec<u8>, Vec<u8>),
    TextBetween(String, String),
}

macro_rules! users {
    ($condition:literal) => {
        concat!(
            "select users.id, coalesce(nullif(users.name, ''), users.email),
                 case when coalesce(users.name, '') = '' then coalesce(users.plan_code, '') else users.email end,
                 users.status
             from users where ",
            $condition
        )
    };
}

macro_rules! teams {
    ($condition:literal) => {
        concat!(
            "select teams.id, teams.name,
                 (select count(*) from team_members where team_members.team_id = teams.id), null
             from teams where ",
            $condition
        )
    };
}

/// What fits, at most as many as were asked for: ids and numbers of invoices first, then e-mail addresses and names as a whole, then
/// what begins so, then words, then beginnings of words.
///
/// # Errors
/// When the file cannot be read.
pub fn find(reader: &Reader, req: &FindReq) -> Result<FindList> {
    let freshness = super::freshness(
        reader,
        &[Dataset::Users, Dataset::Teams, Dataset::TeamMembers, Dataset::Subscriptions],
    )?;
    let (text, kind) = req.parts();
    let limit = match req.limit as usize {
        0 => ROWS,
        limit => limit.min(ROWS_MAX),
    };
    let mut rows: Vec<FindRow> = Vec::new();
    if !text.is_empty() {
        for (wanted, ways) in [(FindKind::User, user_ways(text)), (FindKind::Team, team_ways(text))] {
            if kind.is_none_or(|kind| kind == wanted) {
                rows.extend(look(reader, wanted, ways, limit)?);
            }
        }
    }
    rows.sort_by_cached_key(|row| (row.reason, row.kind, fold(&row.title), row.id.clone()));
    rows.truncate(limit);
    Ok(FindList { freshness, rows })
}

fn user_ways(text: &str) -> Vec<Way> {
    let folded = fold(text);
    let mut ways = Vec::new();
    let mut way = |reason, sql, given| ways.push(Way { reason, sql, given });
    if let Ok(id) = Uuid::parse_str(text) {
        way(FindReason::Id, users!("id = ?1 limit ?2"), Given::Blob(id.into_bytes().into()));
    }
    way(FindReason::Id, users!("stripe_customer_id = ?1 limit ?2"), Given::Text(text.to_owned()));
    way(
        FindReason::Id,
        users!("id in (select user_id from subscriptions where stripe_subscription_id = ?1) limit ?2"),
        Given::Text(text.to_owned()),
    );
    way(
        FindReason::Id,
        users!(
            "stripe_customer_id in (
                 select customer from stripe_invoices where number = ?1 collate nocase
                 union select customer from stripe_invoices where id = ?1)
             or id in (
                 select subscriptions.user_id from stripe_invoices
                 join subscriptions on subscriptions.stripe_subscription_id = stripe_invoices.subscription
                 where stripe_invoices.number = ?1 collate nocase)
             limit ?2"
        ),
        Given::Text(text.to_owned()),
    );
    way(FindReason::Exact, users!("fold(email) = ?1 order by id limit ?2"), Given::Text(folded.clone()));
    let end = format!("{folded}{}", char::MAX);
    way(
        FindReason::Beginning,
        users!("fold(email) >= ?1 and fold(email) < ?2 order by fold(email), id limit ?3"),
        Given::TextBetween(folded, end),
    );
    if let Some((first, last)) = id_range(text) {
        way(
            FindReason::Beginning,
            users!("id between ?1 and ?2 order by id limit ?3"),
            Given::Between(first, last),
        );
    }
    let by_words = [
        (Occur::First, FindReason::Beginning),
        (Occur::Whole, FindReason::Words),
        (Occur::Beginning, FindReason::WordBeginnings),
    ];
    for (occur, reason) in by_words {
        if let Some(query) = words::query(text, occur) {
            // The order of a full-text table is that of its rows: asking for another would rank a million.
            way(
                reason,
                users!("rowid in (select rowid from user_text where user_text match ?1 limit ?2)"),
                Given::Text(query),
            );
        }
    }
    ways
}

fn team_ways(text: &str) -> Vec<Way> {
    let mut ways = Vec::new();
    let mut way = |reason, sql, given| ways.push(Way { reason, sql, given });
    if let Ok(id) = Uuid::parse_str(text) {
        way(FindReason::Id, teams!("id = ?1 limit ?2"), Given::Blob(id.into_bytes().into()));
    }
    way(
        FindReason::Id,
        teams!("id in (select team_id from subscriptions where stripe_subscription_id = ?1) limit ?2"),
        Given::Text(text.to_owned()),
    );
    way(
        FindReason::Id,
        teams!(
            "id in (
                 select subscriptions.team_id from stripe_invoices
                 join subscriptions on subscriptions.stripe_subscription_id = stripe_invoices.subscription
                 where stripe_invoices.number = ?1 collate nocase
                 union select subscriptions.team_id from stripe_invoices
                 join subscriptions on subscriptions.stripe_subscription_id = stripe_invoices.subscription
                 where stripe_invoices.id = ?1)
             limit ?2"
        ),
        Given::Text(text.to_owned()),
    );
    if let Some((first, last)) = id_range(text) {
        way(
            FindReason::Beginning,
            teams!("id between ?1 and ?2 order by id limit ?3"),
            Given::Between(first, last),
        );
    }
    let by_words = [
        (Occur::First, FindReason::Beginning),
        (Occur::Whole, FindReason::Words),
        (Occur::Beginning, FindReason::WordBeginnings),
    ];
    for (occur, reason) in by_words {
        if let Some(query) = words::query(text, occur) {
            way(
                reason,
                teams!("rowid in (select rowid from team_text where team_text match ?1 limit ?2)"),
                Given::Text(query),
            );
        }
    }
    ways
}

/// The ids that begin with these digits.
fn id_range(text: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let digits: String = text.chars().filter(|letter| *letter != '-').collect();
    if !(ID_DIGITS..32).contains(&digits.len()) || !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let id = |filler: &str| {
        Uuid::parse_str(&format!("{digits}{}", filler.repeat(32 - digits.len())))
            .ok()
            .map(|id| id.into_bytes().to_vec())
    };
    id("0").zip(id("f"))
}

fn look(reader: &Reader, kind: FindKind, ways: Vec<Way>, limit: usize) -> Result<Vec<FindRow>> {
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    for Way { reason, sql, given } in ways {
        if rows.len() >= limit {
            break;
        }
        let wanted = limit as i64;
        let mut find = reader.connection().prepare_cached(sql).map_err(fault::map)?;
        let read = |row: &Row<'_>| read(row, kind, reason);
        let found: rusqlite::Result<Vec<FindRow>> = match given {
            Given::Blob(blob) => find.query_map(params![blob, wanted], read).and_then(Iterator::collect),
            Given::Text(text) => find.query_map(params![text, wanted], read).and_then(Iterator::collect),
            Given::Between(first, last) => {
                find.query_map(params![first, last, wanted], read).and_then(Iterator::collect)
            }
            Given::TextBetween(first, last) => {
                find.query_map(params![first, last, wanted], read).and_then(Iterator::collect)
            }
        };
        rows.extend(found.map_err(fault::map)?.into_iter().filter(|row| seen.insert(row.id.clone())));
    }
    Ok(rows)
}

fn read(row: &Row<'_>, kind: FindKind, reason: FindReason) -> rusqlite::Result<FindRow> {
    let note = match kind {
        FindKind::User => row.get::<_, Option<String>>(2)?.unwrap_or_default(),
        FindKind::Team => match row.get::<_, i64>(2)? {
            1 => "1 member".to_owned(),
            members => format!("{members} members"),
        },
    };
    Ok(FindRow {
        kind,
        id: Uuid::from_bytes(row.get(0)?).to_string(),
        title: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
        note,
        status: row.get(3)?,
        reason,
    })
}
