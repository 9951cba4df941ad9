import type { AuditList } from "./generated/AuditList";
import type { AuditListReq } from "./generated/AuditListReq";
import type { CheckList } from "./generated/CheckList";
import type { ConnectionTestReq } from "./generated/ConnectionTestReq";
import type { DatabaseInstallReq } from "./generated/DatabaseInstallReq";
import type { DatabaseStatus } from "./generated/DatabaseStatus";
import type { EventList } from "./generated/EventList";
import type { EventListReq } from "./generated/EventListReq";
import type { OperationRevertReq } from "./generated/OperationRevertReq";
import type { Outcome } from "./generated/Outcome";
import type { Overview } from "./generated/Overview";
import type { OverviewReq } from "./generated/OverviewReq";
import type { PlanList } from "./generated/PlanList";
import type { SampleOpenReq } from "./generated/SampleOpenReq";
import type { Session } from "./generated/Session";
import type { Settings } from "./generated/Settings";
import type { SyncRunRes } from "./generated/SyncRunRes";
import type { SyncStatus } from "./generated/SyncStatus";
import type { UserChangePlanReq } from "./generated/UserChangePlanReq";
import type { UserList } from "./generated/UserList";
import type { UserListReq } from "./generated/UserListReq";
import type { UserShowReq } from "./generated/UserShowReq";
import type { UserView } from "./generated/UserView";
import type { VerifyRes } from "./generated/VerifyRes";
import type { Workspace } from "./generated/Workspace";
import type { WorkspaceAddReq } from "./generated/WorkspaceAddReq";
import type { WorkspaceList } from "./generated/WorkspaceList";
import type { WorkspaceModeReq } from "./generated/WorkspaceModeReq";
import type { WorkspaceRef } from "./generated/WorkspaceRef";

/** A command without request. */
export type Nothing = Record<string, never>;

/** Every command with its request and its answer. */
export interface Commands {
  session_show: { req: Nothing; res: Session };
  settings_show: { req: Nothing; res: Settings };
  settings_update: { req: Settings; res: Settings };
  workspace_list: { req: Nothing; res: WorkspaceList };
  workspace_add: { req: WorkspaceAddReq; res: Workspace };
  workspace_use: { req: WorkspaceRef; res: Workspace };
  workspace_mode: { req: WorkspaceModeReq; res: Workspace };
  workspace_remove: { req: WorkspaceRef; res: WorkspaceList };
  connection_test: { req: ConnectionTestReq; res: CheckList };
  doctor_run: { req: Nothing; res: CheckList };
  database_status: { req: DatabaseInstallReq; res: DatabaseStatus };
  database_install: { req: DatabaseInstallReq; res: DatabaseStatus };
  sample_open: { req: SampleOpenReq; res: Workspace };
  sync_status: { req: Nothing; res: SyncStatus };
  sync_run: { req: Nothing; res: SyncRunRes };
  sync_pause: { req: Nothing; res: SyncStatus };
  sync_resume: { req: Nothing; res: SyncStatus };
  sync_verify: { req: Nothing; res: VerifyRes };
  sync_rebuild: { req: Nothing; res: SyncStatus };
  overview_show: { req: OverviewReq; res: Overview };
  event_list: { req: EventListReq; res: EventList };
  user_list: { req: UserListReq; res: UserList };
  user_show: { req: UserShowReq; res: UserView };
  plan_list: { req: Nothing; res: PlanList };
  user_change_plan: { req: UserChangePlanReq; res: Outcome };
  operation_revert: { req: OperationRevertReq; res: Outcome };
  audit_list: { req: AuditListReq; res: AuditList };
}
