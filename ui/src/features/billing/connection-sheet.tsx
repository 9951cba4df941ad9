import { useMutation } from "@tanstack/react-query";
import type { FC } from "react";
import type { StripeStatus } from "@/api/generated/StripeStatus";
import { stripeDisconnect } from "@/api/mutations";
import { Modal, ModalClose, ModalTitle } from "@/components/popup";
import { Status } from "@/components/status";
import { Table } from "@/components/table";
import { formatMinute, formatNumber } from "@/lib/format";
import { useRefusals } from "@/lib/permits";
import { useScope } from "@/lib/scope";

/** The connection: whose account, which key, what it may read, and how much was read. */
export const ConnectionSheet: FC<{ status: StripeStatus; onClose: () => void; onReplace: () => void }> = ({
  status,
  onClose,
  onReplace,
}) => {
  const { zone } = useScope();
  const refusal = useRefusals();
  const disconnect = useMutation(stripeDisconnect());
  const { link } = status;
  const reason = refusal("stripe_disconnect");
  return (
    <Modal isOpen onClose={onClose} className="review">
      <div className="dh">
        <ModalTitle>Connection to Stripe</ModalTitle>
        <span className="dx">
          <ModalClose />
        </span>
      </div>
      {link && (
        <div className="as-f">
          <dl className="facts two">
            <div className="f">
              <dt>Account</dt>
              <dd>
                {link.account_name ?? link.account ?? <span className="null">the key may not say it</span>}
              </dd>
            </div>
            <div className="f">
              <dt>Data</dt>
              <dd>{link.mode === "live" ? "live, real customers" : "sandbox, nobody pays"}</dd>
            </div>
            <div className="f">
              <dt>Key</dt>
              <dd className="mono">{link.masked}</dd>
            </div>
            <div className="f">
              <dt>Connected</dt>
              <dd>{formatMinute(link.connected_at, zone)}</dd>
            </div>
          </dl>
          {link.kind === "secret" && (
            <p className="hint warning">
              This is a secret key, which may do everything. A restricted key with read rights is enough.
            </p>
          )}
        </div>
      )}
      <div className="dt">
        <Table
          columns={[
            { heading: "List" },
            { heading: "The key" },
            { heading: "Rows here", className: "n" },
            { heading: "State" },
          ]}
        >
          {status.parts.map((part) => {
            const right = link?.rights.find((found) => found.part === part.part);
            return (
              <tr key={part.part}>
                <td>{part.label}</td>
                <td>
                  {right?.may_read === false ? (
                    <Status tone="warning">lacks “{right.right}”</Status>
                  ) : (
                    <Status tone="ok">may read</Status>
                  )}
                </td>
                <td className="n">{formatNumber(part.rows)}</td>
                <td className="t2">{part.words}</td>
              </tr>
            );
          })}
        </Table>
      </div>
      <div className="dfoot">
        <button
          type="button"
          className="btn gh danger"
          disabled={reason !== undefined || disconnect.isPending}
          title={reason}
          onClick={() => disconnect.mutate(undefined, { onSuccess: onClose })}
        >
          Forget the key
        </button>
        <span className="act">
          <button
            type="button"
            className="btn"
            disabled={reason !== undefined}
            title={reason}
            onClick={onReplace}
          >
            Replace the key…
          </button>
          <button type="button" className="btn pri" onClick={onClose}>
            Done
          </button>
        </span>
      </div>
    </Modal>
  );
};
