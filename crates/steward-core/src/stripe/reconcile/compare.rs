//! One subscription, both sides.

use chrono::TimeDelta;
use num_rational::Ratio;

use super::super::currency;
use super::side::{Line, LineDiscount, Ours, PlanKeys, Reduction, Theirs, UnitAmount, exact_words};
use super::{DriftClass, Words};

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Compared {
    /// At most one of each class.
    pub differences: Vec<(DriftClass, Words)>,
    /// What one side does not say, and why.
    pub not_compared: Vec<(DriftClass, String)>,
}

impl Compared {
    fn differs(&mut self, class: DriftClass, here: String, there: String, fix: impl Into<String>) {
        self.differences.push((class, Words::both(here, there, fix.into())));
    }

    fn unknown(&mut self, class: DriftClass, why: impl Into<String>) {
        self.not_compared.push((class, why.into()));
    }

    fn has(&self, class: DriftClass) -> bool {
        self.differences.iter().any(|(found, _)| *found == class)
    }
}

/// What follows for whoever is asked which side is right.
const FOLLOW: &str = "Stripe bills by its own terms: take them over here (send Stripe's last event of the subscription to \
                      the platform again), or change them at Stripe if the row here is right.";

/// Compares the terms of a subscription that both sides have.
#[must_use]
pub fn same_terms(ours: &Ours, theirs: &Theirs, plans: &[PlanKeys]) -> Compared {
    let mut found = Compared::default();
    status(ours, theirs, &mut found);
    if !ours.is_open() || !theirs.is_running() {
        // What is over on one side has terms of the past; its end is the difference.
        return found;
    }
    let Some(main) = plan(ours, theirs, plans, &mut found) else { return found };
    interval(ours, main, &mut found);
    quantity(ours, main, &mut found);
    if !found.has(DriftClass::Plan) && !found.has(DriftClass::Interval) {
        amount(ours, theirs, main, &mut found);
    }
    if !found.has(DriftClass::Interval) {
        period(ours, theirs, &mut found);
    }
    found
}

fn status(ours: &Ours, theirs: &Theirs, found: &mut Compared) {
    let there = match theirs.status.as_str() {
        "incomplete_expired" => "canceled",
        other => other,
    };
    let is_paused = theirs.is_collection_paused && ours.status == "paused" && there == "active";
    if there != ours.status && !is_paused {
        let fix = match (ours.is_open(), theirs.is_running()) {
            (true, false) => {
                "Nothing is billed any more: end the subscription here, or make a new one at Stripe."
            }
            (false, true) => "Stripe still takes money: cancel it at Stripe, or open it here again.",
            _ => FOLLOW,
        };
        return found.differs(DriftClass::Status, ours.status.clone(), theirs.status.clone(), fix);
    }
    if !ours.is_open() {
        return;
    }
    // Each subscription is paused by itself at Stripe: what a pause holds back is told one by one.
    if theirs.is_collection_paused && theirs.is_running() && ours.status != "paused" {
        let there = format!("{there}, collection paused");
        let fix =
            "Stripe writes invoices and collects nothing of them: pause it here too, or resume it at Stripe.";
        found.differs(DriftClass::Status, ours.status.clone(), there, fix);
    }
    match theirs.ends_with_period {
        None => found.unknown(DriftClass::Status, "Whether it ends with its period is not in the file."),
        Some(ends) if ends != ours.cancel_at_period_end => {
            let words = |ends: bool| if ends { "ends with its period" } else { "goes on" }.to_owned();
            found.differs(DriftClass::Status, words(ours.cancel_at_period_end), words(ends), FOLLOW);
        }
        Some(_) => {}
    }
}

