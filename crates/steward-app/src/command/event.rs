//! `event_list`.

use steward_core::Result;
use steward_core::event::{EventList, EventListReq};
use steward_store::cache::query;

use crate::context::Steward;

pub(crate) async fn event_list(steward: &Steward, request: EventListReq) -> Result<EventList> {
    steward.cache().await?.read(move |reader| query::event::list(reader, &request)).await
}
