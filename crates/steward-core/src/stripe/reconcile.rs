//! What the company believes to be subscribed against what Stripe bills.
//!
//! A pure function over both sides: what a difference is, is decided here and nowhere else, whether Stripe's side
//! was read through its API or from a table it exported. What one side does not say is not compared, and is counted
//! with the reason; it is never taken for equal.
//!
//! A difference is reported once, at its cause: where the plan is another, the price that follows from it is not
//! reported besides.

mod compare;
mod side;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use compare::main_line;
pub use compare::same_terms;
pub use side::{Holder, Line, LineDiscount, Ours, PlanKeys, Reduction, Theirs, UnitAmount};

/// What kind of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum DriftClass {
    /// Stripe bills an account that has no such subscription here.
    MissingHere,
    /// A subscription that is open here, and that Stripe does not have.
    MissingThere,
    /// Open here and over there, or the reverse; or ending on one side only.
    Status,
    /// Another plan.
    Plan,
    /// Another price, discount or currency.
    Amount,
    /// Billed at another interval.
    Interval,
    /// Another number of seats.
    Quantity,
    /// The current period ends at another time.
    Period,
    /// Stripe bills one account twice.
    Duplicate,
    /// Stripe bills a customer whom nobody here is.
    Orphan,
}

impl DriftClass {
    /// Every class, the one that costs most first.
    pub const ALL: [Self; 10] = [
        Self::Duplicate,
        Self::Orphan,
        Self::MissingHere,
        Self::MissingThere,
        Self::Status,
        Self::Plan,
        Self::Amount,
        Self::Interval,
        Self::Quantity,
        Self::Period,
    ];

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::MissingHere => "Missing here",
            Self::MissingThere => "Missing at Stripe",
            Self::Status => "Status",
            Self::Plan => "Plan",
            Self::Amount => "Amount",
            Self::Interval => "Interval",
            Self::Quantity => "Quantity",
            Self::Period => "Period",
            Self::Duplicate => "Duplicate",
            Self::Orphan => "Orphan",
        }
    }
}

/// One difference, with the way to remove it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Drift {
    /// What kind.
    pub class: DriftClass,
    /// Whose; none where nobody here is the customer.
    pub account: Option<Holder>,
    /// The subscription here.
    #[ts(type = "string | null")]
    pub subscription: Option<Uuid>,
    /// The subscription at Stripe.
    pub stripe_subscription: Option<String>,
    /// The customer at Stripe.
    pub stripe_customer: Option<String>,
    /// How people know the customer at Stripe.
    pub stripe_label: Option<String>,
    /// What this side says; none where it says nothing.
    pub here: Option<String>,
    /// What Stripe says.
    pub there: Option<String>,
    /// What to do, as a sentence.
    pub fix: String,
}

/// Something that could not be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NotCompared {
    /// What.
    pub class: DriftClass,
    /// Why, as a sentence.
    pub why: String,
    /// Of how many subscriptions.
    pub subscriptions: u64,
}

/// A subscription that both sides have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The subscription here.
    pub subscription: Uuid,
    /// The subscription at Stripe.
    pub stripe_subscription: String,
    /// Which of Stripe's lines stands for the plan here.
    pub main_line: Option<usize>,
    /// Whether that line is the plan's, as far as the catalogue says which is.
    pub is_same_plan: bool,
}

/// Everything found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// By class, then by account.
    pub drifts: Vec<Drift>,
    /// Subscriptions found on both sides.
    pub matched: u64,
    /// Those without any difference.
    pub clean: u64,
    /// Open here and billed by hand: nothing of Stripe's to compare with.
    pub by_hand: u64,
    /// What could not be compared, and why.
    pub not_compared: Vec<NotCompared>,
    /// Which subscription here is which there; also those that are over on both sides.
    pub pairs: Vec<Pair>,
}

