//! Events, day by day: who comes, what they do, how long it takes and what it costs.

use std::ops::Range;
use std::sync::LazyLock;

use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

use super::catalogue::{FEATURES, Feature, MODELS, Model, Plan};
use super::lifecycle::Span;
use super::rhythm::apportion;
use super::{Company, DAY_US, Part};

/// Days before the end on which one user's program runs wild.
const ABUSE_DAYS: usize = 9;
/// Start and end of the outage within its day.
const OUTAGE_US: Range<i64> = 33_000_000_000..63_600_000_000;

/// A usage event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleEvent {
    /// Position of the user in [`Company::users`].
    pub user: u32,
    /// The user's id.
    pub user_id: Uuid,
    /// When it happened, in microseconds since 1970.
    pub occurred_us: i64,
    /// The producer's key.
    pub event_key: Uuid,
    /// When the platform wrote it down, in microseconds since 1970.
    pub recorded_us: i64,
    /// The user's team at the time.
    pub team_id: Option<Uuid>,
    /// What was used.
    pub feature: &'static Feature,
    /// The model called.
    pub model: Option<&'static Model>,
    /// The user's plan at the time.
    pub plan: Plan,
    /// `success`, `error`, `rate_limited`.
    pub status: &'static str,
    /// Whether the company's own staff did it.
    pub is_admin: bool,
    /// How many.
    pub quantity: i64,
    /// Tokens sent, cached ones included.
    pub input_tokens: i64,
    /// Tokens sent that the provider still had.
    pub cached_tokens: i64,
    /// Tokens received, reasoning excluded.
    pub output_tokens: i64,
    /// Tokens the model thought with.
    pub reasoning_tokens: i64,
    /// Bytes sent to the user.
    pub bytes_out: i64,
    /// Exact cost in billionths of a dollar; none where the model has no price.
    pub cost_nano: Option<i64>,
    /// Credits spent.
    pub credits: i64,
    /// Milliseconds until the answer.
    pub latency_ms: i64,
}

/// What is drawn before a day is sorted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sketch {
    at_us: i64,
    user: u32,
    feature: u8,
}

/// Events in time order, in the memory of one day.
pub struct EventStream<'a> {
    company: &'a Company,
    days: Range<usize>,
    day: usize,
    crowd: Crowd,
    sketches: Vec<Sketch>,
    next: usize,
    random: ChaCha8Rng,
}

impl<'a> EventStream<'a> {
    pub(super) fn new(company: &'a Company, days: Range<usize>) -> Self {
        let random = company.spec.stream(Part::Detail(days.start));
        Self { company, days, day: 0, crowd: Crowd::default(), sketches: Vec::new(), next: 0, random }
    }
}

impl Iterator for EventStream<'_> {
    type Item = SampleEvent;

    fn next(&mut self) -> Option<SampleEvent> {
        while self.next == self.sketches.len() {
            self.day = self.days.next()?;
            self.next = 0;
            draw_day(self.company, self.day, &mut self.crowd, &mut self.sketches);
            self.sketches.sort_unstable();
            self.random = self.company.spec.stream(Part::Detail(self.day));
        }
        let sketch = self.sketches[self.next];
        self.next += 1;
        Some(detail(self.company, self.day, sketch, &mut self.random))
    }
}

/// Who is there on one day, as running sums of weights.
#[derive(Default)]
struct Crowd {
    users: Vec<u32>,
    sums: Vec<f64>,
}

impl Crowd {
    fn gather(&mut self, company: &Company, day: usize) -> f64 {
        self.users.clear();
        self.sums.clear();
        let start_us = company.rhythm.day_us(day);
        let limit_us = day_limit(company, day);
        let end_us = start_us + limit_us;
        let quarters = usize::try_from(limit_us / (DAY_US / 96)).unwrap_or(96).max(1);
        let factors: [f32; 32] = std::array::from_fn(|zone| {
            if zone < super::people::PLACES.len() {
                company.rhythm.weight(day, u8::try_from(zone).expect("few zones"), quarters)
            } else {
                0.0
            }
        });
        let mut sum = 0.0;
        for (user, citizen) in (0..).zip(&company.citizens) {
            if citizen.created_us >= end_us {
                break;
            }
            if !citizen.spans.iter().any(|span| span.overlaps(start_us, end_us)) {
                continue;
            }
            let appetite = company.plan_at(user, end_us).appetite();
            sum += f64::from(citizen.zeal * appetite * factors[usize::from(citizen.zone)]);
            self.users.push(user);
            self.sums.push(sum);
        }
        sum
    }

