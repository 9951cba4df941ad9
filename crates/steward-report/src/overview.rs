//! The overview on one page: what `overview_show` answered, as a picture.

use plotters::style::RGBColor;
use steward_core::Result;
use steward_core::overview::{Card, CardMetric, Overview, Share};

use crate::canvas::{self, BODY, BODY_STRONG, CAPTION, Canvas, FIGURE, Point, SECTION, Side, TITLE};
use crate::token::Appearance;
use crate::{chart, figure};

const WIDTH: i32 = 1200;
const MARGIN: i32 = 24;
const GAP: i32 = 16;
const ROWS: usize = 6;

/// Draws the page as SVG. `name` is the workspace, as people call it.
///
/// # Errors
/// Only when drawing itself fails, which is a fault of ours.
pub fn svg(overview: &Overview, name: &str, appearance: Appearance) -> Result<String> {
    let page = Page { overview, appearance };
    let high = 88 + 96 + GAP + 336 + GAP + 252 + 44;
    let size = (WIDTH.unsigned_abs(), u32::try_from(high).unwrap_or(848));
    canvas::draw(size, appearance.color("canvas"), |canvas| {
        page.head(canvas, name)?;
        page.cards(canvas, 88)?;
        let top = 88 + 96 + GAP;
        page.panel(canvas, (MARGIN, top), (WIDTH - MARGIN, top + 336))?;
        let inner = ((MARGIN + 16, top + 14), (WIDTH - MARGIN - 16, top + 336 - 8));
        chart::draw(canvas, &overview.activity_chart, appearance, inner)?;
        let top = top + 336 + GAP;
        let lists = [
            ("By feature", &overview.by_feature),
            ("By plan", &overview.by_plan),
            ("By model", &overview.by_model),
        ];
        let wide = (WIDTH - 2 * MARGIN - 2 * GAP) / 3;
        let mut left = MARGIN;
        for (title, shares) in lists {
            page.shares(canvas, title, shares, (left, top), (left + wide, top + 252))?;
            left += wide + GAP;
        }
        page.foot(canvas, high - 32)
    })
}

/// Draws the page as PNG with `scale` pixels for each of the page's 1,200.
///
/// # Errors
/// Only when drawing itself fails, which is a fault of ours.
pub fn png(overview: &Overview, name: &str, appearance: Appearance, scale: f32) -> Result<Vec<u8>> {
    canvas::rasterise(&svg(overview, name, appearance)?, scale)
}

struct Page<'a> {
    overview: &'a Overview,
    appearance: Appearance,
}