/// Which line stands for a plan here: the plan's own, else the first that is no measured use; and whether it is of that
/// plan, where the catalogue says which lines are.
pub(super) fn main_line(plan_code: &str, lines: &[Line], plans: &[PlanKeys]) -> (Option<usize>, bool) {
    let own = plans.iter().find(|plan| plan.code == plan_code);
    let mut fixed = lines.iter().enumerate().filter(|(_, line)| !line.is_metered);
    if let Some((place, _)) = fixed.clone().find(|(_, line)| own.is_some_and(|plan| plan.has(line))) {
        return (Some(place), true);
    }
    let is_other = own.is_some_and(PlanKeys::is_known)
        || fixed.clone().any(|(_, line)| plans.iter().any(|plan| plan.has(line)));
    match fixed.next() {
        Some((place, _)) => (Some(place), !is_other),
        None => (None, false),
    }
}

/// The line that the plan here stands for; none where there is nothing to compare with.
fn plan<'t>(ours: &Ours, theirs: &'t Theirs, plans: &[PlanKeys], found: &mut Compared) -> Option<&'t Line> {
    let fixed: Vec<&Line> = theirs.lines.iter().filter(|line| !line.is_metered).collect();
    let own = plans.iter().find(|plan| plan.code == ours.plan_code);
    if let Some(line) = fixed.iter().find(|line| own.is_some_and(|plan| plan.has(line))) {
        return Some(line);
    }
    if !theirs.says_prices {
        found.unknown(DriftClass::Plan, "Neither plan nor product is in the file.");
        return fixed.first().copied();
    }
    let here = own.map_or(&ours.plan_code, |plan| &plan.name).clone();
    let is_without_price =
        |line: &&Line| line.price.is_none() && line.product.is_none() && line.name.is_none();
    if theirs.lines.is_empty() || theirs.lines.iter().any(|line| is_without_price(&line)) {
        let fix =
            "A subscription without a price bills nothing: give it the plan's price at Stripe, or cancel it.";
        found.differs(DriftClass::Plan, here, "no price".to_owned(), fix);
        return None;
    }
    let Some(first) = fixed.first() else {
        found.differs(DriftClass::Plan, here, "measured use only".to_owned(), FOLLOW);
        return None;
    };
    let other = plans.iter().find(|plan| fixed.iter().any(|line| plan.has(line)));
    match other {
        Some(other) => found.differs(DriftClass::Plan, here, other.name.clone(), FOLLOW),
        None if own.is_some_and(PlanKeys::is_known) => {
            let fix = format!(
                "{} is no plan's price here: add it to the catalogue, or move the customer to a price that is.",
                first.label()
            );
            found.differs(DriftClass::Plan, here, first.label().to_owned(), fix);
        }
        None => found.unknown(
            DriftClass::Plan,
            format!("The plan {here} has no product or price of Stripe's in the catalogue."),
        ),
    }
    Some(first)
}

fn interval(ours: &Ours, main: &Line, found: &mut Compared) {
    let Some(there) = &main.interval else {
        return found.unknown(DriftClass::Interval, "The interval is not in the file.");
    };
    if (there, main.interval_count) != (&ours.interval, ours.interval_count) {
        let words = |unit: &str, count: u32| match count {
            1 => format!("every {unit}"),
            _ => format!("every {count} {unit}s"),
        };
        found.differs(
            DriftClass::Interval,
            words(&ours.interval, ours.interval_count),
            words(there, main.interval_count),
            FOLLOW,
        );
    }
}

fn quantity(ours: &Ours, main: &Line, found: &mut Compared) {
    match main.quantity {
        None => found.unknown(DriftClass::Quantity, "The quantity is not in the file."),
        Some(there) if there != ours.quantity => {
            found.differs(DriftClass::Quantity, ours.quantity.to_string(), there.to_string(), FOLLOW);
        }
        Some(_) => {}
    }
}

