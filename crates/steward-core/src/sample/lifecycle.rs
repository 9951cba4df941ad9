//! The life of one user: sign-up, trial, plans, payments, churn and return.

use chrono::{DateTime, Months};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

use super::catalogue::{FEATURES, Plan};
use super::people::Place;
use super::{DAY_US, Part, SampleSpec};

/// A span of use, half-open, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) start_us: i64,
    pub(crate) end_us: i64,
}

impl Span {
    pub(crate) fn contains(self, at_us: i64) -> bool {
        self.start_us <= at_us && at_us < self.end_us
    }

    pub(crate) fn overlaps(self, start_us: i64, end_us: i64) -> bool {
        self.start_us < end_us && start_us < self.end_us
    }
}

/// A discount of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discount {
    /// Percent off.
    pub percent: u32,
    /// Until when, in microseconds since 1970.
    pub until_us: i64,
}

/// What a subscription is sold for; the part that its history repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Plan.
    pub plan: Plan,
    /// `trialing`, `active`, `past_due`, `unpaid`, `paused`, `canceled`.
    pub status: &'static str,
    /// Billed once a year instead of once a month.
    pub is_yearly: bool,
    /// Seats.
    pub quantity: i64,
    /// Agreed price of a seat and a period in the currency's minor unit; none for the plan's own price.
    pub unit_amount_minor: Option<i64>,
    /// ISO 4217 code.
    pub currency: &'static str,
    /// Discount.
    pub discount: Option<Discount>,
}

impl Terms {
    /// `month` or `year`.
    #[must_use]
    pub fn interval(&self) -> &'static str {
        if self.is_yearly { "year" } else { "month" }
    }
}

/// A subscription as it stands at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// Id.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// What it is sold for.
    pub terms: Terms,
    /// Current period in microseconds since 1970, half-open.
    pub period_us: (i64, i64),
    /// End of its trial.
    pub trial_end_us: Option<i64>,
    /// Whether it ends with the period.
    pub cancel_at_period_end: bool,
    /// When it was cancelled.
    pub canceled_us: Option<i64>,
    /// When it began.
    pub started_us: i64,
    /// When it ended.
    pub ended_us: Option<i64>,
    /// Last change.
    pub updated_us: i64,
    /// Number of changes after the first.
    pub revision: i64,
}

/// One step of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionChangeRow {
    /// Id.
    pub id: Uuid,
    /// The subscription.
    pub subscription_id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// When, in microseconds since 1970.
    pub at_us: i64,
    /// What happened.
    pub kind: ChangeKind,
    /// What it is sold for from then on.
    pub terms: Terms,
}

/// What happened to a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It began.
    Created,
    /// Anything about it changed.
    Changed,
    /// It ended.
    Ended,
}

impl ChangeKind {
    /// Its name in `subscription_changes`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Ended => "ended",
        }
    }
}

/// A team's beginning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Founding {
    pub(crate) id: Uuid,
    pub(crate) seats: u32,
    pub(crate) created_us: i64,
}

/// Everything that happened to one user before the end.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) id: Uuid,
    pub(crate) created_us: i64,
    pub(crate) place: Place,
    pub(crate) status: &'static str,
    pub(crate) is_admin: bool,
    /// Favourite feature, as a position in [`FEATURES`].
    pub(crate) taste: u8,
    /// How busy this user is beside others on the same plan.
    pub(crate) zeal: f32,
    pub(crate) trial_end_us: Option<i64>,
    pub(crate) plans: Vec<(i64, Plan)>,
    pub(crate) spans: [Span; 2],
    pub(crate) subscriptions: Vec<SubscriptionRow>,
    pub(crate) changes: Vec<SubscriptionChangeRow>,
    pub(crate) team: Option<Founding>,
    pub(crate) is_invited: bool,
}

/// Number of users of the company itself; they come first.
const STAFF: u32 = 3;

