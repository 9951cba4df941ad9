//! Stripe's own published example of every object that is read, each decoded once.
//!
//! The examples are Stripe's and lie beside the checkout; they are no part of it. Where CI runs, and where there is a folder
//! of such files, they have to be there: a check that is passed by not being made would hide what it is for.
//! `STEWARD_WITHOUT_STRIPE_EXAMPLES=1` says that they are absent on purpose.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use steward_core::stripe::Part;
use steward_core::stripe::record::Rows;
use steward_tests::stripe::{READER, StripeServer};

use super::client::client;

const ABSENT: &str = "STEWARD_WITHOUT_STRIPE_EXAMPLES";

/// Whether somebody who has no examples has to be told so by a failure.
fn is_expected(folder: &Path, is_ci: bool, is_absent_on_purpose: bool) -> bool {
    !is_absent_on_purpose && (is_ci || folder.exists())
}

fn examples() -> Option<Value> {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
    let path = shared.join("stripe/fixtures3.json");
    let says = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let all: Value = serde_json::from_str(&text).expect("JSON");
            Some(all["resources"].clone())
        }
        Err(cause) => {
            let told = format!("Stripe's published examples are not at {}: {cause}", path.display());
            assert!(
                !is_expected(&shared, says("CI"), says(ABSENT)),
                "{told}. Put them there, or set {ABSENT}=1 if they are absent on purpose."
            );
            // The runner keeps what a passed test writes to itself; `cargo x test` says it at its end.
            eprintln!("NOT CHECKED: {told}");
            None
        }
    }
}

#[test]
fn absent_examples_fail_where_they_are_expected_unless_that_is_on_purpose() {
    let folder = tempfile::tempdir().expect("a folder");
    let (there, nowhere) = (folder.path(), folder.path().join("nowhere"));
    assert!(is_expected(there, false, false), "others lie here, so these should");
    assert!(is_expected(&nowhere, true, false), "CI checks everything");
    assert!(!is_expected(&nowhere, false, false), "a fresh clone has none");
    assert!(!is_expected(there, true, true), "said to be so");
}

#[tokio::test]
async fn every_published_object_that_is_read_is_decoded() {
    let Some(examples) = examples() else { return };
    let stripe = StripeServer::start().await;
    let (client, _) = client(&stripe, READER);
    for (part, list, name) in [
        (Part::Refunds, "refunds", "refund"),
        (Part::Payments, "charges", "charge"),
        (Part::InvoicePayments, "invoice_payments", "invoice_payment"),
        (Part::Invoices, "invoices", "invoice"),
        (Part::Subscriptions, "subscriptions", "subscription"),
        (Part::Customers, "customers", "customer"),
        (Part::Coupons, "coupons", "coupon"),
        (Part::Prices, "prices", "price"),
        (Part::Products, "products", "product"),
    ] {
        let example = examples[name].clone();
        assert!(example.is_object(), "{name} is among the examples");
        stripe.books().add(list, example);
        let page = client.page(part, None).await.unwrap_or_else(|error| panic!("{name}: {}", error.chain()));
        assert_eq!((page.rows.part(), page.rows.len()), (part, 1), "{name}");
    }
    // A discount is read within its subscription.
    let mut subscription = examples["subscription"].clone();
    subscription["id"] = json!("sub_discounted");
    subscription["discounts"] = json!([examples["discount"].clone()]);
    stripe.books().add("subscriptions", subscription);
    let page = client.page(Part::Subscriptions, None).await.expect("decoded");
    let Rows::Subscriptions(rows) = page.rows else { panic!("subscriptions") };
    assert_eq!(rows[0].discounts.len(), 1);
    let item = &rows[1].items[0];
    assert!(item.period_end.is_some(), "the period is the item's");
    let price = item.price.as_ref().expect("a price");
    assert_eq!((price.unit_amount.as_deref(), price.currency.as_str()), (Some("2000"), "USD"));
}

#[tokio::test]
async fn the_servers_own_objects_have_the_published_fields() {
    use steward_tests::stripe::objects;
    let Some(examples) = examples() else { return };
    let made = [
        ("product", objects::product("prod_1", "Pro")),
        ("price", objects::price("price_1", "prod_1", "eur", 1, "month")),
        ("coupon", objects::coupon("c", 10.0)),
        ("discount", objects::discount("di_1", "c")),
        ("customer", objects::customer("cus_1", "ada@example.com")),
        ("invoice", objects::invoice("in_1", "cus_1", "sub_1", "eur", 1, 1)),
        ("invoice_payment", objects::invoice_payment("inpay_1", "in_1", "pi_1", "eur", 1)),
        ("charge", objects::charge("ch_1", "cus_1", "pi_1", "eur", 1, 1)),
        ("refund", objects::refund("re_1", "ch_1", "eur", 1, 1)),
        ("subscription", objects::subscription("sub_1", "cus_1", "active", "eur", Vec::new())),
    ];
    for (name, object) in made {
        let published = examples[name].as_object().expect("an example");
        for field in object.as_object().expect("an object").keys() {
            assert!(published.contains_key(field), "{name}.{field} is no field of Stripe's today");
        }
    }
    let published = examples["subscription"]["items"]["data"][0].as_object().expect("an item");
    let item = objects::item("si_1", Value::Null, 1, (1, 2));
    for field in item.as_object().expect("an object").keys() {
        assert!(published.contains_key(field), "subscription_item.{field} is no field of Stripe's today");
    }
}
