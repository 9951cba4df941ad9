//! Why recurring revenue here and at Stripe differ: every kind of difference with what it is worth, to the cent.

use serde_json::{Value, json};
use steward_tests::cluster::execute;
use steward_tests::stripe::company::{ROWS, disturb, mirror, subscription_of};
use steward_tests::stripe::objects::{coupon, discount};

use super::Company;
use super::people::printed;

async fn bridge(company: &Company, currency: &str, profile: &str) -> Value {
    let request = json!({ "currency": currency, "profile": profile });
    let bridge = company.run("revenue_stripe_bridge", request).await;
    let sum: i64 = rows(&bridge).iter().map(|row| row.1).sum();
    let whole = |name: &str| bridge[name].as_i64().expect("a whole amount");
    assert_eq!(whole("from_minor") + sum, whole("to_minor"), "{bridge:#}");
    assert_eq!(whole("difference_minor"), sum, "{bridge:#}");
    for step in bridge["steps"].as_array().expect("steps") {
        let largest = step["largest"].as_array().expect("rows");
        assert_eq!(step["subscriptions"], largest.len(), "few enough to be named: {step}");
        let parts: i64 = largest.iter().map(|row| row["difference_minor"].as_i64().expect("an amount")).sum();
        // Each row is rounded by itself, and so is the running total.
        let off = (parts - step["difference_minor"].as_i64().expect("an amount")).unsigned_abs();
        assert!(off <= 1 + largest.len() as u64 / 2, "{step}");
    }
    let shown = json!({ "zone": "UTC", "currency": currency, "profile": profile });
    let shown = company.run("revenue_show", shown).await;
    let month = shown["months"].as_array().and_then(|months| months.last()).expect("this month");
    assert_eq!(bridge["from_minor"], month["end_minor"], "the same number everywhere");
    bridge
}

/// Cause and amount of every step.
fn rows(bridge: &Value) -> Vec<(String, i64)> {
    let steps = bridge["steps"].as_array().expect("steps").iter();
    steps
        .map(|step| {
            let cause = step["cause"].as_str().expect("a cause").to_owned();
            (cause, step["difference_minor"].as_i64().expect("an amount"))
        })
        .collect()
}

fn told(rows: &[(&str, i64)]) -> Vec<(String, i64)> {
    rows.iter().map(|(cause, minor)| ((*cause).to_owned(), *minor)).collect()
}

#[tokio::test]
async fn before_stripe_was_read_its_total_is_not_known_and_a_clean_pair_differs_by_what_is_billed_by_hand() {
    let company = Company::new(ROWS).await;
    let unread = company.run("revenue_stripe_bridge", json!({})).await;
    assert_eq!(
        json!([unread["to_minor"], unread["difference_minor"], unread["stripe_as_of"], unread["steps"]]),
        json!([null, null, null, []]),
        "unknown is never zero"
    );
    assert_eq!(unread["from_minor"], 52_882, "what is known here is told");
    assert_eq!(unread["without"], "Stripe was not read to its end yet.");
    let said = printed(&company, &["revenue", "bridge", "--to", "stripe-account"]);
    assert!(said.contains("not known") && said.contains("Stripe was not read to its end yet."), "{said}");

    mirror(&company.stripe);
    company.connect().await;
    for profile in ["stripe", "chartmogul"] {
        let euro = bridge(&company, "EUR", profile).await;
        assert_eq!(rows(&euro), told(&[("by_hand", -2_900)]), "{profile}: {euro:#}");
        assert_eq!(euro["steps"][0]["largest"][0]["name"], "user1@example.com");
        assert!(euro["stripe_as_of"].is_string() && euro["freshness"]["as_of"].is_string());
        for currency in ["JPY", "KWD"] {
            assert_eq!(rows(&bridge(&company, currency, profile).await), [], "{profile} {currency}");
        }
        assert_eq!(euro["currencies"], json!(["EUR", "JPY", "KWD"]));
    }
    // What is measured is known from invoices only: a definition that counts it cannot value that one.
    let metered = bridge(&company, "EUR", "profitwell").await;
    assert_eq!(rows(&metered), told(&[("by_hand", -2_900), ("unvalued", -17_400)]), "{metered:#}");
    assert_eq!(metered["unvalued"], 1);
    let refused = company.refused("revenue_stripe_bridge", json!({ "currency": "CHF" })).await;
    assert_eq!(refused.fields[0].field, "currency");
}

