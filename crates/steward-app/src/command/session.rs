//! `session_show`.

use steward_core::Result;

use super::workspace::{Role, Session, present};
use crate::context::Steward;
use crate::locale;

pub(crate) async fn session_show(steward: &Steward, (): ()) -> Result<Session> {
    let record = steward.current_if_any().await?;
    steward
        .blocking(move |inner| {
            let role = record.as_ref().and_then(|record| record.role.as_deref()).and_then(Role::from_name);
            Ok(Session {
                workspace: record.map(|record| present(&record, true, inner.clock.now())).transpose()?,
                role,
                locale: locale::locale(),
                zone: locale::zone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                secrets: inner.secrets.describe().to_owned(),
                sample_unavailable: crate::sample::unavailable(),
            })
        })
        .await
}
