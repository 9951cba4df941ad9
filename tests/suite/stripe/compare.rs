//! Here against there: a clean pair raises nothing, and each difference that is put in is found, alone.

use serde_json::{Value, json};
use steward_core::ErrorCode;
use steward_tests::cluster::execute;
use steward_tests::stripe::StripeServer;

use super::Company;
use steward_tests::stripe::company::{ROWS, disturb, mirror, subscription_of};

#[tokio::test]
async fn a_clean_pair_raises_nothing() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    company.connect().await;
    let found = company.run("stripe_reconcile", json!({})).await;
    assert_eq!(found["rows"], json!([]), "{found:#}");
    assert_eq!(found["not_compared"], json!([]));
    let counts = ["here", "there", "matched", "clean", "by_hand"].map(|name| found[name].clone());
    assert_eq!(json!(counts), json!([8, 7, 7, 7, 1]));
    assert!(found["stripe_as_of"].is_string() && found["freshness"]["as_of"].is_string());
}

const FOUND: [(&str, &str); 10] = [
    ("duplicate", "sub_20"),
    ("orphan", "sub_21"),
    ("missing_here", "sub_22"),
    ("missing_there", "sub_4"),
    ("status", "sub_2"),
    ("plan", "sub_5"),
    ("amount", "sub_3"),
    ("interval", "sub_8"),
    ("quantity", "sub_6"),
    ("period", "sub_7"),
];

/// An account at Stripe without a subscription here.
const KNOWN: &str = "insert into steward.users (id, email, name, plan_code, stripe_customer_id)
    values ('0190b2a0-0000-7000-8000-000000000022', 'user22@example.com', 'User 22', 'free', 'cus_22')";

#[tokio::test]
async fn seeded_drift_of_each_class_is_found_and_nothing_else() {
    let company = Company::new(ROWS).await;
    execute(&mut company.database.connect_owner().await, KNOWN).await;
    company.run("sync_run", Value::Null).await;
    mirror(&company.stripe);
    disturb(&company.stripe);
    company.connect().await;
    let found = company.run("stripe_reconcile", json!({})).await;
    let seen = company.drifts(json!({})).await;
    let expected = FOUND.map(|(class, id)| (class.to_owned(), id.to_owned()));
    assert_eq!(seen, expected, "{found:#}");
    let counts: Vec<_> =
        found["classes"].as_array().expect("classes").iter().map(|class| class["rows"].clone()).collect();
    assert_eq!(json!(counts), json!([1, 1, 1, 1, 1, 1, 1, 1, 1, 1]));
    let rows = found["rows"].as_array().expect("rows");
    for row in rows {
        assert!(row["fix"].as_str().is_some_and(|fix| fix.len() > 30 && fix.ends_with('.')), "{row}");
        assert_eq!(row["account"].is_null(), row["class"] == "orphan", "every other account is named: {row}");
    }
    let amount = &rows[6];
    assert_eq!((&amount["here"], &amount["there"]), (&json!("25.50 % off"), &json!("no discount")));
    assert_eq!(rows[7]["account"]["label"], "Analytical Engines", "a team's subscription is the team's");
    let one = company.run("stripe_reconcile", json!({ "class": "plan", "limit": 1 })).await;
    assert_eq!((&one["total"], &one["rows"][0]["there"]), (&json!(1), &json!("Starter")));
}

