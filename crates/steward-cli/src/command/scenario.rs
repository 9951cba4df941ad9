//! `scenarios`: what is supposed about revenue.

use chrono_tz::Tz;
use serde_json::json;
use steward_app::table::{Mode, row};
use steward_core::revenue::scenario::{
    Assumptions, PriceAssumption, RevenueWhatIfReq, Scenario, ScenarioRef, ScenarioRenameReq,
};
use steward_core::{Error, ErrorKind, Result};

use crate::args::{ScenarioCommand, SupposedArgs};
use crate::client::{Answer, Client};
use crate::render::outlook as render;

pub(crate) async fn run(client: &Client, command: ScenarioCommand) -> Result<Answer> {
    let list = match command {
        ScenarioCommand::List => client.ask::<row::scenario_list>(()).await?,
        ScenarioCommand::Save { name, supposed, profile, currency } => {
            let scenario = Scenario { name, profile, currency, assumptions: assumptions(supposed)? };
            client.call::<row::scenario_save>(scenario, Mode::Run).await?
        }
        ScenarioCommand::Rename { name, to } => {
            client.call::<row::scenario_rename>(ScenarioRenameReq { name, to }, Mode::Run).await?
        }
        ScenarioCommand::Remove { name } => {
            client.call::<row::scenario_remove>(ScenarioRef { name }, Mode::Run).await?
        }
        ScenarioCommand::Compare { one, other } => return compare(client, &one, &other).await,
    };
    Answer::new(&list, render::scenarios(&list.scenarios))
}

async fn compare(client: &Client, one: &str, other: &str) -> Result<Answer> {
    client.ensure_fresh().await?;
    let zone = client.zone().await?;
    let (one, other) = (kept(client, one).await?, kept(client, other).await?);
    let left = client.ask::<row::revenue_what_if>(request(&one, zone, 1)).await?;
    let right = client.ask::<row::revenue_what_if>(request(&other, zone, 1)).await?;
    let text = render::compared((&one.name, &left), (&other.name, &right));
    let data = json!([
        { "scenario": one, "answer": left },
        { "scenario": other, "answer": right },
    ]);
    Ok(Answer::new(&data, text)?.fresh(&left.freshness))
}

/// A scenario by its name.
pub(super) async fn kept(client: &Client, name: &str) -> Result<Scenario> {
    let all = client.ask::<row::scenario_list>(()).await?.scenarios;
    // Names are unique without regard to the case of ASCII letters, as the file compares them.
    all.into_iter().find(|kept| kept.name.eq_ignore_ascii_case(name.trim())).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("No scenario is kept as `{name}`."))
            .with_field("scenario", "Unknown; `steward scenarios list` shows them.")
    })
}

/// What a scenario asks.
pub(super) fn request(scenario: &Scenario, zone: Tz, rows: u32) -> RevenueWhatIfReq {
    RevenueWhatIfReq {
        zone,
        profile: scenario.profile.clone(),
        currency: scenario.currency.clone(),
        assumptions: scenario.assumptions.clone(),
        rows,
    }
}

/// The flags as assumptions; month and year of one plan are one price.
pub(super) fn assumptions(supposed: SupposedArgs) -> Result<Assumptions> {
    let SupposedArgs { prices, grandfather, churn, churn_times, conversion } = supposed;
    let mut merged: Vec<PriceAssumption> = Vec::new();
    for price in prices {
        let keeps_existing = grandfather.contains(&price.plan);
        let price = PriceAssumption { keeps_existing, ..price };
        let Some(known) = merged.iter_mut().find(|known| known.plan == price.plan) else {
            merged.push(price);
            continue;
        };
        if (known.price_month_minor.is_some() && price.price_month_minor.is_some())
            || (known.price_year_minor.is_some() && price.price_year_minor.is_some())
        {
            return Err(Error::invalid("price", format!("`{}` has two prices of one interval.", price.plan)));
        }
        known.price_month_minor = known.price_month_minor.or(price.price_month_minor);
        known.price_year_minor = known.price_year_minor.or(price.price_year_minor);
    }
    if let Some(plan) = grandfather.iter().find(|plan| merged.iter().all(|price| price.plan != **plan)) {
        return Err(Error::invalid("grandfather", format!("No price of `{plan}` is supposed.")));
    }
    Ok(Assumptions { prices: merged, churn, churn_times, conversion })
}
