//! Values at the edges of their types, with PostgreSQL as the oracle of what they are.

use futures::TryStreamExt;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use sqlx::{AssertSqlSafe, PgConnection};
use steward_core::Dataset;
use steward_core::sync::Guards;
use steward_store::cache::KeyRange;
use steward_store::postgres::{cut, scrub};
use steward_store::record::Record;

use super::bench::{Bench, differences};

/// The fields of one row as COPY sends them.
async fn copied(connection: &mut PgConnection, query: &str) -> Vec<Option<Vec<u8>>> {
    let frames =
        connection.copy_out_raw(&format!("copy ({query}) to stdout (format binary)")).await.expect("copies");
    let bytes: Vec<u8> = frames
        .try_fold(Vec::new(), |mut all, frame| async move {
            all.extend_from_slice(&frame);
            Ok(all)
        })
        .await
        .expect("read to its end");
    let mut rest = &bytes[19..];
    let mut take = |count: usize| {
        let (head, tail) = rest.split_at(count);
        rest = tail;
        head
    };
    let count = i16::from_be_bytes(take(2).try_into().expect("two bytes"));
    (0..count)
        .map(|_| {
            let length = i32::from_be_bytes(take(4).try_into().expect("four bytes"));
            usize::try_from(length).ok().map(|length| take(length).to_vec())
        })
        .collect()
}

/// The types in a record: its literals have names only there.
fn types(record: &[u8]) -> Vec<u32> {
    let word = |at: usize| u32::from_be_bytes(record[at..at + 4].try_into().expect("four bytes"));
    let (mut oids, mut at) = (Vec::new(), 4);
    for _ in 0..word(0) {
        oids.push(word(at));
        let length = i32::from_be_bytes(record[at + 4..at + 8].try_into().expect("four bytes"));
        at += 8 + usize::try_from(length).unwrap_or(0);
    }
    oids
}

#[tokio::test]
async fn f16_a_record_is_made_of_the_same_bytes_for_every_type() {
    let bench = Bench::new().await;
    let mut owner = bench.database.connect_owner().await;
    let values = [
        "'NaN'::float8, '-0'::float8, 'infinity'::float8, '-infinity'::float4, 1e-300::float8",
        "'NaN'::numeric, 'infinity'::numeric, '-infinity'::numeric, 1.0::numeric, 1.00::numeric, -0.0::numeric",
        "('1' || repeat('0', 131071))::numeric, ('0.' || repeat('7', 16383))::numeric, -1e-16383::numeric",
        "'infinity'::timestamptz, '-infinity'::timestamptz, '4714-11-24 00:00:00+00 BC'::timestamptz, '294276-12-31 23:59:59.999999+00'::timestamptz",
        "'24:00'::time, '24:00+15:59'::timetz, 'infinity'::date, '4714-11-24 BC'::date, '-178000000 years'::interval",
        "null::text, ''::text, repeat('é', 8388608), E'\\\\x00ff'::bytea, true, false, null::boolean",
        "'{}'::jsonb, '[]'::jsonb, '{\"a\": [1.0, 1.00, null]}'::jsonb, '{}'::text[], '{a,NULL,\"\"}'::text[], '[3:4]={x,y}'::text[]",
        "'6d1c0f3e-58a9-4b7d-9d8f-0a1b2c3d4e5f'::uuid, 1::smallint, 2::int, 3::bigint, (-9223372036854775808)::bigint, 'x'::char(3)",
    ];
    for list in values {
        let query = format!("select {list}");
        let row = format!("select record_send(row(t.*)) as record from ({query}) t");
        let expected: Vec<u8> =
            sqlx::query_scalar(AssertSqlSafe(row)).fetch_one(&mut owner).await.expect("a record");
        let fields = copied(&mut owner, &query).await;
        let mut record = Record::default();
        let oids = types(&expected);
        assert_eq!(oids.len(), fields.len(), "{list}");
        record.begin(oids.len());
        for (oid, field) in oids.into_iter().zip(&fields) {
            record.field(oid, field.as_deref());
        }
        assert!(record.bytes() == expected, "{list}");
    }
}

/// An instant as the server reads it: any there is, its edges among them.
fn instant() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("infinity".to_owned()),
        Just("-infinity".to_owned()),
        Just("4714-11-24 00:00:00+00 BC".to_owned()),
        Just("294276-12-31 23:59:59.999999+00".to_owned()),
        Just("1999-12-31 23:59:59.999999+00".to_owned()),
        Just("2024-02-29 24:00:00+05:45".to_owned()),
        (1..9999_u32, 1..13_u32, 1..29_u32, 0..86_400_000_000_u64, any::<bool>()).prop_map(
            |(year, month, day, us, is_before)| {
                let (seconds, us) = (us / 1_000_000, us % 1_000_000);
                let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
                // The server's calendar begins in 4714 BC.
                let (era, year) = if is_before { (" BC", year % 4_700 + 1) } else { ("", year) };
                format!("{year:04}-{month:02}-{day:02} {clock}.{us:06}+00{era}")
            }
        ),
    ]
}

