// Written from crates/steward-app/src/table.rs by `cargo x gen`; changes made here are lost.
import type { AccountLimits } from "./AccountLimits";
import type { AuditList } from "./AuditList";
import type { AuditListReq } from "./AuditListReq";
import type { AuditVerify } from "./AuditVerify";
import type { Billing } from "./Billing";
import type { BillingReq } from "./BillingReq";
import type { CheckList } from "./CheckList";
import type { CleanupProgress } from "./CleanupProgress";
import type { CleanupRes } from "./CleanupRes";
import type { CloseReport } from "./CloseReport";
import type { ClosedMonth } from "./ClosedMonth";
import type { CommandKind } from "./CommandKind";
import type { ConnectionTestReq } from "./ConnectionTestReq";
import type { DatabaseInstallReq } from "./DatabaseInstallReq";
import type { DatabaseStatus } from "./DatabaseStatus";
import type { EventList } from "./EventList";
import type { EventListReq } from "./EventListReq";
import type { ExportJob } from "./ExportJob";
import type { ExportList } from "./ExportList";
import type { ExportPlan } from "./ExportPlan";
import type { ExportPlanReq } from "./ExportPlanReq";
import type { ExportRef } from "./ExportRef";
import type { ExportReq } from "./ExportReq";
import type { FindList } from "./FindList";
import type { FindReq } from "./FindReq";
import type { InvoiceList } from "./InvoiceList";
import type { InvoiceListReq } from "./InvoiceListReq";
import type { LimitCheck } from "./LimitCheck";
import type { LimitCheckReq } from "./LimitCheckReq";
import type { LimitListReq } from "./LimitListReq";
import type { LimitRaiseReq } from "./LimitRaiseReq";
import type { MonthCloseReq } from "./MonthCloseReq";
import type { MonthDropReq } from "./MonthDropReq";
import type { MonthDropped } from "./MonthDropped";
import type { MonthFiguresReq } from "./MonthFiguresReq";
import type { MonthKeepReq } from "./MonthKeepReq";
import type { MonthList } from "./MonthList";
import type { MonthPreview } from "./MonthPreview";
import type { MonthReopenReq } from "./MonthReopenReq";
import type { OffenderList } from "./OffenderList";
import type { OffenderListReq } from "./OffenderListReq";
import type { OperationRevertReq } from "./OperationRevertReq";
import type { OperatorCreateReq } from "./OperatorCreateReq";
import type { OperatorCreated } from "./OperatorCreated";
import type { OperatorList } from "./OperatorList";
import type { OperatorRemoveReq } from "./OperatorRemoveReq";
import type { Outcome } from "./Outcome";
import type { Overview } from "./Overview";
import type { OverviewPictureReq } from "./OverviewPictureReq";
import type { OverviewReq } from "./OverviewReq";
import type { PaymentList } from "./PaymentList";
import type { PaymentListReq } from "./PaymentListReq";
import type { PaymentRefundReq } from "./PaymentRefundReq";
import type { PlanEditReq } from "./PlanEditReq";
import type { PlanEffect } from "./PlanEffect";
import type { PlanEffectReq } from "./PlanEffectReq";
import type { PlanList } from "./PlanList";
import type { Quality } from "./Quality";
import type { QualityReq } from "./QualityReq";
import type { Rate } from "./Rate";
import type { RateBaseReq } from "./RateBaseReq";
import type { RateList } from "./RateList";
import type { RateRef } from "./RateRef";
import type { Reconciliation } from "./Reconciliation";
import type { RefundList } from "./RefundList";
import type { RefundListReq } from "./RefundListReq";
import type { ReportCloseReq } from "./ReportCloseReq";
import type { ReportRevenueReq } from "./ReportRevenueReq";
import type { Revenue } from "./Revenue";
import type { RevenueBridge } from "./RevenueBridge";
import type { RevenueBridgeReq } from "./RevenueBridgeReq";
import type { RevenueForecast } from "./RevenueForecast";
import type { RevenueForecastReq } from "./RevenueForecastReq";
import type { RevenueMovements } from "./RevenueMovements";
import type { RevenueMovementsReq } from "./RevenueMovementsReq";
import type { RevenueReport } from "./RevenueReport";
import type { RevenueReq } from "./RevenueReq";
import type { RevenueStripeBridge } from "./RevenueStripeBridge";
import type { RevenueStripeBridgeReq } from "./RevenueStripeBridgeReq";
import type { RevenueTotal } from "./RevenueTotal";
import type { RevenueTotalReq } from "./RevenueTotalReq";
import type { RevenueWhatIf } from "./RevenueWhatIf";
import type { RevenueWhatIfReq } from "./RevenueWhatIfReq";
import type { Role } from "./Role";
import type { RowWindow } from "./RowWindow";
import type { SampleOpenReq } from "./SampleOpenReq";
import type { SavedView } from "./SavedView";
import type { SavedViewList } from "./SavedViewList";
import type { SavedViewRef } from "./SavedViewRef";
import type { Scenario } from "./Scenario";
import type { ScenarioList } from "./ScenarioList";
import type { ScenarioRef } from "./ScenarioRef";
import type { ScenarioRenameReq } from "./ScenarioRenameReq";
import type { Session } from "./Session";
import type { Settings } from "./Settings";
import type { StripeConnectReq } from "./StripeConnectReq";
import type { StripePullRes } from "./StripePullRes";
import type { StripeReconcileReq } from "./StripeReconcileReq";
import type { StripeStatus } from "./StripeStatus";
import type { SubscriptionCancelReq } from "./SubscriptionCancelReq";
import type { SubscriptionChangeReq } from "./SubscriptionChangeReq";
import type { SubscriptionReinstateReq } from "./SubscriptionReinstateReq";
import type { SyncRunRes } from "./SyncRunRes";
import type { SyncStatus } from "./SyncStatus";
import type { Tag } from "./Tag";
import type { Tier } from "./Tier";
import type { Timeline } from "./Timeline";
import type { TimelineReq } from "./TimelineReq";
import type { Usage } from "./Usage";
import type { UsageCleanupReq } from "./UsageCleanupReq";
import type { UsageRecountReq } from "./UsageRecountReq";
import type { UsageReq } from "./UsageReq";
import type { UserChangePlanReq } from "./UserChangePlanReq";
import type { UserExtendTrialReq } from "./UserExtendTrialReq";
import type { UserList } from "./UserList";
import type { UserListReq } from "./UserListReq";
import type { UserResetUsageReq } from "./UserResetUsageReq";
import type { UserShowReq } from "./UserShowReq";
import type { UserStatusReq } from "./UserStatusReq";
import type { UserView } from "./UserView";
import type { VerifyReq } from "./VerifyReq";
import type { VerifyRes } from "./VerifyRes";
import type { WhatIf } from "./WhatIf";
import type { WhatIfReq } from "./WhatIfReq";
import type { Workspace } from "./Workspace";
import type { WorkspaceAddReq } from "./WorkspaceAddReq";
import type { WorkspaceList } from "./WorkspaceList";
import type { WorkspaceModeReq } from "./WorkspaceModeReq";
import type { WorkspacePasswordReq } from "./WorkspacePasswordReq";
import type { WorkspaceRef } from "./WorkspaceRef";
import type { WorkspaceRemoveReq } from "./WorkspaceRemoveReq";
import type { WrittenFile } from "./WrittenFile";

