//! `operator_list`, `operator_create`, `operator_remove`.

use secrecy::ExposeSecret as _;
use steward_core::Result;
use steward_core::operation::Outcome;
use steward_core::operator::{OperatorCreateReq, OperatorCreated, OperatorList, OperatorRemoveReq};
use steward_store::postgres::actions::Action;
use steward_store::postgres::operators;

use super::operation::reviewed;
use crate::context::Steward;
use crate::table::Mode;

pub(crate) async fn operator_list(steward: &Steward, (): ()) -> Result<OperatorList> {
    let mut connection = steward.connect(&steward.current().await?).await?;
    Ok(OperatorList { rows: operators::list(&mut connection).await? })
}

/// The password is made here, shown once and kept nowhere; the server gets what proves it.
pub(crate) async fn operator_create(
    steward: &Steward,
    request: OperatorCreateReq,
    mode: Mode,
) -> Result<OperatorCreated> {
    let OperatorCreateReq { intent, login, name, role, reason, plan_token, confirm } = request;
    let password = operators::new_password();
    let verifier = operators::verifier(&password);
    let mut connection = steward.connect(&steward.current().await?).await?;
    // A call whose reply was lost has made the login, with a password that was lost with it.
    let is_there =
        operators::list(&mut connection).await?.iter().any(|row| row.login == login && row.is_named);
    let action = Action::CreateOperator { intent, login, name, role, verifier, reason };
    let outcome = reviewed(steward, action, plan_token, confirm, mode).await?;
    let is_fresh = mode == Mode::Run && !is_there;
    Ok(OperatorCreated { outcome, password: is_fresh.then(|| password.expose_secret().to_owned()) })
}

pub(crate) async fn operator_remove(
    steward: &Steward,
    request: OperatorRemoveReq,
    mode: Mode,
) -> Result<Outcome> {
    let OperatorRemoveReq { intent, login, reason, plan_token, confirm } = request;
    reviewed(steward, Action::RemoveOperator { intent, login, reason }, plan_token, confirm, mode).await
}