impl Life {
    /// Draws the life of a user who signed up at this instant.
    pub(crate) fn draw(spec: &SampleSpec, user: u32, created_us: i64) -> Self {
        let mut random = spec.stream(Part::User(user));
        let is_admin = user < STAFF;
        let id = time_id(&mut random, created_us);
        let life = Self {
            id,
            created_us,
            place: Place::pick(random.random()),
            status: "active",
            is_admin,
            taste: taste(&mut random),
            zeal: (0.25 + 1.6 * exponential(&mut random)) as f32,
            trial_end_us: None,
            plans: vec![(created_us, Plan::Free)],
            spans: [Span::default(); 2],
            subscriptions: Vec::new(),
            changes: Vec::new(),
            team: None,
            is_invited: false,
        };
        Narrator { random, end_us: spec.end.timestamp_micros(), life }.tell()
    }

    /// The plan at the end.
    pub(crate) fn plan(&self) -> Plan {
        self.plans.last().map_or(Plan::Free, |(_, plan)| *plan)
    }
}

struct Narrator {
    random: ChaCha8Rng,
    end_us: i64,
    life: Life,
}

impl Narrator {
    fn tell(mut self) -> Life {
        let born = self.life.created_us;
        if self.life.is_admin {
            self.life.spans[0] = Span { start_us: born, end_us: self.end_us };
            return self.life;
        }
        let path: f64 = self.random.random();
        let left_us = if path < 0.34 {
            let plan = if self.chance(0.7) { Plan::Starter } else { Plan::Pro };
            self.subscribe(born + 60_000_000, plan, true)
        } else if path < 0.40 {
            let plan = self.first_plan();
            let at = born + self.within(2 * DAY_US);
            self.subscribe(at, plan, false)
        } else if path < 0.48 {
            let at = born + 3 * DAY_US + self.days(50.0);
            let plan = self.first_plan();
            self.subscribe(at, plan, false)
        } else {
            self.life.is_invited = self.chance(0.22);
            None
        };
        self.settle_use(left_us);
        let fate: f64 = self.random.random();
        // Whoever is suspended or erased was a free user, so that no subscription hangs in the air.
        if self.life.plan() == Plan::Free && !self.life.is_invited && born < self.end_us - 40 * DAY_US {
            self.life.status = match fate {
                fate if fate < 0.008 => "suspended",
                fate if fate < 0.018 => "erased",
                _ => "active",
            };
            if self.life.status != "active" {
                let stop = born + 20 * DAY_US;
                for span in &mut self.life.spans {
                    span.end_us = span.end_us.min(stop).max(span.start_us);
                }
                self.life.spans[1] = Span::default();
            }
        }
        self.life
    }

    /// From a first subscription to the last end; returns when the user left, if so.
    fn subscribe(&mut self, start_us: i64, plan: Plan, with_trial: bool) -> Option<i64> {
        let mut left_us = self.pay(start_us, plan, with_trial)?;
        let mut is_back = false;
        while !is_back && self.chance(0.24) {
            let back_us = left_us + 15 * DAY_US + self.days(45.0);
            if back_us >= self.end_us {
                break;
            }
            self.life.spans[1].start_us = back_us;
            is_back = true;
            let plan = self.first_plan();
            match self.pay(back_us, plan, false) {
                Some(left) => left_us = left,
                None => return None,
            }
        }
        Some(left_us)
    }

    /// One subscription, period by period; returns its end unless it lasts.
    fn pay(&mut self, start_us: i64, plan: Plan, with_trial: bool) -> Option<i64> {
        if start_us >= self.end_us {
            return None;
        }
        let id = time_id(&mut self.random, start_us);
        let currency = self.life.place.currency;
        let is_yearly = !with_trial && self.chance(0.2) && plan.has_yearly_price();
        let quantity = if plan == Plan::Enterprise { self.random.random_range(1..=4) } else { 1 };
        let discount = (!with_trial && self.chance(0.09))
            .then(|| Discount { percent: 20, until_us: months_after(start_us, 3) });
        let terms = Terms {
            plan,
            status: if with_trial { "trialing" } else { "active" },
            is_yearly,
            quantity,
            unit_amount_minor: amount(plan, is_yearly, currency),
            currency,
            discount,
        };
        let first_end = if with_trial { start_us + 14 * DAY_US } else { period_end(start_us, is_yearly) };
        let mut row = SubscriptionRow {
            id,
            user_id: self.life.id,
            terms,
            period_us: (start_us, first_end),
            trial_end_us: with_trial.then_some(first_end),
            cancel_at_period_end: false,
            canceled_us: None,
            started_us: start_us,
            ended_us: None,
            updated_us: start_us,
            revision: 0,
        };
        self.life.trial_end_us = row.trial_end_us.or(self.life.trial_end_us);
        self.note(&mut row, start_us, ChangeKind::Created);
        self.found_team(start_us, plan);
        loop {
            self.live_period(&mut row);
            let end = row.period_us.1;
            if end >= self.end_us {
                break;
            }
            if row.cancel_at_period_end {
                row.terms.status = "canceled";
                row.ended_us = Some(end);
                self.note(&mut row, end, ChangeKind::Ended);
                break;
            }
            row.period_us = (end, period_end(end, row.terms.is_yearly));
            self.renew(&mut row, end);
            if row.ended_us.is_some() {
                break;
            }
        }
        let ended = row.ended_us;
        self.life.subscriptions.push(row);
        ended
    }

