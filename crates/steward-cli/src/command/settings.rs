//! `settings`.

use serde_json::Value;
use steward_app::command::settings::Settings;
use steward_app::table::row;
use steward_core::{Error, Result};

use crate::client::{Answer, Client};
use crate::render::table::{Column, Field, table};

pub(crate) async fn show(client: &Client) -> Result<Answer> {
    let settings = client.settings().await?;
    Answer::new(&settings, text(&settings)?)
}

pub(crate) async fn set(client: &Client, name: &str, value: &str) -> Result<Answer> {
    let mut all = form(&client.settings().await?)?;
    let names = all.keys().cloned().collect::<Vec<_>>().join(", ");
    let place = all
        .get_mut(name)
        .ok_or_else(|| Error::invalid("name", format!("There is no setting `{name}`; there are {names}.")))?;
    // A setting keeps its kind: a number stays a number, a switch a switch, everything else is text.
    *place = match place {
        Value::Bool(_) | Value::Number(_) => serde_json::from_str(value)
            .map_err(|_| Error::invalid(name, format!("`{value}` is no value of `{name}`.")))?,
        _ => Value::from(value),
    };
    let settings: Settings = serde_json::from_value(Value::Object(all)).map_err(|cause| {
        Error::invalid(name, format!("`{value}` is no value of `{name}`.")).with_source(cause)
    })?;
    let kept = client.ask::<row::settings_update>(settings).await?;
    Answer::new(&kept, text(&kept)?)
}

fn text(settings: &Settings) -> Result<String> {
    let rows = form(settings)?.into_iter().map(|(name, value)| {
        let value = match value {
            Value::String(text) if text.is_empty() => "as this computer".to_owned(),
            Value::String(text) => text,
            other => other.to_string(),
        };
        vec![Field::from(name), Field::from(value)]
    });
    Ok(table(&[Column::Left("Setting"), Column::Left("Value")], rows))
}

fn form(settings: &Settings) -> Result<serde_json::Map<String, Value>> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(form)) => Ok(form),
        Ok(_) | Err(_) => Err(Error::internal("The settings have no JSON form.")),
    }
}
