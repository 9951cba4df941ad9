//! `invoice_list`, `payment_list`, `refund_list`: newest first, page by page.

use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};
use steward_core::Result;
use steward_core::stripe::billing::{
    InvoiceList, InvoiceListReq, InvoiceRow, Money, PaymentList, PaymentListReq, PaymentRow, RefundList,
    RefundListReq, RefundRow,
};

use super::super::naming::in_words;
use super::super::{page_rows, user, wrong_cursor};
use super::holder::Holders;
use crate::cache::fold::fold;
use crate::cache::{Reader, fault, instant};

/// Which rows: a condition with its values, and where the page begins.
struct Chosen {
    conditions: Vec<&'static str>,
    values: Vec<Value>,
}

/// The customer's address or name holds it.
macro_rules! customer_holds {
    ($place:literal) => {
        concat!(
            "exists (select 1 from stripe_customers c where c.id = r.customer and (instr(fold(coalesce(c.email, '')), ",
            $place,
            ") > 0 or instr(fold(coalesce(c.name, '')), ",
            $place,
            ") > 0))"
        )
    };
}

impl Chosen {
    /// `?1` is the account's customer, `?2` what is searched for, `?3` a status; nothing is narrowed by null.
    fn new(
        reader: &Reader,
        account: Option<&str>,
        search: Option<&str>,
        status: Option<&str>,
    ) -> Result<Self> {
        let text =
            |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let customer = match text(account) {
            None => Value::Null,
            Some(account) => Value::Text(customer_of(reader, &account)?.unwrap_or_default()),
        };
        let or_null = |text: Option<String>| text.map_or(Value::Null, Value::Text);
        Ok(Self {
            conditions: vec!["(?1 is null or r.customer = ?1)", "(?3 is null or r.status = ?3)"],
            values: vec![customer, or_null(text(search).map(|search| fold(&search))), or_null(text(status))],
        })
    }

    fn and(mut self, condition: &'static str) -> Self {
        self.conditions.push(condition);
        self
    }

    fn condition(&self) -> String {
        self.conditions.join(" and ")
    }

    fn total(&self, reader: &Reader, from: &str) -> Result<u64> {
        reader
            .connection()
            .prepare_cached(&format!("select count(*) from {from} where {}", self.condition()))
            .and_then(|mut count| count.query_row(params_from_iter(&self.values), |row| row.get::<_, i64>(0)))
            .map(i64::unsigned_abs)
            .map_err(fault::map)
    }

    /// A page, and where the next begins. `read` gives a row with its time and id.
    fn page<T>(
        &self,
        reader: &Reader,
        columns: &str,
        from: &str,
        (after, limit): (Option<&str>, u32),
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<(i64, String, T)>,
    ) -> Result<(Vec<T>, Option<String>)> {
        let limit = page_rows(limit);
        let (time, id) = match after {
            None => (i64::MAX, String::new()),
            Some(text) => {
                let (time, id) = text.split_once(' ').ok_or_else(wrong_cursor)?;
                (time.parse().map_err(|_| wrong_cursor())?, id.to_owned())
            }
        };
        let mut values = self.values.clone();
        values.extend([Value::Integer(time), Value::Text(id), Value::Integer(limit as i64 + 1)]);
        let sql = format!(
            "select {columns} from {from} where {} and (r.created_at, r.id) < (?4, ?5)
             order by r.created_at desc, r.id desc limit ?6",
            self.condition()
        );
        let mut rows: Vec<(i64, String, T)> = reader
            .connection()
            .prepare_cached(&sql)
            .and_then(|mut page| page.query_map(params_from_iter(&values), |row| read(row))?.collect())
            .map_err(fault::map)?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(|(time, id, _)| format!("{time} {id}"));
        Ok((rows.into_iter().map(|(.., row)| row).collect(), next))
    }
}

/// The customer of a user, by id or e-mail address; none where there is none.
fn customer_of(reader: &Reader, account: &str) -> Result<Option<String>> {
    let found = user::find(reader, account)?;
    reader
        .connection()
        .prepare_cached("select stripe_customer_id from users where id = ?1")
        .and_then(|mut find| find.query_row([found.id.0.as_bytes().as_slice()], |row| row.get(0)))
        .map_err(fault::map)
}

fn maybe(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<chrono::DateTime<chrono::Utc>>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(instant::to_utc))
}

/// Invoices, newest first.
///
/// # Errors
/// `NotFound` when the account is nobody; when the cursor is none of ours or the file cannot be read.
pub fn invoices(reader: &Reader, req: &InvoiceListReq) -> Result<InvoiceList> {
    let position = super::position(reader)?;
    let mut chosen =
        Chosen::new(reader, req.account.as_deref(), req.search.as_deref(), req.status.as_deref())?.and(concat!(
            "(?2 is null or instr(fold(r.id || ' ' || coalesce(r.number, '') || ' ' || coalesce(r.customer, '')), ?2) > 0
              or ",
            customer_holds!("?2"),
            ")"
        ));
    if req.is_failing {
        chosen = chosen.and("r.status = 'open' and r.attempts > 0 and r.amount_remaining > 0");
    }
    let from = "stripe_invoices r";
    let columns = "r.created_at, r.id, r.number, r.customer, r.status, r.currency, r.total, r.amount_paid,
        r.amount_remaining, r.attempts, r.next_attempt_at, r.reason, r.due_at, r.paid_at,
        (select coalesce(p.failure, p.failure_code) from stripe_invoice_payments ip
         join stripe_payments p on p.intent = ip.intent
         where ip.invoice = r.id and p.status = 'failed' order by p.created_at desc limit 1)";
    let (mut rows, next) = chosen.page(reader, columns, from, (req.after.as_deref(), req.limit), |row| {
        let (time, id, currency): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(5)?);
        let money = |at: usize| Ok::<_, rusqlite::Error>(Money::new(row.get(at)?, currency.clone()));
        let invoice = InvoiceRow {
            url: super::page_of(&position, "invoices", &id),
            id: id.clone(),
            number: row.get(2)?,
            account: None,
            customer: row.get(3)?,
            status: row.get(4)?,
            total: money(6)?,
            paid: money(7)?,
            remaining: money(8)?,
            attempts: row.get(9)?,
            next_attempt_at: maybe(row, 10)?,
            failure: row.get(14)?,
            reason: row.get::<_, Option<String>>(11)?.map(|reason| in_words(&reason)),
            created_at: instant::to_utc(time),
            due_at: maybe(row, 12)?,
            paid_at: maybe(row, 13)?,
        };
        Ok((time, id, invoice))
    })?;
    let mut holders = Holders::new(reader);
    for row in &mut rows {
        (row.account, row.customer) = holders.of(row.customer.as_deref())?;
    }
    let total = req.after.is_none().then(|| chosen.total(reader, from)).transpose()?;
    Ok(InvoiceList { freshness: super::freshness(&position), rows, total, next })
}

