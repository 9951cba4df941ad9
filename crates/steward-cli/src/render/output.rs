//! What leaves the process: data on standard output, failures on standard error.

use std::io::Write as _;

use serde_json::{Value, json};
use steward_app::wire::WireError;
use steward_core::{Error, ErrorKind, Result};

use super::number;
use super::style::Tone;
use crate::client::{Answer, Client};
use crate::exit;

/// The version of the envelope; it goes up only when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

/// Prints the stable JSON form. False when nobody reads any more.
pub(crate) async fn envelope(client: &Client, answer: &Answer) -> Result<bool> {
    let freshness = answer.freshness.clone().unwrap_or_default();
    let is_stale = answer.freshness.as_ref().is_some_and(|freshness| client.is_stale(freshness));
    let envelope = json!({
        "schema": SCHEMA,
        "workspace": client.workspace().await,
        "as_of": freshness.as_of,
        "stale": is_stale,
        "timezone": client.zone().await?.name(),
        "data": answer.data,
        "next": answer.next,
    });
    let mut text = serde_json::to_string(&envelope)
        .map_err(|cause| Error::internal("The answer has no JSON form.").with_source(cause))?;
    text.push('\n');
    written(std::io::stdout().lock().write_all(text.as_bytes()))
}

/// Prints the form for people. False when nobody reads any more.
pub(crate) async fn text(client: &Client, answer: &Answer) -> Result<bool> {
    let mut text = answer.text.trim_end().to_owned();
    if !text.is_empty() {
        text.push('\n');
    }
    let is_read = written(anstream::stdout().lock().write_all(text.as_bytes()))?;
    if let Some(freshness) = &answer.freshness {
        let zone = client.zone().await?;
        let line = match freshness.as_of {
            Some(as_of) => format!("as of {} {}", number::precise(as_of, zone), zone.name()),
            None => "incomplete: the server was not read in full yet; run `steward sync`".to_owned(),
        };
        let remark = match (freshness.as_of, freshness.is_consistent) {
            (None, _) => String::new(),
            (Some(_), false) => {
                Tone::Warning.paint(" · totals may be incomplete: a part is still being read")
            }
            (Some(_), true) if client.is_stale(freshness) => {
                let age = client.now() - freshness.as_of.unwrap_or_default();
                Tone::Warning.paint(format!(" · {} old", age_in_words(age)))
            }
            (Some(_), true) => String::new(),
        };
        client.note(&format!("{}{remark}", Tone::Muted.paint(line)));
    }
    if let Some(next) = &answer.next {
        client.note(&Tone::Muted.paint(format!("more rows: pass --after {next}")));
    }
    Ok(is_read)
}

/// Prints bytes as they are.
pub(crate) fn raw(bytes: &[u8]) -> u8 {
    match written(std::io::stdout().lock().write_all(bytes)) {
        Ok(_) => exit::OK,
        Err(_) => exit::FAILURE,
    }
}

/// Prints a failure and gives its exit code.
pub(crate) fn failure(error: &WireError, is_json: bool) -> u8 {
    if is_json {
        let value: Value = json!({ "error": error });
        anstream::eprintln!("{value}");
    } else {
        anstream::eprintln!("{}", failure_text(error));
    }
    exit::code_of(error.code)
}

fn failure_text(error: &WireError) -> String {
    let code = serde_json::to_value(error.code).ok();
    let code = code.as_ref().and_then(Value::as_str).unwrap_or_default();
    let mut text = format!("{} {}", Tone::Danger.paint("error:"), error.message);
    text.push_str(&Tone::Muted.paint(format!(" [{code}]")));
    if let Some(detail) = &error.detail {
        text.push_str(&format!("\n  {detail}"));
    }
    for field in error.fields.iter().filter(|field| field.message != error.message) {
        text.push_str(&format!("\n  {}: {}", field.field, field.message));
    }
    text.push_str(&format!("\n  {}", Tone::Muted.paint(&error.hint)));
    text
}

fn written(result: std::io::Result<()>) -> Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(cause) if cause.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(cause) => {
            Err(Error::new(ErrorKind::File, "Standard output cannot be written.").with_source(cause))
        }
    }
}

fn age_in_words(age: chrono::Duration) -> String {
    match age.num_minutes() {
        minutes @ 0..120 => format!("{minutes} min"),
        minutes @ 120..2_880 => format!("{} h", minutes / 60),
        minutes => format!("{} days", minutes / 1_440),
    }
}
