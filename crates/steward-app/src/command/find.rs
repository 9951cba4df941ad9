//! `record_find`.

use steward_core::Result;
use steward_core::find::{FindList, FindReq};
use steward_store::cache::query;

use crate::context::Steward;

pub(crate) async fn record_find(steward: &Steward, request: FindReq) -> Result<FindList> {
    steward.cache().await?.read(move |reader| query::find::find(reader, &request)).await
}
