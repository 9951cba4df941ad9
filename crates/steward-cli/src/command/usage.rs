//! `usage`, `usage what-if`, `offenders`, `views`.

use serde_json::{Value, json};
use steward_app::table::{Mode, row};
use steward_core::event::{EventFilter, HourOfWeek};
use steward_core::offender::OffenderListReq;
use steward_core::period::Compare;
use steward_core::usage::{Depth, SavedView, SavedViewRef, UsageReq};
use steward_core::what_if::WhatIfReq;
use steward_core::{Error, ErrorKind, Result};

use crate::args::{OffenderArgs, UsageArgs, UsageCommand, UsageShape, ViewCommand, WhatIfArgs, column};
use crate::client::{Answer, Client};
use crate::render::usage as render;

/// Where the views of this command lead to in the window.
const PATH: &str = "/usage";

pub(crate) async fn usage(client: &Client, args: UsageArgs) -> Result<Answer> {
    if let Some(UsageCommand::WhatIf(args)) = args.command {
        return what_if(client, args).await;
    }
    client.ensure_fresh().await?;
    let kept = match &args.view {
        Some(name) => kept(client, name).await?,
        None => json!({}),
    };
    let request = request(client, &args.shape, &kept).await?;
    let usage = client.ask::<row::usage_show>(request).await?;
    let text = if args.sql { render::sql(&usage) } else { render::usage(&usage) };
    Ok(Answer::new(&usage, text)?.fresh(&usage.freshness))
}

async fn what_if(client: &Client, args: WhatIfArgs) -> Result<Answer> {
    client.ensure_fresh().await?;
    let WhatIfArgs { month, plan, metric, limit, rows } = args;
    let request = WhatIfReq { month, plan, metric, limit, rows };
    let answer = client.ask::<row::usage_what_if>(request).await?;
    Ok(Answer::new(&answer, render::what_if(&answer))?.fresh(&answer.freshness))
}

pub(crate) async fn offenders(client: &Client, args: OffenderArgs) -> Result<Answer> {
    client.ensure_fresh().await?;
    let compare = match args.compare {
        Some(compare) => compare.into(),
        None => client.settings().await?.compare,
    };
    let request = OffenderListReq {
        range: client.range().await?,
        zone: client.zone().await?,
        compare,
        limit: args.limit,
    };
    let mut offenders = client.ask::<row::offender_list>(request).await?;
    if let Some(kind) = args.kind {
        offenders.sections.retain(|section| section.kind == kind);
    }
    Ok(Answer::new(&offenders, render::offenders(&offenders))?.fresh(&offenders.freshness))
}

pub(crate) async fn views(client: &Client, command: ViewCommand) -> Result<Answer> {
    let views = match command {
        ViewCommand::List => client.ask::<row::view_list>(()).await?,
        ViewCommand::Save { name, shape } => {
            let search = search(client, &shape)?;
            let view = SavedView { name, path: PATH.to_owned(), search };
            client.call::<row::view_save>(view, Mode::Run).await?
        }
        ViewCommand::Remove { name } => {
            client.call::<row::view_remove>(SavedViewRef { name }, Mode::Run).await?
        }
    };
    Answer::new(&views, render::views(&views.views))
}

/// What a kept view says.
async fn kept(client: &Client, name: &str) -> Result<Value> {
    let views = client.ask::<row::view_list>(()).await?.views;
    // Names are unique without regard to the case of ASCII letters, as the file compares them.
    let found =
        views.into_iter().find(|view| view.path == PATH && view.name.eq_ignore_ascii_case(name.trim()));
    found.map(|view| view.search).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("No view of the use is kept as `{name}`."))
            .with_field("view", "Unknown; `steward views list` shows them.")
    })
}

