//! THE command table. Dispatch for the window, the command line and the test server, the permission
//! rules, the tags and the TypeScript `Commands` interface all come from the one list below.

use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use steward_core::account::{UserExtendTrialReq, UserResetUsageReq, UserStatusReq};
use steward_core::audit::{AuditList, AuditListReq, AuditVerify};
use steward_core::event::{EventList, EventListReq};
use steward_core::export::{ExportJob, ExportList, ExportPlan, ExportPlanReq, ExportRef, ExportReq};
use steward_core::find::{FindList, FindReq};
use steward_core::limit::{AccountLimits, LimitCheck, LimitCheckReq, LimitListReq, LimitRaiseReq};
use steward_core::offender::{OffenderList, OffenderListReq};
use steward_core::operation::{OperationRevertReq, Outcome};
use steward_core::operator::{OperatorCreateReq, OperatorCreated, OperatorList, OperatorRemoveReq};
use steward_core::overview::{Overview, OverviewReq};
use steward_core::plan::{PlanEditReq, PlanEffect, PlanEffectReq, PlanList};
use steward_core::report::{CloseReport, ReportCloseReq, ReportRevenueReq, RevenueReport};
use steward_core::revenue::answer::{
    Revenue, RevenueBridge, RevenueBridgeReq, RevenueMovements, RevenueMovementsReq, RevenueReq,
};
use steward_core::revenue::close::{ClosedMonth, MonthCloseReq, MonthList, MonthReopenReq};
use steward_core::revenue::forecast::{RevenueForecast, RevenueForecastReq};
use steward_core::revenue::kept::{MonthDropReq, MonthDropped, MonthFiguresReq, MonthKeepReq, MonthPreview};
use steward_core::revenue::rate::{Rate, RateBaseReq, RateList, RateRef, RevenueTotal, RevenueTotalReq};
use steward_core::revenue::scenario::{
    RevenueWhatIf, RevenueWhatIfReq, Scenario, ScenarioList, ScenarioRef, ScenarioRenameReq,
};
use steward_core::revenue::stripe_answer::{RevenueStripeBridge, RevenueStripeBridgeReq};
use steward_core::stripe::billing::{
    Billing, BillingReq, InvoiceList, InvoiceListReq, PaymentList, PaymentListReq, Reconciliation,
    RefundList, RefundListReq, StripeConnectReq, StripePullRes, StripeReconcileReq, StripeStatus,
};
use steward_core::stripe::change::{
    PaymentRefundReq, SubscriptionCancelReq, SubscriptionChangeReq, SubscriptionReinstateReq,
};
use steward_core::sync::RowWindow;
use steward_core::timeline::{Timeline, TimelineReq};
use steward_core::upkeep::{
    CleanupProgress, CleanupRes, Quality, QualityReq, UsageCleanupReq, UsageRecountReq,
};
use steward_core::usage::{SavedView, SavedViewList, SavedViewRef, Usage, UsageReq};
use steward_core::user::{UserChangePlanReq, UserList, UserListReq, UserShowReq, UserView};
use steward_core::what_if::{WhatIf, WhatIfReq};
use steward_core::{Error, Result};
use ts_rs::TS;

use crate::change::Tag;
use crate::command::database::{DatabaseInstallReq, DatabaseStatus};
use crate::command::overview::{OverviewPictureReq, WrittenFile};
use crate::command::settings::Settings;
use crate::command::sync::{SyncRunRes, SyncStatus, VerifyReq, VerifyRes};
use crate::command::workspace::{
    CheckList, ConnectionTestReq, Role, SampleOpenReq, Session, Workspace, WorkspaceAddReq, WorkspaceList,
    WorkspaceModeReq, WorkspacePasswordReq, WorkspaceRef, WorkspaceRemoveReq,
};
use crate::context::Steward;
use crate::wire::{WireError, parse};

/// Whether a command asks or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CommandKind {
    /// Asks; changes nothing anywhere.
    Query,
    /// Changes something of this computer, or starts the engine.
    Mutation,
    /// Changes the server, in two steps: a preview that shows the rows, then the same request again.
    Reviewed,
}

/// How dangerous a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[ts(export)]
pub enum Tier {
    /// Reads, or moves no data of anybody.
    T0,
    /// A single write that can be taken back.
    T1,
    /// A reviewed write.
    T2,
    /// Destructive or bulk: the name is typed first.
    T3,
    /// Reveals or mints a secret.
    T4,
}

