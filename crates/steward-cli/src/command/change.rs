//! `users change-plan`, `revert`: look first, then ask, then apply exactly what was shown.

use std::fmt::Write as _;
use std::path::Path;

use chrono_tz::Tz;
use serde_json::Value;
use steward_app::Mode;
use steward_app::table::{Command as Row, row};
use steward_core::id::IntentId;
use steward_core::operation::{OperationRevertReq, Outcome};
use steward_core::user::{UserChangePlanReq, UserFilter};
use steward_core::{Error, ErrorKind, Result};

use crate::args::{ChangePlanArgs, RevertArgs};
use crate::client::{Answer, Client};
use crate::render::change::{count_in_words, outcome};
use crate::render::style::Tone;
use crate::{ask, exit};

pub(crate) async fn plan(client: &Client, args: ChangePlanArgs) -> Result<Answer> {
    let ChangePlanArgs { users, filters, all, file, plan } = args;
    let filter = match (all, filters.as_slice()) {
        (false, []) => None,
        (_, texts) => Some(user_filter(texts, client.zone().await?)?),
    };
    let (users, lines) = match &file {
        Some(path) => named_lines(path)?.into_iter().unzip(),
        None => (users, Vec::new()),
    };
    let request = UserChangePlanReq {
        intent: new_intent(),
        users,
        filter,
        plan_code: plan,
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    };
    let answer = reviewed::<row::user_change_plan>(client, request, |request, token, confirm| {
        request.plan_token = Some(token);
        request.confirm = confirm;
    })
    .await;
    answer.map_err(|error| by_line(error, &lines))
}

/// Ids and addresses of a file, each with the number of its line.
fn named_lines(path: &Path) -> Result<Vec<(String, usize)>> {
    let text = if path.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|cause| {
        Error::new(ErrorKind::File, "The file cannot be read.")
            .with_field("file", "It cannot be read as text.")
            .with_detail(path.display().to_string())
            .with_source(cause)
    })?;
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).zip(1..);
    let named: Vec<_> = lines
        .filter(|(line, _)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, number)| (line.to_owned(), number))
        .collect();
    if named.is_empty() {
        return Err(Error::invalid("file", "The file names nobody."));
    }
    Ok(named)
}

/// The same failure with the lines of the file in place of the places in the request.
fn by_line(error: Error, lines: &[usize]) -> Error {
    let line_of = |field: &str| -> Option<usize> {
        let place: usize = field.strip_prefix("users[")?.strip_suffix(']')?.parse().ok()?;
        lines.get(place).copied()
    };
    if lines.is_empty() || !error.fields().iter().any(|field| line_of(&field.field).is_some()) {
        return error;
    }
    let named = Error::new(error.kind(), error.message().to_owned());
    error.fields().iter().fold(named, |named, field| match line_of(&field.field) {
        Some(line) => named.with_field(format!("line {line}"), field.message.clone()),
        None => named.with_field(field.field.clone(), field.message.clone()),
    })
}

/// `plan=free` and the like, all of which have to hold.
fn user_filter(texts: &[String], zone: Tz) -> Result<UserFilter> {
    let wrong = |why: &str| {
        Error::invalid(
            "filter",
            format!(
                "{why} A filter is written FIELD=VALUE; the fields are plan, status, role, team, signed-up, seen \
                 and search."
            ),
        )
    };
    let mut filter = UserFilter { zone, ..UserFilter::default() };
    for text in texts {
        let (field, value) = text.split_once('=').ok_or_else(|| wrong("No value is given."))?;
        let value = value.trim().to_owned();
        match field.trim() {
            "plan" => filter.plan_code = Some(value),
            "status" => filter.status = Some(value),
            "role" => filter.role = Some(value),
            "team" => filter.team = Some(value.parse().map_err(|_| wrong("A team is given by its id."))?),
            "signed-up" => filter.signed_up = Some(value.parse()?),
            "seen" => filter.last_seen = Some(value.parse()?),
            "search" => filter.search = value,
            _ => return Err(wrong("This field is unknown.")),
        }
    }
    Ok(filter)
}

pub(crate) async fn revert(client: &Client, args: RevertArgs) -> Result<Answer> {
    let operation = args.operation.parse().map_err(|_| {
        Error::invalid("operation", "An operation's id is a UUID; `steward audit list` shows them.")
    })?;
    let request = OperationRevertReq {
        intent: new_intent(),
        operation,
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    };
    reviewed::<row::operation_revert>(client, request, |request, token, confirm| {
        request.plan_token = Some(token);
        request.confirm = confirm;
    })
    .await
}

/// Preview, question, application. The token of the preview goes into the application, so what was shown is
/// what happens, or nothing does.
pub(super) async fn reviewed<C>(
    client: &Client,
    mut request: C::Request,
    accept: impl FnOnce(&mut C::Request, String, Option<String>),
) -> Result<Answer>
where
    C: Row<Response = Outcome>,
    C::Request: Clone,
{
    if C::SPEC.needs_reason() {
        request = reasoned::<C>(client, request)?;
    }
    let preview = client.call::<C>(request.clone(), Mode::Preview).await?;
    let shown = format!("{}\n{}", outcome(&preview), Tone::Muted.paint(count_in_words(&preview)));
    if client.global.dry_run || preview.rows.is_empty() {
        return Ok(Answer::new(&preview, shown)?.code(code(&preview)));
    }
    if !client.global.json {
        client.note(&format!("{shown}\n"));
    }
    if preview.confirm.is_some() {
        request = reasoned::<C>(client, request)?;
    }
    let confirm = match &preview.confirm {
        Some(phrase) => Some(ask::typed(&client.global, phrase, &format!("{}.", count_in_words(&preview)))?),
        None => {
            ask::confirm(&client.global, "Apply?")?;
            client.global.confirm.clone()
        }
    };
    accept(&mut request, preview.plan_token, confirm);
    let applied = client.call::<C>(request, Mode::Run).await?;
    let mut text = Tone::Success.paint(count_in_words(&applied));
    let _ = write!(
        text,
        "\noperation {}\n{}",
        applied.intent,
        Tone::Muted.paint(format!("take it back with: steward revert {}", applied.intent))
    );
    Ok(Answer::new(&applied, text)?.code(code(&applied)))
}

/// The same request with a reason: the one it has, else what a person answers.
pub(super) fn reasoned<C: Row>(client: &Client, request: C::Request) -> Result<C::Request> {
    let form = |cause| Error::internal("The request has no JSON form.").with_source(cause);
    let mut whole = serde_json::to_value(&request).map_err(form)?;
    if whole.get("reason").and_then(Value::as_str).is_none_or(|reason| !reason.trim().is_empty()) {
        return Ok(request);
    }
    whole["reason"] = ask::reason(&client.global)?.into();
    serde_json::from_value(whole).map_err(form)
}

fn code(outcome: &Outcome) -> u8 {
    if outcome.skipped.is_empty() { exit::OK } else { exit::PARTIAL }
}

pub(super) fn new_intent() -> IntentId {
    IntentId(uuid::Uuid::now_v7())
}
