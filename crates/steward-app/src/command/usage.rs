//! `usage_show`, `usage_what_if`, `offender_list`.

use steward_core::Result;
use steward_core::offender::{OffenderList, OffenderListReq};
use steward_core::usage::{Usage, UsageReq};
use steward_core::what_if::{WhatIf, WhatIfReq};
use steward_store::cache::query;

use crate::context::Steward;

pub(crate) async fn usage_show(steward: &Steward, request: UsageReq) -> Result<Usage> {
    steward.cache().await?.read(move |reader| query::usage::show(reader, &request)).await
}

pub(crate) async fn usage_what_if(steward: &Steward, request: WhatIfReq) -> Result<WhatIf> {
    steward.cache().await?.read(move |reader| query::what_if::show(reader, &request)).await
}

pub(crate) async fn offender_list(steward: &Steward, request: OffenderListReq) -> Result<OffenderList> {
    steward.cache().await?.read(move |reader| query::offender::list(reader, &request)).await
}
