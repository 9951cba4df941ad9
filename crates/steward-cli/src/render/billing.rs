//! Stripe and billing.

use std::fmt::Write as _;

use chrono_tz::Tz;
use steward_core::stripe::billing::{
    Billing, InvoiceRow, Money, PaymentRow, Reconciliation, RefundRow, StripePullRes, StripeStatus,
};
use steward_core::stripe::key::{Kind, Mode};
use steward_core::stripe::reconcile::Holder;

use super::number::{grouped, instant, precise};
use super::style::Tone;
use super::table::{Column, Field, or_dash, table, toned};

/// How the workspace is connected, and how far Stripe was read.
pub(crate) fn status(found: &StripeStatus, zone: Tz) -> String {
    let mut text = String::new();
    let mut fact = |name: &str, value: String| {
        let _ = writeln!(text, "{} {value}", Tone::Muted.paint(format!("{name:<12}")));
    };
    match &found.link {
        None => fact("Stripe", "not connected; `steward stripe connect` asks for a key".to_owned()),
        Some(link) => {
            let mode = match link.mode {
                Mode::Live => "live",
                Mode::Test => "sandbox",
            };
            let account = link.account_name.as_ref().or(link.account.as_ref());
            let account = account.map_or_else(|| "the key does not say".to_owned(), Clone::clone);
            fact("Account", format!("{account} ({mode})"));
            fact("Key", link.masked.clone());
            if link.kind == Kind::Secret {
                let advice = "a secret key may do everything; a restricted key with read rights is enough";
                fact("", Tone::Warning.paint(advice));
            }
            let missing: Vec<&str> = link
                .rights
                .iter()
                .filter(|right| !right.may_read)
                .map(|right| right.right.as_str())
                .collect();
            if !missing.is_empty() {
                fact("Lacks", Tone::Warning.paint(missing.join(", ")));
            }
        }
    }
    fact("As of", found.as_of.map_or_else(|| "never read to its end".to_owned(), |at| precise(at, zone)));
    if found.is_unfinished {
        fact("", Tone::Warning.paint("a reading was interrupted; `steward stripe pull` goes on with it"));
    }
    if let Some(trouble) = &found.trouble {
        fact("Trouble", Tone::Danger.paint(trouble));
    }
    let columns = [Column::Left("List"), Column::Right("Rows"), Column::Left("State")];
    let rows = found.parts.iter().map(|part| {
        vec![
            Field::from(&*part.label),
            Field::from(grouped(i128::from(part.rows))),
            Field::from(&*part.words),
        ]
    });
    format!("{text}\n{}", table(&columns, rows))
}

/// What a reading did.
pub(crate) fn pulled(done: &StripePullRes, zone: Tz) -> String {
    let mut text = Tone::Success.paint(format!(
        "read to the end: {} rows, {} of them new or changed, as of {}",
        grouped(i128::from(done.rows_read)),
        grouped(i128::from(done.rows_changed)),
        precise(done.as_of, zone)
    ));
    if done.was_resumed {
        text.push_str("\nit went on with a reading that was interrupted");
    }
    for part in &done.refused {
        let line = format!("not read: {} (the key lacks {})", part.label(), part.right());
        let _ = write!(text, "\n{}", Tone::Warning.paint(line));
    }
    text
}

/// Here against there.
pub(crate) fn reconciliation(found: &Reconciliation, zone: Tz) -> String {
    let there = match (&found.file, found.stripe_as_of) {
        (Some(file), _) => file.clone(),
        (None, Some(at)) => format!("Stripe as of {}", precise(at, zone)),
        (None, None) => "Stripe".to_owned(),
    };
    let mut text = format!(
        "{} open here, {} running in {there}; {} on both sides, {} of them without a difference, {} billed by hand\n",
        grouped(i128::from(found.here)),
        grouped(i128::from(found.there)),
        grouped(i128::from(found.matched)),
        grouped(i128::from(found.clean)),
        grouped(i128::from(found.by_hand)),
    );
    let counts: Vec<String> = { found.classes.iter() }
        .filter(|class| class.rows > 0)
        .map(|class| format!("{} {}", class.label, grouped(i128::from(class.rows))))
        .collect();
    let counts = if counts.is_empty() {
        Tone::Success.paint("no difference")
    } else {
        Tone::Warning.paint(counts.join(" · "))
    };
    let _ = writeln!(text, "{counts}");
    if !found.rows.is_empty() {
        let columns = [
            Column::Left("Class"),
            Column::Left("Account"),
            Column::Left("Subscription"),
            Column::Left("Here"),
            Column::Left("At Stripe"),
            Column::Left("What to do"),
        ];
        let rows = found.rows.iter().map(|row| {
            vec![
                Field::from(row.class.label()),
                who(row.account.as_ref(), row.stripe_label.as_ref().or(row.stripe_customer.as_ref())),
                or_dash(row.stripe_subscription.clone()),
                or_dash(row.here.clone()),
                or_dash(row.there.clone()),
                Field::from(&*row.fix),
            ]
        });
        let _ = write!(text, "\n{}", table(&columns, rows));
        if found.total > found.rows.len() as u64 {
            let shown = format!("{} of {}", found.rows.len(), grouped(i128::from(found.total)));
            let _ = write!(text, "\n{}", Tone::Muted.paint(shown));
        }
    }
    for row in &found.not_compared {
        let subscriptions = grouped(i128::from(row.subscriptions));
        let line = format!("{} not compared for {subscriptions}: {}", row.class.label(), row.why);
        let _ = write!(text, "\n{}", Tone::Muted.paint(line));
    }
    text.trim_end().to_owned()
}

