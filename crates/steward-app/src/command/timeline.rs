//! `timeline_list`.

use steward_core::Result;
use steward_core::timeline::{Timeline, TimelineReq};
use steward_store::cache::query;

use crate::context::Steward;

pub(crate) async fn timeline_list(steward: &Steward, request: TimelineReq) -> Result<Timeline> {
    steward.cache().await?.read(move |reader| query::timeline::list(reader, &request)).await
}
