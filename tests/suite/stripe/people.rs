//! What people see: figures, invoices, payments, refunds; as an answer and on the command line.

use std::process::Output;

use serde_json::{Value, json};
use steward_core::{Clock, SystemClock};
use steward_tests::stripe::objects::{charge, invoice, invoice_payment, refund, refused_charge};
use steward_tests::stripe::{READER, StripeServer};

use super::Company;
use steward_tests::stripe::company::{ROWS, mirror};

/// Twenty days of money: paid, refused twice and open, refunded, in three currencies.
fn money(stripe: &StripeServer) {
    let now = SystemClock.now().timestamp();
    let days = |count: i64| now - count * 86_400;
    let mut books = stripe.books();
    let paid =
        [("2", "eur", 5_800, 20), ("4", "jpy", 18_000, 12), ("5", "kwd", 47_500, 9), ("6", "eur", 17_400, 3)];
    for (customer, currency, amount, ago) in paid {
        let cus = format!("cus_{customer}");
        let (invoice_id, intent) = (format!("in_{customer}"), format!("pi_{customer}"));
        books.add(
            "invoices",
            invoice(&invoice_id, &cus, &format!("sub_{customer}"), currency, amount, days(ago)),
        );
        books.add("charges", charge(&format!("ch_{customer}"), &cus, &intent, currency, amount, days(ago)));
        books.add(
            "invoice_payments",
            invoice_payment(&format!("inpay_{customer}"), &invoice_id, &intent, currency, amount),
        );
    }
    let mut open = invoice("in_7", "cus_7", "sub_7", "eur", 20_300, days(2));
    for (field, value) in [
        ("status", json!("open")),
        ("amount_paid", json!(0)),
        ("amount_remaining", json!(20_300)),
        ("attempt_count", json!(2)),
        ("next_payment_attempt", json!(now + 3 * 86_400)),
        ("number", json!("ACME-0007")),
    ] {
        open[field] = value;
    }
    books.add("invoices", open);
    for (attempt, ago) in [(1, 2), (2, 1)] {
        let made = charge(&format!("ch_7_{attempt}"), "cus_7", "pi_7", "eur", 20_300, days(ago));
        books.add("charges", refused_charge(made));
    }
    books.add("invoice_payments", invoice_payment("inpay_7", "in_7", "pi_7", "eur", 20_300));
    let mut draft = invoice("in_draft", "cus_2", "sub_2", "eur", 999_999, days(1));
    draft["status"] = json!("draft");
    books.add("invoices", draft);
    books.object("charges", "ch_2").expect("it is there")["amount_refunded"] = json!(1_000);
    books.add("refunds", refund("re_1", "ch_2", "eur", 1_000, days(5)));
    books.add("charges", charge("ch_old", "cus_nobody", "pi_old", "eur", 77, days(400)));
}

fn figure(answer: &Value, name: &str) -> Value {
    let figures = answer["figures"].as_array().expect("figures");
    let found = figures.iter().find(|figure| figure["name"] == name).expect("the figure is there");
    let amounts = found["amounts"].as_array().expect("amounts").iter().map(|money| money["words"].clone());
    json!([found["count"], amounts.collect::<Vec<_>>()])
}

#[tokio::test]
async fn trap_12_figures_add_within_a_currency_and_never_across() {
    let company = Company::new(ROWS).await;
    let range = json!({ "range": "30d", "zone": "Europe/Berlin" });
    let empty = company.run("billing_show", range.clone()).await;
    assert_eq!(
        (&empty["is_connected"], &empty["period"]),
        (&json!(false), &Value::Null),
        "unknown is never zero"
    );
    mirror(&company.stripe);
    money(&company.stripe);
    company.connect().await;
    let answer = company.run("billing_show", range).await;
    let three = json!(["435.00 EUR", "18,000 JPY", "47.500 KWD"]);
    assert_eq!(figure(&answer, "invoiced"), json!([5, three]), "{answer:#}");
    assert_eq!(figure(&answer, "collected"), json!([4, ["232.00 EUR", "18,000 JPY", "47.500 KWD"]]));
    assert_eq!(figure(&answer, "failed"), json!([2, ["406.00 EUR"]]), "each attempt counts");
    assert_eq!(figure(&answer, "refunded"), json!([1, ["10.00 EUR"]]));
    assert_eq!(figure(&answer, "at_risk"), json!([1, ["203.00 EUR"]]), "the invoice counts once");
}

