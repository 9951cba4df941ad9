import { mutationOptions } from "@tanstack/react-query";
import { call } from "./call";
import type { ConnectionTestReq } from "./generated/ConnectionTestReq";
import { commands } from "./generated/commands";
import type { ExportReq } from "./generated/ExportReq";
import type { MonthDropReq } from "./generated/MonthDropReq";
import type { MonthKeepReq } from "./generated/MonthKeepReq";
import type { OperationRevertReq } from "./generated/OperationRevertReq";
import type { Rate } from "./generated/Rate";
import type { RowWindow } from "./generated/RowWindow";
import type { SampleOpenReq } from "./generated/SampleOpenReq";
import type { SavedView } from "./generated/SavedView";
import type { Scenario } from "./generated/Scenario";
import type { ScenarioRenameReq } from "./generated/ScenarioRenameReq";
import type { Settings } from "./generated/Settings";
import type { StripeConnectReq } from "./generated/StripeConnectReq";
import type { VerifyLevel } from "./generated/VerifyLevel";
import type { WorkspaceAddReq } from "./generated/WorkspaceAddReq";
import type { WorkspaceModeReq } from "./generated/WorkspaceModeReq";
import type { WorkspacePasswordReq } from "./generated/WorkspacePasswordReq";
import type { WorkspaceRemoveReq } from "./generated/WorkspaceRemoveReq";

/** Keeps what was chosen. */
export const settingsUpdate = () =>
  mutationOptions({
    mutationKey: ["settings_update"],
    mutationFn: (request: Settings) => call("settings_update", request),
    meta: { tags: commands.settings_update.tags, failureTitle: "The setting was not kept" },
  });

/** Keeps a view; failures show in the form. */
export const viewSave = () =>
  mutationOptions({
    mutationKey: ["view_save"],
    mutationFn: (view: SavedView) => call("view_save", view),
    meta: { tags: commands.view_save.tags },
  });

/** Forgets a kept view. */
export const viewRemove = () =>
  mutationOptions({
    mutationKey: ["view_remove"],
    mutationFn: (name: string) => call("view_remove", { name }),
    meta: { tags: commands.view_remove.tags, failureTitle: "The view was not removed" },
  });

/** Keeps a scenario; failures show in the form. */
export const scenarioSave = () =>
  mutationOptions({
    mutationKey: ["scenario_save"],
    mutationFn: (scenario: Scenario) => call("scenario_save", scenario),
    meta: { tags: commands.scenario_save.tags },
  });

/** Gives a scenario another name; failures show in the form. */
export const scenarioRename = () =>
  mutationOptions({
    mutationKey: ["scenario_rename"],
    mutationFn: (request: ScenarioRenameReq) => call("scenario_rename", request),
    meta: { tags: commands.scenario_rename.tags },
  });

/** Forgets a scenario. */
export const scenarioRemove = () =>
  mutationOptions({
    mutationKey: ["scenario_remove"],
    mutationFn: (name: string) => call("scenario_remove", { name }),
    meta: { tags: commands.scenario_remove.tags, failureTitle: "The scenario was not removed" },
  });

/** Chooses the base currency, or none; failures show in the form. */
export const rateBase = () =>
  mutationOptions({
    mutationKey: ["rate_base"],
    mutationFn: (base: string | null) => call("rate_base", { base }),
    meta: { tags: commands.rate_base.tags },
  });

/** States a rate; failures show in the form. */
export const rateSet = () =>
  mutationOptions({
    mutationKey: ["rate_set"],
    mutationFn: (rate: Rate) => call("rate_set", rate),
    meta: { tags: commands.rate_set.tags },
  });

/** Forgets a rate. */
export const rateRemove = () =>
  mutationOptions({
    mutationKey: ["rate_remove"],
    mutationFn: (currency: string) => call("rate_remove", { currency }),
    meta: { tags: commands.rate_remove.tags, failureTitle: "The rate was not removed" },
  });

/** Closes a month on this computer; failures show in the sheet. */
export const monthKeep = () =>
  mutationOptions({
    mutationKey: ["month_keep"],
    mutationFn: (request: MonthKeepReq) => call("month_keep", request),
    meta: { tags: commands.month_keep.tags },
  });

/** Throws a kept month away; failures show in the sheet. */
export const monthDrop = () =>
  mutationOptions({
    mutationKey: ["month_drop"],
    mutationFn: (request: MonthDropReq) => call("month_drop", request),
    meta: { tags: commands.month_drop.tags },
  });

/** Makes another workspace the current one. */
export const workspaceUse = () =>
  mutationOptions({
    mutationKey: ["workspace_use"],
    mutationFn: (workspace: string) => call("workspace_use", { workspace }),
    meta: { tags: commands.workspace_use.tags, failureTitle: "The workspace was not opened" },
  });

/** Locks or unlocks writing. */
export const workspaceMode = () =>
  mutationOptions({
    mutationKey: ["workspace_mode"],
    mutationFn: (request: WorkspaceModeReq) => call("workspace_mode", request),
    meta: { tags: commands.workspace_mode.tags, failureTitle: "The mode was not changed" },
  });

