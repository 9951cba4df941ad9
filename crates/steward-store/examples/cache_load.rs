//! Measures the cache alone: loads made-up events newest first, then asks every Overview question.
//!
//! `cargo run --profile bench-fast -p steward-store --example cache_load -- [events] [users] [days]`
#![expect(clippy::print_stdout, reason = "a measuring tool talks on its standard output")]

use std::time::{Duration, Instant};

use steward_core::id::WorkspaceId;
use steward_core::overview::OverviewReq;
use steward_core::period::Compare;
use steward_core::{Dataset, Result};
use steward_store::cache::query::overview;
use steward_store::cache::{Cache, CacheKey, KeyRange};
use steward_store::row::RowBatch;

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

fn uuid(kind: u64, number: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(
        &(number.wrapping_add(kind << 56)).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes(),
    );
    bytes[8..].copy_from_slice(&number.wrapping_mul(0xD1B5_4A32_D192_ED03).to_be_bytes());
    bytes
}

/// A `numeric` of at most 10⁸ units of 10⁻⁹.
fn numeric(nano: u32) -> Vec<u8> {
    let digits = [nano / 10 / 10_000, nano / 10 % 10_000, nano % 10 * 1_000];
    let mut bytes = vec![0, 3, 0xff, 0xff, 0, 0, 0, 9];
    for digit in digits {
        bytes.extend((digit as u16).to_be_bytes());
    }
    bytes
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

fn event(row: &mut Vec<u8>, random: &mut Random, users: u64, at: i64, number: u64) {
    row.clear();
    // Few users are busy, most are not.
    let user = random.below(users) * random.below(users) / users;
    field(row, Some(&uuid(1, user)));
    field(row, Some(&at.to_be_bytes()));
    field(row, Some(&uuid(2, number)));
    field(row, Some(&(at + 350_000).to_be_bytes()));
    field(row, user.is_multiple_of(3).then(|| uuid(3, user / 30)).as_ref().map(|id| id.as_slice()));
    field(row, user.is_multiple_of(2).then(|| uuid(4, user)).as_ref().map(|id| id.as_slice()));
    field(row, None);
    let feature = random.below(8) * random.below(8) / 8;
    let features = ["chat", "search", "images", "export", "agents", "embeddings", "voice", "training"];
    field(row, Some(b"api_call"));
    field(row, Some(features[feature as usize].as_bytes()));
    field(row, Some([&b"openai"[..], b"anthropic", b"mistral"][(feature % 3) as usize]));
    field(row, Some(format!("model-{}", random.below(6)).as_bytes()));
    field(row, Some(format!("/v1/{}", features[feature as usize]).as_bytes()));
    field(row, Some([&b"free"[..], b"starter", b"pro", b"enterprise"][(user % 4) as usize]));
    field(
        row,
        Some(match random.below(50) {
            0 => &b"error"[..],
            1 => b"rate_limited",
            _ => b"success",
        }),
    );
    field(row, Some(&[u8::from(random.below(100) == 0)]));
    field(row, Some(&1_i64.to_be_bytes()));
    for limit in [2_000, 500, 800, 1] {
        field(row, Some(&random.below(limit).to_be_bytes()));
    }
    field(row, Some(&random.below(20_000).to_be_bytes()));
    field(row, (random.below(50) > 0).then(|| numeric(random.below(10_000_000) as u32)).as_deref());
    field(row, Some(&random.below(5).to_be_bytes()));
    field(row, Some(&((80 + random.below(400) * random.below(10)) as i32).to_be_bytes()));
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).filter_map(|text| text.parse::<u64>().ok());
    let events = arguments.next().unwrap_or(2_000_000);
    let users = arguments.next().unwrap_or(20_000);
    let days = arguments.next().unwrap_or(540);
    let folder = std::env::temp_dir().join("steward-cache-load");
    let path = folder.join("cache.db");
    Cache::destroy(&path)?;
    let cache = Cache::open(&path, &CacheKey::generate(), WorkspaceId(uuid::Uuid::nil()))?;
    let mut writer = cache.writer()?;
    let mut random = Random(42);
    // 2026-11-21 12:00 UTC since 2000.
    let mut end = 848_577_600_000_000_i64;
    let epoch = 946_684_800_000_000;
    let window = 200_000_u64;
    let step = i64::try_from(days * 86_400_000_000 / events).expect("a step");
    let (mut busy, mut cpu) = (Duration::ZERO, Duration::ZERO);
    let mut row = Vec::new();
    let mut done = 0;
    while done < events {
        let count = window.min(events - done);
        let start = end - step * count as i64;
        let mut batches = Vec::new();
        let mut batch = RowBatch::new(Dataset::UsageEvents);
        for index in 0..count {
            let at = start + step * index as i64 + random.below(step as u64) as i64;
            event(&mut row, &mut random, users, at, done + index);
            batch.push(&row);
            if batch.len() == 5_000 {
                batches.push(std::mem::replace(&mut batch, RowBatch::new(Dataset::UsageEvents)));
            }
        }
        batches.push(batch);
        let (begun, cpu_begun) = (Instant::now(), processor_time());
        let mut transaction = writer.begin()?;
        let range = KeyRange::TimeBetween { start_us: start + epoch, end_us: end + epoch };
        let mut reconcile = transaction.reconcile(Dataset::UsageEvents, &range)?;
        for batch in &batches {
            reconcile.rows(batch)?;
        }
        reconcile.finish()?;
        transaction.commit()?;
        busy += begun.elapsed();
        cpu += processor_time() - cpu_begun;
        done += count;
        end = start;
    }
    let (begun, cpu_begun) = (Instant::now(), processor_time());
    writer.build_indexes()?;
    writer.compact_wal()?;
    busy += begun.elapsed();
    cpu += processor_time() - cpu_begun;
    println!(
        "load: {events} events in {:.2} s = {:.0} rows/s ({:.0} by processor time), \
         {} MB on disk, peak memory {}",
        busy.as_secs_f64(),
        events as f64 / busy.as_secs_f64(),
        events as f64 / cpu.as_secs_f64(),
        cache.disk_bytes() / 1_000_000,
        peak()
    );
    drop(writer);
    let reader = cache.reader()?;
    for range in ["24h", "7d", "30d", "90d", "365d"] {
        for zone in [chrono_tz::Tz::UTC, chrono_tz::Tz::Europe__Berlin, chrono_tz::Tz::Asia__Kathmandu] {
            let req = OverviewReq { range: range.parse()?, zone, compare: Compare::Weekday };
            let mut times: Vec<Duration> = Vec::new();
            let mut events = 0;
            for _ in 0..9 {
                let begun = processor_time();
                events = overview::show(&reader, &req)?.totals.events;
                times.push(processor_time() - begun);
            }
            let first = times[0];
            times.sort_unstable();
            println!(
                "overview {range} {zone}: {events} events, median {:.1?} of processor time, first {first:.1?}",
                times[4]
            );
        }
    }
    Ok(())
}

/// Time this thread has had a processor: what counts on a machine that is busy with other things.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or_default())
}

/// The highest resident size so far, as the kernel counts it.
fn peak() -> String {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|text| text.lines().find(|line| line.starts_with("VmHWM")).map(str::to_owned))
        .unwrap_or_default()
}
