//! `users show | timeline`: an account.

use serde::Serialize;
use steward_app::table::row;
use steward_core::Result;
use steward_core::event::{EventField, EventFilter, EventListReq, EventRow};
use steward_core::period::{Compare, Period};
use steward_core::timeline::{TimelineEntry, TimelineReq, TimelineTopic};
use steward_core::user::{UserShowReq, UserView};

use crate::args::{Page, TopicArg};
use crate::client::{Answer, Client};
use crate::render;

/// Entries of the timeline shown with an account.
const TIMELINE: u32 = 12;

/// Events shown with an account.
const EVENTS: u32 = 5;

/// The account page as data.
#[derive(Serialize)]
struct Account<'a> {
    #[serde(flatten)]
    view: &'a UserView,
    timeline: &'a [TimelineEntry],
    recent_events: &'a [EventRow],
}

pub(crate) async fn show(client: &Client, user: String) -> Result<Answer> {
    client.ensure_fresh().await?;
    let (zone, range) = (client.zone().await?, client.range().await?);
    let view = client.ask::<row::user_show>(UserShowReq { user, zone, range }).await?;
    let id = view.user.id.to_string();
    let timeline = client
        .ask::<row::timeline_list>(TimelineReq {
            user: id.clone(),
            zone,
            topic: TimelineTopic::All,
            after: None,
            limit: TIMELINE,
        })
        .await?;
    let Period { start, end } = range.resolve(zone, client.as_of().await?, Compare::Off).period;
    let recent = client
        .ask::<row::event_list>(EventListReq {
            period: Period { start, end },
            filters: vec![EventFilter::is(EventField::UserId, Some(&id))],
            hour: None,
            after: None,
            limit: EVENTS,
        })
        .await?;
    let text = render::user::account(&view, &timeline, &recent.rows, zone);
    let data = Account { view: &view, timeline: &timeline.rows, recent_events: &recent.rows };
    Ok(Answer::new(&data, text)?.fresh(&view.freshness))
}

pub(crate) async fn timeline(client: &Client, user: String, topic: TopicArg, page: Page) -> Result<Answer> {
    client.ensure_fresh().await?;
    let zone = client.zone().await?;
    let topic = match topic {
        TopicArg::All => TimelineTopic::All,
        TopicArg::Plan => TimelineTopic::Plan,
        TopicArg::Limits => TimelineTopic::Limits,
        TopicArg::Changes => TimelineTopic::Changes,
    };
    let request = TimelineReq { user, zone, topic, after: page.after, limit: page.limit };
    let found = client.ask::<row::timeline_list>(request).await?;
    let text = render::user::timeline(&found.rows, zone);
    Ok(Answer::new(&found, text)?.fresh(&found.freshness).next(found.next.clone()))
}
