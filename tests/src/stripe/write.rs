//! What changes the books: refunds, changes and ends of subscriptions, each once per idempotency key.

use serde_json::{Value, json};

use super::book::{Books, Seen};
use super::{Refused, objects};

pub(super) fn carry_out(books: &mut Books, seen: &Seen) -> Result<Value, Refused> {
    if let Some(key) = &seen.idempotency_key
        && let Some((before, answer)) = books.answered.get(key)
    {
        // The same key for something else is a mistake of the caller's.
        let is_same =
            (&before.path, &before.pairs, &before.method) == (&seen.path, &seen.pairs, &seen.method);
        return if is_same { Ok(answer.clone()) } else { Err(Refused::wrong("idempotency_key_in_use", "")) };
    }
    let parts: Vec<&str> = seen.path.trim_start_matches("/v1/").split('/').collect();
    let answer = match (seen.method.as_str(), parts.as_slice()) {
        ("POST", ["refunds"]) => refund(books, seen),
        ("POST", ["invoices", "create_preview"]) => preview(books, seen),
        ("POST", ["subscriptions", id]) => change(books, id, seen),
        ("DELETE", ["subscriptions", id]) => cancel(books, id),
        _ => Err(Refused::missing("path")),
    }?;
    if let Some(key) = &seen.idempotency_key {
        books.answered.insert(key.clone(), (seen.clone(), answer.clone()));
    }
    Ok(answer)
}

fn refund(books: &mut Books, seen: &Seen) -> Result<Value, Refused> {
    let charge = seen.get("charge").ok_or(Refused::wrong("parameter_missing", "charge"))?.to_owned();
    let number = books.next_number();
    let paid = books.object("charges", &charge).ok_or(Refused::missing("charge"))?;
    let number_of = |value: &Value| value.as_i64().unwrap_or_default();
    let left = number_of(&paid["amount"]) - number_of(&paid["amount_refunded"]);
    let amount = match seen.get("amount") {
        None => left,
        Some(text) => text.parse().map_err(|_| Refused::wrong("parameter_invalid_integer", "amount"))?,
    };
    if paid["status"] != "succeeded" || amount <= 0 || amount > left {
        return Err(Refused::wrong("charge_already_refunded", "amount"));
    }
    paid["amount_refunded"] = (number_of(&paid["amount_refunded"]) + amount).into();
    paid["refunded"] = (amount == left).into();
    let mut made = objects::refund(
        &format!("re_made{number}"),
        &charge,
        paid["currency"].as_str().unwrap_or("eur"),
        amount,
        paid["created"].as_i64().unwrap_or_default() + 86_400,
    );
    made["reason"] = seen.get("reason").map_or(Value::Null, Value::from);
    books.add("refunds", made.clone());
    Ok(made)
}

fn change(books: &mut Books, id: &str, seen: &Seen) -> Result<Value, Refused> {
    // What is charged is what a preview at the same instant says.
    if let Some(at) = seen.get("proration_date") {
        let number = books.next_number();
        let (lines, total) = prorated(books, id, &|name| seen.get(name), at)?;
        let currency = books.object("subscriptions", id).ok_or(Refused::missing("id"))?["currency"].clone();
        let customer = books.object("subscriptions", id).ok_or(Refused::missing("id"))?["customer"].clone();
        let mut made = objects::invoice(
            &format!("in_made{number}"),
            customer.as_str().unwrap_or_default(),
            id,
            currency.as_str().unwrap_or("eur"),
            total,
            at.parse().unwrap_or_default(),
        );
        made["lines"]["data"] = lines;
        books.add("invoices", made);
    }
    let price = match seen.get("items[0][price]") {
        None => None,
        Some(id) => {
            let known = books.all("prices").iter().find(|price| price["id"] == id);
            Some(known.cloned().ok_or(Refused::missing("items[0][price]"))?)
        }
    };
    let subscription = books.object("subscriptions", id).ok_or(Refused::missing("id"))?;
    if subscription["status"] == "canceled" {
        return Err(Refused::missing("id"));
    }
    if let Some(end) = seen.get("cancel_at_period_end") {
        subscription["cancel_at_period_end"] = (end == "true").into();
    }
    if let Some(item) = seen.get("items[0][id]") {
        let items = subscription["items"]["data"].as_array_mut().ok_or(Refused::missing("items"))?;
        let line =
            items.iter_mut().find(|line| line["id"] == item).ok_or(Refused::missing("items[0][id]"))?;
        if let Some(price) = price {
            line["price"] = price;
        }
        if let Some(quantity) = seen.get("items[0][quantity]") {
            let quantity: u64 = quantity
                .parse()
                .map_err(|_| Refused::wrong("parameter_invalid_integer", "items[0][quantity]"))?;
            line["quantity"] = quantity.into();
        }
    }
    Ok(subscription.clone())
}

