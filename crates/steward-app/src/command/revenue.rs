//! `revenue_show`, `revenue_movements`, `revenue_bridge`, `revenue_stripe_bridge`, `revenue_forecast`, `revenue_what_if`,
//! `revenue_total`.

use steward_core::Result;
use steward_core::revenue::answer::{
    Revenue, RevenueBridge, RevenueBridgeReq, RevenueMovements, RevenueMovementsReq, RevenueReq,
};
use steward_core::revenue::forecast::{RevenueForecast, RevenueForecastReq};
use steward_core::revenue::rate::{RevenueTotal, RevenueTotalReq};
use steward_core::revenue::scenario::{RevenueWhatIf, RevenueWhatIfReq};
use steward_core::revenue::stripe_answer::{RevenueStripeBridge, RevenueStripeBridgeReq};
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

pub(crate) async fn revenue_stripe_bridge(
    steward: &Steward,
    request: RevenueStripeBridgeReq,
) -> Result<RevenueStripeBridge> {
    steward.cache().await?.read(move |reader| query::revenue::stripe_bridge(reader, &request)).await
}

pub(crate) async fn revenue_forecast(
    steward: &Steward,
    request: RevenueForecastReq,
) -> Result<RevenueForecast> {
    steward.cache().await?.read(move |reader| query::revenue::forecast(reader, &request)).await
}

pub(crate) async fn revenue_what_if(steward: &Steward, request: RevenueWhatIfReq) -> Result<RevenueWhatIf> {
    steward.cache().await?.read(move |reader| query::revenue::what_if(reader, &request)).await
}

pub(crate) async fn revenue_total(steward: &Steward, request: RevenueTotalReq) -> Result<RevenueTotal> {
    let id = steward.current().await?.id;
    let rates = steward.blocking(move |inner| inner.local.rates(id)).await?;
    steward.cache().await?.read(move |reader| query::revenue::total(reader, &request, &rates)).await
}
