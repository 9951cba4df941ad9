//! The file: key, identity, damage, limits of the disk, one writer.

use std::io::{Read, Seek, SeekFrom, Write};

use steward_core::id::WorkspaceId;
use steward_core::{Dataset, ErrorKind};
use steward_store::cache::{Cache, CacheKey, KeyRange};
use steward_tests::rows::{self, UsageEvent};
use uuid::Uuid;

use super::{Scratch, WORKSPACE};

fn fill(scratch: &Scratch, count: i64) {
    let events: Vec<UsageEvent> = (0..count)
        .map(|n| UsageEvent {
            occurred_at: rows::EPOCH_US + n * 1_000_000,
            event_key: Uuid::from_u128(n.unsigned_abs().into()),
            feature: Some("canary-feature-name".to_owned()),
            ..UsageEvent::default()
        })
        .collect();
    let users = vec![rows::user(Uuid::from_u128(1), "canary@example.com", "pro", rows::EPOCH_US)];
    let mut writer = scratch.cache.writer().unwrap();
    let mut batch = writer.begin().unwrap();
    batch.upsert(&rows::batch(Dataset::Users, &users)).unwrap();
    let mut reconcile = batch.reconcile(Dataset::UsageEvents, &KeyRange::All).unwrap();
    reconcile.rows(&rows::events(&events)).unwrap();
    reconcile.finish().unwrap();
    batch.put_state("canary", &"canary-state").unwrap();
    batch.commit().unwrap();
    writer.build_indexes().unwrap();
}

#[test]
fn f06_another_key_opens_nothing_and_harms_nothing() {
    let scratch = Scratch::new();
    fill(&scratch, 10);
    let wrong = Cache::open(&scratch.path(), &CacheKey::generate(), WORKSPACE).unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::CacheKey);
    assert!(scratch.path().exists(), "a file whose key is elsewhere is not put aside");
    let again = Cache::open(&scratch.path(), &scratch.key, WORKSPACE).unwrap();
    assert_eq!(again.reader().unwrap().generation().unwrap(), 1);
    let text = CacheKey::from_hex(&scratch.key.to_hex()).unwrap();
    assert!(text == scratch.key, "the key survives the secret store");
    assert_eq!(format!("{text:?}"), "CacheKey(…)", "a key is never shown");
    assert_eq!(CacheKey::from_hex("abc").unwrap_err().kind(), ErrorKind::CacheKey);
}

#[test]
fn f06_a_swapped_file_is_foreign() {
    let scratch = Scratch::new();
    let other = WorkspaceId(Uuid::from_u128(8));
    let swapped = Cache::open(&scratch.path(), &scratch.key, other).unwrap_err();
    assert_eq!(swapped.kind(), ErrorKind::CacheForeign);
}

#[test]
fn a_copy_with_the_pages_of_an_earlier_version_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, key) = (folder.path().join("cache.db"), CacheKey::generate());
    let earlier = rusqlite::Connection::open(&path).unwrap();
    earlier.pragma_update(None, "key", format!("x'{}'", key.to_hex().as_str())).unwrap();
    earlier.pragma_update(None, "cipher_page_size", 16_384).unwrap();
    earlier.pragma_update(None, "cipher_hmac_algorithm", "HMAC_SHA256").unwrap();
    earlier.execute_batch("create table identity (one integer)").unwrap();
    drop(earlier);
    let refused = Cache::open(&path, &key, WORKSPACE).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::CacheForeign);
    assert!(refused.to_string().contains("another version"), "{refused}");
    let wrong = Cache::open(&path, &CacheKey::generate(), WORKSPACE).unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::CacheKey, "whose key is another one is not an earlier version's");
}

#[test]
fn nothing_readable_lies_on_the_disk() {
    let scratch = Scratch::new();
    fill(&scratch, 2_000);
    let key = scratch.key.to_hex();
    for entry in std::fs::read_dir(scratch.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for secret in ["canary", "SQLite format 3", "create table", key.as_str()] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret:?} is readable in {}", path.display());
        }
    }
}