#[tokio::test]
async fn seeded_drift_of_each_class_is_a_step_worth_what_it_changes() {
    let company = Company::new(ROWS).await;
    let known = "insert into steward.users (id, email, name, plan_code, stripe_customer_id)
        values ('0190b2a0-0000-7000-8000-000000000022', 'user22@example.com', 'User 22', 'free', 'cus_22')";
    execute(&mut company.database.connect_owner().await, known).await;
    company.run("sync_run", Value::Null).await;
    mirror(&company.stripe);
    disturb(&company.stripe);
    {
        let mut books = company.stripe.books();
        // So that both are worth something: it is not collected any more, and it is billed once a year.
        subscription_of(&mut books, 2)["status"] = json!("unpaid");
        subscription_of(&mut books, 7)["items"]["data"][0]["price"]["recurring"]["interval"] = json!("year");
    }
    company.connect().await;
    let euro = bridge(&company, "EUR", "stripe").await;
    assert_eq!(
        rows(&euro),
        told(&[
            ("by_hand", -2_900),
            // Two seats of 29.00.
            ("status", -5_800),
            // Seven seats of 29.00 a year: 203.00 and 16.9166…; the running total is rounded.
            ("interval", -18_609),
            // 54 more seats.
            ("quantity", 156_600),
            // A quarter and half a per cent of three seats are no longer taken off: 22.185.
            ("amount", 2_219),
            ("missing_here", 2_900),
            ("duplicate", 2_900),
            // 21 seats.
            ("orphan", 60_900),
        ]),
        "{euro:#}"
    );
    // 60 seats, three, a twelfth of seven, and one, one and 21 more.
    assert_eq!(euro["to_minor"], 174_000 + 8_700 + 1_692 + 2_900 + 2_900 + 60_900);
    let orphan = &euro["steps"][7]["largest"][0];
    assert_eq!(json!([orphan["customer"], orphan["name"]]), json!([null, "user21@example.com"]));
    let missing = &euro["steps"][5]["largest"][0];
    assert_eq!(
        json!([missing["name"], missing["stripe_subscription"]]),
        json!(["user22@example.com", "sub_22"])
    );
    assert_eq!(rows(&bridge(&company, "JPY", "stripe").await), told(&[("missing_there", -18_000)]));
    let dinars = bridge(&company, "KWD", "stripe").await;
    assert_eq!(rows(&dinars).len(), 1, "{dinars:#}");
    assert_eq!(dinars["steps"][0]["cause"], "plan");

    let said = printed(&company, &["revenue", "bridge", "--to", "stripe-account", "--currency", "EUR"]);
    for line in ["Here, stripe", "Another interval at Stripe", "At Stripe", "Stripe read", "as they stood"] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[tokio::test]
async fn discounts_of_a_line_and_of_the_whole_count_as_the_definition_says() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    {
        let mut books = company.stripe.books();
        let mut once = coupon("half_once", 50.0);
        once["duration"] = json!("once");
        books.add("coupons", once);
        books.add("coupons", coupon("tenth", 10.0));
        subscription_of(&mut books, 2)["discounts"] = json!([discount("di_once", "half_once")]);
        subscription_of(&mut books, 7)["items"]["data"][0]["discounts"] =
            json!([discount("di_line", "tenth")]);
        // Steps say nothing of what so many seats cost.
        let price = &mut subscription_of(&mut books, 6)["items"]["data"][1]["price"];
        price["billing_scheme"] = json!("tiered");
        price["unit_amount"] = Value::Null;
        price["unit_amount_decimal"] = Value::Null;
    }
    company.connect().await;
    let forever = bridge(&company, "EUR", "stripe").await;
    // A tenth of 203.00; what is off one invoice only is no lower price.
    let expected = [("by_hand", -2_900), ("unvalued", -17_400), ("amount", -2_030)];
    assert_eq!(rows(&forever), told(&expected), "{forever:#}");
    assert_eq!(forever["unvalued"], 1);
    let all = bridge(&company, "EUR", "profitwell").await;
    let expected = [("by_hand", -2_900), ("unvalued", -17_400), ("amount", -2_030 - 2_900)];
    assert_eq!(rows(&all), told(&expected), "and half of 58.00 of this invoice: {all:#}");
}