/// Compares both sides.
///
/// `holders` says who a customer of Stripe's is, for every account that has one, also those without a subscription.
#[must_use]
pub fn reconcile(
    ours: &[Ours],
    theirs: &[Theirs],
    plans: &[PlanKeys],
    holders: &HashMap<String, Holder>,
) -> Found {
    let mut desk = Desk::new(theirs, plans, holders);
    for row in ours.iter().filter(|row| row.stripe_subscription.is_some()) {
        desk.linked(row);
    }
    for row in ours.iter().filter(|row| row.stripe_subscription.is_none() && row.is_open()) {
        desk.unlinked(row);
    }
    for their in theirs {
        desk.unknown(their);
    }
    desk.finish()
}

struct Desk<'a> {
    by_id: HashMap<&'a str, &'a Theirs>,
    /// Running subscriptions of each customer.
    by_customer: HashMap<&'a str, Vec<&'a Theirs>>,
    plans: &'a [PlanKeys],
    holders: &'a HashMap<String, Holder>,
    /// Customers of subscriptions that are paired, so that a team's customer is known too.
    learned: HashMap<&'a str, Holder>,
    paired: HashSet<&'a str>,
    /// Customers with a running subscription that is paired or was reported.
    billed: HashSet<&'a str>,
    found: Found,
    uncompared: BTreeMap<(DriftClass, String), u64>,
}

impl<'a> Desk<'a> {
    fn new(theirs: &'a [Theirs], plans: &'a [PlanKeys], holders: &'a HashMap<String, Holder>) -> Self {
        let mut by_customer: HashMap<&str, Vec<&Theirs>> = HashMap::new();
        for their in theirs.iter().filter(|their| their.is_running()) {
            if let Some(customer) = &their.customer {
                by_customer.entry(customer).or_default().push(their);
            }
        }
        Self {
            by_id: theirs.iter().map(|their| (their.id.as_str(), their)).collect(),
            by_customer,
            plans,
            holders,
            learned: HashMap::new(),
            paired: HashSet::new(),
            billed: HashSet::new(),
            found: Found::default(),
            uncompared: BTreeMap::new(),
        }
    }

    fn drift(&mut self, class: DriftClass, ours: Option<&Ours>, their: Option<&'a Theirs>, words: Words) {
        let customer = their.and_then(|their| their.customer.as_deref());
        let account =
            ours.map(|row| row.holder.clone()).or_else(|| customer.and_then(|id| self.holder_of(id)));
        self.found.drifts.push(Drift {
            class,
            account,
            subscription: ours.map(|row| row.id),
            stripe_subscription: their
                .map(|their| their.id.clone())
                .or_else(|| ours.and_then(|row| row.stripe_subscription.clone())),
            stripe_customer: customer
                .map(str::to_owned)
                .or_else(|| ours.and_then(|row| row.stripe_customer.clone())),
            stripe_label: their.and_then(|their| their.label.clone()),
            here: words.here,
            there: words.there,
            fix: words.fix,
        });
    }

    fn holder_of(&self, customer: &str) -> Option<Holder> {
        self.holders.get(customer).or_else(|| self.learned.get(customer)).cloned()
    }

    /// A row that names its subscription at Stripe.
    fn linked(&mut self, row: &Ours) {
        let Some(id) = &row.stripe_subscription else { return };
        let Some(their) = self.by_id.get(id.as_str()).copied() else {
            if row.is_open() {
                let fix = format!(
                    "Stripe has no {id}. If it was deleted with its customer, end the subscription here; if the id is \
                     of another account or of test data, correct it."
                );
                self.drift(DriftClass::MissingThere, Some(row), None, Words::here(row.words(), fix));
            }
            return;
        };
        if let Some(customer) = their.customer.as_deref() {
            self.learned.insert(customer, row.holder.clone());
        }
        if !row.is_open() && !their.is_running() {
            self.pair(row, their);
            // Over on both sides. Of a subscription that was taken up again, another row may be the open one.
            return;
        }
        if !self.paired.insert(&their.id) {
            let fix =
                "Two rows here name one subscription of Stripe's: end the one that is not billed.".to_owned();
            self.drift(
                DriftClass::Duplicate,
                Some(row),
                Some(their),
                Words::both(row.words(), their.words(), fix),
            );
            return;
        }
        self.billed.extend(their.customer.as_deref());
        self.found.matched += 1;
        self.pair(row, their);
        self.compare(row, their);
    }