/** What each command takes and gives. */
export interface Commands {
  /** Who sits in front of it, in which workspace, with which role. */
  session_show: { request: null; response: Session };
  /** What a person chose on this computer. */
  settings_show: { request: null; response: Settings };
  /** Keeps what a person chose. */
  settings_update: { request: Settings; response: Settings };
  /** The workspaces of this computer. */
  workspace_list: { request: null; response: WorkspaceList };
  /** Adds a workspace and makes it the current one; with the name and server of one that is there, keeps a new password. */
  workspace_add: { request: WorkspaceAddReq; response: Workspace };
  /** Makes a workspace the current one. */
  workspace_use: { request: WorkspaceRef; response: Workspace };
  /** Allows or refuses changes in a workspace. */
  workspace_mode: { request: WorkspaceModeReq; response: Workspace };
  /** Keeps a new password of a workspace's login, unless the server refuses it, and goes on with it. */
  workspace_password: { request: WorkspacePasswordReq; response: Workspace };
  /** Forgets a workspace, its password and its copy; the server keeps its data. */
  workspace_remove: { request: WorkspaceRemoveReq; response: WorkspaceList };
  /** Tests a connection step by step. */
  connection_test: { request: ConnectionTestReq; response: CheckList };
  /** Checks this computer, the copy and the server. */
  doctor_run: { request: null; response: CheckList };
  /** What of Steward's schema a database has. */
  database_status: { request: DatabaseInstallReq; response: DatabaseStatus };
  /** Installs or migrates Steward's schema. */
  database_install: { request: DatabaseInstallReq; response: DatabaseStatus };
  /** Opens the sample company. */
  sample_open: { request: SampleOpenReq; response: Workspace };
  /** How fresh each dataset is, and what the engine does. */
  sync_status: { request: null; response: SyncStatus };
  /** Reads what changed on the server, now. */
  sync_run: { request: null; response: SyncRunRes };
  /** Stops the engine until it is resumed. */
  sync_pause: { request: null; response: SyncStatus };
  /** Lets the engine go on. */
  sync_resume: { request: null; response: SyncStatus };
  /** Sets which events are kept as rows; older ones are kept as sums. */
  sync_window: { request: RowWindow; response: SyncStatus };
  /** Compares every row and every rollup with the server, inside one cut. */
  sync_verify: { request: VerifyReq; response: VerifyRes };
  /** Puts the copy aside and reads it anew. */
  sync_rebuild: { request: null; response: SyncStatus };
  /** The state of the company in one answer. */
  overview_show: { request: OverviewReq; response: Overview };
  /** Writes the overview as a picture into a file of this computer. */
  overview_picture: { request: OverviewPictureReq; response: WrittenFile };
  /** What was used, by anything an event is counted by, compared with the days before. */
  usage_show: { request: UsageReq; response: Usage };
  /** Who would have been refused in a month under other limits; nothing is changed by asking. */
  usage_what_if: { request: WhatIfReq; response: WhatIf };
  /** Accounts over or near a limit, with many failures, a sudden rise or refusals. */
  offender_list: { request: OffenderListReq; response: OffenderList };
  /** The views kept for the current workspace on this computer. */
  view_list: { request: null; response: SavedViewList };
  /** Keeps a view under a name; one of that name is replaced. */
  view_save: { request: SavedView; response: SavedViewList };
  /** Forgets a kept view. */
  view_remove: { request: SavedViewRef; response: SavedViewList };
  /** The rows behind a number. */
  event_list: { request: EventListReq; response: EventList };
  /** Users and teams by id, e-mail address, name, Stripe's id or an invoice's number, the best match first. */
  record_find: { request: FindReq; response: FindList };
  /** Users by search, plan, status, role, team and time, in any order. */
  user_list: { request: UserListReq; response: UserList };
  /** Everything about one user. */
  user_show: { request: UserShowReq; response: UserView };
  /** Everything that happened to a user, newest first. */
  timeline_list: { request: TimelineReq; response: Timeline };
  /** The plans with their limits. */
  plan_list: { request: null; response: PlanList };
  /** What an edit of a plan would do: to revenue, and to who is over its limits. */
  plan_effect: { request: PlanEffectReq; response: PlanEffect };
  /** Changes prices and limits of a plan; who is on its own price pays the new one from then on. */
  plan_edit: { request: PlanEditReq; response: Outcome };
  /** Recurring revenue of a month and of those before it, in one currency under one definition. */
  revenue_show: { request: RevenueReq; response: Revenue };
  /** Who is behind a movement of revenue, and by which changes. */
  revenue_movements: { request: RevenueMovementsReq; response: RevenueMovements };
  /** Why two definitions of revenue differ, to the cent. */
  revenue_bridge: { request: RevenueBridgeReq; response: RevenueBridge };
  /** Why recurring revenue here and at Stripe differ, to the cent: each kind of difference with what it is worth. */
  revenue_stripe_bridge: { request: RevenueStripeBridgeReq; response: RevenueStripeBridge };
  /** Where MRR is heading: an estimate with its back-tested error, beside the naive one. */
  revenue_forecast: { request: RevenueForecastReq; response: RevenueForecast };
  /** What MRR would be under other prices, churn or conversion; nothing is changed by asking. */
  revenue_what_if: { request: RevenueWhatIfReq; response: RevenueWhatIf };
  /** All currencies together at stated rates, beside what stands in each. */
  revenue_total: { request: RevenueTotalReq; response: RevenueTotal };
  /** The scenarios kept for the current workspace on this computer. */
  scenario_list: { request: null; response: ScenarioList };
  /** Keeps assumptions under a name; a scenario of that name is replaced. */
  scenario_save: { request: Scenario; response: ScenarioList };
  /** Gives a kept scenario another name. */
  scenario_rename: { request: ScenarioRenameReq; response: ScenarioList };
  /** Forgets a kept scenario. */
  scenario_remove: { request: ScenarioRef; response: ScenarioList };
  /** The base currency of the current workspace and the rates stated for it on this computer. */
  rate_list: { request: null; response: RateList };
  /** Chooses the base currency, or none; the rates of another one go. */
  rate_base: { request: RateBaseReq; response: RateList };
  /** States what one unit of a currency is worth in the base currency. */
  rate_set: { request: Rate; response: RateList };
  /** Forgets a stated rate. */
  rate_remove: { request: RateRef; response: RateList };
  /** The closed months beside what history gives for them now. */
  month_list: { request: null; response: MonthList };
  /** Writes the numbers of a month down as they were reported: those of now, or those kept on this computer. */
  month_close: { request: MonthCloseReq; response: Outcome };
  /** What closing a month would write down now; nothing is kept by asking. */
  month_figures: { request: MonthFiguresReq; response: MonthPreview };
  /** Closes a month on this computer, sealed, until it is sent. */
  month_keep: { request: MonthKeepReq; response: ClosedMonth };
  /** Throws away a month that was closed on this computer and not sent. */
  month_drop: { request: MonthDropReq; response: MonthDropped };
  /** Reopens a closed month; what was frozen stays in the audit log. */
  month_reopen: { request: MonthReopenReq; response: Outcome };
  /** What the report of a month's revenue holds: every currency, each apart; `export_run` makes a file of it. */
  report_revenue: { request: ReportRevenueReq; response: RevenueReport };
  /** What the report of a closed month holds: the frozen numbers, what changed since, who closed it and why. */
  report_close: { request: ReportCloseReq; response: CloseReport };
  /** What the report of a range holds: the overview. */
  report_overview: { request: OverviewReq; response: Overview };
  /** Moves users to another plan. */
  user_change_plan: { request: UserChangePlanReq; response: Outcome };
  /** Shuts users out of the product until they are restored. */
  user_suspend: { request: UserStatusReq; response: Outcome };
  /** Lets suspended users back in. */
  user_restore: { request: UserStatusReq; response: Outcome };
  /** Moves the end of trials to a later instant. */
  user_extend_trial: { request: UserExtendTrialReq; response: Outcome };
  /** Sets counters back to 0; what they were stays in the history. */
  user_reset_usage: { request: UserResetUsageReq; response: Outcome };
  /** Whether a user may use so much of a metric, from the copy. */
  limit_check: { request: LimitCheckReq; response: LimitCheck };
  /** What a user may do: every limit with its use, and the features of the plan. */
  limit_list: { request: LimitListReq; response: AccountLimits };
  /** Raises a limit until an instant; it ends by itself. */
  limit_raise: { request: LimitRaiseReq; response: Outcome };
  /** Removes usage before so many whole months; it cannot be taken back. */
  usage_cleanup: { request: UsageCleanupReq; response: CleanupRes };
  /** Goes on with a cleanup that was interrupted. */
  cleanup_resume: { request: null; response: CleanupProgress };
  /** Counts a month's counters again from its events. */
  usage_recount: { request: UsageRecountReq; response: Outcome };
  /** What is wrong with the data of the last days, from the server. */
  quality_show: { request: QualityReq; response: Quality };
  /** Who may use the console, from the server. */
  operator_list: { request: null; response: OperatorList };
  /** Makes a login with a role's rights; its password is answered this once. */
  operator_create: { request: OperatorCreateReq; response: OperatorCreated };
  /** Removes a login; what it did stays in the audit log. */
  operator_remove: { request: OperatorRemoveReq; response: Outcome };
  /** Writes the rows of a change back as they were. */
  operation_revert: { request: OperationRevertReq; response: Outcome };
  /** What an export of a table or a chart would hold: its exact rows and columns. */
  export_plan: { request: ExportPlanReq; response: ExportPlan };
  /** Writes a table or a chart into a file of this computer, with a manifest beside it; answers at the end. */
  export_run: { request: ExportReq; response: ExportJob };
  /** The exports of this computer, those that run included. */
  export_list: { request: null; response: ExportList };
  /** Stops an export; no half file is left. */
  export_cancel: { request: ExportRef; response: ExportList };
  /** How the workspace is connected to Stripe, and how far it was read. */
  stripe_status: { request: null; response: StripeStatus };
  /** Checks a key of Stripe's and keeps it in the keyring. */
  stripe_connect: { request: StripeConnectReq; response: StripeStatus };
  /** Forgets the key of Stripe's; what was read stays until another account is read. */
  stripe_disconnect: { request: null; response: StripeStatus };
  /** Reads what Stripe has, or goes on with a reading that was interrupted. */
  stripe_pull: { request: null; response: StripePullRes };
  /** Subscriptions here against what Stripe bills: each difference with the way to remove it. */
  stripe_reconcile: { request: StripeReconcileReq; response: Reconciliation };
  /** Invoiced, collected, failed, refunded and at risk, each currency apart. */
  billing_show: { request: BillingReq; response: Billing };
  /** Invoices, newest first. */
  invoice_list: { request: InvoiceListReq; response: InvoiceList };
  /** Attempts to take money, those that failed included, newest first. */
  payment_list: { request: PaymentListReq; response: PaymentList };
  /** Moves a subscription at Stripe to another plan, interval or number of seats, prorated at the instant of its preview. */
  subscription_change: { request: SubscriptionChangeReq; response: Outcome };
  /** Ends a subscription at Stripe, at once or with its period. */
  subscription_cancel: { request: SubscriptionCancelReq; response: Outcome };
  /** Takes back that a subscription at Stripe ends with its period. */
  subscription_reinstate: { request: SubscriptionReinstateReq; response: Outcome };
  /** Gives a payment back at Stripe, in whole or in part. */
  payment_refund: { request: PaymentRefundReq; response: Outcome };
  /** Money given back, newest first. */
  refund_list: { request: RefundListReq; response: RefundList };
  /** Who changed what. */
  audit_list: { request: AuditListReq; response: AuditList };
  /** Whether the audit log is whole: its chain on the server, and the ends of it this computer has seen. */
  audit_verify: { request: null; response: AuditVerify };
}

