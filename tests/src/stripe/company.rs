//! The same company on both sides: rows of a database, and books of a Stripe that say the same.

use serde_json::{Value, json};

use super::objects::{
    charge, coupon, customer, discount, invoice, invoice_payment, item, price, product, refund,
    refused_charge, subscription,
};
use super::{Books, StripeServer};

/// Start and end of the period that everybody is in.
pub const PERIOD: (i64, i64) = (1_793_491_200, 1_796_083_200);

/// Eight accounts, billed at Stripe from the second on; the first pays by hand. The last is a team's.
pub const ROWS: &str = "
    select steward.install_preset('credits');
    update steward.plans set stripe_product_id = 'prod_' || code,
        stripe_price_month_id = 'price_' || code || '_month', stripe_price_year_id = 'price_' || code || '_year',
        currency = 'EUR', price_month_minor = 2900, price_year_minor = 29000 where code = 'pro';
    update steward.plans set stripe_product_id = 'prod_' || code,
        stripe_price_month_id = 'price_' || code || '_month', currency = 'EUR', price_month_minor = 900
        where code = 'starter';
    insert into steward.users (id, email, name, plan_code, stripe_customer_id)
        select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com',
               'User ' || n, 'pro', case when n > 1 then 'cus_' || n end
        from generate_series(1, 7) n;
    insert into steward.teams (id, name) values ('0190b2a0-0000-7000-8000-000000000008', 'Analytical Engines');
    insert into steward.subscriptions (user_id, plan_code, status, billing_interval, quantity, currency,
            current_period_start, current_period_end, stripe_subscription_id)
        select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'pro', 'active', 'month', n, 'EUR',
               to_timestamp(1793491200), to_timestamp(1796083200), case when n > 1 then 'sub_' || n end
        from generate_series(1, 7) n;
    update steward.subscriptions set discount_kind = 'percent', discount_value = 25.5
        where stripe_subscription_id = 'sub_3';
    update steward.subscriptions set currency = 'JPY', unit_amount_minor = 4500 where stripe_subscription_id = 'sub_4';
    update steward.subscriptions set currency = 'KWD', unit_amount_minor = 9500 where stripe_subscription_id = 'sub_5';
    insert into steward.subscriptions (team_id, plan_code, status, billing_interval, quantity, currency,
            current_period_start, current_period_end, stripe_subscription_id)
        values ('0190b2a0-0000-7000-8000-000000000008', 'pro', 'trialing', 'year', 12, 'EUR',
                to_timestamp(1793491200), to_timestamp(1796083200), 'sub_8');";

/// A price of the plan Pro by the month.
pub fn monthly(currency: &str, amount: i64) -> Value {
    let id = if currency == "eur" { "price_pro_month".to_owned() } else { format!("price_pro_{currency}") };
    price(&id, "prod_pro", currency, amount, "month")
}

/// What Stripe has of those eight: nothing differs.
pub fn mirror(stripe: &StripeServer) {
    let mut books = stripe.books();
    for (code, name) in [("pro", "Pro"), ("starter", "Starter")] {
        books.add("products", product(&format!("prod_{code}"), name));
    }
    books.add("prices", monthly("eur", 2_900));
    books.add("prices", price("price_pro_year", "prod_pro", "eur", 29_000, "year"));
    books.add("prices", price("price_starter_month", "prod_starter", "eur", 900, "month"));
    books.add("coupons", coupon("quarter", 25.5));
    for number in 2..=7_u64 {
        let (currency, amount) = match number {
            4 => ("jpy", 4_500),
            5 => ("kwd", 9_500),
            _ => ("eur", 2_900),
        };
        billed(&mut books, number, monthly(currency, amount), "active");
    }
    books.object("subscriptions", "sub_3").expect("it is there")["discounts"] =
        json!([discount("di_1", "quarter")]);
    // A measured line in front of the plan's: the plan's is not the first one.
    let metered = {
        let mut price = price("price_tokens", "prod_tokens", "eur", 1, "month");
        price["recurring"]["usage_type"] = json!("metered");
        let mut line = item("si_metered", price, 0, PERIOD);
        line["quantity"] = Value::Null;
        line
    };
    let lines = books.object("subscriptions", "sub_6").expect("it is there")["items"]["data"].as_array_mut();
    lines.expect("lines").insert(0, metered);
    billed(&mut books, 8, price("price_pro_year", "prod_pro", "eur", 29_000, "year"), "trialing");
    books.object("subscriptions", "sub_8").expect("it is there")["items"]["data"][0]["quantity"] = json!(12);
}

/// A customer with a subscription of as many seats as its number.
pub fn billed(books: &mut Books, number: u64, price: Value, status: &str) {
    let (id, customer_id) = (format!("sub_{number}"), format!("cus_{number}"));
    let currency = price["currency"].as_str().expect("a currency").to_owned();
    books.add("customers", customer(&customer_id, &format!("user{number}@example.com")));
    let line = item(&format!("si_{number}"), price, number, PERIOD);
    books.add("subscriptions", subscription(&id, &customer_id, status, &currency, vec![line]));
}

/// A subscription by the number of its account.
pub fn subscription_of(books: &mut Books, number: u64) -> &mut Value {
    books.object("subscriptions", &format!("sub_{number}")).expect("it is there")
}

