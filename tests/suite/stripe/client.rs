//! The client: what it waits for, what it gives up on, and what it says then.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;
use steward_connect::stripe::{API_VERSION, Pause, StripeClient, Timer};
use steward_core::ErrorKind;
use steward_core::stripe::Part;
use steward_tests::stripe::objects::{charge, customer, item, price, product, subscription};
use steward_tests::stripe::{Fault, READER, SECRET, StripeServer};

/// Notes what would have been waited, and waits for nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Noted(Arc<Mutex<Vec<Duration>>>);

impl Timer for Noted {
    fn pause(&self, length: Duration) -> Pause<'_> {
        self.0.lock().expect("unharmed").push(length);
        Box::pin(std::future::ready(()))
    }
}

impl Noted {
    fn pauses(&self) -> Vec<Duration> {
        self.0.lock().expect("unharmed").clone()
    }
}

pub(super) fn client(stripe: &StripeServer, key: &str) -> (StripeClient, Noted) {
    let timer = Noted::default();
    let key = SecretString::from(key);
    (StripeClient::new(key, Some(&stripe.url()), Arc::new(timer.clone())).expect("a client"), timer)
}

#[tokio::test]
async fn a_request_to_wait_is_waited_for_as_long_as_it_says() {
    let stripe = StripeServer::start().await;
    stripe.books().add("products", product("prod_1", "Pro"));
    let (client, timer) = client(&stripe, READER);
    stripe.books().fail([
        Fault { retry_after: Some(7), ..Fault::status(429) },
        Fault { retry_after: Some(2), ..Fault::status(503) },
    ]);
    let page = client.page(Part::Products, None).await.expect("the third attempt is answered");
    assert_eq!((page.rows.len(), page.has_more), (1, false));
    assert_eq!(timer.pauses(), [Duration::from_secs(7), Duration::from_secs(2)]);
    assert_eq!(client.waits(), 2);
    let books = stripe.books();
    assert_eq!(books.seen().len(), 3);
    assert!(books.seen().iter().all(|seen| seen.version.as_deref() == Some(API_VERSION)));
}

#[tokio::test]
async fn trouble_of_its_own_is_waited_out_longer_each_time_and_then_told() {
    let stripe = StripeServer::start().await;
    let (client, timer) = client(&stripe, READER);
    stripe.books().fail([Fault::status(500), Fault::status(502), Fault::status(429), Fault::status(503)]);
    assert!(client.page(Part::Products, None).await.expect("the fifth is answered").rows.is_empty());
    let pauses = timer.pauses();
    for (at, pause) in pauses.iter().enumerate() {
        let whole = Duration::from_millis(500 << at);
        assert!(*pause >= whole / 2 && *pause <= whole, "pause {at} is {pause:?}, at most {whole:?}");
    }
    stripe.books().fail(std::iter::repeat_n(Fault::status(503), 6));
    let error = client.page(Part::Products, None).await.expect_err("six attempts are enough");
    assert_eq!(error.kind(), ErrorKind::Offline);
    stripe.books().fail(std::iter::repeat_n(Fault::status(429), 6));
    let error = client.page(Part::Products, None).await.expect_err("six attempts are enough");
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(timer.pauses().len(), 4 + 5 + 5);
}

#[tokio::test]
async fn what_cannot_help_is_not_tried_again() {
    let stripe = StripeServer::start().await;
    let (reader, timer) = client(&stripe, READER);
    stripe.books().fail([Fault { should_retry: Some(false), ..Fault::status(500) }]);
    assert!(reader.page(Part::Products, None).await.is_err(), "Stripe says that it will not help");
    stripe.books().fail([Fault { retry_after: Some(3_600), ..Fault::status(429) }]);
    let error = reader.page(Part::Products, None).await.expect_err("an hour is not waited for");
    assert!(error.detail().is_some_and(|detail| detail.contains("3600")), "{error}");
    assert_eq!(timer.pauses(), Vec::<Duration>::new());

    stripe.books().revoke(READER);
    let error = reader.page(Part::Products, None).await.expect_err("the key is unknown");
    assert_eq!(error.kind(), ErrorKind::BillingKey);
    let (secret, _) = client(&stripe, SECRET);
    let error = secret.page(Part::Products, Some("prod_gone")).await.expect_err("no such row");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    for error in [error.chain(), format!("{secret:?}")] {
        assert!(!error.contains("canary") && !error.contains("4242"), "no sentence and no key: {error}");
    }
}

