//! Subscriptions as Stripe's own pages export them: a table in one of several dialects.
//!
//! Columns are found by their names, in any order and whatever their case; those that are missing are not compared.
//! The separator is the one the first line uses; amounts are read with either decimal mark.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use csv::{ReaderBuilder, StringRecord};
use steward_core::stripe::currency;
use steward_core::stripe::reconcile::{Line, LineDiscount, Theirs, UnitAmount};
use steward_core::{Error, Result};

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionTable {
    /// Its subscriptions; one that stands in several rows has several lines.
    pub rows: Vec<Theirs>,
    /// Columns that were looked for and are not there, as Stripe calls them.
    pub missing: Vec<&'static str>,
}

/// A column that is looked for: how Stripe calls it, and its other names, all without case and signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Column {
    Id,
    Customer,
    Email,
    Price,
    Product,
    Name,
    Quantity,
    Currency,
    Interval,
    IntervalCount,
    Amount,
    Status,
    PeriodEnd,
    EndsWithPeriod,
    Discount,
}

const COLUMNS: [(Column, &str, &[&str]); 15] = [
    (Column::Id, "id", &["id", "subscriptionid", "subscription"]),
    (Column::Customer, "Customer ID", &["customerid", "customer"]),
    (Column::Email, "Customer Email", &["customeremail", "email", "customername", "customerdescription"]),
    (Column::Price, "Plan", &["plan", "planid", "price", "priceid"]),
    (Column::Product, "Product", &["product", "productid"]),
    (Column::Name, "Product Name", &["productname", "planname", "pricenickname", "plannickname"]),
    (Column::Quantity, "Quantity", &["quantity"]),
    (Column::Currency, "Currency", &["currency", "plancurrency", "pricecurrency"]),
    (Column::Interval, "Interval", &["interval", "planinterval", "priceinterval"]),
    (Column::IntervalCount, "Interval Count", &["intervalcount", "planintervalcount", "priceintervalcount"]),
    (Column::Amount, "Amount", &["amount", "planamount", "priceamount", "unitamount"]),
    (Column::Status, "Status", &["status", "subscriptionstatus"]),
    (Column::PeriodEnd, "Current Period End (UTC)", &["currentperiodend"]),
    (Column::EndsWithPeriod, "Cancel At Period End", &["cancelatperiodend"]),
    (Column::Discount, "Coupon", &["coupon", "discount", "couponid"]),
];

/// Without these nothing can be compared.
const NEEDED: [Column; 2] = [Column::Id, Column::Status];

/// Reads a table of subscriptions.
///
/// # Errors
/// `Invalid` when it is no such table: names what is missing, or the line and the column that cannot be read.
pub fn read_subscriptions(bytes: &[u8]) -> Result<SubscriptionTable> {
    let text = text_of(bytes)?;
    let first = text.lines().next().unwrap_or_default();
    let mut reader = ReaderBuilder::new().delimiter(separator(first)).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|cause| unreadable(&cause))?.clone();
    let places = places(&headers)?;
    let missing: Vec<&'static str> = { COLUMNS.iter() }
        .filter(|(column, ..)| !places.contains_key(column))
        .map(|(_, label, _)| *label)
        .collect();
    let mut rows: Vec<Theirs> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|cause| unreadable(&cause))?;
        let row = Row { places: &places, line: record.position().map_or(0, csv::Position::line), record };
        let read = row.subscription()?;
        match known.get(&read.id) {
            // A further line of the same subscription.
            Some(at) => rows[*at].lines.extend(read.lines),
            None => {
                known.insert(read.id.clone(), rows.len());
                rows.push(read);
            }
        }
    }
    Ok(SubscriptionTable { rows, missing })
}

fn text_of(bytes: &[u8]) -> Result<&str> {
    let wrong = |message: &str| Error::invalid("csv", message);
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(wrong("The file is UTF-16, as spreadsheets save it: save it as CSV in UTF-8."));
    }
    if bytes.starts_with(b"PK") {
        return Err(wrong("The file is a workbook or an archive: save it as CSV."));
    }
    let text =
        std::str::from_utf8(bytes).map_err(|_| wrong("The file is not UTF-8: save it as CSV in UTF-8."))?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Err(wrong("The file is empty."));
    }
    Ok(text)
}

/// What stands most often between the names of the columns.
fn separator(first: &str) -> u8 {
    let mut is_quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in first.bytes() {
        is_quoted ^= byte == b'"';
        if !is_quoted && let Some((_, count)) = counts.iter_mut().find(|(separator, _)| *separator == byte) {
            *count += 1;
        }
    }
    // The comma where nothing separates: a single column is missing others, which is said then.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| *separator)
}

