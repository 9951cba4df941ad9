//! Measures the list of users and the search: loads made-up users, then asks for first pages by every order and
//! filter, and for names.
//!
//! `cargo run --profile bench-fast -p steward-store --example cache_users -- [users]`
#![expect(clippy::print_stdout, reason = "a measuring tool talks on its standard output")]

use std::time::{Duration, Instant};

use steward_core::find::FindReq;
use steward_core::id::WorkspaceId;
use steward_core::user::{UserFilter, UserListReq, UserSort};
use steward_core::{Dataset, Result};
use steward_store::cache::query::{find, user};
use steward_store::cache::{Cache, CacheKey, KeyRange};
use steward_store::row::RowBatch;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// A small generator: the same rows in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

fn field(row: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        None => row.extend((-1_i32).to_be_bytes()),
        Some(value) => {
            row.extend((value.len() as i32).to_be_bytes());
            row.extend(value);
        }
    }
}

const FIRST: [&str; 12] =
    ["Ada", "Björn", "Chloé", "Dmitri", "Eze", "Fatima", "Grace", "Hiro", "Inés", "Jörg", "Kwame", "Lena"];
const LAST: [&str; 10] =
    ["Abel", "Berg", "Costa", "Diaz", "Evans", "Fischer", "Gomez", "Hansen", "Ito", "Jansen"];

fn person(row: &mut Vec<u8>, random: &mut Random, number: u64) {
    row.clear();
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    id[8..].copy_from_slice(&number.to_be_bytes());
    let (first, last) = (FIRST[random.below(12) as usize], LAST[random.below(10) as usize]);
    // 2026-11-21 12:00 UTC since 2000, and three years before it.
    let now = 848_577_600_000_000_i64;
    let created = now - random.below((1_095 * DAY).unsigned_abs()).cast_signed();
    let seen = created + random.below((now - created).unsigned_abs() + 1).cast_signed();
    field(row, Some(&id));
    field(
        row,
        Some(format!("{}.{}{number}@example.com", first.to_lowercase(), last.to_lowercase()).as_bytes()),
    );
    field(row, Some(format!("{first} {last}").as_bytes()));
    field(row, Some(if random.below(50) == 0 { &b"suspended"[..] } else { b"active" }));
    field(row, Some(if random.below(5_000) == 0 { &b"admin"[..] } else { b"user" }));
    field(
        row,
        Some([&b"free"[..], b"free", b"free", b"starter", b"pro", b"enterprise"][random.below(6) as usize]),
    );
    field(row, Some(b"DE"));
    field(row, Some(b"Europe/Berlin"));
    field(row, random.below(3).eq(&0).then(|| format!("cus_{number}")).as_ref().map(String::as_bytes));
    field(row, None);
    field(row, random.below(5).ne(&0).then(|| seen.to_be_bytes()).as_ref().map(<[u8; 8]>::as_slice));
    field(row, Some(&created.to_be_bytes()));
    field(row, Some(&created.to_be_bytes()));
    field(row, Some(&1_i64.to_be_bytes()));
}

fn measured(what: &str, mut ask: impl FnMut() -> Result<u64>) -> Result<()> {
    let mut times: Vec<Duration> = Vec::new();
    let mut found = 0;
    for _ in 0..9 {
        let begun = Instant::now();
        found = ask()?;
        times.push(begun.elapsed());
    }
    let first = times[0];
    times.sort_unstable();
    println!("{what}: {found}, median {:.1?}, first {first:.1?}", times[4]);
    Ok(())
}

fn main() -> Result<()> {
    let users = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000_u64);
    let path = std::env::temp_dir().join("steward-cache-users").join("cache.db");
    Cache::destroy(&path)?;
    let cache = Cache::open(&path, &CacheKey::generate(), WorkspaceId(uuid::Uuid::nil()))?;
    let mut random = Random(42);
    let begun = Instant::now();
    let mut writer = cache.writer()?;
    let mut transaction = writer.begin()?;
    let mut reconcile = transaction.reconcile(Dataset::Users, &KeyRange::All)?;
    let mut row = Vec::new();
    let mut batch = RowBatch::new(Dataset::Users);
    for number in 0..users {
        person(&mut row, &mut random, number);
        batch.push(&row);
        if batch.len() == 5_000 || number + 1 == users {
            reconcile.rows(&std::mem::replace(&mut batch, RowBatch::new(Dataset::Users)))?;
        }
    }
    reconcile.finish()?;
    transaction.commit()?;
    let loaded = begun.elapsed();
    writer.build_indexes()?;
    writer.compact_wal()?;
    println!(
        "load: {users} users in {loaded:.1?}, indexes in {:.1?}, {} MB on disk",
        begun.elapsed() - loaded,
        cache.disk_bytes() / 1_000_000
    );
    drop(writer);
    let reader = cache.reader()?;
    let own = |text: &str| Some(text.to_owned());
    let filters = [
        ("everybody", UserFilter::default()),
        ("plan pro", UserFilter { plan_code: own("pro"), ..UserFilter::default() }),
        ("suspended", UserFilter { status: own("suspended"), ..UserFilter::default() }),
        ("admins", UserFilter { role: own("admin"), ..UserFilter::default() }),
        (
            "signed up in a week",
            UserFilter { signed_up: Some("2026-11-01..2026-11-07".parse()?), ..UserFilter::default() },
        ),
        (
            "signed up in a year",
            UserFilter { signed_up: Some("2025-01-01..2025-12-31".parse()?), ..UserFilter::default() },
        ),
        ("never seen", UserFilter { last_seen: Some("never".parse()?), ..UserFilter::default() }),
        (
            "pro, not seen since October",
            UserFilter {
                plan_code: own("pro"),
                last_seen: Some("before:2026-10".parse()?),
                ..UserFilter::default()
            },
        ),
        ("named jorg ito", UserFilter { search: "jorg ito".to_owned(), ..UserFilter::default() }),
        ("named j", UserFilter { search: "j".to_owned(), ..UserFilter::default() }),
    ];
    for (name, filter) in &filters {
        for sort in [UserSort::Email, UserSort::CreatedAt, UserSort::LastSeenAt, UserSort::Usage] {
            let req = UserListReq { filter: filter.clone(), sort, ..UserListReq::default() };
            measured(&format!("{name} by {sort:?}"), || Ok(user::list(&reader, &req)?.total))?;
        }
    }
    for text in ["ada.abel1", "Jörg", "jorg ito", "cus_900000", "example", "j"] {
        let req = FindReq { text: text.to_owned(), ..FindReq::default() };
        measured(&format!("find {text}"), || Ok(find::find(&reader, &req)?.rows.len() as u64))?;
    }
    Ok(())
}