#[tokio::test]
async fn nobody_there_is_offline() {
    let stripe = StripeServer::start().await;
    let (client, timer) = client(&stripe, READER);
    drop(stripe);
    // The port is closed as soon as the server's task has ended.
    tokio::task::yield_now().await;
    let error = client.page(Part::Products, None).await.expect_err("nobody answers");
    assert!(matches!(error.kind(), ErrorKind::Offline | ErrorKind::Timeout), "{error}");
    assert_eq!(timer.pauses().len(), 5, "the network may come back");
}

#[tokio::test]
async fn trap_10_a_subscription_of_many_lines_is_read_whole() {
    let stripe = StripeServer::start().await;
    let lines = (0..137).map(|at| {
        item(&format!("si_{at}"), price(&format!("price_{at}"), "prod_1", "eur", at, "month"), 1, (1, 2))
    });
    stripe.books().add("customers", customer("cus_1", "ada@example.com"));
    stripe.books().add("subscriptions", subscription("sub_1", "cus_1", "active", "eur", lines.collect()));
    let (client, _) = client(&stripe, READER);
    let page = client.page(Part::Subscriptions, None).await.expect("a page");
    let steward_core::stripe::record::Rows::Subscriptions(rows) = page.rows else { panic!("subscriptions") };
    let prices: Vec<_> =
        rows[0].items.iter().filter_map(|item| Some(item.price.as_ref()?.id.clone())).collect();
    assert_eq!(prices.len(), 137);
    assert_eq!((prices[10].as_str(), prices[136].as_str()), ("price_10", "price_136"));
}

#[tokio::test]
async fn trap_11_amounts_arrive_in_the_digits_of_their_currency() {
    let stripe = StripeServer::start().await;
    for (number, (currency, amount)) in
        [("isk", 150_000), ("jpy", 1_500), ("kwd", 1_500), ("eur", 1_500), ("xxq", 1_500)]
            .into_iter()
            .enumerate()
    {
        let id = format!("ch_{number}");
        stripe
            .books()
            .add("charges", charge(&id, "cus_1", &format!("pi_{number}"), currency, amount, 1_790_000_000));
    }
    let (client, _) = client(&stripe, READER);
    let page = client.page(Part::Payments, None).await.expect("a page");
    let steward_core::stripe::record::Rows::Payments(rows) = page.rows else { panic!("payments") };
    let amounts: Vec<_> = rows.iter().rev().map(|row| (row.currency.as_str(), row.amount)).collect();
    assert_eq!(amounts, [("ISK", 1_500), ("JPY", 1_500), ("KWD", 1_500), ("EUR", 1_500), ("XXQ", 1_500)]);
    stripe.books().add("charges", charge("ch_half", "cus_1", "pi_half", "isk", 150_050, 1_790_000_000));
    let error = client.page(Part::Payments, None).await.expect_err("half a króna");
    assert!(error.detail().is_some_and(|detail| detail.contains("ch_half")), "the object is named: {error}");
}

#[tokio::test]
async fn a_change_is_made_once_however_often_it_is_sent() {
    let stripe = StripeServer::start().await;
    stripe.books().add("charges", charge("ch_1", "cus_1", "pi_1", "eur", 2_900, 1_790_000_000));
    let (client, timer) = client(&stripe, SECRET);
    stripe.books().fail([Fault::status(500)]);
    let form = [("charge", "ch_1"), ("amount", "900"), ("reason", "requested_by_customer")];
    let first = client.post("v1/refunds", &form, "intent-1").await.expect("refunded");
    let again = client.post("v1/refunds", &form, "intent-1").await.expect("the same answer");
    assert_eq!(first, again);
    assert_eq!(timer.pauses().len(), 1);
    let other = [("charge", "ch_1"), ("amount", "1")];
    assert!(
        client.post("v1/refunds", &other, "intent-1").await.is_err(),
        "the key stands for another request"
    );
    let (refunds, paid) = {
        let books = stripe.books();
        (books.all("refunds").len(), books.all("charges")[0]["amount_refunded"].clone())
    };
    assert_eq!((refunds, paid), (1, 900.into()));
}