    fn pick(&self, random: &mut ChaCha8Rng) -> Option<u32> {
        let aim = random.random::<f64>() * self.sums.last()?;
        let index = self.sums.partition_point(|sum| *sum <= aim).min(self.users.len() - 1);
        Some(self.users[index])
    }
}

/// How far into this day the company has come.
fn day_limit(company: &Company, day: usize) -> i64 {
    (company.spec.end.timestamp_micros() - company.rhythm.day_us(day)).min(DAY_US)
}

fn is_abuse_day(company: &Company, day: usize) -> bool {
    day + ABUSE_DAYS >= company.spec.days()
}

/// How many events each day gets; they add up to the number asked for.
pub(super) fn quotas(company: &Company) -> Vec<u32> {
    let mut crowd = Crowd::default();
    let weights: Vec<f64> = (0..company.spec.days())
        .map(|day| {
            let base = crowd.gather(company, day);
            let outage = if day == company.rhythm.outage_day { 0.74 } else { 1.0 };
            let abuse = if is_abuse_day(company, day) { 1.09 } else { 1.0 };
            base * outage * abuse
        })
        .collect();
    apportion(company.spec.events, &weights)
}

/// The last event of every user, 0 for none.
pub(super) fn last_seen(company: &Company) -> Vec<i64> {
    let mut seen = vec![0; company.citizens.len()];
    let (mut crowd, mut sketches) = (Crowd::default(), Vec::new());
    for day in 0..company.spec.days() {
        draw_day(company, day, &mut crowd, &mut sketches);
        for sketch in &sketches {
            let last: &mut i64 = &mut seen[sketch.user as usize];
            *last = sketch.at_us.max(*last);
        }
    }
    seen
}

/// Draws times, users and features of a day, not sorted.
fn draw_day(company: &Company, day: usize, crowd: &mut Crowd, sketches: &mut Vec<Sketch>) {
    sketches.clear();
    let quota = company.quotas[day] as usize;
    if quota == 0 {
        return;
    }
    crowd.gather(company, day);
    let mut random = company.spec.stream(Part::Day(day));
    let limit_us = day_limit(company, day);
    let end_us = company.rhythm.day_us(day) + limit_us;
    if is_abuse_day(company, day) {
        let user = company.abuser();
        let start = company.rhythm.day_us(day).max(company.citizens[user as usize].created_us);
        for _ in 0..quota * 9 / 109 {
            let feature = if random.random_range(0..5_u8) == 0 { 0 } else { 7 };
            sketches.push(Sketch { at_us: random.random_range(start..end_us), user, feature });
        }
    }
    while sketches.len() < quota {
        let Some(user) = crowd.pick(&mut random) else { return };
        let citizen = &company.citizens[user as usize];
        let mut at_us = company.rhythm.instant(day, citizen.zone, limit_us, &mut random);
        if !is_there(&citizen.spans, at_us) {
            at_us = company.rhythm.instant(day, citizen.zone, limit_us, &mut random);
        }
        let Some(span) = (citizen.spans.iter())
            .find(|span| span.contains(at_us))
            .or_else(|| citizen.spans.iter().find(|span| span.overlaps(company.rhythm.day_us(day), end_us)))
        else {
            continue;
        };
        if !span.contains(at_us) {
            // The day of a sign-up or of a departure: only part of it is this user's.
            let from = span.start_us.max(company.rhythm.day_us(day));
            at_us = random.random_range(from..span.end_us.min(end_us));
        }
        let favourite = random.random_range(0..100) < 58;
        let until = span.end_us.min(end_us);
        loop {
            let feature = if favourite { citizen.taste } else { any_feature(&mut random) };
            sketches.push(Sketch { at_us, user, feature });
            // Pauses last up to ten minutes, short ones most often; one session in four ends after each.
            let draw = u64::from(random.next_u32());
            at_us += 4_000_000 + (((draw * draw) >> 35) as i64);
            if draw & 3 == 0 || at_us >= until || sketches.len() >= quota {
                break;
            }
        }
    }
}