#[test]
fn the_log_stays_short_however_much_is_written() {
    let scratch = Scratch::new();
    let mut writer = scratch.cache.writer().unwrap();
    let log = scratch.folder.path().join("cache.db-wal");
    let mut longest = 0;
    for letter in ('a'..='z').cycle().take(150) {
        let mut batch = writer.begin().unwrap();
        batch.put_state("page after page", &letter.to_string().repeat(1 << 20)).unwrap();
        batch.commit().unwrap();
        longest = longest.max(log.metadata().unwrap().len());
    }
    assert!(longest < 68 << 20, "150 MB were written by way of a log of {longest} bytes");
    drop(writer);
    let kept: Option<String> = scratch.cache.reader().unwrap().state("page after page").unwrap();
    assert_eq!(kept.map(|kept| (kept.len(), kept.as_bytes()[0])), Some((1 << 20, b't')), "the last one");
}

#[test]
fn a_truncated_file_is_refused_until_somebody_puts_it_aside() {
    let scratch = Scratch::new();
    fill(&scratch, 20_000);
    scratch.cache.writer().unwrap().compact_wal().unwrap();
    let Scratch { folder, key, cache } = scratch;
    drop(cache);
    let path = folder.path().join("cache.db");
    let length = std::fs::metadata(&path).unwrap().len();
    std::fs::File::options().write(true).open(&path).unwrap().set_len(length / 2).unwrap();
    // Whoever asks a second time gets the same answer, and not a new and empty copy.
    for _ in 0..2 {
        let error = Cache::open(&path, &key, WORKSPACE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CacheCorrupt);
    }
    let aside = Cache::quarantine(&path).unwrap();
    assert_eq!(aside, folder.path().join("cache.db.damaged-1"));
    assert_eq!(std::fs::metadata(aside).unwrap().len(), length / 2, "the damaged file is kept");
    let fresh = Cache::open(&path, &key, WORKSPACE).unwrap();
    assert_eq!(fresh.reader().unwrap().generation().unwrap(), 0, "the next open begins anew");
}

#[test]
fn a_flipped_page_is_noticed_and_never_answered_from() {
    let scratch = Scratch::new();
    fill(&scratch, 20_000);
    scratch.cache.writer().unwrap().compact_wal().unwrap();
    let Scratch { folder, key, cache } = scratch;
    drop(cache);
    let path = folder.path().join("cache.db");
    let mut file = std::fs::File::options().read(true).write(true).open(&path).unwrap();
    let pages = file.metadata().unwrap().len() / 8_192;
    for page in 2..pages {
        let at = SeekFrom::Start(page * 8_192 + 5_000);
        let mut byte = [0];
        file.seek(at).unwrap();
        file.read_exact(&mut byte).unwrap();
        file.seek(at).unwrap();
        file.write_all(&[byte[0] ^ 1]).unwrap();
    }
    drop(file);
    let read = Cache::open(&path, &key, WORKSPACE).and_then(|cache| {
        let reader = cache.reader()?;
        steward_store::cache::verify::Verifier::new(&reader).rollups_from_rows()
    });
    assert_eq!(read.unwrap_err().kind(), ErrorKind::CacheCorrupt);
    if path.exists() {
        let aside = Cache::quarantine(&path).unwrap();
        assert!(aside.exists() && !path.exists());
    }
}

#[test]
fn a_second_writer_is_told_so() {
    let scratch = Scratch::new();
    let first = scratch.cache.writer().unwrap();
    assert_eq!(scratch.cache.writer().unwrap_err().kind(), ErrorKind::CacheBusy);
    let elsewhere = Cache::open(&scratch.path(), &scratch.key, WORKSPACE).unwrap();
    assert_eq!(elsewhere.writer().unwrap_err().kind(), ErrorKind::CacheBusy);
    assert_eq!(Cache::destroy(&scratch.path()).unwrap_err().kind(), ErrorKind::CacheBusy);
    drop(first);
    elsewhere.writer().expect("free again");
}

