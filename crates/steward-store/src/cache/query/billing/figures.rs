//! `billing_show`: sums, each currency apart.

use rusqlite::params;
use steward_core::Result;
use steward_core::period::{Compare, Period};
use steward_core::stripe::billing::{Billing, BillingFigure, BillingReq, Money};

use crate::cache::{Reader, fault, instant};

/// A figure: name, label, what it counts, and its rows as `currency, number, sum`, each `?1` to `?2` the days.
type Figure = (&'static str, &'static str, &'static str, &'static str);

const FIGURES: [Figure; 5] = [
    (
        "invoiced",
        "Invoiced",
        "Invoices made in these days, drafts and voided ones apart: with tax, after discounts.",
        "select currency, count(*), sum(total) from stripe_invoices
         where created_at >= ?1 and created_at < ?2 and status in ('open', 'paid', 'uncollectible')
         group by currency",
    ),
    (
        "collected",
        "Collected",
        "Payments that succeeded in these days, refunds not taken off.",
        "select currency, count(*), sum(amount) from stripe_payments
         where created_at >= ?1 and created_at < ?2 and status = 'succeeded' group by currency",
    ),
    (
        "failed",
        "Failed",
        "Attempts that failed in these days; one invoice may have several.",
        "select currency, count(*), sum(amount) from stripe_payments
         where created_at >= ?1 and created_at < ?2 and status = 'failed' group by currency",
    ),
    (
        "refunded",
        "Refunded",
        "Given back in these days, whenever it was paid; those that failed or were taken back apart.",
        "select currency, count(*), sum(amount) from stripe_refunds
         where created_at >= ?1 and created_at < ?2 and coalesce(status, '') not in ('failed', 'canceled')
         group by currency",
    ),
    (
        "at_risk",
        "At risk",
        "What is still to be paid on open invoices whose payment was tried and failed, as of now.",
        "select currency, count(*), sum(amount_remaining) from stripe_invoices
         where ?1 is not null and ?2 is not null
           and status = 'open' and attempts > 0 and amount_remaining > 0
         group by currency",
    ),
];

/// Invoices, payments, refunds in figures.
///
/// # Errors
/// When the file cannot be read.
pub fn show(reader: &Reader, req: &BillingReq) -> Result<Billing> {
    let position = super::position(reader)?;
    let freshness = super::freshness(&position);
    let is_connected = position.source.is_some();
    let Some(as_of) = freshness.as_of else {
        return Ok(Billing { freshness, is_connected, period: None, figures: Vec::new() });
    };
    let period = req.range.resolve(req.zone, as_of, Compare::Off).period;
    let figures = FIGURES.iter().map(|figure| read(reader, figure, period)).collect::<Result<_>>()?;
    Ok(Billing { freshness, is_connected, period: Some(period), figures })
}

fn read(reader: &Reader, figure: &Figure, period: Period) -> Result<BillingFigure> {
    let (name, label, note, sql) = figure;
    let days = params![instant::from_utc(period.start), instant::from_utc(period.end)];
    let mut rows: Vec<(String, u64, i64)> = reader
        .connection()
        .prepare_cached(sql)
        .and_then(|mut sum| {
            let read = |row: &rusqlite::Row<'_>| {
                Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs(), row.get(2)?))
            };
            sum.query_map(days, read)?.collect()
        })
        .map_err(fault::map)?;
    rows.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    Ok(BillingFigure {
        name: (*name).to_owned(),
        label: (*label).to_owned(),
        note: (*note).to_owned(),
        count: rows.iter().map(|row| row.1).sum(),
        amounts: rows.into_iter().map(|(currency, _, sum)| Money::new(sum, currency)).collect(),
    })
}