/// A number of any size, scale and sign, and what is none.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("NaN".to_owned()),
        Just("Infinity".to_owned()),
        Just("-Infinity".to_owned()),
        Just(format!("1{}", "0".repeat(131_071))),
        Just(format!("-0.{}7", "0".repeat(16_382))),
        "-?[0-9]{1,60}",
        "-?[0-9]{1,30}\\.[0-9]{1,60}",
        "-?0\\.0{0,40}[0-9]{0,9}0{0,9}",
        "[1-9]0{0,40}\\.0{1,9}",
    ]
}

/// Text without the one character the server refuses.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{1,40}", "[\u{1}-\u{10ffff}]{1,20}", "[\\t\\n'\"\\\\]{1,9}"]
        .prop_map(|text| format!("x{}", text.replace('\0', "")))
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        "-?[1-9][0-9]{0,30}\\.[0-9]{1,9}",
        text().prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    proptest::collection::vec((text(), leaf), 0..5).prop_map(|fields| {
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}: {value}", serde_json::Value::from(name.as_str())))
            .collect();
        format!("{{{}}}", fields.join(", "))
    })
}

#[tokio::test]
async fn f16_every_value_comes_back_from_the_copy_as_the_server_sent_it() {
    const CASES: usize = 400;
    let mut bench = Bench::new().await;
    bench.fill(CASES as u32, 50).await;
    // The contract's own column is narrower; the copy keeps any number.
    bench
        .sql(
            "alter table steward.subscriptions drop constraint subscriptions_discount_known,
                 alter column discount_value type numeric;
             alter table steward.subscription_changes alter column discount_value type numeric",
        )
        .await;
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let strategy = (text(), json(), instant(), number(), proptest::option::of(instant()));
    for case in 0..CASES {
        let (name, settings, at, number, later) = strategy.new_tree(&mut runner).expect("a value").current();
        let described = format!("case {case}: {name:?} {settings:?} {at} {number:.60} {later:?}");
        sqlx::query("insert into steward.teams (name, settings, created_at) values ($1, $2::text::jsonb, $3::text::timestamptz)")
            .bind(&name)
            .bind(&settings)
            .bind(&at)
            .execute(&mut bench.owner)
            .await
            .unwrap_or_else(|failure| panic!("{described}: {failure}"));
        sqlx::query(
            "insert into steward.subscriptions (user_id, plan_code, status, billing_interval, discount_kind, discount_value, trial_end, started_at)
             values (('00000000-0000-4000-8000-' || lpad($1::text, 12, '0'))::uuid, 'pro', 'active', 'month', $2, $3::text::numeric, $4::text::timestamptz, $5::text::timestamptz)",
        )
        .bind(i64::try_from(case + 1).expect("a small number"))
        .bind(&name)
        .bind(&number)
        .bind(&later)
        .bind(&at)
        .execute(&mut bench.owner)
        .await
        .unwrap_or_else(|failure| panic!("{described}: {failure}"));
    }
    bench.sql("insert into steward.teams (name) values (repeat('é', 8388608))").await;
    bench.sync().await;
    let mut viewer = bench.database.connect("viewer").await;
    cut::open(&mut viewer, cut::Purpose::Cut, Guards::default(), None).await.expect("a cut");
    let shapes = scrub::shapes(&mut viewer).await.expect("shapes");
    let cache = bench.cache();
    let mut writer = cache.writer().expect("nobody else writes");
    let batch = writer.begin().expect("a batch");
    for dataset in [Dataset::Teams, Dataset::Subscriptions, Dataset::SubscriptionChanges] {
        let server =
            scrub::set_sums(&mut viewer, dataset, &[KeyRange::All], 1_000_000).await.expect("a sum")[0];
        assert!(server.rows >= CASES as u64, "{dataset:?}");
        let local = batch.set_sum(dataset, &KeyRange::All, &shapes[&dataset]).expect("a sum");
        assert_eq!(local, server, "{dataset:?}: the copy makes the bytes the server makes");
    }
    drop(batch);
    drop(writer);
    drop(viewer);
    let found = bench.verify().await;
    assert!(found.is_clean, "{:?}", differences(&found));
}