/** Keeps a login's new password; failures show in the form. */
export const workspacePassword = () =>
  mutationOptions({
    mutationKey: ["workspace_password"],
    mutationFn: (request: WorkspacePasswordReq) => call("workspace_password", request),
    meta: { tags: commands.workspace_password.tags },
  });

/** Forgets a workspace; its server keeps everything. */
export const workspaceRemove = () =>
  mutationOptions({
    mutationKey: ["workspace_remove"],
    mutationFn: (request: WorkspaceRemoveReq) => call("workspace_remove", request),
    meta: { tags: commands.workspace_remove.tags, failureTitle: "The workspace was not removed" },
  });

/** Adds a workspace; failures show in the form. */
export const workspaceAdd = () =>
  mutationOptions({
    mutationKey: ["workspace_add"],
    mutationFn: (request: WorkspaceAddReq) => call("workspace_add", request),
    meta: { tags: commands.workspace_add.tags },
  });

/** Opens the sample company; failures show in the form. */
export const sampleOpen = () =>
  mutationOptions({
    mutationKey: ["sample_open"],
    mutationFn: (request: SampleOpenReq) => call("sample_open", request),
    meta: { tags: commands.sample_open.tags },
  });

/** Tests a connection; failures show as a check. */
export const connectionTest = () =>
  mutationOptions({
    mutationKey: ["connection_test"],
    mutationFn: (request: ConnectionTestReq) => call("connection_test", request),
  });

/** Looks at the server now. */
export const syncRun = () =>
  mutationOptions({
    mutationKey: ["sync_run"],
    mutationFn: () => call("sync_run", null),
    meta: { tags: commands.sync_run.tags, failureTitle: "Sync did not finish" },
  });

/** Stops looking at the server, or starts again. */
export const syncPause = () =>
  mutationOptions({
    mutationKey: ["sync_pause"],
    mutationFn: (shouldPause: boolean) => call(shouldPause ? "sync_pause" : "sync_resume", null),
    meta: { tags: commands.sync_pause.tags, failureTitle: "Sync could not be paused or resumed" },
  });

/** Sets which events are kept as rows. */
export const syncWindow = () =>
  mutationOptions({
    mutationKey: ["sync_window"],
    mutationFn: (keep: RowWindow) => call("sync_window", keep),
    meta: { tags: commands.sync_window.tags, failureTitle: "The rows to keep were not set" },
  });

/** Compares every row and every total with the server. */
export const syncVerify = () =>
  mutationOptions({
    mutationKey: ["sync_verify"],
    mutationFn: (level: VerifyLevel) => call("sync_verify", { level, is_repair: false }),
    meta: { tags: commands.sync_verify.tags, failureTitle: "The comparison did not finish" },
  });

/** Reads everything again, beside a copy that cannot be used. */
export const syncRebuild = () =>
  mutationOptions({
    mutationKey: ["sync_rebuild"],
    mutationFn: () => call("sync_rebuild", null),
    meta: { tags: commands.sync_rebuild.tags, failureTitle: "The copy was not rebuilt" },
  });

/** Takes a change back. */
export const operationRevert = () =>
  mutationOptions({
    mutationKey: ["operation_revert"],
    mutationFn: ({ request, mode }: { request: OperationRevertReq; mode: "run" | "preview" }) =>
      call("operation_revert", request, mode),
  });

/** Writes a file; failures show in the dialog or as a notice. */
export const exportRun = () =>
  mutationOptions({
    mutationKey: ["export_run"],
    mutationFn: (request: ExportReq) => call("export_run", request),
    meta: { tags: commands.export_run.tags },
  });

/** Stops an export. */
export const exportCancel = () =>
  mutationOptions({
    mutationKey: ["export_cancel"],
    mutationFn: (id: string) => call("export_cancel", { id }),
    meta: { tags: commands.export_cancel.tags, failureTitle: "The export could not be stopped" },
  });

/** Goes on with a cleanup that was interrupted. */
export const cleanupResume = () =>
  mutationOptions({
    mutationKey: ["cleanup_resume"],
    mutationFn: () => call("cleanup_resume", null),
    meta: { tags: commands.cleanup_resume.tags, failureTitle: "The cleanup did not go on" },
  });

/** Has the server go along the chain of the audit log. */
export const auditVerify = () =>
  mutationOptions({
    mutationKey: ["audit_verify"],
    mutationFn: () => call("audit_verify", null),
  });

/** Has a key of Stripe's checked and kept; failures show in the form. */
export const stripeConnect = () =>
  mutationOptions({
    mutationKey: ["stripe_connect"],
    mutationFn: (request: StripeConnectReq) => call("stripe_connect", request),
    meta: { tags: commands.stripe_connect.tags },
  });

/** Forgets the key of Stripe's. */
export const stripeDisconnect = () =>
  mutationOptions({
    mutationKey: ["stripe_disconnect"],
    mutationFn: () => call("stripe_disconnect", null),
    meta: { tags: commands.stripe_disconnect.tags, failureTitle: "The key was not forgotten" },
  });

/** Reads what Stripe has. */
export const stripePull = () =>
  mutationOptions({
    mutationKey: ["stripe_pull"],
    mutationFn: () => call("stripe_pull", null),
    meta: { tags: commands.stripe_pull.tags, failureTitle: "Stripe was not read to its end" },
  });