/// Whether a reviewed command is tried or carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Carried out.
    #[default]
    Run,
    /// Shows what it would do, and changes nothing.
    Preview,
}

/// A row of the table, without its types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// `noun_verb`.
    pub name: &'static str,
    /// What it does, as a sentence.
    pub doc: &'static str,
    /// Asks or changes.
    pub kind: CommandKind,
    /// The role it needs in the current workspace; none where it needs no workspace.
    pub role: Option<Role>,
    /// How dangerous it is.
    pub tier: Tier,
    /// What it reads, or for a change, touches.
    pub tags: &'static [Tag],
}

impl Spec {
    /// Whether it is not done without saying why: what is dangerous in itself. Many rows at once need a reason, too,
    /// which only their preview tells.
    #[must_use]
    pub const fn needs_reason(&self) -> bool {
        matches!((self.kind, self.tier), (CommandKind::Reviewed, Tier::T3 | Tier::T4))
    }
}

/// A command that is carried out off the caller's stack.
pub type Running<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A row of the table with its types.
pub trait Command {
    /// What is asked.
    type Request: Serialize + DeserializeOwned + TS + Send + 'static;
    /// What is answered.
    type Response: Serialize + TS + Send + 'static;
    /// The row.
    const SPEC: Spec;
    /// The bare command; [`call`] is the way in, for it checks role, mode and tier first.
    fn run(steward: &Steward, request: Self::Request, mode: Mode) -> Running<'_, Self::Response>;
}

/// Carries out a command after the checks of its row, and tells what it changed.
pub async fn call<C: Command>(steward: &Steward, request: C::Request, mode: Mode) -> Result<C::Response> {
    steward.admit(&C::SPEC, mode).await?;
    if C::SPEC.needs_reason() {
        require_reason(&request)?;
    }
    let response = C::run(steward, request, mode).await?;
    if C::SPEC.kind != CommandKind::Query && mode == Mode::Run {
        steward.announce(C::SPEC.tags);
    }
    Ok(response)
}

/// Refuses a request whose `reason` says nothing.
fn require_reason(request: &impl Serialize) -> Result<()> {
    let request = serde_json::to_value(request)
        .map_err(|cause| Error::internal("The request has no JSON form.").with_source(cause))?;
    match request.get("reason").and_then(Value::as_str) {
        Some(reason) if reason.trim().is_empty() => {
            Err(Error::invalid("reason", "This needs a reason: it goes to the audit log."))
        }
        // What goes on with a change that was decided before has that one's reason.
        Some(_) | None => Ok(()),
    }
}

async fn invoke<C: Command>(steward: &Steward, request: Value, mode: Mode) -> Result<Value> {
    let response = call::<C>(steward, parse(request)?, mode).await?;
    serde_json::to_value(response)
        .map_err(|cause| Error::internal("The answer has no JSON form.").with_source(cause))
}

macro_rules! commands {
    (@call Query $path:path, $steward:ident, $request:ident, $mode:ident) => {{
        let _ = $mode;
        Box::pin($path($steward, $request))
    }};
    (@call Mutation $path:path, $steward:ident, $request:ident, $mode:ident) => {{
        let _ = $mode;
        Box::pin($path($steward, $request))
    }};
    (@call Reviewed $path:path, $steward:ident, $request:ident, $mode:ident) => {
        Box::pin($path($steward, $request, $mode))
    };
    (@role Anyone) => { None };
    (@role $role:ident) => { Some(Role::$role) };

    ($(
        #[doc = $doc:literal]
        $kind:ident $noun:ident::$name:ident($request:ty) -> $response:ty, $role:ident, $tier:ident, [$($tag:ident),*];
    )*) => {
        /// The rows as types: `call::<row::overview_show>(…)`.
        pub mod row {
            $(
                #[doc = $doc]
                #[derive(Debug, Clone, Copy)]
                #[expect(non_camel_case_types, reason = "a row's type is called as the command is")]
                pub struct $name;
            )*
        }

        $(impl Command for row::$name {
            type Request = $request;
            type Response = $response;
            const SPEC: Spec = Spec {
                name: stringify!($name),
                doc: $doc.trim_ascii(),
                kind: CommandKind::$kind,
                role: commands!(@role $role),
                tier: Tier::$tier,
                tags: &[$(Tag::$tag),*],
            };

            fn run(steward: &Steward, request: $request, mode: Mode) -> Running<'_, $response> {
                commands!(@call $kind crate::command::$noun::$name, steward, request, mode)
            }
        })*

        /// Every command, in the order of the table.
        pub const TABLE: &[Spec] = &[$(<row::$name as Command>::SPEC),*];

        /// The one way in for callers that know a command by name only.
        pub async fn dispatch(
            steward: &Steward,
            name: &str,
            request: Value,
            mode: Mode,
        ) -> std::result::Result<Value, WireError> {
            let result = match name {
                $(stringify!($name) => Box::pin(invoke::<row::$name>(steward, request, mode)).await,)*
                // A name that reaches this far comes from a caller, not from the table.
                other => Err(Error::invalid("command", format!("There is no command `{other}`."))),
            };
            result.map_err(|error| WireError::from_error(&error))
        }

        /// Shows every row's request and response to a visitor of types.
        pub(crate) fn visit_types(visitor: &mut impl TypePairVisitor) {
            $(visitor.visit::<$request, $response>(&<row::$name as Command>::SPEC);)*
        }
    };
}

