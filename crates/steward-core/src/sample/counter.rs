//! Counted use per user, month and metric, in step with the events.

use chrono::{Datelike, NaiveDate};
use uuid::Uuid;

use super::catalogue::Metric;
use super::{Company, SampleEvent};

/// A row of `usage_counters`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterRow {
    /// User.
    pub user_id: Uuid,
    /// `YYYY-MM`.
    pub period: String,
    /// Metric.
    pub metric: Metric,
    /// How much was used.
    pub used: i64,
    /// The last event counted, in microseconds since 1970.
    pub updated_us: i64,
}

/// Counts the events of one month at a time.
#[derive(Debug)]
pub struct CounterBook {
    used: Vec<[i64; Metric::ALL.len()]>,
    updated_us: Vec<i64>,
}

impl CounterBook {
    /// An empty book for this company's users.
    #[must_use]
    pub fn new(company: &Company) -> Self {
        let users = company.citizens.len();
        Self { used: vec![[0; Metric::ALL.len()]; users], updated_us: vec![0; users] }
    }

    /// Counts an event. What was turned away by a rate limit does not count.
    pub fn count(&mut self, event: &SampleEvent) {
        if event.status == "rate_limited" {
            return;
        }
        let row = &mut self.used[event.user as usize];
        row[event.feature.metric as usize] += event.quantity;
        row[Metric::Credits as usize] += event.credits;
        self.updated_us[event.user as usize] = event.occurred_us;
    }

    /// The rows of the month just counted, and an empty book for the next.
    pub fn close(&mut self, company: &Company, month: NaiveDate) -> Vec<CounterRow> {
        let period = format!("{:04}-{:02}", month.year(), month.month());
        let mut rows = Vec::new();
        for (user, row) in self.used.iter_mut().enumerate() {
            for metric in Metric::ALL {
                let used = std::mem::take(&mut row[metric as usize]);
                if used > 0 {
                    rows.push(CounterRow {
                        user_id: company.citizens[user].id,
                        period: period.clone(),
                        metric,
                        used,
                        updated_us: self.updated_us[user],
                    });
                }
            }
        }
        rows
    }
}
