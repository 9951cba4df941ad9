//! `revenue_show`, `revenue_movements`, `revenue_bridge`.

use steward_core::Result;
use steward_core::revenue::answer::{
    Revenue, RevenueBridge, RevenueBridgeReq, RevenueMovements, RevenueMovementsReq, RevenueReq,
};
use steward_store::cache::query;

use crate::context::Steward;

pub(crate) async fn revenue_show(steward: &Steward, request: RevenueReq) -> Result<Revenue> {
    steward.cache().await?.read(move |reader| query::revenue::show(reader, &request)).await
}

pub(crate) async fn revenue_movements(
    steward: &Steward,
    request: RevenueMovementsReq,
) -> Result<RevenueMovements> {
    steward.cache().await?.read(move |reader| query::revenue::movements(reader, &request)).await
}

pub(crate) async fn revenue_bridge(steward: &Steward, request: RevenueBridgeReq) -> Result<RevenueBridge> {
    steward.cache().await?.read(move |reader| query::revenue::bridge(reader, &request)).await
}
