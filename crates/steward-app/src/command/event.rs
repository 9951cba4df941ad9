//! `event_list`.

use steward_core::Result;
use steward_core::event::{EventList, EventListReq};

use crate::context::Steward;

pub(crate) async fn event_list(steward: &Steward, request: EventListReq) -> Result<EventList> {
    let _ = (steward, request);
    crate::pending::pending("event_list").await
}
