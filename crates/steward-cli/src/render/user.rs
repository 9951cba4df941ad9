//! An account: what it may do, what it used, what happened to it.

use std::fmt::Write as _;

use chrono_tz::Tz;
use steward_core::event::EventRow;
use steward_core::limit::LimitForecast;
use steward_core::timeline::{Timeline, TimelineEntry, TimelineKind};
use steward_core::user::{MetricMonths, UserLimit, UserRaise, UserSubscription, UserView};

use super::list;
use super::number::{grouped, instant, money};
use super::spark::sparkline;
use super::style::Tone;
use super::table::{Column, Field, or_dash, table, toned};

/// An account on one page.
pub(crate) fn account(view: &UserView, timeline: &Timeline, recent: &[EventRow], zone: Tz) -> String {
    let user = &view.user;
    let name = if user.email.is_empty() { user.id.to_string() } else { user.email.clone() };
    let mut text = format!(
        "{}  {}\n{}\n\n",
        Tone::Strong.paint(name),
        user.name,
        Tone::Muted.paint(format!("{} · {} · {}", user.id, user.status, user.role))
    );
    let own = if view.plan.is_default { " (nobody chose one)" } else { "" };
    let teams = view.teams.iter().map(|team| format!("{} ({})", team.name, team.role)).collect::<Vec<_>>();
    let profile = &view.profile;
    let or = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
    let facts = [
        ("Plan", format!("{}{own}", view.plan.name)),
        ("Teams", if teams.is_empty() { "–".to_owned() } else { teams.join(", ") }),
        ("Events", format!("{} ({})", grouped(i128::from(view.events)), view.days.subtitle)),
        ("Events in 30 days", grouped(i128::from(view.events_30d))),
        ("Last seen", user.last_seen_at.map_or_else(|| "never".to_owned(), |at| instant(at, zone))),
        ("Signed up", instant(user.created_at, zone)),
        ("Trial ends", profile.trial_end.map_or_else(|| "–".to_owned(), |at| instant(at, zone))),
        ("Country, zone", format!("{}, {}", or(&profile.country), or(&profile.timezone))),
        ("Stripe customer", or(&profile.stripe_customer_id)),
    ];
    for (name, value) in facts {
        let _ = writeln!(text, "{} {value}", Tone::Muted.paint(format!("{name:<18}")));
    }
    if user.role == "admin" {
        let _ = writeln!(text, "{}", Tone::Warning.paint("An admin passes every limit, and is counted."));
    }
    let zone_name = zone.name();
    let mut part = |title: String, body: String| {
        let _ = write!(text, "\n{}\n{body}\n", Tone::Strong.paint(title));
    };
    if !view.limits.is_empty() {
        part(format!("Limits, instants in {zone_name}"), limits(&view.limits, zone));
    }
    if !view.raises.is_empty() {
        part("Raised limits".to_owned(), raises(&view.raises, zone));
    }
    if !view.months.is_empty() {
        part("By month".to_owned(), months(&view.months));
    }
    if !view.features.is_empty() {
        part("Features".to_owned(), features(view));
    }
    if !view.subscriptions.is_empty() {
        part("Subscriptions".to_owned(), subscriptions(&view.subscriptions, zone));
    }
    if !recent.is_empty() {
        part("Last events of the range".to_owned(), list::events(recent, zone));
    }
    let title = if timeline.next.is_some() {
        format!(
            "Timeline, the newest {} of {}",
            grouped(timeline.rows.len() as i128),
            grouped(i128::from(timeline.total))
        )
    } else {
        "Timeline".to_owned()
    };
    part(title, self::timeline(&timeline.rows, zone));
    text.truncate(text.trim_end().len());
    text
}

fn count(value: i64) -> String {
    grouped(i128::from(value))
}

fn limits(limits: &[UserLimit], zone: Tz) -> String {
    let columns = [
        Column::Left("Limit"),
        Column::Left("Per"),
        Column::Left("Kind"),
        Column::Right("Used"),
        Column::Right("Allowed"),
        Column::Right("Left"),
        Column::Left("Resets at"),
        Column::Left("Will hit on"),
        Column::Left("Raised until"),
    ];
    table(
        &columns,
        limits.iter().map(|limit| {
            let line = &limit.line;
            vec![
                Field::from(&*line.metric),
                Field::from(&*line.period),
                Field::from(&*line.kind),
                or_dash(line.used.map(count)),
                line.limit.map_or_else(|| toned("unlimited", Tone::Muted), |limit| count(limit).into()),
                or_dash(line.remaining.map(count)),
                or_dash(line.resets_at.map(|at| instant(at, zone))),
                match limit.forecast {
                    LimitForecast::Unlimited => toned("never", Tone::Muted),
                    LimitForecast::Unknown => toned("–", Tone::Muted),
                    LimitForecast::Reached => toned("reached", Tone::Danger),
                    LimitForecast::Expected { at } => {
                        toned(format!("est. {}", instant(at, zone)), Tone::Warning)
                    }
                    LimitForecast::NotThisPeriod => toned("not this period", Tone::Muted),
                },
                or_dash(line.raised_until.map(|at| instant(at, zone))),
            ]
        }),
    )
}

