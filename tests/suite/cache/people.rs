//! Users in any order and by any filter, against a list made by hand; the search over everything.

use std::cmp::Reverse;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use steward_core::find::{FindKind, FindReason, FindReq};
use steward_core::id::{TeamId, UserId};
use steward_core::period::{Compare, RangeSpec};
use steward_core::user::{LastSeen, UserFilter, UserListReq, UserRow, UserSort};
use steward_core::{Dataset, ErrorKind};
use steward_store::cache::KeyRange;
use steward_store::cache::query::{find, user};
use steward_tests::rows::{self, EPOCH_US, Field, UsageEvent};
use uuid::Uuid;

use super::Scratch;

const DAY: i64 = 86_400_000_000;

fn text(value: &str) -> Field {
    Field::Text(value.to_owned())
}

fn team_row(id: u128, name: &str) -> Vec<Field> {
    let at = Field::Timestamp(EPOCH_US);
    vec![
        Field::Uuid(Uuid::from_u128(id)),
        text(name),
        Field::Json("{}".to_owned()),
        at.clone(),
        at,
        Field::Int8(1),
    ]
}

fn member_row(team: u128, user: Uuid) -> Vec<Field> {
    let at = Field::Timestamp(EPOCH_US);
    vec![
        Field::Uuid(Uuid::from_u128(team)),
        Field::Uuid(user),
        text("member"),
        at.clone(),
        at,
        Field::Int8(1),
    ]
}

fn load(scratch: &Scratch, datasets: &[(Dataset, &[Vec<Field>])]) {
    let mut writer = scratch.cache.writer().unwrap();
    let mut batch = writer.begin().unwrap();
    for (dataset, rows) in datasets {
        let mut reconcile = batch.reconcile(*dataset, &KeyRange::All).unwrap();
        reconcile.rows(&rows::batch(*dataset, rows)).unwrap();
        reconcile.finish().unwrap();
    }
    batch.commit().unwrap();
}

/// A company whose users have few different values, so that ids decide between many.
struct Company {
    users: Vec<UserRow>,
    rows: Vec<Vec<Field>>,
    members: Vec<Vec<Field>>,
    team: Vec<UserId>,
    events: Vec<UsageEvent>,
}

fn company(count: u32, seed: u64) -> Company {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut made = Company {
        users: Vec::new(),
        rows: Vec::new(),
        members: Vec::new(),
        team: Vec::new(),
        events: Vec::new(),
    };
    let instant = |us: i64| DateTime::from_timestamp_micros(us).unwrap();
    for n in 0..count {
        let id = Uuid::from_u128(random.random());
        let plan = *["free", "pro", "team"].choose(&mut random).unwrap();
        // The same address may be there more than once: an erased user keeps none of his own.
        let email = match random.random_range(0..20) {
            0 => String::new(),
            1..5 => format!("Élodie.{}@Example.com", random.random_range(0..40)),
            _ => format!("User{n:05}@example.com"),
        };
        let created = EPOCH_US + random.random_range(0..90) * DAY;
        let seen = random.random_bool(0.8).then(|| created + random.random_range(0..20) * DAY);
        let status = *["active", "active", "active", "suspended"].choose(&mut random).unwrap();
        let role = if random.random_range(0..50) == 0 { "admin" } else { "user" };
        let mut row = rows::user(id, &email, plan, created);
        (row[3], row[4]) = (text(status), text(role));
        row[10] = seen.map_or(Field::Null, Field::Timestamp);
        made.rows.push(row);
        if random.random_range(0..7) == 0 {
            made.members.push(member_row(90, id));
            made.team.push(UserId(id));
        }
        let events = if random.random_bool(0.4) { random.random_range(1..4) } else { 0 };
        for _ in 0..events {
            made.events.push(UsageEvent {
                user_id: id,
                occurred_at: EPOCH_US + 10 * DAY + random.random_range(0..DAY),
                event_key: Uuid::from_u128(random.random()),
                ..UsageEvent::default()
            });
        }
        made.users.push(UserRow {
            id: UserId(id),
            name: format!("Name of {email}"),
            email,
            status: status.to_owned(),
            role: role.to_owned(),
            plan_code: plan.to_owned(),
            last_seen_at: seen.map(instant),
            created_at: instant(created),
            events: Some(events),
        });
    }
    made
}

