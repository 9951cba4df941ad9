//! The numbers of one month, each with what it means.

use super::super::amount::Amount;
use super::super::answer::RevenueFigure;
use super::super::metric::RevenueMetric;
use super::super::month::minor;
use super::super::movement::Totals;
use super::super::mrr;
use super::super::profile::{ChurnTiming, Profile};
use super::super::ratio;
use super::{Look, Span, number};
use crate::Result;

/// What a number is made of at one month's end.
struct Facts {
    totals: Totals,
    committed: Amount,
    /// Customers with an open subscription, whether they pay or not.
    holders: usize,
    net_year: Option<f64>,
    gross_year: Option<f64>,
    trials_ended: Option<f64>,
    trials_started: Option<f64>,
}

enum Value {
    Money(Option<Amount>),
    Number(Option<f64>),
}

impl Look<'_> {
    /// Every number of the last of these months, beside that of the month before it.
    pub(super) fn figures(
        &self,
        profile: &Profile,
        spans: &[Span],
        totals: &[Totals],
    ) -> Result<Vec<RevenueFigure>> {
        let last = spans.len() - 1;
        let now = self.facts(profile, spans[last], totals[last])?;
        let before = self.facts(profile, spans[last - 1], totals[last - 1])?;
        METRICS
            .into_iter()
            .map(|metric| {
                let (now, before) = (now.value(metric)?, before.value(metric)?);
                let split = |value| -> Result<(Option<i64>, Option<f64>)> {
                    Ok(match value {
                        Value::Money(amount) => (amount.map(minor).transpose()?, None),
                        Value::Number(number) => (None, number),
                    })
                };
                let (amount_minor, value) = split(now)?;
                let (previous_minor, previous) = split(before)?;
                let is_missing = amount_minor.is_none() && value.is_none();
                Ok(RevenueFigure {
                    metric,
                    label: metric.label().to_owned(),
                    currency: self.currency.to_owned(),
                    amount_minor,
                    value,
                    previous_minor,
                    previous,
                    without: is_missing.then(|| metric.without().to_owned()),
                    definition: metric.definition(profile),
                })
            })
            .collect()
    }

    fn facts(&self, profile: &Profile, span: Span, totals: Totals) -> Result<Facts> {
        let end = span.balances().end;
        let committed = Profile { churn: ChurnTiming::Cancellation, ..profile.clone() };
        let committed = mrr::customers_at(&self.history.subscriptions, self.currency, end, &committed)?;
        let start = self.book.customers(self.currency, span.year_before(self.zone));
        let paying = self.book.customers(self.currency, end);
        let holders = mrr::holders_at(&self.history.subscriptions, self.currency, end, &paying);
        let trials = self.trials(span.period);
        Ok(Facts {
            totals,
            committed: mrr::total(&committed)?,
            holders,
            net_year: ratio::net_retention(&start, &paying)?.map(number),
            gross_year: ratio::gross_retention(&start, &paying)?.map(number),
            trials_ended: trials.ended.share,
            trials_started: trials.started.share,
        })
    }
}

const METRICS: [RevenueMetric; 17] = [
    RevenueMetric::Mrr,
    RevenueMetric::CommittedMrr,
    RevenueMetric::Arr,
    RevenueMetric::Customers,
    RevenueMetric::Arpu,
    RevenueMetric::ArpuWithFree,
    RevenueMetric::NetRetentionYear,
    RevenueMetric::GrossRetentionYear,
    RevenueMetric::QuickRatio,
    RevenueMetric::LogoChurn,
    RevenueMetric::GrossChurn,
    RevenueMetric::NetChurn,
    RevenueMetric::NetRetention,
    RevenueMetric::GrossRetention,
    RevenueMetric::LifetimeValue,
    RevenueMetric::TrialsEnded,
    RevenueMetric::TrialsStarted,
];

impl Facts {
    fn value(&self, metric: RevenueMetric) -> Result<Value> {
        let totals = &self.totals;
        let share = |share: Option<ratio::Share>| Value::Number(share.map(number));
        let arpu = mrr::arpu(totals.end, totals.end_customers);
        Ok(match metric {
            RevenueMetric::Mrr => Value::Money(Some(totals.end)),
            RevenueMetric::Arr => Value::Money(Some(mrr::arr(totals.end)?)),
            RevenueMetric::CommittedMrr => Value::Money(Some(self.committed)),
            RevenueMetric::Customers => Value::Number(Some(totals.end_customers as f64)),
            RevenueMetric::Arpu => Value::Money(arpu),
            RevenueMetric::ArpuWithFree => Value::Money(mrr::arpu(totals.end, self.holders)),
            RevenueMetric::LogoChurn => share(ratio::logo_churn(totals)),
            RevenueMetric::GrossChurn => share(ratio::gross_revenue_churn(totals)?),
            RevenueMetric::NetChurn => share(ratio::net_revenue_churn(totals)?),
            RevenueMetric::NetRetentionYear => Value::Number(self.net_year),
            RevenueMetric::GrossRetentionYear => Value::Number(self.gross_year),
            RevenueMetric::NetRetention => share(ratio::month_net_retention(totals)?),
            RevenueMetric::GrossRetention => share(ratio::month_gross_retention(totals)?),
            RevenueMetric::QuickRatio => share(ratio::quick_ratio(totals)?),
            RevenueMetric::LifetimeValue => Value::Money(match (arpu, ratio::logo_churn(totals)) {
                (Some(arpu), Some(churn)) => ratio::lifetime_value(arpu, churn)?,
                _ => None,
            }),
            RevenueMetric::TrialsEnded => Value::Number(self.trials_ended),
            RevenueMetric::TrialsStarted => Value::Number(self.trials_started),
        })
    }
}