/// The table that Stripe's pages export of what the server has.
fn exported(stripe: &StripeServer, columns: &[&str], separator: char, decimal: char) -> String {
    let books = stripe.books();
    let email = |customer: &Value| {
        let found = books.all("customers").iter().find(|object| object["id"] == *customer);
        found.map(|object| object["email"].clone()).unwrap_or_default()
    };
    let mut lines = vec![columns.join(&separator.to_string())];
    for object in books.all("subscriptions") {
        for line in object["items"]["data"].as_array().expect("lines") {
            if line["price"]["recurring"]["usage_type"] == "metered" {
                continue;
            }
            let currency = object["currency"].as_str().expect("a currency");
            let amount = line["price"]["unit_amount"].as_i64().expect("an amount");
            let digits = match currency {
                "jpy" => 0,
                "kwd" => 3,
                _ => 2,
            };
            let scale = 10_i64.pow(digits);
            let amount = match digits {
                0 => amount.to_string(),
                _ => {
                    format!("{}{decimal}{:0width$}", amount / scale, amount % scale, width = digits as usize)
                }
            };
            let end = line["current_period_end"].as_i64().expect("an instant");
            let end = chrono::DateTime::from_timestamp(end, 0).expect("an instant").format("%Y-%m-%d %H:%M");
            let field = |column: &str| match column {
                "id" => object["id"].as_str().expect("an id").to_owned(),
                "Customer ID" => object["customer"].as_str().expect("an id").to_owned(),
                "Customer Email" => email(&object["customer"]).as_str().unwrap_or_default().to_owned(),
                "Plan" => line["price"]["id"].as_str().expect("an id").to_owned(),
                "Product" => line["price"]["product"].as_str().expect("an id").to_owned(),
                "Quantity" => line["quantity"].to_string(),
                "Currency" => currency.to_owned(),
                "Interval" => line["price"]["recurring"]["interval"].as_str().expect("a word").to_owned(),
                "Amount" => amount.clone(),
                "Status" => object["status"].as_str().expect("a word").to_owned(),
                "Current Period End (UTC)" => end.to_string(),
                "Cancel At Period End" => object["cancel_at_period_end"].to_string(),
                other => panic!("no column {other}"),
            };
            let fields: Vec<String> = columns.iter().map(|column| field(column)).collect();
            lines.push(fields.join(&separator.to_string()));
        }
    }
    lines.join("\n") + "\n"
}

const COLUMNS: [&str; 12] = [
    "id",
    "Customer ID",
    "Customer Email",
    "Plan",
    "Product",
    "Quantity",
    "Currency",
    "Interval",
    "Amount",
    "Status",
    "Current Period End (UTC)",
    "Cancel At Period End",
];

#[tokio::test]
async fn an_exported_table_says_the_same_without_a_key_and_without_a_network() {
    let company = Company::new(ROWS).await;
    execute(&mut company.database.connect_owner().await, KNOWN).await;
    company.run("sync_run", Value::Null).await;
    mirror(&company.stripe);
    let error = company.refused("stripe_reconcile", json!({})).await;
    assert_eq!(error.code, ErrorCode::NotFound);
    assert!(error.detail.as_deref().is_some_and(|text| text.contains("--csv")), "{error:?}");

    let path = company.home.path().join("subscriptions.csv");
    let request = json!({ "csv": path });
    std::fs::write(&path, exported(&company.stripe, &COLUMNS, ',', '.')).expect("written");
    let clean = company.run("stripe_reconcile", request.clone()).await;
    assert_eq!(
        (&clean["rows"], &clean["clean"], &clean["file"]),
        (&json!([]), &json!(7), &json!("subscriptions.csv"))
    );
    let classes: Vec<_> =
        clean["not_compared"].as_array().expect("a list").iter().map(|row| &row["class"]).collect();
    assert_eq!(json!(classes), json!(["amount"]), "the table says nothing of discounts: {clean}");

    disturb(&company.stripe);
    std::fs::write(&path, exported(&company.stripe, &COLUMNS, ';', ',')).expect("written");
    // Of discounts the table says nothing, so that difference is not found.
    let expected: Vec<_> = { FOUND.iter() }
        .filter(|(class, _)| *class != "amount")
        .map(|(class, id)| ((*class).to_owned(), (*id).to_owned()))
        .collect();
    assert_eq!(company.drifts(request.clone()).await, expected);

    let few = ["id", "Customer ID", "Status"];
    std::fs::write(&path, exported(&company.stripe, &few, '\t', '.')).expect("written");
    let seen = company.drifts(request.clone()).await;
    let classes: Vec<_> = seen.iter().map(|(class, _)| class.as_str()).collect();
    assert_eq!(classes, ["duplicate", "orphan", "missing_here", "missing_there", "status"]);
    let told = company.run("stripe_reconcile", request.clone()).await;
    assert!(told["not_compared"].as_array().is_some_and(|rows| rows.len() >= 5), "{told}");

    std::fs::write(&path, "Charge,Amount\nch_1,5\n").expect("written");
    let error = company.refused("stripe_reconcile", request.clone()).await;
    assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "csv"));
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(company.refused("stripe_reconcile", request).await.code, ErrorCode::NotFound);
    assert!(company.stripe.books().seen().is_empty(), "nobody asked Stripe");
}

