//! What every reader of the sample company relies on.

use std::collections::{HashMap, HashSet};

use chrono::TimeZone;
use proptest::prelude::*;

use super::lifecycle::ChangeKind;
use super::*;

fn spec(seed: u64, users: u32, events: u64, end: DateTime<Utc>) -> SampleSpec {
    SampleSpec { seed, users, events, end }
}

fn afternoon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 11, 21, 14, 2, 11).unwrap()
}

fn fingerprint(company: &Company) -> String {
    let mut text = String::new();
    for part in [
        format!("{:?}", company.users().collect::<Vec<_>>()),
        format!("{:?}", company.teams().collect::<Vec<_>>()),
        format!("{:?}", company.team_members().collect::<Vec<_>>()),
        format!("{:?}", company.subscriptions().collect::<Vec<_>>()),
        format!("{:?}", company.subscription_changes().collect::<Vec<_>>()),
        format!("{:?}", company.events().collect::<Vec<_>>()),
    ] {
        text.push_str(&format!("{:016x}", xxhash_rust::xxh3::xxh3_64(part.as_bytes())));
    }
    text
}

/// Every promise about rows that point at each other and at time.
fn assert_sound(spec: SampleSpec) {
    let company = Company::new(spec);
    let end_us = spec.end.timestamp_micros();
    let users: HashMap<Uuid, UserRow> = company.users().map(|user| (user.id, user)).collect();
    assert_eq!(users.len(), spec.users as usize, "as many users as asked for, all with their own id");
    let emails: HashSet<&str> = users.values().map(|user| user.email.as_str()).collect();
    assert_eq!(emails.len(), users.len(), "addresses are unique");
    let is_invented = |email: &&str| email.contains("example") || email.ends_with(".invalid");
    assert!(emails.iter().all(is_invented), "nobody real is written to");

    let teams: HashMap<Uuid, TeamRow> = company.teams().map(|team| (team.id, team)).collect();
    let mut owners = HashMap::new();
    let mut sizes: HashMap<Uuid, u32> = HashMap::new();
    for member in company.team_members() {
        let team = &teams[&member.team_id];
        assert!(users.contains_key(&member.user_id), "a member is a user");
        assert!(member.created_us >= team.created_us, "nobody joins before the team is there");
        assert!(member.created_us >= users[&member.user_id].created_us, "nobody joins before signing up");
        assert!(member.created_us < end_us, "nobody joins in the future");
        *sizes.entry(member.team_id).or_default() += 1;
        if member.role == "owner" {
            assert_eq!(owners.insert(member.team_id, member.user_id), None, "one owner a team");
        }
    }
    assert_eq!(owners.len(), teams.len(), "every team has its owner");
    assert!(sizes.iter().all(|(id, size)| *size <= teams[id].max_members), "no team is overfull");

    let mut open: HashMap<Uuid, Plan> = HashMap::new();
    let mut last: HashMap<Uuid, SubscriptionChangeRow> = HashMap::new();
    let mut steps: HashMap<Uuid, i64> = HashMap::new();
    for change in company.subscription_changes() {
        assert!(change.at_us < end_us, "history does not reach into the future");
        assert!(change.at_us >= users[&change.user_id].created_us, "nothing is sold before the sign-up");
        if let Some(before) = last.get(&change.subscription_id) {
            assert!(before.at_us <= change.at_us, "history is in order");
            assert_ne!(before.kind, ChangeKind::Ended, "nothing follows an end");
        } else {
            assert_eq!(change.kind, ChangeKind::Created, "history starts with the beginning");
        }
        *steps.entry(change.subscription_id).or_default() += 1;
        last.insert(change.subscription_id, change);
    }
    for row in company.subscriptions() {
        assert_eq!(last[&row.id].terms, row.terms, "a subscription is what its history says");
        assert_eq!(row.revision, steps[&row.id], "every change is in the history");
        assert_eq!(row.ended_us.is_some(), row.terms.status == "canceled", "ended means canceled");
        assert!(row.period_us.0 < row.period_us.1, "a period has a length");
        if row.ended_us.is_none() {
            assert!(row.period_us.1 >= end_us, "what goes on is paid up to now");
            assert_eq!(open.insert(row.user_id, row.terms.plan), None, "one running subscription a user");
        }
    }
    for user in users.values() {
        assert_eq!(
            user.plan,
            open.get(&user.id).copied().unwrap_or(Plan::Free),
            "the plan is the one paid for"
        );
    }

    let mut seen: HashMap<Uuid, i64> = HashMap::new();
    let mut keys = HashSet::new();
    let (mut count, mut before) = (0_u64, i64::MIN);
    for event in company.events() {
        count += 1;
        assert!(event.occurred_us >= before, "events come in the order of time");
        before = event.occurred_us;
        let user = &users[&event.user_id];
        assert!(event.occurred_us >= user.created_us, "nobody uses the product before signing up");
        assert!(event.occurred_us < end_us, "events end before the end");
        assert!(
            event.recorded_us >= event.occurred_us && event.recorded_us <= end_us,
            "recorded after it happened"
        );
        assert!(keys.insert(event.event_key), "keys are unique");
        assert!(event.cached_tokens <= event.input_tokens, "cached tokens are part of the input");
        assert!(event.cost_nano.is_none_or(|cost| cost >= 0), "costs are not negative");
        if let Some(team) = event.team_id {
            assert!(teams[&team].created_us <= event.occurred_us, "a team acts once it is there");
        }
        seen.insert(event.user_id, event.occurred_us);
    }
    assert_eq!(count, spec.events, "as many events as asked for");
    for user in users.values() {
        assert_eq!(user.last_seen_us, seen.get(&user.id).copied(), "last seen is the last event");
    }
}

