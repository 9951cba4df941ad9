//! `scenario_list`, `scenario_save`, `scenario_rename`, `scenario_remove`: what somebody supposes about revenue, on this
//! computer and for one workspace.

use steward_core::revenue::Profile;
use steward_core::revenue::rate;
use steward_core::revenue::scenario::{NAME_LENGTH, Scenario, ScenarioList, ScenarioRef, ScenarioRenameReq};
use steward_core::{Error, ErrorKind, Result};

use crate::context::Steward;

pub(crate) async fn scenario_list(steward: &Steward, (): ()) -> Result<ScenarioList> {
    let id = steward.current().await?.id;
    steward.blocking(move |inner| Ok(ScenarioList { scenarios: inner.local.scenarios(id)? })).await
}

pub(crate) async fn scenario_save(steward: &Steward, scenario: Scenario) -> Result<ScenarioList> {
    let name = named("name", &scenario.name)?;
    scenario.assumptions.check()?;
    Profile::named("profile", scenario.profile.as_deref())?;
    let currency = scenario.currency.as_deref().map(|text| rate::code("currency", text)).transpose()?;
    let id = steward.current().await?.id;
    steward
        .blocking(move |inner| {
            inner.local.put_scenario(id, &Scenario { name, currency, ..scenario })?;
            Ok(ScenarioList { scenarios: inner.local.scenarios(id)? })
        })
        .await
}

pub(crate) async fn scenario_rename(steward: &Steward, request: ScenarioRenameReq) -> Result<ScenarioList> {
    let to = named("to", &request.to)?;
    let id = steward.current().await?.id;
    steward
        .blocking(move |inner| {
            if !inner.local.rename_scenario(id, request.name.trim(), &to)? {
                return Err(unknown());
            }
            Ok(ScenarioList { scenarios: inner.local.scenarios(id)? })
        })
        .await
}

pub(crate) async fn scenario_remove(steward: &Steward, scenario: ScenarioRef) -> Result<ScenarioList> {
    let id = steward.current().await?.id;
    steward
        .blocking(move |inner| {
            if !inner.local.remove_scenario(id, scenario.name.trim())? {
                return Err(unknown());
            }
            Ok(ScenarioList { scenarios: inner.local.scenarios(id)? })
        })
        .await
}

/// A name as it is kept.
fn named(field: &str, name: &str) -> Result<String> {
    let name = name.trim();
    if (1..=NAME_LENGTH).contains(&name.chars().count()) {
        Ok(name.to_owned())
    } else {
        Err(Error::invalid(field, "A scenario's name has 1 to 80 characters."))
    }
}

fn unknown() -> Error {
    Error::new(ErrorKind::NotFound, "No scenario of this workspace has this name.")
        .with_field("name", "Unknown.")
}