fn places(headers: &StringRecord) -> Result<HashMap<Column, usize>> {
    let plain = |name: &str| {
        let name = name.to_lowercase().replace("(utc)", "");
        name.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>()
    };
    let names: Vec<String> = headers.iter().map(plain).collect();
    let mut places = HashMap::new();
    for (column, _, aliases) in COLUMNS {
        // The first alias that is there: `Customer Email` before a description.
        let at = aliases.iter().find_map(|alias| names.iter().position(|name| name == alias));
        if let Some(at) = at {
            places.insert(column, at);
        }
    }
    let missing: Vec<&str> = { COLUMNS.iter() }
        .filter(|(column, ..)| NEEDED.contains(column) && !places.contains_key(column))
        .map(|(_, label, _)| *label)
        .collect();
    if !missing.is_empty() {
        let there: Vec<&str> = headers.iter().take(12).collect();
        return Err(Error::invalid(
            "csv",
            format!(
                "The file has no column {}: export subscriptions from Stripe with it.",
                missing.join(" and ")
            ),
        )
        .with_detail(format!("columns found: {}", there.join(", "))));
    }
    Ok(places)
}

struct Row<'a> {
    places: &'a HashMap<Column, usize>,
    line: u64,
    record: StringRecord,
}

impl Row<'_> {
    /// What a column says here; none where it is missing or empty.
    fn text(&self, column: Column) -> Option<&str> {
        let text = self.record.get(*self.places.get(&column)?)?.trim();
        (!text.is_empty()).then_some(text)
    }

    fn wrong(&self, column: Column, what: &str) -> Error {
        let label = COLUMNS.iter().find(|(known, ..)| *known == column).map_or("", |(_, label, _)| *label);
        Error::invalid("csv", format!("Line {}: {label} is {what}.", self.line))
    }

    fn subscription(&self) -> Result<Theirs> {
        let id = self.text(Column::Id).ok_or_else(|| self.wrong(Column::Id, "empty"))?.to_owned();
        let status = self.text(Column::Status).ok_or_else(|| self.wrong(Column::Status, "empty"))?;
        let currency = self.text(Column::Currency).unwrap_or_default().to_ascii_uppercase();
        let (period_end, grain) = match self.text(Column::PeriodEnd) {
            None => (None, TimeDelta::zero()),
            Some(text) => {
                let (at, grain) = instant(text)
                    .ok_or_else(|| self.wrong(Column::PeriodEnd, "no date as 2026-12-01 09:30"))?;
                (Some(at), grain)
            }
        };
        let ends_with_period = self
            .text(Column::EndsWithPeriod)
            .map(|text| {
                yes_or_no(text).ok_or_else(|| self.wrong(Column::EndsWithPeriod, "neither true nor false"))
            })
            .transpose()?;
        let discounts = self.places.contains_key(&Column::Discount).then(|| {
            // The file names the coupon and not what it takes off.
            self.text(Column::Discount).map(|_| LineDiscount::Unknown).into_iter().collect()
        });
        Ok(Theirs {
            id,
            customer: self.text(Column::Customer).map(str::to_owned),
            label: self.text(Column::Email).map(str::to_owned),
            status: status.to_lowercase().replace(' ', "_"),
            is_collection_paused: false,
            ends_with_period,
            period_end,
            grain,
            says_prices: self.says_prices(),
            lines: self.line(&currency)?.into_iter().collect(),
            discounts,
            currency,
        })
    }

    /// Whether there is a column that says what is billed.
    fn says_prices(&self) -> bool {
        [Column::Price, Column::Product, Column::Name].iter().any(|column| self.places.contains_key(column))
    }

    /// What is billed; none where the row names no price at all.
    fn line(&self, currency: &str) -> Result<Option<Line>> {
        let (product, product_name) = match self.text(Column::Product) {
            Some(text) if text.starts_with("prod_") => (Some(text.to_owned()), None),
            text => (None, text),
        };
        let name = self.text(Column::Name).or(product_name).map(str::to_owned);
        let price = self.text(Column::Price).map(str::to_owned);
        if price.is_none() && product.is_none() && name.is_none() && self.says_prices() {
            return Ok(None);
        }
        let unit = match self.text(Column::Amount) {
            None => UnitAmount::Unknown,
            Some(text) => UnitAmount::Exact(
                currency::parse_major(text, currency)
                    .ok_or_else(|| self.wrong(Column::Amount, "no amount"))?,
            ),
        };
        let quantity = self
            .text(Column::Quantity)
            .map(|text| text.parse().map_err(|_| self.wrong(Column::Quantity, "no whole number")))
            .transpose()?;
        let interval_count = match self.text(Column::IntervalCount) {
            None => 1,
            Some(text) => text.parse().map_err(|_| self.wrong(Column::IntervalCount, "no whole number"))?,
        };
        Ok(Some(Line {
            price,
            product,
            name,
            unit,
            interval: self.text(Column::Interval).map(str::to_lowercase),
            interval_count,
            quantity,
            is_metered: false,
        }))
    }
}