#[test]
fn the_same_seed_gives_the_same_company() {
    let small = spec(7, 120, 5_000, afternoon());
    let first = fingerprint(&Company::new(small));
    assert_eq!(first, fingerprint(&Company::new(small)), "a pure function has one answer");
    assert_ne!(first, fingerprint(&Company::new(SampleSpec { seed: 8, ..small })), "the seed matters");
}

#[test]
fn small_is_sound_and_alive() {
    let spec = SampleSpec::new(SampleSize::Small, afternoon());
    assert_sound(spec);
    let company = Company::new(spec);
    let today = company.rhythm.day_us(spec.days() - 1);
    let events: Vec<SampleEvent> = company.events().collect();
    assert!(events.iter().any(|event| event.occurred_us >= today), "today has begun");
    assert_eq!(spec.last_day(), afternoon().date_naive(), "today is the last day");
    for plan in Plan::ALL {
        assert!(events.iter().any(|event| event.plan == plan), "every plan is used: {}", plan.code());
    }
    for status in ["success", "error", "rate_limited"] {
        assert!(events.iter().any(|event| event.status == status), "every status occurs: {status}");
    }
    assert!(events.iter().any(|event| event.cost_nano.is_none()), "a model without a price is called");
    assert!(events.iter().any(|event| event.cached_tokens > 0), "caches are hit");
    assert!(events.iter().any(|event| event.reasoning_tokens > 0), "some models think first");

    let errors = |day: usize| {
        let (from, to) = (company.rhythm.day_us(day), company.rhythm.day_us(day + 1));
        let all: Vec<_> =
            events.iter().filter(|event| event.occurred_us >= from && event.occurred_us < to).collect();
        all.iter().filter(|event| event.status == "error").count() as f64 / all.len() as f64
    };
    let outage = company.rhythm.outage_day;
    assert!(errors(outage) > 0.1, "the outage is felt");
    assert!(errors(outage - 7) < 0.05, "the week before was quiet");

    let abuser = company.citizens[company.abuser() as usize].id;
    let of_abuser = |from: i64, to: i64| {
        events.iter().filter(|e| e.user_id == abuser && e.occurred_us >= from && e.occurred_us < to).count()
    };
    let week = of_abuser(today - 7 * DAY_US, today);
    let week_before = of_abuser(today - 21 * DAY_US, today - 14 * DAY_US);
    assert!(week > 5 * week_before.max(10), "one user's use rises suddenly: {week_before} to {week}");

    let statuses: HashSet<&str> = company.subscriptions().map(|row| row.terms.status).collect();
    for status in ["trialing", "active", "canceled"] {
        assert!(statuses.contains(status), "subscriptions are {status}");
    }
    let currencies: HashSet<&str> = company.subscriptions().map(|row| row.terms.currency).collect();
    assert!(currencies.len() >= 4, "several currencies are billed");
    assert!(company.subscriptions().any(|row| row.terms.is_yearly), "some pay by the year");
    assert!(company.teams().count() > 5, "there are teams");
}

#[test]
fn growth_and_weeks_show() {
    let spec = SampleSpec::new(SampleSize::Small, afternoon());
    let company = Company::new(spec);
    let mut days = vec![0_u32; spec.days()];
    for event in company.events() {
        days[usize::try_from((event.occurred_us - company.rhythm.day_us(0)) / DAY_US).unwrap()] += 1;
    }
    let quarter = spec.days() / 4;
    let sum = |range: std::ops::Range<usize>| days[range].iter().sum::<u32>();
    assert!(sum(3 * quarter..4 * quarter) > 2 * sum(quarter..2 * quarter), "use grows");
    let weekday = |weekday: chrono::Weekday| {
        let first = spec.first_day();
        (first.iter_days().zip(&days))
            .filter(|(day, _)| day.weekday() == weekday)
            .map(|(_, n)| n)
            .sum::<u32>()
    };
    assert!(weekday(chrono::Weekday::Tue) > 2 * weekday(chrono::Weekday::Sun), "people rest on Sundays");
}

#[test]
fn months_are_the_events_in_parts() {
    let spec = spec(3, 80, 4_000, afternoon());
    let company = Company::new(spec);
    let whole: Vec<SampleEvent> = company.events().collect();
    let parts: Vec<SampleEvent> =
        spec.months().into_iter().flat_map(|month| company.month_events(month).collect::<Vec<_>>()).collect();
    assert!(whole == parts, "every month alone gives the same rows");
    let mut book = CounterBook::new(&company);
    let mut counted = 0;
    for month in spec.months() {
        company.month_events(month).for_each(|event| book.count(&event));
        let rows = book.close(&company, month);
        counted += rows
            .iter()
            .filter(|row| row.metric != catalogue::Metric::Credits)
            .map(|row| row.used)
            .sum::<i64>();
    }
    let used: i64 = whole.iter().filter(|e| e.status != "rate_limited").map(|e| e.quantity).sum();
    assert_eq!(counted, used, "counters add up to the events");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_company_is_sound(
        seed in any::<u64>(),
        users in 20_u32..200,
        events in 1_000_u64..4_000,
        end in 1_704_067_200_i64..1_893_456_000,
    ) {
        assert_sound(spec(seed, users, events, DateTime::from_timestamp(end, 0).unwrap()));
    }
}