/// One difference of each class at once, each in an account of its own.
pub fn disturb(stripe: &StripeServer) {
    let mut books = stripe.books();
    subscription_of(&mut books, 2)["status"] = json!("past_due");
    subscription_of(&mut books, 3)["discounts"] = json!([]);
    let line = &mut subscription_of(&mut books, 5)["items"]["data"][0];
    line["price"] = price("price_starter_month", "prod_starter", "eur", 900, "month");
    subscription_of(&mut books, 6)["items"]["data"][1]["quantity"] = json!(60);
    subscription_of(&mut books, 7)["items"]["data"][0]["current_period_end"] = json!(PERIOD.1 + 86_400);
    subscription_of(&mut books, 8)["items"]["data"][0]["price"]["recurring"]["interval"] = json!("month");
    assert!(books.remove("subscriptions", "sub_4"));
    let second = item("si_20", monthly("eur", 2_900), 1, PERIOD);
    books.add("subscriptions", subscription("sub_20", "cus_2", "active", "eur", vec![second]));
    billed(&mut books, 21, monthly("eur", 2_900), "active");
    let known = item("si_22", monthly("eur", 2_900), 1, PERIOD);
    books.add("customers", customer("cus_22", "user22@example.com"));
    books.add("subscriptions", subscription("sub_22", "cus_22", "active", "eur", vec![known]));
}

/// First and last names, for a company that is looked at.
const FIRST: [&str; 12] =
    ["Ada", "Bela", "Chidi", "Dunja", "Emil", "Farah", "Goran", "Hana", "Imre", "Jonas", "Kaori", "Lena"];
const LAST: [&str; 10] =
    ["Aydin", "Bauer", "Costa", "Duarte", "Eriksen", "Fujita", "Grube", "Holm", "Ibarra", "Jansen"];

/// Name and address of a numbered account.
fn person(number: u64) -> (String, String) {
    let pick = |list: &[&'static str], at: u64| list[at as usize % list.len()];
    let (first, last) = (pick(&FIRST, number), pick(&LAST, number / 7 + number));
    let email = format!("{}.{}{number}@example.com", first.to_lowercase(), last.to_lowercase());
    (format!("{first} {last}"), email)
}

/// So many more accounts that are billed at Stripe, from number 100 on.
pub fn crowd_rows(count: u64) -> String {
    let mut sql = String::new();
    for number in 100..100 + count {
        let (name, email) = person(number);
        let plan = if number % 3 == 0 { "starter" } else { "pro" };
        sql.push_str(&format!(
            "insert into steward.users (id, email, name, plan_code, stripe_customer_id)
                 values ('0190b2a0-0000-7000-8000-{number:012}', '{email}', '{name}', '{plan}', 'cus_{number}');
             insert into steward.subscriptions (user_id, plan_code, status, billing_interval, quantity, currency,
                     current_period_start, current_period_end, stripe_subscription_id)
                 values ('0190b2a0-0000-7000-8000-{number:012}', '{plan}', 'active', 'month', {}, 'EUR',
                         to_timestamp({}), to_timestamp({}), 'sub_{number}');",
            number % 9 + 1,
            PERIOD.0,
            PERIOD.1,
        ));
    }
    sql
}

/// The same accounts at Stripe, with a year of invoices up to `now`: most are paid, some fail, a few are given back.
pub fn crowd_books(stripe: &StripeServer, count: u64, now: i64) {
    const MONTH: i64 = 30 * 86_400;
    let mut books = stripe.books();
    let mut money = Vec::new();
    for number in 100..100 + count {
        let (name, email) = person(number);
        let (price, amount) = if number % 3 == 0 {
            (price("price_starter_month", "prod_starter", "eur", 900, "month"), 900)
        } else {
            (monthly("eur", 2_900), 2_900)
        };
        let seats = number % 9 + 1;
        let (cus, sub) = (format!("cus_{number}"), format!("sub_{number}"));
        let mut made = customer(&cus, &email);
        made["name"] = json!(name);
        books.add("customers", made);
        let line = item(&format!("si_{number}"), price, seats, PERIOD);
        books.add("subscriptions", subscription(&sub, &cus, "active", "eur", vec![line]));
        for month in 0..12_i64 {
            let at = now - month * MONTH - (number as i64 % 29) * 86_400 - (number as i64 * 977) % 80_000;
            money.push((at, number, month, amount * seats as i64));
        }
    }
    money.sort_unstable();
    for (at, number, month, amount) in money {
        let (cus, sub) = (format!("cus_{number}"), format!("sub_{number}"));
        let (id, intent) = (format!("in_{number}_{month}"), format!("pi_{number}_{month}"));
        let mut bill = invoice(&id, &cus, &sub, "eur", amount, at);
        bill["number"] = json!(format!("TM-{number}-{:03}", 12 - month));
        let taken = charge(&format!("ch_{number}_{month}"), &cus, &intent, "eur", amount, at);
        if month == 0 && number % 8 == 3 {
            bill["status"] = json!("open");
            bill["amount_paid"] = json!(0);
            bill["amount_remaining"] = json!(amount);
            bill["attempt_count"] = json!(1 + number % 3);
            bill["status_transitions"]["paid_at"] = Value::Null;
            if number % 3 != 2 {
                bill["next_payment_attempt"] = json!(now + 86_400 * (1 + number as i64 % 4));
            }
            books.add("charges", refused_charge(taken));
        } else {
            books.add("charges", taken);
            if number % 17 == 0 && month < 3 {
                let back = if month == 1 { amount } else { amount / 2 };
                let id = format!("ch_{number}_{month}");
                books.add("refunds", refund(&format!("re_{number}_{month}"), &id, "eur", back, at + 86_400));
                books.object("charges", &id).expect("just made")["amount_refunded"] = json!(back);
            }
        }
        books.add("invoices", bill);
        books.add(
            "invoice_payments",
            invoice_payment(&format!("inpay_{number}_{month}"), &id, &intent, "eur", amount),
        );
    }
}
