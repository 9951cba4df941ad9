//! When things happen: growth over the months, the week, the hours of a day in the user's own zone.

use chrono::{DateTime, Datelike, NaiveTime, Offset, TimeDelta, TimeZone, Weekday};
use chrono_tz::Tz;
use rand::Rng;

use super::people::PLACES;
use super::{DAY_US, Part, SampleSpec};

/// Quarters of an hour in a day: every zone's offset is a whole number of them.
const QUARTERS: usize = 96;
const QUARTER_US: i64 = DAY_US / QUARTERS as i64;

/// Use by hour of a working day, from midnight, in the user's zone.
const WORKDAY: [f32; 24] = [
    0.6, 0.35, 0.22, 0.18, 0.2, 0.4, 1.0, 2.2, 4.4, 6.6, 7.4, 7.0, 5.4, 6.0, 7.2, 7.0, 6.2, 4.8, 3.4, 2.9,
    2.8, 2.6, 1.9, 1.1,
];
/// The same on a Saturday or Sunday.
const WEEKEND: [f32; 24] = [
    0.5, 0.35, 0.25, 0.15, 0.12, 0.15, 0.3, 0.6, 1.1, 1.7, 2.2, 2.3, 2.0, 1.9, 2.0, 2.1, 2.0, 1.8, 1.6, 1.7,
    1.8, 1.7, 1.3, 0.9,
];

/// How the parts of each day weigh, for every day and zone.
#[derive(Debug, Clone)]
pub(crate) struct Rhythm {
    /// Per day and zone the running sum over the quarters.
    sums: Vec<[f32; QUARTERS]>,
    first_us: i64,
    /// The day of the outage.
    pub(crate) outage_day: usize,
}

impl Rhythm {
    pub(crate) fn new(spec: &SampleSpec) -> Self {
        let zones: Vec<Tz> =
            PLACES.iter().map(|place| place.zone.parse().expect("the places name IANA zones")).collect();
        let first = spec.first_day().and_time(NaiveTime::MIN).and_utc();
        let first_us = first.timestamp_micros();
        let mut sums = Vec::with_capacity(spec.days() * zones.len());
        for day in 0..spec.days() {
            let day_us = first_us + day as i64 * DAY_US;
            for zone in &zones {
                sums.push(day_sums(*zone, day_us));
            }
        }
        Self { sums, first_us, outage_day: outage_day(spec) }
    }

    /// Start of a day of the company.
    pub(crate) fn day_us(&self, day: usize) -> i64 {
        self.first_us + day as i64 * DAY_US
    }

    /// How much this day weighs for somebody in this zone, up to `limit` of its 96 quarters.
    pub(crate) fn weight(&self, day: usize, zone: u8, limit: usize) -> f32 {
        if limit == 0 {
            0.0
        } else {
            self.sums[day * PLACES.len() + usize::from(zone)][limit.min(QUARTERS) - 1]
        }
    }

    /// An instant of this day, by the hours of the zone, before `limit_us` into the day.
    pub(crate) fn instant(&self, day: usize, zone: u8, limit_us: i64, random: &mut impl Rng) -> i64 {
        let sums = &self.sums[day * PLACES.len() + usize::from(zone)];
        let quarters =
            usize::try_from((limit_us + QUARTER_US - 1) / QUARTER_US).unwrap_or(0).clamp(1, QUARTERS);
        let aim = random.random::<f32>() * sums[quarters - 1];
        let quarter = sums[..quarters].partition_point(|sum| *sum <= aim).min(quarters - 1);
        let start = quarter as i64 * QUARTER_US;
        let width = (limit_us - start).clamp(1, QUARTER_US);
        self.day_us(day) + start + random.random_range(0..width)
    }

    /// The instants at which people sign up, in order: growth, weeks, and a launch with a waiting list.
    pub(crate) fn signups(&self, spec: &SampleSpec) -> Vec<i64> {
        let days = spec.days();
        let end_us = spec.end.timestamp_micros();
        let weights: Vec<f64> = (0..days)
            .map(|day| {
                let age = day as f64 / days as f64;
                let date = spec.first_day() + chrono::Days::new(day as u64);
                let week = if is_weekend(date.weekday()) { 0.45 } else { 1.0 };
                let launch = if day < 6 { 6.0 } else { 0.0 };
                let part = (end_us - self.day_us(day)).min(DAY_US) as f64 / DAY_US as f64;
                ((1.75 * age).exp() * week + launch) * part
            })
            .collect();
        let counts = apportion(u64::from(spec.users), &weights);
        let mut instants = Vec::with_capacity(spec.users as usize);
        for (day, count) in counts.into_iter().enumerate() {
            let mut random = spec.stream(Part::Signup(day));
            let limit = (end_us - self.day_us(day)).min(DAY_US);
            let from = instants.len();
            for _ in 0..count {
                let zone = super::people::Place::pick(random.random()).zone_index;
                instants.push(self.instant(day, zone, limit, &mut random));
            }
            instants[from..].sort_unstable();
        }
        instants
    }
}

/// Splits a whole number by weights so that the parts add up to it exactly.
pub(crate) fn apportion(total: u64, weights: &[f64]) -> Vec<u32> {
    let sum: f64 = weights.iter().sum();
    let mut carried = 0.0;
    let mut given = 0;
    let last = weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0);
    (weights.iter().enumerate())
        .map(|(index, weight)| {
            carried += weight;
            let due = if index >= last { total } else { (total as f64 * (carried / sum)).round() as u64 };
            let part = due.max(given) - given;
            given += part;
            u32::try_from(part).expect("a day holds fewer than 4 billion events")
        })
        .collect()
}

fn day_sums(zone: Tz, day_us: i64) -> [f32; QUARTERS] {
    let day = DateTime::from_timestamp_micros(day_us).expect("a day of this era").naive_utc();
    let mut sums = [0.0; QUARTERS];
    let mut sum = 0.0;
    // The offset at noon is good enough for the shape of a day with a change of the clocks.
    let offset = zone.offset_from_utc_datetime(&(day + TimeDelta::hours(12))).fix().local_minus_utc();
    for (quarter, slot) in (0..).zip(&mut sums) {
        let local = quarter + offset / 900;
        let hour = usize::try_from(local.rem_euclid(96) / 4).expect("an hour of a day");
        let weekday = match local.div_euclid(96) {
            0 => day.weekday(),
            1.. => day.weekday().succ(),
            _ => day.weekday().pred(),
        };
        sum += match weekday {
            Weekday::Sat | Weekday::Sun => WEEKEND[hour],
            Weekday::Fri => WORKDAY[hour] * 0.9,
            Weekday::Tue | Weekday::Wed => WORKDAY[hour] * 1.05,
            Weekday::Mon | Weekday::Thu => WORKDAY[hour],
        };
        *slot = sum;
    }
    sums
}

fn is_weekend(day: Weekday) -> bool {
    matches!(day, Weekday::Sat | Weekday::Sun)
}

/// A Wednesday about four months before the end.
fn outage_day(spec: &SampleSpec) -> usize {
    let near = spec.last_day() - chrono::Months::new(4);
    let back = near.weekday().days_since(Weekday::Wed);
    let day = near - chrono::Days::new(u64::from(back));
    usize::try_from((day - spec.first_day()).num_days())
        .expect("four months before the end is after the start")
}