/// The flags as the address of the window says them; what is not given is not in it.
fn search(client: &Client, shape: &UsageShape) -> Result<Value> {
    let mut search = serde_json::Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        search.extend(value.map(|value| (name.to_owned(), value)));
    };
    put("by", shape.by.map(|by| json!(by)));
    put("measure", shape.measure.map(|measure| json!(measure)));
    put("bucket", shape.bucket.map(|bucket| json!(bucket)));
    put("preset", shape.preset.map(|preset| json!(preset)));
    put("compare", shape.compare.map(|compare| json!(Compare::from(compare))));
    put("range", client.global.range.map(|range| json!(range)));
    put("zone", client.global.tz.clone().map(Value::from));
    let filters = filters("filter", &shape.filters)?;
    put("filters", (!filters.is_empty()).then(|| json!(filters)));
    Ok(Value::Object(search))
}

/// The request: flags first, then a kept view, then how the preset opens, then the settings.
async fn request(client: &Client, shape: &UsageShape, kept: &Value) -> Result<UsageReq> {
    fn said<T: serde::de::DeserializeOwned>(kept: &Value, name: &str) -> Result<Option<T>> {
        kept.get(name).map(|value| serde_json::from_value(value.clone())).transpose().map_err(|cause| {
            Error::invalid("view", format!("The view says something of `{name}` that cannot be read."))
                .with_source(cause)
        })
    }
    let preset = shape.preset.or(said(kept, "preset")?).unwrap_or_default();
    let opening = preset.opening();
    let filters = match filters("filter", &shape.filters)? {
        given if given.is_empty() => said::<Vec<EventFilter>>(kept, "filters")?.unwrap_or(opening.filters),
        given => given,
    };
    let range = match client.global.range.or(said(kept, "range")?).or(opening.range) {
        Some(range) => range,
        None => client.range().await?,
    };
    let zone = match said::<chrono_tz::Tz>(kept, "zone")?.filter(|_| client.global.tz.is_none()) {
        Some(zone) => zone,
        None => client.zone().await?,
    };
    let compare = match shape.compare.map(Compare::from).or(said(kept, "compare")?) {
        Some(compare) => compare,
        None => client.settings().await?.compare,
    };
    Ok(UsageReq {
        range,
        zone,
        compare,
        bucket: shape.bucket.or(said(kept, "bucket")?).or(opening.bucket),
        by: shape.by.or(said(kept, "by")?).unwrap_or(opening.by),
        measure: shape.measure.or(said(kept, "measure")?).unwrap_or(opening.measure),
        filters,
        preset,
        depth: Depth::Rows,
        groups: 0,
    })
}

/// Filters as they are typed; `flag` is the one they were given with.
pub(crate) fn filters(flag: &str, texts: &[String]) -> Result<Vec<EventFilter>> {
    texts.iter().map(|text| filter(flag, text)).collect()
}

/// An hour of the week as it is typed.
pub(crate) fn hour(text: Option<&str>, zone: chrono_tz::Tz) -> Result<Option<HourOfWeek>> {
    let Some(text) = text else { return Ok(None) };
    let parts = text.split_once(':').and_then(|(day, hour)| Some((day.parse().ok()?, hour.parse().ok()?)));
    let (weekday, hour) = parts.ok_or_else(|| {
        Error::invalid("hour", "An hour of the week is written 3:22: Wednesdays (1 is Monday) from 22:00.")
    })?;
    Ok(Some(HourOfWeek { zone, weekday, hour }))
}

fn filter(flag: &str, text: &str) -> Result<EventFilter> {
    let wrong = || {
        Error::invalid(
            flag,
            "A filter is written COLUMN=VALUE or COLUMN!=VALUE; the columns are user_id, team_id, feature, \
             plan_code, model, provider, endpoint, status, event_type and is_admin.",
        )
    };
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let (name, is_excluded) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
    let field = column(name.trim()).map_err(|_| wrong())?;
    let value = (!value.is_empty()).then_some(value);
    Ok(if is_excluded { EventFilter::is_not(field, value) } else { EventFilter::is(field, value) })
}