fn yes_or_no(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// An instant in UTC, and how exactly it is given.
fn instant(text: &str) -> Option<(DateTime<Utc>, TimeDelta)> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some((at.to_utc(), TimeDelta::zero()));
    }
    let forms = [
        ("%Y-%m-%d %H:%M:%S", TimeDelta::zero()),
        ("%Y-%m-%dT%H:%M:%S", TimeDelta::zero()),
        ("%Y-%m-%d %H:%M", TimeDelta::minutes(1)),
    ];
    if let Some(found) = forms.iter().find_map(|(form, grain)| {
        NaiveDateTime::parse_from_str(text, form).ok().map(|at| (at.and_utc(), *grain))
    }) {
        return Some(found);
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some((day.and_hms_opt(0, 0, 0)?.and_utc(), TimeDelta::days(1)))
}

fn unreadable(cause: &csv::Error) -> Error {
    let place = cause.position().map_or_else(String::new, |at| format!("Line {}: ", at.line()));
    let what = match cause.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} columns where the first line has {expected_len}")
        }
        _ => "no CSV".to_owned(),
    };
    Error::invalid("csv", format!("{place}{what}."))
}

#[cfg(test)]
mod tests {
    use num_rational::Ratio;
    use steward_core::ErrorKind;

    use super::*;

    const COMMA: &str = "id,Customer ID,Customer Email,Plan,Product,Quantity,Currency,Interval,Amount,Status,\
        Current Period End (UTC),Cancel At Period End,Coupon\n\
        sub_1,cus_1,ada@example.com,price_1,prod_1,3,eur,month,29.00,active,2026-12-01 09:30,false,\n";

    #[test]
    fn stripes_own_form_is_read() {
        let table = read_subscriptions(COMMA.as_bytes()).expect("a table");
        let row = &table.rows[0];
        assert_eq!(
            (row.id.as_str(), row.currency.as_str(), row.ends_with_period),
            ("sub_1", "EUR", Some(false))
        );
        assert_eq!(row.period_end.map(|at| at.to_rfc3339()).as_deref(), Some("2026-12-01T09:30:00+00:00"));
        assert_eq!(row.grain, TimeDelta::minutes(1));
        let line = &row.lines[0];
        assert_eq!((line.quantity, &line.unit), (Some(3), &UnitAmount::Exact(Ratio::from_integer(2_900))));
        assert_eq!(row.discounts, Some(Vec::new()));
        assert_eq!(table.missing, ["Product Name", "Interval Count"]);
    }

    #[test]
    fn other_dialects_say_the_same() {
        let expected = read_subscriptions(COMMA.as_bytes()).expect("a table");
        let semicolons = format!("\u{feff}{}", COMMA.replace(',', ";").replace("29.00", "29,00"));
        let tabs = COMMA.replace(',', "\t").replace('\n', "\r\n");
        let quoted = { COMMA.lines() }
            .map(|line| line.split(',').map(|field| format!("\"{field}\"")).collect::<Vec<_>>().join(","))
            .collect::<Vec<_>>()
            .join("\n");
        let renamed = COMMA
            .replace("Customer ID", "customer_id")
            .replace("Plan", "Price ID")
            .replace("Status", "STATUS");
        for dialect in [semicolons, tabs, quoted, renamed] {
            assert_eq!(read_subscriptions(dialect.as_bytes()).as_ref().ok(), Some(&expected), "{dialect}");
        }
    }

    #[test]
    fn a_subscription_of_several_rows_has_several_lines_and_one_without_a_price_has_none() {
        let text = "id,Status,Plan,Amount,Currency\nsub_1,active,price_1,29.00,eur\nsub_1,active,price_2,5.00,eur\n\
                    sub_2,active,,,eur\n";
        let table = read_subscriptions(text.as_bytes()).expect("a table");
        let lines: Vec<_> = table.rows.iter().map(|row| (row.id.as_str(), row.lines.len())).collect();
        assert_eq!(lines, [("sub_1", 2), ("sub_2", 0)]);
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        for (text, message) in [
            ("", "empty"),
            ("id,Amount\nsub_1,5\n", "no column Status"),
            ("Charge,Amount\nch_1,5\n", "no column id and Status"),
            ("id,Status\nsub_1\n", "Line 2: 1 columns"),
            ("id,Status,Quantity\nsub_1,active,many\n", "Line 2: Quantity is no whole number"),
            ("id,Status,Amount\nsub_1,active,free\n", "Line 2: Amount is no amount"),
            (
                "id,Status,Current Period End\nsub_1,active,1/2/26\n",
                "Line 2: Current Period End (UTC) is no date",
            ),
            ("id,Status,Cancel At Period End\nsub_1,active,perhaps\n", "neither true nor false"),
            ("id,Status\n,active\n", "Line 2: id is empty"),
        ] {
            let error = read_subscriptions(text.as_bytes()).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.message().contains(message), "{text:?}: {error}");
        }
        for (bytes, message) in [
            (&b"\xff\xfei\0d\0"[..], "UTF-16"),
            (b"PK\x03\x04", "workbook"),
            (b"id,Status\nsub_1,\xe9\n", "UTF-8"),
        ] {
            let error = read_subscriptions(bytes).expect_err("refused");
            assert!(error.message().contains(message), "{error}");
        }
    }
}
