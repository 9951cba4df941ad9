//! Users, plans, the audit log, and the tables made from specs.

use steward_core::audit::AuditListReq;
use steward_core::user::{UserFilter, UserListReq, UserShowReq};
use steward_core::{Dataset, ErrorKind};
use steward_store::cache::KeyRange;
use steward_store::cache::query::{audit, dataset, plan, user};
use steward_store::cache::verify::Verifier;
use steward_tests::rows::{self, EPOCH_US, Field};
use uuid::Uuid;

use super::Scratch;

fn text(value: &str) -> Field {
    Field::Text(value.to_owned())
}

fn users(count: u32) -> Vec<Vec<Field>> {
    (0..count)
        .map(|n| {
            let plan = if n % 3 == 0 { "pro" } else { "free" };
            let at = EPOCH_US + i64::from(n % 10) * 1_000_000;
            let mut user =
                rows::user(Uuid::from_u128(u128::from(n) + 1), &format!("User{n:03}@example.com"), plan, at);
            if n % 4 == 0 {
                user[10] = Field::Null;
            }
            user
        })
        .collect()
}

fn load(scratch: &Scratch, dataset: Dataset, rows: &[Vec<Field>]) {
    let mut writer = scratch.cache.writer().unwrap();
    let mut batch = writer.begin().unwrap();
    let mut reconcile = batch.reconcile(dataset, &KeyRange::All).unwrap();
    reconcile.rows(&rows::batch(dataset, rows)).unwrap();
    reconcile.finish().unwrap();
    batch.commit().unwrap();
    writer.build_indexes().unwrap();
}

#[test]
fn users_are_found_by_part_of_a_name_by_plan_and_by_id() {
    let scratch = Scratch::new();
    let mut rows = users(30);
    rows[4][2] = text("Ärzte & Söhne 100%");
    load(&scratch, Dataset::Users, &rows);
    let reader = scratch.cache.reader().unwrap();
    let total = |req: UserListReq| user::list(&reader, &req).unwrap().total;
    let of = |filter: UserFilter| total(UserListReq { filter, ..UserListReq::default() });
    let search = |text: &str| of(UserFilter { search: text.to_owned(), ..UserFilter::default() });
    assert_eq!(search("uSeR00"), 10);
    assert_eq!(search("ÄRZTE"), 1, "case is folded beyond ASCII");
    assert_eq!(search("100%"), 1, "a percent sign is no wildcard");
    assert_eq!(search("_"), 0, "nor is an underscore");
    assert_eq!(search(&Uuid::from_u128(3).to_string()), 1);
    assert_eq!(of(UserFilter { plan_code: Some("pro".to_owned()), ..UserFilter::default() }), 10);
    assert_eq!(of(UserFilter { status: Some("erased".to_owned()), ..UserFilter::default() }), 0);
    let wrong = UserListReq { after: Some("nonsense".to_owned()), ..UserListReq::default() };
    assert_eq!(user::list(&reader, &wrong).unwrap_err().kind(), ErrorKind::Invalid);
    let shown = user::show(&reader, &UserShowReq::of("USER007@example.com")).unwrap();
    assert_eq!(shown.user.id.0, Uuid::from_u128(8));
    let nobody = user::show(&reader, &UserShowReq::of("nobody@example.com")).unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::NotFound);
}

#[test]
fn a_reconciled_range_touches_nothing_outside() {
    let scratch = Scratch::new();
    load(&scratch, Dataset::Users, &users(20));
    let key = |n: u32| Some(serde_json::json!({ "id": Uuid::from_u128(n.into()) }));
    let mut changed = users(20);
    changed[6][5] = text("enterprise");
    let mut writer = scratch.cache.writer().unwrap();
    let mut batch = writer.begin().unwrap();
    // Keys 6 to 10; the server has lost 9 and 10, and changed 7.
    let range = KeyRange::KeysAfter { after: key(5), upto: key(10) };
    let mut reconcile = batch.reconcile(Dataset::Users, &range).unwrap();
    reconcile.rows(&rows::batch(Dataset::Users, &changed[5..8])).unwrap();
    let applied = reconcile.finish().unwrap();
    assert_eq!((applied.unchanged, applied.updated, applied.deleted, applied.inserted), (2, 1, 2, 0));
    let gone = [key(1).unwrap(), key(2).unwrap(), key(99).unwrap()];
    let applied =
        batch.apply_keys(Dataset::Users, &gone, &rows::batch(Dataset::Users, &changed[1..2])).unwrap();
    assert_eq!((applied.unchanged, applied.deleted), (1, 1), "key 2 was fetched, key 99 never was here");
    batch.commit().unwrap();
    let reader = scratch.cache.reader().unwrap();
    let counts = dataset::row_counts(&reader).unwrap();
    assert!(counts.contains(&(Dataset::Users, 17)));
    let mut left = changed;
    left.drain(8..10);
    left.remove(0);
    let mut range = Verifier::new(&reader).range(Dataset::Users, &KeyRange::All).unwrap();
    range.rows(&rows::batch(Dataset::Users, &left)).unwrap();
    assert!(range.finish().unwrap().is_clean());
    let mut range = Verifier::new(&reader).range(Dataset::Users, &KeyRange::All).unwrap();
    range.rows(&rows::batch(Dataset::Users, &users(20))).unwrap();
    let diff = range.finish().unwrap();
    assert_eq!((diff.missing, diff.extra, diff.different), (3, 0, 1), "a comparison says what differs");
}

