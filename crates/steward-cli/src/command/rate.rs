//! `rates`: the base currency and what others are worth in it.

use steward_app::table::{Mode, row};
use steward_core::Result;
use steward_core::revenue::rate::{Rate, RateBaseReq, RateRef};

use crate::args::RateCommand;
use crate::client::{Answer, Client};
use crate::render::outlook as render;

pub(crate) async fn run(client: &Client, command: RateCommand) -> Result<Answer> {
    let list = match command {
        RateCommand::List => client.ask::<row::rate_list>(()).await?,
        RateCommand::Base { currency } => {
            let base = (!currency.eq_ignore_ascii_case("none")).then_some(currency);
            client.call::<row::rate_base>(RateBaseReq { base }, Mode::Run).await?
        }
        RateCommand::Set { currency, rate, date, source } => {
            client.call::<row::rate_set>(Rate { currency, rate, date, source }, Mode::Run).await?
        }
        RateCommand::Remove { currency } => {
            client.call::<row::rate_remove>(RateRef { currency }, Mode::Run).await?
        }
    };
    Answer::new(&list, render::rates(&list))
}
