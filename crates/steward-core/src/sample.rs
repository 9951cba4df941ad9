//! The sample company: Corvid Press, an invented publishing platform with eighteen months of history.
//!
//! A pure function of a seed, a size and an end: the same three give the same rows, byte for byte. The
//! demo, the tests and the benchmarks read the same company, so a number seen in one can be found in
//! the others. Nothing here is a real person, company, model or price.
//!
//! People and their subscriptions are drawn first ([`lifecycle`]); use follows day by day from who was
//! there that day ([`usage`]). Each user and each day owns a random stream of its own, so any part can
//! be drawn again without the parts before it, and events stream in time order in the memory of one day.
//!
//! Map: [`catalogue`] plans, prices, features and models · [`people`] names, countries, zones ·
//! [`lifecycle`] trials, upgrades, churn, returns · [`rhythm`] weeks, days and hours · [`usage`] events ·
//! [`counter`] counted use per month.

pub mod catalogue;
pub mod counter;
pub mod lifecycle;
pub mod people;
mod rhythm;
pub mod usage;

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, Result};
use catalogue::Plan;
use lifecycle::{Life, Span, SubscriptionChangeRow, SubscriptionRow};
use people::Person;
use rhythm::Rhythm;

pub use counter::{CounterBook, CounterRow};
pub use usage::{EventStream, SampleEvent};

/// The company's name.
pub const COMPANY: &str = "Corvid Press";

/// Microseconds of a day.
pub(crate) const DAY_US: i64 = 86_400_000_000;

/// How much of a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleSize {
    /// 500 users, 100 thousand events.
    #[default]
    Small,
    /// 20 thousand users, 2 million events.
    Medium,
    /// 100 thousand users, 10 million events.
    Large,
}

impl SampleSize {
    /// Its name on the command line and on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    /// Number of users.
    #[must_use]
    pub fn users(self) -> u32 {
        match self {
            Self::Small => 500,
            Self::Medium => 20_000,
            Self::Large => 100_000,
        }
    }

    /// Number of usage events.
    #[must_use]
    pub fn events(self) -> u64 {
        match self {
            Self::Small => 100_000,
            Self::Medium => 2_000_000,
            Self::Large => 10_000_000,
        }
    }
}

impl std::str::FromStr for SampleSize {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Small, Self::Medium, Self::Large]
            .into_iter()
            .find(|size| size.name() == text)
            .ok_or_else(|| Error::invalid("size", "The size is small, medium or large."))
    }
}

/// Which company: everything its rows depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleSpec {
    /// Another seed is another company.
    pub seed: u64,
    /// Number of users, at least 20.
    pub users: u32,
    /// Number of events, exactly.
    pub events: u64,
    /// The company's "now": nothing happens at or after it, so its day is a partial one.
    pub end: DateTime<Utc>,
}

impl SampleSpec {
    /// The usual company of this size, up to `end`.
    #[must_use]
    pub fn new(size: SampleSize, end: DateTime<Utc>) -> Self {
        Self { seed: 20_240_517, users: size.users(), events: size.events(), end }
    }

    /// The first day: eighteen months before the last.
    #[must_use]
    pub fn first_day(&self) -> NaiveDate {
        self.end.date_naive().checked_sub_months(Months::new(18)).expect("the end lies in this era")
    }

    /// First days of the months that hold events, in order.
    #[must_use]
    pub fn months(&self) -> Vec<NaiveDate> {
        let first = self.first_day().with_day(1).expect("every month has a first day");
        let last = self.last_day();
        (0..=20).map(|n| first + Months::new(n)).take_while(|month| *month <= last).collect()
    }

    /// The day the end lies in; the day before when the end is a midnight.
    #[must_use]
    pub fn last_day(&self) -> NaiveDate {
        (self.end - chrono::TimeDelta::microseconds(1)).date_naive()
    }

    fn days(&self) -> usize {
        usize::try_from((self.last_day() - self.first_day()).num_days() + 1)
            .expect("the end is after the start")
    }

    /// A random stream of its own for one part of the company.
    fn stream(&self, part: Part) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(match part {
            Part::Day(day) => day as u64,
            Part::Detail(day) => (1 << 40) | day as u64,
            Part::Signup(day) => (2 << 40) | day as u64,
            Part::User(user) => (3 << 40) | u64::from(user),
        });
        random
    }
}

/// What a random stream belongs to.
#[derive(Clone, Copy)]
enum Part {
    Day(usize),
    Detail(usize),
    Signup(usize),
    User(u32),
}