#[test]
fn a_changed_column_is_written_to_its_row_and_its_own_index_alone() {
    let scratch = Scratch::new();
    let mut rows = users(500);
    load(&scratch, Dataset::Users, &rows);
    let columns = Dataset::Users.spec().columns;
    let last_seen = columns.iter().position(|column| column.name == "last_seen_at").unwrap();
    rows[250][last_seen] = Field::Timestamp(EPOCH_US + 86_400_000_000);
    let mut writer = scratch.cache.writer().unwrap();
    writer.compact_wal().unwrap();
    let mut batch = writer.begin().unwrap();
    let applied = batch.upsert(&rows::batch(Dataset::Users, &rows[250..251])).unwrap();
    assert_eq!((applied.updated, applied.changed()), (1, 1));
    batch.commit().unwrap();
    // The log's header, and a header before each page.
    let log = std::fs::metadata(scratch.path().with_file_name("cache.db-wal")).unwrap().len();
    let pages = (log - 32) / (24 + 8192);
    // The row, its old and its new place in the index, the file's generation and what tells apart answers about people.
    // Four more indexes hold users.
    assert!(pages <= 5, "{pages} pages were written");
    drop(writer);
    let reader = scratch.cache.reader().unwrap();
    let mut range = Verifier::new(&reader).range(Dataset::Users, &KeyRange::All).unwrap();
    range.rows(&rows::batch(Dataset::Users, &rows)).unwrap();
    assert!(range.finish().unwrap().is_clean());
}

#[test]
fn plans_come_by_rank_with_their_people() {
    let scratch = Scratch::new();
    load(&scratch, Dataset::Users, &users(9));
    let plan_row = |code: &str, rank: i64| {
        let mut row = vec![Field::Null; Dataset::Plans.spec().columns.len()];
        row[0] = text(code);
        row[1] = text(&code.to_uppercase());
        row[2] = Field::Int8(rank);
        row[5] = text("EUR");
        row
    };
    load(&scratch, Dataset::Plans, &[plan_row("pro", 2), plan_row("free", 1)]);
    let limit = vec![text("free"), text("prompts"), text("month"), Field::Null, text("hard"), Field::Int8(1)];
    load(&scratch, Dataset::PlanLimits, &[limit]);
    let list = plan::list(&scratch.cache.reader().unwrap()).unwrap();
    let found: Vec<_> = list.rows.iter().map(|row| (row.code.as_str(), row.user_count)).collect();
    assert_eq!(found, [("free", 6), ("pro", 3)]);
    assert_eq!(list.rows[0].limits[0].limit, None, "no value is no limit");
}

#[test]
fn the_audit_log_pages_backwards_and_names_its_rows() {
    let scratch = Scratch::new();
    load(&scratch, Dataset::Users, &users(3));
    let intent = Uuid::from_u128(77);
    let entries: Vec<Vec<Field>> = (1..=25)
        .map(|id| {
            let mut row = vec![Field::Null; Dataset::AuditLog.spec().columns.len()];
            row[0] = Field::Int8(id);
            row[1] = Field::Timestamp(EPOCH_US);
            row[2] = if id % 5 == 0 { Field::Uuid(intent) } else { Field::Null };
            row[8] = text("users");
            row[9] = Field::Json(format!("{{\"id\": \"{}\"}}", Uuid::from_u128(2)));
            row
        })
        .collect();
    load(&scratch, Dataset::AuditLog, &entries);
    let reader = scratch.cache.reader().unwrap();
    let mut req = AuditListReq { limit: 10, ..AuditListReq::default() };
    let mut ids = Vec::new();
    loop {
        let page = audit::list(&reader, &req).unwrap();
        assert!(page.rows.iter().all(|row| row.label.as_deref() == Some("User001@example.com")));
        ids.extend(page.rows.iter().map(|row| row.id));
        req.after = page.next;
        if req.after.is_none() {
            break;
        }
    }
    assert_eq!(ids, (1..=25).rev().collect::<Vec<_>>());
    let of_intent = AuditListReq { intent: Some(intent), ..AuditListReq::default() };
    assert_eq!(audit::list(&reader, &of_intent).unwrap().rows.len(), 5);
}
