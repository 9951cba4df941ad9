//! Bridges: from a balance to another, change by change.

use steward_core::Result;
use steward_core::chart_spec::ChartSpec;

use super::Plot;
use crate::canvas::{CAPTION, CAPTION_STRONG, Point, Side};
use crate::figure;

/// Height of a break between 0 and where the axis goes on.
pub(super) const BREAK: i32 = 28;

/// Where each bar begins and ends, in the unit of the values: balances stand on 0.
pub(super) fn levels(spec: &ChartSpec) -> impl Iterator<Item = (f64, f64)> {
    let values = spec.series.first().map(|series| series.values.as_slice()).unwrap_or_default();
    let last = values.len().saturating_sub(1);
    let mut running = 0.0;
    values.iter().enumerate().map(move |(at, value)| {
        let value = value.unwrap_or_default();
        let from = if at == 0 || at == last { 0.0 } else { running };
        running = from + value;
        (from, running)
    })
}

impl Plot<'_, '_, '_> {
    pub(super) fn bridge(&self) -> Result<()> {
        let last = self.spec.steps.len().saturating_sub(1);
        let slot = self.edge(1) - self.edge(0);
        let wide = (slot - 16).clamp(4, 72);
        let ink = self.appearance.color("text");
        for (at, (step, (from, to))) in self.spec.steps.iter().zip(levels(self.spec)).enumerate() {
            let is_balance = at == 0 || at == last;
            let color = self.appearance.slot(if is_balance {
                0
            } else if to >= from {
                1
            } else {
                2
            });
            let left = self.center(at) - wide / 2;
            let (low, high) = (from.min(to), from.max(to));
            let bottom = self.y(low);
            // A change of nothing is a line, not a gap.
            let top = self.y(high).min(bottom - 2);
            if step.is_unfinished {
                self.canvas.hatched((left, top), (left + wide, bottom), color)?;
            } else {
                self.canvas.fill((left, top), (left + wide, bottom), color)?;
            }
            if is_balance && self.axis.from > 0.0 {
                self.tear((left - 3, left + wide + 3))?;
            }
            if at < last {
                let level = self.y(to);
                let next = self.center(at + 1) - wide / 2;
                self.canvas.line(
                    &[(left + wide + 2, level), (next - 2, level)],
                    self.appearance.axis(),
                    1,
                )?;
            }
            let change = to - from;
            let is_loss = !is_balance && change < 0.0;
            let words = if is_balance { figure::amount(to) } else { figure::signed_amount(change) };
            let place: Point = (self.center(at), if is_loss { bottom + 3 } else { top - 17 });
            let kind = if is_balance { CAPTION_STRONG } else { CAPTION };
            self.canvas.text(&words, place, kind, ink, Side::Middle)?;
        }
        if self.axis.from > 0.0 {
            self.tear((self.left - 4, self.left + 4))?;
        }
        Ok(())
    }

    /// Two slanted lines with ground between them, across whatever the break cuts.
    fn tear(&self, (left, right): (i32, i32)) -> Result<()> {
        const SLANT: i32 = 4;
        let middle = self.bottom - BREAK / 2;
        let ground = self.appearance.color("surface");
        let axis = self.appearance.axis();
        let line = |shift: i32| [(left, middle + shift + SLANT), (right, middle + shift - SLANT)];
        self.canvas.line(&line(0), ground, 6)?;
        self.canvas.line(&line(-3), axis, 1)?;
        self.canvas.line(&line(3), axis, 1)
    }
}