#[tokio::test]
async fn a_subscription_without_a_price_and_an_unknown_currency_are_told_and_harm_nothing() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    {
        let mut books = company.stripe.books();
        subscription_of(&mut books, 2)["items"]["data"][0]["price"] = Value::Null;
        subscription_of(&mut books, 7)["currency"] = json!("xxq");
    }
    company.connect().await;
    let found = company.run("stripe_reconcile", json!({})).await;
    let rows = found["rows"].as_array().expect("rows");
    let seen: Vec<_> = rows.iter().map(|row| (row["class"].as_str(), row["there"].as_str())).collect();
    assert_eq!(seen, [(Some("plan"), Some("no price")), (Some("amount"), Some("2900 units of XXQ"))]);
}

#[tokio::test]
async fn trap_33_a_pause_names_every_subscription_it_holds_back_and_no_other() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    // Two of three are paused; one of them is paused here, too.
    for id in ["sub_2", "sub_6"] {
        company.stripe.books().object("subscriptions", id).expect("it is there")["pause_collection"] =
            json!({ "behavior": "keep_as_draft", "resumes_at": null });
    }
    let pause = "update steward.subscriptions set status = 'paused' where stripe_subscription_id = 'sub_6'";
    execute(&mut company.database.connect_owner().await, pause).await;
    company.run("sync_run", Value::Null).await;
    company.connect().await;
    let found = company.run("stripe_reconcile", json!({})).await;
    let rows = found["rows"].as_array().expect("rows");
    let told: Vec<_> = rows
        .iter()
        .map(|row| json!([row["class"], row["stripe_subscription"], row["here"], row["there"]]))
        .collect();
    assert_eq!(json!(told), json!([["status", "sub_2", "active", "active, collection paused"]]), "{found:#}");
    assert_eq!(rows[0]["account"]["label"], "user2@example.com", "whose it is");
    assert!(rows[0]["fix"].as_str().is_some_and(|fix| fix.contains("resume it at Stripe")), "{}", rows[0]);
}

#[tokio::test]
async fn trap_34_what_no_message_told_is_found_by_the_state_of_the_object() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    company.connect().await;
    assert!(company.drifts(json!({})).await.is_empty());
    // Three changes within one second, and nobody is told: only how it stands in the end is true.
    for status in ["unpaid", "active", "past_due"] {
        subscription_of(&mut company.stripe.books(), 2)["status"] = json!(status);
    }
    assert!(company.drifts(json!({})).await.is_empty(), "the copy is as of its reading, and says so");
    company.run("stripe_pull", Value::Null).await;
    let found = company.run("stripe_reconcile", json!({})).await;
    let row = &found["rows"][0];
    assert_eq!(
        json!([found["total"], row["class"], row["stripe_subscription"], row["here"], row["there"]]),
        json!([1, "status", "sub_2", "active", "past_due"])
    );
    // Told twice is told once.
    let again = company.run("stripe_pull", Value::Null).await;
    assert_eq!(again["rows_changed"], 0, "{again}");
    // It changes while it is read, and what was read first is the older state: the next reading has the newer one.
    company.stripe.books().after(6, |books| subscription_of(books, 2)["status"] = json!("active"));
    company.run("stripe_pull", Value::Null).await;
    company.run("stripe_pull", Value::Null).await;
    assert!(company.drifts(json!({})).await.is_empty(), "the last state holds, whatever came before it");
}
