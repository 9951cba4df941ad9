//! `billing_show`, `invoice_list`, `payment_list`, `refund_list`.

use steward_core::Result;
use steward_core::stripe::billing::{
    Billing, BillingReq, InvoiceList, InvoiceListReq, PaymentList, PaymentListReq, RefundList, RefundListReq,
};
use steward_store::cache::query::billing;

use crate::context::Steward;

pub(crate) async fn billing_show(steward: &Steward, request: BillingReq) -> Result<Billing> {
    let id = steward.current().await?.id;
    let is_connected = steward.blocking(move |inner| inner.stripe_link(id)).await?.is_some();
    let answer = steward.cache().await?.read(move |reader| billing::show(reader, &request)).await?;
    Ok(Billing { is_connected, ..answer })
}

pub(crate) async fn invoice_list(steward: &Steward, request: InvoiceListReq) -> Result<InvoiceList> {
    steward.cache().await?.read(move |reader| billing::invoices(reader, &request)).await
}

pub(crate) async fn payment_list(steward: &Steward, request: PaymentListReq) -> Result<PaymentList> {
    steward.cache().await?.read(move |reader| billing::payments(reader, &request)).await
}

pub(crate) async fn refund_list(steward: &Steward, request: RefundListReq) -> Result<RefundList> {
    steward.cache().await?.read(move |reader| billing::refunds(reader, &request)).await
}