/// Payments, newest first.
///
/// # Errors
/// `NotFound` when the account is nobody; when the cursor is none of ours or the file cannot be read.
pub fn payments(reader: &Reader, req: &PaymentListReq) -> Result<PaymentList> {
    let position = super::position(reader)?;
    let chosen =
        Chosen::new(reader, req.account.as_deref(), req.search.as_deref(), req.status.as_deref())?.and(concat!(
            "(?2 is null or instr(fold(r.id || ' ' || coalesce(r.intent, '') || ' ' || coalesce(r.customer, '')), ?2) > 0
              or ",
            customer_holds!("?2"),
            ")"
        ));
    let from = "stripe_payments r";
    let columns = "r.created_at, r.id, r.customer, r.currency, r.amount, r.refunded, r.status,
        coalesce(r.failure, r.failure_code), r.method, r.is_disputed,
        (select coalesce(i.number, i.id) from stripe_invoice_payments ip join stripe_invoices i on i.id = ip.invoice
         where ip.intent = r.intent or ip.charge = r.id limit 1)";
    let (mut rows, next) = chosen.page(reader, columns, from, (req.after.as_deref(), req.limit), |row| {
        let (time, id, currency): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
        let money = |at: usize| Ok::<_, rusqlite::Error>(Money::new(row.get(at)?, currency.clone()));
        let payment = PaymentRow {
            url: super::page_of(&position, "payments", &id),
            id: id.clone(),
            account: None,
            customer: row.get(2)?,
            invoice: row.get(10)?,
            amount: money(4)?,
            refunded: money(5)?,
            status: row.get(6)?,
            failure: row.get(7)?,
            method: row.get(8)?,
            is_disputed: row.get(9)?,
            created_at: instant::to_utc(time),
        };
        Ok((time, id, payment))
    })?;
    let mut holders = Holders::new(reader);
    for row in &mut rows {
        (row.account, row.customer) = holders.of(row.customer.as_deref())?;
    }
    let total = req.after.is_none().then(|| chosen.total(reader, from)).transpose()?;
    Ok(PaymentList { freshness: super::freshness(&position), rows, total, next })
}

/// Refunds, newest first.
///
/// # Errors
/// `NotFound` when the account is nobody; when the cursor is none of ours or the file cannot be read.
pub fn refunds(reader: &Reader, req: &RefundListReq) -> Result<RefundList> {
    let position = super::position(reader)?;
    let chosen = Chosen::new(reader, req.account.as_deref(), req.search.as_deref(), None)?.and(concat!(
        "(?2 is null or instr(fold(r.id || ' ' || coalesce(r.charge, '') || ' ' || coalesce(r.customer, '')), ?2) > 0
          or ",
        customer_holds!("?2"),
        ")"
    ));
    // A refund names its payment, and the payment its customer.
    let from = "(select refund.*, paid.customer, paid.amount as paid_amount, paid.currency as paid_currency
                 from stripe_refunds refund left join stripe_payments paid on paid.id = refund.charge) r";
    let columns =
        "r.created_at, r.id, r.customer, r.currency, r.amount, r.charge, r.paid_amount, r.paid_currency,
        r.status, r.reason";
    let (mut rows, next) = chosen.page(reader, columns, from, (req.after.as_deref(), req.limit), |row| {
        let (time, id, currency): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
        let payment: Option<String> = row.get(5)?;
        let paid: (Option<i64>, Option<String>) = (row.get(6)?, row.get(7)?);
        let refund = RefundRow {
            url: payment.as_ref().map(|payment| super::page_of(&position, "payments", payment)),
            id: id.clone(),
            account: None,
            customer: row.get(2)?,
            payment,
            amount: Money::new(row.get(4)?, currency),
            payment_amount: paid.0.zip(paid.1).map(|(minor, currency)| Money::new(minor, currency)),
            status: row.get(8)?,
            reason: row.get::<_, Option<String>>(9)?.map(|reason| in_words(&reason)),
            created_at: instant::to_utc(time),
        };
        Ok((time, id, refund))
    })?;
    let mut holders = Holders::new(reader);
    for row in &mut rows {
        (row.account, row.customer) = holders.of(row.customer.as_deref())?;
    }
    let total = req.after.is_none().then(|| chosen.total(reader, from)).transpose()?;
    Ok(RefundList { freshness: super::freshness(&position), rows, total, next })
}