fn is_there(spans: &[Span; 2], at_us: i64) -> bool {
    spans.iter().any(|span| span.contains(at_us))
}

/// Any feature by its weight.
fn any_feature(random: &mut ChaCha8Rng) -> u8 {
    static DRAWS: LazyLock<Vec<u8>> = LazyLock::new(|| {
        (0..).zip(&FEATURES).flat_map(|(index, feature)| vec![index; feature.weight as usize]).collect()
    });
    DRAWS[random.random_range(0..DRAWS.len())]
}

/// Fills an event in.
fn detail(company: &Company, day: usize, sketch: Sketch, random: &mut ChaCha8Rng) -> SampleEvent {
    let citizen = &company.citizens[sketch.user as usize];
    let feature = &FEATURES[usize::from(sketch.feature)];
    let into_day = sketch.at_us - company.rhythm.day_us(day);
    let is_outage = day == company.rhythm.outage_day && OUTAGE_US.contains(&into_day);
    let is_abuse = sketch.user == company.abuser() && is_abuse_day(company, day);
    let plan = company.plan_at(sketch.user, sketch.at_us);
    let model = pick_model(feature, random);
    let status = status(model, plan, is_outage, is_abuse, random);
    let recorded_us = (sketch.at_us + delay(random)).min(company.spec.end.timestamp_micros());
    let mut event = SampleEvent {
        user: sketch.user,
        user_id: citizen.id,
        occurred_us: sketch.at_us,
        event_key: event_key(sketch.at_us, random),
        recorded_us,
        team_id: company.team_at(sketch.user, sketch.at_us),
        feature,
        model,
        plan,
        status,
        is_admin: citizen.is_admin,
        quantity: 1,
        input_tokens: 0,
        cached_tokens: 0,
        output_tokens: 0,
        reasoning_tokens: 0,
        bytes_out: 0,
        cost_nano: Some(0),
        credits: 0,
        latency_ms: 0,
    };
    match status {
        // Turned away before anything was done.
        "rate_limited" => {
            event.bytes_out = 180;
            event.latency_ms = random.random_range(2..14);
        }
        "error" => fail(&mut event, is_outage, random),
        _ => succeed(&mut event, is_outage, random),
    }
    event
}

fn pick_model(feature: &Feature, random: &mut ChaCha8Rng) -> Option<&'static Model> {
    let total: u32 = feature.models.iter().map(|(_, weight)| weight).sum();
    let mut left = if total == 0 { return None } else { random.random_range(0..total) };
    for (model, weight) in feature.models {
        if left < *weight {
            return Some(&MODELS[usize::from(*model)]);
        }
        left -= weight;
    }
    None
}

fn status(
    model: Option<&Model>,
    plan: Plan,
    is_outage: bool,
    is_abuse: bool,
    random: &mut ChaCha8Rng,
) -> &'static str {
    let draw = random.random_range(0..10_000);
    let errors = match model {
        Some(_) if is_outage => 4_100,
        None if is_outage => 900,
        Some(model) if model.provider == "atlas" => 110,
        Some(_) => 46,
        None => 22,
    };
    let limited = match plan {
        _ if is_abuse => 3_600,
        Plan::Free => 45,
        Plan::Starter => 12,
        Plan::Pro | Plan::Enterprise => 3,
    };
    match draw {
        draw if draw < errors => "error",
        draw if draw < errors + limited => "rate_limited",
        _ => "success",
    }
}

