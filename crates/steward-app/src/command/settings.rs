//! `settings_show`, `settings_update`.

use serde::{Deserialize, Serialize};
use steward_core::period::{Compare, RangeSpec};
use steward_core::{Error, Result};
use ts_rs::TS;

use crate::context::Steward;

const SETTINGS: &str = "settings";

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Height of rows and controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Density {
    /// 40 px rows.
    Comfortable,
    /// 32 px rows.
    #[default]
    Default,
    /// 28 px rows.
    Compact,
}

/// What a person chose on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct Settings {
    /// Light or dark.
    pub theme: Theme,
    /// Density.
    pub density: Density,
    /// Reporting zone; empty for this computer's own.
    pub zone: String,
    /// The range a view opens with.
    pub range: String,
    /// How the previous period is found.
    pub compare: Compare,
    /// Whether single keys are shortcuts (WCAG 2.1.4).
    pub has_single_key_shortcuts: bool,
    /// Seconds between two looks at the server while the window is in front.
    pub pull_seconds: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            density: Density::Default,
            zone: String::new(),
            range: "30d".to_owned(),
            compare: Compare::Weekday,
            has_single_key_shortcuts: true,
            pull_seconds: 5,
        }
    }
}

pub(crate) async fn settings_show(steward: &Steward, (): ()) -> Result<Settings> {
    // Settings of a newer Steward that cannot be read any more are the defaults, not a failure.
    steward.blocking(|inner| Ok(inner.local.setting(SETTINGS)?.unwrap_or_default())).await
}

pub(crate) async fn settings_update(steward: &Steward, settings: Settings) -> Result<Settings> {
    if !settings.zone.is_empty() && settings.zone.parse::<chrono_tz::Tz>().is_err() {
        return Err(Error::invalid("zone", "The zone is an IANA name, for example Europe/Berlin, or empty."));
    }
    settings.range.parse::<RangeSpec>()?;
    if !(1..=3_600).contains(&settings.pull_seconds) {
        return Err(Error::invalid("pull_seconds", "The pause between two looks is 1 to 3,600 seconds."));
    }
    steward
        .blocking(move |inner| {
            inner.local.put_setting(SETTINGS, &settings)?;
            Ok(settings)
        })
        .await
}