impl Company {
    fn load(&self) -> Scratch {
        let scratch = Scratch::new();
        load(
            &scratch,
            &[
                (Dataset::Users, &self.rows),
                (Dataset::Teams, &[team_row(90, "Northwind"), team_row(91, "Südwind & Söhne")]),
                (Dataset::TeamMembers, &self.members),
            ],
        );
        let mut writer = scratch.cache.writer().unwrap();
        let mut batch = writer.begin().unwrap();
        batch.upsert(&rows::events(&self.events)).unwrap();
        batch.commit().unwrap();
        scratch
    }

    /// Who matches, by the filter's own words.
    fn matching(&self, filter: &UserFilter) -> Vec<UserRow> {
        let period = |range: RangeSpec| range.resolve(filter.zone, DateTime::UNIX_EPOCH, Compare::Off).period;
        let is =
            |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        let is_seen = |seen: Option<DateTime<Utc>>| match filter.last_seen {
            None => true,
            Some(LastSeen::Never) => seen.is_none(),
            Some(LastSeen::Within(range)) => seen.is_some_and(|at| period(range).contains(at)),
            Some(LastSeen::NotSince(range)) => seen.is_none_or(|at| at < period(range).start),
        };
        self.users
            .iter()
            .filter(|user| {
                is(&filter.plan_code, &user.plan_code)
                    && is(&filter.status, &user.status)
                    && is(&filter.role, &user.role)
                    && filter.signed_up.is_none_or(|range| period(range).contains(user.created_at))
                    && is_seen(user.last_seen_at)
                    && filter.team.is_none_or(|_| self.team.contains(&user.id))
                    && (filter.search.is_empty() || user.email.to_lowercase().contains("élodie"))
            })
            .cloned()
            .collect()
    }
}

fn days(first: u32, last: u32) -> RangeSpec {
    let day = |day| NaiveDate::from_yo_opt(2000, day).unwrap();
    RangeSpec::Between { first: day(first), last: day(last) }
}

/// Filters of every kind alone, and a few hundred mixtures.
fn filters(random: &mut ChaCha8Rng) -> Vec<UserFilter> {
    let own = |text: &str| Some(text.to_owned());
    let mut filters = vec![
        UserFilter::default(),
        UserFilter { plan_code: own("pro"), ..UserFilter::default() },
        UserFilter { status: own("suspended"), ..UserFilter::default() },
        UserFilter { role: own("admin"), ..UserFilter::default() },
        UserFilter { team: Some(TeamId(Uuid::from_u128(90))), ..UserFilter::default() },
        UserFilter { search: "ELODIE".to_owned(), ..UserFilter::default() },
        UserFilter { last_seen: Some(LastSeen::Never), ..UserFilter::default() },
    ];
    for _ in 0..60 {
        let pick = |random: &mut ChaCha8Rng, values: &[&str]| {
            random.random_bool(0.3).then(|| (*values.choose(random).unwrap()).to_owned())
        };
        let first = random.random_range(1..80);
        let range = days(first, first + random.random_range(0..30));
        filters.push(UserFilter {
            search: if random.random_range(0..5) == 0 { "élo".to_owned() } else { String::new() },
            plan_code: pick(random, &["free", "pro", "team", "none"]),
            status: pick(random, &["active", "suspended"]),
            role: pick(random, &["user", "admin"]),
            team: (random.random_range(0..5) == 0).then_some(TeamId(Uuid::from_u128(90))),
            signed_up: random.random_bool(0.4).then_some(range),
            last_seen: match random.random_range(0..8) {
                0 => Some(LastSeen::Never),
                1 => Some(LastSeen::Within(range)),
                2 => Some(LastSeen::NotSince(range)),
                _ => None,
            },
            zone: *[Tz::UTC, Tz::Europe__Berlin, Tz::Pacific__Kiritimati].choose(random).unwrap(),
        });
    }
    filters
}

/// Enough that both ways of finding a page are taken: gathered, and walked.
const MANY: u32 = 5_000;