fn succeed(event: &mut SampleEvent, is_outage: bool, random: &mut ChaCha8Rng) {
    let feature = event.feature;
    event.credits = feature.credits;
    event.bytes_out = scaled(i64::from(feature.bytes), 60, random);
    let Some(model) = event.model else {
        event.latency_ms = scaled(i64::from(feature.latency_ms), 48, random).max(1);
        return;
    };
    let slow = if is_outage { 5 } else { 1 };
    event.latency_ms = scaled(i64::from(model.latency.0) * slow, model.latency.1, random).max(1);
    event.input_tokens = scaled(i64::from(feature.tokens.0), 70, random).max(1);
    if model.image_price > 0 {
        event.quantity = random.random_range(1..=4);
        event.credits *= event.quantity;
        event.bytes_out *= event.quantity;
    } else {
        event.output_tokens = scaled(i64::from(feature.tokens.1), 65, random).max(1);
    }
    if random.random_range(0..100) < 31 {
        event.cached_tokens = event.input_tokens * random.random_range(35..96) / 100;
    }
    if random.random_range(0..100) < model.reasoning_percent {
        event.reasoning_tokens = event.output_tokens * random.random_range(40..310) / 100;
    }
    event.cost_nano = model.token_price.map(|[input, cached, output]| {
        (event.input_tokens - event.cached_tokens) * input
            + event.cached_tokens * cached
            + (event.output_tokens + event.reasoning_tokens) * output
            + event.quantity * model.image_price
    });
}

/// Failed: what was sent is paid for, nothing came back.
fn fail(event: &mut SampleEvent, is_outage: bool, random: &mut ChaCha8Rng) {
    event.bytes_out = 420;
    let Some(model) = event.model else {
        event.latency_ms = if is_outage { 10_000 } else { scaled(900, 80, random).max(1) };
        return;
    };
    let waited = if is_outage { 30_000 } else { i64::from(model.latency.0) * 2 };
    event.latency_ms = scaled(waited, 25, random).max(1);
    event.input_tokens = scaled(i64::from(event.feature.tokens.0), 70, random).max(1);
    event.cost_nano = model.token_price.map(|[input, ..]| event.input_tokens * input);
}

/// Most events are written down at once; a few come from producers that were offline.
fn delay(random: &mut ChaCha8Rng) -> i64 {
    let draw = random.random_range(0..1_000_000_i64);
    if draw < 4_000 { 60_000_000 + draw * 1_800_000 } else { 30_000 + draw }
}

/// A UUIDv7, as the contract's clients make them.
fn event_key(at_us: i64, random: &mut ChaCha8Rng) -> Uuid {
    let millis = u64::try_from(at_us / 1_000).unwrap_or(0);
    let (high, low) = (random.next_u64(), random.next_u64());
    Uuid::from_u64_pair(millis << 16 | 0x7000 | high & 0xfff, 1 << 63 | low >> 2)
}

/// A value around a median, log-normal with a spread of `sigma` percent of an e-fold.
fn scaled(median: i64, sigma: u32, random: &mut ChaCha8Rng) -> i64 {
    let z = QUANTILES[random.next_u32() as usize & (QUANTILES.len() - 1)];
    (median as f32 * (z * sigma as f32 / 100.0).exp()) as i64
}

/// Quantiles of the normal distribution.
static QUANTILES: LazyLock<[f32; 4_096]> =
    LazyLock::new(|| std::array::from_fn(|index| normal_quantile((index as f64 + 0.5) / 4_096.0) as f32));

/// Inverse of the normal distribution by Hastings' rational approximation, good to 4.5e-4: shape, not science.
fn normal_quantile(p: f64) -> f64 {
    let tail = p.min(1.0 - p);
    let t = (-2.0 * tail.ln()).sqrt();
    let z = t
        - (2.515_517 + 0.802_853 * t + 0.010_328 * t * t)
            / (1.0 + 1.432_788 * t + 0.189_269 * t * t + 0.001_308 * t * t * t);
    if p < 0.5 { -z } else { z }
}