/// A user as a row of `users`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Id.
    pub id: Uuid,
    /// E-mail address, at an example domain.
    pub email: String,
    /// Made-up name; none once erased.
    pub name: Option<String>,
    /// `active`, `suspended` or `erased`.
    pub status: &'static str,
    /// `user` or `admin`.
    pub role: &'static str,
    /// Current plan.
    pub plan: Plan,
    /// ISO 3166 code; none once erased.
    pub country: Option<&'static str>,
    /// IANA zone.
    pub zone: &'static str,
    /// End of the trial, in microseconds since 1970.
    pub trial_end_us: Option<i64>,
    /// The last event, in microseconds since 1970.
    pub last_seen_us: Option<i64>,
    /// Sign-up, in microseconds since 1970.
    pub created_us: i64,
    /// Last change, in microseconds since 1970.
    pub updated_us: i64,
}

/// A team as a row of `teams`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRow {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// How many members its settings allow.
    pub max_members: u32,
    /// Created, in microseconds since 1970.
    pub created_us: i64,
}

/// A membership as a row of `team_members`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamMemberRow {
    /// Team.
    pub team_id: Uuid,
    /// Member.
    pub user_id: Uuid,
    /// `owner`, `admin` or `member`.
    pub role: &'static str,
    /// Joined, in microseconds since 1970.
    pub created_us: i64,
}

/// What is kept of a user while days are drawn.
#[derive(Debug, Clone)]
pub(crate) struct Citizen {
    pub(crate) id: Uuid,
    pub(crate) created_us: i64,
    pub(crate) zone: u8,
    pub(crate) is_admin: bool,
    pub(crate) taste: u8,
    pub(crate) zeal: f32,
    pub(crate) spans: [Span; 2],
    /// Where this user's plans begin in the common list.
    pub(crate) plans: u32,
    pub(crate) team: Option<TeamSeat>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct TeamSeat {
    pub(crate) team: u32,
    pub(crate) since_us: i64,
}

#[derive(Debug, Clone)]
struct Team {
    id: Uuid,
    owner: u32,
    seats: u32,
    created_us: i64,
}

/// The company's people, ready to be read as rows.
#[derive(Debug, Clone)]
pub struct Company {
    pub(crate) spec: SampleSpec,
    pub(crate) citizens: Vec<Citizen>,
    /// Per user the plans held, with the instant each begins.
    pub(crate) plans: Vec<(i64, Plan)>,
    teams: Vec<Team>,
    pub(crate) rhythm: Rhythm,
    /// Exactly this many events on each day.
    pub(crate) quotas: Vec<u32>,
    /// The one who misuses the product towards the end.
    abuser: u32,
    signups: Vec<i64>,
}

impl Company {
    /// Draws the people. Costs about a microsecond a user; events are drawn when they are read.
    #[must_use]
    pub fn new(spec: SampleSpec) -> Self {
        let rhythm = Rhythm::new(&spec);
        let signups = rhythm.signups(&spec);
        let mut company = Self {
            spec,
            citizens: Vec::with_capacity(signups.len()),
            plans: Vec::new(),
            teams: Vec::new(),
            rhythm,
            quotas: Vec::new(),
            abuser: 0,
            signups,
        };
        company.settle();
        company.abuser = company.find_abuser();
        company.quotas = usage::quotas(&company);
        company
    }

    /// What the company was drawn from.
    #[must_use]
    pub fn spec(&self) -> &SampleSpec {
        &self.spec
    }

    /// Users in the order of their sign-up.
    ///
    /// Last-seen comes from the events, so the events' times are drawn once here.
    pub fn users(&self) -> impl Iterator<Item = UserRow> + '_ {
        let last_seen = usage::last_seen(self);
        (0..self.spec.users).map(move |user| {
            let life = self.life(user);
            let citizen = &self.citizens[user as usize];
            let person = Person::of(user, citizen.id);
            let last_seen_us = Some(last_seen[user as usize]).filter(|seen| *seen > 0);
            let plan_since = life.plans.last().map_or(citizen.created_us, |(since, _)| *since);
            UserRow {
                id: citizen.id,
                email: person.email(life.status, citizen.is_admin),
                name: person.name(life.status),
                status: life.status,
                role: if citizen.is_admin { "admin" } else { "user" },
                plan: life.plan(),
                country: (life.status != "erased").then_some(life.place.country),
                zone: life.place.zone,
                trial_end_us: life.trial_end_us,
                last_seen_us,
                created_us: citizen.created_us,
                updated_us: plan_since.max(citizen.created_us),
            }
        })
    }