#[test]
fn pages_are_the_whole_list_in_any_order_and_the_count_agrees() {
    for (count, seed) in [(300, 1), (MANY, 2)] {
        let company = company(count, seed);
        let scratch = company.load();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let filters = filters(&mut random);
        // Every answer is the same with the indexes and, during the first load, without.
        for has_indexes in [false, true] {
            if has_indexes {
                scratch.cache.writer().unwrap().build_indexes().unwrap();
            }
            let reader = scratch.cache.reader().unwrap();
            let filters = if has_indexes { &filters[..] } else { &filters[..7] };
            for filter in filters {
                for sort in [UserSort::Email, UserSort::CreatedAt, UserSort::LastSeenAt, UserSort::Usage] {
                    let mut expected = company.matching(filter);
                    match sort {
                        UserSort::Email => {
                            expected.sort_by_key(|user| (user.email.to_lowercase(), user.id));
                        }
                        UserSort::CreatedAt => {
                            expected.sort_by_key(|user| Reverse((user.created_at, user.id)));
                        }
                        UserSort::LastSeenAt => {
                            expected.sort_by_key(|user| Reverse((user.last_seen_at, user.id)));
                        }
                        UserSort::Usage => expected.sort_by_key(|user| (Reverse(user.events), user.id)),
                    }
                    let mut req = UserListReq {
                        filter: filter.clone(),
                        sort,
                        usage: Some(days(11, 11)),
                        after: None,
                        limit: random.random_range(150..1000),
                    };
                    // The events lie in one UTC day.
                    if filter.zone != Tz::UTC {
                        req.usage = Some(days(5, 20));
                    }
                    let mut found = Vec::new();
                    loop {
                        let page = user::list(&reader, &req).unwrap();
                        assert_eq!(page.total, expected.len() as u64, "{req:?}");
                        found.extend(page.rows);
                        req.after = page.next;
                        if req.after.is_none() {
                            break;
                        }
                    }
                    if sort == UserSort::Usage {
                        // Equal counts come in the order in which the copy met the users.
                        assert!(found.is_sorted_by_key(|user| Reverse(user.events)), "{filter:?}");
                        found.sort_by_key(|user| (Reverse(user.events), user.id));
                    }
                    assert_eq!(found.len(), expected.len(), "{filter:?} by {sort:?}");
                    for (found, expected) in found.iter().zip(&expected) {
                        assert_eq!(
                            (found.id, found.events, &found.email, found.last_seen_at),
                            (expected.id, expected.events, &expected.email, expected.last_seen_at),
                            "{filter:?} by {sort:?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn counts_and_words_follow_every_change_of_a_row() {
    let mut company = company(400, 3);
    let scratch = company.load();
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for round in 0..6 {
        // Some leave, some are changed, some come.
        for _ in 0..40 {
            let gone = random.random_range(0..company.users.len());
            company.users.remove(gone);
            company.rows.remove(gone);
            let changed = random.random_range(0..company.users.len());
            let (plan, status) =
                if random.random_bool(0.5) { ("pro", "suspended") } else { ("team", "active") };
            let email = format!("Renamed{round}@example.com");
            let (user, row) = (&mut company.users[changed], &mut company.rows[changed]);
            (user.plan_code, user.status) = (plan.to_owned(), status.to_owned());
            (user.email, user.name) = (email.clone(), "Zoë".to_owned());
            (row[1], row[2], row[3], row[5]) = (text(&email), text("Zoë"), text(status), text(plan));
        }
        load(&scratch, &[(Dataset::Users, &company.rows)]);
        let reader = scratch.cache.reader().unwrap();
        let total = |filter: UserFilter| {
            user::list(&reader, &UserListReq { filter, ..UserListReq::default() }).unwrap().total
        };
        for (plan, status) in [("pro", "suspended"), ("team", "active"), ("free", "active")] {
            let filter = UserFilter {
                plan_code: Some(plan.to_owned()),
                status: Some(status.to_owned()),
                ..UserFilter::default()
            };
            assert_eq!(total(filter.clone()), company.matching(&filter).len() as u64, "{plan} {status}");
        }
        let search = |text: &str| total(UserFilter { search: text.to_owned(), ..UserFilter::default() });
        let named = company.users.iter().filter(|user| user.name == "Zoë").count() as u64;
        assert_eq!((search("zoe"), search("ZOË")), (named, named), "round {round}");
        let renamed = company.users.iter().filter(|user| user.email == format!("Renamed{round}@example.com"));
        assert_eq!(search(&format!("renamed{round}@EXAMPLE")), renamed.count() as u64);
    }
}

/// People and teams with names that are hard to find.
fn directory() -> Scratch {
    let people = [
        ("ada@example.com", "Ada Lovelace", "cus_Ada1"),
        ("ada.byron@example.org", "Augusta Byron", "cus_Ada2"),
        ("l.ada@example.com", "Lars Adamsson", ""),
        ("strasse@example.de", "Jörg Straßenbahn", ""),
        ("o'brien@example.ie", "Síle Ní Bhriain", ""),
        ("tanaka@example.jp", "田中さくら", ""),
        ("", "", ""),
    ];
    let users: Vec<Vec<Field>> = (1..)
        .zip(people)
        .map(|(n, (email, name, customer))| {
            let mut row = rows::user(Uuid::from_u128(0xadadadad << 96 | n), email, "pro", EPOCH_US);
            row[2] = text(name);
            row[8] = if customer.is_empty() { Field::Null } else { text(customer) };
            row
        })
        .collect();
    let scratch = Scratch::new();
    load(
        &scratch,
        &[
            (Dataset::Users, &users),
            (Dataset::Teams, &[team_row(90, "Ada Labs"), team_row(91, "Nordlicht Übersee")]),
            (Dataset::TeamMembers, &[member_row(90, Uuid::from_u128(0xadadadad << 96 | 1))]),
        ],
    );
    scratch
}

#[test]
fn a_search_ranks_ids_then_addresses_then_beginnings_then_words() {
    let scratch = directory();
    let reader = scratch.cache.reader().unwrap();
    let search = |text: &str| {
        let req = FindReq { text: text.to_owned(), ..FindReq::default() };
        let rows = find::find(&reader, &req).unwrap().rows;
        rows.into_iter().map(|row| (row.title, row.reason)).collect::<Vec<_>>()
    };
    let found = |text: &str| search(text).into_iter().map(|(title, _)| title).collect::<Vec<_>>();
    let own = |title: &str, reason| (title.to_owned(), reason);
    assert_eq!(
        search("ada"),
        [
            own("Ada Lovelace", FindReason::Beginning),
            own("Augusta Byron", FindReason::Beginning),
            own("Ada Labs", FindReason::Beginning),
            own("Lars Adamsson", FindReason::Words),
        ],
        "addresses and names that begin so, then whole words"
    );
    assert_eq!(search("ADA@example.com")[0], own("Ada Lovelace", FindReason::Exact));
    assert_eq!(search("cus_Ada2"), [own("Augusta Byron", FindReason::Id)], "Stripe's ids are as they are");
    let id = Uuid::from_u128(0xadadadad << 96 | 3).to_string();
    assert_eq!(search(&id), [own("Lars Adamsson", FindReason::Id)]);
    assert_eq!(found(&id[..13]).len(), 7, "a beginning of an id names all that have it");
    assert_eq!(found("u:ada labs"), Vec::<String>::new());
    assert_eq!(found("T: ada"), ["Ada Labs"]);
    assert_eq!(search("adamss"), [own("Lars Adamsson", FindReason::WordBeginnings)]);
    for (typed, name) in [
        ("jorg", "Jörg Straßenbahn"),
        ("JÖRG STRASSENBAHN", "Jörg Straßenbahn"),
        ("straßen", "Jörg Straßenbahn"),
        ("STRASSE@example.de", "Jörg Straßenbahn"),
        ("sile ni", "Síle Ní Bhriain"),
        ("Si\u{301}le", "Síle Ní Bhriain"),
        ("o'brien", "Síle Ní Bhriain"),
        ("田中", "田中さくら"),
        ("ubersee", "Nordlicht Übersee"),
        ("lovelace ada", "Ada Lovelace"),
        ("\" OR *", "Augusta Byron"),
        ("%", ""),
        ("   ", ""),
    ] {
        let expected: Vec<&str> = if name.is_empty() { Vec::new() } else { vec![name] };
        assert_eq!(found(typed), expected, "{typed:?}");
    }
}

#[test]
fn a_page_that_begins_nowhere_is_refused() {
    let scratch = directory();
    let reader = scratch.cache.reader().unwrap();
    for sort in [UserSort::Email, UserSort::CreatedAt, UserSort::LastSeenAt, UserSort::Usage] {
        for after in ["", "[]", "[1]", "[\"a\",\"b\"]", "null", "{}"] {
            let req = UserListReq { sort, after: Some(after.to_owned()), ..UserListReq::default() };
            assert_eq!(user::list(&reader, &req).unwrap_err().kind(), ErrorKind::Invalid, "{sort:?} {after}");
        }
    }
    let rows =
        find::find(&reader, &FindReq { limit: 1, text: "example".to_owned(), kind: Some(FindKind::User) });
    assert_eq!(rows.unwrap().rows.len(), 1);
}