fn amount(ours: &Ours, theirs: &Theirs, main: &Line, found: &mut Compared) {
    let Some(unit) = ours.unit() else {
        return found.unknown(
            DriftClass::Amount,
            "The price is agreed nowhere here: neither on the subscription nor, for its interval, on the plan.",
        );
    };
    let there = match main.unit {
        UnitAmount::Exact(there) => there,
        UnitAmount::Tiered => {
            return found
                .unknown(DriftClass::Amount, "Stripe's price has steps; one amount says nothing of it.");
        }
        UnitAmount::Unknown => return found.unknown(DriftClass::Amount, "The amount is not in the file."),
    };
    let unit = Ratio::from_integer(i128::from(unit));
    let words = |amount: Ratio<i128>, currency: &str| exact_words(amount, currency);
    if theirs.currency != ours.currency || there != unit {
        let (here, there) = (words(unit, &ours.currency), words(there, &theirs.currency));
        return found.differs(DriftClass::Amount, here, there, FOLLOW);
    }
    let others = theirs.lines.iter().filter(|line| !line.is_metered && !std::ptr::eq(*line, main));
    let more: Vec<String> = { others }
        .filter(|line| !matches!(line.unit, UnitAmount::Exact(unit) if unit == Ratio::from_integer(0)))
        .map(|line| match line.unit {
            UnitAmount::Exact(unit) => format!("{} for {}", words(unit, &theirs.currency), line.label()),
            UnitAmount::Tiered | UnitAmount::Unknown => line.label().to_owned(),
        })
        .collect();
    if !more.is_empty() {
        let here = words(unit, &ours.currency);
        let there = format!("{} and {}", words(there, &theirs.currency), more.join(", "));
        let fix = "Stripe bills more than the plan: the row here knows one price only. Agree on the sum here, or \
                   remove the line at Stripe.";
        return found.differs(DriftClass::Amount, here, there, fix);
    }
    discount(ours, theirs, found);
}

fn discount(ours: &Ours, theirs: &Theirs, found: &mut Compared) {
    let Some(there) = &theirs.discounts else {
        return found.unknown(DriftClass::Amount, "Discounts are not in the file.");
    };
    if there.contains(&LineDiscount::Unknown) {
        return found.unknown(DriftClass::Amount, "What a discount takes off was not said.");
    }
    let mut known: Vec<Reduction> = { there.iter() }
        .filter_map(|discount| match discount {
            LineDiscount::Known(reduction) => Some(*reduction),
            LineDiscount::Unknown => None,
        })
        .collect();
    known.sort_unstable();
    let here: Vec<Reduction> = ours.discount.into_iter().collect();
    if here != known {
        found.differs(DriftClass::Amount, off(&here, &ours.currency), off(&known, &theirs.currency), FOLLOW);
    }
}

/// Discounts in words.
fn off(reductions: &[Reduction], currency: &str) -> String {
    let words = |reduction: &Reduction| match reduction {
        Reduction::Percent(percent) if percent.is_integer() => format!("{percent} % off"),
        Reduction::Percent(percent) => {
            let hundredths = (percent * Ratio::from_integer(100)).round().to_integer();
            format!("{}.{:02} % off", hundredths / 100, hundredths % 100)
        }
        Reduction::Minor(minor) => format!("{} off", exact_words(*minor, currency)),
    };
    if reductions.is_empty() {
        return "no discount".to_owned();
    }
    reductions.iter().map(words).collect::<Vec<_>>().join(" and ")
}

fn period(ours: &Ours, theirs: &Theirs, found: &mut Compared) {
    let Some(there) = theirs.period_end else {
        return found.unknown(DriftClass::Period, "The end of the period is not in the file.");
    };
    let Some(here) = ours.period_end else {
        return found.unknown(DriftClass::Period, "The row here does not say when its period ends.");
    };
    // The server keeps microseconds and Stripe seconds, so that a second is no difference.
    if (here - there).abs() > theirs.grain.max(TimeDelta::seconds(1)) {
        let words = |at: chrono::DateTime<chrono::Utc>| format!("until {} UTC", at.format("%Y-%m-%d %H:%M"));
        found.differs(DriftClass::Period, words(here), words(there), FOLLOW);
    }
}

/// A price in words, `29.00 EUR a month`.
pub(super) fn per_interval(unit: i64, code: &str, interval: &str, count: u32) -> String {
    let amount = currency::words(unit, code);
    if count == 1 { format!("{amount} a {interval}") } else { format!("{amount} every {count} {interval}s") }
}