fn raises(raises: &[UserRaise], zone: Tz) -> String {
    let columns = [
        Column::Left("Limit"),
        Column::Left("Per"),
        Column::Right("To"),
        Column::Left("Until"),
        Column::Left("For"),
        Column::Left("Reason"),
    ];
    table(
        &columns,
        raises.iter().map(|raise| {
            let until = instant(raise.until, zone);
            vec![
                Field::from(&*raise.metric),
                Field::from(&*raise.period),
                Field::from(raise.limit.map_or_else(|| "unlimited".to_owned(), count)),
                if raise.is_running { Field::from(until) } else { toned(until, Tone::Muted) },
                Field::from(raise.team.clone().unwrap_or_else(|| "the user".to_owned())),
                toned(&*raise.reason, Tone::Muted),
            ]
        }),
    )
}

fn months(months: &[MetricMonths]) -> String {
    let columns = [
        Column::Left("Metric"),
        Column::Left("Twelve months"),
        Column::Right("Last month"),
        Column::Right("This month"),
    ];
    table(
        &columns,
        months.iter().map(|metric| {
            let values: Vec<Option<f64>> =
                metric.chart.series.first().map(|series| series.values.clone()).unwrap_or_default();
            let plain: Vec<f64> = values.iter().map(|value| value.unwrap_or(0.0)).collect();
            let at = |back: usize| {
                let value =
                    values.len().checked_sub(back).and_then(|place| values.get(place)).copied().flatten();
                or_dash(value.map(|value| grouped(value as i128)))
            };
            vec![Field::from(&*metric.metric), Field::from(sparkline(&plain, 12)), at(2), at(1)]
        }),
    )
}

fn features(view: &UserView) -> String {
    let columns = [
        Column::Left("Feature"),
        Column::Left("Allowed"),
        Column::Left("Why not"),
        Column::Left("From plan"),
    ];
    table(
        &columns,
        view.features.iter().map(|feature| {
            vec![
                Field::from(&*feature.key),
                if feature.is_allowed { Field::from("yes") } else { toned("no", Tone::Danger) },
                or_dash(feature.reason.clone()),
                or_dash(feature.plan_required.clone()),
            ]
        }),
    )
}

fn subscriptions(rows: &[UserSubscription], zone: Tz) -> String {
    let columns = [
        Column::Left("Subscription"),
        Column::Left("Status"),
        Column::Right("Price"),
        Column::Left("Every"),
        Column::Right("Quantity"),
        Column::Left("Since"),
        Column::Left("Until"),
        Column::Left("Billed"),
        Column::Left("Held by"),
    ];
    table(
        &columns,
        rows.iter().map(|row| {
            let every = match row.interval_count {
                1 => row.billing_interval.clone(),
                count => format!("{count} {}s", row.billing_interval),
            };
            vec![
                Field::from(&*row.plan_code),
                Field::from(&*row.status),
                or_dash(row.unit_amount_minor.map(|minor| money(minor, &row.currency))),
                Field::from(every),
                Field::from(count(row.quantity)),
                or_dash(row.started_at.map(|at| instant(at, zone))),
                or_dash(row.ended_at.or(row.current_period_end).map(|at| instant(at, zone))),
                Field::from(if row.is_billed_at_stripe { "Stripe" } else { "by hand" }),
                Field::from(row.team.clone().unwrap_or_else(|| "the user".to_owned())),
            ]
        }),
    )
}

/// What happened, newest first.
pub(crate) fn timeline(rows: &[TimelineEntry], zone: Tz) -> String {
    let columns = [
        Column::Left("Time"),
        Column::Left("What"),
        Column::Left(""),
        Column::Left("Who"),
        Column::Left("Reason"),
    ];
    table(
        &columns,
        rows.iter().map(|row| {
            let title = match row.kind {
                TimelineKind::Suspended | TimelineKind::LimitHit => toned(&*row.title, Tone::Danger),
                TimelineKind::SubscriptionEnded => toned(&*row.title, Tone::Warning),
                _ => Field::from(&*row.title),
            };
            vec![
                Field::from(instant(row.at, zone)),
                title,
                toned(&*row.detail, Tone::Muted),
                or_dash(row.who.clone()),
                toned(&*row.reason, Tone::Muted),
            ]
        }),
    )
}