    /// What the customer decides within a period.
    fn live_period(&mut self, row: &mut SubscriptionRow) {
        // A failed payment may have been settled within this period: history goes on from there.
        let (start, end) = (row.period_us.0.max(row.updated_us), row.period_us.1);
        let at = start + self.within(end - start - 2) + 1;
        let is_trial = row.terms.status == "trialing";
        let draw: f64 = self.random.random();
        let leave = match (row.terms.plan, row.terms.is_yearly) {
            _ if is_trial => 0.56,
            (_, true) => 0.24,
            (Plan::Enterprise, false) => 0.012,
            (Plan::Pro, false) => 0.026,
            (Plan::Starter | Plan::Free, false) => 0.042,
        };
        if at >= self.end_us {
            return;
        }
        if draw < leave {
            row.cancel_at_period_end = true;
            row.canceled_us = Some(at);
            self.note(row, at, ChangeKind::Changed);
            return;
        }
        if is_trial || row.terms.is_yearly {
            return;
        }
        let next = match (row.terms.plan, draw - leave) {
            (Plan::Starter, up) if up < 0.034 => Plan::Pro,
            (Plan::Pro, up) if up < 0.007 => Plan::Enterprise,
            (Plan::Pro, down) if down < 0.024 => Plan::Starter,
            (Plan::Enterprise, down) if down < 0.009 => Plan::Pro,
            _ => return,
        };
        row.terms.plan = next;
        row.terms.unit_amount_minor = amount(next, false, row.terms.currency);
        if next != Plan::Enterprise {
            row.terms.quantity = 1;
        }
        self.note(row, at, ChangeKind::Changed);
        self.found_team(at, next);
    }

    /// A new period begins: the trial converts, the card fails, the customer goes yearly.
    fn renew(&mut self, row: &mut SubscriptionRow, at: i64) {
        if row.terms.status == "trialing" {
            row.terms.status = "active";
            if self.chance(0.16) && row.terms.plan.has_yearly_price() {
                row.terms.is_yearly = true;
                row.terms.unit_amount_minor = amount(row.terms.plan, true, row.terms.currency);
                row.period_us.1 = period_end(at, true);
            }
            return self.note(row, at, ChangeKind::Changed);
        }
        if !row.terms.is_yearly && self.chance(0.014) && row.terms.plan.has_yearly_price() {
            row.terms.is_yearly = true;
            row.terms.unit_amount_minor = amount(row.terms.plan, true, row.terms.currency);
            row.period_us.1 = period_end(at, true);
            return self.note(row, at, ChangeKind::Changed);
        }
        if self.chance(0.035) {
            row.terms.status = "past_due";
            self.note(row, at, ChangeKind::Changed);
            let is_paid = self.chance(0.82);
            let wait = if is_paid { 5 * DAY_US } else { 21 * DAY_US };
            let settled = at + DAY_US + self.within(wait);
            if settled >= self.end_us {
                return;
            }
            if is_paid {
                row.terms.status = "active";
                self.note(row, settled, ChangeKind::Changed);
            } else {
                row.terms.status = "canceled";
                row.canceled_us = Some(settled);
                row.ended_us = Some(settled);
                self.note(row, settled, ChangeKind::Ended);
            }
        }
    }