    /// Teams in the order of their owners' sign-up.
    pub fn teams(&self) -> impl Iterator<Item = TeamRow> + '_ {
        self.teams.iter().map(|team| TeamRow {
            id: team.id,
            name: people::team_name(team.id),
            max_members: team.seats,
            created_us: team.created_us,
        })
    }

    /// Memberships, owners included.
    pub fn team_members(&self) -> impl Iterator<Item = TeamMemberRow> + '_ {
        self.citizens.iter().enumerate().filter_map(|(user, citizen)| {
            let seat = citizen.team?;
            let team = &self.teams[seat.team as usize];
            let role = match user {
                user if user == team.owner as usize => "owner",
                user if user % 7 == 0 => "admin",
                _ => "member",
            };
            Some(TeamMemberRow { team_id: team.id, user_id: citizen.id, role, created_us: seat.since_us })
        })
    }

    /// Subscriptions as they stand at the end.
    pub fn subscriptions(&self) -> impl Iterator<Item = SubscriptionRow> + '_ {
        (0..self.spec.users).flat_map(|user| self.life(user).subscriptions)
    }

    /// Every step of every subscription.
    pub fn subscription_changes(&self) -> impl Iterator<Item = SubscriptionChangeRow> + '_ {
        (0..self.spec.users).flat_map(|user| self.life(user).changes)
    }

    /// All events in time order.
    #[must_use]
    pub fn events(&self) -> EventStream<'_> {
        EventStream::new(self, 0..self.spec.days())
    }

    /// The events of the month that begins on `month`, in time order.
    #[must_use]
    pub fn month_events(&self, month: NaiveDate) -> EventStream<'_> {
        let first = self.spec.first_day();
        let index = |day: NaiveDate| usize::try_from((day - first).num_days()).unwrap_or(0);
        let end = index(month + Months::new(1)).min(self.spec.days());
        EventStream::new(self, index(month).min(end)..end)
    }

    /// The plan this user had at an instant.
    pub(crate) fn plan_at(&self, user: u32, at_us: i64) -> Plan {
        let from = self.citizens[user as usize].plans as usize;
        let to = self.citizens.get(user as usize + 1).map_or(self.plans.len(), |next| next.plans as usize);
        let plans = &self.plans[from..to];
        plans.iter().rev().find(|(since, _)| *since <= at_us).map_or(Plan::Free, |(_, plan)| *plan)
    }

    pub(crate) fn team_at(&self, user: u32, at_us: i64) -> Option<Uuid> {
        let seat = self.citizens[user as usize].team?;
        (seat.since_us <= at_us).then(|| self.teams[seat.team as usize].id)
    }

    pub(crate) fn abuser(&self) -> u32 {
        self.abuser
    }

    /// The one who misuses the product towards the end.
    #[must_use]
    pub fn abuser_id(&self) -> Uuid {
        self.citizens[self.abuser as usize].id
    }

    fn life(&self, user: u32) -> Life {
        Life::draw(&self.spec, user, self.signups[user as usize])
    }

    /// Draws every life once and keeps what the days need.
    fn settle(&mut self) {
        let mut open: Option<u32> = None;
        for user in 0..self.spec.users {
            let life = self.life(user);
            let plans = u32::try_from(self.plans.len()).expect("a few plans a user");
            self.plans.extend(&life.plans);
            let mut team = None;
            if let Some(founding) = life.team {
                let index = u32::try_from(self.teams.len()).expect("fewer teams than users");
                self.teams.push(Team {
                    id: founding.id,
                    owner: user,
                    seats: founding.seats,
                    created_us: founding.created_us,
                });
                team = Some(TeamSeat { team: index, since_us: founding.created_us });
                open = Some(index);
            } else if life.is_invited
                && let Some(index) = open
            {
                let host = &self.teams[index as usize];
                let since_us = host.created_us.max(life.created_us) + 3_600_000_000;
                if since_us < self.spec.end.timestamp_micros() {
                    team = Some(TeamSeat { team: index, since_us });
                    let members = self
                        .citizens
                        .iter()
                        .filter(|other| other.team.is_some_and(|seat| seat.team == index));
                    if members.count() + 2 > host.seats as usize {
                        open = None;
                    }
                }
            }
            self.citizens.push(Citizen {
                id: life.id,
                created_us: life.created_us,
                zone: life.place.zone_index,
                is_admin: life.is_admin,
                taste: life.taste,
                zeal: life.zeal,
                spans: life.spans,
                plans,
                team,
            });
        }
    }

    /// Somebody on a paid plan who was there long before and still is.
    fn find_abuser(&self) -> u32 {
        let end = self.spec.end.timestamp_micros();
        let early = self.spec.users / 3;
        (early..self.spec.users)
            .chain(0..early)
            .find(|user| {
                let citizen = &self.citizens[*user as usize];
                let is_there = citizen.spans.iter().any(|span| span.contains(end - 1));
                is_there
                    && !citizen.is_admin
                    && citizen.created_us < end - 60 * DAY_US
                    && self.plan_at(*user, end) == Plan::Starter
            })
            .unwrap_or(early)
    }
}

#[cfg(test)]
mod tests;
