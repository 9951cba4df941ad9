//! `rate_list`, `rate_base`, `rate_set`, `rate_remove`: the base currency of a workspace and its stated rates, on this
//! computer.

use steward_core::revenue::rate::{self, Rate, RateBaseReq, RateList, RateRef};
use steward_core::{Error, ErrorKind, Result};

use crate::context::Steward;

pub(crate) async fn rate_list(steward: &Steward, (): ()) -> Result<RateList> {
    let id = steward.current().await?.id;
    steward.blocking(move |inner| inner.local.rates(id)).await
}

pub(crate) async fn rate_base(steward: &Steward, request: RateBaseReq) -> Result<RateList> {
    let base = request.base.as_deref().map(|text| rate::code("base", text)).transpose()?;
    let id = steward.current().await?.id;
    steward
        .blocking(move |inner| {
            inner.local.set_base_currency(id, base.as_deref())?;
            inner.local.rates(id)
        })
        .await
}

pub(crate) async fn rate_set(steward: &Steward, request: Rate) -> Result<RateList> {
    let id = steward.current().await?.id;
    let today = steward.inner.clock.now().date_naive();
    steward
        .blocking(move |inner| {
            let Some(base) = inner.local.rates(id)?.base else {
                return Err(Error::invalid("currency", "Choose the base currency first."));
            };
            // Somewhere the next day has begun already.
            let latest = today.succ_opt().unwrap_or(today);
            inner.local.put_rate(id, &base, &request.checked(&base, latest)?)?;
            inner.local.rates(id)
        })
        .await
}

pub(crate) async fn rate_remove(steward: &Steward, request: RateRef) -> Result<RateList> {
    let currency = rate::code("currency", &request.currency)?;
    let id = steward.current().await?.id;
    steward
        .blocking(move |inner| {
            if !inner.local.remove_rate(id, &currency)? {
                return Err(Error::new(ErrorKind::NotFound, "No rate is stated for this currency.")
                    .with_field("currency", "Unknown."));
            }
            inner.local.rates(id)
        })
        .await
}