/// Sees the types of every row.
pub(crate) trait TypePairVisitor {
    /// One row.
    fn visit<Req: TS + DeserializeOwned + 'static, Res: TS + 'static>(&mut self, spec: &Spec);
}

commands! {
    /// Who sits in front of it, in which workspace, with which role.
    Query session::session_show(()) -> Session, Anyone, T0, [Workspace];
    /// What a person chose on this computer.
    Query settings::settings_show(()) -> Settings, Anyone, T0, [Settings];
    /// Keeps what a person chose.
    Mutation settings::settings_update(Settings) -> Settings, Anyone, T1, [Settings];
    /// The workspaces of this computer.
    Query workspace::workspace_list(()) -> WorkspaceList, Anyone, T0, [Workspace];
    /// Adds a workspace and makes it the current one; with the name and server of one that is there, keeps a new password.
    Mutation workspace::workspace_add(WorkspaceAddReq) -> Workspace, Anyone, T1, [Workspace, Sync, Usage, Users, Plans, Audit, Billing];
    /// Makes a workspace the current one.
    Mutation workspace::workspace_use(WorkspaceRef) -> Workspace, Anyone, T0, [Workspace, Sync, Usage, Users, Plans, Audit, Billing];
    /// Allows or refuses changes in a workspace.
    Mutation workspace::workspace_mode(WorkspaceModeReq) -> Workspace, Anyone, T1, [Workspace];
    /// Keeps a new password of a workspace's login, unless the server refuses it, and goes on with it.
    Mutation workspace::workspace_password(WorkspacePasswordReq) -> Workspace, Anyone, T1, [Workspace, Sync];
    /// Forgets a workspace, its password and its copy; the server keeps its data.
    Mutation workspace::workspace_remove(WorkspaceRemoveReq) -> WorkspaceList, Anyone, T3, [Workspace, Sync, Usage, Users, Plans, Audit, Billing];
    /// Tests a connection step by step.
    Query connection::connection_test(ConnectionTestReq) -> CheckList, Anyone, T0, [];
    /// Checks this computer, the copy and the server.
    Query doctor::doctor_run(()) -> CheckList, Anyone, T0, [Workspace, Sync];
    /// What of Steward's schema a database has.
    Query database::database_status(DatabaseInstallReq) -> DatabaseStatus, Anyone, T0, [Workspace];
    /// Installs or migrates Steward's schema.
    Reviewed database::database_install(DatabaseInstallReq) -> DatabaseStatus, Anyone, T2, [Workspace, Sync];
    /// Opens the sample company.
    Mutation sample::sample_open(SampleOpenReq) -> Workspace, Anyone, T1, [Workspace, Sync, Usage, Users, Plans, Audit, Billing];
    /// How fresh each dataset is, and what the engine does.
    Query sync::sync_status(()) -> SyncStatus, Anyone, T0, [Sync];
    /// Reads what changed on the server, now.
    Mutation sync::sync_run(()) -> SyncRunRes, Viewer, T0, [Sync];
    /// Stops the engine until it is resumed.
    Mutation sync::sync_pause(()) -> SyncStatus, Viewer, T1, [Sync];
    /// Lets the engine go on.
    Mutation sync::sync_resume(()) -> SyncStatus, Viewer, T1, [Sync];
    /// Sets which events are kept as rows; older ones are kept as sums.
    Mutation sync::sync_window(RowWindow) -> SyncStatus, Viewer, T1, [Sync, Usage];
    /// Compares every row and every rollup with the server, inside one cut.
    Mutation sync::sync_verify(VerifyReq) -> VerifyRes, Viewer, T0, [Sync];
    /// Puts the copy aside and reads it anew.
    Mutation sync::sync_rebuild(()) -> SyncStatus, Viewer, T2, [Sync, Usage, Users, Plans, Audit, Billing];
    /// The state of the company in one answer.
    Query overview::overview_show(OverviewReq) -> Overview, Viewer, T0, [Usage, Users, Plans];
    /// Writes the overview as a picture into a file of this computer.
    Mutation overview::overview_picture(OverviewPictureReq) -> WrittenFile, Viewer, T0, [];
    /// What was used, by anything an event is counted by, compared with the days before.
    Query usage::usage_show(UsageReq) -> Usage, Viewer, T0, [Usage, Users, Plans];
    /// Who would have been refused in a month under other limits; nothing is changed by asking.
    Query usage::usage_what_if(WhatIfReq) -> WhatIf, Viewer, T0, [Users, Plans];
    /// Accounts over or near a limit, with many failures, a sudden rise or refusals.
    Query usage::offender_list(OffenderListReq) -> OffenderList, Viewer, T0, [Usage, Users, Plans];
    /// The views kept for the current workspace on this computer.
    Query view::view_list(()) -> SavedViewList, Viewer, T0, [Settings, Workspace];
    /// Keeps a view under a name; one of that name is replaced.
    Mutation view::view_save(SavedView) -> SavedViewList, Viewer, T1, [Settings];
    /// Forgets a kept view.
    Mutation view::view_remove(SavedViewRef) -> SavedViewList, Viewer, T1, [Settings];
    /// The rows behind a number.
    Query event::event_list(EventListReq) -> EventList, Viewer, T0, [Usage, Users];
    /// Users and teams by id, e-mail address, name, Stripe's id or an invoice's number, the best match first.
    Query find::record_find(FindReq) -> FindList, Viewer, T0, [Users];
    /// Users by search, plan, status, role, team and time, in any order.
    Query user::user_list(UserListReq) -> UserList, Viewer, T0, [Users];
    /// Everything about one user.
    Query user::user_show(UserShowReq) -> UserView, Viewer, T0, [Users, Usage, Plans, Audit];
    /// Everything that happened to a user, newest first.
    Query timeline::timeline_list(TimelineReq) -> Timeline, Viewer, T0, [Users, Usage, Plans, Audit];
    /// The plans with their limits.
    Query plan::plan_list(()) -> PlanList, Viewer, T0, [Plans, Users];
    /// What an edit of a plan would do: to revenue, and to who is over its limits.
    Query plan::plan_effect(PlanEffectReq) -> PlanEffect, Admin, T0, [Users, Plans];
    /// Changes prices and limits of a plan; who is on its own price pays the new one from then on.
    Reviewed plan::plan_edit(PlanEditReq) -> Outcome, Admin, T3, [Users, Plans, Audit];
    /// Recurring revenue of a month and of those before it, in one currency under one definition.
    Query revenue::revenue_show(RevenueReq) -> Revenue, Finance, T0, [Users, Plans];
    /// Who is behind a movement of revenue, and by which changes.
    Query revenue::revenue_movements(RevenueMovementsReq) -> RevenueMovements, Finance, T0, [Users, Plans];
    /// Why two definitions of revenue differ, to the cent.
    Query revenue::revenue_bridge(RevenueBridgeReq) -> RevenueBridge, Finance, T0, [Users, Plans];
    /// Why recurring revenue here and at Stripe differ, to the cent: each kind of difference with what it is worth.
    Query revenue::revenue_stripe_bridge(RevenueStripeBridgeReq) -> RevenueStripeBridge, Finance, T0, [Billing, Users, Plans];
    /// Where MRR is heading: an estimate with its back-tested error, beside the naive one.
    Query revenue::revenue_forecast(RevenueForecastReq) -> RevenueForecast, Finance, T0, [Users, Plans];
    /// What MRR would be under other prices, churn or conversion; nothing is changed by asking.
    Query revenue::revenue_what_if(RevenueWhatIfReq) -> RevenueWhatIf, Finance, T0, [Users, Plans];
    /// All currencies together at stated rates, beside what stands in each.
    Query revenue::revenue_total(RevenueTotalReq) -> RevenueTotal, Finance, T0, [Users, Plans, Settings, Workspace];
    /// The scenarios kept for the current workspace on this computer.
    Query scenario::scenario_list(()) -> ScenarioList, Finance, T0, [Settings, Workspace];
    /// Keeps assumptions under a name; a scenario of that name is replaced.
    Mutation scenario::scenario_save(Scenario) -> ScenarioList, Finance, T1, [Settings];
    /// Gives a kept scenario another name.
    Mutation scenario::scenario_rename(ScenarioRenameReq) -> ScenarioList, Finance, T1, [Settings];
    /// Forgets a kept scenario.
    Mutation scenario::scenario_remove(ScenarioRef) -> ScenarioList, Finance, T1, [Settings];
    /// The base currency of the current workspace and the rates stated for it on this computer.
    Query rate::rate_list(()) -> RateList, Finance, T0, [Settings, Workspace];
    /// Chooses the base currency, or none; the rates of another one go.
    Mutation rate::rate_base(RateBaseReq) -> RateList, Finance, T1, [Settings];
    /// States what one unit of a currency is worth in the base currency.
    Mutation rate::rate_set(Rate) -> RateList, Finance, T1, [Settings];
    /// Forgets a stated rate.
    Mutation rate::rate_remove(RateRef) -> RateList, Finance, T1, [Settings];
    /// The closed months beside what history gives for them now.
    Query month::month_list(()) -> MonthList, Finance, T0, [Users, Plans, Settings, Workspace];
    /// Writes the numbers of a month down as they were reported: those of now, or those kept on this computer.
    Reviewed month::month_close(MonthCloseReq) -> Outcome, Finance, T3, [Users, Audit, Settings];
    /// What closing a month would write down now; nothing is kept by asking.
    Query month::month_figures(MonthFiguresReq) -> MonthPreview, Finance, T0, [Users, Plans];
    /// Closes a month on this computer, sealed, until it is sent.
    Mutation month::month_keep(MonthKeepReq) -> ClosedMonth, Finance, T1, [Settings];
    /// Throws away a month that was closed on this computer and not sent.
    Mutation month::month_drop(MonthDropReq) -> MonthDropped, Finance, T3, [Settings];
    /// Reopens a closed month; what was frozen stays in the audit log.
    Reviewed month::month_reopen(MonthReopenReq) -> Outcome, Finance, T3, [Users, Audit];
    /// What the report of a month's revenue holds: every currency, each apart; `export_run` makes a file of it.
    Query report::report_revenue(ReportRevenueReq) -> RevenueReport, Finance, T0, [Users, Plans, Settings, Workspace];
    /// What the report of a closed month holds: the frozen numbers, what changed since, who closed it and why.
    Query report::report_close(ReportCloseReq) -> CloseReport, Finance, T0, [Users, Plans, Audit, Settings, Workspace];
    /// What the report of a range holds: the overview.
    Query report::report_overview(OverviewReq) -> Overview, Viewer, T0, [Usage, Users, Plans];
    /// Moves users to another plan.
    Reviewed user::user_change_plan(UserChangePlanReq) -> Outcome, Support, T2, [Users, Plans, Audit];
    /// Shuts users out of the product until they are restored.
    Reviewed account::user_suspend(UserStatusReq) -> Outcome, Support, T3, [Users, Audit];
    /// Lets suspended users back in.
    Reviewed account::user_restore(UserStatusReq) -> Outcome, Support, T2, [Users, Audit];
    /// Moves the end of trials to a later instant.
    Reviewed account::user_extend_trial(UserExtendTrialReq) -> Outcome, Support, T2, [Users, Audit];
    /// Sets counters back to 0; what they were stays in the history.
    Reviewed account::user_reset_usage(UserResetUsageReq) -> Outcome, Support, T2, [Users, Audit];
    /// Whether a user may use so much of a metric, from the copy.
    Query limit::limit_check(LimitCheckReq) -> LimitCheck, Viewer, T0, [Users, Plans];
    /// What a user may do: every limit with its use, and the features of the plan.
    Query limit::limit_list(LimitListReq) -> AccountLimits, Viewer, T0, [Users, Plans];
    /// Raises a limit until an instant; it ends by itself.
    Reviewed limit::limit_raise(LimitRaiseReq) -> Outcome, Support, T2, [Users, Audit];
    /// Removes usage before so many whole months; it cannot be taken back.
    Reviewed upkeep::usage_cleanup(UsageCleanupReq) -> CleanupRes, Admin, T3, [Usage, Users, Audit];
    /// Goes on with a cleanup that was interrupted.
    Reviewed upkeep::cleanup_resume(()) -> CleanupProgress, Admin, T3, [Usage, Users, Audit];
    /// Counts a month's counters again from its events.
    Reviewed upkeep::usage_recount(UsageRecountReq) -> Outcome, Admin, T2, [Users, Audit];
    /// What is wrong with the data of the last days, from the server.
    Query upkeep::quality_show(QualityReq) -> Quality, Viewer, T0, [Usage, Users];
    /// Who may use the console, from the server.
    Query operator::operator_list(()) -> OperatorList, Admin, T0, [Users, Audit];
    /// Makes a login with a role's rights; its password is answered this once.
    Reviewed operator::operator_create(OperatorCreateReq) -> OperatorCreated, Admin, T4, [Users, Audit];
    /// Removes a login; what it did stays in the audit log.
    Reviewed operator::operator_remove(OperatorRemoveReq) -> Outcome, Admin, T3, [Users, Audit];
    /// Writes the rows of a change back as they were.
    Reviewed operation::operation_revert(OperationRevertReq) -> Outcome, Support, T2, [Users, Plans, Audit];
    /// What an export of a table or a chart would hold: its exact rows and columns.
    Query export::export_plan(ExportPlanReq) -> ExportPlan, Viewer, T0, [Usage, Users, Plans, Audit];
    /// Writes a table or a chart into a file of this computer, with a manifest beside it; answers at the end.
    Mutation export::export_run(ExportReq) -> ExportJob, Viewer, T0, [Exports];
    /// The exports of this computer, those that run included.
    Query export::export_list(()) -> ExportList, Viewer, T0, [Exports];
    /// Stops an export; no half file is left.
    Mutation export::export_cancel(ExportRef) -> ExportList, Viewer, T0, [Exports];
    /// How the workspace is connected to Stripe, and how far it was read.
    Query stripe::stripe_status(()) -> StripeStatus, Viewer, T0, [Billing, Sync];
    /// Checks a key of Stripe's and keeps it in the keyring.
    Mutation stripe::stripe_connect(StripeConnectReq) -> StripeStatus, Finance, T1, [Billing];
    /// Forgets the key of Stripe's; what was read stays until another account is read.
    Mutation stripe::stripe_disconnect(()) -> StripeStatus, Finance, T1, [Billing];
    /// Reads what Stripe has, or goes on with a reading that was interrupted.
    Mutation stripe::stripe_pull(()) -> StripePullRes, Viewer, T0, [Billing, Sync];
    /// Subscriptions here against what Stripe bills: each difference with the way to remove it.
    Query stripe::stripe_reconcile(StripeReconcileReq) -> Reconciliation, Viewer, T0, [Billing, Users, Plans];
    /// Invoiced, collected, failed, refunded and at risk, each currency apart.
    Query billing::billing_show(BillingReq) -> Billing, Viewer, T0, [Billing];
    /// Invoices, newest first.
    Query billing::invoice_list(InvoiceListReq) -> InvoiceList, Viewer, T0, [Billing, Users];
    /// Attempts to take money, those that failed included, newest first.
    Query billing::payment_list(PaymentListReq) -> PaymentList, Viewer, T0, [Billing, Users];
    /// Moves a subscription at Stripe to another plan, interval or number of seats, prorated at the instant of its preview.
    Reviewed change_at_stripe::subscription_change(SubscriptionChangeReq) -> Outcome, Support, T2, [Billing, Users, Audit];
    /// Ends a subscription at Stripe, at once or with its period.
    Reviewed change_at_stripe::subscription_cancel(SubscriptionCancelReq) -> Outcome, Support, T3, [Billing, Users, Audit];
    /// Takes back that a subscription at Stripe ends with its period.
    Reviewed change_at_stripe::subscription_reinstate(SubscriptionReinstateReq) -> Outcome, Support, T2, [Billing, Users, Audit];
    /// Gives a payment back at Stripe, in whole or in part.
    Reviewed change_at_stripe::payment_refund(PaymentRefundReq) -> Outcome, Admin, T3, [Billing, Users, Audit];
    /// Money given back, newest first.
    Query billing::refund_list(RefundListReq) -> RefundList, Viewer, T0, [Billing, Users];
    /// Who changed what.
    Query audit::audit_list(AuditListReq) -> AuditList, Viewer, T0, [Audit];
    /// Whether the audit log is whole: its chain on the server, and the ends of it this computer has seen.
    Query audit::audit_verify(()) -> AuditVerify, Viewer, T0, [];
}
