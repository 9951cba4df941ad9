//! The difference to Stripe, as it is answered.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::super::amount::Amount;
use super::super::at_stripe::Billed;
use super::super::book::Book;
use super::super::month::{minor, rounded_parts};
use super::super::mrr;
use super::super::profile::Profile;
use super::super::stripe_answer::{
    RevenueStripeBridge, RevenueStripeBridgeReq, RevenueStripeBridgeRow, RevenueStripeBridgeStep,
};
use super::super::stripe_bridge::{Part, stripe_bridge};
use super::{History, chosen, currencies};
use crate::Result;
use crate::find::FindKind;
use crate::freshness::Freshness;
use crate::stripe::reconcile::{Found, Holder};
use crate::stripe::record;

/// Subscriptions named with a step.
const LARGEST: usize = 10;

/// Stripe's side, as the copy has it.
#[derive(Debug, Default)]
pub struct StripeSide {
    /// When its reading began.
    pub as_of: Option<DateTime<Utc>>,
    /// Every subscription.
    pub subscriptions: Vec<record::Subscription>,
    /// Every coupon.
    pub coupons: HashMap<String, record::Coupon>,
    /// How people know its customers.
    pub labels: HashMap<String, Option<String>>,
    /// What the comparison found.
    pub found: Found,
}

const METHOD: &str = "Both sides are valued at the as-of of the copy under the one definition: here from the history of \
    subscriptions, at Stripe from each subscription’s lines and discounts as they stood when they were last read. Which is \
    which is found as in the comparison with Stripe. Of each pair Stripe’s status, plan, interval, seats, price with \
    discounts and period are adopted one after the other; what is on one side only is a step of its own. Measured use \
    stands on invoices only and is in neither total; what ended at Stripe counts no more there.";

impl History {
    /// `revenue_stripe_bridge`, without the names of users and teams; `side` is Stripe's, or why it is not known.
    ///
    /// # Errors
    /// As [`History::show`].
    pub fn stripe_bridge(
        &self,
        req: &RevenueStripeBridgeReq,
        freshness: Freshness,
        side: std::result::Result<&StripeSide, &str>,
    ) -> Result<RevenueStripeBridge> {
        let at = freshness.as_of.unwrap_or(DateTime::UNIX_EPOCH);
        let profile = Profile::named("profile", req.profile.as_deref())?;
        let book = Book::new(&self.subscriptions, &profile)?;
        let nobody = StripeSide::default();
        let rows = side.unwrap_or(&nobody);
        let theirs: Vec<Billed> =
            rows.subscriptions.iter().map(|row| Billed::of(row, &rows.coupons, at, &profile)).collect();
        let own = currencies(&book, at)?;
        let there = { theirs.iter() }
            .filter(|billed| profile.counts(billed.terms().status))
            .map(|billed| billed.subscription.currency.clone());
        let all: BTreeSet<String> = own.iter().map(|row| row.currency.clone()).chain(there).collect();
        let wanted = req.currency.as_deref();
        let currency =
            match all.iter().find(|known| wanted.is_some_and(|one| known.eq_ignore_ascii_case(one))) {
                Some(known) => Some(known.clone()),
                // Refused with the currencies that there are; without a wish the one most customers pay in.
                None => chosen(&book, &own, wanted)?.or_else(|| all.first().cloned()),
            };
        let mut answer = RevenueStripeBridge {
            freshness,
            stripe_as_of: side.ok().and_then(|side| side.as_of),
            profile,
            currency: currency.clone(),
            currencies: all.into_iter().collect(),
            from_minor: 0,
            to_minor: None,
            difference_minor: None,
            without: side.err().map(str::to_owned),
            steps: Vec::new(),
            unvalued: 0,
            method: METHOD.to_owned(),
        };
        let Some(currency) = currency else { return Ok(answer) };
        let total = mrr::total(&mrr::customers_at(&self.subscriptions, &currency, at, &answer.profile)?)?;
        answer.from_minor = minor(total)?;
        let Ok(side) = side else { return Ok(answer) };
        let found = stripe_bridge(&self.subscriptions, &theirs, &side.found, &currency, at, &answer.profile)?;
        let sums = { found.steps.values() }
            .map(|parts| parts.iter().try_fold(Amount::ZERO, |sum, part| sum.plus(part.difference)))
            .collect::<Result<Vec<Amount>>>()?;
        let to_minor = minor(found.to)?;
        (answer.to_minor, answer.difference_minor) = (Some(to_minor), Some(to_minor - answer.from_minor));
        answer.unvalued = found.unvalued as u64;
        let known = Known::of(self, side);
        for ((cause, parts), difference_minor) in found.steps.iter().zip(rounded_parts(found.from, &sums)?) {
            answer.steps.push(RevenueStripeBridgeStep {
                cause: *cause,
                label: cause.label().to_owned(),
                difference_minor,
                currency: currency.clone(),
                subscriptions: parts.len() as u64,
                largest: known.largest(parts, &currency)?,
            });
        }
        Ok(answer)
    }
}

/// Whose a subscription is.
struct Known<'a> {
    history: &'a History,
    customers: HashMap<Uuid, Uuid>,
    holders: HashMap<&'a str, &'a Holder>,
    labels: HashMap<&'a str, &'a str>,
}

impl<'a> Known<'a> {
    fn of(history: &'a History, side: &'a StripeSide) -> Self {
        let holders = side
            .found
            .drifts
            .iter()
            .filter_map(|drift| Some((drift.stripe_subscription.as_deref()?, drift.account.as_ref()?)));
        let labels = side.subscriptions.iter().map(|row| {
            let label = side.labels.get(&row.customer).and_then(Option::as_deref);
            (row.id.as_str(), label.unwrap_or(&row.customer))
        });
        Self {
            history,
            customers: history.subscriptions.iter().map(|one| (one.id, one.customer)).collect(),
            holders: holders.collect(),
            labels: labels.collect(),
        }
    }

    fn largest(&self, parts: &[Part], currency: &str) -> Result<Vec<RevenueStripeBridgeRow>> {
        let mut rows = Vec::with_capacity(parts.len());
        for part in parts {
            let theirs = part.theirs.as_deref();
            let holder = theirs.and_then(|id| self.holders.get(id));
            let own = part.ours.and_then(|id| self.customers.get(&id)).copied();
            let customer = own.or_else(|| holder.map(|holder| holder.id));
            let is_team = match own {
                Some(own) => self.history.teams.contains(&own),
                None => holder.is_some_and(|holder| holder.kind == FindKind::Team),
            };
            rows.push(RevenueStripeBridgeRow {
                customer,
                is_team,
                name: theirs.and_then(|id| self.labels.get(id)).map(|label| (*label).to_owned()),
                stripe_subscription: theirs.map(str::to_owned),
                difference_minor: minor(part.difference)?,
                currency: currency.to_owned(),
            });
        }
        rows.sort_by(|a, b| {
            let key = |row: &RevenueStripeBridgeRow| Reverse(row.difference_minor.unsigned_abs());
            (key(a), a.customer, &a.stripe_subscription).cmp(&(key(b), b.customer, &b.stripe_subscription))
        });
        rows.truncate(LARGEST);
        Ok(rows)
    }
}
