//! The command table with this call's flags around it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use steward_app::command::settings::Settings;
use steward_app::table::{Command as Row, Mode, Spec, call, row};
use steward_app::{Engine, OpenOptions, Steward};
use steward_core::freshness::Freshness;
use steward_core::period::RangeSpec;
use steward_core::{Clock, Error, ErrorKind, Result, SystemClock};

use crate::args::Global;
use crate::exit;

/// What every command may ask beside its own rows.
const ALWAYS: &[&str] = &["session_show", "settings_show", "sync_status", "sync_run"];

/// Data older than this is marked stale.
const STALE_AFTER: chrono::Duration = chrono::Duration::minutes(15);

/// What a command hands to the renderer.
pub(crate) struct Answer {
    pub(crate) data: serde_json::Value,
    pub(crate) text: String,
    pub(crate) freshness: Option<Freshness>,
    pub(crate) next: Option<String>,
    pub(crate) code: u8,
}

impl Answer {
    pub(crate) fn new(data: &impl serde::Serialize, text: String) -> Result<Self> {
        let data = serde_json::to_value(data)
            .map_err(|cause| Error::internal("The answer has no JSON form.").with_source(cause))?;
        Ok(Self { data, text, freshness: None, next: None, code: exit::OK })
    }

    pub(crate) fn fresh(mut self, freshness: &Freshness) -> Self {
        self.freshness = Some(freshness.clone());
        self
    }

    pub(crate) fn next(mut self, next: Option<String>) -> Self {
        self.next = next;
        self
    }

    pub(crate) fn code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }
}

/// The table, the flags, and what this call found out once.
pub(crate) struct Client {
    pub(crate) steward: Steward,
    pub(crate) global: Global,
    rows: &'static [Spec],
    clock: SystemClock,
}

impl Client {
    pub(crate) async fn open(global: Global, rows: &'static [Spec]) -> Result<Self> {
        let options = OpenOptions {
            engine: if global.offline { Engine::Offline } else { Engine::OnDemand },
            workspace: global.workspace.clone(),
            ..OpenOptions::default()
        };
        Ok(Self { steward: Steward::open(options).await?, global, rows, clock: SystemClock })
    }

    /// Calls a row. Each command declares its rows in `args.rs`, which is what the coverage test reads.
    pub(crate) async fn call<C: Row>(&self, request: C::Request, mode: Mode) -> Result<C::Response> {
        debug_assert!(
            ALWAYS.contains(&C::SPEC.name) || self.rows.contains(&C::SPEC),
            "`{}` is not among the rows this command declares",
            C::SPEC.name
        );
        Box::pin(call::<C>(&self.steward, request, mode)).await
    }

    /// Asks a row that changes nothing.
    pub(crate) async fn ask<C: Row>(&self, request: C::Request) -> Result<C::Response> {
        self.call::<C>(request, Mode::Run).await
    }

    /// The zone of the days: flag, environment, settings, this computer.
    pub(crate) async fn zone(&self) -> Result<Tz> {
        let name = match &self.global.tz {
            Some(name) => name.clone(),
            None => match self.settings().await?.zone {
                name if name.is_empty() => steward_app::locale::zone(),
                name => name,
            },
        };
        name.parse().map_err(|_| {
            Error::invalid("tz", format!("`{name}` is no IANA zone; one is written Europe/Berlin."))
        })
    }

    /// The range: flag, settings.
    pub(crate) async fn range(&self) -> Result<RangeSpec> {
        match self.global.range {
            Some(range) => Ok(range),
            None => self.settings().await?.range.parse(),
        }
    }

    pub(crate) async fn settings(&self) -> Result<Settings> {
        self.ask::<row::settings_show>(()).await
    }

    /// The server's time of the last cut; this computer's before the first.
    pub(crate) async fn as_of(&self) -> Result<DateTime<Utc>> {
        Ok(self.ask::<row::sync_status>(()).await?.as_of.unwrap_or_else(|| self.clock.now()))
    }

    /// The current workspace's name, for the envelope.
    pub(crate) async fn workspace(&self) -> Option<String> {
        let session = self.ask::<row::session_show>(()).await.ok()?;
        session.workspace.map(|workspace| workspace.name)
    }

    /// With `--max-age`, makes sure the copy is not older: syncs, or refuses.
    pub(crate) async fn ensure_fresh(&self) -> Result<()> {
        let Some(limit) = self.global.max_age else { return Ok(()) };
        let as_of = self.ask::<row::sync_status>(()).await?.as_of;
        if as_of.is_some_and(|as_of| self.clock.now() - as_of <= limit) {
            return Ok(());
        }
        if self.global.offline {
            return Err(Error::new(ErrorKind::Offline, "The copy is older than --max-age allows."));
        }
        self.ask::<row::sync_run>(()).await.map(drop)
    }

    /// Whether data of this freshness is marked stale.
    pub(crate) fn is_stale(&self, freshness: &Freshness) -> bool {
        !freshness.is_consistent || freshness.as_of.is_none_or(|as_of| self.clock.now() - as_of > STALE_AFTER)
    }

    /// Why, as `--reason` says.
    pub(crate) fn reason(&self) -> String {
        self.global.reason.clone().unwrap_or_default()
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Tells a person something; never on standard output.
    pub(crate) fn note(&self, text: &str) {
        if !self.global.quiet {
            anstream::eprintln!("{text}");
        }
    }
}
