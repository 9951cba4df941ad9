import { useMutation } from "@tanstack/react-query";
import { type FC, useId, useState } from "react";
import { wireError } from "@/api/call";
import { stripeConnect } from "@/api/mutations";
import { Modal } from "@/components/popup";
import { CopyCommand } from "@/components/review-parts";
import { Failure } from "@/components/states";
import { WorkspaceHead } from "@/components/workspace-head";
import { shellWord } from "@/lib/actions";
import { useWorkspace } from "@/lib/scope";

const RIGHTS = [
  "Charges and Refunds",
  "Customers",
  "Coupons",
  "Invoices",
  "Prices",
  "Products",
  "Subscriptions",
];

/** Takes a key, has it checked, and keeps it in the keyring. It leaves this form only to the engine. */
export const ConnectSheet: FC<{ onClose: () => void; onConnected: () => void }> = ({
  onClose,
  onConnected,
}) => {
  const workspace = useWorkspace();
  const ids = useId();
  const [key, setKey] = useState("");
  const connect = useMutation(stripeConnect());
  const problem = connect.error
    ? wireError(connect.error).fields.find((field) => field.field === "key")?.message
    : undefined;
  const isLive = workspace.environment === "production";
  const submit = () => connect.mutate({ key }, { onSuccess: onConnected });
  return (
    <Modal isOpen onClose={onClose} className="export">
      <WorkspaceHead workspace={workspace}>Connect Stripe</WorkspaceHead>
      <form
        id={`${ids}-form`}
        className="ex-body"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <p className="t2">
          On Stripe’s page of API keys, make a restricted key that may <b>read</b>{" "}
          {RIGHTS.slice(0, -1).join(", ")} and {RIGHTS.at(-1)}, and write nothing.{" "}
          {isLive
            ? "This workspace is production: a live key."
            : "This workspace is not production: a key of Stripe’s sandbox."}
        </p>
        <div className="fld">
          <label className="fl" htmlFor={`${ids}-key`}>
            Restricted key
          </label>
          <input
            id={`${ids}-key`}
            className="inp mono"
            type="password"
            value={key}
            placeholder={isLive ? "rk_live_…" : "rk_test_…"}
            spellCheck={false}
            autoComplete="off"
            aria-invalid={problem !== undefined}
            aria-describedby={`${ids}-hint`}
            onChange={(event) => {
              setKey(event.target.value);
              connect.reset();
            }}
          />
          <div className={problem ? "hint warning" : "hint"} id={`${ids}-hint`}>
            {problem ?? "It goes to the keyring of this computer and nowhere else."}
          </div>
        </div>
        {connect.error && !problem && <Failure title="The key was not kept" error={connect.error} />}
      </form>
      <div className="dfoot">
        <CopyCommand command={`steward stripe connect -w ${shellWord(workspace.name)}`} />
        <span className="act">
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            form={`${ids}-form`}
            className="btn pri"
            disabled={key.trim() === "" || connect.isPending}
          >
            {connect.isPending ? "Checking the key" : "Connect and read"}
          </button>
        </span>
      </div>
    </Modal>
  );
};
