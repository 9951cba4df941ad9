//! Why the company's recurring revenue and that of its account at Stripe differ, to the last fraction of a cent.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::amount::Amount;
use super::at_stripe::Billed;
use super::mrr::subscription_mrr;
use super::profile::Profile;
use super::stripe_answer::StripeBridgeCause;
use super::subscription::{Step, Subscription, Terms};
use crate::Result;
use crate::stripe::reconcile::{DriftClass, Found};

/// What one subscription does to one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The subscription here.
    pub ours: Option<Uuid>,
    /// The subscription at Stripe.
    pub theirs: Option<String>,
    /// By how much.
    pub difference: Amount,
}

/// The way from the total here to the total at Stripe, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeBridge {
    /// Total here.
    pub from: Amount,
    /// Total at Stripe, of what is known there.
    pub to: Amount,
    /// What makes the difference, cause by cause; the parts of all steps sum to `to − from`.
    pub steps: BTreeMap<StripeBridgeCause, Vec<Part>>,
    /// Subscriptions at Stripe in this currency whose value is not known.
    pub unvalued: usize,
}

impl StripeBridge {
    fn add(&mut self, cause: StripeBridgeCause, part: Part) {
        if !part.difference.is_zero() {
            self.steps.entry(cause).or_default().push(part);
        }
    }
}

/// Explains the difference between both sides at an instant, each valued under one profile.
///
/// Which subscription is which was found by the comparison; of every pair, what Stripe says is adopted one answer after
/// the other, so that each answer is worth what it changes and nothing is left over.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] when an amount does not fit 128 bits.
pub fn stripe_bridge(
    ours: &[Subscription],
    theirs: &[Billed],
    found: &Found,
    currency: &str,
    at: DateTime<Utc>,
    profile: &Profile,
) -> Result<StripeBridge> {
    let value = |one: &Subscription| {
        if one.currency == currency { subscription_mrr(one, at, profile) } else { Ok(Amount::ZERO) }
    };
    let mut bridge =
        StripeBridge { from: Amount::ZERO, to: Amount::ZERO, steps: BTreeMap::new(), unvalued: 0 };
    let by_id: HashMap<&str, &Billed> = theirs.iter().map(|one| (one.id.as_str(), one)).collect();
    let pairs: HashMap<Uuid, (&Billed, Option<usize>, Option<StripeBridgeCause>)> = { found.pairs.iter() }
        .filter_map(|pair| {
            let billed = by_id.get(pair.stripe_subscription.as_str())?;
            let cause = (!pair.is_same_plan).then_some(StripeBridgeCause::Plan);
            let line = billed.places.iter().position(|place| Some(*place) == pair.main_line);
            Some((pair.subscription, (*billed, line, cause)))
        })
        .collect();
    let causes = Causes::of(found);
    // A subscription whose currency was changed is several here; the last one in a currency is how it stands in it.
    let last: HashMap<Uuid, usize> = { ours.iter().enumerate() }
        .filter(|(_, one)| one.currency == currency)
        .map(|(place, one)| (one.id, place))
        .collect();
    let mut met: HashSet<&str> = HashSet::new();
    for (place, one) in ours.iter().enumerate() {
        let own = value(one)?;
        bridge.from = bridge.from.plus(own)?;
        let leave = |difference: Amount, theirs: Option<&Billed>| -> Result<Part> {
            Ok(Part {
                ours: Some(one.id),
                theirs: theirs.map(|billed| billed.id.clone()),
                difference: Amount::ZERO.minus(difference)?,
            })
        };
        match pairs.get(&one.id) {
            None => bridge.add(causes.of_ours(one.id), leave(own, None)?),
            Some((billed, ..)) if billed.unknown.is_some() => {
                bridge.add(StripeBridgeCause::Unvalued, leave(own, Some(billed))?);
            }
            Some((billed, ..)) if billed.subscription.currency != one.currency => {
                bridge.add(StripeBridgeCause::Amount, leave(own, Some(billed))?);
            }
            Some((billed, main, plan)) => {
                if last.get(&one.id) == Some(&place) && met.insert(billed.id.as_str()) {
                    for (cause, difference) in adopted(one, billed, *main, *plan, at, profile)? {
                        let (ours, theirs) = (Some(one.id), Some(billed.id.clone()));
                        bridge.add(cause, Part { ours, theirs, difference });
                    }
                } else {
                    bridge.add(StripeBridgeCause::Duplicate, leave(own, Some(billed))?);
                }
            }
        }
    }
    let paired: HashMap<&str, Uuid> =
        found.pairs.iter().map(|pair| (pair.stripe_subscription.as_str(), pair.subscription)).collect();
    for billed in theirs.iter().filter(|one| one.subscription.currency == currency) {
        if billed.unknown.is_some() {
            // What counts for nothing anyway is no riddle.
            bridge.unvalued += usize::from(profile.counts(billed.terms().status));
            continue;
        }
        let own = value(&billed.subscription)?;
        bridge.to = bridge.to.plus(own)?;
        if !met.contains(billed.id.as_str()) {
            let ours = paired.get(billed.id.as_str()).copied();
            let cause = match ours {
                // Paid in another currency here.
                Some(_) => StripeBridgeCause::Amount,
                None => causes.of_theirs(&billed.id),
            };
            bridge.add(cause, Part { ours, theirs: Some(billed.id.clone()), difference: own });
        }
    }
    Ok(bridge)
}