#[test]
fn f05_a_full_disk_is_said_and_nothing_is_half_written() {
    let scratch = Scratch::new();
    fill(&scratch, 100);
    let mut writer = scratch.cache.writer().unwrap();
    writer.limit_pages(120).unwrap();
    let many: Vec<UsageEvent> = (0..60_000_u32)
        .map(|n| UsageEvent {
            occurred_at: rows::EPOCH_US + i64::from(n) * 60_000_000,
            event_key: Uuid::from_u128(u128::from(n) << 64 | 9),
            user_id: Uuid::from_u128(u128::from(n)),
            ..UsageEvent::default()
        })
        .collect();
    let mut batch = writer.begin().unwrap();
    let error = batch.upsert(&rows::events(&many)).and_then(|_| batch.commit()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DiskFull);
    writer.limit_pages(1_000_000).unwrap();
    let mut batch = writer.begin().unwrap();
    batch.upsert(&rows::events(&many)).unwrap();
    assert_eq!(batch.commit().unwrap(), 2, "once there is space it goes on");
    let reader = scratch.cache.reader().unwrap();
    let diff = steward_store::cache::verify::Verifier::new(&reader).rollups_from_rows().unwrap();
    assert_eq!(diff.different, 0);
}

#[test]
fn a_dropped_batch_leaves_nothing_and_a_commit_tells_everybody() {
    let scratch = Scratch::new();
    let mut changes = scratch.cache.subscribe();
    let mut writer = scratch.cache.writer().unwrap();
    let event = UsageEvent::default();
    {
        let mut batch = writer.begin().unwrap();
        batch.upsert(&rows::events([&event])).unwrap();
        batch.put_state("cursor", &1).unwrap();
    }
    let reader = scratch.cache.reader().unwrap();
    assert_eq!(reader.state::<i64>("cursor").unwrap(), None);
    assert_eq!(reader.generation().unwrap(), 0);
    drop(reader);
    assert!(changes.try_recv().is_err(), "nothing happened");
    let mut batch = writer.begin().unwrap();
    let applied = batch.upsert(&rows::events([&event])).unwrap();
    assert_eq!(applied.inserted, 1, "short ids given by the dropped batch are given again");
    batch.put_state("cursor", &2).unwrap();
    assert_eq!(batch.commit().unwrap(), 1);
    let change = changes.try_recv().unwrap();
    assert_eq!((change.datasets, change.generation), (vec![Dataset::UsageEvents], 1));
    drop(writer);
    let again = Cache::open(&scratch.path(), &scratch.key, WORKSPACE).unwrap();
    assert_eq!(again.reader().unwrap().state::<i64>("cursor").unwrap(), Some(2));
}

#[test]
fn a_reader_keeps_its_cut_while_the_writer_goes_on() {
    let scratch = Scratch::new();
    fill(&scratch, 5);
    let reader = scratch.cache.reader().unwrap();
    assert_eq!(reader.generation().unwrap(), 1);
    let mut writer = scratch.cache.writer().unwrap();
    writer.begin().unwrap().commit().unwrap();
    assert_eq!(reader.generation().unwrap(), 1, "one answer is one cut");
    assert_eq!(scratch.cache.reader().unwrap().generation().unwrap(), 2);
}

#[test]
fn a_reconciliation_left_open_is_not_committed() {
    let scratch = Scratch::new();
    let mut writer = scratch.cache.writer().unwrap();
    let mut batch = writer.begin().unwrap();
    batch.reconcile(Dataset::Users, &KeyRange::All).unwrap();
    assert_eq!(batch.commit().unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(scratch.cache.reader().unwrap().generation().unwrap(), 0);
}
