//! The reading into the copy: whole, interrupted, changed under us, refused in part, of another account.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use steward_core::ErrorCode;
use steward_tests::stripe::objects::{charge, customer, product, refund};
use steward_tests::stripe::{Fault, Key, READER, SECRET};

use super::{Company, open, run};
use steward_tests::stripe::company::{ROWS, mirror};

fn rows(status: &Value, part: &str) -> u64 {
    let found = status["parts"].as_array().expect("parts").iter().find(|row| row["part"] == part);
    found.expect("the list is there")["rows"].as_u64().expect("a number")
}

#[tokio::test]
async fn everything_is_read_and_what_went_goes_here_too() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    for number in 0..250 {
        company.stripe.books().add("products", product(&format!("prod_more{number}"), "More"));
    }
    let status = company.run("stripe_connect", json!({ "key": READER })).await;
    assert_eq!(status["as_of"], Value::Null, "connected is not read");
    assert_eq!(status["link"]["account"], "acct_test");
    let done = company.run("stripe_pull", Value::Null).await;
    assert_eq!((&done["was_resumed"], &done["waits"]), (&json!(false), &json!(0)));
    let status = company.run("stripe_status", Value::Null).await;
    assert_eq!(
        (rows(&status, "products"), rows(&status, "customers"), rows(&status, "subscriptions")),
        (252, 7, 7)
    );
    assert_eq!(status["as_of"], done["as_of"]);

    let again = company.run("stripe_pull", Value::Null).await;
    assert_eq!(again["rows_changed"], 0, "nothing is written that is already so: {again}");
    assert!(company.stripe.books().remove("products", "prod_more7"));
    company.stripe.books().object("customers", "cus_2").expect("it is there")["email"] =
        json!("new@example.com");
    let third = company.run("stripe_pull", Value::Null).await;
    assert_eq!(third["rows_changed"], 2, "one changed, one gone");
    assert_eq!(rows(&company.run("stripe_status", Value::Null).await, "products"), 251);
}

#[tokio::test]
async fn a_reading_that_broke_off_goes_on_where_it_was_in_another_process_too() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    for number in 0..350 {
        let id = format!("ch_{number}");
        let made = charge(&id, "cus_2", &format!("pi_{number}"), "eur", 2_900, 1_790_000_000 + number);
        company.stripe.books().add("charges", made);
    }
    company.run("stripe_connect", json!({ "key": READER })).await;
    // Refunds, then two pages of payments; then the key is revoked.
    company.stripe.books().after(4, |books| books.revoke(READER));
    let error = company.refused("stripe_pull", Value::Null).await;
    assert_eq!(error.code, ErrorCode::BillingKey);
    let status = company.run("stripe_status", Value::Null).await;
    assert_eq!(
        (rows(&status, "payments"), &status["is_unfinished"], &status["as_of"]),
        (200, &json!(true), &Value::Null)
    );
    assert!(status["trouble"].as_str().is_some_and(|text| text.contains("revoked")), "{status}");
    let nothing = company.refused("stripe_reconcile", json!({})).await;
    assert_eq!(nothing.code, ErrorCode::NotFound, "half of Stripe is not compared with");

    // Another key of the same account, and another process: it goes on after the last row that was written.
    company.run("stripe_connect", json!({ "key": SECRET })).await;
    company.steward.close().await;
    let steward = open(&company.home, &company.stripe).await;
    let before = company.stripe.books().seen().len();
    let done = run(&steward, "stripe_pull", Value::Null).await.expect("it goes on");
    assert_eq!(
        (&done["was_resumed"], &done["rows_read"]),
        (&json!(true), &json!(150 + 7 + 7 + 1 + 3 + 2)),
        "what was read is not read again: {done}"
    );
    {
        let books = company.stripe.books();
        let first = &books.seen()[before];
        assert_eq!((first.path.as_str(), first.get("starting_after")), ("/v1/charges", Some("ch_150")));
    }
    let status = run(&steward, "stripe_status", Value::Null).await.expect("a status");
    assert_eq!((rows(&status, "payments"), &status["is_unfinished"]), (350, &json!(false)));
    steward.close().await;
}

#[tokio::test]
async fn a_list_that_changes_under_us_is_read_whole_all_the_same() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    for number in 0..250 {
        company.stripe.books().add("customers", customer(&format!("cus_more{number}"), "more@example.com"));
    }
    company.run("stripe_connect", json!({ "key": READER })).await;
    // Refunds, payments, invoice payments, invoices, subscriptions: the seventh request is the second page of
    // customers. The row the first page ended at is deleted, and another customer is made.
    company.stripe.books().after(7, |books| {
        assert!(books.remove("customers", "cus_more150"), "the page ended there");
        books.add("customers", customer("cus_meanwhile", "meanwhile@example.com"));
    });
    company.run("stripe_pull", Value::Null).await;
    let status = company.run("stripe_status", Value::Null).await;
    assert_eq!(rows(&status, "customers"), 7 + 250 - 1 + 1, "neither lost nor kept what is gone");
    let starts = {
        let books = company.stripe.books();
        let asked = books
            .seen()
            .iter()
            .filter(|seen| seen.path == "/v1/customers" && seen.get("limit") == Some("100"));
        asked.filter(|seen| seen.get("starting_after").is_none()).count()
    };
    assert_eq!(starts, 2, "the list was begun again");
    assert!(company.drifts(json!({})).await.is_empty());
}