/// What each of Stripe's answers changes, in a fixed order.
fn adopted(
    ours: &Subscription,
    billed: &Billed,
    main: Option<usize>,
    plan: Option<StripeBridgeCause>,
    at: DateTime<Utc>,
    profile: &Profile,
) -> Result<Vec<(StripeBridgeCause, Amount)>> {
    let there = billed.terms();
    let mut value = subscription_mrr(ours, at, profile)?;
    let mut changes = Vec::new();
    let mut terms = Terms::clone(ours.terms_at(at).unwrap_or(&ours.steps[0].terms));
    terms.status = there.status;
    let mut current = Subscription {
        canceled_at: billed.subscription.canceled_at,
        ended_at: billed.subscription.ended_at,
        ..ours.clone()
    };
    let mut adopt = |current: &mut Subscription, terms: &Terms, cause| -> Result<()> {
        current.steps = vec![Step { from: DateTime::<Utc>::MIN_UTC, terms: terms.clone().into() }];
        let next = subscription_mrr(current, at, profile)?;
        changes.push((cause, next.minus(value)?));
        value = next;
        Ok(())
    };
    adopt(&mut current, &terms, StripeBridgeCause::Status)?;
    let line = main.and_then(|main| there.items.get(main));
    if let (Some(line), [own], Some(cause)) = (line, terms.items.as_mut_slice(), plan) {
        own.unit_amount = line.unit_amount;
        own.interval = line.interval;
        own.interval_count = line.interval_count;
        adopt(&mut current, &terms, cause)?;
    }
    if let (Some(line), [own]) = (line, terms.items.as_mut_slice()) {
        // The price belongs to the interval: it is another one for another interval.
        if (own.interval, own.interval_count) != (line.interval, line.interval_count) {
            own.unit_amount = line.unit_amount;
            own.interval = line.interval;
            own.interval_count = line.interval_count;
            adopt(&mut current, &terms, StripeBridgeCause::Interval)?;
        }
    }
    if let (Some(line), [own]) = (line, terms.items.as_mut_slice()) {
        own.quantity = line.quantity;
        adopt(&mut current, &terms, StripeBridgeCause::Quantity)?;
    }
    terms.items.clone_from(&there.items);
    terms.discounts.clone_from(&there.discounts);
    let rest = if line.is_none() { plan } else { None };
    adopt(&mut current, &terms, rest.unwrap_or(StripeBridgeCause::Amount))?;
    current.period_end = billed.subscription.period_end;
    adopt(&mut current, &terms, StripeBridgeCause::Period)?;
    Ok(changes)
}

/// Why a subscription is on one side only.
struct Causes<'f> {
    ours: HashMap<Uuid, StripeBridgeCause>,
    theirs: HashMap<&'f str, StripeBridgeCause>,
}

impl<'f> Causes<'f> {
    fn of(found: &'f Found) -> Self {
        let mut causes = Self { ours: HashMap::new(), theirs: HashMap::new() };
        for drift in &found.drifts {
            let cause = match drift.class {
                DriftClass::MissingHere => StripeBridgeCause::MissingHere,
                DriftClass::MissingThere => StripeBridgeCause::MissingThere,
                DriftClass::Duplicate => StripeBridgeCause::Duplicate,
                DriftClass::Orphan => StripeBridgeCause::Orphan,
                DriftClass::Status
                | DriftClass::Plan
                | DriftClass::Amount
                | DriftClass::Interval
                | DriftClass::Quantity
                | DriftClass::Period => continue,
            };
            if let Some(id) = drift.subscription {
                causes.ours.insert(id, cause);
            } else if let Some(id) = &drift.stripe_subscription {
                causes.theirs.insert(id, cause);
            }
        }
        causes
    }

    fn of_ours(&self, id: Uuid) -> StripeBridgeCause {
        self.ours.get(&id).copied().unwrap_or(StripeBridgeCause::ByHand)
    }

    /// What is over at Stripe and was never here is reported by nobody, and may still be paid for.
    fn of_theirs(&self, id: &str) -> StripeBridgeCause {
        self.theirs.get(id).copied().unwrap_or(StripeBridgeCause::MissingHere)
    }
}