impl Page<'_> {
    fn ink(&self, token: &str) -> RGBColor {
        self.appearance.color(token)
    }

    fn panel(&self, canvas: &Canvas<'_, '_>, from: Point, to: Point) -> Result<()> {
        canvas.fill(from, to, self.ink("surface"))?;
        canvas.outline(from, to, self.ink("border"))
    }

    fn head(&self, canvas: &Canvas<'_, '_>, name: &str) -> Result<()> {
        canvas.text("Overview", (MARGIN, 24), TITLE, self.ink("text"), Side::Start)?;
        canvas.text(name, (WIDTH - MARGIN, 24), SECTION, self.ink("text"), Side::End)?;
        canvas.text(
            &self.overview.activity_chart.subtitle,
            (MARGIN, 56),
            BODY,
            self.ink("text-2"),
            Side::Start,
        )?;
        let (as_of, token) = match self.overview.freshness.as_of {
            Some(at) if self.overview.freshness.is_consistent => {
                (format!("as of {}", self.local(at)), "text-2")
            }
            Some(at) => {
                (format!("as of {}, still loading: totals may be incomplete", self.local(at)), "warning")
            }
            None => ("not read yet".to_owned(), "warning"),
        };
        canvas.text(&as_of, (WIDTH - MARGIN, 56), BODY, self.ink(token), Side::End)
    }

    fn local(&self, at: chrono::DateTime<chrono::Utc>) -> String {
        format!(
            "{} {}",
            at.with_timezone(&self.overview.zone).format("%Y-%m-%d %H:%M:%S"),
            self.overview.zone
        )
    }

    fn cards(&self, canvas: &Canvas<'_, '_>, top: i32) -> Result<()> {
        self.panel(canvas, (MARGIN, top), (WIDTH - MARGIN, top + 96))?;
        let count = i32::try_from(self.overview.cards.len()).unwrap_or(6).max(1);
        let wide = (WIDTH - 2 * MARGIN) / count;
        let mut left = MARGIN;
        for (at, card) in self.overview.cards.iter().enumerate() {
            if at > 0 {
                canvas.line(&[(left, top + 1), (left, top + 95)], self.ink("border"), 1)?;
            }
            self.card(canvas, card, (left + 16, top + 13), wide - 32)?;
            left += wide;
        }
        Ok(())
    }

    fn card(&self, canvas: &Canvas<'_, '_>, card: &Card, (x, y): Point, wide: i32) -> Result<()> {
        let currency = self.overview.cost.as_ref().map(|cost| cost.currency.as_str());
        let label = if card.is_estimate {
            format!("{}, est.", figure::card_label(card.metric))
        } else {
            figure::card_label(card.metric).to_owned()
        };
        canvas.text_within(&label, (x, y), wide, BODY, self.ink("text-2"))?;
        canvas.text(
            &figure::card_value(card, currency),
            (x, y + 22),
            FIGURE,
            self.ink("text"),
            Side::Start,
        )?;
        let Some(change) = &card.change else {
            return canvas.text("no comparison", (x, y + 57), CAPTION, self.ink("text-3"), Side::Start);
        };
        let words = figure::change(card.metric, change);
        let moved = change.current - change.previous;
        let arrow = if moved > 0.0 {
            "▲ "
        } else if moved < 0.0 {
            "▼ "
        } else {
            ""
        };
        let words = format!("{arrow}{words}");
        canvas.text(&words, (x, y + 57), CAPTION, self.ink(tone(card.metric, moved)), Side::Start)?;
        let beside = x + canvas::width(&words, CAPTION)? + 6;
        let rest = x + wide - beside;
        canvas.text_within("finished days", (beside, y + 57), rest, CAPTION, self.ink("text-3"))
    }

    fn shares(
        &self,
        canvas: &Canvas<'_, '_>,
        title: &str,
        shares: &[Share],
        (left, top): Point,
        (right, bottom): Point,
    ) -> Result<()> {
        self.panel(canvas, (left, top), (right, bottom))?;
        let (left, right) = (left + 16, right - 16);
        canvas.text(title, (left, top + 14), SECTION, self.ink("text"), Side::Start)?;
        canvas.text("events", (right, top + 16), CAPTION, self.ink("text-3"), Side::End)?;
        let total = self.overview.totals.events.max(1) as f64;
        let most = shares.iter().map(|share| share.events).max().unwrap_or(1).max(1) as f64;
        let mut y = top + 46;
        for share in shares.iter().take(ROWS) {
            let part = format!("{}%", figure::decimal(share.events as f64 / total * 100.0, 1));
            canvas.text_within(&share.label, (left, y), right - left - 160, BODY, self.ink("text"))?;
            let count = figure::grouped(i128::from(share.events));
            canvas.text(&count, (right - 58, y), BODY_STRONG, self.ink("text"), Side::End)?;
            canvas.text(&part, (right, y), BODY, self.ink("text-2"), Side::End)?;
            let long = chart::pixel(f64::from(right - left) * share.events as f64 / most).max(1);
            canvas.fill((left, y + 19), (right, y + 22), self.ink("sunken"))?;
            canvas.fill((left, y + 19), (left + long, y + 22), self.appearance.slot(1))?;
            y += 32;
        }
        match shares.len() {
            0 => canvas.text("No events in this range", (left, y), BODY, self.ink("text-3"), Side::Start),
            more if more > ROWS => {
                let words = format!("and {} more", more - ROWS);
                canvas.text(&words, (left, y - 3), CAPTION, self.ink("text-3"), Side::Start)
            }
            _ => Ok(()),
        }
    }

    fn foot(&self, canvas: &Canvas<'_, '_>, y: i32) -> Result<()> {
        let totals = &self.overview.totals;
        let unpriced = match totals.unpriced_events {
            0 => String::new(),
            count => {
                format!(" · {} events have no price and are not in the cost", figure::grouped(count.into()))
            }
        };
        let words = format!(
            "Steward · {} events, {} errors, {} rate limited · the unfinished day is hatched and left out of changes{unpriced}",
            figure::grouped(totals.events.into()),
            figure::grouped(totals.errors.into()),
            figure::grouped(totals.rate_limited.into()),
        );
        canvas.text_within(&words, (MARGIN, y), WIDTH - 2 * MARGIN, CAPTION, self.ink("text-3"))
    }
}

/// Good, bad or neither: more errors are bad news, more users are good news, more tokens are just more.
fn tone(metric: CardMetric, moved: f64) -> &'static str {
    let is_up = moved > 0.0;
    match metric {
        _ if moved == 0.0 => "text-2",
        CardMetric::Events | CardMetric::ActiveUsers if is_up => "success",
        CardMetric::Events | CardMetric::ActiveUsers => "danger",
        CardMetric::ErrorRate | CardMetric::LatencyP95 if is_up => "danger",
        CardMetric::ErrorRate | CardMetric::LatencyP95 => "success",
        CardMetric::Tokens | CardMetric::Cost => "text-2",
    }
}