/// The figures.
pub(crate) fn figures(found: &Billing) -> String {
    if found.period.is_none() {
        let next = if found.is_connected { "steward stripe pull" } else { "steward stripe connect" };
        return Tone::Muted.paint(format!("Stripe was not read yet: {next}"));
    }
    let columns = [
        Column::Left("Figure"),
        Column::Right("Number"),
        Column::Right("Amount"),
        Column::Left("What it counts"),
    ];
    let rows = found.figures.iter().map(|figure| {
        let amounts: Vec<&str> = figure.amounts.iter().map(|money| money.words.as_str()).collect();
        vec![
            Field::from(&*figure.label),
            Field::from(grouped(i128::from(figure.count))),
            or_dash((!amounts.is_empty()).then(|| amounts.join(" + "))),
            toned(&*figure.note, Tone::Muted),
        ]
    });
    table(&columns, rows)
}

/// Invoices.
pub(crate) fn invoices(rows: &[InvoiceRow], total: Option<u64>, zone: Tz) -> String {
    let columns = [
        Column::Left("Invoice"),
        Column::Left("Account"),
        Column::Left("Status"),
        Column::Right("Total"),
        Column::Right("Open"),
        Column::Right("Attempts"),
        Column::Left("Next attempt"),
        Column::Left("Why it failed"),
        Column::Left("Made"),
    ];
    let lines = rows.iter().map(|row| {
        vec![
            Field::from(row.number.as_deref().unwrap_or(&row.id)),
            who(row.account.as_ref(), row.customer.as_ref()),
            or_dash(row.status.clone()),
            Field::from(&*row.total.words),
            open(&row.remaining),
            Field::from(row.attempts.to_string()),
            or_dash(row.next_attempt_at.map(|at| instant(at, zone))),
            or_dash(row.failure.clone()),
            Field::from(instant(row.created_at, zone)),
        ]
    });
    counted(table(&columns, lines), rows.len(), total, "invoices")
}

/// Payments.
pub(crate) fn payments(rows: &[PaymentRow], total: Option<u64>, zone: Tz) -> String {
    let columns = [
        Column::Left("Payment"),
        Column::Left("Account"),
        Column::Left("Invoice"),
        Column::Left("Status"),
        Column::Right("Amount"),
        Column::Right("Refunded"),
        Column::Left("Method"),
        Column::Left("Why it failed"),
        Column::Left("When"),
    ];
    let lines = rows.iter().map(|row| {
        let tone = if row.status == "failed" { Tone::Danger } else { Tone::Success };
        vec![
            toned(&*row.id, Tone::Muted),
            who(row.account.as_ref(), row.customer.as_ref()),
            or_dash(row.invoice.clone()),
            toned(&*row.status, tone),
            Field::from(&*row.amount.words),
            open(&row.refunded),
            or_dash(row.method.clone()),
            or_dash(row.failure.clone()),
            Field::from(instant(row.created_at, zone)),
        ]
    });
    counted(table(&columns, lines), rows.len(), total, "payments")
}

/// Refunds.
pub(crate) fn refunds(rows: &[RefundRow], total: Option<u64>, zone: Tz) -> String {
    let columns = [
        Column::Left("Refund"),
        Column::Left("Account"),
        Column::Left("Payment"),
        Column::Right("Amount"),
        Column::Right("Of"),
        Column::Left("Status"),
        Column::Left("Why"),
        Column::Left("When"),
    ];
    let lines = rows.iter().map(|row| {
        vec![
            toned(&*row.id, Tone::Muted),
            who(row.account.as_ref(), row.customer.as_ref()),
            or_dash(row.payment.clone()),
            Field::from(&*row.amount.words),
            or_dash(row.payment_amount.as_ref().map(|money| money.words.clone())),
            or_dash(row.status.clone()),
            or_dash(row.reason.clone()),
            Field::from(instant(row.created_at, zone)),
        ]
    });
    counted(table(&columns, lines), rows.len(), total, "refunds")
}

/// Who it is here; else how Stripe knows the customer, which is not the same.
fn who(account: Option<&Holder>, customer: Option<&String>) -> Field {
    match (account, customer) {
        (Some(account), _) => Field::from(&*account.label),
        (None, Some(customer)) => toned(format!("{customer} (Stripe)"), Tone::Warning),
        (None, None) => or_dash(None::<String>),
    }
}

/// An amount that is mostly nothing.
fn open(money: &Money) -> Field {
    or_dash((money.minor != 0).then(|| money.words.clone()))
}

fn counted(table: String, shown: usize, total: Option<u64>, noun: &str) -> String {
    match total {
        Some(total) => {
            let total = grouped(i128::from(total));
            format!(
                "{table}\n\n{}",
                Tone::Muted.paint(format!("{} of {total} {noun}", grouped(shown as i128)))
            )
        }
        None => table,
    }
}