/** A row of the table. */
export interface CommandSpec {
  doc: string;
  kind: CommandKind;
  role: Role | null;
  tier: Tier;
  tags: readonly Tag[];
}

/** Every command with its kind, role, tier and tags. */
export const commands = {
  session_show: { doc: "Who sits in front of it, in which workspace, with which role.", kind: "query", role: null, tier: "T0", tags: ["workspace"] },
  settings_show: { doc: "What a person chose on this computer.", kind: "query", role: null, tier: "T0", tags: ["settings"] },
  settings_update: { doc: "Keeps what a person chose.", kind: "mutation", role: null, tier: "T1", tags: ["settings"] },
  workspace_list: { doc: "The workspaces of this computer.", kind: "query", role: null, tier: "T0", tags: ["workspace"] },
  workspace_add: { doc: "Adds a workspace and makes it the current one; with the name and server of one that is there, keeps a new password.", kind: "mutation", role: null, tier: "T1", tags: ["workspace","sync","usage","users","plans","audit","billing"] },
  workspace_use: { doc: "Makes a workspace the current one.", kind: "mutation", role: null, tier: "T0", tags: ["workspace","sync","usage","users","plans","audit","billing"] },
  workspace_mode: { doc: "Allows or refuses changes in a workspace.", kind: "mutation", role: null, tier: "T1", tags: ["workspace"] },
  workspace_password: { doc: "Keeps a new password of a workspace's login, unless the server refuses it, and goes on with it.", kind: "mutation", role: null, tier: "T1", tags: ["workspace","sync"] },
  workspace_remove: { doc: "Forgets a workspace, its password and its copy; the server keeps its data.", kind: "mutation", role: null, tier: "T3", tags: ["workspace","sync","usage","users","plans","audit","billing"] },
  connection_test: { doc: "Tests a connection step by step.", kind: "query", role: null, tier: "T0", tags: [] },
  doctor_run: { doc: "Checks this computer, the copy and the server.", kind: "query", role: null, tier: "T0", tags: ["workspace","sync"] },
  database_status: { doc: "What of Steward's schema a database has.", kind: "query", role: null, tier: "T0", tags: ["workspace"] },
  database_install: { doc: "Installs or migrates Steward's schema.", kind: "reviewed", role: null, tier: "T2", tags: ["workspace","sync"] },
  sample_open: { doc: "Opens the sample company.", kind: "mutation", role: null, tier: "T1", tags: ["workspace","sync","usage","users","plans","audit","billing"] },
  sync_status: { doc: "How fresh each dataset is, and what the engine does.", kind: "query", role: null, tier: "T0", tags: ["sync"] },
  sync_run: { doc: "Reads what changed on the server, now.", kind: "mutation", role: "viewer", tier: "T0", tags: ["sync"] },
  sync_pause: { doc: "Stops the engine until it is resumed.", kind: "mutation", role: "viewer", tier: "T1", tags: ["sync"] },
  sync_resume: { doc: "Lets the engine go on.", kind: "mutation", role: "viewer", tier: "T1", tags: ["sync"] },
  sync_window: { doc: "Sets which events are kept as rows; older ones are kept as sums.", kind: "mutation", role: "viewer", tier: "T1", tags: ["sync","usage"] },
  sync_verify: { doc: "Compares every row and every rollup with the server, inside one cut.", kind: "mutation", role: "viewer", tier: "T0", tags: ["sync"] },
  sync_rebuild: { doc: "Puts the copy aside and reads it anew.", kind: "mutation", role: "viewer", tier: "T2", tags: ["sync","usage","users","plans","audit","billing"] },
  overview_show: { doc: "The state of the company in one answer.", kind: "query", role: "viewer", tier: "T0", tags: ["usage","users","plans"] },
  overview_picture: { doc: "Writes the overview as a picture into a file of this computer.", kind: "mutation", role: "viewer", tier: "T0", tags: [] },
  usage_show: { doc: "What was used, by anything an event is counted by, compared with the days before.", kind: "query", role: "viewer", tier: "T0", tags: ["usage","users","plans"] },
  usage_what_if: { doc: "Who would have been refused in a month under other limits; nothing is changed by asking.", kind: "query", role: "viewer", tier: "T0", tags: ["users","plans"] },
  offender_list: { doc: "Accounts over or near a limit, with many failures, a sudden rise or refusals.", kind: "query", role: "viewer", tier: "T0", tags: ["usage","users","plans"] },
  view_list: { doc: "The views kept for the current workspace on this computer.", kind: "query", role: "viewer", tier: "T0", tags: ["settings","workspace"] },
  view_save: { doc: "Keeps a view under a name; one of that name is replaced.", kind: "mutation", role: "viewer", tier: "T1", tags: ["settings"] },
  view_remove: { doc: "Forgets a kept view.", kind: "mutation", role: "viewer", tier: "T1", tags: ["settings"] },
  event_list: { doc: "The rows behind a number.", kind: "query", role: "viewer", tier: "T0", tags: ["usage","users"] },
  record_find: { doc: "Users and teams by id, e-mail address, name, Stripe's id or an invoice's number, the best match first.", kind: "query", role: "viewer", tier: "T0", tags: ["users"] },
  user_list: { doc: "Users by search, plan, status, role, team and time, in any order.", kind: "query", role: "viewer", tier: "T0", tags: ["users"] },
  user_show: { doc: "Everything about one user.", kind: "query", role: "viewer", tier: "T0", tags: ["users","usage","plans","audit"] },
  timeline_list: { doc: "Everything that happened to a user, newest first.", kind: "query", role: "viewer", tier: "T0", tags: ["users","usage","plans","audit"] },
  plan_list: { doc: "The plans with their limits.", kind: "query", role: "viewer", tier: "T0", tags: ["plans","users"] },
  plan_effect: { doc: "What an edit of a plan would do: to revenue, and to who is over its limits.", kind: "query", role: "admin", tier: "T0", tags: ["users","plans"] },
  plan_edit: { doc: "Changes prices and limits of a plan; who is on its own price pays the new one from then on.", kind: "reviewed", role: "admin", tier: "T3", tags: ["users","plans","audit"] },
  revenue_show: { doc: "Recurring revenue of a month and of those before it, in one currency under one definition.", kind: "query", role: "finance", tier: "T0", tags: ["users","plans"] },
  revenue_movements: { doc: "Who is behind a movement of revenue, and by which changes.", kind: "query", role: "finance", tier: "T0", tags: ["users","plans"] },
  revenue_bridge: { doc: "Why two definitions of revenue differ, to the cent.", kind: "query", role: "finance", tier: "T0", tags: ["users","plans"] },
  revenue_stripe_bridge: { doc: "Why recurring revenue here and at Stripe differ, to the cent: each kind of difference with what it is worth.", kind: "query", role: "finance", tier: "T0", tags: ["billing","users","plans"] },
  revenue_forecast: { doc: "Where MRR is heading: an estimate with its back-tested error, beside the naive one.", kind: "query", role: "finance", tier: "T0", tags: ["users","plans"] },
  revenue_what_if: { doc: "What MRR would be under other prices, churn or conversion; nothing is changed by asking.", kind: "query", role: "finance", tier: "T0", tags: ["users","plans"] },
  revenue_total: { doc: "All currencies together at stated rates, beside what stands in each.", kind: "query", role: "finance", tier: "T0", tags: ["users","plans","settings","workspace"] },
  scenario_list: { doc: "The scenarios kept for the current workspace on this computer.", kind: "query", role: "finance", tier: "T0", tags: ["settings","workspace"] },
  scenario_save: { doc: "Keeps assumptions under a name; a scenario of that name is replaced.", kind: "mutation", role: "finance", tier: "T1", tags: ["settings"] },
  scenario_rename: { doc: "Gives a kept scenario another name.", kind: "mutation", role: "finance", tier: "T1", tags: ["settings"] },
  scenario_remove: { doc: "Forgets a kept scenario.", kind: "mutation", role: "finance", tier: "T1", tags: ["settings"] },
  rate_list: { doc: "The base currency of the current workspace and the rates stated for it on this computer.", kind: "query", role: "finance", tier: "T0", tags: ["settings","workspace"] },
  rate_base: { doc: "Chooses the base currency, or none; the rates of another one go.", kind: "mutation", role: "finance", tier: "T1", tags: ["settings"] },
  rate_set: { doc: "States what one unit of a currency is worth in the base currency.", kind: "mutation", role: "finance", tier: "T1", tags: ["settings"] },
  rate_remove: { doc: "Forgets a stated rate.", kind: "mutation", role: "finance", tier: "T1", tags: ["settings"] },
  month_list: { doc: "The closed months beside what history gives for them now.", kind: "query", role: "finance", tier: "T0", tags: ["users","plans","settings","workspace"] },
  month_close: { doc: "Writes the numbers of a month down as they were reported: those of now, or those kept on this computer.", kind: "reviewed", role: "finance", tier: "T3", tags: ["users","audit","settings"] },
  month_figures: { doc: "What closing a month would write down now; nothing is kept by asking.", kind: "query", role: "finance", tier: "T0", tags: ["users","plans"] },
  month_keep: { doc: "Closes a month on this computer, sealed, until it is sent.", kind: "mutation", role: "finance", tier: "T1", tags: ["settings"] },
  month_drop: { doc: "Throws away a month that was closed on this computer and not sent.", kind: "mutation", role: "finance", tier: "T3", tags: ["settings"] },
  month_reopen: { doc: "Reopens a closed month; what was frozen stays in the audit log.", kind: "reviewed", role: "finance", tier: "T3", tags: ["users","audit"] },
  report_revenue: { doc: "What the report of a month's revenue holds: every currency, each apart; `export_run` makes a file of it.", kind: "query", role: "finance", tier: "T0", tags: ["users","plans","settings","workspace"] },
  report_close: { doc: "What the report of a closed month holds: the frozen numbers, what changed since, who closed it and why.", kind: "query", role: "finance", tier: "T0", tags: ["users","plans","audit","settings","workspace"] },
  report_overview: { doc: "What the report of a range holds: the overview.", kind: "query", role: "viewer", tier: "T0", tags: ["usage","users","plans"] },
  user_change_plan: { doc: "Moves users to another plan.", kind: "reviewed", role: "support", tier: "T2", tags: ["users","plans","audit"] },
  user_suspend: { doc: "Shuts users out of the product until they are restored.", kind: "reviewed", role: "support", tier: "T3", tags: ["users","audit"] },
  user_restore: { doc: "Lets suspended users back in.", kind: "reviewed", role: "support", tier: "T2", tags: ["users","audit"] },
  user_extend_trial: { doc: "Moves the end of trials to a later instant.", kind: "reviewed", role: "support", tier: "T2", tags: ["users","audit"] },
  user_reset_usage: { doc: "Sets counters back to 0; what they were stays in the history.", kind: "reviewed", role: "support", tier: "T2", tags: ["users","audit"] },
  limit_check: { doc: "Whether a user may use so much of a metric, from the copy.", kind: "query", role: "viewer", tier: "T0", tags: ["users","plans"] },
  limit_list: { doc: "What a user may do: every limit with its use, and the features of the plan.", kind: "query", role: "viewer", tier: "T0", tags: ["users","plans"] },
  limit_raise: { doc: "Raises a limit until an instant; it ends by itself.", kind: "reviewed", role: "support", tier: "T2", tags: ["users","audit"] },
  usage_cleanup: { doc: "Removes usage before so many whole months; it cannot be taken back.", kind: "reviewed", role: "admin", tier: "T3", tags: ["usage","users","audit"] },
  cleanup_resume: { doc: "Goes on with a cleanup that was interrupted.", kind: "reviewed", role: "admin", tier: "T3", tags: ["usage","users","audit"] },
  usage_recount: { doc: "Counts a month's counters again from its events.", kind: "reviewed", role: "admin", tier: "T2", tags: ["users","audit"] },
  quality_show: { doc: "What is wrong with the data of the last days, from the server.", kind: "query", role: "viewer", tier: "T0", tags: ["usage","users"] },
  operator_list: { doc: "Who may use the console, from the server.", kind: "query", role: "admin", tier: "T0", tags: ["users","audit"] },
  operator_create: { doc: "Makes a login with a role's rights; its password is answered this once.", kind: "reviewed", role: "admin", tier: "T4", tags: ["users","audit"] },
  operator_remove: { doc: "Removes a login; what it did stays in the audit log.", kind: "reviewed", role: "admin", tier: "T3", tags: ["users","audit"] },
  operation_revert: { doc: "Writes the rows of a change back as they were.", kind: "reviewed", role: "support", tier: "T2", tags: ["users","plans","audit"] },
  export_plan: { doc: "What an export of a table or a chart would hold: its exact rows and columns.", kind: "query", role: "viewer", tier: "T0", tags: ["usage","users","plans","audit"] },
  export_run: { doc: "Writes a table or a chart into a file of this computer, with a manifest beside it; answers at the end.", kind: "mutation", role: "viewer", tier: "T0", tags: ["exports"] },
  export_list: { doc: "The exports of this computer, those that run included.", kind: "query", role: "viewer", tier: "T0", tags: ["exports"] },
  export_cancel: { doc: "Stops an export; no half file is left.", kind: "mutation", role: "viewer", tier: "T0", tags: ["exports"] },
  stripe_status: { doc: "How the workspace is connected to Stripe, and how far it was read.", kind: "query", role: "viewer", tier: "T0", tags: ["billing","sync"] },
  stripe_connect: { doc: "Checks a key of Stripe's and keeps it in the keyring.", kind: "mutation", role: "finance", tier: "T1", tags: ["billing"] },
  stripe_disconnect: { doc: "Forgets the key of Stripe's; what was read stays until another account is read.", kind: "mutation", role: "finance", tier: "T1", tags: ["billing"] },
  stripe_pull: { doc: "Reads what Stripe has, or goes on with a reading that was interrupted.", kind: "mutation", role: "viewer", tier: "T0", tags: ["billing","sync"] },
  stripe_reconcile: { doc: "Subscriptions here against what Stripe bills: each difference with the way to remove it.", kind: "query", role: "viewer", tier: "T0", tags: ["billing","users","plans"] },
  billing_show: { doc: "Invoiced, collected, failed, refunded and at risk, each currency apart.", kind: "query", role: "viewer", tier: "T0", tags: ["billing"] },
  invoice_list: { doc: "Invoices, newest first.", kind: "query", role: "viewer", tier: "T0", tags: ["billing","users"] },
  payment_list: { doc: "Attempts to take money, those that failed included, newest first.", kind: "query", role: "viewer", tier: "T0", tags: ["billing","users"] },
  subscription_change: { doc: "Moves a subscription at Stripe to another plan, interval or number of seats, prorated at the instant of its preview.", kind: "reviewed", role: "support", tier: "T2", tags: ["billing","users","audit"] },
  subscription_cancel: { doc: "Ends a subscription at Stripe, at once or with its period.", kind: "reviewed", role: "support", tier: "T3", tags: ["billing","users","audit"] },
  subscription_reinstate: { doc: "Takes back that a subscription at Stripe ends with its period.", kind: "reviewed", role: "support", tier: "T2", tags: ["billing","users","audit"] },
  payment_refund: { doc: "Gives a payment back at Stripe, in whole or in part.", kind: "reviewed", role: "admin", tier: "T3", tags: ["billing","users","audit"] },
  refund_list: { doc: "Money given back, newest first.", kind: "query", role: "viewer", tier: "T0", tags: ["billing","users"] },
  audit_list: { doc: "Who changed what.", kind: "query", role: "viewer", tier: "T0", tags: ["audit"] },
  audit_verify: { doc: "Whether the audit log is whole: its chain on the server, and the ends of it this computer has seen.", kind: "query", role: "viewer", tier: "T0", tags: [] },
} as const satisfies Record<keyof Commands, CommandSpec>;