    /// An open row that names none.
    fn unlinked(&mut self, row: &Ours) {
        let Some(customer) = row.stripe_customer.as_deref() else {
            self.found.by_hand += 1;
            return;
        };
        let running = self.by_customer.get(customer).into_iter().flatten().copied();
        match { running }.find(|their| !self.paired.contains(their.id.as_str())) {
            Some(their) => {
                self.paired.insert(&their.id);
                self.billed.extend(their.customer.as_deref());
                self.found.matched += 1;
                self.pair(row, their);
                let fix = format!(
                    "Stripe bills this account by {0}, and the row here does not say so: store {0} in its \
                     stripe_subscription_id, so that it is not changed here alone.",
                    their.id
                );
                let words = Words::both(row.words(), their.words(), fix);
                self.drift(DriftClass::MissingHere, Some(row), Some(their), words);
            }
            None if row.is_paying() => {
                let fix = format!(
                    "The account is Stripe's customer {customer} and pays nothing there: make the subscription at \
                     Stripe, or move the account to a plan without a price."
                );
                self.drift(DriftClass::MissingThere, Some(row), None, Words::here(row.words(), fix));
            }
            None => self.found.by_hand += 1,
        }
    }

    /// A running subscription that no row here names.
    fn unknown(&mut self, their: &'a Theirs) {
        if !their.is_running() || self.paired.contains(their.id.as_str()) {
            return;
        }
        let customer = their.customer.as_deref();
        let holder = customer.and_then(|id| self.holder_of(id));
        let is_second = customer.is_some_and(|id| !self.billed.insert(id));
        let (class, fix) = match (holder, is_second) {
            (Some(_), true) => (
                DriftClass::Duplicate,
                format!("The customer pays twice: cancel {} at Stripe and refund what it took.", their.id),
            ),
            (Some(holder), false) => (
                DriftClass::MissingHere,
                format!(
                    "Stripe bills {} by {}, and here is no open subscription: let the platform make it from Stripe's \
                     event, or cancel it at Stripe if it should have ended.",
                    holder.label, their.id
                ),
            ),
            (None, _) => (
                DriftClass::Orphan,
                format!(
                    "Nobody here is the customer {}: find the account by its address and store the id there, or \
                     cancel the subscription at Stripe if the account was deleted.",
                    their.label.as_deref().or(customer).unwrap_or("of this subscription")
                ),
            ),
        };
        self.drift(class, None, Some(their), Words { here: None, there: Some(their.words()), fix });
    }

    fn pair(&mut self, row: &Ours, their: &Theirs) {
        let (main_line, is_same_plan) = main_line(&row.plan_code, &their.lines, self.plans);
        self.found.pairs.push(Pair {
            subscription: row.id,
            stripe_subscription: their.id.clone(),
            main_line,
            is_same_plan,
        });
    }

    fn compare(&mut self, row: &Ours, their: &'a Theirs) {
        let compared = same_terms(row, their, self.plans);
        for (class, why) in compared.not_compared {
            *self.uncompared.entry((class, why)).or_default() += 1;
        }
        if compared.differences.is_empty() {
            self.found.clean += 1;
        }
        for (class, words) in compared.differences {
            self.drift(class, Some(row), Some(their), words);
        }
    }

    fn finish(mut self) -> Found {
        let place = |class: DriftClass| DriftClass::ALL.iter().position(|known| *known == class);
        self.found.drifts.sort_by(|one, other| {
            let name = |drift: &Drift| drift.account.as_ref().map(|account| account.label.clone());
            (place(one.class), name(one), &one.stripe_subscription, one.subscription).cmp(&(
                place(other.class),
                name(other),
                &other.stripe_subscription,
                other.subscription,
            ))
        });
        self.found.not_compared = self
            .uncompared
            .into_iter()
            .map(|((class, why), subscriptions)| NotCompared { class, why, subscriptions })
            .collect();
        self.found
    }
}

/// What both sides say, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    here: Option<String>,
    there: Option<String>,
    fix: String,
}

impl Words {
    fn here(here: String, fix: String) -> Self {
        Self { here: Some(here), there: None, fix }
    }

    fn both(here: String, there: String, fix: String) -> Self {
        Self { here: Some(here), there: Some(there), fix }
    }
}