    /// Writes a step down, in the subscription's history and in the user's plans.
    fn note(&mut self, row: &mut SubscriptionRow, at_us: i64, kind: ChangeKind) {
        row.updated_us = at_us;
        row.revision += 1;
        self.life.changes.push(SubscriptionChangeRow {
            id: time_id(&mut self.random, at_us),
            subscription_id: row.id,
            user_id: row.user_id,
            at_us,
            kind,
            terms: row.terms,
        });
        let plan = if kind == ChangeKind::Ended { Plan::Free } else { row.terms.plan };
        if self.life.plan() != plan {
            self.life.plans.push((at_us, plan));
        }
    }

    fn found_team(&mut self, at_us: i64, plan: Plan) {
        let odds = match plan {
            Plan::Free | Plan::Starter => 0.0,
            Plan::Pro => 0.3,
            Plan::Enterprise => 0.85,
        };
        let created_us = at_us + self.within(6 * DAY_US);
        if self.life.team.is_none() && self.chance(odds) && created_us < self.end_us {
            let seats = if plan == Plan::Enterprise { 12 } else { 5 };
            self.life.team = Some(Founding { id: time_id(&mut self.random, created_us), seats, created_us });
        }
    }

    /// When the user is around: as long as somebody pays, else as long as it lasts.
    fn settle_use(&mut self, left_us: Option<i64>) {
        let born = self.life.created_us;
        let is_subscriber = !self.life.subscriptions.is_empty();
        let first_end = self.life.subscriptions.first().and_then(|row| row.ended_us);
        let stay = if self.life.is_invited || self.chance(0.3) {
            self.end_us
        } else {
            born + DAY_US + self.days(70.0)
        };
        let linger = self.days(6.0);
        let end = |ended: Option<i64>| ended.map_or(self.end_us, |at| (at + linger).min(self.end_us));
        let spans = &mut self.life.spans;
        if !is_subscriber {
            spans[0] = Span { start_us: born, end_us: stay.min(self.end_us) };
        } else if spans[1].start_us > 0 {
            spans[0] = Span { start_us: born, end_us: end(first_end).min(spans[1].start_us) };
            spans[1].end_us = end(left_us).max(spans[1].start_us);
        } else {
            spans[0] = Span { start_us: born, end_us: end(first_end) };
        }
    }

    fn first_plan(&mut self) -> Plan {
        match self.random.random_range(0..100) {
            0..=66 => Plan::Starter,
            67..=94 => Plan::Pro,
            _ => Plan::Enterprise,
        }
    }

    fn chance(&mut self, odds: f64) -> bool {
        self.random.random::<f64>() < odds
    }

    fn within(&mut self, span_us: i64) -> i64 {
        self.random.random_range(0..span_us.max(1))
    }

    /// A waiting time with this mean in days.
    fn days(&mut self, mean: f64) -> i64 {
        (exponential(&mut self.random) * mean * DAY_US as f64) as i64
    }
}

/// An id that sorts by time, as clients of the contract make them.
pub(crate) fn time_id(random: &mut ChaCha8Rng, at_us: i64) -> Uuid {
    let millis = u64::try_from(at_us / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random.random::<[u8; 10]>()).into_uuid()
}

fn exponential(random: &mut ChaCha8Rng) -> f64 {
    -(1.0 - random.random::<f64>()).ln()
}

fn taste(random: &mut ChaCha8Rng) -> u8 {
    let total: u32 = FEATURES.iter().map(|feature| feature.weight).sum();
    let mut left = random.random_range(0..total);
    for (index, feature) in (0..).zip(&FEATURES) {
        if left < feature.weight {
            return index;
        }
        left -= feature.weight;
    }
    0
}

/// Plans are priced in dollars; whoever pays in another currency has an agreed price.
fn amount(plan: Plan, is_yearly: bool, currency: &str) -> Option<i64> {
    let (month, year) = plan.price(currency);
    (currency != "USD").then_some(if is_yearly { year } else { month })
}

fn period_end(start_us: i64, is_yearly: bool) -> i64 {
    months_after(start_us, if is_yearly { 12 } else { 1 })
}

fn months_after(start_us: i64, months: u32) -> i64 {
    let start = DateTime::from_timestamp_micros(start_us).expect("an instant of this era");
    (start + Months::new(months)).timestamp_micros()
}
