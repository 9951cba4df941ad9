//! `user_list`, `user_show`, `user_change_plan`.

use steward_core::Result;
use steward_core::operation::Outcome;
use steward_core::user::{UserChangePlanReq, UserList, UserListReq, UserShowReq, UserView};

use crate::context::Steward;
use crate::table::Mode;

pub(crate) async fn user_list(steward: &Steward, request: UserListReq) -> Result<UserList> {
    let _ = (steward, request);
    crate::pending::pending("user_list").await
}

pub(crate) async fn user_show(steward: &Steward, request: UserShowReq) -> Result<UserView> {
    let _ = (steward, request);
    crate::pending::pending("user_show").await
}

pub(crate) async fn user_change_plan(
    steward: &Steward,
    request: UserChangePlanReq,
    mode: Mode,
) -> Result<Outcome> {
    let _ = (steward, request, mode);
    crate::pending::pending("user_change_plan").await
}