/// The lines of a change at an instant: the rest of the period is given back at the old terms and charged at the new,
/// prorated by the second.
fn prorated<'s>(
    books: &mut Books,
    id: &str,
    field: &dyn Fn(&str) -> Option<&'s str>,
    at: &str,
) -> Result<(Value, i64), Refused> {
    let wrong = || Refused::wrong("parameter_invalid_integer", "proration_date");
    let at: i64 = at.parse().map_err(|_| wrong())?;
    let price = field("items[0][price]")
        .map(|id| {
            books
                .all("prices")
                .iter()
                .find(|price| price["id"] == id)
                .cloned()
                .ok_or(Refused::missing("price"))
        })
        .transpose()?;
    let subscription = books.object("subscriptions", id).ok_or(Refused::missing("id"))?;
    let items = subscription["items"]["data"].as_array().ok_or(Refused::missing("items"))?;
    let wanted = field("items[0][id]").unwrap_or_default();
    let line = items.iter().find(|line| line["id"] == wanted).ok_or(Refused::missing("items[0][id]"))?;
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    let (start, end) = (number(&line["current_period_start"]), number(&line["current_period_end"]));
    let left = (end - at).clamp(0, end - start);
    let new_quantity = field("items[0][quantity]")
        .map_or(Ok(number(&line["quantity"])), |text| text.parse().map_err(|_| wrong()))?;
    let share = |amount: i64, quantity: i64| {
        // Halves away from zero, as statements of account round.
        (2 * amount * quantity * left + (end - start)) / (2 * (end - start))
    };
    let old = share(number(&line["price"]["unit_amount"]), number(&line["quantity"]));
    let new = share(number(&price.as_ref().unwrap_or(&line["price"])["unit_amount"]), new_quantity);
    let lines = json!([
        { "object": "line_item", "amount": -old, "description": "Unused time" },
        { "object": "line_item", "amount": new, "description": "Remaining time" },
    ]);
    Ok((lines, new - old))
}

fn preview(books: &mut Books, seen: &Seen) -> Result<Value, Refused> {
    let id = seen.get("subscription").ok_or(Refused::wrong("parameter_missing", "subscription"))?.to_owned();
    let inner = |name: &str| {
        let (head, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
        seen.get(&format!("subscription_details[{head}]{rest}"))
    };
    let at = inner("proration_date").ok_or(Refused::wrong("parameter_missing", "proration_date"))?;
    let (lines, total) = prorated(books, &id, &inner, at)?;
    let currency =
        books.object("subscriptions", &id).ok_or(Refused::missing("subscription"))?["currency"].clone();
    Ok(json!({
        "id": "upcoming_in_1", "object": "invoice", "currency": currency, "total": total,
        "amount_due": total.max(0), "lines": { "object": "list", "data": lines, "has_more": false },
    }))
}

fn cancel(books: &mut Books, id: &str) -> Result<Value, Refused> {
    let subscription = books.object("subscriptions", id).ok_or(Refused::missing("id"))?;
    if subscription["status"] == "canceled" {
        return Err(Refused::missing("id"));
    }
    subscription["status"] = json!("canceled");
    subscription["ended_at"] = subscription["items"]["data"][0]["current_period_start"].clone();
    Ok(subscription.clone())
}