#[tokio::test]
async fn invoices_payments_and_refunds_say_whose_they_are_and_why_they_failed() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    money(&company.stripe);
    company.connect().await;
    let failing = company.run("invoice_list", json!({ "is_failing": true })).await;
    assert_eq!(failing["total"], 1);
    let row = &failing["rows"][0];
    assert_eq!(
        json!([
            row["number"],
            row["account"]["label"],
            row["remaining"]["words"],
            row["attempts"],
            row["failure"]
        ]),
        json!(["ACME-0007", "user7@example.com", "203.00 EUR", 2, "Your card has insufficient funds."])
    );
    assert_eq!(row["url"], "https://dashboard.stripe.com/test/invoices/in_7");
    assert!(row["next_attempt_at"].is_string());

    let all = company.run("invoice_list", json!({ "limit": 2 })).await;
    let next = company.run("invoice_list", json!({ "limit": 2, "after": all["next"] })).await;
    let last = company.run("invoice_list", json!({ "limit": 2, "after": next["next"] })).await;
    let ids: Vec<_> = [&all, &next, &last]
        .iter()
        .flat_map(|page| page["rows"].as_array().expect("rows").iter().map(|row| row["id"].clone()))
        .collect();
    assert_eq!(
        json!(ids),
        json!(["in_draft", "in_7", "in_6", "in_5", "in_4", "in_2"]),
        "newest first, each once"
    );
    assert_eq!((&all["total"], &last["next"]), (&json!(6), &Value::Null));

    let by_search = |text: &str| json!({ "search": text });
    assert_eq!(
        company.run("invoice_list", by_search("acme-0007")).await["total"],
        1,
        "by number, whatever the case"
    );
    assert_eq!(company.run("invoice_list", by_search("USER4@example")).await["total"], 1, "by address");
    assert_eq!(company.run("invoice_list", by_search("nothing such")).await["total"], 0);
    let own = company.run("invoice_list", json!({ "account": "user2@example.com" })).await;
    assert_eq!(own["total"], 2);
    let none = company.run("invoice_list", json!({ "account": "user1@example.com" })).await;
    assert_eq!(none["total"], 0, "who is no customer has no invoices, and not everybody's");

    let failed = company.run("payment_list", json!({ "status": "failed" })).await;
    assert_eq!((&failed["total"], &failed["rows"][0]["invoice"]), (&json!(2), &json!("ACME-0007")));
    let old = company.run("payment_list", json!({ "search": "pi_old" })).await;
    assert_eq!(
        (&old["rows"][0]["account"], &old["rows"][0]["customer"]),
        (&Value::Null, &json!("cus_nobody"))
    );
    let refunds = company.run("refund_list", json!({})).await;
    let row = &refunds["rows"][0];
    assert_eq!(
        json!([
            row["account"]["label"],
            row["amount"]["words"],
            row["payment_amount"]["words"],
            row["reason"]
        ]),
        json!(["user2@example.com", "10.00 EUR", "58.00 EUR", "Requested by customer"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_found_by_the_number_that_its_customer_reads_off_an_invoice() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    money(&company.stripe);
    let mut of_team = invoice("in_8", "cus_8", "sub_8", "eur", 348_000, SystemClock.now().timestamp());
    of_team["number"] = json!("ACME-0008");
    company.stripe.books().add("invoices", of_team);
    company.connect().await;
    let found = async |text: &str| -> Value {
        let found = company.run("record_find", json!({ "text": text })).await;
        let rows = found["rows"].as_array().expect("rows");
        rows.iter().map(|row| json!([row["kind"], row["reason"], row["title"]])).collect()
    };
    for text in ["ACME-0007", "acme-0007", "u:ACME-0007", "in_7"] {
        assert_eq!(found(text).await, json!([["user", "id", "User 7"]]), "{text}");
    }
    for text in ["ACME-0008", "t:acme-0008", "in_8"] {
        assert_eq!(found(text).await, json!([["team", "id", "Analytical Engines"]]), "{text}");
    }
    assert_eq!(found("ACME-0009").await, json!([]));
}

/// `steward` on a folder of its own, with this Stripe.
fn steward(company: &Company, home: &std::path::Path, words: &[&str], input: &str) -> Output {
    use std::io::Write as _;
    let mut command = crate::cli::process(home);
    command
        .env("STEWARD_PASSPHRASE_FILE", home.join("passphrase"))
        .env("STEWARD_STRIPE_URL", company.stripe.url());
    command.args(words).stdin(std::process::Stdio::piped());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("steward runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
    child.wait_with_output().expect("it ends")
}

/// What a terminal shows of a call on the company's own folder.
pub(super) fn printed(company: &Company, words: &[&str]) -> String {
    text(&steward(company, company.home.path(), words, ""))
}

fn text(output: &Output) -> String {
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {problem}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_connects_reads_compares_and_works_offline() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    money(&company.stripe);
    company.stripe.books().object("subscriptions", "sub_6").expect("it is there")["items"]["data"][1]["quantity"] =
        json!(60);
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path();
    let url = company.database.login_url("finance");
    text(&steward(&company, home, &["workspace", "add", "acme", &url, "--environment", "development"], ""));
    text(&steward(&company, home, &["sync"], ""));
    let refused = steward(&company, home, &["stripe", "connect", "--json"], "rk_test_unknown123\n");
    assert_eq!(refused.status.code(), Some(4), "a key that is not proved");
    let connected = text(&steward(&company, home, &["stripe", "connect"], &format!("{READER}\n")));
    assert!(connected.contains("Acme, Inc. (sandbox)") && connected.contains("rk_test_…ing1"), "{connected}");
    assert!(!connected.contains(READER), "the key is not repeated");
    let pulled = text(&steward(&company, home, &["stripe", "pull"], ""));
    assert!(pulled.contains("read to the end"), "{pulled}");
    assert_eq!(home_files_with(home, READER.as_bytes()), Vec::<String>::new(), "the key lies in no file");

    // Without a network everything is answered all the same.
    let compared = steward(&company, home, &["stripe", "reconcile", "--offline"], "");
    assert_eq!(compared.status.code(), Some(9), "a difference is an answer that a script sees");
    let compared = String::from_utf8_lossy(&compared.stdout).into_owned();
    for part in ["Quantity", "user6@example.com", "sub_6", "60", "What to do"] {
        assert!(compared.contains(part), "{part} is on the page:\n{compared}");
    }
    let found = text(&steward(&company, home, &["find", "acme-0007", "--offline"], ""));
    assert!(found.contains("User 7"), "{found}");
    let failing = text(&steward(&company, home, &["invoices", "--failing", "--offline"], ""));
    assert!(failing.contains("ACME-0007") && failing.contains("203.00 EUR"), "{failing}");
    let figures = text(&steward(&company, home, &["billing", "--offline"], ""));
    assert!(figures.contains("435.00 EUR + 18,000 JPY + 47.500 KWD"), "{figures}");
    assert!(
        text(&steward(&company, home, &["payments", "--status", "failed"], ""))
            .contains("insufficient funds")
    );
    assert!(text(&steward(&company, home, &["refunds"], "")).contains("Requested by customer"));
    let offline = steward(&company, home, &["stripe", "pull", "--offline", "--json"], "");
    assert_eq!(offline.status.code(), Some(7));
    text(&steward(&company, home, &["stripe", "disconnect", "--yes"], ""));
    assert!(text(&steward(&company, home, &["stripe", "status"], "")).contains("not connected"));
}

/// Files under a folder that hold these bytes.
fn home_files_with(home: &std::path::Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![home.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if std::fs::read(&path)
                .is_ok_and(|bytes| bytes.windows(needle.len()).any(|part| part == needle))
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// MRR in euros now, as the window shows it.
async fn euro_mrr(company: &Company) -> i64 {
    let revenue = company.run("revenue_show", json!({ "zone": "UTC", "currency": "EUR" })).await;
    let figures = revenue["figures"].as_array().expect("figures");
    let found = figures.iter().find(|figure| figure["metric"] == "mrr").expect("MRR is told");
    found["amount_minor"].as_i64().expect("an amount")
}

/// Sixteen seats of 29.00, and three at a quarter and half a per cent off: 528.815.
const EURO_MRR: i64 = 52_882;

#[tokio::test]
async fn trap_15_tax_is_in_what_was_invoiced_and_never_in_mrr() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    let now = SystemClock.now().timestamp();
    // 58.00 and nineteen per cent on top.
    let mut taxed = invoice("in_tax", "cus_2", "sub_2", "eur", 6_902, now - 86_400);
    taxed["subtotal"] = json!(5_800);
    taxed["total_taxes"] =
        json!([{ "amount": 1_102, "tax_behavior": "exclusive", "type": "tax_rate_details" }]);
    company.stripe.books().add("invoices", taxed);
    company.connect().await;
    let billing = company.run("billing_show", json!({ "range": "30d", "zone": "UTC" })).await;
    assert_eq!(figure(&billing, "invoiced"), json!([1, ["69.02 EUR"]]), "what is to be paid has tax");
    let note = billing["figures"][0]["note"].as_str().expect("a note");
    assert!(note.contains("with tax"), "and says so: {note}");
    assert_eq!(euro_mrr(&company).await, EURO_MRR, "MRR is without");
}

#[tokio::test]
async fn trap_16_what_was_invoiced_is_no_mrr_and_stands_apart() {
    let company = Company::new(ROWS).await;
    // A year paid ahead: one invoice of 290.00, and a twelfth of it a month.
    let yearly = "insert into steward.users (id, email, name, plan_code, stripe_customer_id)
             values ('0190b2a0-0000-7000-8000-000000000030', 'user30@example.com', 'User 30', 'pro', 'cus_30');
         insert into steward.subscriptions (user_id, plan_code, status, billing_interval, quantity, currency,
                 stripe_subscription_id)
             values ('0190b2a0-0000-7000-8000-000000000030', 'pro', 'active', 'year', 1, 'EUR', 'sub_30')";
    steward_tests::cluster::execute(&mut company.database.connect_owner().await, yearly).await;
    company.run("sync_run", Value::Null).await;
    mirror(&company.stripe);
    let now = SystemClock.now().timestamp();
    company.stripe.books().add("invoices", invoice("in_30", "cus_30", "sub_30", "eur", 29_000, now - 86_400));
    company.connect().await;
    let billing = company.run("billing_show", json!({ "range": "30d", "zone": "UTC" })).await;
    assert_eq!(figure(&billing, "invoiced"), json!([1, ["290.00 EUR"]]));
    // 528.815 and 24.1666… are 552.981666…
    assert_eq!(euro_mrr(&company).await, 55_298, "neither the invoice nor the month it was made in");
    let names: Vec<_> =
        billing["figures"].as_array().expect("figures").iter().map(|figure| figure["name"].clone()).collect();
    assert!(
        !names.contains(&json!("mrr")),
        "what was billed and what recurs are never one figure: {names:?}"
    );
}

#[tokio::test]
async fn trap_32_voided_and_written_off_are_told_apart() {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    let now = SystemClock.now().timestamp();
    for (id, status, total) in [("in_void", "void", 5_800), ("in_off", "uncollectible", 17_400)] {
        let mut made = invoice(id, "cus_2", "sub_2", "eur", total, now - 86_400);
        made["status"] = json!(status);
        made["amount_paid"] = json!(0);
        made["amount_remaining"] = json!(total);
        company.stripe.books().add("invoices", made);
    }
    company.connect().await;
    // Voided: it never was. Written off: it is owed, and nobody expects it any more.
    let billing = company.run("billing_show", json!({ "range": "30d", "zone": "UTC" })).await;
    assert_eq!(figure(&billing, "invoiced"), json!([1, ["174.00 EUR"]]), "{billing:#}");
    assert_eq!(figure(&billing, "at_risk"), json!([0, []]), "nothing more is tried");
    for (status, id) in [("void", "in_void"), ("uncollectible", "in_off")] {
        let list = company.run("invoice_list", json!({ "status": status })).await;
        assert_eq!((&list["total"], &list["rows"][0]["id"]), (&json!(1), &json!(id)));
    }
}
