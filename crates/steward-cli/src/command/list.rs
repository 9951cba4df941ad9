//! `users`, `plans`, `events`, `audit`: lists from the copy.

use chrono_tz::Tz;
use steward_app::table::row;
use steward_core::audit::AuditListReq;
use steward_core::event::EventListReq;
use steward_core::find::FindReq;
use steward_core::period::Compare;
use steward_core::user::{UserFilter, UserListReq, UserSort};
use steward_core::{Error, Result};

use super::usage;
use crate::args::{AuditCommand, EventListArgs, UserFilterArgs, UserListArgs, UserSortArg};
use crate::client::{Answer, Client};
use crate::exit;
use crate::render::list;
use crate::render::number::grouped;
use crate::render::style::Tone;

pub(crate) async fn users(client: &Client, args: UserListArgs) -> Result<Answer> {
    client.ensure_fresh().await?;
    let zone = client.zone().await?;
    let sort = match args.sort {
        UserSortArg::Email => UserSort::Email,
        UserSortArg::Created => UserSort::CreatedAt,
        UserSortArg::Seen => UserSort::LastSeenAt,
        UserSortArg::Usage => UserSort::Usage,
    };
    let request = UserListReq {
        filter: user_filter(args.filter, zone),
        sort,
        usage: if sort == UserSort::Usage || client.global.range.is_some() {
            Some(client.range().await?)
        } else {
            None
        },
        after: args.page.after,
        limit: args.page.limit,
    };
    let users = client.ask::<row::user_list>(request).await?;
    let text =
        format!("{}\n\n{}", list::users(&users.rows, zone), counted(users.rows.len(), users.total, "users"));
    Ok(Answer::new(&users, text)?.fresh(&users.freshness).next(users.next.clone()))
}

/// Which users, as they were typed.
pub(super) fn user_filter(args: UserFilterArgs, zone: Tz) -> UserFilter {
    UserFilter {
        search: args.search.unwrap_or_default(),
        plan_code: args.plan,
        status: args.status,
        role: args.role,
        team: args.team,
        signed_up: args.signed_up,
        last_seen: args.seen,
        zone,
    }
}

pub(crate) async fn find(client: &Client, words: &[String], limit: u32) -> Result<Answer> {
    client.ensure_fresh().await?;
    let text = words.join(" ");
    let found = client.ask::<row::record_find>(FindReq { text: text.clone(), kind: None, limit }).await?;
    let shown = if found.rows.is_empty() {
        Tone::Muted.paint(format!("Nothing matches {text}."))
    } else {
        list::found(&found.rows)
    };
    let code = if found.rows.is_empty() { exit::NOT_FOUND } else { exit::OK };
    Ok(Answer::new(&found, shown)?.fresh(&found.freshness).code(code))
}

pub(crate) async fn plans(client: &Client) -> Result<Answer> {
    client.ensure_fresh().await?;
    let plans = client.ask::<row::plan_list>(()).await?;
    Ok(Answer::new(&plans, list::plans(&plans.rows))?.fresh(&plans.freshness))
}

pub(crate) async fn events(client: &Client, args: EventListArgs) -> Result<Answer> {
    client.ensure_fresh().await?;
    let zone = client.zone().await?;
    let range = client.range().await?.resolve(zone, client.as_of().await?, Compare::Off);
    let request = EventListReq {
        period: range.period,
        filters: usage::filters("where", &args.filters)?,
        hour: usage::hour(args.hour.as_deref(), zone)?,
        after: args.page.after,
        limit: args.page.limit,
    };
    let events = client.ask::<row::event_list>(request).await?;
    let mut text = format!(
        "{}\n\n{}",
        list::events(&events.rows, zone),
        counted(events.rows.len(), events.total, "events")
    );
    if let Some(since) = events.rows_since {
        text.push('\n');
        text.push_str(&Tone::Warning.paint(list::rows_since(since, events.older, zone)));
    }
    Ok(Answer::new(&events, text)?.fresh(&events.freshness).next(events.next.clone()))
}

pub(crate) async fn audit(client: &Client, command: AuditCommand) -> Result<Answer> {
    let AuditCommand::List { operation, key, who, action, table, when, page } = command else {
        let verified = client.ask::<row::audit_verify>(()).await?;
        let code = if verified.is_whole { exit::OK } else { exit::CHECK_FAILED };
        return Ok(Answer::new(&verified, list::audit_chain(&verified))?.code(code));
    };
    client.ensure_fresh().await?;
    let intent = operation
        .map(|text| text.parse().map_err(|_| Error::invalid("operation", "An operation's id is a UUID.")));
    let period = match client.global.range {
        Some(range) => Some(range.resolve(client.zone().await?, client.as_of().await?, Compare::Off).period),
        None => None,
    };
    let request = AuditListReq {
        intent: intent.transpose()?,
        key,
        who,
        action,
        table,
        since: period.map(|period| period.start),
        until: period.map(|period| period.end),
        after: page.after,
        limit: page.limit,
        ..AuditListReq::default()
    };
    let request = when.narrow(request, client.zone().await?);
    let log = client.ask::<row::audit_list>(request).await?;
    let text = list::audit(&log.rows, client.zone().await?);
    Ok(Answer::new(&log, text)?.fresh(&log.freshness).next(log.next.clone()))
}

fn counted(shown: usize, total: u64, noun: &str) -> String {
    let total = grouped(i128::from(total));
    Tone::Muted.paint(format!("{} of {total} {noun}", grouped(shown as i128)))
}