#[tokio::test]
async fn a_right_that_is_missing_is_said_and_the_rest_is_read() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    company.stripe.books().add("refunds", refund("re_1", "ch_1", "eur", 100, 1_790_000_000));
    let refused = |list: &[&str]| Key {
        account: "acct_test".to_owned(),
        refused: list.iter().map(|name| (*name).to_owned()).collect(),
        may_write: false,
    };
    company.stripe.books().allow("rk_test_norefunds1", refused(&["refunds", "account"]));
    company.stripe.books().allow("rk_test_nosubscriptions1", refused(&["subscriptions"]));
    let error = company.refused("stripe_connect", json!({ "key": "rk_test_nosubscriptions1" })).await;
    assert_eq!(error.code, ErrorCode::BillingRight);
    assert!(error.detail.as_deref().is_some_and(|text| text.contains("Subscriptions: Read")), "{error:?}");
    let status = company.run("stripe_status", Value::Null).await;
    assert_eq!(status["link"], Value::Null, "a key that cannot be used is not kept");

    let status = company.run("stripe_connect", json!({ "key": "rk_test_norefunds1" })).await;
    assert_eq!(status["link"]["account"], Value::Null, "it may not say whose it is");
    let rights = status["link"]["rights"].as_array().expect("rights");
    let lacks: Vec<_> = rights.iter().filter(|right| right["may_read"] == false).collect();
    assert_eq!((lacks.len(), lacks[0]["part"].as_str()), (1, Some("refunds")));
    let done = company.run("stripe_pull", Value::Null).await;
    assert_eq!(done["refused"], json!(["refunds"]));
    let status = company.run("stripe_status", Value::Null).await;
    assert_eq!((rows(&status, "refunds"), rows(&status, "subscriptions")), (0, 7));
    assert!(
        status["parts"][0]["words"].as_str().is_some_and(|text| text.contains("Charges and Refunds")),
        "{status}"
    );
}

#[tokio::test]
async fn another_accounts_rows_are_never_beside_these() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    company.connect().await;
    let key = Key { account: "acct_other".to_owned(), refused: BTreeSet::new(), may_write: false };
    company.stripe.books().allow("rk_test_otheraccount1", key);
    company.run("stripe_connect", json!({ "key": "rk_test_otheraccount1" })).await;
    company.stripe.books().fail([Fault { should_retry: Some(false), ..Fault::status(500) }]);
    company.refused("stripe_pull", Value::Null).await;
    let status = company.run("stripe_status", Value::Null).await;
    assert_eq!(
        (rows(&status, "subscriptions"), &status["as_of"]),
        (0, &Value::Null),
        "the first account's rows went"
    );
    company.run("stripe_pull", Value::Null).await;
    assert_eq!(rows(&company.run("stripe_status", Value::Null).await, "subscriptions"), 7);
}

#[tokio::test]
async fn a_key_fits_the_workspace_or_is_not_kept() {
    let company = Company::new(ROWS).await;
    for (key, word) in
        [("rk_live_abcdefgh1", "live key"), ("pk_test_abcdefgh1", "publishable"), ("hunter2", "begins with")]
    {
        let error = company.refused("stripe_connect", json!({ "key": key })).await;
        assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "key"));
        assert!(error.message.contains(word), "{key}: {error:?}");
    }
    assert!(company.stripe.books().seen().is_empty(), "a key of the wrong kind is sent nowhere");
    let error = company.refused("stripe_connect", json!({ "key": "rk_test_unknown123" })).await;
    assert_eq!(error.code, ErrorCode::BillingKey);
    let error = company.refused("stripe_pull", Value::Null).await;
    assert_eq!(error.code, ErrorCode::NotFound);

    let url = company.database.login_url("finance");
    let request = json!({ "name": "real", "url": url, "environment": "production" });
    company.run("workspace_add", request).await;
    let error = company.refused("stripe_connect", json!({ "key": READER })).await;
    assert!(error.message.contains("sandbox"), "{error:?}");

    company.run("workspace_use", json!({ "workspace": "acme" })).await;
    let status = company.run("stripe_connect", json!({ "key": SECRET })).await;
    assert_eq!(
        (&status["link"]["kind"], &status["link"]["masked"]),
        (&json!("secret"), &json!("sk_test_…4242"))
    );
    let status = company.run("stripe_disconnect", Value::Null).await;
    assert_eq!(status["link"], Value::Null);
    assert_eq!(company.refused("stripe_pull", Value::Null).await.code, ErrorCode::NotFound);
}
